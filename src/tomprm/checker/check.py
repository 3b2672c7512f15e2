"""HEART 2: (story, question, trace) -> a verdict for every claim of every step."""

from __future__ import annotations

from collections.abc import Callable

from tomprm.belief.state import BeliefState
from tomprm.checker.obligations import obligations, signature
from tomprm.checker.verdict import ClaimVerdict, ErrorKind, Status, StepVerdict, Verdict
from tomprm.trace.claims import Claim, ClaimKind, read_claims
from tomprm.trace.steps import Trace, matches, normalise, read_trace
from tomprm.world.events import Event, Fact, Question
from tomprm.world.items import Item
from tomprm.world.replay import PROFILES


class Checker:
    """Judges traces about one item; the story is replayed once."""

    def __init__(self, item: Item) -> None:
        self.item = item
        self.question: Question = item.question
        self.state = BeliefState(item.story, PROFILES[item.profile])
        self.lines = {a.line for a in item.story.actions}
        self.things = {normalise(t): t for t in item.story.things}
        self.due = obligations(self.state, self.question)
        self.answer = self.state.answer(self.question).value

    def check(self, trace: Trace | str) -> Verdict:
        """Verdicts for all steps; obligations count for the first supported claim that meets them."""
        if isinstance(trace, str):
            trace = read_trace(trace)
        open_due = list(self.due)
        errors: set[tuple[object, ...]] = set()
        steps: list[StepVerdict] = []
        entailed: Claim | None = None
        for step in trace.steps:
            verdicts = tuple(self.judge(claim) for claim in read_claims(step))
            established = new_errors = 0
            for verdict in verdicts:
                if verdict.status is Status.SUPPORTED:
                    met = next((d for d in open_due if signature(verdict.claim) in d.alternatives), None)
                    if met is not None:
                        open_due.remove(met)
                        established += 1
                elif verdict.status is Status.CONTRADICTED and verdict.claim.key not in errors:
                    errors.add(verdict.claim.key)
                    new_errors += 1
                if self._concludes(verdict.claim):
                    entailed = verdict.claim
            steps.append(StepVerdict(step, verdicts, established, new_errors))
        return Verdict(
            steps=tuple(steps),
            answer=trace.answer,
            answer_status=self._judge_answer(trace.answer),
            format=trace.format,
            obligations=len(self.due),
            coherent=None if entailed is None else matches(trace.answer, entailed.place),
            unestablished=tuple(d.text for d in open_due),
        )

    def judge(self, claim: Claim) -> ClaimVerdict:
        """The verdict for one claim, at its anchor in story time."""
        if claim.line is not None and claim.line not in self.lines:
            return ClaimVerdict(
                claim, Status.CONTRADICTED, f"line {claim.line}", f"one of lines {min(self.lines)}-{max(self.lines)}",
                f"the story has no line {claim.line}", error=ErrorKind.UNKNOWN_EVENT,
            )  # fmt: skip
        stranger = next((n for n in claim.names if n not in self.state.story.agents), None)
        if stranger is not None:
            return _open(claim, f"{stranger} is not in the story")
        return _JUDGES[claim.kind](self, claim)

    def _concludes(self, claim: Claim) -> bool:
        kind = ClaimKind.BELIEF if self.question.chain else ClaimKind.LOCATION
        about = claim.kind is kind and claim.names == self.question.chain
        return about and normalise(claim.thing) == normalise(self.question.fact.thing)

    def _judge_answer(self, answer: str | None) -> Status:
        if answer is None:
            return Status.NO_CLAIM
        if self.answer is None:
            return Status.UNCHECKABLE
        return Status.SUPPORTED if matches(answer, self.answer) else Status.CONTRADICTED

    # -- one method per kind of claim -----------------------------------------------------------

    def _location(self, claim: Claim) -> ClaimVerdict:
        thing = self.things.get(normalise(claim.thing))
        if thing is None:
            return _open(claim, f"no {claim.thing} has a place in the story")
        belief = self.state.belief((), Fact(thing), claim.line)
        if belief.value is None:
            return _open(claim, f"where the {thing} is has not been said yet")
        if matches(claim.place, belief.value):
            return _supported(claim, belief.value, belief.event)
        elsewhere = {normalise(p) for p in self.state.story.places(thing)}
        kind = ErrorKind.WRONG_TIME if normalise(claim.place) in elsewhere else ErrorKind.WRONG_PLACE
        return _wrong(claim, claim.place, belief.value, belief.event, kind, f"the {thing} is in the {belief.value}")

    def _perception(self, claim: Claim) -> ClaimVerdict:
        event = self._event_at(claim.line)
        if event is None:
            return _open(claim, "nothing happens there that could be seen" if claim.line else "no line is named")
        name = claim.names[0]
        saw = name in (event.apparent if claim.apparent else event.real)
        seems = "seems to " if claim.apparent else ""
        words = {True: f"{name} {seems}see it", False: f"{name} {seems}miss it"}
        if saw == claim.positive:
            return _supported(claim, words[saw], event)
        who = "apparent" if claim.apparent else "real"
        watchers = ", ".join(sorted(event.apparent if claim.apparent else event.real)) or "nobody"
        kind = ErrorKind.UPDATED_WITHOUT_PERCEPTION if claim.positive else ErrorKind.WRONG_OBSERVERS
        return _wrong(claim, words[claim.positive], words[saw], event, kind, f"{who} witnesses: {watchers}")

    def _presence(self, claim: Claim) -> ClaimVerdict:
        name = claim.names[0]
        room = self.state.belief((), Fact(name, "room"), claim.line)
        if room.value is None:
            return _open(claim, f"where {name} is has not been said yet")
        inside = normalise(room.value) == normalise(claim.place)
        if inside == claim.positive:
            return _supported(claim, room.value, room.event)
        claimed = claim.place if claim.positive else f"not({claim.place})"
        return _wrong(claim, claimed, room.value, room.event, ErrorKind.WRONG_PLACE, f"{name} is in: {room.value}")

    def _belief(self, claim: Claim) -> ClaimVerdict:
        thing = self.things.get(normalise(claim.thing))
        if thing is None:
            return _open(claim, f"no {claim.thing} has a place in the story")
        belief = self.state.belief(claim.names, Fact(thing), claim.line)
        held = belief.value or "unknown"
        claimed = claim.place or "unknown"
        if matches(claimed, held):
            return _supported(claim, held, belief.event)
        # A value that the chain never took in came from outside it; one that it held once is stale.
        seen = {
            normalise(v)
            for e in self.state.story.about(Fact(thing))
            if (v := self.state.belief(claim.names, Fact(thing), e.line).value)
        }
        kind = (
            ErrorKind.BELIEF_NOT_UPDATED
            if normalise(claimed) in seen
            else ErrorKind.UPDATED_WITHOUT_PERCEPTION
            if normalise(claimed) in {normalise(p) for p in self.state.story.places(thing)}
            else ErrorKind.WRONG_PLACE
        )
        return _wrong(claim, claimed, held, belief.event, kind, belief.explain())

    def _said(self, claim: Claim) -> ClaimVerdict:
        told = self._tell_at(claim.line)
        if told is None or told.tell is None:
            return _open(claim, "nothing is said there")
        place = told.facts[0][1]
        if told.tell.speaker == claim.names[0] and matches(claim.place, place):
            return _supported(claim, place, told)
        truth = f"{told.tell.speaker} says {place}"
        return _wrong(claim, f"{claim.names[0]} says {claim.place}", truth, told, ErrorKind.WRONG_PLACE, truth)

    def _trust(self, claim: Claim) -> ClaimVerdict:
        told = self._tell_at(claim.line)
        if told is None or told.tell is None:
            return _open(claim, "nothing is said there")
        name = claim.names[0]
        believers = told.tell.listeners if claim.apparent else told.tell.trusting
        words = {True: "trusts", False: "doubts"}
        if (name in believers) == claim.positive:
            return _supported(claim, words[claim.positive], told)
        reason = f"{name} {words[name in believers]} {told.tell.speaker}"
        return _wrong(claim, words[claim.positive], words[name in believers], told, ErrorKind.WRONG_TRUST, reason)

    def _event_at(self, line: int | None) -> Event | None:
        """The event of a line: the one about the queried thing where there is a choice."""
        here = [e for e in self.state.story.events if e.line == line and e.tell is None]
        about = [e for e in here if e.value(self.question.fact) is not None]
        return next(iter(about or here), None)

    def _tell_at(self, line: int | None) -> Event | None:
        return next((e for e in self.state.story.events if e.line == line and e.tell is not None), None)


