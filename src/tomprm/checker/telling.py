"""Where a retelling stands in the story, and which moments a statement of it may be meant of.

Steps run through the story in order: a retold event is the next one that fits from where the reasoning
stands (the cursor), or one before. What is said of people and beliefs is judged at the event named in the
same sentence, at the line named, or at the end for a conclusion; where the anchor stays open it is
contradicted only if no moment from the cursor on makes it true. A statement that was not read whole, or a
pronoun that may mean somebody else, accuses nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from tomprm.checker.timeline import Timeline, nearest
from tomprm.checker.verdict import ClaimVerdict, ErrorKind, Status
from tomprm.trace.claims import Claim, ClaimKind
from tomprm.trace.statements import Statement, When
from tomprm.world.events import CHANGES, Kind

if TYPE_CHECKING:
    from tomprm.checker.check import Checker

Verdicts = list[ClaimVerdict]
BEFORE = ("before", "until", "till", "just before", "right before")
SAYING = (Kind.CLAIM, Kind.TELL)
TOLD = (*CHANGES, Kind.CARRY, *SAYING)


class Telling:
    """What has been retold so far, and how the statement at hand is anchored."""

    def __init__(self, checker: Checker, time: Timeline) -> None:
        self.checker = checker
        self.item = checker.item
        self.time = time
        self.cursor = 0  # the line up to which the story has been retold
        self.thing = self.item.question.fact.thing  # spoken of last
        self.overlooked = False  # what was said last is that somebody did not notice something
        self.missed = False  # the sentence says that something was not seen
        self.topic = ""  # talked about last
        self.latest: list[int] = []  # lines of the events retold in this step
        self.earlier: list[int] = []  # and in the one before
        self.deeds: list[int] = []  # lines of the moves retold in this step
        self.told: list[int] = []  # and before it
        self.also: list[int] = []  # other lines at which the thing is where it was last said to be
        self.alts: dict[int, list[int]] = {}  # later lines that a retold event may be as well
        self.fits: dict[int, list[int]] = {}  # all lines that it may be
        # Of the statement being judged:
        self.anchor: int | None = None  # a line named, or retold with it
        self.unread = False  # its step tells an event that was not understood
        self.timed = False  # the anchor is told as a time: "after Ann left"
        self.before: ClaimKind | None = None  # what was said before it in the sentence
        self.last_step = False
        self.told_all = False  # no later step retells anything

    def things(self, name: str) -> list[str]:
        """The things meant; "it" is the one spoken of, which may be another than the question's."""
        if name and name != "it":
            self.thing = name
            return [name]
        return [self.thing]

    def pick(self, lines: Sequence[int], s: Statement) -> int | None:
        if s.lines is not None:
            inside = [n for n in lines if s.lines[0] <= n <= s.lines[1]]
            if inside:
                return inside[0]
        line = nearest(lines, self.cursor, past=s.when is When.PAST)
        if line is not None:
            self.alts[line] = [n for n in lines if n > line]
            self.fits[line] = list(lines)
        return line

    def out_of_time(self, s: Statement, line: int) -> ClaimVerdict | None:
        """The line that is named for an event has to be its line."""
        if not s.cited or s.lines is None or s.lines[0] - 1 <= line <= s.lines[1] + 1:
            return None
        claim = Claim(s.kind, s.text, s.group.names if s.group else (), line=s.lines[0])
        reason = f"that is at line {line}"
        return self.wrong(s, claim, f"line {line}", line, ErrorKind.WRONG_TIME, reason)

    def moments(self, s: Statement) -> list[int | None]:
        """The admissible moments, the likeliest first; None is the end."""
        if s.lines is not None and self.anchor is not None:
            return [self.anchor]
        here = self.anchor if self.anchor is not None else self.cursor
        end = self.item.question.line
        if s.when is When.END:
            return [end]
        if s.when is When.PAST and here:
            return [here, *[n for n in reversed(self.time.lines) if n <= here]]
        if (s.when is When.NOW and here) or self.anchor is not None:
            return [here, *self.alts.get(here, ())]
        return [here, end, *[n for n in self.time.lines if n > here]]

    def decide(
        self, s: Statement, moments: list[int | None], at: Callable[[int | None], ClaimVerdict], sure: int = 2
    ) -> ClaimVerdict:
        """Supported where one of the first `sure` moments makes it true; contradicted where none does."""
        first: ClaimVerdict | None = None
        for number, moment in enumerate(moments):
            verdict = at(moment)
            first = first or verdict
            if verdict.status is Status.SUPPORTED:
                if number < sure or s.when is When.PAST:
                    return verdict
                return unclear(s, f"true only later, at line {moment}")
        if first is None:
            return unclear(s, "no moment is meant")
        return first if first.status is not Status.CONTRADICTED or s.firm else unclear(s, "not read whole")

    def wrong(
        self, s: Statement, claim: Claim, expected: str, line: int | None, kind: ErrorKind, reason: str
    ) -> ClaimVerdict:
        if not s.firm:
            return unclear(s, f"not read whole; the story says: {expected}")
        return ClaimVerdict(claim, Status.CONTRADICTED, s.text, expected, reason, line, kind)


def supported(s: Statement, claim: Claim, expected: str, line: int | None) -> ClaimVerdict:
    reason = f"set by line {line}" if line else "so the story says"
    return ClaimVerdict(claim, Status.SUPPORTED, expected, expected, reason, line)


def unclear(s: Statement, reason: str) -> ClaimVerdict:
    """It cannot be decided."""
    return ClaimVerdict(Claim(s.kind, s.text), Status.UNCHECKABLE, s.text, "", reason)
