"""A task over all rows of a source, into a file or standard output."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from functools import partial
from itertools import islice
from typing import Any

from tomprm.scale.partial import Key, partial_of, resumable
from tomprm.scale.processes import WorkerDied, chunks, in_order
from tomprm.scale.tasks import Done, Task


def run(
    task: Task,
    source: Callable[[], Iterator[Any]],
    output: str,
    key: Key | None,
    count: Callable[[Any], object],
    *,
    workers: int = 1,
    ray: str | None = None,
    progress: Callable[[int], object] = lambda rows: None,
) -> int:
    """Write the task's rows, the same bytes whatever the workers; rows of an earlier run are kept.

    Args:
        source: gives the entries from the first one, each time the same where `key` is not None.
        output: a file, or `-` for standard output.
        key: what the rows are made of, see `resumable`; None where a cut-off run cannot be resumed.
        count: called with the task's note of every row, in order, the kept ones too.
        ray: address of a Ray cluster that works instead of processes.

    Returns:
        Rows in the output.

    Raises:
        ValueError: bad input, a dead worker, no Ray; the message ends with the remedy.
    """

    def results(skip: int) -> Generator[Done, None, None]:
        entries = partial(_from, source, skip, task.chunk)
        if ray is None:
            return in_order(task, entries(), workers)
        if importlib.util.find_spec("ray") is None:
            remedy = "pip install 'tomprm[openrlhf]' on Linux, or give --workers without --ray"
            raise ValueError(f"--ray {ray}: Ray is not installed; {remedy}")
        from tomprm.scale.ray_data import on_ray

        return on_ray(task, entries, workers, ray)

    if output == "-":
        rows = 0
        with closing(results(0)) as found:
            for text, notes in found:
                sys.stdout.write(text)
                rows += len(notes)
                _count(notes, count)
                progress(rows)
        return rows
    with resumable(output, key, task.chunk, lambda row: count(task.note(row))) as file:
        if file.rows:
            print(f"going on from {partial_of(output)}: {file.rows} rows are done", file=sys.stderr)
        try:
            with closing(results(file.rows)) as found:
                for text, notes in found:
                    file.write(text, len(notes))
                    _count(notes, count)
                    progress(file.rows)
        except WorkerDied as error:
            if key is None or not file.rows:
                raise
            kept = f"the {file.rows} rows that are done stay, the same command goes on from them"
            raise WorkerDied(f"{error}; {kept}") from None
        return file.rows


def _from(source: Callable[[], Iterator[Any]], skip: int, size: int) -> Iterator[Any]:
    return chunks(islice(source(), skip, None), size)


def _count(notes: list[Any], count: Callable[[Any], object]) -> None:
    for note in notes:
        count(note)