_JUDGES: dict[ClaimKind, Callable[[Checker, Claim], ClaimVerdict]] = {
    ClaimKind.LOCATION: Checker._location,  # pyright: ignore[reportPrivateUsage]
    ClaimKind.PERCEPTION: Checker._perception,  # pyright: ignore[reportPrivateUsage]
    ClaimKind.PRESENCE: Checker._presence,  # pyright: ignore[reportPrivateUsage]
    ClaimKind.BELIEF: Checker._belief,  # pyright: ignore[reportPrivateUsage]
    ClaimKind.SAID: Checker._said,  # pyright: ignore[reportPrivateUsage]
    ClaimKind.TRUST: Checker._trust,  # pyright: ignore[reportPrivateUsage]
}


def _supported(claim: Claim, value: str, event: Event | None) -> ClaimVerdict:
    line = event.line if event else None
    reason = f"set by line {line}" if line else "so the story says"
    return ClaimVerdict(claim, Status.SUPPORTED, value, value, reason, line)


def _wrong(
    claim: Claim, claimed: str, expected: str, event: Event | None, kind: ErrorKind, reason: str
) -> ClaimVerdict:
    line = event.line if event else None
    where = f" (line {line})" if line else ""
    return ClaimVerdict(claim, Status.CONTRADICTED, claimed, expected, reason + where, line, kind)


def _open(claim: Claim, reason: str) -> ClaimVerdict:
    return ClaimVerdict(claim, Status.UNCHECKABLE, claim.text, "", reason)
