"""Seeded stories as actions: Hi-ToM's own scheme, and an open one with nothing to exploit.

`hitom_story` follows the release's generator (datasets with its statistical shortcuts). `open_story`
lets people leave, come back, arrive late, watch in secret and be distracted, at random moments;
tomprm.belief.generate makes balanced sets out of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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
_TELLS: dict[int, tuple[tuple[tuple[int, int | str | None, str], ...], ...]] = {
    3: (((2, None, "c1"), (3, 2, "c2")), ((3, None, "c1"), (1, 3, "c2")),
        ((1, None, "c1"), (3, "out", "true")), ((2, 3, "c1"), (3, "out", "true"))),
    4: (((2, None, "c1"), (4, 3, "c2")), ((3, None, "c1"), (1, 4, "c2")),
        ((1, None, "c1"), (4, "out", "true")), ((2, 3, "c1"), (4, "out", "true"))),
    5: (((3, None, "c1"), (5, 3, "c2")), ((4, None, "c1"), (5, 1, "true")), ((3, 1, "c1"),)),
}  # fmt: skip
# Chapters by story length: (number of agents, is there a tell after it in a story with deception).
_CHAPTERS = {1: ((5, True),), 2: ((5, False), (3, True)), 3: ((5, True), (3, False), (4, True))}


def hitom_story(rng: np.random.Generator, words: Vocabulary, length: int = 1, deception: bool = False) -> Draft:
    """A story as Hi-ToM's generator draws them: one to three chapters, in each of which people
    enter together and leave one by one, each moving the thing or not.

    Args:
        length: chapters, 1 to 3.
        deception: public and private claims, true or not, after some chapters.
    """
    agents = pick(rng, words.names, 5)
    rooms = pick(rng, words.rooms, 3)
    containers = {room: pick(rng, words.places, 5) for room in rooms}
    names = pick(rng, words.things, 6)
    contents = {room: names[2 * i : 2 * i + 2] for i, room in enumerate(rooms)}
    where = {t: containers[room][i] for room in rooms for i, t in enumerate(contents[room])}
    actions: list[Action] = []

    def say(kind: Kind, *actors: str, **slots: str) -> None:
        if rng.random() < 0.1:
            actions.append(Action(0, Kind.NOISE, (agents[rng.integers(5)],), place=_noise(rng)))
        actions.append(Action(0, kind, actors, **slots))  # pyright: ignore[reportArgumentType]

    target, target_room = "", ""
    for size, tell in _CHAPTERS[length]:
        room = rooms[rng.integers(3)]
        thing = contents[room][rng.integers(2)]
        if not target:
            target, target_room = thing, room
        group = agents if size == 5 else pick(rng, agents, size)
        start = where[thing]
        goals = pick(rng, [p for p in containers[room] if p != start], min(size, 4))
        if size == 5:
            goals.append(start)  # the fifth puts the thing back: the scheme's best-known shortcut
        say(Kind.ENTER, *group, room=room)
        say(Kind.PLACE, thing=thing, place=start)
        for name, goal in zip(group, goals, strict=True):
            if rng.random() < 0.5:
                say(Kind.MOVE, name, thing=thing, place=goal)
                where[thing] = goal
            else:
                say(Kind.STAY, name, room=room)
            say(Kind.EXIT, name, room=room)
        say(Kind.ENTER, *group, room="waiting_room")
        if deception and tell:
            _tell(rng, say, group, agents, thing, containers[room], where[thing])
    places = tuple(p for room in rooms for p in containers[room])
    assert target_room
    return Draft(renumber(actions), target, places, tuple(agents))


def _noise(rng: np.random.Generator) -> str:
    return SIGHTS[int(rng.integers(len(SIGHTS)))]


def _tell(rng, say, group, agents, thing, containers, truth) -> None:  # type: ignore[no-untyped-def]
    forms = _TELLS[len(group)]
    claims = dict(zip(("c1", "c2"), pick(rng, containers, 2), strict=True), true=truth)
    outside = [a for a in agents if a not in group]
    for speaker, hearer, what in forms[rng.integers(len(forms))]:
        slots = {"thing": thing, "place": claims[what]}
        if hearer is None:
            say(Kind.CLAIM, group[speaker - 1], **slots)
        else:
            listener = pick(rng, outside, 1)[0] if hearer == "out" else group[hearer - 1]
            say(Kind.TELL, group[speaker - 1], listener=listener, **slots)


@dataclass(frozen=True, slots=True)
class OpenShape:
    """How large open stories are: inclusive ranges, and the chance of each complication."""

    agents: tuple[int, int] = (4, 5)
    moves: tuple[int, int] = (3, 4)
    places: int = 4
    changes: tuple[int, int] = (0, 2)  # people leaving or entering before each move
    late: float = 0.2  # an agent is not there at the start
    remark: float = 0.45  # a move is watched in secret or goes unnoticed by somebody


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
    actions = [Action(0, Kind.ENTER, tuple(inside), room=room), Action(0, Kind.PLACE, thing=thing, place=visits[0])]
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
        extra = [places[i] for i in rng.integers(len(places), size=n_moves + 1 - len(places))]
        visits = [(places + extra)[i] for i in rng.permutation(n_moves + 1)]
        if all(a != b for a, b in zip(visits, visits[1:], strict=False)):
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
