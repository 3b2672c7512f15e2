"""What workers do with a chunk of rows: check, score, solve.

A task travels to its workers by pickle, so it holds settings alone; `open` loads what the work needs there,
once. Each task cuts its input into chunks of a size of its own, whatever the number of workers: a PRM's
batches, and with them the last bits of its scores, then do not depend on it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from tomprm.scale.lines import Line, Lines
from tomprm.world.items import Item


class Place(NamedTuple):
    """Where a worker runs: its number, and the torch threads it may use (None: torch's choice)."""

    number: int = 0
    threads: int | None = None


class Task(Protocol):
    @property
    def chunk(self) -> int:
        """Rows a chunk."""
        ...

    def open(self, place: Place) -> Callable[[Sequence[Any]], Iterable[Mapping[str, Any]]]:
        """Called once in a worker: gives the function from a chunk's entries to its rows, one each."""
        ...

    def note(self, row: Mapping[str, Any]) -> Any:
        """What the summary needs to know of a written row; small, since it travels back."""
        ...


class Done(NamedTuple):
    """A worked chunk: whole lines, and a note for each."""

    text: str
    notes: list[Any]


class Failure(NamedTuple):
    """Stands in a chunk's place where it could not be read or worked; raised when its turn comes."""

    message: str

    def error(self) -> ValueError:
        return ValueError(self.message)


def worker(task: Task, place: Place) -> Callable[[Sequence[Any] | Failure], Done | Failure]:
    """Chunk -> result; bad input becomes a Failure, and a bug in the task raises."""
    work: Callable[[Sequence[Any]], Iterable[Mapping[str, Any]]] | None = None

    def do(chunk: Sequence[Any] | Failure) -> Done | Failure:
        nonlocal work
        if isinstance(chunk, Failure):
            return chunk
        try:
            if work is None:  # with the first chunk: a model that cannot be loaded fails in its turn
                work = task.open(place)
            rows = list(work(chunk))
        except (ValueError, OSError) as error:
            return Failure(str(error))
        return Done("".join(json.dumps(row) + "\n" for row in rows), [task.note(row) for row in rows])

    return do


@dataclass(frozen=True)
class CheckTask:
    """`tomprm check`: the note is (error, None), (None, why it abstains) or None."""

    lines: Lines
    reward: Any = "process"
    chunk: int = 64

    def open(self, place: Place) -> Callable[[Sequence[Line]], Iterable[Mapping[str, Any]]]:
        from tomprm.config import RewardConfig
        from tomprm.rewards.rows import judge_rows

        config = RewardConfig(name=self.reward)
        return lambda chunk: judge_rows(self.lines.parse(chunk), config, chunk[0].row)

    def note(self, row: Mapping[str, Any]) -> Any:
        if "error" in row:
            return f"row {row['row']}: {row['error']}", None
        return (None, row["abstain"]) if row.get("abstain") else None


@dataclass(frozen=True)
class ScoreTask:
    """`tomprm score`: the note is (steps, contradicted ones)."""

    lines: Lines
    model: str
    device: str = "auto"
    chunk: int = 256

    def open(self, place: Place) -> Callable[[Sequence[Line]], Iterable[Mapping[str, Any]]]:
        import torch

        from tomprm.prm.model import load_prm
        from tomprm.prm.score import score_rows

        if place.threads is not None:
            torch.set_num_threads(min(place.threads, torch.get_num_threads()))
        device = self.device
        if device == "auto" and torch.cuda.is_available():
            device = f"cuda:{place.number % torch.cuda.device_count()}"
        model, tokenizer = load_prm(self.model, device)

        def work(chunk: Sequence[Line]) -> list[dict[str, Any]]:
            rows = [
                {"id": line.row - 1, **row} for line, row in zip(chunk, self.lines.parse(chunk), strict=True)
            ]
            names = [f"{self.lines.path} line {line.number}" for line in chunk]
            return score_rows(model, tokenizer, rows, names=names)

        return work

    def note(self, row: Mapping[str, Any]) -> Any:
        return len(row["steps"]), sum(step["status"] == "contradicted" for step in row["steps"])


@dataclass(frozen=True)
class SolveTask:
    """`tomprm solve`: the note is the part of the row that the table of agreement counts."""

    profile: str | None = None
    chunk: int = 64

    def open(self, place: Place) -> Callable[[Sequence[Item]], Iterable[Mapping[str, Any]]]:
        from tomprm.belief.solve import solve

        return lambda chunk: solve(chunk, self.profile)

    def note(self, row: Mapping[str, Any]) -> Any:
        keys = ["order", "agree", "unreadable", "prompting_type", "deception"]
        if row["unreadable"]:
            keys += ["id", "line", "row", "reason"]
        return {key: row[key] for key in keys if key in row}
