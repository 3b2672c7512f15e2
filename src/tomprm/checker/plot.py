"""Traces about OpenToM's stories: two people, a thing, one move, seen by the other one or not.

Read like any free English (`tomprm.checker.free`), but much of the prose is not in the events: rooms, what
people like, what is carried where. So only what the events decide may be contradicted: who saw the move, what
follows for their beliefs, who moved the thing, who left.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from tomprm.belief.state import collapse
from tomprm.checker.free import FreeReading
from tomprm.checker.verdict import ClaimVerdict, ErrorKind, Status
from tomprm.trace.claims import Claim, ClaimKind
from tomprm.trace.lexicon import Lexicon
from tomprm.trace.steps import Step
from tomprm.world.events import Kind, join_names
from tomprm.world.items import Item
from tomprm.world.sources.fantom_rows import DISPUTED
from tomprm.world.sources.opentom_text import INITIAL, NEW, sentences

if TYPE_CHECKING:
    from tomprm.checker.check import Checker

_MINDS = (ClaimKind.PERCEPTION, ClaimKind.BELIEF, ClaimKind.SIGHT, ClaimKind.CONCLUSION)
_MOVING = re.compile(r"\b(?:mov|transfer|relocat|carr|took|takes|put|plac|shift|hid|bring|brought)\w*")
_DEEDS = (ClaimKind.MOVE, ClaimKind.LOCATION)
_FIRST = ("initial", "original", "starting", "old")
_LATER = ("new", "second")
_SPOTS = ("location", "place", "spot", "position")


class PlotReading:
    """Judges the steps of one trace, in order."""

    def __init__(self, checker: Checker) -> None:
        self.checker = checker
        self.item = checker.item
        story = self.item.story
        self.known = bool(story.actions)
        self.mover, self.observer = story.agents if len(story.agents) == 2 else ("", "")
        self.left = any(a.kind is Kind.EXIT for a in story.actions)
        self.move = next((a.line for a in story.actions if a.kind is Kind.MOVE), 0)
        self.free = FreeReading(checker, lexicon(self.item), checker.time)
        if self.move:
            self.free.telling.latest = [self.move]  # "did not notice" speaks of the move, if of nothing else
        self.told = False  # has the move been retold?
        self.spoken: set[str] = set()  # the people named last

    def judge(self, step: Step, last: bool = False) -> list[ClaimVerdict]:
        verdicts = self.free.judge(step, last)
        named = {n for n in self.item.story.agents if n in step.text}
        self.told = self.told or any(v.line == self.move and v.claim.kind in _DEEDS for v in verdicts)
        if _MOVING.search(step.text) and self.mover in step.text and self.move and not self.told:
            self.told, self.free.telling.latest = True, [self.move]  # retold in words that were not read
        sure = named or self.spoken
        self.spoken = sure
        return [self._sure(self._held_back(v), named, sure) for v in verdicts]

    def _sure(self, verdict: ClaimVerdict, named: set[str], sure: set[str]) -> ClaimVerdict:
        """An accusation needs its people named, in the step or as the only ones before it."""
        claim = verdict.claim
        if verdict.status is not Status.CONTRADICTED:
            return verdict
        if claim.kind is ClaimKind.PERCEPTION and claim.positive and not self.told:
            return _open(claim, "what is seen is not clear")
        said = set(claim.names) <= named or (not named and set(claim.names) == sure)
        if claim.kind is ClaimKind.MOVE and not all(n in claim.text for n in claim.names):
            said = False
        return verdict if said else _open(claim, "who is meant is not clear")

    def _held_back(self, verdict: ClaimVerdict) -> ClaimVerdict:
        if verdict.status not in (Status.SUPPORTED, Status.CONTRADICTED):
            return verdict
        claim = verdict.claim
        if not self.known:
            return _open(claim, self.item.abstain)
        if claim.kind in _MINDS:
            return self._mind(verdict)
        if claim.kind is ClaimKind.PRESENCE:
            return _open(claim, "who is where is not in the events that were read")
        if verdict.status is Status.SUPPORTED:
            return verdict
        if claim.kind is ClaimKind.MOVE and verdict.error is ErrorKind.NAMES_SWAPPED:
            return verdict
        if claim.kind is ClaimKind.EXIT and self.left and claim.names == (self.mover,):
            return verdict
        return _open(claim, "the prose says more about this than the events that were read from it")

    def _mind(self, verdict: ClaimVerdict) -> ClaimVerdict:
        claim, chain = verdict.claim, collapse(verdict.claim.names)
        if self.observer in claim.names and self.item.meta.get("observed") is None:
            return _open(claim, "whether the move was seen is not said plainly")
        if self.item.abstain == DISPUTED:
            return _open(claim, self.item.abstain)
        if claim.kind is not ClaimKind.SIGHT and chain[:2] == (self.mover, self.observer):
            return _open(claim, "whether the mover noticed being watched is not known")
        if claim.kind is ClaimKind.PERCEPTION and not claim.positive and verdict.line != self.move:
            # Nobody misses the thing as it first was: what is missed is the move.
            missed = set(claim.names) == {self.observer} and not self.item.meta.get("observed")
            truth = f"{join_names(claim.names)} {'misses' if missed else 'sees'} the move"
            status = Status.SUPPORTED if missed else verdict.status
            return replace(
                verdict,
                status=status,
                expected=truth,
                reason=truth,
                line=self.move,
                error=None if missed else verdict.error,
            )
        if verdict.status is Status.CONTRADICTED and claim.kind is ClaimKind.SIGHT:
            return _open(claim, "the prose says more about this than the events that were read from it")
        return verdict


def lexicon(item: Item) -> Lexicon:
    """The story's names, with other ways to name its thing and its two places."""
    words = Lexicon(item.story, item.question, item.text)
    thing = item.question.fact.thing
    for form in _forms(thing):
        words.phrases[form] = ("T", thing)
    places = [a.place for a in item.story.actions if a.kind in (Kind.PLACE, Kind.MOVE)]
    if len(places) == 2:
        first, later = places
        told = sentences(item.text)[: max(0, item.story.actions[-1].line - 1)]
        for common in _shared(first, later, " ".join(told)):
            words.phrases.pop(common, None)
        for phrase, (tag, name) in list(words.phrases.items()):
            if tag == "C":
                for owner in ("his", "her", "their", "its"):
                    words.phrases[(owner, *phrase)] = words.phrases[(owner, "own", *phrase)] = (tag, name)
        for names, place in ((_FIRST, first), (_LATER, later)):
            for name in names:
                for spot in _SPOTS:
                    for owner in ((), ("its",), ("their",), ("his",), ("her",)):
                        words.phrases[(*owner, name, spot)] = ("C", place)
    words.measure()
    return words


