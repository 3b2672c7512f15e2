"""HEART 2: (story, question, trace) -> a verdict for every claim of every step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from tomprm.belief.lines import event_at, speaker
from tomprm.belief.state import Belief, BeliefState, collapse
from tomprm.checker import kinds, presence
from tomprm.checker.facts import Facts, entailed_answer, value_words
from tomprm.checker.free import FreeReading
from tomprm.checker.obligations import obligations, signature
from tomprm.checker.timeline import Timeline
from tomprm.checker.verdict import (
    ClaimVerdict,
    ErrorKind,
    Status,
    StepVerdict,
    Verdict,
    contradicts,
    leaves_open,
    supports,
)
from tomprm.trace.claims import Claim, ClaimKind, read_canonical
from tomprm.trace.lexicon import Lexicon
from tomprm.trace.steps import Step, Trace, matches, normalise, read_trace, shortened
from tomprm.world.events import Event, Fact, Question, join_names
from tomprm.world.grammar import read_question
from tomprm.world.items import Item
from tomprm.world.replay import PROFILES

_REMEMBERED = 64  # steps of up to _SHORT characters; few, so that no trace can fill the memory
_SHORT = 400


@dataclass(frozen=True, slots=True)
class _Judged:
    """The verdicts of a step, and what they come to whatever the other steps say."""

    verdicts: tuple[ClaimVerdict, ...] = ()
    met: frozenset[int] = frozenset()  # obligations, by their number
    errors: frozenset[tuple[object, ...]] = frozenset()  # in comparable form
    entailed: Claim | None = None  # the last claim of what the question asks for


@dataclass(frozen=True, slots=True)
class _Formal:
    """A step in the canonical form. `known`: all its things are ones that the story has; else the form was
    seen where it is not meant."""

    anchored: bool
    known: bool
    judged: _Judged


class Checker:
    """Judges traces about one item; the story is replayed once."""

    def __init__(self, item: Item) -> None:
        self.item = item
        self.question: Question = item.question
        self.chain = collapse(item.question.chain)
        self.state = BeliefState(item.story, PROFILES[item.profile])
        self.lines = {a.line for a in item.story.actions}
        self.facts = Facts(item.story, item.question)
        self._steps: dict[str, _Formal | None] = {}
        self._beliefs: dict[tuple[tuple[str, ...], Fact, int | None], Belief] = {}
        self._errors: dict[tuple[tuple[str, ...], Fact, int | None, str], ErrorKind] = {}
        abstains = bool(item.abstain)
        self.due = () if abstains else obligations(self.state, self.question)
        self.answer = None if abstains else presence.expected(item, self.state)

    def check(self, trace: Trace | str) -> Verdict:
        """Verdicts for all steps; an obligation counts for the first step with a supported claim that
        meets it, an error for the first step that makes it."""
        if isinstance(trace, str):
            trace = read_trace(trace)
        for memory in (self._beliefs, self._errors):
            if len(memory) > _REMEMBERED:
                memory.clear()
        open_due = set(range(len(self.due)))
        conclusion = len(self.due) - 1
        errors: set[tuple[object, ...]] = set()
        steps: list[StepVerdict] = []
        entailed: Claim | None = None
        for step, judged in zip(trace.steps, self._judged(trace), strict=True):
            met, wrong = judged.met & open_due, judged.errors - errors
            new = tuple(sorted(met))
            steps.append(StepVerdict(step, judged.verdicts, len(new), len(wrong), conclusion in met, new))
            open_due -= met
            errors |= wrong
            entailed = judged.entailed or entailed
        return Verdict(
            steps=tuple(steps),
            answer=trace.answer,
            answer_status=self._judge_answer(trace.answer),
            format=trace.format,
            obligations=len(self.due),
            coherent=None
            if entailed is None
            else self._same(trace.answer, entailed_answer(self.question, entailed.place)),
            unestablished=tuple(self.due[i].text for i in sorted(open_due)),
        )

    def _judged(self, trace: Trace) -> list[_Judged]:
        """The verdicts of each step, in the canonical form or in free English."""
        steps = [shortened(step) for step in trace.steps]
        forms = [self._formal(step) for step in steps]
        # One step that cites a line in the canonical form shows that the trace is written in it.
        if not any(form is not None and form.anchored for form in forms):
            told = self.item.profile in presence.SOURCES  # free prose, whose places go by many names
            ending = not told and bool(steps) and steps[-1].text.startswith("So ")
            forms[: len(forms) - ending] = [None] * (len(forms) - ending)
        free = [i for i, form in enumerate(forms) if form is None or not form.known]
        found = dict(zip(free, self._free([steps[i] for i in free]), strict=True))
        judged: list[_Judged] = []
        for number, form in enumerate(forms):
            freely = found.get(number)
            judged.append(form.judged if form and not freely else self._summed(freely or ()))
        return judged

    def _formal(self, step: Step) -> _Formal | None:
        """The step, if it is in the canonical form; the rollouts of a group make the same steps again and
        again."""
        if step.text in self._steps:
            return self._steps[step.text]
        form, formal = read_canonical(step), None
        if form is not None:
            judged = self._summed([self.judge(claim) for claim in form.claims])
            formal = _Formal(form.anchored, self._known(form.claims), judged)
        if len(step.text) < _SHORT and len(self._steps) < _REMEMBERED:
            self._steps[step.text] = formal
        return formal

    def _summed(self, verdicts: Sequence[ClaimVerdict]) -> _Judged:
        if not verdicts:
            return _Judged()
        met: set[int] = set()
        errors: set[tuple[object, ...]] = set()
        entailed: Claim | None = None
        for verdict in verdicts:
            if verdict.status is Status.SUPPORTED:
                meets = signature(verdict.claim)
                met.update(i for i, due in enumerate(self.due) if meets in due.alternatives)
            elif verdict.status is Status.CONTRADICTED:
                errors.add(verdict.claim.key)
            if self._concludes(verdict.claim):
                entailed = verdict.claim
        return _Judged(tuple(verdicts), frozenset(met), frozenset(errors), entailed)

    def _free(self, steps: Sequence[Step]) -> list[list[ClaimVerdict]]:
        """The verdicts of steps of free English."""
        if not steps:
            return []
        reading = presence.reading(self)
        if reading is None:
            return FreeReading(self, self.lexicon, self.time).judge_all(steps)
        return [reading.judge(step, last=i == len(steps) - 1) for i, step in enumerate(steps)]

    def _known(self, claims: Sequence[Claim]) -> bool:
        """Are all things ones that the story has? Else the canonical form was seen where it is not meant."""
        free = (ClaimKind.PERCEPTION, ClaimKind.PRESENCE, ClaimKind.TRUST, ClaimKind.SAID)
        return all(c.kind in free or c.thing == "it" or self.facts.of(c.thing, "") for c in claims)

    @cached_property
    def lexicon(self) -> Lexicon:
        return Lexicon(self.item.story, self.question, self.item.text)

    @cached_property
    def time(self) -> Timeline:
        return Timeline(self.state)

    def judge(self, claim: Claim) -> ClaimVerdict:
        """The verdict for one claim, at its anchor in story time."""
        if claim.thing == "it":
            claim = replace(claim, thing=self.question.fact.thing)
        if claim.line is not None and claim.line not in self.lines:
            lines = f"one of lines {min(self.lines)}-{max(self.lines)}"
            reason = f"the story has no line {claim.line}"
            return contradicts(claim, f"line {claim.line}", lines, None, ErrorKind.UNKNOWN_EVENT, reason)
        stranger = next((n for n in claim.names if n not in self.state.story.agents), None)
        if stranger is not None:
            return leaves_open(claim, f"{stranger} is not in the story")
        if self.item.abstain and (not self.state.story.events or claim.thing == self.question.fact.thing):
            return leaves_open(claim, self.item.abstain)
        return _JUDGES[claim.kind](self, claim)

    def _concludes(self, claim: Claim) -> bool:
        kind = ClaimKind.BELIEF if self.chain else ClaimKind.LOCATION
        about = claim.kind is kind and collapse(claim.names) == self.chain and claim.positive
        return about and normalise(claim.thing) == normalise(self.question.fact.thing)

    def _judge_answer(self, answer: str | None) -> Status:
        if answer is None:
            return Status.NO_CLAIM
        if self.answer is None:
            return Status.UNCHECKABLE
        return presence.same_answer(self.item, answer, self.answer)

    def _same(self, answer: str | None, entailed: str) -> bool | None:
        """Is it the answer that a claim of the trace entails? None where its wording leaves that open."""
        if answer is None:
            return False
        status = presence.same_answer(self.item, answer, entailed)
        return None if status is Status.UNCHECKABLE else status is Status.SUPPORTED

    # -- one method per kind of claim -----------------------------------------------------------

    def _location(self, claim: Claim) -> ClaimVerdict:
        fact = self.facts.of(claim.thing, claim.place)
        if fact is None:
            return leaves_open(claim, f"no {claim.thing} has a place in the story")
        return self.judge_location(claim, fact)

    def judge_location(self, claim: Claim, fact: Fact, named: bool = True) -> ClaimVerdict:
        """Is `fact` what is claimed, at the claim's line? (`named`: as in `judge_belief`.)"""
        thing, belief = fact.thing, self.state.belief((), fact, claim.line)
        if belief.value is None:
            return leaves_open(claim, f"where the {thing} is has not been said yet")
        if matches(claim.place, belief.value) == claim.positive:
            return supports(claim, belief.value, belief.event)
        if not named:
            return ClaimVerdict(claim, Status.CONTRADICTED, claim.place, belief.value, "")
        kind = kinds.location_error(self.state, fact, claim.line, claim.place)
        truth = f"the {thing} is in the {belief.value}"
        return contradicts(claim, claim.place, belief.value, belief.event, kind, truth)

    def _perception(self, claim: Claim) -> ClaimVerdict:
        event = self._event_at(claim.line)
        if event is None:
            return leaves_open(claim, "nothing can be seen there" if claim.line else "no line is named")
        name = claim.names[0]
        witnesses = event.apparent if claim.apparent else event.real
        see, miss = ("seems to see it", "seems to miss it") if claim.apparent else ("sees it", "misses it")
        words = {True: f"{name} {see}", False: f"{name} {miss}"}
        saw = name in witnesses
        if saw == claim.positive:
            return supports(claim, words[saw], event)
        kind = kinds.perception_error(claim.positive)
        who = "seeming witnesses" if claim.apparent else "witnesses"
        reason = f"{who} of line {event.line}: {join_names(sorted(witnesses)) or 'nobody'}"
        return contradicts(claim, words[claim.positive], words[saw], event, kind, reason)

    def _presence(self, claim: Claim) -> ClaimVerdict:
        name = claim.names[0]
        room = self.state.belief((), Fact(name, "room"), claim.line)
        if room.value is None:
            return leaves_open(claim, f"where {name} is has not been said yet")
        inside = normalise(room.value) == normalise(claim.place)
        if inside == claim.positive:
            return supports(claim, room.value, room.event)
        claimed = claim.place if claim.positive else f"not({claim.place})"
        truth = f"{name} is in: {room.value}"
        if claim.positive:
            kind = kinds.location_error(self.state, Fact(name, "room"), claim.line, claim.place)
        else:
            kind = kinds.absence_error(self.state, name, claim.line, claim.place)
        return contradicts(claim, claimed, room.value, room.event, kind, truth)

    def _belief(self, claim: Claim) -> ClaimVerdict:
        fact = self.facts.of(claim.thing, claim.place)
        if fact is None:
            return leaves_open(claim, f"no {claim.thing} has a place in the story")
        return self.judge_belief(claim, fact)

    def judge_belief(self, claim: Claim, fact: Fact, named: bool = True) -> ClaimVerdict:
        """Does the claim's chain of people hold `fact` for what is claimed, at the claim's line?

        Args:
            named: find out what kind of error it is, which is most of the work.
        """
        key = (claim.names, fact, claim.line)
        if key not in self._beliefs:
            self._beliefs[key] = self.state.belief(*key)
        belief = self._beliefs[key]
        held = value_words(fact, belief.value) or "unknown"
        claimed = claim.place or "unknown"
        if matches(claimed, held) == claim.positive:
            return supports(claim, held, belief.event)
        if not named:
            return ClaimVerdict(claim, Status.CONTRADICTED, claimed, held, "")
        if claim.positive:
            wrong = (*key, claim.place)
            if wrong not in self._errors:
                self._errors[wrong] = kinds.belief_error(self.state, *wrong)
            kind = self._errors[wrong]
        else:
            kind, claimed = ErrorKind.BELIEF_NOT_UPDATED, f"not {claimed}"
        return contradicts(claim, claimed, held, belief.event, kind, belief.explain())

    def _said(self, claim: Claim) -> ClaimVerdict:
        told = self._tell_at(claim.line)
        if told is None:
            return leaves_open(claim, "nothing is said there")
        (fact, place), *_ = told.facts
        says = speaker(self.state.story, told)
        truth = f"{says} says {fact.thing} in {place}"
        right = says == claim.names[0] and normalise(claim.thing) == normalise(fact.thing)
        if right and matches(claim.place, place):
            return supports(claim, truth, told)
        claimed = f"{claim.names[0]} says {claim.thing} in {claim.place}"
        return contradicts(claim, claimed, truth, told, kinds.said_error(right), f"line {told.line}: {truth}")

    def _trust(self, claim: Claim) -> ClaimVerdict:
        told = self._tell_at(claim.line)
        if told is None or told.tell is None:
            return leaves_open(claim, "nothing is said there")
        name, speaker = claim.names[0], told.tell.speaker
        # As released, a speaker takes every hearer for a believer; otherwise nobody is mistaken.
        mistaken = claim.apparent and self.state.profile.tells == "release"
        trusts = name in (told.tell.listeners if mistaken else told.tell.trusting)
        words = {True: f"{name} trusts {speaker}", False: f"{name} doubts {speaker}"}
        if trusts == claim.positive:
            return supports(claim, words[trusts], told)
        reason = f"{words[trusts]} at line {told.line}"
        return contradicts(claim, words[claim.positive], words[trusts], told, ErrorKind.WRONG_TRUST, reason)

    # -- the story at a line --------------------------------------------------------------------

    def _event_at(self, line: int | None) -> Event | None:
        """What can be seen at a line. An entry is seen by all in the room, the entrants included,
        who also see what is in the room: that is the line's second event."""
        return event_at(self.state.story, line, self.question.fact)

    def _tell_at(self, line: int | None) -> Event | None:
        said = (e for e in self.state.story.at(line) if e.tell is not None or e.said)
        return next(said, None)


_JUDGES: dict[ClaimKind, Callable[[Checker, Claim], ClaimVerdict]] = {
    ClaimKind.LOCATION: Checker._location,  # pyright: ignore[reportPrivateUsage]
    ClaimKind.PERCEPTION: Checker._perception,  # pyright: ignore[reportPrivateUsage]
    ClaimKind.PRESENCE: Checker._presence,  # pyright: ignore[reportPrivateUsage]
    ClaimKind.BELIEF: Checker._belief,  # pyright: ignore[reportPrivateUsage]
    ClaimKind.SAID: Checker._said,  # pyright: ignore[reportPrivateUsage]
    ClaimKind.TRUST: Checker._trust,  # pyright: ignore[reportPrivateUsage]
}


def check(story: str, question: str, trace: str, profile: str = "hitom-clean") -> Verdict:
    """The verdict on one trace about one story, all as text.

    Raises:
        StoryError: a sentence of the story is unknown; the message names its line.
        ValueError: the question has another form.
    """
    return Checker(Item("", "", story, read_question(question), profile)).check(trace)
