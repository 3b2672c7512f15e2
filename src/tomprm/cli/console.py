"""What a person sees while a verb works."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tomprm.config import RunConfig


def open_console() -> Any:
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else 120)


def print_step(row: dict[str, Any]) -> None:
    print(
        f"step {row['step']}: reward {row['reward']:.3f}, accuracy {row['accuracy']:.3f}, "
        f"sound {row['sound']:.3f}, {row['tokens']:.0f} tokens, kl {row['kl']:.4f}"
    )


def print_loss(row: dict[str, float]) -> None:
    if row["step"] % 50 == 0:
        print(f"step {row['step']:.0f}: loss {row['loss']:.4f}")


@contextmanager
def live(config: RunConfig, out: Path) -> Iterator[Callable[[list[Any]], None]]:
    """A table of all jobs, refreshed while they run; plain lines where there is no terminal."""
    from rich.live import Live

    from tomprm.eval.progress import PlainProgress, table

    console = open_console()
    if not console.is_terminal:
        plain = PlainProgress(config, out)
        yield plain.update
        return
    with Live(console=console, refresh_per_second=2) as shown:
        yield lambda jobs: shown.update(table(config, out, jobs))


@contextmanager
def tail_metrics(folder: Path, steps: int) -> Iterator[Callable[[], None]]:
    """Prints the steps of a run that another process writes into metrics.jsonl; call it now and then."""
    path, shown = folder / "metrics.jsonl", 0

    def watch() -> None:
        nonlocal shown
        if not path.is_file():
            return
        whole, _, _ = path.read_text(encoding="utf-8").rpartition("\n")  # the last line may be half written
        lines = whole.splitlines()
        for line in lines[shown:]:
            row = json.loads(line)
            numbers = ", ".join(
                f"{name} {row[name]:.3f}" for name in ("reward", "accuracy", "process", "kl") if name in row
            )
            print(f"step {row['step']}/{steps}: {numbers}", flush=True)
        shown = len(lines)

    yield watch
    watch()


@contextmanager
def bar(total: int | None, what: str) -> Iterator[Callable[[int], None]]:
    """A progress bar on standard error, where that is a terminal; called with how many are done."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as shown:
        task = shown.add_task(what, total=total)
        yield lambda done: shown.update(task, completed=done)
