"""JSON Lines without parsing: the parent only cuts the file up, workers read what the lines say."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple


class Line(NamedTuple):
    row: int  # counted from 1 over the lines that are not blank
    number: int  # of the line in the file, from 1
    text: bytes


@dataclass(frozen=True)
class Lines:
    """The lines of a file, or of standard input (`-`), that are not blank."""

    path: str

    def __call__(self) -> Iterator[Line]:
        """Raises:
        ValueError: no such file, or no rows.
        """
        row = 0
        for number, text in enumerate(self._raw(), 1):
            if text.strip():
                row += 1
                yield Line(row, number, text)
        if not row:
            raise ValueError(f"{self.path}: no rows; write one JSON object a line")

    def _raw(self) -> Iterator[bytes]:
        if self.path == "-":
            raw = getattr(sys.stdin, "buffer", None)
            yield from raw if raw is not None else (line.encode() for line in sys.stdin)
            return
        self.check()
        with Path(self.path).open("rb") as file:
            yield from file

    def check(self) -> None:
        """Raises:
        ValueError: no such file.
        """
        if self.path != "-" and not Path(self.path).is_file():
            raise ValueError(f"{self.path}: no such file; give a JSON Lines file, or - for standard input")

    def parse(self, chunk: Sequence[Line]) -> list[dict[str, Any]]:
        """Raises:
        ValueError: a line that is no JSON object; the message has its number.
        """
        return [self._row(line) for line in chunk]

    def _row(self, line: Line) -> dict[str, Any]:
        try:
            row = json.loads(line.text.decode())
        except UnicodeDecodeError as error:
            why = f"line {line.number} is not UTF-8 text ({error.reason}); convert it"
            raise ValueError(f"{self.path}: {why}") from None
        except json.JSONDecodeError as error:
            why = f"line {line.number} is no JSON ({error.msg}); write one object a line"
            raise ValueError(f"{self.path}: {why}") from None
        if not isinstance(row, dict):
            raise ValueError(f"{self.path}: line {line.number} is no object; write one object a line")
        return row
