"""A second belief engine, by brute force, that shares nothing with the first: every nested belief is kept in
a table and rewritten sentence by sentence, as each benchmark's own code does it.

`oracle_answer` is what `tomprm check --self-test` compares the engine's gold answers with.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise, product
from typing import Any

from tomprm.world.events import Action, Kind
from tomprm.world.items import Item

Chain = tuple[str, ...]


def oracle_answer(item: Item) -> str | None:
    """The answer to the item's question, in its words; None where there is none.

    OpenToM and FANToM: from the presence that `tomprm.belief.wild` notes in `meta`.

    Raises:
        ValueError: no oracle for the profile, or the item's `meta` does not say who is there.
    """
    question = item.question
    value = _ORACLES.get(item.profile, _none)(item)
    return dict(question.answers).get(value, value)


def _none(item: Item) -> str | None:
    raise ValueError(f"{item.id}: no oracle for {item.profile}; choose from {', '.join(_ORACLES)}")


def _actions(item: Item) -> list[Action]:
    return [a for a in item.story.actions if item.question.line is None or a.line <= item.question.line]


def _hitom(item: Item) -> str | None:
    question, tomi = item.question, item.profile == "tomi"
    tells = "clean" if item.profile == "hitom-clean" else "release"
    vp = item.profile == "hitom-vp"
    tables = HitomTables(item.story.agents, max(question.order, 1), False, tells, vp, tomi)
    for action in _actions(item):
        tables.do(action)
    return tables.table[question.chain].get(question.fact.thing)


def _explore(item: Item) -> str | None:
    tables = ExploreTables()
    for action in _actions(item):
        tables.do(action)
    return tables.belief(item.question.chain, item.question.fact.thing, item.question.fact.relation)


def _meta(item: Item, key: str) -> Any:
    if key not in item.meta:
        raise ValueError(f"{item.id}: its meta lacks {key!r}; take items of tomprm.belief.wild")
    return item.meta[key]


def _opentom(item: Item) -> str | None:
    """Two places; whoever takes part in the move knows the second."""
    first, then = (a.place for a in item.story.actions)
    mover = item.story.agents[0]
    saw = _meta(item, "observed") or set(item.question.chain) <= {mover}
    return then if saw and item.question.line != 1 else first


def _fantom(item: Item) -> str | None:
    """Whoever heard every line that gives the information knows it, and is known to by the others."""
    heard = [_meta(item, "present")[line - 1] for line in _meta(item, "informing")]
    return "known" if all(name in here for name in item.question.chain for here in heard) else None


_ORACLES = {
    "hitom-clean": _hitom,
    "hitom-release": _hitom,
    "hitom-vp": _hitom,
    "tomi": _hitom,
    "exploretom": _explore,
    "opentom": _opentom,
    "fantom": _fantom,
}


class HitomTables:
    """Who thinks that who thinks ... each thing is where, over all chains of some agents.

    Args:
        depth: longest chain. repeats: also chains like (A, B, A); never (A, A), see `table`.
        tells: "release" or "clean". order_of_entry: the bug behind the VP labels.
        to_the_room: an entry shows what is there to all who are (ToMi), not to the entrants alone.
    """

    def __init__(
        self,
        agents: tuple[str, ...],
        depth: int,
        repeats: bool,
        tells: str,
        order_of_entry: bool = False,
        to_the_room: bool = False,
    ) -> None:
        self.tells, self.order_of_entry, self.to_the_room = tells, order_of_entry, to_the_room
        self.chains = [
            chain
            for length in range(1, depth + 1)
            for chain in product(agents, repeat=length)
            if all(a != b for a, b in pairwise(chain)) and (repeats or len(set(chain)) == length)
        ]
        self.table: dict[Chain, dict[str, str]] = {chain: {} for chain in [(), *self.chains]}
        self.room: dict[str, str] = {}  # of people
        self.thing_room: dict[str, str] = {}
        self.last_room = ""
        self.in_chapter: list[str] = []
        self.left_at: dict[str, int] = {}  # when they left in this chapter
        self.clock = 0

    def do(self, action: Action) -> None:
        """One sentence."""
        self.clock += 1
        if action.kind is Kind.ENTER:
            self._enter(action.actors, action.room)
        elif action.kind is Kind.EXIT:
            for name in action.actors:
                del self.room[name]
                self.left_at.setdefault(name, self.clock)
        elif action.kind is Kind.PLACE:
            self._change(action, action.room or self.last_room)
        elif action.kind is Kind.MOVE:
            self._change(action, self.room[action.actors[0]])
        elif action.kind in (Kind.CLAIM, Kind.TELL):
            for chain in self._told(action):
                self.table[chain][action.thing] = action.place

    def _enter(self, group: Chain, room: str) -> None:
        for name in group:
            self.room[name] = room
        self.last_room = room
        if room != "waiting_room":
            self.in_chapter, self.left_at = list(group), {}
        for thing, its_room in self.thing_room.items():
            if its_room == room:  # seen by those who enter, together, and by nobody else
                shown = {n for n, r in self.room.items() if r == room} if self.to_the_room else set(group)
                for chain in self.chains:
                    if set(chain) <= shown:
                        self.table[chain][thing] = self.table[()][thing]

    def _change(self, action: Action, room: str) -> None:
        self.thing_room[action.thing] = room
        self.table[()][action.thing] = action.place
        openly = {name for name, its_room in self.room.items() if its_room == room}
        really = (openly | set(action.secret)) - set(action.distracted)
        for chain in self.chains:
            if chain[0] in really and set(chain[1:]) <= openly:
                if action.kind is Kind.MOVE and self.order_of_entry and not self._queued(chain, action):
                    continue
                self.table[chain][action.thing] = action.place

    def _queued(self, chain: Chain, action: Action) -> bool:
        """Does the chain follow the order of entry, with the mover last if at all?"""
        if len(chain) == 1:
            return True
        mover = action.actors[0]
        head = chain[:-1] if chain[-1] == mover else chain
        if mover in head or any(name not in self.in_chapter for name in head):
            return False
        places = [self.in_chapter.index(name) for name in head]
        return all(a < b for a, b in pairwise(places))

    def _trusts(self, hearer: str, speaker: str) -> bool:
        if hearer == speaker:
            return False
        if hearer not in self.in_chapter:
            return True
        if hearer not in self.left_at:
            return False
        return speaker not in self.left_at or self.left_at[hearer] < self.left_at[speaker]

    def _told(self, action: Action) -> list[Chain]:
        """The chains that a claim is written into."""
        s = action.actors[0]
        private = action.kind is Kind.TELL
        rule = self._told_release if self.tells == "release" else self._told_clean
        return [chain for chain in self.chains if rule(chain, s, action.listener if private else None)]

    def _told_release(self, chain: Chain, s: str, listener: str | None) -> bool:
        # Public: each believer b takes B(b), B(b,s), B(s,b); of each other hearer d only B(s,d).
        # Private: the same with the listener alone. Orders 3 and more never change.
        if len(chain) not in (1, 2) or s == chain[0] == chain[-1]:
            return False
        others = [x for x in chain if x != s]
        if len(others) != 1 or (listener is not None and others[0] != listener):
            return False
        return self._trusts(others[0], s) or (len(chain) == 2 and chain[0] == s)

    def _told_clean(self, chain: Chain, s: str, listener: str | None) -> bool:
        # Whoever trusts the speaker takes the claim; who trusts him takes it for his own belief too.
        if listener is not None and not set(chain) <= {s, listener}:
            return False
        if self._trusts(chain[-1], s):
            return True
        return len(chain) > 1 and chain[-1] == s and self._trusts(chain[-2], s)


def _tables() -> Any:
    return defaultdict[Any, Any](lambda: defaultdict[Any, Any](dict[str, str]))


@dataclass
class ExploreTables:
    """world[x][attribute], first[a][x][attribute], second[a, b][x][attribute]."""

    world: Any = field(default_factory=lambda: defaultdict[Any, Any](dict[str, str]))
    first: Any = field(default_factory=_tables)
    second: Any = field(default_factory=_tables)
    people: list[str] = field(default_factory=list[str])

    def room(self, name: str) -> str:
        return self.world[name].get("room", "")

    def inside(self, room: str) -> set[str]:
        return {p for p in self.people if self.room(p) == room}

    def learn(self, real: set[str], seeming: set[str], x: str, attribute: str, value: str) -> None:
        for a in real:
            self.first[a][x][attribute] = value
            for b in seeming - {a}:
                self.second[a, b][x][attribute] = value

    def enter(self, name: str, room: str, peek: set[str], lost: set[str]) -> None:
        if name not in self.people:
            self.people.append(name)
        self.world[name]["room"] = room
        there = self.inside(room)
        real = (there | peek) - lost
        self.learn(real, there, name, "room", room)
        self.look(name, room, there, real)

    def look(self, name: str, room: str, there: set[str], real: set[str]) -> None:
        for x in list(self.world):
            if x in self.people or self.world[x].get("room") != room:
                continue
            if "place" not in self.world[x]:
                self.first[name][x]["room"] = room
                for a in real:
                    for b in there - {a}:
                        self.second[a, b][x]["room"] = room
            elif "room" in self.first[name][x] and "place" not in self.first[name][x]:
                self.first[name][x]["room"] = "not(???)"
                for a in real - {name}:
                    self.second[a, name][x]["room"] = "not(???)"
                for b in there - {name}:
                    self.second[name, b][x]["room"] = "not(???)"

    def leave(self, name: str, peek: set[str], lost: set[str]) -> None:
        room = self.room(name)
        there = self.inside(room)
        self.world[name]["room"] = f"not({room})"
        self.learn((there | peek) - lost, there, name, "room", f"not({room})")

    def move(self, name: str, thing: str, box: str, peek: set[str], lost: set[str]) -> None:
        room = self.room(name)
        there = self.inside(room)
        real = (there | peek) - lost
        self.world[thing] |= {"place": box, "room": room}
        self.world[box]["room"] = room
        for attribute, value in (("place", box), ("room", room)):
            self.learn(real, there, thing, attribute, value)
            if lost:
                for a in there:
                    for b in there - {a}:
                        self.second[a, b][thing][attribute] = value

    def carry(self, name: str, thing: str, room: str) -> None:
        old = self.room(name)
        behind = self.inside(old)
        if "place" in self.world[thing]:
            out = f"not({self.world[thing]['place']})"
            self.world[thing]["place"] = out
            self.learn(behind, behind, thing, "place", out)
        for x in (thing, name):
            self.world[x]["room"] = f"not({old})"
            self.learn(behind, behind, x, "room", f"not({old})")
        self.world[name]["room"] = room
        there = self.inside(room)
        self.learn(there, there, name, "room", room)
        self.look(name, room, there, there)
        self.world[thing]["room"] = room
        self.learn(there, there, thing, "room", room)

    def do(self, action: Action) -> None:
        """One sentence; remarks are about entering, leaving, moving, telling of topics."""
        peek, lost = set(action.secret), set(action.distracted)
        name = action.actors[0]
        if action.kind is Kind.ENTER:
            self.enter(name, action.room, peek, lost)
        elif action.kind is Kind.EXIT:
            self.leave(name, peek, lost)
        elif action.kind is Kind.MOVE:
            self.move(name, action.thing, action.place, peek, lost)
        elif action.kind is Kind.CARRY:
            self.carry(name, action.thing, action.room)
        elif action.kind is Kind.UPDATE:
            thing, room = action.thing.partition(" the ")[2], self.room(name)
            self.world[thing]["room"] = room
            self.learn((self.inside(room) | peek) - lost, self.inside(room), thing, "room", room)
        else:
            there = {name, action.listener} if action.listener else self.inside(self.room(name))
            attribute = "known" if not action.place else "room" if action.thing in self.people else "place"
            self.learn((there | peek) - lost, there, action.thing, attribute, action.place or "yes")

    def belief(self, chain: tuple[str, ...], x: str, attribute: str) -> str | None:
        if not chain:
            return self.world[x].get(attribute)
        table = self.first[chain[0]] if len(chain) == 1 else self.second[chain]
        return table[x].get(attribute)
