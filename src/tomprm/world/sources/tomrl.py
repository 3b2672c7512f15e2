"""The ToM-RL splits (bigai-ai/ToM-RL, MIT, parts NC): Hi-ToM, ExploreToM and ToMi rows in parquet."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tomprm.world.grammar import read_question
from tomprm.world.items import Item, text_id
from tomprm.world.sources import exploretom, tomi
from tomprm.world.sources.tables import read_table

COLUMNS = ("story", "question", "answer", "data_source")
EXPECTS = f"a ToM-RL parquet file with the columns {', '.join(COLUMNS)}"


def load(path: Path) -> Iterator[Item]:
    """All rows, in file order; each follows its own source's semantics.

    Raises:
        FileNotFoundError, ValueError: no such file, another layout, or a row of an unknown source.
    """
    for number, row in enumerate(read_table(path, (".parquet", ".jsonl"), COLUMNS, EXPECTS)):
        make = _ITEMS.get(row["data_source"])
        if make is None:
            raise ValueError(
                f"{path}: row {number}: data_source {row['data_source']!r} is unknown; "
                f"known are {', '.join(_ITEMS)}"
            )
        extra: dict[str, Any] = row.get("extra_info") or {}
        meta = {k: v for k, v in extra.items() if v is not None and k not in ("infilled_story", "key")}
        yield make(row, f"tomrl/{number}", meta | {"data_source": row["data_source"]})


def _hitom(row: Mapping[str, Any], name: str, meta: dict[str, Any]) -> Item:
    return Item(
        id=name,
        story_id=text_id("hitom", row["story"]),
        text=row["story"],
        question=read_question(row["question"].strip(), gold=row["answer"]),
        profile="hitom-release",
        meta={"source": "hitom", **meta},
    )


def _exploretom(row: Mapping[str, Any], name: str, meta: dict[str, Any]) -> Item:
    return exploretom.item(row["story"], row["question"], row["answer"], name, meta)


def _tomi(row: Mapping[str, Any], name: str, meta: dict[str, Any]) -> Item:
    return tomi.item(row["story"], row["question"], row["answer"], name, meta)


_ITEMS: dict[str, Callable[[Mapping[str, Any], str, dict[str, Any]], Item]] = {
    "hi_tom": _hitom,
    "explore_tom": _exploretom,
    "tomi": _tomi,
}
