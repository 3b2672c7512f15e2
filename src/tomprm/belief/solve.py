"""The engine's answer to every question of a data set, next to the published label."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tomprm.belief.known_errors import explain
from tomprm.belief.state import BeliefState
from tomprm.world.grammar import write_question
from tomprm.world.items import Item
from tomprm.world.replay import PROFILES, StoryError


def solve(items: Iterable[Item], profile: str | None = None) -> Iterator[dict[str, Any]]:
    """Rows `{id, order, question, gold, engine, agree, reason, unreadable}`; `engine` is null where the
    answer cannot be computed, and `reason` says why; `label_error` names the known error that gives the
    published label. `profile` overrides each item's own semantics."""
    for item in items:
        # A copy forgets its replayed story with this turn of the loop.
        item = replace(item, profile=item.profile if profile is None else profile)
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
        if agree is False and (cause := explain(item)):
            row["label_error"] = cause
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


@dataclass
class Agreement:
    """Where engine and label agree, counted while the rows pass by: memory does not grow with them."""

    right: Counter[tuple[str, int]] = field(default_factory=Counter[tuple[str, int]])
    asked: Counter[tuple[str, int]] = field(default_factory=Counter[tuple[str, int]])
    silent: Counter[str] = field(default_factory=Counter[str])  # no answer, or no label to compare

    def count(self, row: Mapping[str, Any]) -> None:
        group, order = _group(row), int(row["order"])
        self.asked[group, order] += row["agree"] is not None
        self.right[group, order] += bool(row["agree"])
        self.silent[group] += row["agree"] is None

    def markdown(self) -> str:
        """A table of labels by order, as `right/answered`; the last column counts the questions without
        an answer, where there are any."""
        orders = sorted({order for _, order in self.asked})
        left_out = any(self.silent.values())
        head = ["labels", *(f"order {o}" for o in orders), "all", *(["not answered"] if left_out else [])]
        lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
        for group in dict.fromkeys(group for group, _ in self.asked):
            cells = [(self.right[group, o], self.asked[group, o]) for o in orders]
            cells.append((sum(r for r, _ in cells), sum(n for _, n in cells)))
            texts = [f"{r}/{n}" for r, n in cells] + ([str(self.silent[group])] if left_out else [])
            lines.append(f"| {group} | " + " | ".join(texts) + " |")
        return "\n".join(lines)


def agreement_markdown(rows: Iterable[Mapping[str, Any]]) -> str:
    """The table of `Agreement` for rows of `solve`."""
    agreement = Agreement()
    for row in rows:
        agreement.count(row)
    return agreement.markdown()


def _group(row: Mapping[str, Any]) -> str:
    """`CoTP, no tells`; what a row does not say is left out."""
    tells = {None: [], False: ["no tells"], True: ["tells"]}[row.get("deception")]
    return ", ".join([str(row.get("prompting_type", "labels")), *tells])
