"""The clauses of a step: what happens, who takes it in, who believes what."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from tomprm.bench.phrases import Bank
from tomprm.bench.points import TELLS, Point, Truth
from tomprm.world.events import Kind, join_names
from tomprm.world.grammar import write_sentence

_KEYS = {Kind.PLACE: "place", Kind.MOVE: "move", Kind.ENTER: "enter", Kind.EXIT: "exit",
         Kind.CLAIM: "claim", Kind.TELL: "tell"}  # fmt: skip


@dataclass
class Voice:
    """One narrator telling one item: its words and the manner in which it spells containers."""

    truth: Truth
    bank: Bank
    beliefs: tuple[str, ...]  # its ways to word a nested belief
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
        template = self.choose(self.bank[key])
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
        ways = self.beliefs
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


def nest(chain: Sequence[str], verb: str, word: str) -> str:
    """`Ann still thinks that Bob thinks that `; the adverb goes to the outermost."""
    first = f"is {word}{verb[3:]}" if verb.startswith("is ") else word + verb
    return "".join(f"{name} {verb if i else first} " for i, name in enumerate(chain))


def plain(verb: str, chain: Sequence[str], thing: str, place: str | None, word: str) -> str:
    """`Ann thinks Bob thinks the key is in the box`, or that the last of them does not know."""
    if place is None:
        return nest(chain[:-1], verb, word) + f"{chain[-1]} does not know where the {thing} is"
    return nest(chain, verb, word) + f"the {thing} is in the {place}"


def _look(chain: Sequence[str], thing: str, place: str | None, word: str) -> str:
    if place is None:
        return nest(chain[:-1], "thinks that", "") + f"{chain[-1]} has no idea where to look for the {thing}"
    would = f"{chain[-1]} would {word}look for the {thing} in the {place}"
    return nest(chain[:-1], "thinks that", "") + would


def _far(chain: Sequence[str], thing: str, place: str | None, word: str) -> str:
    if len(chain) == 1:
        if place is None:
            return f"{chain[0]} has no idea where the {thing} is"
        return f"as far as {chain[0]} knows, the {thing} is {word}in the {place}"
    return f"as far as {chain[0]} knows, " + plain("thinks", chain[1:], thing, place, word)


def _passive(chain: Sequence[str], thing: str, place: str | None, word: str) -> str:
    if len(chain) > 1:
        return f"it is {word}assumed by {chain[0]} that " + plain("thinks", chain[1:], thing, place, "")
    if place is None:
        return f"it is not known to {chain[0]} where the {thing} is"
    return f"the {thing} is {word}thought by {chain[0]} to be in the {place}"


_BELIEFS: dict[str, Callable[[Sequence[str], str, str | None, str], str]] = {
    "thinks": partial(plain, "thinks"),
    "thinks that": partial(plain, "thinks that"),
    "believes that": partial(plain, "believes that"),
    "is convinced that": partial(plain, "is convinced that"),
    "is sure that": partial(plain, "is sure that"),
    "look": _look,
    "far": _far,
    "passive": _passive,
}
