"""Answers that use no theory of mind: what a benchmark's statistics give away for free.

Each heuristic maps a story and a question to a place (None: it has no answer, counted as wrong).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tomprm.belief.state import BeliefState
from tomprm.world.events import CHANGES, Kind, Question
from tomprm.world.items import Item
from tomprm.world.replay import PROFILES

Heuristic = Callable[[BeliefState, Question], str | None]


def _place_at_exit(state: BeliefState, question: Question, leavers: Iterable[str]) -> str | None:
    """Where the thing was when the first of `leavers` left; the last place where none did."""
    wanted = set(leavers)
    for event in state.story.events:
        if event.kind is Kind.EXIT and any(fact.thing in wanted for fact, _ in event.facts):
            return state.belief((), question.fact, event.line).value
    return state.belief((), question.fact).value


def initial_container(state: BeliefState, question: Question) -> str | None:
    return next(iter(state.story.places(question.fact.thing)), None)


def place_at_first_exit(state: BeliefState, question: Question) -> str | None:
    return _place_at_exit(state, question, state.story.agents)


def place_at_chain_exit(state: BeliefState, question: Question) -> str | None:
    return _place_at_exit(state, question, question.chain)


def drop_outermost(state: BeliefState, question: Question) -> str | None:
    return state.belief(question.chain[1:], question.fact).value


def drop_innermost(state: BeliefState, question: Question) -> str | None:
    return state.belief(question.chain[:-1], question.fact).value


def world_state(state: BeliefState, question: Question) -> str | None:
    return state.belief((), question.fact).value


def innermost_alone(state: BeliefState, question: Question) -> str | None:
    """What the last name of the chain believes; undefined where that is the question itself."""
    return state.belief(question.chain[-1:], question.fact).value if question.order > 1 else None


def outermost_alone(state: BeliefState, question: Question) -> str | None:
    """What the first name of the chain believes; undefined where that is the question itself."""
    return state.belief(question.chain[:1], question.fact).value if question.order > 1 else None


def last_mentioned(state: BeliefState, question: Question) -> str | None:
    told = [a.place for a in state.story.actions if a.thing == question.fact.thing and a.place]
    return told[-1] if told else None


def first_move(state: BeliefState, question: Question) -> str | None:
    moves = [a.place for a in state.story.actions if a.kind in CHANGES and a.thing == question.fact.thing]
    return moves[1] if len(moves) > 1 else next(iter(moves), None)


def most_visited(state: BeliefState, question: Question) -> str | None:
    moves = [a.place for a in state.story.actions if a.kind in CHANGES and a.thing == question.fact.thing]
    return max(dict.fromkeys(moves), key=moves.count, default=None)


HEURISTICS: dict[str, Heuristic] = {
    "initial container": initial_container,
    "place at first exit": place_at_first_exit,
    "place at a chain member's first exit": place_at_chain_exit,
    "drop outermost name": drop_outermost,
    "drop innermost name": drop_innermost,
    "world state": world_state,
    "innermost name's own belief": innermost_alone,
    "outermost name's own belief": outermost_alone,
    "last place mentioned": last_mentioned,
    "first move": first_move,
    "most visited place": most_visited,
}


def hits(state: BeliefState, question: Question, gold: str) -> tuple[bool, ...]:
    """Which heuristics find the answer, in the order of HEURISTICS."""
    return tuple(h(state, question) == gold for h in HEURISTICS.values())


@dataclass(frozen=True, slots=True)
class ShortcutRow:
    """Accuracy of one heuristic at one order."""

    heuristic: str
    order: int
    n: int
    accuracy: float
    chance: float

    def as_row(self) -> dict[str, Any]:
        return asdict(self)


def shortcut_table(items: Iterable[Item]) -> list[ShortcutRow]:
    """Accuracy of every heuristic by order, over items of order 1 and more with a gold answer."""
    found: dict[int, list[tuple[bool, ...]]] = defaultdict(list)
    chance: dict[int, list[float]] = defaultdict(list)
    for item in items:
        if item.question.order and item.question.gold is not None:
            state = BeliefState(item.story, PROFILES[item.profile])
            found[item.question.order].append(hits(state, item.question, item.question.gold))
            chance[item.question.order].append(item.chance)
    return [
        ShortcutRow(
            heuristic=name,
            order=order,
            n=len(rows),
            accuracy=sum(row[i] for row in rows) / len(rows),
            chance=sum(chance[order]) / len(rows),
        )
        for order, rows in sorted(found.items())
        for i, name in enumerate(HEURISTICS)
        if not (order == 1 and name.endswith("own belief"))
    ]


def shortcut_markdown(rows: Sequence[ShortcutRow]) -> str:
    """A Markdown table, heuristics by order, accuracy in percent; the last line is chance."""
    orders = sorted({r.order for r in rows})
    names = dict.fromkeys(r.heuristic for r in rows)
    cells = {(r.heuristic, r.order): f"{100 * r.accuracy:.1f}" for r in rows}
    count = {r.order: r.n for r in rows}
    blind = {r.order: f"{100 * r.chance:.1f}" for r in rows}
    head = "| heuristic, % right | " + " | ".join(f"order {o} (n = {count[o]})" for o in orders) + " |"
    lines = [head, "|---" * (len(orders) + 1) + "|"]
    lines += [f"| {n} | " + " | ".join(cells.get((n, o), "") for o in orders) + " |" for n in names]
    lines.append("| *blind guess among the choices* | " + " | ".join(blind[o] for o in orders) + " |")
    return "\n".join(lines)
