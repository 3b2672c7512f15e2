"""The story as a retelling refers to it: who is where at a line, and at which line an event is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import cached_property

from tomprm.belief.state import BeliefState
from tomprm.trace.steps import normalise
from tomprm.world.events import CHANGES, Action, Event, Fact, Kind

_GOING = (Kind.ENTER, Kind.EXIT, Kind.CARRY)
_SAYING = (Kind.CLAIM, Kind.TELL)


class Timeline:
    """Lookups in a replayed story; lines are those of its sentences."""

    def __init__(self, state: BeliefState) -> None:
        self.state = state
        self.story = state.story
        self.actions = self.story.actions
        self.lines = [a.line for a in self.actions]
        self.end = self.lines[-1] if self.lines else 0
        self.agents = frozenset(self.story.agents)
        self._rooms: dict[tuple[str, int], str | None] = {}

    @cached_property
    def by_line(self) -> dict[int, Action]:
        return {a.line: a for a in self.actions}

    def room(self, name: str, line: int) -> str | None:
        """The room that `name` is really in right after a line; None: in none that is known."""
        key = (name, line)
        if key not in self._rooms:
            value = self.state.belief((), Fact(name, "room"), line).value
            self._rooms[key] = None if value is None or value.startswith("not(") else value
        return self._rooms[key]

    def scene(self, line: int) -> str | None:
        """The room in which something happens at a line, or last happened before it."""
        for action in reversed(self.actions):
            if action.line > line or action.kind is Kind.NOISE:
                continue
            if action.room and action.kind is not Kind.CARRY:
                return action.room
            if action.kind in CHANGES or action.kind is Kind.CARRY or action.kind is Kind.CLAIM:
                for name in action.actors:
                    if room := self.room(name, action.line):
                        return room
        return None

    def present(self, line: int) -> frozenset[str]:
        """Who is in the scene at a line; whoever leaves at that line counts as there."""
        room = self.scene(line)
        here = {n for n in self.agents if self.room(n, line) == room} if room else set[str]()
        action = self.by_line.get(line)
        if action is not None and action.kind is Kind.EXIT:
            here |= set(action.actors)
        return frozenset(here)

    def perceived(self, line: int) -> Event | None:
        """What can be perceived at a line: of several events, the one that tells what happens to things."""
        events = [e for e in self.story.at(line) if e.chains is None]
        action = self.by_line.get(line)
        if action is not None and action.kind in CHANGES:
            events = [e for e in events if e.real] or events
        if action is not None and action.kind is Kind.CARRY and events:
            # Those left behind see it go, those in the other room see it come.
            real = frozenset[str]().union(*(e.real for e in events))
            return replace(
                events[-1], real=real, apparent=frozenset[str]().union(*(e.apparent for e in events))
            )
        return events[0] if events else None

    # -- which line is meant -----------------------------------------------------------------------

    def moves(self, who: Iterable[str] | None, things: Sequence[str], place: str, room: str) -> list[int]:
        """Lines where a thing is put somewhere; "" and None fit anything."""
        named = None if who is None else set(who)
        wanted = {normalise(t) for t in things}

        def fits(a: Action) -> bool:
            if a.kind not in (*CHANGES, Kind.CARRY) or (wanted and normalise(a.thing) not in wanted):
                return False
            if named is not None and not named & set(a.actors):
                return False
            if place and normalise(place) != normalise(a.place):
                return False
            return not room or normalise(room) == normalise(a.room or self.scene(a.line) or "")

        return self._where(fits)

    def entries(self, who: Iterable[str], room: str) -> list[int]:
        """Lines where at least one of `who` comes into a room."""
        named = set(who)

        def fits(a: Action) -> bool:
            coming = a.kind in (Kind.ENTER, Kind.CARRY) and bool(named & set(a.actors))
            return coming and (not room or normalise(a.room) == normalise(room))

        return self._where(fits)

    def exits(self, who: Iterable[str], room: str) -> list[int]:
        """Lines where at least one of `who` leaves a room: by saying so, or by entering another."""
        found: list[int] = []
        for name in who:
            before: str | None = None
            for action in self.actions:
                if name in action.actors and action.kind in _GOING:
                    left = action.room if action.kind is Kind.EXIT else before
                    moved = action.kind is Kind.EXIT or (left is not None and left != action.room)
                    if moved and left and (not room or normalise(left) == normalise(room)):
                        found.append(action.line)
                before = self.room(name, action.line)
        return sorted(set(found))

    def tells(
        self, who: Iterable[str] | None, listener: Iterable[str], things: Sequence[str], place: str
    ) -> list[int]:
        """Lines where somebody says something; "" and () fit anything."""
        named, hearers = None if who is None else set(who), set(listener)
        wanted = {normalise(t) for t in things if t}

        def fits(a: Action) -> bool:
            if a.kind not in _SAYING or (named is not None and not named & set(a.actors)):
                return False
            if hearers and a.listener and a.listener not in hearers:
                return False
            if wanted and normalise(a.thing) not in wanted:
                return False
            return not place or normalise(place) == normalise(a.place)

        return self._where(fits)

    def _where(self, fits: Callable[[Action], bool]) -> list[int]:
        return [a.line for a in self.actions if fits(a)]


def nearest(lines: Sequence[int], cursor: int, past: bool = False) -> int | None:
    """The next line from the cursor on, else the last before it; for the past the other way round."""
    later = [n for n in lines if n >= cursor]
    earlier = [n for n in lines if n < cursor]
    if past:
        at_most = [n for n in lines if n <= cursor]
        return at_most[-1] if at_most else (later[0] if later else None)
    return later[0] if later else (earlier[-1] if earlier else None)
