"""Traces about OpenToM's stories: two people, a thing, one move, seen by the other one or not.

Read like any free English (`tomprm.checker.free`), but much of the prose is not in the events: rooms, what
people like, what is carried where. So only what the events decide may be contradicted: who saw the move, what
follows for their beliefs, who moved the thing, who left.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tomprm.belief.state import collapse
from tomprm.checker.free import FreeReading
from tomprm.checker.verdict import ClaimVerdict, ErrorKind, Status
from tomprm.trace.claims import Claim, ClaimKind
from tomprm.trace.steps import Step
from tomprm.trace.tagging import Lexicon
from tomprm.world.events import Kind
from tomprm.world.items import Item

if TYPE_CHECKING:
    from tomprm.checker.check import Checker

_MINDS = (ClaimKind.PERCEPTION, ClaimKind.BELIEF, ClaimKind.SIGHT, ClaimKind.CONCLUSION)
_FIRST = ("initial", "original", "starting", "first", "old", "same")
_LATER = ("new", "other", "second", "final")
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
        self.free = FreeReading(checker, lexicon(self.item), checker.time)

    def judge(self, step: Step, last: bool = False) -> list[ClaimVerdict]:
        return [self._held_back(v) for v in self.free.judge(step, last)]

    def _held_back(self, verdict: ClaimVerdict) -> ClaimVerdict:
        if verdict.status not in (Status.SUPPORTED, Status.CONTRADICTED):
            return verdict
        claim = verdict.claim
        if not self.known:
            return _open(claim, self.item.abstain)
        if claim.kind in _MINDS:
            return self._mind(verdict)
        if verdict.status is Status.SUPPORTED:
            return verdict
        if claim.kind is ClaimKind.MOVE and verdict.error is ErrorKind.NAMES_SWAPPED:
            return verdict
        if claim.kind is ClaimKind.EXIT and self.left and claim.names == (self.mover,):
            return verdict
        return _open(claim, "the prose says more about this than the events that were read from it")

    def _mind(self, verdict: ClaimVerdict) -> ClaimVerdict:
        claim, chain = verdict.claim, collapse(verdict.claim.names)
        if self.observer in claim.names and (self.item.abstain or self.item.meta.get("observed") is None):
            return _open(claim, self.item.abstain or "whether the move was seen is not said plainly")
        if chain[:2] == (self.mover, self.observer):
            return _open(claim, "whether the mover noticed being watched is not known")
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
        for common in _shared(first, later, item.text):
            words.phrases.pop(common, None)
        for names, place in ((_FIRST, first), (_LATER, later)):
            for name in names:
                for spot in _SPOTS:
                    words.phrases[name, spot] = ("C", place)
    words.longest = max(words.longest, *(len(p) for p in words.phrases)) if words.phrases else words.longest
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
    one, two = (re.findall(r"[\w]+|'s", p.lower()) for p in (first, later))
    doubtful: set[tuple[str, ...]] = set()
    for words, other in ((one, two), (two, one)):
        for i in range(len(words)):
            tail = tuple(words[i:])
            if set(tail) & set(other):
                doubtful.add(tail)
    # "his own bedroom" beside the bedroom where it all began
    if len(re.findall(rf"\b{re.escape(two[-1])}\b", text.lower().partition(" moved")[0])) > 0:
        doubtful |= {tuple(two[i:]) for i in range(len(two))}
    return doubtful


def _open(claim: Claim, reason: str) -> ClaimVerdict:
    return ClaimVerdict(claim, Status.UNCHECKABLE, claim.text, "", reason)
