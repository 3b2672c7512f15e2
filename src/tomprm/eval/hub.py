"""Benchmarks from the Hugging Face hub, through `datasets`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tomprm.world.items import Item
from tomprm.world.sources import SOURCES


def load_items(name: str, path: str | Path) -> Iterator[Item]:
    """The items of a source, from an official file or folder, or from its data set on the hub.

    Args:
        name: key of tomprm.world.sources.SOURCES.
        path: a local path; what is none is taken for a hub id ("facebook/ExploreToM"), if the source is there.

    Raises:
        FileNotFoundError, ValueError: no such path or data set, or another layout; with the remedy.
    """
    source = SOURCES[name]
    if source.hub is None or Path(path).exists() or str(path).count("/") != 1:
        return source.load(Path(path))
    return _from_hub(name, str(path))


def _from_hub(name: str, repository: str) -> Iterator[Item]:
    import datasets  # pyright: ignore[reportMissingTypeStubs]

    hub: Any = datasets
    source = SOURCES[name]
    try:
        splits = hub.load_dataset(repository)
    except (OSError, ValueError, RuntimeError) as error:  # of hub, network and data set scripts
        reason = str(error).splitlines()[0]
        raise FileNotFoundError(
            f"{repository}: neither a file here nor to be had from the hub ({reason}); "
            f"give {source.expects}, or {source.hub} with a network"
        ) from error
    with TemporaryDirectory() as folder:
        rows = Path(folder) / "rows.jsonl"
        with rows.open("w", encoding="utf-8") as file:
            for split in splits.values():
                file.writelines(json.dumps(row) + "\n" for row in split)
        yield from source.load(rows)
