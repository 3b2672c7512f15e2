"""One known fault at one known step of a sound argument, alone or with what follows from it.

    belief_not_updated         keeps the belief where an update was due
    updated_without_perception updates it where the chain missed the event
    wrong_observers            a witness too many or too few
    order_collapsed            what is so, or what the inner people believe, for the nested belief
    names_swapped              two people of the chain change places
    wrong_trust                believes whom it should not, or the reverse
    stale_copy                 a belief held before the last one
    frozen_on_exit             takes a member for gone who is there, so freezes the belief
    claimed_unknown            says unknown where a belief is known
    wrong_place                another place than the story's
    unknown_event              a move that never happened

The name of a fault is the `error_type` of its step; steps that follow from it have `propagated`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from tomprm.bench.points import TELLS, Point, Truth
from tomprm.world.events import CHANGES, Kind

PROPAGATED = "propagated"


@dataclass(frozen=True, slots=True)
class Fault:
    """`point` in place of the one at `index`. `belief`: what the narrator now holds the queried belief for,
    None where nothing follows."""

    kind: str
    index: int
    point: Point
    belief: str | None = None


def faults(truth: Truth, points: Sequence[Point], kind: str) -> list[Fault]:
    """All faults of a kind that make exactly their own step false.

    Raises:
        KeyError: an unknown kind.
    """
    make = KINDS[kind]
    found = [
        Fault(kind, index, wrong, belief)
        for index, point in enumerate(points)
        if truth.label(point) == 1
        for wrong, belief in make(truth, point)
    ]
    return [fault for fault in found if truth.label(fault.point) == 0]


def alone(points: Sequence[Point], fault: Fault) -> list[Point]:
    """The argument with the faulty step, all others as they were."""
    return [*points[: fault.index], fault.point, *points[fault.index + 1 :]]


def propagated(truth: Truth, points: Sequence[Point], fault: Fault) -> list[Point]:
    """The argument with the faulty step and what a consistent narrator says from there on: the mistaken
    belief stays until a line that writes into the queried belief."""
    changed = alone(points, fault)
    if fault.belief is None:
        return changed
    held, since = fault.belief, fault.point.line or truth.last
    for index in range(fault.index + 1, len(changed)):
        point = changed[index]
        line = point.line or truth.last
        if truth.updates(since, line):
            healed = truth.belief(truth.chain, line)
            held, since = healed or held, line
        if point.chain == truth.chain and point.place is not None and point.role != "recall":
            same = point.place == held
            changed[index] = point if same else replace(point, place=held, kept=point.role == "event")
    return changed


Wrong = Iterator[tuple[Point, str | None]]


def _queried(truth: Truth, point: Point) -> bool:
    return point.chain == truth.chain and point.place is not None


def _before(truth: Truth, point: Point) -> str | None:
    return truth.belief(truth.chain, point.line - 1)


def _holding(truth: Truth, point: Point, belief: str | None, kept: bool) -> Point:
    """The point with the queried belief that follows, where it states one."""
    if not _queried(truth, point) or belief is None:
        return point
    return replace(point, place=belief, kept=kept)


def _not_updated(truth: Truth, point: Point) -> Wrong:
    old = _before(truth, point)
    if _queried(truth, point) and point.line and old is not None and old != point.place:
        yield replace(point, place=old, kept=True), old


def _updated(truth: Truth, point: Point) -> Wrong:
    action = point.action
    told = action is not None and action.kind in TELLS
    if _queried(truth, point) and action and not told and action.place not in ("", point.place):
        yield replace(point, place=action.place, kept=False), action.place


def _observers(truth: Truth, point: Point) -> Wrong:
    action, old = point.action, _before(truth, point)
    if action is None or action.kind in TELLS:
        return
    for name in dict.fromkeys(truth.chain):
        if name in action.actors or any(name == n for n, _ in point.seems):
            continue
        if point.seen_by is not None:
            order = [n for n in truth.item.story.agents if n in {*point.seen_by} ^ {name}]
            wrong = replace(point, seen_by=tuple(order))
            seen = set(order) | {n for n, seemed in point.seems if seemed}
        elif dict(point.sees).get(name) is not None:
            sees = tuple((n, not s if n == name else s) for n, s in point.sees)
            wrong = replace(point, sees=sees, gone=tuple(n for n in point.gone if n != name))
            seen = {n for n, s in sees if s} | {n for n, seemed in point.seems if seemed}
        else:
            continue
        if not wrong.seen_by and point.seen_by is not None:
            continue
        took_in = seen.issuperset(truth.chain)
        belief = action.place if took_in else old
        if point.role == "recall":
            belief = point.place
        if belief is not None or not _queried(truth, point):
            yield _holding(truth, wrong, belief, kept=not took_in), belief


def _collapsed(truth: Truth, point: Point) -> Wrong:
    if not _queried(truth, point):
        return
    line = point.line or truth.last
    for chain in dict.fromkeys((truth.chain[1:], truth.chain[-1:], ())):
        other = truth.belief(chain, line)
        unseen = point.action is not None and point.action.place == other  # has a name of its own
        if other is not None and other != point.place and not unseen:
            yield replace(point, place=other, kept=False), other


def _swapped(truth: Truth, point: Point) -> Wrong:
    chain = point.chain
    for i in range(len(chain) - 1):
        swapped = (*chain[:i], chain[i + 1], chain[i], *chain[i + 2 :])
        yield replace(point, chain=swapped), None


def _trust(truth: Truth, point: Point) -> Wrong:
    action, old = point.action, _before(truth, point)
    event = truth.event(point.line)
    if event is None or event.tell is None:
        return  # where everybody believes everything, a doubt would give itself away
    for i, (name, trusted) in enumerate(point.trusts):
        if action is None:
            continue
        trusts = (*point.trusts[:i], (name, not trusted), *point.trusts[i + 1 :])
        reaches = all(t for _, t in trusts) and not any(not heard for _, heard in point.sees)
        belief = action.place if reaches else old
        if belief is not None or not _queried(truth, point):
            later = None if point.later is None else not point.later
            wrong = replace(point, trusts=trusts, later=later)
            yield _holding(truth, wrong, belief, kept=not reaches), belief


def _stale(truth: Truth, point: Point) -> Wrong:
    if not _queried(truth, point) or point.role == "recall":
        return
    line = point.line or truth.last
    held = [truth.belief(truth.chain, e.line) for e in truth.state.story.about(truth.fact) if e.line < line]
    just_before = _before(truth, point) if point.line else None
    for old in dict.fromkeys(held):
        if old is not None and old not in (point.place, just_before):
            yield replace(point, place=old, kept=True), old


def _frozen(truth: Truth, point: Point) -> Wrong:
    """Somebody has left before, so the narrator takes a member for gone who is there."""
    action, old = point.action, _before(truth, point)
    if action is None or action.kind is not Kind.MOVE or not point.sees or point.role == "recall":
        return
    left = any(a.kind is Kind.EXIT and a.line < point.line for a in truth.item.story.actions)
    room = truth.room(action.actors[0], point.line)
    if not left or room is None or not all(seen for _, seen in point.sees) or old == action.place:
        return
    for name in dict.fromkeys(truth.chain):
        if name not in action.actors and truth.room(name, point.line) == room:
            sees = tuple((n, s and n != name) for n, s in point.sees)
            wrong = replace(point, sees=sees, gone=(*point.gone, name), room=room)
            if old is not None or not _queried(truth, point):
                yield _holding(truth, wrong, old, kept=True), old


def _unknown(truth: Truth, point: Point) -> Wrong:
    if point.chain and point.place is not None:
        yield replace(point, place=None, kept=False), None


def _place(truth: Truth, point: Point) -> Wrong:
    action = point.action
    if action is None or not action.place or action.kind not in (*CHANGES, *TELLS, Kind.ENTER):
        return
    for other in truth.item.question.choices:
        if other != action.place and truth.belief((), point.line - 1) != other:
            taken_in = _queried(truth, point) and point.place == action.place and truth.changes(point.line)
            belief = other if taken_in else None
            yield _holding(truth, replace(point, action=replace(action, place=other)), belief, False), belief


def _event(truth: Truth, point: Point) -> Wrong:
    """Somebody else who is there moves the thing somewhere else."""
    action = point.action
    if action is None or action.kind is not Kind.MOVE or point.role == "recall":
        return
    room = truth.room(action.actors[0], point.line)
    there = [
        n for n in truth.item.story.agents if n not in action.actors and truth.room(n, point.line) == room
    ]
    takes_in = _queried(truth, point) and point.place == action.place and truth.changes(point.line)
    for other in (p for p in truth.item.question.choices if p != action.place):
        for name in there:
            wrong = replace(point, action=replace(action, actors=(name,), place=other))
            belief = other if takes_in else None
            yield _holding(truth, wrong, belief, False), belief


KINDS: dict[str, Callable[[Truth, Point], Wrong]] = {
    "belief_not_updated": _not_updated,
    "updated_without_perception": _updated,
    "wrong_observers": _observers,
    "order_collapsed": _collapsed,
    "names_swapped": _swapped,
    "wrong_trust": _trust,
    "stale_copy": _stale,
    "frozen_on_exit": _frozen,
    "claimed_unknown": _unknown,
    "wrong_place": _place,
    "unknown_event": _event,
}
