"""ExploreToM's stories: rooms, containers, secret witnesses, distraction, tells, topics.

Source of the rules: facebookresearch/ExploreToM, belief_tracker.py, as restated in docs/semantics.md.
Things have a place (their container, which nobody sees who did not watch) and a room (seen by whoever
comes in, as long as the thing is in no container). State updates are recognised; what they change is
not said in the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from tomprm.world.events import Action, Event, Fact, Kind, Story, split_names
from tomprm.world.replay import Profile, StoryError

_SENTENCES: tuple[tuple[Kind, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        (Kind.ENTER, r"(?P<name>[A-Z]\w*) entered the (?P<room>.+)"),
        (Kind.EXIT, r"(?P<name>[A-Z]\w*) left the (?P<room>.+)"),
        (
            Kind.MOVE,
            r"(?P<name>[A-Z]\w*) moved the (?P<thing>.+?) to the (?P<place>.+), which is also located in the "
            r"(?P<room>.+)",
        ),
        (
            Kind.CARRY,
            r"(?P<name>[A-Z]\w*) moved the (?P<thing>.+?) to the (?P<room>.+?)"
            r"(?:, leaving the (?P<place>.+) in its original location)?",
        ),
        (
            Kind.TELL,
            r"(?P<name>[A-Z]\w*) told privately to (?P<listener>[A-Z]\w*) (?P<what>about|that) (?P<told>.+)",
        ),
        (Kind.CLAIM, r"(?P<name>[A-Z]\w*) told out loud (?P<what>about|that) (?P<told>.+)"),
    )
)
_PLACED = re.compile(r"(?:the )?(?P<thing>.+?) is in the (?P<place>.+)")
_REMARK = re.compile(r"While this action was happening, (.+)")
_WATCHED = re.compile(r"(.+?) witnessed this action in secret \(and only this action\)")
_DISTRACTED = re.compile(r"(?:also, )?(.+?) got distracted and did not realize what happened.*")
_LONGEST_NAME = 8  # words of a thing's name
# A full stop is missing after some state updates: "... of the opener Julia entered the room."
_RUN_ON = re.compile(r"(?<=[a-z'\"]) (?=While this action was |[A-Z]\w* (?:entered|left|moved|told) )")


def sentences(text: str) -> list[str]:
    """The story's sentences without their full stops."""
    found: list[str] = []
    for raw in re.split(r"\.(?:\s+(?=[A-Z])|\s*$)", text.strip()):
        sentence = raw.strip()
        if not sentence:
            continue
        whole = _REMARK.fullmatch(sentence) or any(p.fullmatch(sentence) for _, p in _SENTENCES[:3])
        found += [sentence] if whole else _RUN_ON.split(sentence)
    return found


def read_actions(text: str) -> list[Action]:
    """One action a sentence; a remark belongs to the sentence before it.

    Raises:
        StoryError: a remark about nothing, or a sentence that nobody acts in.
    """
    actions: list[Action] = []
    people: set[str] = set()
    for sentence in sentences(text):
        if remark := _REMARK.fullmatch(sentence):
            if not actions:
                raise StoryError(f"line 1: {sentence!r} follows no action; put one before it")
            actions[-1] = _remarked(actions[-1], remark[1], sentence)
            continue
        action = _read(sentence, len(actions) + 1, people)
        people.update(action.actors)
        actions.append(action)
    if not actions:
        raise StoryError("line 1: the story is empty; give at least one sentence")
    return actions


def _read(sentence: str, line: int, people: Iterable[str]) -> Action:
    for kind, pattern in _SENTENCES:
        if found := pattern.fullmatch(sentence):
            slot = found.groupdict("")
            name, listener = slot["name"], slot.get("listener", "")
            if "told" not in slot:
                return Action(line, kind, (name,), slot.get("thing", ""), slot.get("place", ""), slot["room"])
            if slot["what"] == "about":
                topic = slot["told"].removeprefix("the ")
                return Action(line, kind, (name,), thing=topic, listener=listener)
            if placed := _PLACED.fullmatch(slot["told"]):
                return Action(line, kind, (name,), placed["thing"], placed["place"], listener=listener)
    name = sentence.split()[0]
    if name not in people:
        raise StoryError(
            f"line {line}: unknown sentence {sentence!r}; write it as ExploreToM does, "
            "or let its first word be somebody who entered a room"
        )
    return Action(line, Kind.UPDATE, (name,), thing=sentence)


