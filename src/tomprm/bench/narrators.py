"""Narrators: ways in which models write a line of reasoning. Points in, steps of text out.

Each step's wording is drawn from (seed, index of the step), so two arguments that differ in one point
differ in one step.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

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
from tomprm.trace.canonical import event_step
from tomprm.world.events import Event, Kind, join_names
from tomprm.world.grammar import write_sentence

_KEYS = {Kind.PLACE: "place", Kind.MOVE: "move", Kind.ENTER: "enter", Kind.EXIT: "exit",
         Kind.CLAIM: "claim", Kind.TELL: "tell"}  # fmt: skip


@dataclass
class Voice:
    """One narrator telling one item: its words and the manner in which it spells containers."""

    truth: Truth
    narrator: Narrator
    spaced: bool
    rng: np.random.Generator
    number: int = 0  # of the list item

    @property
    def thing(self) -> str:
        return self.truth.fact.thing

    @property
    def numbered(self) -> bool:
        """Are the story's lines numbered, so that one can cite them?"""
        return self.truth.item.text[:1].isdigit()

    def spell(self, place: str | None) -> str:
        return (place or "").replace("_", " ") if self.spaced else place or ""

    def choose(self, options: Sequence[str]) -> str:
        return options[int(self.rng.integers(len(options)))]

    def say(self, key: str, names: Sequence[str] = (), **slots: object) -> str:
        """One of the bank's phrases, filled in."""
        template = self.choose(self.narrator.bank[key])
        verbs = re.sub(r"\[([^|]*)\|([^]]*)\]", r"\1" if len(names) < 2 else r"\2", template)
        return verbs.format(names=join_names(names), thing=self.thing, **slots)

    # -- clauses ---------------------------------------------------------------------------------

    def happening(self, point: Point) -> str:
        action = point.action
        assert action is not None
        if action.kind not in _KEYS or (action.kind in TELLS and not action.place):
            return write_sentence(action).removesuffix(".") if action.place else self.idle(point)
        first = action.kind is Kind.PLACE and self.truth.is_first(point.line)
        text = self.say(
            "start" if first else _KEYS[action.kind],
            action.actors,
            name=action.actors[0] if action.actors else "",
            place=self.spell(action.place),
            room=self.spell(action.room),
            listener=action.listener,
        )
        if action.kind is Kind.ENTER and action.place:
            text += self.say("found", place=self.spell(action.place))
        return text

    def idle(self, point: Point) -> str:
        action = point.action
        assert action is not None
        if action.kind is Kind.STAY:
            return write_sentence(action).removesuffix(".")
        return f"{join_names(action.actors)} talked about the {action.thing}"

    def perception(self, point: Point) -> list[str]:
        """Clauses about who took the event in, first those who did."""
        seems = dict(point.seems)
        clauses: list[str] = []
        slots = {"room": self.spell(point.room)}
        movers = point.action.actors if point.action and point.action.kind is Kind.MOVE else ()
        if point.seen_by is not None:
            others = [n for n in point.seen_by if n not in movers]
            everyone = set(point.seen_by) == set(self.truth.item.story.agents)
            if everyone or not others:
                clauses.append(self.say("all" if everyone else "nobody"))
            else:
                clauses.append(self.say("saw", others))
        # That somebody sees what they do themselves goes without saying.
        plain = [(n, s) for n, s in point.sees if n not in seems and n not in movers]
        if saw := [n for n, s in plain if s]:
            clauses.append(self.say("saw", saw))
        if missed := [n for n, s in plain if not s and n not in point.gone]:
            told = point.action is not None and point.action.kind in TELLS
            clauses.append(self.say("deaf" if told else "missed", missed))
        if point.gone:
            clauses.append(self.say("gone", point.gone, **slots))
        for name, seemed in point.seems:
            clauses.append(self.say("lost" if seemed else "secret", (name,)))
        speaker = point.action.actors[0] if point.action and point.action.actors else ""
        for key, believes in (("trust", True), ("doubt", False)):
            if names := [n for n, t in point.trusts if t is believes]:
                clauses.append(self.say(key, names, name=speaker))
        if point.later is not None and point.trusts:
            key = "later" if point.later else "earlier"
            clauses[-1] += self.say(key, name=speaker, hearer=point.trusts[0][0])
        return clauses

    def belief(self, point: Point, adverb: bool = True) -> str:
        """The stated belief as a sentence without capital and full stop."""
        word = ("still " if point.kept else "now ") if adverb else ""
        ways = self.narrator.beliefs
        return _BELIEFS[ways[int(self.rng.integers(len(ways)))]](
            point.chain, self.thing, None if point.place is None else self.spell(point.place), word
        )

    def sentences(self, point: Point) -> str:
        """The whole of an event's point in running text."""
        text = self.happening(point)
        clauses = self.perception(point)
        if clauses:
            together = (
                "; ".join(clauses) if len(clauses) > 2 else self.choose((" and ", ", and ")).join(clauses)
            )
            joint = self.choose((". ", ", and ")) if len(clauses) == 1 else ". "
            text += joint + (capital(together) if joint == ". " else together)
        if point.chain:
            leaving = point.action is not None and point.action.kind is Kind.EXIT and len(point.chain) == 1
            key = "exited" if leaving else "now" if not point.kept else "still" if clauses else "idle"
            follows = self.say(key, belief=self.belief(point, adverb=bool(self.rng.integers(2))))
            linked = follows.startswith("which ") or (follows.startswith("so ") and not clauses)
            text += ", " + follows if linked else ". " + capital(follows)
        return capital(text) + "."


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


