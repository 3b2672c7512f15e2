"""Tables as benchmarks publish them: CSV, JSON Lines and parquet, a row at a time."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

csv.field_size_limit(min(sys.maxsize, 2**31 - 1))  # stories are longer than csv's default of 128 KiB


def find(path: Path, suffixes: str | tuple[str, ...], expects: str) -> list[Path]:
    """The file itself, or the files of a folder with these endings, sorted.

    Raises:
        FileNotFoundError: nothing there.
    """
    path = Path(path)
    if path.is_dir():
        found = sorted(p for p in path.iterdir() if p.name.endswith(suffixes))
        if not found:
            there = ", ".join(sorted(p.name for p in path.iterdir())[:3]) or "nothing"
            raise FileNotFoundError(f"{path}: expected {expects}, found {there}; name its file or folder")
        return found
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; expected {expects}; name its file or folder")
    return [path]


def read_table(
    path: Path, suffixes: str | tuple[str, ...], columns: Sequence[str], expects: str
) -> Iterator[dict[str, Any]]:
    """Rows of all tables at `path`, in order, never all in memory.

    Raises:
        FileNotFoundError: nothing there.
        ValueError: a file without these columns, or that is no table.
    """
    for file in find(path, suffixes, expects):
        rows = _READERS.get(file.suffix, _read_csv)(file)
        number = -1
        try:
            for number, row in enumerate(rows):
                if missing := [c for c in columns if row.get(c) is None]:
                    has = ", ".join(list(row)[:6])
                    raise ValueError(
                        f"{file}: row {number} lacks {', '.join(missing)} (it has {has}); "
                        f"expected {expects}; name another file"
                    )
                yield row
        except (UnicodeDecodeError, csv.Error, json.JSONDecodeError, OSError) as error:
            raise ValueError(
                f"{file}: row {number + 1} cannot be read ({error}); expected {expects}"
            ) from error
        if number < 0:
            raise ValueError(f"{file}: no rows; expected {expects}; name another file")


def _read_csv(file: Path) -> Iterator[dict[str, Any]]:
    with file.open(encoding="utf-8", newline="") as stream:
        yield from csv.DictReader(stream)


def _read_jsonl(file: Path) -> Iterator[dict[str, Any]]:
    with file.open(encoding="utf-8") as stream:
        for line in stream:
            if line.strip():
                row = json.loads(line)
                yield row if isinstance(row, dict) else {}


def _read_parquet(file: Path) -> Iterator[dict[str, Any]]:
    # pyarrow comes with `datasets`, and nothing else in these layers needs it. It ships no types.
    import pyarrow  # pyright: ignore[reportMissingTypeStubs]
    import pyarrow.parquet  # pyright: ignore[reportMissingTypeStubs, reportUnusedImport]

    arrow: Any = pyarrow
    try:
        table = arrow.parquet.ParquetFile(file)
    except arrow.ArrowInvalid as error:
        raise OSError(f"no parquet: {error}") from error
    for batch in table.iter_batches(batch_size=256):
        yield from batch.to_pylist()


_READERS = {".jsonl": _read_jsonl, ".parquet": _read_parquet}
