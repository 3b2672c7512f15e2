"""Traces about BigToM's stories: did the one person notice the one event, and what does he believe then?"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tomprm.checker.verdict import ClaimVerdict, ErrorKind, Status
from tomprm.trace.claims import Claim, ClaimKind
from tomprm.trace.steps import Step
from tomprm.world.languages.informing import stems
from tomprm.world.sources.presence_rows import nearer, percept_of

if TYPE_CHECKING:
    from tomprm.checker.check import Checker

_DENIED = re.compile(
    r"\b(?:not|never|unaware|oblivious|without|fail\w*|miss(?:es|ed)?|no|nothing|nor|neither|cannot)\b"
    r"|n['’]t\b",
    re.I,
)
_OPEN = re.compile(r"\?|\b(?:if|whether|would|could|might|may|perhaps|maybe|suppose|unless|had)\b", re.I)
_EARLIER = re.compile(
    r"\b(?:at first|initially|originally|before|earlier|until|used to|previously|no longer)\b", re.I
)
_BELIEVES = (
    r"(?: \w+){0,2}? (?:believes?|thinks?|takes?|assumes?|expects?|knows?|considers?|is convinced"
    r"|is sure)\b"
)
_SENTENCE = re.compile(r"(?<=[.!?;])\s+|\n+")


class SceneReading:
    """Judges the steps of one trace, in order."""

    def __init__(self, checker: Checker) -> None:
        self.item = checker.item
        events = self.item.story.events
        self.who = self.item.question.chain[0] if self.item.question.chain else ""
        self.event = events[-1] if len(events) > 1 else None
        self.saw = self.event is not None and self.who in self.event.real
        told = re.split(r"(?<=[.!?])\s+", self.item.text.strip())
        self.change = stems(" ".join(told[-2:])) - stems(self.who)
        self.held = None if self.item.abstain else checker.state.answer(self.item.question).value

    def judge(self, step: Step, last: bool = False) -> list[ClaimVerdict]:
        made: list[ClaimVerdict] = []
        for sentence in _SENTENCE.split(step.text):
            if self.who and self.who in sentence and not _OPEN.search(sentence):
                made += self._noticed(sentence)
                made += self._believed(sentence)
        return made

    def _noticed(self, sentence: str) -> list[ClaimVerdict]:
        found = percept_of(self.who).search(sentence)
        if found is None:
            return []
        positive = _DENIED.search(found[0]) is None and not _DENIED.search(sentence[found.end() :][:12])
        line = self.event.line if self.event else None
        claim = Claim(ClaimKind.PERCEPTION, found[0], (self.who,), line=line, positive=positive)
        rest = stems(sentence[found.end() :])
        if self.item.abstain or self.event is None:
            return [_open(claim, self.item.abstain or "no event was read from the story")]
        if not rest & self.change:
            return [_open(claim, "what is noticed is not clear")]
        words = {True: f"{self.who} notices it", False: f"{self.who} does not notice it"}
        if positive == self.saw:
            return [
                ClaimVerdict(
                    claim, Status.SUPPORTED, words[positive], words[self.saw], "so the story says", line
                )
            ]
        kind = ErrorKind.UPDATED_WITHOUT_PERCEPTION if positive else ErrorKind.WRONG_OBSERVERS
        reason = f"{words[self.saw]}, says the last sentence"
        return [
            ClaimVerdict(claim, Status.CONTRADICTED, words[positive], words[self.saw], reason, line, kind)
        ]

    def _believed(self, sentence: str) -> list[ClaimVerdict]:
        options = self.item.meta.get("options")
        found = re.search(rf"\b{self.who}{_BELIEVES}", sentence)
        if found is None or not options:
            return []
        chosen = nearer(sentence[found.end() :], options)
        claim = Claim(
            ClaimKind.BELIEF, sentence.strip(), (self.who,), self.item.question.fact.thing, chosen or ""
        )
        if self.item.abstain or self.held is None:
            return [_open(claim, self.item.abstain or "the story does not decide what is believed")]
        if chosen is None or _DENIED.search(sentence) or _EARLIER.search(sentence):
            return [_open(claim, "which of the two answers is meant is not clear")]
        if chosen == self.held:
            return [ClaimVerdict(claim, Status.SUPPORTED, chosen, self.held, "so the story says")]
        kind = ErrorKind.BELIEF_NOT_UPDATED if self.saw else ErrorKind.UPDATED_WITHOUT_PERCEPTION
        reason = f"{self.who} {'noticed' if self.saw else 'did not notice'} the change"
        return [ClaimVerdict(claim, Status.CONTRADICTED, chosen, self.held, reason, None, kind)]


def _open(claim: Claim, reason: str) -> ClaimVerdict:
    return ClaimVerdict(claim, Status.UNCHECKABLE, claim.text, "", reason)
