"""Actions -> events: who is where, and who perceives what.

The differences between benchmarks are data (`Profile`), not branches spread over the code.
Source of the Hi-ToM rules: ying-hui-he/Hi-ToM_dataset, as restated in docs/semantics.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Literal

from tomprm.world.events import Action, Event, Fact, Kind, Story, Tell


@dataclass(frozen=True, slots=True)
class Profile:
    """What a benchmark's world does at the points where benchmarks differ.

    `tells`: "release" = Hi-ToM as released (a public claim never enters beliefs of order 3 and
    more; a liar thinks that everybody believed him); "clean" = a claim enters every chain whose
    last member trusts the speaker.
    `moves_reach`: "subsequences" = the bug behind Hi-ToM's VP labels: from the second order on, a move is
    taken in only by chains in the order of entry that may end in the mover.
    """

    name: str
    language: str = "hitom"  # key of tomprm.world.languages.LANGUAGES
    contents_seen_on_entry: bool = True
    entry_shown_to: Literal["entrants", "room"] = "entrants"  # who sees what the entrants see there
    tells: Literal["release", "clean"] = "clean"
    moves_reach: Literal["witnesses", "subsequences"] = "witnesses"
    neutral_rooms: frozenset[str] = frozenset({"waiting_room"})


HITOM_RELEASE = Profile("hitom-release", tells="release")
HITOM_CLEAN = Profile("hitom-clean", tells="clean")
HITOM_VP = Profile("hitom-vp", tells="release", moves_reach="subsequences")
EXPLORETOM = Profile("exploretom", language="exploretom")
TOMI = Profile("tomi", language="tomi", entry_shown_to="room", neutral_rooms=frozenset())
OPENTOM = Profile("opentom", language="annotation")
FANTOM = Profile("fantom", language="fantom")
BIGTOM = Profile("bigtom", language="annotation")
PROFILES = {
    p.name: p for p in (HITOM_RELEASE, HITOM_CLEAN, HITOM_VP, EXPLORETOM, TOMI, OPENTOM, FANTOM, BIGTOM)
}


class StoryError(ValueError):
    """A story that cannot be replayed; the message names the line and the remedy."""


class _World:
    """Mutable state of one replay: rooms of people and things, and the current chapter."""

    def __init__(self, profile: Profile, agents: Sequence[str]) -> None:
        self.profile = profile
        self.agents = agents
        self.room_of: dict[str, str] = {}
        self._inside: dict[str, frozenset[str]] = {}  # who is in a room; forgotten when anybody moves
        self.place_of: dict[str, str] = {}
        self.thing_room: dict[str, str] = {}
        self.chapter: list[str] = []  # the latest group that entered a real room
        self.exit_rank: dict[str, int] = {}  # order in which the chapter's members left it
        self.last_room = ""

    def go(self, names: Iterable[str], room: str) -> None:
        for name in names:
            self.room_of[name] = room
        self._inside.clear()

    def inside(self, room: str) -> frozenset[str]:
        if room not in self._inside:
            self._inside[room] = frozenset([a for a, r in self.room_of.items() if r == room])
        return self._inside[room]

    def trusts(self, hearer: str, speaker: str) -> bool:
        """Hi-ToM: one trusts whoever stayed longer in this chapter, or took part when one did not."""
        if hearer not in self.chapter:
            return True
        return self.exit_rank.get(hearer, len(self.agents)) < self.exit_rank.get(speaker, len(self.agents))


def replay(actions: Iterable[Action], profile: Profile = HITOM_CLEAN) -> Story:
    """The story with the perceivers of every event.

    Raises:
        StoryError: someone acts who is not in a room, leaves a room that he is not in, or is said
            to perceive what he cannot (or to miss what he does).
    """
    actions = tuple(actions)
    named = [n for a in actions for n in (*a.actors, a.listener, *a.secret, *a.distracted) if n]
    agents = tuple(dict.fromkeys(named))
    world = _World(profile, agents)
    events: list[Event] = []
    for action in actions:
        events.extend(_STEPS[action.kind](world, action))
    return Story(actions, tuple(events), agents)


def _witnesses(world: _World, action: Action, room: str) -> tuple[frozenset[str], frozenset[str]]:
    """(real, apparent) perceivers of something that happens in `room`."""
    present = world.inside(room)
    if not action.secret and not action.distracted:
        return present, present
    for name in action.distracted:
        if name not in present:
            raise StoryError(
                f"line {action.line}: {name} is said to be distracted but is not in the {room}; "
                "let them enter first, or drop the remark"
            )
    for name in action.secret:
        if name in present:
            raise StoryError(
                f"line {action.line}: {name} is said to watch in secret but is in the {room} openly; "
                "let them leave first, or drop the remark"
            )
    if action.kind is Kind.MOVE and action.actors[0] in action.distracted:
        raise StoryError(
            f"line {action.line}: {action.actors[0]} is said not to notice their own move; drop the remark"
        )
    return (present | frozenset(action.secret)) - frozenset(action.distracted), present


def _enter(world: _World, action: Action) -> list[Event]:
    group = frozenset(action.actors)
    world.go(action.actors, action.room)
    world.last_room = action.room
    if action.room not in world.profile.neutral_rooms:
        world.chapter = list(action.actors)
        world.exit_rank = {}
    real, present = _witnesses(world, action, action.room)
    rooms = tuple([(Fact(name, "room"), action.room) for name in action.actors])
    events = [Event(action.line, Kind.ENTER, rooms, real, present)]
    contents = tuple([(Fact(t), world.place_of[t]) for t, r in world.thing_room.items() if r == action.room])
    if contents and world.profile.contents_seen_on_entry:
        # Hi-ToM: only the entrants look around, jointly; those already there learn nothing about them.
        shown = group if world.profile.entry_shown_to == "entrants" else present
        events.append(Event(action.line, Kind.ENTER, contents, shown - set(action.distracted), shown))
    return events


def _exit(world: _World, action: Action) -> list[Event]:
    for name in action.actors:
        if world.room_of.get(name) != action.room:
            raise StoryError(
                f"line {action.line}: {name} leaves the {action.room} without being there; "
                f"add an entry for {name} before this line"
            )
    real, apparent = _witnesses(world, action, action.room)
    rank = len(world.exit_rank)  # of all who leave together: none of them left before another
    world.go(action.actors, f"not({action.room})")
    for name in action.actors:
        world.exit_rank.setdefault(name, rank)
    rooms = tuple([(Fact(name, "room"), f"not({action.room})") for name in action.actors])
    return [Event(action.line, Kind.EXIT, rooms, real, apparent)]


def _set_place(world: _World, action: Action, room: str) -> list[Event]:
    world.place_of[action.thing] = action.place
    world.thing_room[action.thing] = room
    real, apparent = _witnesses(world, action, room)
    return [Event(action.line, action.kind, ((Fact(action.thing), action.place),), real, apparent)]


def _place(world: _World, action: Action) -> list[Event]:
    if action.room:
        return _set_place(world, action, action.room)
    if not world.last_room:
        raise StoryError(
            f"line {action.line}: the {action.thing} is placed before anybody entered a room, so nobody can "
            "see it; let someone enter first"
        )
    return _set_place(world, action, world.last_room)


def _move(world: _World, action: Action) -> list[Event]:
    mover = action.actors[0]
    room = world.room_of.get(mover, "")
    if not room or room.startswith("not("):
        raise StoryError(
            f"line {action.line}: {mover} moves the {action.thing} but is in no room; "
            f"add an entry for {mover} before this line"
        )
    events = _set_place(world, action, room)
    if world.profile.moves_reach == "subsequences":
        present = world.inside(room)
        others = [name for name in world.chapter if name in present and name != mover]
        chains = {chain for n in range(2, 5) for chain in combinations([*others, mover], n)}
        events = [replace(e, chains=frozenset({(), *((name,) for name in present), *chains})) for e in events]
    return events


def _nothing(world: _World, action: Action) -> list[Event]:
    return []


def _tell(world: _World, action: Action) -> list[Event]:
    speaker = action.actors[0]
    if action.secret or action.distracted:
        raise StoryError(
            f"line {action.line}: claims cannot be overheard in secret or go unnoticed; drop the remark"
        )
    public = action.kind is Kind.CLAIM
    hearers = frozenset(world.agents) - {speaker} if public else frozenset({action.listener})
    trusting = frozenset(h for h in hearers if world.trusts(h, speaker))
    tell = Tell(speaker, hearers, trusting, public)
    everyone = hearers | {speaker}
    return [Event(action.line, action.kind, ((Fact(action.thing), action.place),), everyone, everyone, tell)]


_STEPS = {
    Kind.ENTER: _enter,
    Kind.EXIT: _exit,
    Kind.PLACE: _place,
    Kind.MOVE: _move,
    Kind.STAY: _nothing,
    Kind.CLAIM: _tell,
    Kind.TELL: _tell,
    Kind.SAY: _nothing,
    Kind.NOISE: _nothing,
}


def renumber(actions: Iterable[Action]) -> tuple[Action, ...]:
    """Number the sentences 1, 2, 3, ..."""
    return tuple([a if a.line == i else _at(i, a) for i, a in enumerate(actions, 1)])


def _at(line: int, a: Action) -> Action:
    """`dataclasses.replace(a, line=line)`, four times as fast: generation does little else."""
    return Action(line, a.kind, a.actors, a.thing, a.place, a.room, a.listener, a.secret, a.distracted)
