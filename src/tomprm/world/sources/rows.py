"""Trace rows of any source -> items: the story and question as text, read by the source's own rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from tomprm.world.grammar import read_question
from tomprm.world.items import Item
from tomprm.world.sources import exploretom, tomi
from tomprm.world.sources.presence_rows import bigtom_row, fantom_row, opentom_row


def read_row(row: Mapping[str, Any]) -> Item:
    """The item of a trace row (schema: docs/schemas.md).

    Raises:
        ValueError: a field is missing or of the wrong type, or the question has an unknown form; the
            message says what to give.
    """
    for key in ("story", "question"):
        if not isinstance(row.get(key), str) or not row[key].strip():
            raise ValueError(f"lacks a {key}; give it as a string")
    source = str(row.get("source", "tomprm"))
    make = _READERS.get(source) or _PRESENCE.get(source)
    if make is None and source not in _OURS and "profile" not in row:
        known = ", ".join(sorted((*_OURS, *_READERS, *_PRESENCE)))
        raise ValueError(f"source {source!r} is unknown; give one of {known}, or a profile")
    if make is None or row.get("profile", source) != source:
        return Item.from_row(row)
    gold, name = row.get("answer", row.get("gold_answer")), str(row.get("id", ""))
    if source in _PRESENCE:
        return _PRESENCE[source](row["story"], row["question"], gold, name, row)
    rest = {k: row[k] for k in ("containers",) if k in row}
    item = make(row["story"], row["question"], "" if gold is None else str(gold), name, rest)
    if item.abstain and _ours(row["question"]):
        return replace(item, question=Item.from_row(row).question, abstain="")
    return item


def _ours(question: str) -> bool:
    """Is the question in tomprm's own English?"""
    try:
        read_question(question)
    except ValueError:
        return False
    return True


_OURS = ("tomprm", "hitom")  # read by tomprm's own grammar
_READERS: dict[str, Callable[[str, str, str, str, dict[str, Any]], Item]] = {
    "exploretom": exploretom.item,
    "tomi": tomi.item,
}
_PRESENCE: dict[str, Callable[[str, str, Any, str, Mapping[str, Any]], Item]] = {
    "fantom": fantom_row,
    "opentom": opentom_row,
    "bigtom": bigtom_row,
}
