"""Benchmarks from the Hugging Face hub, through `datasets`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tomprm.world.items import Item
from tomprm.world.sources import SOURCES
from tomprm.world.sources.loading import SourceError


def load_from_hub(name: str, repository: str) -> Iterator[Item]:
    """The items of a source, from a data set in its official layout on the hub ("facebook/ExploreToM").

    Raises:
        SourceError: no such data set, no network, or another layout.
    """
    import datasets  # pyright: ignore[reportMissingTypeStubs]

    hub: Any = datasets
    source = SOURCES[name]
    try:
        splits = hub.load_dataset(repository)
    except (OSError, ValueError, RuntimeError) as error:  # the network's, the hub's, the files'
        reason = str(error).splitlines()[0]
        raise SourceError(
            f"{repository}: neither a file here nor to be had from the hub ({reason}); "
            f"give {source.expects}, or {source.hub} with a network"
        ) from error
    with TemporaryDirectory() as folder:
        rows = Path(folder) / "rows.jsonl"
        with rows.open("w", encoding="utf-8") as file:
            for split in splits.values():
                file.writelines(json.dumps(row) + "\n" for row in split)
        yield from source.load(rows)
