"""Chunks worked by processes of this machine, results in order; what is in flight is bounded.

Each worker has a pipe of its own and one chunk at a time. A worker whose parent is gone reads the end of its
pipe and ends; a worker that dies closes its end, so the parent learns which one, with its exit code.
"""

from __future__ import annotations

import os
import signal
import traceback
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from typing import Any

from tomprm.scale.tasks import Done, Failure, Place, Task, worker

_AHEAD = 4  # chunks a worker that may be done or at work before the next one in turn


class WorkerDied(ValueError):
    """A process that is gone; the message ends with the remedy."""


def chunks(entries: Iterable[Any], size: int) -> Iterator[list[Any] | Failure]:
    """Lists of `size` entries, the last one shorter; a source that fails ends with a Failure, so that the
    chunks before it are still worked."""
    source = iter(entries)
    try:
        while chunk := list(islice(source, size)):
            yield chunk
    except (ValueError, OSError) as error:
        yield Failure(str(error))


def cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_order(task: Task, given: Iterator[list[Any] | Failure], workers: int) -> Generator[Done, None, None]:
    """Results of all chunks, in their order; one worker is this process.

    Raises:
        ValueError: bad input, after the results of the chunks before it; a WorkerDied where a process died.
    """
    if workers == 1:
        do = worker(task, Place())
        yield from (_checked(do(chunk)) for chunk in given)
        return
    threads = max(1, cores() // workers)
    pool: list[_Worker] = []
    try:
        numbered = enumerate(given)
        results: dict[int, Done | Failure] = {}
        turn = sent = 0
        while True:
            idle = [w for w in pool if w.at is None]
            while sent - turn < _AHEAD * workers and (idle or len(pool) < workers):
                index, chunk = next(numbered, (None, None))
                if index is None or chunk is None:
                    break
                sent += 1
                if not idle:
                    pool.append(_Worker(task, Place(len(pool), threads)))
                    idle.append(pool[-1])
                idle.pop().send(index, chunk)
            if turn in results:
                yield _checked(results.pop(turn))
                turn += 1
                continue
            busy = {w.pipe: w for w in pool if w.at is not None}
            if not busy:
                return
            for pipe in wait(list(busy)):
                index, result = busy[pipe].receive()  # pyright: ignore[reportArgumentType]
                results[index] = result
    finally:
        for w in pool:
            w.stop()


def _checked(result: Done | Failure) -> Done:
    if isinstance(result, Failure):
        raise result.error()
    return result


class _Worker:
    def __init__(self, task: Task, place: Place) -> None:
        context = get_context("spawn")  # torch's threads do not survive a fork
        self.pipe, theirs = context.Pipe()
        self.at: int | None = None  # the chunk that it works on
        self._place = place
        self._process = context.Process(target=_serve, args=(task, place, theirs), daemon=True)
        with _no_ctrl_c():
            self._process.start()
        theirs.close()

    def send(self, index: int, chunk: Sequence[Any] | Failure) -> None:
        self.at = index
        try:
            self.pipe.send(chunk)
        except OSError:
            raise self._died() from None

    def receive(self) -> tuple[int, Done | Failure]:
        try:
            result = self.pipe.recv()
        except (EOFError, OSError):
            raise self._died() from None
        if isinstance(result, str):
            raise RuntimeError(f"in worker {self._place.number + 1}:\n{result}")
        assert self.at is not None
        index, self.at = self.at, None
        return index, result

    def _died(self) -> WorkerDied:
        self._process.join(5)
        code = self._process.exitcode
        how = f"ended with code {code}"
        if code is not None and code < 0:
            how = f"was killed by signal {-code} ({signal.Signals(-code).name})"
        remedy = "give fewer --workers or more memory" if code == -signal.SIGKILL else "run with --workers 1"
        likely = ", by the system if memory ran out" if code == -signal.SIGKILL else ""
        return WorkerDied(
            f"worker {self._place.number + 1} (process {self._process.pid}) {how}{likely}; {remedy}"
        )

    def stop(self) -> None:
        self.pipe.close()
        self._process.kill()
        self._process.join()


def _serve(task: Task, place: Place, pipe: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    do = worker(task, place)
    try:
        while True:
            chunk = pipe.recv()
            try:
                result = do(chunk)
            except Exception:  # a bug: its traceback travels as text, since not every exception pickles
                result = traceback.format_exc()
            pipe.send(result)
    except (EOFError, OSError):
        return  # the parent is gone


@contextmanager
def _no_ctrl_c() -> Iterator[None]:
    """A child inherits the block, so Ctrl-C is the parent's alone, even while the child still imports."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
