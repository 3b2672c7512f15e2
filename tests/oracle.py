"""A second belief engine that shares nothing with the first: every nested belief is kept in a table and
rewritten sentence by sentence, from the rules as published (Hi-ToM's generator; joint witnessing).

Also stories stranger than any generator's, to compare the two on.
"""

from itertools import pairwise, product

import numpy as np

from tomprm.world.events import Action, Kind

Chain = tuple[str, ...]


class Oracle:
    """Who thinks that who thinks ... each thing is where, over all chains of some agents.

    Args:
        depth: longest chain. repeats: also chains like (A, B, A); never (A, A), see `table`.
        tells: "release" or "clean".
    """

    def __init__(self, agents: tuple[str, ...], depth: int, repeats: bool, tells: str) -> None:
        self.tells = tells
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
        self.in_chapter: set[str] = set()
        self.left_at: dict[str, int] = {}  # when they left in this chapter
        self.clock = 0

    def do(self, action: Action) -> None:
        """One sentence."""
        self.clock += 1
        if action.kind is Kind.ENTER:
            self._enter(set(action.actors), action.room)
        elif action.kind is Kind.EXIT:
            for name in action.actors:
                del self.room[name]
                self.left_at.setdefault(name, self.clock)
        elif action.kind is Kind.PLACE:
            self._change(action, self.last_room)
        elif action.kind is Kind.MOVE:
            self._change(action, self.room[action.actors[0]])
        elif action.kind in (Kind.CLAIM, Kind.TELL):
            for chain in self._told(action):
                self.table[chain][action.thing] = action.place

    def _enter(self, group: set[str], room: str) -> None:
        for name in group:
            self.room[name] = room
        self.last_room = room
        if room != "waiting_room":
            self.in_chapter, self.left_at = group, {}
        for thing, its_room in self.thing_room.items():
            if its_room == room:  # seen by those who enter, together, and by nobody else
                for chain in self.chains:
                    if set(chain) <= group:
                        self.table[chain][thing] = self.table[()][thing]

    def _change(self, action: Action, room: str) -> None:
        self.thing_room[action.thing] = room
        self.table[()][action.thing] = action.place
        openly = {name for name, its_room in self.room.items() if its_room == room}
        really = (openly | set(action.secret)) - set(action.distracted)
        for chain in self.chains:
            if chain[0] in really and set(chain[1:]) <= openly:
                self.table[chain][action.thing] = action.place

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
        if len(chain) > 2 or s == chain[0] == chain[-1]:
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


def strange_story(rng: np.random.Generator, agents: tuple[str, ...], n: int = 12) -> list[Action]:
    """Sentences at random that can be replayed: two rooms and a waiting room, two things, joint and late
    entries, secret watchers and distracted people at any change, claims by anybody at any time."""
    rooms, things, places = ("hall", "attic", "waiting_room"), ("key", "cup"), ("box", "bag", "jar", "tin")
    room: dict[str, str] = {}
    placed: set[str] = set()
    actions: list[Action] = []

    def one(options: list[str]) -> str:
        return options[int(rng.integers(len(options)))]

    def some(options: list[str], at_most: int) -> tuple[str, ...]:
        n = int(rng.integers(1, min(at_most, len(options)) + 1)) if options else 0
        return tuple(options[int(i)] for i in rng.permutation(len(options))[:n])

    def change(kind: Kind, actor: Chain, thing: str, where: str) -> Action:
        openly = [a for a in agents if room.get(a) == where]
        hidden = some([a for a in agents if a not in openly], 2) if rng.random() < 0.3 else ()
        missing = some([a for a in openly if a not in actor], 2) if rng.random() < 0.3 else ()
        placed.add(thing)
        place = one(list(places))
        return Action(len(actions) + 1, kind, actor, thing, place, secret=hidden, distracted=missing)

    last_room = ""
    while len(actions) < n:
        line, roll = len(actions) + 1, rng.random()
        inside = [a for a in agents if a in room]
        if roll < 0.3 or not inside:
            last_room = one(list(rooms))
            group = some([a for a in agents if room.get(a) != last_room], len(agents))
            if group:
                room.update(dict.fromkeys(group, last_room))
                actions.append(Action(line, Kind.ENTER, group, room=last_room))
        elif roll < 0.5:
            where = room[one(inside)]
            group = some([a for a in inside if room[a] == where], 2)
            for name in group:
                del room[name]
            actions.append(Action(line, Kind.EXIT, group, room=where))
        elif roll < 0.6:
            actions.append(change(Kind.PLACE, (), one(list(things)), last_room))
        elif roll < 0.85:
            mover = one(inside)
            actions.append(change(Kind.MOVE, (mover,), one(list(things)), room[mover]))
        elif placed:
            speaker = one(list(agents))
            listener = one([a for a in agents if a != speaker])
            kind = Kind.CLAIM if rng.random() < 0.5 else Kind.TELL
            about, place = one(sorted(placed)), one(list(places))
            to = listener if kind is Kind.TELL else ""
            actions.append(Action(line, kind, (speaker,), about, place, listener=to))
    return actions
