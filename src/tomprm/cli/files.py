"""What every verb shares: its errors, and JSON Lines in and out."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Annotated, Any, Literal

import tyro

Out = Annotated[str, tyro.conf.arg(metavar="FILE")]


class UsageError(ValueError):
    """Bad input; the message ends with the remedy."""


class Interrupted(Exception):
    """Ctrl-C, with what to do next."""


def at_least(low: int, **given: int) -> None:
    for name, value in given.items():
        if value < low:
            raise UsageError(f"--{name} {value}: give at least {low}")


def read_jsonl(path: str) -> Iterator[dict[str, Any]]:
    """Rows of a JSON Lines file or of standard input (`-`)."""
    if path != "-" and not Path(path).is_file():
        raise UsageError(f"{path}: no such file; give a JSON Lines file, or - for standard input")
    with _opened(path, "r") as file:
        rows = 0
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except json.JSONDecodeError as error:
                raise UsageError(
                    f"{path}: line {number} is no JSON ({error.msg}); write one object a line"
                ) from None
            if not isinstance(row, dict):
                raise UsageError(f"{path}: line {number} is no object; write one object a line")
            rows += 1
            yield row
        if not rows:
            raise UsageError(f"{path}: no rows; write one JSON object a line")


def write_jsonl(path: str, rows: Iterable[dict[str, Any]]) -> None:
    n = 0
    with _opened(path, "w") as file:
        for row in rows:
            file.write(json.dumps(row) + "\n")
            n += 1
    if path != "-":
        print(f"wrote {path}: {n} rows", file=sys.stderr)


@contextmanager
def _opened(path: str, mode: Literal["r", "w"]) -> Iterator[IO[str]]:
    """A file, or a standard stream for `-`; a written file appears only when it is complete."""
    if path == "-":
        yield sys.stdin if mode == "r" else sys.stdout
        return
    target = Path(path)
    if mode == "r":
        with target.open(encoding="utf-8") as file:
            try:
                yield file
            except UnicodeDecodeError as error:
                raise UsageError(f"{path}: is not UTF-8 text ({error.reason}); convert it") from None
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(target.name + ".partial")
    with partial.open("w", encoding="utf-8") as file:
        yield file
    partial.replace(target)