def mentioned(sentence: str) -> list[str]:
    """What a freely worded sentence may call a thing: all that can follow a "the". Names of things end
    nowhere in particular, so every length is kept; the ones that nobody asks about do no harm.

    >>> mentioned("Ann bent the old key.")
    ['old', 'old key']
    """
    found: list[str] = []
    for phrase in re.split(r"\b[Tt]he ", sentence)[1:]:
        words = phrase.split()[:_LONGEST_NAME]
        found += [re.sub(r"('s?|[.,;])+$", "", " ".join(words[: n + 1])) for n in range(len(words))]
    return list(dict.fromkeys(found))


def _remarked(action: Action, remark: str, sentence: str) -> Action:
    secret: tuple[str, ...] = ()
    distracted: tuple[str, ...] = ()
    for part in remark.split("; "):
        if found := _WATCHED.fullmatch(part):
            secret = split_names(found[1])
        elif found := _DISTRACTED.fullmatch(part):
            distracted = split_names(found[1])
        else:
            raise StoryError(
                f"line {action.line}: unknown remark {sentence!r}; say who witnessed the action in secret "
                "or who got distracted"
            )
    return replace(action, secret=secret, distracted=distracted)


def read_story(text: str, profile: Profile) -> Story:
    """Text -> replayed story; an action that cannot happen (nobody there) does nothing, as in the source.

    Raises:
        StoryError: a sentence outside the grammar; the message names its number.
    """
    return replay(read_actions(text))


def replay(actions: Iterable[Action]) -> Story:
    """Actions -> events."""
    actions = tuple(actions)
    world = _World()
    events = tuple(event for action in actions for event in world.events(action))
    agents = tuple(dict.fromkeys(n for a in actions for n in (*a.actors, a.listener, *a.secret) if n))
    return Story(actions, events, agents)


