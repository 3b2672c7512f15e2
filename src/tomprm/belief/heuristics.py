"""Answers that use no theory of mind: what a benchmark's statistics give away for free.

Each heuristic maps a story and a question to a place (None: it has no answer, counted as wrong).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tomprm.belief.state import BeliefState
from tomprm.belief.update import sets
from tomprm.world.events import CHANGES, Fact, Kind, Question
from tomprm.world.items import Item
from tomprm.world.replay import PROFILES

Heuristic = Callable[[BeliefState, Question], str | None]


def _exits(state: BeliefState, leavers: Iterable[str]) -> list[int]:
    """The lines on which one of `leavers` left a room."""
    wanted = set(leavers)
    return [
        event.line
        for event in state.story.events
        if event.kind is Kind.EXIT and any(fact.thing in wanted for fact, _ in event.facts)
    ]


def _place_at_exit(state: BeliefState, question: Question, leavers: Iterable[str]) -> str | None:
    """Where the thing was when the first of `leavers` left; the last place where none did."""
    return state.belief((), question.fact, next(iter(_exits(state, leavers)), None)).value


def world_values(state: BeliefState, fact: Fact) -> tuple[str, ...]:
    """The values that the fact really took, in story order; the same twice in a row counts once."""
    real = (e.value(fact) for e in state.story.about(fact) if sets(e, (), state.profile.tells))
    values: list[str] = []
    for value in real:
        if value is not None and values[-1:] != [value]:
            values.append(value)
    return tuple(values)


def initial_container(state: BeliefState, question: Question) -> str | None:
    return next(iter(world_values(state, question.fact)), None)


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
    if question.fact.relation != "place":  # the story's sentences name places
        return next(reversed(world_values(state, question.fact)), None)
    told = [a.place for a in state.story.actions if a.thing == question.fact.thing and a.place]
    return told[-1] if told else None


def _moves(state: BeliefState, fact: Fact) -> Sequence[str]:
    if fact.relation != "place":
        return world_values(state, fact)
    return [a.place for a in state.story.actions if a.kind in CHANGES and a.thing == fact.thing]


def first_move(state: BeliefState, question: Question) -> str | None:
    moves = _moves(state, question.fact)
    return moves[1] if len(moves) > 1 else next(iter(moves), None)


def most_visited(state: BeliefState, question: Question) -> str | None:
    moves = _moves(state, question.fact)
    return max(dict.fromkeys(moves), key=moves.count, default=None)


def place_at_second_exit(state: BeliefState, question: Question) -> str | None:
    lines = _exits(state, state.story.agents)
    return state.belief((), question.fact, lines[1] if len(lines) > 1 else None).value


def place_at_last_exit(state: BeliefState, question: Question) -> str | None:
    return state.belief((), question.fact, next(reversed(_exits(state, state.story.agents)), None)).value


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


# Audited only: shortcut-free stories are not drawn against these.
MORE: dict[str, Heuristic] = {
    "place at second exit": place_at_second_exit,
    "place at last exit": place_at_last_exit,
}
_OF_CHAIN = {  # heuristic -> the least order at which it is not the question itself
    "place at a chain member's first exit": 1,
    "drop outermost name": 1,
    "drop innermost name": 1,
    "innermost name's own belief": 2,
    "outermost name's own belief": 2,
}
_OF_BELIEF = {name for name in _OF_CHAIN if "exit" not in name}  # say something of facts that no world has


def guesses(state: BeliefState, question: Question) -> dict[str, str | None]:
    """What each heuristic answers, in the question's own words (yes, no). Left out are those that mean
    nothing here: at this order, for a list of people, or where the story never sets the fact itself."""
    if question.who:
        return {}
    placed = bool(world_values(state, question.fact))
    found: dict[str, str | None] = {}
    for name, heuristic in (HEURISTICS | MORE).items():
        if question.order >= _OF_CHAIN.get(name, 0) and (placed or name in _OF_BELIEF):
            found[name] = question.say(heuristic(state, question))
    return found


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
