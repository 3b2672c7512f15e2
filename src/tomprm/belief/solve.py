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
        question = item.question
        row: dict[str, Any] = {
            "id": item.id,
            "order": question.order,
            "question": item.asked or write_question(question),
            "gold": question.gold,
            "profile": item.profile,
        }
        engine, unreadable = None, False
        if item.abstain:
            reason = item.abstain
        else:
            try:
                engine, reason = engine_answer(item)
            except StoryError as error:
                reason, unreadable = str(error), True
        agree = None if engine is None or question.gold is None else engine == question.gold
        row |= {"engine": engine, "agree": agree, "reason": reason, "unreadable": unreadable}
        yield row | {k: v for k, v in item.meta.items() if k not in row}


def engine_answer(item: Item) -> tuple[str | None, str]:
    """(answer in the question's words, what it rests on); no answer where the belief has no value.

    Raises:
        StoryError: the story cannot be read.
    """
    state, question = BeliefState(item.story, PROFILES[item.profile]), item.question
    if question.who:
        beliefs = [state.belief((name,), question.fact, question.line) for name in item.story.agents]
        knowing = [b.chain[0] for b in beliefs if b.value is not None]
        return ", ".join(knowing), "; ".join(b.explain() for b in beliefs)
    belief = state.answer(question)
    return question.say(belief.value), belief.explain()


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
