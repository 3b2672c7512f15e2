"""Trace rows of any source -> items: the story and question as text, read by the source's own rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from tomprm.world.grammar import read_question
from tomprm.world.items import Item
from tomprm.world.sources import exploretom, tomi


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
    make = _READERS.get(source)
    if make is None or row.get("profile", source) != source:
        return Item.from_row(row)
    gold = row.get("answer", row.get("gold_answer"))
    rest = {k: row[k] for k in ("containers",) if k in row}
    item = make(
        row["story"], row["question"], "" if gold is None else str(gold), str(row.get("id", "")), rest
    )
    if item.abstain and _ours(row["question"]):
        item = replace(item, question=Item.from_row(row).question, abstain="")
    if item.abstain:
        raise ValueError(f"{item.abstain}: {row['question']!r}; leave such rows out")
    return item


def _ours(question: str) -> bool:
    """Is the question in tomprm's own English?"""
    try:
        read_question(question)
    except ValueError:
        return False
    return True


_READERS: dict[str, Callable[[str, str, str, str, dict[str, Any]], Item]] = {
    "exploretom": exploretom.item,
    "tomi": tomi.item,
}
