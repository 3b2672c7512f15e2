"""Seeded random items in the languages of the other benchmarks, for tests that need no data folder.

ExploreToM's and ToMi's English at random (secret watchers, distraction, tells, topics, things carried off,
late entries, several rooms), OpenToM's two places, FANToM's comings and goings. The stories are ours, made
of the grammar alone; gold answers are the engine's, as for all generated items. `meta` of the annotated
kinds notes who is there, so that another engine can be asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import count, permutations
from typing import TypeVar

import numpy as np

from tomprm.belief.generate import seeded
from tomprm.belief.lines import KNOWN
from tomprm.belief.state import BeliefState
from tomprm.world.events import Action, Event, Fact, Kind, Question, Story, join_names
from tomprm.world.generate import pick
from tomprm.world.items import Item
from tomprm.world.replay import PROFILES
from tomprm.world.sources.opentom import story as opentom_story
from tomprm.world.vocabulary import VOCABULARIES

T = TypeVar("T")
_WORDS = VOCABULARIES["train"]
# Names of several words, and some that the canonical form cannot read and calls "it", as in ExploreToM.
_ROOMS: tuple[str, ...] = ("back office", "hall", "loading dock", "greenhouse")
_BOXES: tuple[str, ...] = ("tin box", "old leather bag", "crate", "metal filing cabinet", "basket")
_THINGS: tuple[str, ...] = ("key", "silver letter opener", "small, red notebook", "bag of beans", "lamp")
_TOPICS: tuple[str, ...] = ("school play", "new budget", "relations with the host country")
_YES_NO = (("yes", "yes"), (None, "no"))
_AWARE = (("yes", "knows about it"), (None, "does not know about it"))


def wild_items(profile: str, seed: int, orders: tuple[int, ...] | None = None) -> Iterator[Item]:
    """Items without end; each depends on (profile, seed, its own index) alone. Orders by turns.

    Raises:
        ValueError: no generator for the profile.
    """
    if profile not in _MAKERS:
        raise ValueError(f"profile {profile!r}: choose from {', '.join(_MAKERS)}")
    make, known = _MAKERS[profile]
    turns = orders or known
    for index in count():
        rng = seeded(seed, f"wild/{profile}", index)
        order, name = turns[index % len(turns)], f"wild {profile}/{seed}/{index}"
        found = None
        while found is None:
            found = make(rng, name, order)
        gold = found.question.say(BeliefState(found.story, PROFILES[profile]).answer(found.question).value)
        yield replace(found, question=replace(found.question, gold=gold))


def _one(rng: np.random.Generator, options: Sequence[T]) -> T:
    return options[int(rng.integers(len(options)))]


def _askable(item: Item, orders: tuple[int, ...], facts: list[Fact]) -> list[tuple[tuple[str, ...], Fact]]:
    """(chain, fact) with a belief about somewhere; for topics not knowing is one as well."""
    state = BeliefState(item.story, PROFILES[item.profile])
    found: list[tuple[tuple[str, ...], Fact]] = []
    for order in orders:
        for chain in permutations(item.story.agents, order):
            for fact in facts:
                value = state.belief(chain, fact).value
                known = bool(chain) and fact.relation == KNOWN and bool(state.story.about(fact))
                if known or (fact.relation != KNOWN and value is not None and not value.startswith("not(")):
                    found.append((chain, fact))
    return found


# -- ExploreToM -------------------------------------------------------------------------------


def _explore(rng: np.random.Generator, name: str, order: int) -> Item | None:
    people, rooms = pick(rng, _WORDS.names, 4), pick(rng, _ROOMS, 3)
    boxes, things, topics = pick(rng, _BOXES, 4), pick(rng, _THINGS, 2), pick(rng, _TOPICS, 2)
    text = _ExploreStory(rng, people, rooms, boxes, things, topics).tell(int(rng.integers(5, 16)))
    item = Item(name, name, text, Question((), Fact("")), "exploretom", {"source": "wild"})
    relations = [(t, r) for t in things for r in ("place", "room")] + [(b, "room") for b in boxes]
    facts = [Fact(t, r) for t, r in relations] + [Fact(t, KNOWN) for t in topics]
    relation = _one(rng, ["place", "place", "room", KNOWN])
    options = [pair for pair in _askable(item, (order,), facts) if pair[1].relation == relation]
    if not options:
        return None
    chain, fact = _one(rng, options)
    if relation == KNOWN:
        answers = _YES_NO if order == 1 else _AWARE
        question = Question(chain, fact, tuple(said for _, said in answers), answers=answers)
        return replace(item, question=question)
    line = None
    if not chain and rng.random() < 0.5:  # "before ...": some moment since it was put anywhere
        first = item.story.about(fact)[0].line
        line = int(rng.integers(first, item.story.actions[-1].line + 1))
        value = BeliefState(item.story).belief(chain, fact, line).value
        line = None if value is None or value.startswith("not(") else line
    choices = tuple(pick(rng, boxes, 4) if relation == "place" else pick(rng, rooms, 3))
    return replace(item, question=Question(chain, fact, choices, line=line))


class _ExploreStory:
    """A story in the telling: where people, things and containers are, and no more."""

    def __init__(
        self,
        rng: np.random.Generator,
        people: Sequence[str],
        rooms: Sequence[str],
        boxes: Sequence[str],
        things: Sequence[str],
        topics: Sequence[str],
    ) -> None:
        self.rng, self.people, self.rooms = rng, people, rooms
        self.boxes, self.things, self.topics = boxes, things, topics
        self.room: dict[str, str] = {}  # of people; of things and containers once they are anywhere
        self.box: dict[str, str] = {}
        self.met: list[str] = []  # who has entered a room so far

    def tell(self, length: int) -> str:
        said: list[str] = []
        while len(said) < length:
            if sentence := self._sentence():
                said.append(sentence)
        return " ".join(said)

    def _sentence(self) -> str:
        rng = self.rng
        who = _one(rng, self.people)
        room = self.room.get(who, "")
        if not room:
            return self._enter(who, _one(rng, self.rooms))
        thing = _one(rng, self.things)
        ways = (self._leave, self._move, self._move, self._move, self._carry, self._topic, self._tell)
        return _one(rng, [*ways, self._tell, self._bend])(who, room, thing)

    def _enter(self, who: str, room: str) -> str:
        if who not in self.met:
            self.met.append(who)
        self.room[who] = room
        return f"{who} entered the {room}." + self._remark(who, room)

    def _leave(self, who: str, room: str, thing: str) -> str:
        remark = self._remark(who, room)
        del self.room[who]
        return f"{who} left the {room}." + remark

    def _move(self, who: str, room: str, thing: str) -> str:
        box = _one(self.rng, self.boxes)
        if {self.room.get(thing, room), self.room.get(box, room)} != {room} or self.box.get(thing) == box:
            return ""
        self.room[thing] = self.room[box] = room
        self.box[thing] = box
        where = f"which is also located in the {room}."
        return f"{who} moved the {thing} to the {box}, {where}" + self._remark(who, room)

    def _carry(self, who: str, room: str, thing: str) -> str:
        if self.room.get(thing) != room:
            return ""
        goal = _one(self.rng, [r for r in self.rooms if r != room])
        box = self.box.pop(thing, "")
        self.room[thing] = self.room[who] = goal
        left = f", leaving the {box} in its original location" if box else ""
        return f"{who} moved the {thing} to the {goal}{left}."

    def _topic(self, who: str, room: str, thing: str) -> str:
        topic = _one(self.rng, self.topics)
        others = [p for p in self.met if p != who]
        if others and self.rng.random() < 0.5:
            return f"{who} told privately to {_one(self.rng, others)} about the {topic}."
        return f"{who} told out loud about the {topic}." + self._remark(who, room)

    def _tell(self, who: str, room: str, thing: str) -> str:
        others = [p for p in self.met if p != who]
        if thing not in self.box or not others:
            return ""
        aloud = self.rng.random() < 0.5
        how = "told out loud" if aloud else f"told privately to {_one(self.rng, others)}"
        return f"{who} {how} that the {thing} is in the {_one(self.rng, self.boxes)}."

    def _bend(self, who: str, room: str, thing: str) -> str:
        return f"{who} bent the {thing}." if self.room.get(thing) == room else ""

    def _remark(self, actor: str, room: str) -> str:
        """Who watches in secret and who is distracted, each now and then."""
        outside = [p for p in self.met if self.room.get(p) != room and p != actor]
        inside = [p for p in self.met if self.room.get(p) == room and p != actor]
        parts: list[str] = []
        if outside and self.rng.random() < 0.35:
            watchers = pick(self.rng, outside, min(len(outside), int(self.rng.integers(1, 3))))
            parts.append(f"{join_names(watchers)} witnessed this action in secret (and only this action)")
        if inside and self.rng.random() < 0.35:
            also = "also, " if parts else ""
            parts.append(f"{also}{_one(self.rng, inside)} got distracted and did not realize what happened")
        return f" While this action was happening, {'; '.join(parts)}." if parts else ""


# -- ToMi -------------------------------------------------------------------------------------


def _tomi(rng: np.random.Generator, name: str, order: int) -> Item | None:
    """People come and go between two rooms and move two things; tastes say nothing about anything."""
    people, rooms = pick(rng, _WORDS.names, 3), pick(rng, _WORDS.rooms, 2)
    things, places = pick(rng, _WORDS.things, 2), pick(rng, _WORDS.places, 6)
    room: dict[str, str] = {}
    home = {t: rooms[int(rng.integers(2))] for t in things}  # the room of a thing and its containers
    boxes = {t: places[3 * i : 3 * i + 3] for i, t in enumerate(things)}
    where: dict[str, str] = {}
    told: list[str] = []
    for _ in range(int(rng.integers(7, 14))):
        who, thing = _one(rng, people), _one(rng, things)
        roll = rng.random()
        if not where.get(thing) and room and roll < 0.6:
            where[thing] = _one(rng, boxes[thing])
            told += [f"The {thing} is in the {where[thing]}.", f"The {where[thing]} is in the {home[thing]}."]
        elif who not in room:
            room[who] = _one(rng, rooms)
            told.append(f"{who} {_one(rng, ['entered', 'is in'])} the {room[who]}.")
        elif roll < 0.35:
            told.append(f"{who} exited the {room.pop(who)}.")
        elif roll < 0.45:
            told.append(f"{who} {_one(rng, ['loves', 'dislikes'])} the {_one(rng, _WORDS.things)}")
        elif where.get(thing) and room[who] == home[thing]:
            where[thing] = _one(rng, [b for b in boxes[thing] if b != where[thing]])
            told.append(f"{who} moved the {thing} to the {where[thing]}.")
    if not where:
        return None
    text = "\n".join(f"{i} {sentence}" for i, sentence in enumerate(told, 1))
    item = Item(name, name, text, Question((), Fact("")), "tomi", {"source": "wild"})
    options = _askable(item, (order,), [Fact(t) for t in things])
    if not options:
        return None
    chain, fact = _one(rng, options)
    start = item.story.about(fact)[0].line if not chain and rng.random() < 0.5 else None  # "at the beginning"
    return replace(item, question=Question(chain, fact, tuple(sorted(places)), line=start))


# -- annotated sources ------------------------------------------------------------------------


def _opentom(rng: np.random.Generator, name: str, order: int) -> Item | None:
    mover, observer = pick(rng, _WORDS.names, 2)
    thing = _one(rng, _WORDS.things)
    first, then, *other = pick(rng, _WORDS.places, 4)
    observed = bool(rng.random() < 0.5)
    info = {"mover": mover, "observer": observer, "eoi": thing, "original_place": first}
    given = opentom_story(f"{mover} entered the den.", info | {"move_to_place": then}, observed)
    seen = f"{observer} watched." if observed else f"{observer} was out."
    text = f"The {thing} was in the {first}. {mover} moved it to the {then}. {seen}"
    # What the mover thinks of the observer's belief is not in OpenToM's metadata.
    chains: dict[int, list[tuple[str, ...]]] = {0: [()], 1: [(mover,), (observer,)], 2: [(observer, mover)]}
    chain = _one(rng, chains[order])
    fact = Fact(thing)
    question = Question(chain, fact, tuple(sorted([first, then, *other])))
    way = _one(rng, ["end", "start", "still"])
    if way == "start":
        question = replace(question, line=1)
    elif way == "still":
        question = Question(chain, fact, ("Yes", "No"), answers=((first, "Yes"), (then, "No")))
    meta = {"source": "wild", "observed": observed}
    return Item(name, name, text, question, "opentom", meta, given=given)


def _fantom(rng: np.random.Generator, name: str, order: int) -> Item | None:
    """A conversation that people leave and come back to; one or two lines of it inform about a topic."""
    people, n = pick(rng, _WORDS.names, int(rng.integers(3, 5))), int(rng.integers(6, 13))
    away: dict[str, range] = {}
    for who in people[1:]:  # the first stays throughout
        start = int(rng.integers(n + 4))
        away[who] = range(start, start + int(rng.integers(2, n)))
    present = [frozenset(p for p in people if i not in away.get(p, ())) for i in range(n)]
    informing = sorted(int(i) + 1 for i in rng.choice(n, size=int(rng.integers(1, 3)), replace=False))
    fact, actions, events = Fact("What did they plan for the summer?", KNOWN), list[Action](), list[Event]()
    for line, here in enumerate(present, 1):
        actions.append(Action(line, Kind.SAY, (_one(rng, sorted(here)),), thing=f"line {line}"))
        events.append(Event(line, Kind.SAY, ((Fact(f"line {line}", KNOWN), KNOWN),), here, here))
        if line == informing[-1]:
            heard = frozenset[str].intersection(*(present[i - 1] for i in informing))
            events.append(Event(line, Kind.SAY, ((fact, KNOWN),), heard, heard))
    text = "\n".join(f"{a.actors[0]}: words number {a.line}" for a in actions)
    chain = tuple(pick(rng, people, order))
    answers = ((KNOWN, "yes"), (None, "no"))
    question = Question(chain, fact, ("yes", "no"), answers=answers)
    meta = {"source": "wild", "present": present, "informing": informing}
    given = Story(tuple(actions), tuple(events), tuple(people))
    return Item(name, name, text, question, "fantom", meta, given=given)


_Maker = Callable[[np.random.Generator, str, int], "Item | None"]
_MAKERS: dict[str, tuple[_Maker, tuple[int, ...]]] = {
    "exploretom": (_explore, (1, 2, 2, 1, 2, 0)),
    "tomi": (_tomi, (1, 2, 1, 2, 0)),
    "opentom": (_opentom, (1, 2, 0)),
    "fantom": (_fantom, (1, 2)),
}
