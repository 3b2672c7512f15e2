"""Stories as immutable events: what changed, who really perceived it, who seemed to.

An `Action` is one sentence of a story as written. `tomprm.world.replay` turns actions into
`Event`s, which carry the two sets of perceivers that every nested belief follows from:

    real      R: who perceived the event
    apparent  P: who the people in R take for its witnesses

They differ only for secret witnesses (in R, not in P) and distracted people (in P, not in R).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import NamedTuple


class Fact(NamedTuple):
    """What a belief is about: a thing and a relation, e.g. `Fact("apple", "place")`."""

    thing: str
    relation: str = "place"


class Kind(str, Enum):
    """Kinds of story sentence."""

    ENTER = "enter"  # actors, room
    EXIT = "exit"  # actors, room
    PLACE = "place"  # thing, place: "The apple is in the box."
    MOVE = "move"  # actors[0], thing, place
    CARRY = "carry"  # actors[0] takes the thing to another room
    UPDATE = "update"  # a state that the text describes freely
    STAY = "stay"  # actors, room
    CLAIM = "claim"  # public: actors[0], thing, place
    TELL = "tell"  # private: actors[0] to listener, thing, place
    SAY = "say"  # actors say something in a conversation
    NOISE = "noise"  # changes nothing


CHANGES = (Kind.PLACE, Kind.MOVE)  # sentences that change where a thing is


@dataclass(frozen=True, slots=True)
class Action:
    """One sentence of a story. `line` is its number as printed (1-based where none is printed).

    >>> Action(3, Kind.MOVE, ("Ann",), thing="apple", place="box").actors
    ('Ann',)
    """

    line: int
    kind: Kind
    actors: tuple[str, ...] = ()
    thing: str = ""
    place: str = ""
    room: str = ""
    listener: str = ""
    secret: tuple[str, ...] = ()  # watched without being seen
    distracted: tuple[str, ...] = ()  # there, but noticed nothing


@dataclass(frozen=True, slots=True)
class Tell:
    """A claim that may write a value into named chains without the fact being perceived."""

    speaker: str
    listeners: frozenset[str]
    trusting: frozenset[str]  # the listeners who believe the speaker
    public: bool


@dataclass(frozen=True, slots=True)
class Event:
    """One change with its perceivers. A sentence gives one event, or several when their
    perceivers differ (an entry is seen by the room, the room's contents by the entrants).

    Attributes:
        chains: where a benchmark writes into named chains of beliefs, exactly those (the empty
            chain is the world); None: into whatever the perceivers make it reach.
        said: told by somebody, so no change of the world.
    """

    line: int
    kind: Kind
    facts: tuple[tuple[Fact, str], ...]
    real: frozenset[str]
    apparent: frozenset[str]
    tell: Tell | None = None
    chains: frozenset[tuple[str, ...]] | None = None
    said: bool = False

    def value(self, fact: Fact) -> str | None:
        """The value that this event gives to `fact`, None where it does not touch it."""
        for key, value in self.facts:
            if key == fact:
                return value
        return None


@dataclass(frozen=True)
class Story:
    """A replayed story: its sentences, its events in order, its people."""

    actions: tuple[Action, ...]
    events: tuple[Event, ...]
    agents: tuple[str, ...]  # in order of appearance
    _by_fact: dict[Fact, tuple[Event, ...]] = field(
        default_factory=dict[Fact, tuple[Event, ...]], init=False, compare=False, repr=False
    )

    def about(self, fact: Fact) -> tuple[Event, ...]:
        """The events that touch `fact`, in story order."""
        if fact not in self._by_fact:
            self._by_fact[fact] = tuple(e for e in self.events if e.value(fact) is not None)
        return self._by_fact[fact]

    @cached_property
    def _by_line(self) -> dict[int | None, list[Event]]:
        found: dict[int | None, list[Event]] = {}
        for event in self.events:
            found.setdefault(event.line, []).append(event)
        return found

    def at(self, line: int | None) -> Sequence[Event]:
        """The events of a line, in story order."""
        return self._by_line.get(line, ())

    def places(self, thing: str) -> tuple[str, ...]:
        """The places where `thing` really was, in order of first visit."""
        visits = (e.value(Fact(thing)) for e in self.about(Fact(thing)) if not e.tell and not e.said)
        return tuple(dict.fromkeys(v for v in visits if v is not None))

    @property
    def things(self) -> tuple[str, ...]:
        """Things that have a place in the story."""
        return tuple(dict.fromkeys(a.thing for a in self.actions if a.kind in CHANGES))


@dataclass(frozen=True, slots=True)
class Question:
    """Where does chain[0] think chain[1] thinks ... the thing is? An empty chain asks for reality.

    Attributes:
        line: the belief right after this sentence is asked for; None: at the end.
        answers: what to say for a belief's value, None for no belief; values that are not
            listed are answers themselves. `((None, "no"), ("known", "yes"))`
        who: asks for all people whose belief has a value (an empty chain), joined by ", ".
    """

    chain: tuple[str, ...]
    fact: Fact
    choices: tuple[str, ...] = ()
    gold: str | None = None
    line: int | None = None
    answers: tuple[tuple[str | None, str], ...] = ()
    who: bool = False

    @property
    def order(self) -> int:
        return len(self.chain)

    def say(self, value: str | None) -> str | None:
        """The answer for a belief's value; None where there is none to give."""
        return dict(self.answers).get(value, value)


def join_names(names: Iterable[str]) -> str:
    """English list: `A`, `A and B`, `A, B and C`."""
    listed = list(names)
    if len(listed) < 2:
        return "".join(listed)
    return ", ".join(listed[:-1]) + " and " + listed[-1]


def split_names(text: str) -> tuple[str, ...]:
    """Inverse of `join_names`; also takes the Oxford comma.

    >>> split_names("Ann, Bob, and Cid")
    ('Ann', 'Bob', 'Cid')
    """
    return tuple(n for n in text.replace(", and ", ", ").replace(" and ", ", ").split(", ") if n)
