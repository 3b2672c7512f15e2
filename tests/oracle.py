"""Stories stranger than any generator's, to compare the engine with the brute-force one on."""

import numpy as np

from tomprm.checker.oracle import HitomTables as Oracle
from tomprm.world.events import Action, Kind

__all__ = ["Chain", "Oracle", "strange_story"]
Chain = tuple[str, ...]


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
