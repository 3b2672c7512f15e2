"""Trace rows -> verdict rows with rewards: what `tomprm check` does (schemas: docs/schemas.md)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from tomprm.checker.check import Checker
from tomprm.checker.presence import agreed
from tomprm.config import RewardConfig
from tomprm.rewards.shaping import shape
from tomprm.trace.steps import read_trace
from tomprm.world.items import Item
from tomprm.world.replay import StoryError
from tomprm.world.sources.rows import read_row


def item_of(row: dict[str, Any]) -> Item:
    """The item of a trace row; the engine's answer stands in for a gold answer that is not given.

    Raises:
        ValueError: a field is missing or of the wrong type; a StoryError names the story's line.
    """
    item = agreed(read_row(row))
    known = Checker(item).answer  # replays the story, so an unknown sentence is found here
    if not item.question.gold:
        item = replace(item, question=replace(item.question, gold=known))
    return item


def judge(row: dict[str, Any], config: RewardConfig) -> dict[str, Any]:
    """One verdict row; keys of the input that are not part of it pass through.

    Raises:
        ValueError: the row cannot be judged; the message says why.
    """
    item = item_of(row)
    if not isinstance(row.get("trace"), str):
        raise ValueError("lacks a trace; give the model's text as a string")
    steps = row.get("steps")
    texts = None if steps is None else [s["text"] for s in steps]
    verdict = Checker(item).check(read_trace(row["trace"], texts))
    reward = shape(item, verdict, config, row["trace"])
    passed = {k: v for k, v in row.items() if k not in ("steps", "answer")}
    why = {"abstain": item.abstain} if item.abstain else {}
    return passed | verdict.as_row() | {"rewards": reward.as_row()} | why


def judge_rows(
    rows: Iterable[dict[str, Any]], config: RewardConfig, first: int = 1
) -> Iterator[dict[str, Any]]:
    """Verdict rows; a row that cannot be judged becomes `{"id", "row", "error"}` and the rest goes on.
    Rows are counted from `first`."""
    for number, row in enumerate(rows, first):
        try:
            yield judge(row, config)
        except (StoryError, ValueError, TypeError, KeyError) as error:
            yield {"id": row.get("id"), "row": number, "error": f"{error}"}
