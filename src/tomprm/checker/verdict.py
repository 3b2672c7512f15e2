"""Verdicts: a status with all its reasons, and the numbers that rewards and reports are made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from tomprm.trace.claims import Claim
from tomprm.trace.steps import Format, Step
from tomprm.world.events import Event


class Status(str, Enum):
    SUPPORTED = "supported"
    CONTRADICTED = "contradicted"
    UNCHECKABLE = "uncheckable"  # a claim that the checker cannot decide
    NO_CLAIM = "no_claim"


class ErrorKind(str, Enum):
    """What is wrong with a contradicted claim, or with the answer; `tomprm.checker.kinds` defines each."""

    UPDATED_WITHOUT_PERCEPTION = "updated without perception"
    BELIEF_NOT_UPDATED = "belief not updated"
    WRONG_OBSERVERS = "wrong observers"
    WRONG_PLACE = "wrong place"
    WRONG_TIME = "wrong time"
    WRONG_TRUST = "wrong trust"
    UNKNOWN_EVENT = "unknown event"
    ORDER_COLLAPSED = "order collapsed"
    NAMES_SWAPPED = "names swapped"
    STALE_COPY = "stale copy"
    UNSUPPORTED_ANSWER = "unsupported answer"  # of the answer, never of a claim


@dataclass(frozen=True, slots=True)
class ClaimVerdict:
    """`expected` is what the story says in place of `claimed`; `line` the event it rests on."""

    claim: Claim
    status: Status
    claimed: str
    expected: str
    reason: str
    line: int | None = None
    error: ErrorKind | None = None

    def as_row(self) -> dict[str, Any]:
        return {
            "kind": self.claim.kind.value,
            "text": self.claim.text,
            "claimed": self.claimed,
            "expected": self.expected,
            "status": self.status.value,
            "reason": self.reason,
            "line": self.line,
            "error": self.error.value if self.error else None,
        }


@dataclass(frozen=True, slots=True)
class StepVerdict:
    """`established`: the obligations that this step is the first to establish; `new_errors`: the
    contradicted claims that no earlier step had made in the same sense. `concluded`: the question's last
    obligation, the belief itself, is among those established. `met`: which they are, as indices into the
    question's obligations."""

    step: Step
    claims: tuple[ClaimVerdict, ...]
    established: int = 0
    new_errors: int = 0
    concluded: bool = False
    met: tuple[int, ...] = ()

    @property
    def status(self) -> Status:
        statuses = {c.status for c in self.claims}
        for status in (Status.CONTRADICTED, Status.SUPPORTED, Status.UNCHECKABLE):
            if status in statuses:
                return status
        return Status.NO_CLAIM

    @property
    def score(self) -> float | None:
        """1 supported, 0 contradicted, None where nothing was judged."""
        return {Status.SUPPORTED: 1.0, Status.CONTRADICTED: 0.0}.get(self.status)


@dataclass(frozen=True)
class Verdict:
    """Everything the checker says of one trace."""

    steps: tuple[StepVerdict, ...]
    answer: str | None
    answer_status: Status
    format: Format
    obligations: int
    coherent: bool | None  # the answer is what the last belief claim entails; None: no such claim
    unestablished: tuple[str, ...] = field(default=())

    def count(self, status: Status) -> int:
        return sum(c.status is status for s in self.steps for c in s.claims)

    @property
    def answer_error(self) -> ErrorKind | None:
        """An answer that the trace's own last belief claim does not entail, right or wrong as it may be;
        None where it does, or where no claim says what to expect."""
        return ErrorKind.UNSUPPORTED_ANSWER if self.coherent is False else None

    @property
    def established(self) -> int:
        return sum(s.established for s in self.steps)

    @property
    def soundness(self) -> float | None:
        """supported / (supported + contradicted) claims; None where no claim was judged."""
        good, bad = self.count(Status.SUPPORTED), self.count(Status.CONTRADICTED)
        return good / (good + bad) if good + bad else None

    @property
    def coverage(self) -> float:
        """Share of the obligations that supported claims establish."""
        return self.established / self.obligations if self.obligations else 0.0

    @property
    def sound(self) -> bool:
        """A complete argument without a wrong claim."""
        return not self.count(Status.CONTRADICTED) and self.established == self.obligations > 0

    @property
    def first_error(self) -> int:
        """Index of the first contradicted step, -1 if none."""
        return next((i for i, s in enumerate(self.steps) if s.status is Status.CONTRADICTED), -1)

    def explain(self) -> str:
        """The steps with their status, and under each wrong or open claim what the story says."""
        lines: list[str] = []
        for verdict in self.steps:
            lines.append(f"{verdict.status.value:13}{verdict.step.text}")
            for c in verdict.claims:
                if c.status is Status.CONTRADICTED:
                    kind = f" [{c.error.value}]" if c.error else ""
                    lines.append(f"  {c.claim.text!r}: expected {c.expected!r}, because {c.reason}{kind}")
                elif c.status is Status.UNCHECKABLE:
                    lines.append(f"  {c.claim.text!r}: {c.reason}")
        error = f" [{self.answer_error.value}]" if self.answer_error else ""
        lines.append(f"{self.answer_status.value:13}answer: {self.answer}{error}")
        return "\n".join(lines)

    def as_row(self) -> dict[str, Any]:
        """The verdict-row schema, without id and rewards."""
        return {
            "steps": [
                {
                    "start": s.step.start,
                    "end": s.step.end,
                    "text": s.step.text,
                    "status": s.status.value,
                    "score": s.score,
                    "claims": [c.as_row() for c in s.claims],
                }
                for s in self.steps
            ],
            "answer": {
                "text": self.answer,
                "status": self.answer_status.value,
                "error": self.answer_error.value if self.answer_error else None,
            },
            "first_error": self.first_error,
            "process": {
                "soundness": self.soundness,
                "coverage": self.coverage,
                "coherence": self.coherent,
                "obligations": self.obligations,
                "established": self.established,
                "unestablished": list(self.unestablished),
                "sound": self.sound,
                "format": self.format.value,
            },
        }


def supports(claim: Claim, value: str, event: Event | None) -> ClaimVerdict:
    """The claim is right; `event` has made it so."""
    line = event.line if event else None
    reason = f"set by line {line}" if line else "so the story says"
    return ClaimVerdict(claim, Status.SUPPORTED, value, value, reason, line)


def contradicts(
    claim: Claim, claimed: str, expected: str, event: Event | None, kind: ErrorKind, reason: str
) -> ClaimVerdict:
    """The claim is wrong; `expected` is so since `event`."""
    line = event.line if event else None
    if line and f"line {line}" not in reason:
        reason += f" (line {line})"
    return ClaimVerdict(claim, Status.CONTRADICTED, claimed, expected, reason, line, kind)


def leaves_open(claim: Claim, reason: str) -> ClaimVerdict:
    """The claim cannot be decided."""
    return ClaimVerdict(claim, Status.UNCHECKABLE, claim.text, "", reason)
