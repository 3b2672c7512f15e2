"""Random stories in ExploreToM's English, told while the brute-force tracker keeps its tables."""

from __future__ import annotations

from typing import Any

import numpy as np

from tomprm.checker.oracle import ExploreTables as Tables

NAMES = ("Ann", "Bob", "Cid", "Dot")
ROOMS = ("back office", "long, narrow hall")
BOXES = ("tin box", "old bag", "crate")
THINGS = ("key", "small, red notebook")
TOPICS = ("school play", "new budget")


def random_story(rng: np.random.Generator, length: int) -> tuple[str, Tables]:
    """A story of about `length` sentences and what everybody then believes."""
    tables, said = Tables(), list[str]()
    choose: Any = lambda options: options[int(rng.integers(len(options)))]  # noqa: E731
    while len(said) < length:
        name = choose(NAMES)
        room = tables.room(name)
        if room not in ROOMS:
            room = choose(ROOMS)
            peek, lost = _remark(rng, tables, name, room)
            said.append(f"{name} entered the {room}." + _words(peek, lost))
            tables.enter(name, room, peek, lost)
            continue
        peek, lost = _remark(rng, tables, name, room)
        kind = choose(("leave", "move", "move", "move", "carry", "topic", "tell", "whisper", "whereabouts"))
        thing = choose(THINGS)
        known_room = tables.world[thing].get("room")
        if kind == "leave":
            said.append(f"{name} left the {room}." + _words(peek, lost))
            tables.leave(name, peek, lost)
        elif kind == "move" and known_room in (None, room):
            box = choose(BOXES)
            if tables.world[box].get("room") not in (None, room):
                continue
            where = f"which is also located in the {room}."
            said.append(f"{name} moved the {thing} to the {box}, {where}" + _words(peek, lost))
            tables.move(name, thing, box, peek, lost)
        elif kind == "carry" and known_room == room:
            goal = choose([r for r in ROOMS if r != room])
            box = tables.world[thing].get("place", "")
            left = (
                f", leaving the {box} in its original location" if box and not box.startswith("not(") else ""
            )
            said.append(f"{name} moved the {thing} to the {goal}{left}.")
            tables.carry(name, thing, goal)
        elif kind == "topic":
            topic = choose(TOPICS)
            there = tables.inside(room)
            said.append(f"{name} told out loud about the {topic}." + _words(peek, lost))
            tables.learn((there | peek) - lost, there, topic, "known", "yes")
        elif kind in ("tell", "whisper", "whereabouts"):
            others = [p for p in tables.people if p != name]
            if not others or "place" not in tables.world[thing]:
                continue
            listener, aloud = choose(others), kind == "tell"
            hearers = tables.inside(room) if aloud else {name, listener}
            how = "told out loud" if aloud else f"told privately to {listener}"
            box = choose(BOXES)
            x, attribute, value = (listener, "room", room) if kind == "whereabouts" else (thing, "place", box)
            article = "" if kind == "whereabouts" else "the "
            said.append(f"{name} {how} that {article}{x} is in the {value}.")
            tables.learn(hearers, hearers, x, attribute, value)
    return " ".join(said), tables


def _remark(rng: np.random.Generator, tables: Tables, actor: str, room: str) -> tuple[set[str], set[str]]:
    """(who watches in secret, who is distracted), each now and then."""
    outside = [p for p in tables.people if tables.room(p) != room and p != actor]
    inside = [p for p in tables.inside(room) if p != actor]
    peek = {outside[0]} if outside and rng.random() < 0.2 else set[str]()
    lost = {sorted(inside)[0]} if inside and rng.random() < 0.2 else set[str]()
    return peek, lost


def _words(peek: set[str], lost: set[str]) -> str:
    parts: list[str] = []
    if peek:
        parts.append(f"{' and '.join(sorted(peek))} witnessed this action in secret (and only this action)")
    if lost:
        also = "also, " if peek else ""
        parts.append(
            f"{also}{' and '.join(sorted(lost))} got distracted and did not realize what happened, without "
            "anyone noticing the brief lack of attention, and going back to paying attention immediately "
            "after the action was finished"
        )
    return f" While this action was happening, {'; '.join(parts)}." if parts else ""
