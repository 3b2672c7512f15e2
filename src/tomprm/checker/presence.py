"""What the checker does differently for FANToM, OpenToM and BigToM, whose stories are not replayed.

Their traces are read by `talk` (conversations), `plot` (OpenToM) and `scene` (BigToM). All three hold back:
what the text does not say plainly is uncheckable, and so is all that rests on an answer which the given gold
answer disputes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from tomprm.belief.lines import KNOWN
from tomprm.belief.state import BeliefState
from tomprm.checker.plot import PlotReading
from tomprm.checker.scene import SceneReading
from tomprm.checker.talk import TalkReading
from tomprm.checker.verdict import ClaimVerdict, ErrorKind, Status
from tomprm.trace.claims import Claim, ClaimKind
from tomprm.trace.steps import Step, matches
from tomprm.world.items import Item
from tomprm.world.replay import PROFILES
from tomprm.world.sources.fantom_rows import DISPUTED, professes_ignorance
from tomprm.world.sources.presence_rows import NO_PLACE, nearer

if TYPE_CHECKING:
    from tomprm.checker.check import Checker

SOURCES = ("fantom", "opentom", "bigtom")


class Reading(Protocol):
    """Judges the steps of one trace, in order."""

    def judge(self, step: Step, last: bool = False) -> list[ClaimVerdict]: ...


_ANSWERED = re.compile(
    r"(?:\W*(?:so|hence|thus|therefore|answer|yes|no)\b.{0,40}?)?\b(?P<said>yes|no)\b[\W]*",
    re.IGNORECASE | re.DOTALL,
)
_KINDS: dict[str, Callable[[Checker], Reading]] = {
    "fantom": TalkReading, "opentom": PlotReading, "bigtom": SceneReading,
}  # fmt: skip


class _Concluding:
    """A reading that also judges a last step which only gives the answer: "Hence: yes."."""

    def __init__(self, checker: Checker, inner: Reading) -> None:
        self.checker, self.inner = checker, inner

    def judge(self, step: Step, last: bool = False) -> list[ClaimVerdict]:
        made = self.inner.judge(step, last)
        found = _ANSWERED.fullmatch(step.text.strip("-*• \n"))
        options = {c.lower() for c in self.checker.question.choices}
        if made or not last or found is None or options != {"yes", "no"}:
            return made
        claim, right = Claim(ClaimKind.CONCLUSION, step.text.strip()), self.checker.answer
        if right is None:
            return [ClaimVerdict(claim, Status.UNCHECKABLE, claim.text, "", self.checker.item.abstain)]
        reason = f"the answer is {right}"
        if found["said"].lower() == right.lower():
            return [ClaimVerdict(claim, Status.SUPPORTED, right, right, reason)]
        kind = ErrorKind.BELIEF_NOT_UPDATED
        return [ClaimVerdict(claim, Status.CONTRADICTED, found["said"], right, reason, None, kind)]


def reading(checker: Checker) -> Reading | None:
    """The reader of free English for these sources; None for all others."""
    make = _KINDS.get(checker.item.profile)
    return _Concluding(checker, make(checker)) if make is not None else None


def agreed(item: Item) -> Item:
    """The item, abstaining where its gold answer is not the engine's. Other sources: as it is."""
    question = item.question
    if item.profile not in SOURCES or item.abstain or not question.gold:
        return item
    state = BeliefState(item.story, PROFILES[item.profile])
    if question.who:
        knowing = {n for n in item.story.agents if state.belief((n,), question.fact).value is not None}
        right = knowing == set(question.gold.split(", "))
    else:
        engine = question.say(state.answer(question).value)
        places = {a.place for a in item.story.actions if a.place}
        named = any(same_answer(item, question.gold, p) is Status.SUPPORTED for p in places)
        if item.profile == "opentom" and not question.choices and not named:
            return replace(item, abstain=NO_PLACE)  # the place goes by another name
        right = engine is not None and same_answer(item, question.gold, engine) is not Status.CONTRADICTED
    return item if right else replace(item, abstain=DISPUTED)


def expected(item: Item, state: BeliefState) -> str | None:
    """The engine's answer: names for a question who knows."""
    question = item.question
    if question.who:
        knowing = [n for n in item.story.agents if state.belief((n,), question.fact).value is not None]
        return ", ".join(knowing)
    return question.say(state.answer(question).value)


def same_answer(item: Item, answer: str, engine: str) -> Status:
    """An answer against the engine's. Free wording is compared by what it says of knowing, or by the option
    that it leans to; where that decides nothing, it is uncheckable."""
    question = item.question
    if matches(answer, engine):
        return Status.SUPPORTED
    if question.who:
        said = {n for n in item.story.agents if n in answer}
        return Status.SUPPORTED if said == set(engine.split(", ")) else Status.CONTRADICTED
    if item.profile == "fantom" and dict(question.answers).get(KNOWN) not in (None, "yes"):
        said_unknown, unknown = professes_ignorance(answer), engine == dict(question.answers).get(None)
        if said_unknown != unknown:
            return Status.CONTRADICTED
        return Status.SUPPORTED if unknown else Status.UNCHECKABLE
    options = item.meta.get("options")
    if item.profile == "bigtom" and options:
        mine, other = nearer(answer, options), nearer(engine, options)
        if mine is None or other is None:
            return Status.UNCHECKABLE
        return Status.SUPPORTED if mine == other else Status.CONTRADICTED
    if item.profile == "opentom" and not question.choices:
        a, b = (
            set(t.lower().replace("_", " ").split()) - {"the", "a", "an", "own"} for t in (answer, engine)
        )
        return Status.SUPPORTED if a <= b or b <= a else Status.CONTRADICTED
    return Status.CONTRADICTED
