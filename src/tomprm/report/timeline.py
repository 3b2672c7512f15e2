"""A story as a timeline: who is where at each line, who perceives it, and what is believed after it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from tomprm.belief.state import BeliefState, collapse
from tomprm.world.events import Action, Event, Fact, Kind, join_names
from tomprm.world.items import Item
from tomprm.world.languages.exploretom import sentences
from tomprm.world.languages.fantom import read_utterances
from tomprm.world.replay import PROFILES

Chain = tuple[str, ...]

_NUMBERED = re.compile(r"\s*(\d{1,6})[.:)]?\s+(.+)")
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z\d])")
_REMARK = "While this action was happening"
_IDLE = (Kind.NOISE, Kind.STAY)  # nothing to see, and nobody does anything
TALK = "the conversation"  # the "room" of a conversation


def timeline(item: Item) -> dict[str, Any]:
    """The story part of a page.

    Returns:
        `people` [{name, asked}] in the order of the lanes; `rooms` [{name, neutral}];
        `lines` [{n, text, about, idle, cells}] with a cell (room index or -1, mark, acts) a person, where
        a mark is one of `marks_of`; `columns` [{label, asked, extra, spans}] of beliefs, a span being
        {row, rows, value, why} over the lines' indices; `values` in the order of first appearance;
        `asked` the number of the line after which the belief is asked for, None at the end; `prose` the
        text where it cannot be laid out line by line; `note` why the engine answers nothing, or "".

    Raises:
        StoryError: the story cannot be replayed.
    """
    story, question = item.story, item.question
    state = BeliefState(story, PROFILES[item.profile])
    texts, whole = line_texts(item)
    numbers = sorted({*texts, *(e.line for e in story.events)})
    rooms: dict[str, int] = {}
    lines = [_line(item, state, n, texts.get(n, ""), rooms) for n in numbers]
    columns = list(_columns(item, state, numbers))
    values = dict.fromkeys(s["value"] for c in columns for s in c["spans"] if s["value"] is not None)
    neutral = PROFILES[item.profile].neutral_rooms
    return {
        "people": [{"name": name, "asked": name in question.chain} for name in story.agents],
        "rooms": [{"name": name, "neutral": name in neutral} for name in rooms],
        "lines": lines,
        "columns": columns,
        "values": list(values),
        "asked": question.line,
        "prose": "" if whole else item.text,
        "note": item.abstain,
    }


# -- lines --------------------------------------------------------------------------------------


def line_texts(item: Item) -> tuple[dict[int, str], bool]:
    """(line number -> what it says, whether that is the whole story's text).

    Where the events come from annotation, they are put into words of our own, beside the prose.
    """
    actions = item.story.actions
    language = PROFILES[item.profile].language
    if item.given is not None and language == "annotation":
        return {a.line: _told(item, a) for a in actions}, False
    if language == "fantom":
        said = read_utterances(item.text)
        return {u.line: f"{join_names(u.speakers) or 'Everyone'}: {u.words}" for u in said}, True
    raw = [line.strip() for line in item.text.splitlines() if line.strip()]
    numbered = [_NUMBERED.fullmatch(line) for line in raw]
    printed = {int(m[1]): m[2] for m in numbered if m}
    if all(numbered) and {a.line for a in actions} <= set(printed):
        return printed, len(printed) == len(raw)
    if language == "exploretom":
        raw = list(_with_remarks(item.text))
    for found in (raw, _SENTENCE.split(item.text.strip())):
        if len(found) == len(actions):
            return {a.line: text for a, text in zip(actions, found, strict=True)}, True
    return {a.line: _told(item, a) for a in actions}, False


def _with_remarks(text: str) -> Iterator[str]:
    """Sentences; a remark on who noticed an action stands with the action."""
    held = ""
    for sentence in sentences(text):
        if sentence.startswith(_REMARK):
            held += f" {sentence}."
            continue
        if held:
            yield held
        held = f"{sentence}."
    if held:
        yield held


def _told(item: Item, action: Action) -> str:
    who = join_names(action.actors)
    if action.kind is Kind.ENTER:
        return f"{who} entered the {action.room}."
    if action.kind is Kind.EXIT:
        return f"{who} left the {action.room}."
    if action.thing == item.question.fact.thing and item.question.fact.relation != "place":
        return action.place
    if action.kind is Kind.PLACE:
        return f"{action.thing}: {action.place}."
    if action.kind in (Kind.MOVE, Kind.CARRY):
        return f"{who} moved {action.thing}: {action.place or action.room}."
    return " ".join(w for w in (who, action.kind.value, action.thing, action.place) if w) + "."


def _line(item: Item, state: BeliefState, n: int, text: str, rooms: dict[str, int]) -> dict[str, Any]:
    action = next((a for a in state.story.actions if a.line == n), None)
    here = [e for e in state.story.events if e.line == n]
    about = next((e for e in here if e.value(item.question.fact) is not None), None)
    shown = about or (here[0] if here else None)
    acting = action.actors if action and action.kind not in _IDLE else ()
    cells: list[list[Any]] = []
    for name in state.story.agents:
        room = _room(item, state, name, n, here)
        index = rooms.setdefault(room, len(rooms)) if room else -1
        cells.append([index, marks_of(shown, name), int(name in acting)])
    idle = not here and (action is None or action.kind in _IDLE)
    return {"n": n, "text": text, "about": about is not None, "idle": idle, "cells": cells}


def _room(item: Item, state: BeliefState, name: str, n: int, here: Sequence[Event]) -> str:
    """Where somebody is right after a line; "" where nothing says so."""
    if PROFILES[item.profile].language == "fantom":
        return TALK if any(name in e.real for e in here) else ""
    room = state.belief((), Fact(name, "room"), n).value
    return "" if room is None or room.startswith("not(") else room


def marks_of(event: Event | None, name: str) -> str:
    """How somebody takes in an event:

    sees      perceives it, and is taken to
    secret    perceives it, and nobody knows
    seems     is taken to perceive it, and does not
    trusts    hears it and believes it;  doubts  hears it and does not
    ""        none of these
    """
    if event is None:
        return ""
    real, apparent = name in event.real, name in event.apparent
    if event.tell is not None and name in event.tell.listeners:
        return "trusts" if name in event.tell.trusting else "doubts"
    if real:
        return "sees" if apparent else "secret"
    return "seems" if apparent else ""


# -- beliefs ------------------------------------------------------------------------------------


def chains(chain: Chain) -> list[tuple[Chain, bool]]:
    """The world, then the asked chain's beginnings and ends by length, each with whether it is no beginning.

    >>> [(" ".join(c), extra) for c, extra in chains(("a", "b"))]
    [('', False), ('a', False), ('b', True), ('a b', False)]
    """
    chain = collapse(chain)
    found: dict[Chain, bool] = {(): False}
    for length in range(1, len(chain) + 1):
        found.setdefault(chain[:length], False)
        found.setdefault(chain[len(chain) - length :], True)
    return list(found.items())


def _columns(item: Item, state: BeliefState, numbers: Sequence[int]) -> Iterator[dict[str, Any]]:
    question = item.question
    if not state.story.about(question.fact):
        return
    asked = collapse(question.chain)
    listed = [((name,), False) for name in state.story.agents] if question.who else chains(asked)
    for chain, extra in listed:
        yield {
            "label": list(chain),
            "asked": chain == asked or question.who,
            "extra": extra,
            "spans": _spans(item, state, chain, numbers),
        }


def _spans(item: Item, state: BeliefState, chain: Chain, numbers: Sequence[int]) -> list[dict[str, Any]]:
    """The stretches of lines over which a belief keeps its value."""
    spans: list[dict[str, Any]] = []
    for row, n in enumerate(numbers):
        belief = state.belief(chain, item.question.fact, n)
        if spans and spans[-1]["value"] == belief.value:
            spans[-1]["rows"] += 1
        else:
            spans.append({"row": row, "rows": 1, "value": belief.value, "why": belief.explain()})
    return spans
