"""The engine's answer to every question of a data set, next to the published label."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from tomprm.belief.state import BeliefState
from tomprm.world.grammar import write_question
from tomprm.world.items import Item
from tomprm.world.replay import PROFILES, StoryError


def solve(items: Iterable[Item], profile: str | None = None) -> Iterator[dict[str, Any]]:
    """Rows `{id, order, question, gold, engine, agree, reason}`; `engine` is null where the answer
    cannot be computed, and `reason` says why. `profile` overrides each item's own semantics."""
    for item in items:
        if profile is not None:
            item = replace(item, profile=profile)
        row: dict[str, Any] = {
            "id": item.id,
            "order": item.question.order,
            "question": write_question(item.question),
            "gold": item.question.gold,
            "profile": item.profile,
        }
        try:
            belief = BeliefState(item.story, PROFILES[item.profile]).answer(item.question)
        except StoryError as error:
            row |= {"engine": None, "agree": None, "reason": str(error)}
        else:
            agree = None if belief.value is None else belief.value == item.question.gold
            row |= {"engine": belief.value, "agree": agree, "reason": belief.explain()}
        yield row | {k: v for k, v in item.meta.items() if k not in row}


def agreement_markdown(rows: Sequence[dict[str, Any]]) -> str:
    """A Markdown table of where engine and label agree: set of labels and deception by order, as
    `right/all`."""
    orders = sorted({int(row["order"]) for row in rows})
    groups = dict.fromkeys(_group(row) for row in rows)
    right = Counter((_group(row), int(row["order"])) for row in rows if row["agree"])
    asked = Counter((_group(row), int(row["order"])) for row in rows)
    head = "| labels | " + " | ".join(f"order {o}" for o in orders) + " | all |"
    lines = [head, "|---" * (len(orders) + 2) + "|"]
    for group in groups:
        cells = [(right[group, o], asked[group, o]) for o in orders]
        cells.append((sum(r for r, _ in cells), sum(n for _, n in cells)))
        lines.append(f"| {group} | " + " | ".join(f"{r}/{n}" for r, n in cells) + " |")
    return "\n".join(lines)


def _group(row: dict[str, Any]) -> str:
    """`CoTP, no tells`; what a row does not say is left out."""
    tells = {None: [], False: ["no tells"], True: ["tells"]}[row.get("deception")]
    return ", ".join([str(row.get("prompting_type", "labels")), *tells])
