"""An output file that a cut-off run leaves resumable.

Beside FILE, until it is complete: `FILE.partial` with the rows that are done, and `FILE.partial.json` with
what they were made of (digests of the input and the model, the options, the version). Only whole chunks are
kept, so a resumed run cuts the input where an uninterrupted one does and gives the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

try:
    import fcntl
except ImportError:  # not on Windows: two runs with one output are not kept apart there
    fcntl = None

Key = Mapping[str, Any]


def digest(path: str | Path) -> str:
    """SHA-256 of a file, or of a folder's files with their names; what is neither (a hub id) stands for
    itself."""
    path = Path(path)
    if not path.exists():
        return path.as_posix()
    total = hashlib.sha256()
    for file in [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file()):
        total.update(b"" if file == path else f"\0{file.relative_to(path).as_posix()}\0".encode())
        with file.open("rb") as data:
            while block := data.read(1 << 20):
                total.update(block)
    return f"sha256:{total.hexdigest()}"


@dataclass
class Output:
    file: IO[bytes]
    rows: int  # that were there already; then also those written since

    def write(self, text: str, rows: int) -> None:
        self.file.write(text.encode())
        self.file.flush()  # a killed run has handed over all that it reported
        self.rows += rows


def partial_of(path: str | Path) -> Path:
    target = Path(path)
    return target.with_name(target.name + ".partial")


@contextmanager
def resumable(
    path: str, key: Key | None, chunk: int, seen: Callable[[dict[str, Any]], object]
) -> Iterator[Output]:
    """The file to append to; it takes the name `path` when the block ends well.

    Args:
        key: what the rows are made of; None where they cannot be made again (standard input): then the
            file begins anew.
        seen: called with each row that an earlier run has done.

    Raises:
        ValueError: the partial file is of another key, or another process writes it.
    """
    target, partial = Path(path), partial_of(path)
    label = partial.with_name(partial.name + ".json")
    target.parent.mkdir(parents=True, exist_ok=True)
    with _locked(partial, target) as file:
        rows = 0
        if key is not None and label.exists() and os.fstat(file.fileno()).st_size:
            _compare(json.loads(label.read_text(encoding="utf-8")), key, partial)
            rows = _keep_whole_chunks(file, chunk, seen)
        else:
            label.unlink(missing_ok=True)
            file.truncate(0)  # before the label is written: it must never stand beside older rows
            if key is not None:
                new = label.with_name(label.name + ".new")
                new.write_text(json.dumps(key, indent=1) + "\n", encoding="utf-8")
                new.replace(label)
        try:
            yield Output(file, rows)
        except BaseException:
            if not file.tell():
                partial.unlink()
                label.unlink(missing_ok=True)
            raise
        partial.replace(target)
        label.unlink(missing_ok=True)


@contextmanager
def _locked(partial: Path, target: Path) -> Iterator[IO[bytes]]:
    with os.fdopen(os.open(partial, os.O_RDWR | os.O_CREAT, 0o666), "r+b") as file:
        busy = f"{target}: another process is writing it; wait for that one or name another file"
        if fcntl is not None:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise ValueError(busy) from None
            # The other one may have finished in between: then this is the complete file under its own name.
            if not partial.exists() or not os.path.samestat(os.fstat(file.fileno()), partial.stat()):
                raise ValueError(busy)
        yield file


def _compare(old: Key, new: Key, partial: Path) -> None:
    changed = [
        f"{name} has changed"
        if all(str(k.get(name)).startswith("sha256:") for k in (old, new))
        else f"{name} was {old.get(name)}, now {new.get(name)}"
        for name in {**old, **new}
        if old.get(name) != new.get(name)
    ]
    if changed:
        raise ValueError(
            f"{partial}: was begun by another run ({'; '.join(changed)}); "
            "go on with what it had, delete it to begin anew, or name another output"
        )


def _keep_whole_chunks(file: IO[bytes], chunk: int, seen: Callable[[dict[str, Any]], object]) -> int:
    """Rows kept: what follows the last whole chunk is cut off, a torn line with it."""
    rows, end = 0, 0
    held: list[bytes] = []
    for line in file:
        held.append(line)
        if len(held) == chunk and line.endswith(b"\n"):
            for done in held:
                seen(json.loads(done))
            rows, end = rows + chunk, end + sum(map(len, held))
            held.clear()
    file.seek(end)
    file.truncate()
    return rows