def _forms(thing: str) -> set[tuple[str, ...]]:
    """Singular and plural: "sweet_potato" -> sweet potatoes."""
    *before, last = re.split(r"[_ ]", thing.lower())
    ends = {last, last + "s", last + "es", re.sub(r"y$", "ies", last)}
    if last.endswith("s"):
        ends |= {last[:-1], re.sub(r"es$", "", last)}
    return {(*before, end) for end in ends} if last else set()


def _shared(first: str, later: str, text: str) -> set[tuple[str, ...]]:
    """Names that may mean either place, or the place and something else of the story."""
    if NEW in (first, later) or later == INITIAL:
        return set()
    one, two = (re.findall(r"[\w]+|'s", p.lower()) for p in (first, later))
    doubtful: set[tuple[str, ...]] = set()
    for words, other in ((one, two), (two, one)):
        for i in range(len(words)):
            tail = tuple(words[i:])
            if set(tail) & set(other):
                doubtful.add(tail)
    # "his own bedroom" beside the bedroom where it all began
    if re.search(rf"\b{re.escape(two[-1])}\b", text.lower()):
        doubtful |= {tuple(two[i:]) for i in range(len(two))}
    return doubtful


def _open(claim: Claim, reason: str) -> ClaimVerdict:
    return ClaimVerdict(claim, Status.UNCHECKABLE, claim.text, "", reason)
