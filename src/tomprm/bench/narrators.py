"""Narrators: ways in which models write a line of reasoning. Points in, steps of text out.

Each step's wording is drawn from (seed, index of the step), so two arguments that differ in one point
differ in one step.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tomprm.bench.phrases import (
    BASE,
    CORRECTION,
    EPISTEMIC,
    LINES,
    NUMBERED,
    PASSIVE,
    RAMBLING,
    TERSE,
    TIMELINE,
    Bank,
)  # fmt: skip
from tomprm.bench.plan import Outline
from tomprm.bench.points import TELLS, Point, Truth
from tomprm.bench.voice import Voice, capital, nest, plain
from tomprm.trace.canonical import event_step
from tomprm.world.events import Event, Kind, join_names
from tomprm.world.grammar import write_sentence


def _prose(voice: Voice, point: Point) -> str:
    """A sentence or two; fillers and conclusions of every list style too."""
    if point.role == "conclusion":
        return capital(voice.say("conclusion", belief=voice.belief(point, adverb=False)))
    if point.role == "rest":
        return voice.say("rest", line=point.line, until=point.until)
    if point.role == "recall":
        return voice.say("recall") + voice.sentences(point)
    return voice.sentences(point) if point.action else voice.say(point.role)


def _canonical(voice: Voice, point: Point) -> str:
    if point.role == "conclusion":
        return "So " + plain("thinks", point.chain, voice.thing, point.place, "") + "."
    action = point.action
    assert action is not None
    seems = dict(point.seems)
    verbs: list[str] = []
    trusts = dict(point.trusts)
    for depth, (name, saw) in enumerate(point.sees):
        if depth and name in seems:
            verbs.append("seems to see it" if seems[name] else "seems to miss it")
        else:
            verbs.append("sees it" if saw else "misses it")
    names = [n for n, _ in point.sees]
    for name, trusted in trusts.items():
        names.append(name)
        verbs.append(f"{'trusts' if trusted else 'doubts'} {action.actors[0]}")
    nobody = frozenset[str]()
    event = Event(point.line, action.kind, ((voice.truth.fact, action.place),), nobody, nobody)
    asked = replace(voice.truth.item.question, chain=tuple(names))
    text = event_step(event, asked, verbs)
    if action.kind in TELLS:
        text = text.replace(": ", f": {action.actors[0]} says ", 1)
    for name in point.gone:
        text = text[:-1] + f"; {name} is not in the {point.room}."
    if point.chain:
        text = text[:-1] + "; " + plain("thinks", point.chain, voice.thing, point.place, "") + "."
    return text


def _numbered(voice: Voice, point: Point) -> str:
    if point.role in ("event", "rest"):
        voice.number += 1
        return f"{voice.number}. {_prose(voice, point)}"
    return _prose(voice, point)


def _bullet(voice: Voice, point: Point) -> str:
    text = _prose(voice, point)
    return f"- {text}" if point.role in ("event", "rest") else text


def _headed(voice: Voice, point: Point) -> str:
    if point.role in ("events", "wrap"):
        return _prose(voice, point)
    text = _prose(voice, point)
    if point.role == "conclusion" and point.place:
        place = voice.spell(point.place)
        text = text.replace(f"the {place}", f"the **{place}**")
    return f"- {text}"


def _cited(voice: Voice, point: Point) -> str:
    text = _prose(voice, point)
    if point.role == "event" and voice.numbered:
        lead = voice.choose(("In line {}, ", "Line {}: ", "At line {}, ")).format(point.line)
        return lead + (
            text
            if text.split()[0].strip(",") in voice.truth.item.story.agents
            else text[0].lower() + text[1:]
        )
    return text


def _del(voice: Voice, point: Point) -> str:
    """A block a line of the story: its sentence, a remark, the belief in brackets."""
    action = point.action
    if point.role == "conclusion" or action is None:
        return "Final: " + _del_belief(voice, point) if point.role == "conclusion" else _prose(voice, point)
    voice.number += 1
    plain = replace(action, place="") if action.kind is Kind.ENTER else action
    shown = ""
    if action.kind is Kind.ENTER and action.place:
        shown = f" The {voice.thing} is in the {action.place}."
    told = (
        write_sentence(replace(plain, secret=(), distracted=()))
        if action.place or action.kind not in TELLS
        else (voice.idle(point) + ".")
    )
    lines = [f"## Step {voice.number} ##", told + shown]
    if remark := ". ".join(capital(clause) for clause in voice.perception(point)):
        lines.append(remark + ".")
    elif action.kind in (Kind.STAY, Kind.NOISE):
        lines.append(voice.choose(("No effect.", "Irrelevant.", "Nothing changes.")))
    if point.chain:
        lines.append(_del_belief(voice, point))
    return "\n".join(lines)


def _del_belief(voice: Voice, point: Point) -> str:
    return nest(point.chain, "thinks", "") + f"the {voice.thing} is in [{point.place or 'Null'}]"


def _table(voice: Voice, point: Point) -> str:
    if point.role == "head":
        return f"| Event | {capital(voice.thing)} is in | Seen by |"
    if point.role == "rule":
        return "|---|---|---|"
    action = point.action
    if point.role != "event" or action is None:
        return _prose(voice, point)
    name = join_names(action.actors)
    event = {
        Kind.PLACE: "Start" if voice.truth.is_first(point.line) else "Found there",
        Kind.MOVE: voice.choose((f"{name} moves it", f"Move by {name}")),
        Kind.ENTER: f"{name} in the {voice.spell(action.room)}",
        Kind.EXIT: f"{name} out of the {voice.spell(action.room)}",
        Kind.CLAIM: f"{name} claims it in public",
        Kind.TELL: f"{name} tells {action.listener}",
    }[action.kind]
    place = voice.spell(action.place) or "-"
    told = f"(said: {place})" if action.kind in TELLS else place
    people = [join_names(point.seen_by)] if point.seen_by else []
    people += [f"{n} {'only seems to see it' if s else 'in secret'}" for n, s in point.seems]
    people += [f"{n} does not hear it" for n, heard in point.sees if not heard]
    people += [f"{n} {'believes it' if t else 'does not believe it'}" for n, t in point.trusts]
    row = f"| {event} | {told} | {'; '.join(people) or '-'} |"
    return row if not point.chain else row + f" {capital(voice.belief(point, adverb=False))}."


def _arrow(voice: Voice, point: Point) -> str:
    if point.role == "conclusion":
        return "=> " + voice.belief(point, adverb=False)
    action = point.action
    if action is None or point.role == "rest":
        return _prose(voice, point)
    names, place = join_names(action.actors), voice.spell(action.place)
    arrow = voice.choose(("->", "->", "=>"))
    event = {
        Kind.PLACE: f"{voice.thing} in {place}",
        Kind.MOVE: f"{names}: {voice.thing} {arrow} {place}",
        Kind.ENTER: f"{names} in" + (f" ({voice.thing} in {place})" if place else ""),
        Kind.EXIT: f"{names} out",
        Kind.CLAIM: f'{names} tells all: "{voice.thing} in {place}"',
        Kind.TELL: f'{names} tells {action.listener}: "{voice.thing} in {place}"',
    }[action.kind]
    who = [f"seen by {', '.join(point.seen_by)}"] if point.seen_by else []
    who += [f"{n} {'sees it' if s else 'does not hear' if action.kind in TELLS else 'misses it'}"
            for n, s in point.sees if n not in dict(point.seems) and n not in point.gone]  # fmt: skip
    who += [f"{n} not in the room" for n in point.gone]
    who += [f"{n} distracted, nobody notices" if s else f"{n} in secret" for n, s in point.seems]
    who += [f"{n} {'believes it' if t else 'does not believe it'}" for n, t in point.trusts]
    text = event + (f" ({'; '.join(who)})" if who else "")
    if voice.numbered and voice.spaced:
        text = f"Line {point.line}: {text}"
    return text if not point.chain else f"{text} {arrow} " + voice.belief(point, adverb=False)


@dataclass(frozen=True)
class Narrator:
    """A style. `joins`: what stands between two steps; `beliefs`: its ways to word a nested belief."""

    name: str
    word: Callable[[Voice, Point], str]
    outline: Outline
    bank: Bank
    beliefs: tuple[str, ...] = ("thinks", "thinks that", "believes that", "look", "far")
    joins: tuple[str, ...] = ("\n",)


_PLAIN = ("thinks", "thinks that")
NARRATORS: dict[str, Narrator] = {
    n.name: n
    for n in (
        Narrator("canonical", _canonical, Outline("changes", beliefs=0.3, reasons=False), BASE, ("thinks",)),
        Narrator("numbered", _numbered, Outline(opening=("plan",), rest=True), NUMBERED),
        Narrator("bullets", _bullet, Outline(opening=("plan",), rest=True, witnesses="list"), TIMELINE),
        Narrator("rambling", _prose, Outline(opening=("plan",), closing=("hm",), exits=0.6), RAMBLING,
                 joins=(" ", " ", "\n\n")),
        Narrator("del", _del, Outline("every", "members", beliefs=1.0), BASE, ("thinks",), ("\n\n",)),
        Narrator("headers", _headed, Outline(opening=("events",), closing=("wrap",)), BASE),
        Narrator("arrows", _arrow, Outline("relevant", "list", exits=0.7, reasons=False), BASE, _PLAIN),
        Narrator("correction", _prose, Outline(opening=("plan",), recall=True), CORRECTION, joins=(" ",)),
        Narrator("lines", _cited, Outline(witnesses="list", rest=True), LINES, joins=("\n", "\n", " ")),
        Narrator("terse", _prose, Outline("decisive", beliefs=0.3), TERSE, joins=(" ",)),
        Narrator("epistemic", _prose, Outline(exits=0.7, closing=("hm",)), EPISTEMIC,
                 ("believes that", "is convinced that", "is sure that", "far", "look"), (" ",)),
        Narrator("passive", _prose, Outline(exits=0.5), PASSIVE, ("passive",), (" ",)),
        Narrator("table", _table, Outline("relevant", "list", beliefs=0.0, exits=0.0, reasons=False,
                 opening=("plan", "head", "rule"), closing=("hm",)), BASE),
    )
}  # fmt: skip
HELD_OUT_NARRATORS = frozenset({"epistemic", "passive", "table"})


def narrate(truth: Truth, narrator: Narrator, points: Sequence[Point], seed: int) -> tuple[list[str], str]:
    """(steps, think part): the steps are substrings of it in order. Equal points at equal places get equal
    words."""
    first = np.random.default_rng(seed)
    spaced = bool(first.integers(2)) and narrator.name not in ("canonical", "del")
    voice = Voice(truth, narrator.bank, narrator.beliefs, spaced, first)
    steps: list[str] = []
    text = ""
    for index, point in enumerate(points):
        voice.rng = np.random.default_rng([seed, index + 1])
        steps.append(narrator.word(voice, point))
        text += (voice.choose(narrator.joins) if index else "") + steps[-1]
    return steps, text
