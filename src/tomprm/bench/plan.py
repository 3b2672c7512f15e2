"""A sound argument as a list of points: which lines it goes through and what it says about each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from tomprm.belief.update import sets
from tomprm.bench.points import TELLS, Named, Point, Truth
from tomprm.world.events import CHANGES, Action, Event, Kind

_REST = 4  # so many lines in a row about other things are worth a remark


@dataclass(frozen=True, slots=True)
class Outline:
    """How thorough a narrator is.

    Attributes:
        lines: "every" line of the story, the "relevant" ones (the thing, the chain's comings and goings),
            the thing's "changes" alone, or the "decisive" ones: what set the belief and what was missed.
        witnesses: "list" names all who perceived an event, "members" speaks of the question's people.
        beliefs: chance that a step states the queried belief; where it changes twice as likely.
        exits: chance that a member's exit says what that member believes from now on.
        opening, closing: fillers before the first point and before the conclusion.
        recall: goes back to one event before the conclusion.
        rest: remarks on stretches about other things.
        reasons: says now and then why somebody trusts a speaker or does not.
    """

    lines: Literal["every", "relevant", "changes", "decisive"] = "relevant"
    witnesses: Literal["list", "members"] = "members"
    beliefs: float = 0.4
    exits: float = 0.4
    opening: tuple[str, ...] = ()
    closing: tuple[str, ...] = ()
    recall: bool = False
    rest: bool = False
    reasons: bool = True


def plan(truth: Truth, outline: Outline, rng: np.random.Generator) -> list[Point]:
    """The points of a sound argument for the item's question; the last one is the conclusion."""
    points: list[Point] = []
    quiet: list[int] = []
    for action in truth.item.story.actions:
        point = _event(truth, action, outline, rng)
        if point is None:
            quiet.append(action.line)
            continue
        points += _rest(quiet, outline, rng)
        quiet = []
        points.append(point)
        if outline.recall and _worth_recalling(truth, point) and rng.random() < 0.4:
            points.append(_recall(truth, point, beliefs=True))
    points += _rest(quiet, outline, rng)
    if outline.lines == "decisive":
        points = _decisive(truth, points)
    answer = truth.belief(truth.chain, truth.last)
    conclusion = Point("conclusion", chain=truth.chain, place=answer)
    opening = [Point(role) for role in outline.opening]
    return [*opening, *points, *(Point(role) for role in outline.closing), conclusion]


def _event(truth: Truth, action: Action, outline: Outline, rng: np.random.Generator) -> Point | None:
    """The point about one line, None where the outline passes it over."""
    event = truth.event(action.line)
    if action.kind is Kind.NOISE and not action.actors:
        return None  # where a container stands
    if action.kind in TELLS and not action.place:
        event = None  # chatter about a topic
    members = tuple(dict.fromkeys(truth.chain))
    comes_or_goes = action.kind in (Kind.ENTER, Kind.EXIT) and any(n in members for n in action.actors)
    setting = action.kind is Kind.ENTER and action.line == truth.first_entry
    if outline.lines in ("changes", "decisive"):
        heard = event is not None and sets(event, truth.chain, truth.state.profile.tells)
        if event is None or not (action.kind in CHANGES or heard):
            return None
    elif outline.lines == "relevant" and event is None and not (comes_or_goes or setting):
        return None
    if event is not None and action.kind is Kind.ENTER:
        action = replace(action, thing=truth.fact.thing, place=event.value(truth.fact) or "")
    point = Point("event", action.line, action=action)
    if event is not None:
        if action.kind in TELLS:
            point = _hearers(truth, point, event, members, outline.reasons and rng.random() < 0.5)
        else:
            point = _witnesses(truth, point, event, members, outline, rng)
    return _stating(truth, point, event, outline, rng)


def _witnesses(
    truth: Truth,
    point: Point,
    event: Event,
    members: tuple[str, ...],
    outline: Outline,
    rng: np.random.Generator,
) -> Point:
    if event.kind is Kind.ENTER:
        # Sources differ on what those learn who were there before: only who does see it is said.
        return replace(point, sees=tuple((name, True) for name in members if name in event.real))
    sees: Named = tuple((name, name in event.real) for name in members)
    # What the others take somebody for matters, and is said, only where it is mistaken.
    mistaken = [name for name in members if (name in event.real) != (name in event.apparent)]
    seems: Named = tuple((name, name in event.apparent) for name in mistaken)
    if outline.witnesses == "list":
        everyone = tuple(name for name in truth.item.story.agents if name in event.real)
        return replace(point, seen_by=everyone, seems=seems)
    actor = point.action.actors[0] if point.action and point.action.actors else ""
    where = truth.room(actor, point.line) if point.action and point.action.kind is Kind.MOVE else None
    gone: tuple[str, ...] = ()
    if where and rng.random() < 0.8:
        gone = tuple(
            n for n, seen in sees if not seen and n not in mistaken and truth.room(n, point.line) != where
        )
    return replace(point, sees=sees, seems=seems, gone=gone, room=where if where and gone else "")


def _hearers(truth: Truth, point: Point, event: Event, members: tuple[str, ...], reason: bool) -> Point:
    """Of a claim: who of the chain hears it, and whose trust decides."""
    action = point.action
    assert action is not None
    speaker, trusting = action.actors[0], truth.trusting(point.line)
    deaf: Named = tuple((n, False) for n in members if n not in event.real)
    if event.tell is None:  # ExploreToM: whoever hears it believes it
        seems: Named = tuple((n, n in event.apparent) for n, _ in deaf if n in event.apparent)
        hearers = [n for n in members if n in event.real and n != speaker]
        return replace(point, sees=deaf, seems=seems, trusts=tuple((n, True) for n in hearers))
    *_, before, last = ("", *truth.chain)
    carrier = before if last == speaker else last
    heard = carrier in event.tell.listeners
    if not heard:
        return replace(point, sees=deaf)
    later = truth.left_later(speaker, carrier, point.line) if reason else None
    return replace(point, sees=deaf, trusts=((carrier, carrier in trusting),), later=later)


def _stating(
    truth: Truth, point: Point, event: Event | None, outline: Outline, rng: np.random.Generator
) -> Point:
    """With the belief that the step states, if it states one."""
    action = point.action
    assert action is not None
    before, now = truth.belief(truth.chain, point.line - 1), truth.belief(truth.chain, point.line)
    draw = rng.random()
    if action.kind is Kind.EXIT and outline.lines != "every":
        leaver = (action.actors[0],)
        held = truth.belief(leaver, point.line)
        if leaver[0] in truth.chain and held is not None and draw < outline.exits:
            return replace(point, chain=leaver, place=held, kept=True)
        return point
    chance = outline.beliefs * (2 if before != now else 1) * (1 if event is not None else 0.5)
    if outline.lines == "every" and outline.beliefs == 1:
        chance = 1.0
    if now is None and outline.beliefs < 1:
        # That somebody does not know yet is said too, or such a sentence would give an error away.
        chance *= 0.5 if event is not None else 0.0
    if draw < chance:
        return replace(point, chain=truth.chain, place=now, kept=before == now and now is not None)
    return point


def _worth_recalling(truth: Truth, point: Point) -> bool:
    action = point.action
    return action is not None and action.kind is Kind.MOVE and bool(point.sees)


def _recall(truth: Truth, point: Point, beliefs: bool) -> Point:
    held = truth.belief(truth.chain, point.line)
    stated = truth.chain if beliefs and held is not None else ()
    return Point(
        "recall", point.line, action=point.action, sees=point.sees, seems=point.seems,
        chain=stated, place=held if stated else None,
    )  # fmt: skip


def _rest(quiet: list[int], outline: Outline, rng: np.random.Generator) -> list[Point]:
    if not outline.rest or len(quiet) < _REST or rng.random() < 0.4:
        return []
    if quiet[-1] - quiet[0] + 1 != len(quiet):
        return []
    return [Point("rest", quiet[0], until=quiet[-1])]


def _decisive(truth: Truth, points: list[Point]) -> list[Point]:
    """The event that set the belief, and the last one that did not reach it."""
    setting = truth.state.belief(truth.chain, truth.fact).event
    line = setting.line if setting else 0
    kept = [p for p in points if p.line == line]
    later = [p for p in points if p.line > line and p.action and p.action.kind in CHANGES]
    return [*kept, *later[-1:]]
