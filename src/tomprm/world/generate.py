"""Seeded stories as actions: Hi-ToM's own scheme, and an open one with nothing to exploit.

`hitom_story` follows the release's generator (datasets with its statistical shortcuts). `open_story`
lets people leave, come back, arrive late, watch in secret and be distracted, at random moments;
tomprm.belief.generate makes balanced sets out of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

import numpy as np

from tomprm.world.events import Action, Kind
from tomprm.world.replay import renumber
from tomprm.world.vocabulary import SIGHTS, Vocabulary

T = TypeVar("T")


def pick(rng: np.random.Generator, options: Sequence[T], n: int) -> list[T]:
    """`n` distinct options in random order."""
    return [options[i] for i in rng.choice(len(options), size=n, replace=False)]


@dataclass(frozen=True, slots=True)
class Draft:
    """A drawn story: its sentences, the thing that questions are about, the containers on offer."""

    actions: tuple[Action, ...]
    thing: str
    places: tuple[str, ...]
    agents: tuple[str, ...]


# Who tells whom what, by chapter size; a1 left the room first. c1, c2: two random containers of the
# room; "true": where the thing is; "out": somebody who was not in the chapter.
_TellForm = tuple[tuple[int, int | str | None, str], ...]
_TELLS: dict[int, tuple[_TellForm, ...]] = {
    3: (((2, None, "c1"), (3, 2, "c2")), ((3, None, "c1"), (1, 3, "c2")),
        ((1, None, "c1"), (3, "out", "true")), ((2, 3, "c1"), (3, "out", "true"))),
    4: (((2, None, "c1"), (4, 3, "c2")), ((3, None, "c1"), (1, 4, "c2")),
        ((1, None, "c1"), (4, "out", "true")), ((2, 3, "c1"), (4, "out", "true"))),
    5: (((3, None, "c1"), (5, 3, "c2")), ((4, None, "c1"), (5, 1, "true")), ((3, 1, "c1"),)),
}  # fmt: skip
# Chapters by story length: (number of agents, is there a tell after it in a story with deception).
_CHAPTERS = {1: ((5, True),), 2: ((5, False), (3, True)), 3: ((5, True), (3, False), (4, True))}


class _Script:
    """Sentences in the making; every tenth is preceded by a noise sentence."""

    def __init__(self, rng: np.random.Generator, agents: Sequence[str]) -> None:
        self.rng = rng
        self.agents = agents
        self.actions: list[Action] = []

    def say(
        self, kind: Kind, *actors: str, thing: str = "", place: str = "", room: str = "", listener: str = ""
    ) -> None:
        if self.rng.random() < 0.1:
            someone = self.agents[int(self.rng.integers(len(self.agents)))]
            sight = SIGHTS[int(self.rng.integers(len(SIGHTS)))]
            self.actions.append(Action(0, Kind.NOISE, (someone,), place=sight))
        self.actions.append(Action(0, kind, actors, thing, place, room, listener))


def hitom_story(
    rng: np.random.Generator, words: Vocabulary, length: int = 1, deception: bool = False
) -> Draft:
    """A story as Hi-ToM's generator draws them: one to three chapters, in each of which people
    enter together and leave one by one, each moving the thing or not.

    Args:
        length: chapters, 1 to 3.
        deception: public and private claims, true or not, after some chapters.
    """
    agents = pick(rng, words.names, 5)
    rooms = pick(rng, words.rooms, 3)
    places = pick(rng, words.places, 15)
    containers = {room: places[5 * i : 5 * i + 5] for i, room in enumerate(rooms)}
    names = pick(rng, words.things, 6)
    contents = {room: names[2 * i : 2 * i + 2] for i, room in enumerate(rooms)}
    where = {t: containers[room][i] for room in rooms for i, t in enumerate(contents[room])}
    script = _Script(rng, agents)
    target = ""
    for size, tell in _CHAPTERS[length]:
        room = rooms[rng.integers(3)]
        thing = contents[room][rng.integers(2)]
        target = target or thing
        group = agents if size == 5 else pick(rng, agents, size)
        start = where[thing]
        goals = pick(rng, [p for p in containers[room] if p != start], min(size, 4))
        if size == 5:
            goals.append(start)  # the fifth puts the thing back: the scheme's best-known shortcut
        script.say(Kind.ENTER, *group, room=room)
        script.say(Kind.PLACE, thing=thing, place=start)
        for name, goal in zip(group, goals, strict=True):
            if rng.random() < 0.5:
                script.say(Kind.MOVE, name, thing=thing, place=goal)
                where[thing] = goal
            else:
                script.say(Kind.STAY, name, room=room)
            script.say(Kind.EXIT, name, room=room)
        script.say(Kind.ENTER, *group, room="waiting_room")
        if deception and tell:
            _tell(script, group, thing, containers[room], where[thing])
    return Draft(renumber(script.actions), target, tuple(places), tuple(agents))


def _tell(script: _Script, group: list[str], thing: str, containers: list[str], truth: str) -> None:
    """What is claimed after a chapter."""
    forms = _TELLS[len(group)]
    c1, c2 = pick(script.rng, containers, 2)
    claims = {"c1": c1, "c2": c2, "true": truth}
    outside = [a for a in script.agents if a not in group]
    for speaker, hearer, what in forms[script.rng.integers(len(forms))]:
        name = group[speaker - 1]
        if hearer is None:
            script.say(Kind.CLAIM, name, thing=thing, place=claims[what])
        else:
            listener = group[hearer - 1] if isinstance(hearer, int) else pick(script.rng, outside, 1)[0]
            script.say(Kind.TELL, name, listener=listener, thing=thing, place=claims[what])


@dataclass(frozen=True, slots=True)
class OpenShape:
    """How large open stories are: inclusive ranges, and the chance of each complication."""

    agents: tuple[int, int] = (4, 5)
    moves: tuple[int, int] = (3, 4)
    places: int = 4
    changes: tuple[int, int] = (0, 2)  # people leaving or entering before each move
    late: float = 0.2  # an agent is not there at the start
    remark: float = 0.45  # a move is watched in secret or goes unnoticed by somebody

    def __post_init__(self) -> None:
        if not 2 <= self.agents[0] <= self.agents[1]:
            raise ValueError(f"agents={self.agents}: give a range of at least two people, lower end first")
        if not 2 <= self.places <= self.moves[1] + 1:
            raise ValueError(
                f"places={self.places}, moves={self.moves}: a story visits every place, so it takes two "
                "places or more and at least places - 1 moves; raise moves or lower places"
            )


def open_story(rng: np.random.Generator, words: Vocabulary, shape: OpenShape) -> Draft:
    """A story in one room in which any move may be witnessed by anybody or nobody.

    The thing visits every place on offer at least once, so that chance is one in `shape.places`.
    """
    agents = pick(rng, words.names, int(rng.integers(shape.agents[0], shape.agents[1] + 1)))
    room, thing = pick(rng, words.rooms, 1)[0], pick(rng, words.things, 1)[0]
    places = pick(rng, words.places, shape.places)
    n_moves = int(rng.integers(max(shape.moves[0], shape.places - 1), shape.moves[1] + 1))
    visits = _visits(rng, places, n_moves)
    inside = [a for a in agents if rng.random() >= shape.late] or agents[:2]
    actions = [
        Action(0, Kind.ENTER, tuple(inside), room=room),
        Action(0, Kind.PLACE, thing=thing, place=visits[0]),
    ]
    for goal in visits[1:]:
        for _ in range(int(rng.integers(shape.changes[0], shape.changes[1] + 1))):
            outside = [a for a in agents if a not in inside]
            if outside and (len(inside) < 2 or rng.random() < 0.4):
                comers = pick(rng, outside, int(rng.integers(1, len(outside) + 1)))
                inside += comers
                actions.append(Action(0, Kind.ENTER, tuple(comers), room=room))
            elif len(inside) > 1:
                leaver = inside.pop(int(rng.integers(len(inside))))
                actions.append(Action(0, Kind.EXIT, (leaver,), room=room))
        mover = inside[int(rng.integers(len(inside)))]
        secret, distracted = _remark(rng, shape, agents, inside, mover)
        actions.append(
            Action(0, Kind.MOVE, (mover,), thing=thing, place=goal, secret=secret, distracted=distracted)
        )
    return Draft(renumber(actions), thing, tuple(sorted(places)), tuple(agents))


def _visits(rng: np.random.Generator, places: list[str], n_moves: int) -> list[str]:
    """Where the thing goes: every place at least once, never to where it already is."""
    while True:
        extra = [places[int(i)] for i in rng.integers(len(places), size=n_moves + 1 - len(places))]
        visits = [(places + extra)[int(i)] for i in rng.permutation(n_moves + 1)]
        if all(a != b for a, b in pairwise(visits)):
            return visits


def _remark(
    rng: np.random.Generator, shape: OpenShape, agents: list[str], inside: list[str], mover: str
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(secret watchers, distracted people) of one move."""
    if rng.random() >= shape.remark:
        return (), ()
    outside = [a for a in agents if a not in inside]
    others = [a for a in inside if a != mover]
    if outside and (not others or rng.random() < 0.5):
        return (outside[int(rng.integers(len(outside)))],), ()
    return ((), (others[int(rng.integers(len(others)))],)) if others else ((), ())
