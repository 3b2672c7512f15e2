"""What one reasoning step says, before it is put into words, and whether that is true of the story.

A `Point` holds formal claims; a narrator words all of them and no more, so a step's label is exact by
construction: 1 if every claim holds in the story, 0 if one does not, None if it claims nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tomprm.belief.state import BeliefState
from tomprm.belief.update import sets
from tomprm.world.events import CHANGES, Action, Event, Fact, Kind
from tomprm.world.items import Item
from tomprm.world.replay import PROFILES

Named = tuple[tuple[str, bool], ...]  # (name, does it hold of them?)
TELLS = (Kind.CLAIM, Kind.TELL)


@dataclass(frozen=True, slots=True)
class Point:
    """The content of a step. Empty fields claim nothing.

    Attributes:
        role: "event", "recall" (an event gone back to), "rest" (lines about other things),
            "conclusion", or a filler's name, which claims nothing.
        line: the story line it speaks of, 0 for none; `until`: the last one of a `rest`.
        action: what the line says. An entry with `place` also claims that the thing is found there.
        seen_by: all who perceived it, and nobody else did.
        sees: people who did or did not perceive it (of a tell: hear it).
        seems: people whom the others take for witnesses, or do not.
        gone: people who are not in `room` at that line.
        trusts: hearers who believe the speaker or do not.
        later: the speaker left after the first of them (Hi-ToM's ground for trust), or before.
        chain, place: a belief right after the line (of a conclusion: in the end); place None: unknown.
        kept: the belief is worded as unchanged ("still").
    """

    role: str
    line: int = 0
    until: int = 0
    action: Action | None = None
    seen_by: tuple[str, ...] | None = None
    sees: Named = ()
    seems: Named = ()
    gone: tuple[str, ...] = ()
    room: str = ""
    trusts: Named = ()
    later: bool | None = None
    chain: tuple[str, ...] = ()
    place: str | None = None
    kept: bool = False


class Truth:
    """What is so in an item's story, as far as points speak of it."""

    def __init__(self, item: Item) -> None:
        self.item = item
        self.chain, self.fact = item.question.chain, item.question.fact
        self.state = BeliefState(item.story, PROFILES[item.profile])
        self.actions = {a.line: a for a in item.story.actions}
        self.last = item.story.actions[-1].line
        entries = (a.line for a in item.story.actions if a.kind is Kind.ENTER)
        self.first_entry = next(entries, 0)

    def event(self, line: int) -> Event | None:
        """What a line does to the questioned thing, as its witnesses take it in."""
        return next(
            (e for e in self.state.story.about(self.fact) if e.line == line and e.chains is None), None
        )

    def is_first(self, line: int) -> bool:
        """Is it the first line about the questioned thing?"""
        return self.state.story.about(self.fact)[0].line == line

    def belief(self, chain: tuple[str, ...], line: int) -> str | None:
        return self.state.belief(chain, self.fact, line).value

    def room(self, name: str, line: int) -> str | None:
        return self.state.belief((), Fact(name, "room"), line).value

    def trusting(self, line: int) -> frozenset[str]:
        """Who believes what is said at a line."""
        event = self.event(line)
        if event is None:
            return frozenset()
        if event.tell is not None:
            return event.tell.trusting
        return event.real if event.said else frozenset()

    def left_later(self, speaker: str, hearer: str, line: int) -> bool | None:
        """Did the speaker leave after the hearer in the chapter before this line? None: not both did."""
        exits: dict[str, int] = {}
        for action in self.item.story.actions:
            if action.line >= line:
                break
            if action.kind is Kind.ENTER and action.room not in self.state.profile.neutral_rooms:
                exits = {}
            elif action.kind is Kind.EXIT:
                exits |= dict.fromkeys(action.actors, action.line)
        both = speaker in exits and hearer in exits
        return exits[speaker] > exits[hearer] if both else None

    def updates(self, after: int, until: int) -> bool:
        """Does a line of after + 1 .. until write into the queried belief?"""
        return any(
            after < e.line <= until and sets(e, self.chain, self.state.profile.tells)
            for e in self.state.story.about(self.fact)
        )

    def changes(self, line: int) -> bool:
        """Does the queried belief change at a line?"""
        return self.belief(self.chain, line) != self.belief(self.chain, line - 1)

    def label(self, point: Point) -> int | None:
        """1: all that the point claims is true; 0: something is not; None: it claims nothing."""
        claims = list(self._claims(point))
        return int(all(claims)) if claims else None

    def _claims(self, point: Point) -> Iterator[bool]:
        event = self.event(point.line)
        if point.action is not None:
            yield self._happened(point.action, point.line)
        if point.role == "rest":
            yield not any(point.line <= e.line <= point.until for e in self.state.story.about(self.fact))
        if point.seen_by is not None:
            yield event is not None and event.real == frozenset(point.seen_by)
        for name, seen in point.sees:
            yield event is not None and (name in event.real) == seen
        for name, seemed in point.seems:
            yield event is not None and (name in event.apparent) == seemed
        for name in point.gone:
            yield self.room(name, point.line) != point.room
        for name, believed in point.trusts:
            yield event is not None and (name in self.trusting(point.line)) == believed
        if point.later is not None and point.action is not None:
            yield self.left_later(point.action.actors[0], point.trusts[0][0], point.line) == point.later
        if point.chain:
            yield self.belief(point.chain, point.line or self.last) == point.place

    def _happened(self, told: Action, line: int) -> bool:
        """Is this what the line says?"""
        real = self.actions.get(line)
        if real is None or real.kind is not told.kind or real.actors != told.actors:
            return False
        if told.kind in (*CHANGES, *TELLS):
            return (real.thing, real.place, real.listener) == (told.thing, told.place, told.listener)
        if told.kind is Kind.ENTER:
            shown = not told.place or self.belief((), line) == told.place
            return real.room == told.room and shown
        return real.place == told.place and real.room == told.room
