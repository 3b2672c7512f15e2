"""One known error of a known kind at a known step of a sound trace.

The names of kinds overlap (docs/semantics.md gives the order of precedence): a wrong value is planted as
an error of the first kind that fits it. What fits is worked out here from sets of values, in
`tomprm.checker.kinds` claim by claim, so that the self-test compares the two.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from tomprm.belief.lines import KNOWN, until
from tomprm.belief.state import BeliefState, collapse
from tomprm.checker.facts import value_words
from tomprm.checker.kinds import other_orders, shorter_chains
from tomprm.checker.verdict import ErrorKind
from tomprm.trace.canonical import (
    conclusion,
    is_readable,
    running_steps,
    sound_steps,
    statement,
    write_trace,
)
from tomprm.world.events import Event, Question
from tomprm.world.items import Item
from tomprm.world.replay import PROFILES

_FLIPS = {
    ErrorKind.UPDATED_WITHOUT_PERCEPTION: (
        (" misses it", " sees it"),
        (" seems to miss it", " seems to see it"),
    ),
    ErrorKind.WRONG_OBSERVERS: (
        (" sees it", " misses it"),
        (" seems to see it", " seems to miss it"),
    ),
    ErrorKind.WRONG_TRUST: (
        (" trusts ", " doubts "),
        (" seems to trust it", " seems to doubt it"),
    ),
}
# Ways to plant an error, each called after the kind that it most often is. What is drawn without a kind
# is drawn among the first seven, so that `tomprm generate --traces corrupted` stays the same.
_WAYS = (
    ErrorKind.UPDATED_WITHOUT_PERCEPTION,
    ErrorKind.BELIEF_NOT_UPDATED,
    ErrorKind.WRONG_OBSERVERS,
    ErrorKind.WRONG_PLACE,
    ErrorKind.WRONG_TIME,
    ErrorKind.WRONG_TRUST,
    ErrorKind.UNKNOWN_EVENT,
)
_MORE_WAYS = (ErrorKind.NAMES_SWAPPED, ErrorKind.ORDER_COLLAPSED)


@dataclass(frozen=True, slots=True)
class Corruption:
    """A trace with one error. `step`: where it is, None for the answer."""

    text: str
    kind: ErrorKind
    step: int | None


def corrupt(item: Item, rng: np.random.Generator, kind: ErrorKind | None = None) -> tuple[str, int]:
    """The item's sound trace with one wrong step, drawn among all of that kind, and the index of the step.
    The answer stays right: the reasoning alone is wrong.

    Args:
        kind: of the error; None draws a way to make one among those that apply.

    Raises:
        ValueError: the kind cannot occur in this item's sound trace (see `applicable`).
    """
    if kind is not None:
        planted = plant(item, rng, kind)
        if planted.step is None:
            raise ValueError(f"{item.id}: {kind.value!r} is no error of a step; use plant() for it")
        return planted.text, planted.step
    steps, answer = sound_steps(item)
    ways = [way for way in _WAYS if any(_edits(item, steps, way))]
    options = list(_edits(item, steps, ways[int(rng.integers(len(ways)))]))
    index, text, _ = options[int(rng.integers(len(options)))]
    return write_trace([*steps[:index], text, *steps[index + 1 :]], answer), index


def plant(item: Item, rng: np.random.Generator, kind: ErrorKind) -> Corruption:
    """One error of the kind, drawn among all of them, in a step or in the answer.

    Raises:
        ValueError: it cannot occur in this item's sound trace (see `applicable`).
    """
    options = corruptions(item).get(kind, ())
    if not options:
        can = ", ".join(k.value for k in applicable(item))
        raise ValueError(f"{item.id}: nothing to make a {kind.value!r} error of; choose from: {can}")
    return options[int(rng.integers(len(options)))]


def applicable(item: Item) -> tuple[ErrorKind, ...]:
    """The kinds of error that `plant` can make in this item."""
    found = corruptions(item)
    return tuple(kind for kind in ErrorKind if kind in found)


def corruptions(item: Item, running: bool = False) -> dict[ErrorKind, list[Corruption]]:
    """All single errors in the item's sound trace, by the kind that is their name.

    Args:
        running: in the trace that states the belief after every line.
    """
    steps, answer = running_steps(item) if running else sound_steps(item)
    found: dict[ErrorKind, list[Corruption]] = {}
    for way in (*_WAYS, *_MORE_WAYS):
        for index, text, kind in _edits(item, steps, way, running):
            trace = write_trace([*steps[:index], text, *steps[index + 1 :]], answer)
            found.setdefault(kind, []).append(Corruption(trace, kind, index))
    for other in _other_answers(item, answer):
        wrong = Corruption(write_trace(steps, other), ErrorKind.UNSUPPORTED_ANSWER, None)
        found.setdefault(wrong.kind, []).append(wrong)
    return found


def _other_answers(item: Item, answer: str) -> list[str]:
    question = item.question
    offered = [said for _, said in question.answers] or [*question.choices, *_elsewhere(item)]
    return [said for said in dict.fromkeys(offered) if said != answer]


# A wrong step: (its index, its text, the kind of the error)
_Edit = tuple[int, str, ErrorKind]


def _edits(item: Item, steps: list[str], way: ErrorKind, running: bool = False) -> Iterator[_Edit]:
    *events, _ = steps
    for index, step in enumerate(events):
        head, *clauses = step.removesuffix(".").split("; ")
        if way in _FLIPS:
            parts = step.removesuffix(".").split("; ")
            for at, clause in enumerate(parts):
                if flipped := _flip(clause, way):
                    yield index, "; ".join([*parts[:at], flipped, *parts[at + 1 :]]) + ".", way
        elif way is ErrorKind.UNKNOWN_EVENT:
            line, _, rest = step.partition(": ")
            yield index, f"Line {item.story.actions[-1].line + int(line.split()[1])}: {rest}", way
        elif " in " in head:
            before, _, place = head.rpartition(" in ")
            line = int(head.partition(":")[0].split()[1])
            for other, kind in _other_places(item, place, way, line, said=" says " in before):
                yield index, "; ".join([f"{before} in {other}", *clauses]) + ".", kind
        if running:
            yield from ((index, text, kind) for text, kind in _other_clauses(item, step, way))
    for asked, other, kind in _other_beliefs(item, way):
        yield len(events), conclusion(asked, other), kind


def _other_clauses(item: Item, step: str, way: ErrorKind) -> Iterator[tuple[str, ErrorKind]]:
    """The step with its last clause, the belief after its line, changed."""
    line = int(step.partition(":")[0].split()[1])
    asked = replace(item.question, chain=collapse(item.question.chain), line=line)
    value = BeliefState(item.story, PROFILES[item.profile]).answer(asked).value
    before, found, _ = step.rpartition(f"; {statement(asked, value)}.")
    if found:
        for other, wrong, kind in _other_beliefs(replace(item, question=asked), way):
            yield f"{before}; {statement(other, wrong)}.", kind


def _flip(clause: str, way: ErrorKind) -> str | None:
    for old, new in _FLIPS[way]:
        if old in clause and ("seems" in clause) == ("seems" in old):
            return clause.replace(old, new)
    return None


def _other_places(
    item: Item, place: str, way: ErrorKind, line: int | None, said: bool
) -> Iterator[tuple[str, ErrorKind]]:
    """Wrong places for the thing at some line (None: the end), or in what somebody says."""
    if way is ErrorKind.WRONG_TIME and not said:
        before = _world(item, line - 1) if line else None
        for other in _visited(item):
            if other != place:
                yield other, ErrorKind.STALE_COPY if other == before else way
    elif way is ErrorKind.WRONG_PLACE:
        yield from ((other, way) for other in _elsewhere(item) if other != place)


def _other_beliefs(item: Item, way: ErrorKind) -> Iterator[tuple[Question, str | None, ErrorKind]]:
    """Wrong answers to the question, or the answer to a question about other names; with their kinds."""
    question, fact = item.question, item.question.fact
    state = BeliefState(item.story, PROFILES[item.profile])
    value = state.answer(question).value
    if not question.chain:
        for other, kind in _other_places(item, value or "", way, question.line, said=False):
            yield question, other, kind
        return
    if way is ErrorKind.NAMES_SWAPPED:
        for chain in other_orders(collapse(question.chain)):
            if collapse(chain) == chain and state.belief(chain, fact, question.line).value != value:
                asked = replace(question, chain=chain)
                yield asked, value, _kind_of(item, state, chain, value)
        return
    if fact.relation == KNOWN or way is ErrorKind.ORDER_COLLAPSED:
        # Knowing for not knowing, and the reverse.
        other = None if value is not None else "yes"
        if way is ErrorKind.ORDER_COLLAPSED and (value is not None or fact.relation == KNOWN):
            yield question, other, _kind_of(item, state, question.chain, other)
        return
    held = {state.belief(question.chain, fact, e.line).value for e in _events(item)}
    stale = sorted(v for v in held if v is not None and v != value and is_readable(v))
    if way is ErrorKind.BELIEF_NOT_UPDATED:
        options = stale
    elif way is ErrorKind.UPDATED_WITHOUT_PERCEPTION:
        options = sorted({p for p in _visited(item) if p != value} - set(stale))
    elif way is ErrorKind.WRONG_PLACE:
        options = [p for p in _elsewhere(item) if p != value and p not in stale]
    else:
        options = []
    for other in options:
        yield question, other, _kind_of(item, state, question.chain, other)


def _kind_of(item: Item, state: BeliefState, chain: tuple[str, ...], value: str | None) -> ErrorKind:
    """The first kind that the value fits, given for what the chain believes."""
    question, fact = item.question, item.question.fact
    chain = collapse(chain)

    def held(chains: Iterator[tuple[str, ...]]) -> set[str]:
        beliefs = (state.belief(c, fact, question.line).value for c in chains)
        return {value_words(fact, v) for v in beliefs if v is not None}

    wanted, end = value_words(fact, value), question.line
    events = _events(item)
    if end is not None:
        before = state.belief(chain, fact, end - 1).value
        if value_words(fact, before) == wanted:
            return ErrorKind.STALE_COPY
        events = [e for e in events if e.line < end]
    earlier = {value_words(fact, state.belief(chain, fact, e.line).value) for e in events} | {""}
    told = {value_words(fact, e.value(fact)) for e in item.story.about(fact) if e.tell}
    given = {value_words(fact, e.value(fact)) for e in item.story.about(fact) if not e.tell}
    fits = (
        (ErrorKind.BELIEF_NOT_UPDATED, earlier),
        (ErrorKind.ORDER_COLLAPSED, held(shorter_chains(chain, fact))),
        (ErrorKind.NAMES_SWAPPED, held(other_orders(chain))),
        (ErrorKind.UPDATED_WITHOUT_PERCEPTION, given),
        (ErrorKind.WRONG_TRUST, told),
    )
    return next((kind for kind, values in fits if wanted in values), ErrorKind.WRONG_PLACE)


def _events(item: Item) -> list[Event]:
    return until(item.story.about(item.question.fact), item.question.line)


def _world(item: Item, line: int) -> str | None:
    return BeliefState(item.story, PROFILES[item.profile]).belief((), item.question.fact, line).value


def _visited(item: Item) -> tuple[str, ...]:
    """Where the thing really was, in order of first visit."""
    fact = item.question.fact
    visits = (e.value(fact) for e in item.story.about(fact) if not e.tell and not e.said)
    return tuple(dict.fromkeys(v for v in visits if v is not None and is_readable(v)))


def _elsewhere(item: Item) -> tuple[str, ...]:
    """Places where the thing never was: those on offer, else one of our own."""
    if item.question.answers:
        return ("golden_teapot",)
    visited = _visited(item)
    offered = (p for p in item.question.choices if is_readable(p))
    return tuple(p for p in offered if p not in visited) or ("golden_teapot",)
