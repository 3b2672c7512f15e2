"""ToMi's stories: one room and container game after another, told with or without the rooms of things.

Source of the rules: facebookresearch/ToMi, as restated in docs/semantics.md. The released text does
not say in which room a thing is put; it is the room of whoever moves it later.
"""

from __future__ import annotations

import re
from dataclasses import replace

from tomprm.world.events import Action, Kind, Story
from tomprm.world.replay import Profile, StoryError, replay

_WORD = r"[\w'-]+"
_NAME = r"[A-Z][\w'-]*"
_SENTENCE = re.compile(
    r"(?:\d+ )?(?:"
    rf"(?P<enter>{_NAME}) (?:entered|is in) the (?P<in>{_WORD})"
    rf"|(?P<exit>{_NAME}) exited the (?P<out>{_WORD})"
    rf"|The (?P<put>{_WORD}) is in the (?P<into>{_WORD})"
    rf"|(?P<mover>{_NAME}) moved the (?P<moved>{_WORD}) to the (?P<to>{_WORD})"
    rf"|(?P<fan>{_NAME}) (?:loves|likes|hates|dislikes) the (?P<taste>{_WORD})"
    r")\.?(?:\s+|$)"  # sentences about tastes have no full stop
)


def read_actions(text: str) -> list[Action]:
    """One action a sentence, on numbered lines or in a row.

    Raises:
        StoryError: text that is no sentence of ToMi's; the message names the sentence before it.
    """
    text = text.strip()
    actions: list[Action] = []
    position = 0
    while position < len(text):
        found = _SENTENCE.match(text, position)
        if not found:
            rest = text[position:].splitlines()[0][:60]
            raise StoryError(f"line {len(actions) + 1}: unknown sentence {rest!r}; write it as ToMi does")
        actions.append(_action(found, len(actions) + 1, actions))
        position = found.end()
    if not actions:
        raise StoryError("line 1: the story is empty; give at least one sentence")
    return _with_rooms(actions)


def _action(found: re.Match[str], line: int, before: list[Action]) -> Action:
    slot = found.groupdict("")
    if slot["enter"]:
        return Action(line, Kind.ENTER, (slot["enter"],), room=slot["in"])
    if slot["exit"]:
        return Action(line, Kind.EXIT, (slot["exit"],), room=slot["out"])
    if slot["mover"]:
        return Action(line, Kind.MOVE, (slot["mover"],), slot["moved"], slot["to"])
    if slot["fan"]:
        return Action(line, Kind.NOISE, (slot["fan"],), place=slot["taste"])
    if before and before[-1].place == slot["put"] and before[-1].kind in (Kind.PLACE, Kind.MOVE):
        return Action(line, Kind.NOISE, thing=slot["put"], room=slot["into"])  # where the container stands
    return Action(line, Kind.PLACE, thing=slot["put"], place=slot["into"])


def _with_rooms(actions: list[Action]) -> list[Action]:
    """Placements with their room: told in the next sentence, or that of the thing's first mover."""
    room_of: dict[str, str] = {}
    movers_room: dict[str, str] = {}
    for action in actions:
        if action.kind is Kind.ENTER:
            room_of[action.actors[0]] = action.room
        elif action.kind is Kind.MOVE and action.actors[0] in room_of:
            movers_room.setdefault(action.thing, room_of[action.actors[0]])
    done: list[Action] = []
    for action, after in zip(actions, [*actions[1:], None], strict=True):
        if action.kind is Kind.PLACE:
            told = after.room if after and after.kind is Kind.NOISE and after.thing == action.place else ""
            action = replace(action, room=told or movers_room.get(action.thing, ""))
        done.append(action)
    return done


def read_story(text: str, profile: Profile) -> Story:
    """Text -> replayed story.

    Raises:
        StoryError: a sentence outside the grammar, or an action that cannot happen.
    """
    return replay(read_actions(text), profile)