@dataclass
class _World:
    room: dict[str, str] = field(default_factory=dict[str, str])  # of people, things and containers
    place: dict[str, str] = field(
        default_factory=dict[str, str]
    )  # containers of things; "not(c)" once taken out
    people: set[str] = field(default_factory=set[str])
    # What each person takes for a thing's place and room; one rule of entering looks at it.
    believed: dict[tuple[str, Fact], str] = field(default_factory=dict[tuple[str, Fact], str])

    def events(self, action: Action) -> Iterator[Event]:
        steps = {
            Kind.ENTER: self._enter,
            Kind.EXIT: self._leave,
            Kind.MOVE: self._move,
            Kind.CARRY: self._carry,
            Kind.TELL: self._tell,
            Kind.CLAIM: self._tell,
            Kind.UPDATE: self._update,
        }
        if action.kind in steps:
            for event in steps[action.kind](action):
                self._remember(event)
                yield event

    def _remember(self, event: Event) -> None:
        for name in self.people | event.real:
            reached = name in event.real if event.chains is None else (name,) in event.chains
            if reached:
                for fact, value in event.facts:
                    self.believed[name, fact] = value

    def _inside(self, room: str) -> frozenset[str]:
        return frozenset(name for name in self.people if self.room.get(name) == room)

    @staticmethod
    def _real(action: Action, present: frozenset[str]) -> frozenset[str]:
        return (present | frozenset(action.secret)) - frozenset(action.distracted)

    def _enter(self, action: Action) -> Iterator[Event]:
        (name,) = action.actors
        self.people.add(name)
        self.room[name] = action.room
        present = self._inside(action.room)
        real = self._real(action, present)
        yield Event(action.line, action.kind, ((Fact(name, "room"), action.room),), real, present)
        yield from self._look_around(action, name, present, real)

    def _look_around(
        self, action: Action, name: str, present: frozenset[str], real: frozenset[str]
    ) -> Iterator[Event]:
        """What the entrant sees, or misses seeing."""
        here = [t for t, room in self.room.items() if room == action.room and t not in self.people]
        seen = tuple((Fact(thing, "room"), action.room) for thing in here if thing not in self.place)
        if seen:
            pairs = {(outer, inner) for outer in real for inner in present if outer != inner}
            yield Event(action.line, action.kind, seen, real, present, chains=frozenset({(name,), *pairs}))
        for thing in here:
            where = Fact(thing, "room")
            if thing not in self.place:
                continue
            if (name, where) in self.believed and (name, Fact(thing)) not in self.believed:
                # It ought to be there and is not to be seen.
                missing = {(name,), *((w, name) for w in real if w != name)}
                missing |= {(name, w) for w in present if w != name}
                yield Event(
                    action.line, action.kind, ((where, "not(???)"),), real, present, chains=frozenset(missing)
                )

    def _leave(self, action: Action) -> Iterator[Event]:
        (name,) = action.actors
        if self.room.get(name) != action.room:
            return
        present = self._inside(action.room)
        self.room[name] = gone = f"not({action.room})"
        yield Event(
            action.line, action.kind, ((Fact(name, "room"), gone),), self._real(action, present), present
        )

    def _move(self, action: Action) -> Iterator[Event]:
        (name,) = action.actors
        if self.room.get(name) != action.room:
            return
        present = self._inside(action.room)
        real = self._real(action, present)
        self.place[action.thing] = action.place
        self.room[action.thing] = self.room[action.place] = action.room
        facts = ((Fact(action.thing), action.place), (Fact(action.thing, "room"), action.room))
        yield Event(action.line, action.kind, facts, real, present)
        nobody = frozenset[str]()
        yield Event(action.line, action.kind, ((Fact(action.place, "room"), action.room),), nobody, nobody)
        if action.distracted:
            # A quirk of the source: all who are there come to agree on what the others saw.
            everybody = frozenset((a, b) for a in present for b in present if a != b)
            yield Event(action.line, action.kind, facts, real, present, chains=everybody)

    def _update(self, action: Action) -> Iterator[Event]:
        """A state is changed, of a thing that is where its changer is."""
        (name,) = action.actors
        room = self.room[name]
        present = self._inside(room)
        things = tuple(mentioned(action.thing))
        self.room.update(dict.fromkeys(things, room))
        facts = tuple((Fact(thing, "room"), room) for thing in things)
        if facts:
            yield Event(action.line, action.kind, facts, self._real(action, present), present)

    def _carry(self, action: Action) -> Iterator[Event]:
        """A thing taken to another room: those left behind know where it is not."""
        (name,) = action.actors
        old = self.room.get(name, "")
        if not old or old.startswith("not(") or self.room.get(action.thing, old) != old:
            return
        thing, mover = Fact(action.thing, "room"), Fact(name, "room")
        behind = self._inside(old)
        if action.thing in self.place:
            out = f"not({self.place[action.thing]})"
            self.place[action.thing] = out
            yield Event(
                action.line, action.kind, ((Fact(action.thing), out),), self._real(action, behind), behind
            )
        gone = f"not({old})"
        yield Event(
            action.line, action.kind, ((thing, gone), (mover, gone)), self._real(action, behind), behind
        )
        self.room[name] = action.room
        present = self._inside(action.room)
        real = self._real(action, present)
        yield Event(action.line, action.kind, ((mover, action.room),), real, present)
        yield from self._look_around(action, name, present, real)
        self.room[action.thing] = action.room
        yield Event(action.line, action.kind, ((thing, action.room),), real, present)

    def _tell(self, action: Action) -> Iterator[Event]:
        (name,) = action.actors
        if action.listener:
            hearers = frozenset({name, action.listener})
        else:
            hearers = self._inside(self.room.get(name, ""))
        if not action.place:
            fact = (Fact(action.thing, "known"), "yes")
        else:
            a_room = action.thing in self.people or action.place in self.room.values()
            fact = (Fact(action.thing, "room" if a_room else "place"), action.place)
        yield Event(action.line, action.kind, (fact,), self._real(action, hearers), hearers, said=True)
