"""`--workers` and `--ray`: what the verbs on many rows share."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from tomprm import __version__
from tomprm.cli.console import bar
from tomprm.cli.files import Interrupted, UsageError, at_least

if TYPE_CHECKING:
    from tomprm.scale.lines import Lines
    from tomprm.scale.tasks import Task


@dataclass
class Scaled:
    """A verb whose rows can be worked by many at once: the output is the same, byte for byte."""

    _: KW_ONLY
    workers: int = 1
    """Processes. A run into a file that is cut off goes on where it was with the same command."""
    ray: Annotated[str | None, tyro.conf.arg(metavar="ADDRESS")] = None
    """Work on a Ray cluster (auto, local or HOST:PORT) with that many workers; needs tomprm[openrlhf]."""

    def work_lines(
        self,
        task: Callable[[Lines], Task],
        given: str,
        output: str,
        key: dict[str, Any],
        count: Callable[[Any], object],
    ) -> int:
        """`work` on the rows of a JSON Lines file."""
        from tomprm.scale.lines import Lines
        from tomprm.scale.partial import digest

        lines = Lines(given)
        lines.check()
        if given == "-":
            if self.ray is not None:
                raise UsageError("--ray: standard input cannot be read by a cluster; give a file as --input")
            return self.work(task(lines), lines, output, None, count)
        if output != "-":
            key = {**key, "input": digest(given)}
        rows = sum(1 for _ in lines()) if sys.stderr.isatty() else None
        return self.work(task(lines), lines, output, key, count, rows)

    def work(
        self,
        task: Task,
        source: Callable[[], Iterator[Any]],
        output: str,
        key: dict[str, Any] | None,
        count: Callable[[Any], object],
        total: int | None = None,
    ) -> int:
        """Run the task over the source, with a bar of `total` rows; returns the rows of the output.

        Raises:
            Interrupted: Ctrl-C, with what to do next.
        """
        from tomprm.scale.partial import partial_of
        from tomprm.scale.run import run

        at_least(1, workers=self.workers)
        if key is not None:
            key = {**key, "tomprm": __version__}
        try:
            with bar(total, "rows") as progress:
                rows = run(
                    task, source, output, key, count,
                    workers=self.workers, ray=self.ray, progress=progress,
                )  # fmt: skip
        except KeyboardInterrupt:
            goes_on = output != "-" and key is not None and Path(partial_of(output)).exists()
            then = f"the same command goes on from {partial_of(output)}" if goes_on else "nothing is kept"
            raise Interrupted(f"stopped; {then}") from None
        if output != "-":
            print(f"wrote {output}: {rows} rows", file=sys.stderr)
        return rows
