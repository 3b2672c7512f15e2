"""The verb that shows traces and their verdicts to a person."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from tomprm.cli.files import UsageError, at_least, read_jsonl


@dataclass
class View:
    """One HTML page on traces: the story as a timeline, who believes what, each step with its verdict.

    Example: tomprm view traces.jsonl --out page.html
    """

    file: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="FILE")]
    """JSON Lines with story, question and trace, or what `tomprm check` made of them; - is standard input."""
    row: int | None = None
    """Only this row, counted from 1."""
    id: str | None = None
    """Only rows with this id."""
    out: Path = Path("view.html")
    """The page to write."""
    reward: Literal["outcome", "process", "hybrid"] = "process"

    def run(self) -> None:
        from tomprm.config import RewardConfig
        from tomprm.report.view import view_rows
        from tomprm.report.view_html import view_page

        if self.row is not None:
            at_least(1, row=self.row)
        shown = list(view_rows(self._chosen(), RewardConfig(name=self.reward)))
        name = "standard input" if self.file == "-" else Path(self.file).name
        self.out.parent.mkdir(parents=True, exist_ok=True)
        self.out.write_text(view_page(name, shown), encoding="utf-8")
        bad = [row for row in shown if "error" in row]
        for row in bad[:10]:
            print(f"row {row['number']}: {row['error']}", file=sys.stderr)
        without = f", {len(bad)} of them without a verdict" if bad else ""
        print(f"wrote {self.out}: {len(shown)} row{'s' if len(shown) != 1 else ''}{without}")

    def _chosen(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """(number, row) of the rows to show; at least one, and no more than a page holds."""
        from tomprm.report.view_html import MAX_ROWS

        found = number = 0
        for number, row in enumerate(read_jsonl(self.file), 1):
            if self.row not in (None, number) or (self.id is not None and str(row.get("id")) != self.id):
                continue
            found += 1
            if found > MAX_ROWS:
                raise UsageError(
                    f"{self.file}: a page holds {MAX_ROWS} rows and there are more; "
                    "choose one with --row N or --id ID, or pass a part of the file on to `tomprm view -`"
                )
            yield number, row
            if number == self.row:
                break
        if not found:
            wanted = " and ".join(
                text
                for text, given in ((f"--row {self.row}", self.row), (f"--id {self.id}", self.id))
                if given is not None
            )
            raise UsageError(f"{self.file}: {wanted} matches none of its {number} rows; give another")