# -- nested beliefs ----------------------------------------------------------------------------


def _nest(chain: Sequence[str], verb: str, word: str) -> str:
    """`Ann still thinks that Bob thinks that `; the adverb goes to the outermost."""
    first = f"is {word}{verb[3:]}" if verb.startswith("is ") else word + verb
    return "".join(f"{name} {verb if i else first} " for i, name in enumerate(chain))


def _plain(verb: str, chain: Sequence[str], thing: str, place: str | None, word: str) -> str:
    if place is None:
        return _nest(chain[:-1], verb, word) + f"{chain[-1]} does not know where the {thing} is"
    return _nest(chain, verb, word) + f"the {thing} is in the {place}"


def _look(chain: Sequence[str], thing: str, place: str | None, word: str) -> str:
    if place is None:
        return _nest(chain[:-1], "thinks that", "") + f"{chain[-1]} has no idea where to look for the {thing}"
    would = f"{chain[-1]} would {word}look for the {thing} in the {place}"
    return _nest(chain[:-1], "thinks that", "") + would


def _far(chain: Sequence[str], thing: str, place: str | None, word: str) -> str:
    if len(chain) == 1:
        if place is None:
            return f"{chain[0]} has no idea where the {thing} is"
        return f"as far as {chain[0]} knows, the {thing} is {word}in the {place}"
    return f"as far as {chain[0]} knows, " + _plain("thinks", chain[1:], thing, place, word)


def _passive(chain: Sequence[str], thing: str, place: str | None, word: str) -> str:
    if len(chain) > 1:
        return f"it is {word}assumed by {chain[0]} that " + _plain("thinks", chain[1:], thing, place, "")
    if place is None:
        return f"it is not known to {chain[0]} where the {thing} is"
    return f"the {thing} is {word}thought by {chain[0]} to be in the {place}"


_BELIEFS: dict[str, Callable[[Sequence[str], str, str | None, str], str]] = {
    "thinks": partial(_plain, "thinks"),
    "thinks that": partial(_plain, "thinks that"),
    "believes that": partial(_plain, "believes that"),
    "is convinced that": partial(_plain, "is convinced that"),
    "is sure that": partial(_plain, "is sure that"),
    "look": _look,
    "far": _far,
    "passive": _passive,
}


# -- whole steps -------------------------------------------------------------------------------


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
        return "So " + _plain("thinks", point.chain, voice.thing, point.place, "") + "."
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
        text = text[:-1] + "; " + _plain("thinks", point.chain, voice.thing, point.place, "") + "."
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
    return _nest(point.chain, "thinks", "") + f"the {voice.thing} is in [{point.place or 'Null'}]"


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
    if voice.numbered and voice.narrator.name == "arrows" and voice.spaced:
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
    voice = Voice(truth, narrator, spaced, first)
    steps: list[str] = []
    text = ""
    for index, point in enumerate(points):
        voice.rng = np.random.default_rng([seed, index + 1])
        steps.append(narrator.word(voice, point))
        text += (voice.choose(narrator.joins) if index else "") + steps[-1]
    return steps, text
