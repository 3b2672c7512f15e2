"""Statements in free English -> verdicts, step by step (how they are anchored: `checker.telling`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from tomprm.checker import held, perceived, trusted, whereabouts
from tomprm.checker.retold import retell
from tomprm.checker.telling import BEFORE, Telling, Verdicts
from tomprm.checker.timeline import Timeline
from tomprm.checker.verdict import ClaimVerdict, ErrorKind, Status
from tomprm.trace.claims import Claim, ClaimKind
from tomprm.trace.lexicon import Lexicon
from tomprm.trace.reading import Reader
from tomprm.trace.statements import Statement, When
from tomprm.trace.steps import Step
from tomprm.world.events import Kind

if TYPE_CHECKING:
    from tomprm.checker.check import Checker

_EVENTS = (ClaimKind.MOVE, ClaimKind.ENTRY, ClaimKind.EXIT, ClaimKind.SAID)
_WHILE = (
    *("when", "while", "as", "after", "once", "whilst", "as soon as", "by the time", *BEFORE),
    *("just after", "right after"),
)


_DURING = ("when", "while", "as", "whilst")
_AFTER = ("after", "once", "as soon as", "just after", "right after")


class FreeReading:
    """Judges the steps of one trace, in order."""

    def __init__(self, checker: Checker, lexicon: Lexicon, time: Timeline) -> None:
        self.telling = Telling(checker, time)
        self.reader = Reader(lexicon)

    def judge_all(self, steps: Sequence[Step]) -> list[Verdicts]:
        """Verdicts for the claims of each step, in the order in which they are written."""
        read: list[tuple[Statement, ...]] = []
        unread: list[bool] = []
        for step in steps:
            read.append(self.reader.read(step))
            unread.append(self.reader.unread)
        last_told = max(
            (i for i, found in enumerate(read) if any(s.kind in _EVENTS for s in found)), default=-1
        )
        made: list[Verdicts] = []
        for number, statements in enumerate(read):
            self.telling.unread = unread[number]
            self.telling.last_step = number == len(read) - 1
            self.telling.told_all = number >= last_told
            made.append(self._judge(statements))
        return made

    def judge(self, step: Step, last: bool = False) -> Verdicts:
        """Verdicts for the claims of the next step alone, where what follows is not known."""
        statements = self.reader.read(step)
        self.telling.unread = self.reader.unread
        self.telling.last_step = self.telling.told_all = last
        return self._judge(statements)

    def _judge(self, statements: Sequence[Statement]) -> Verdicts:
        self.telling.earlier, self.telling.latest = self.telling.latest, []
        told, self.telling.deeds = self.telling.deeds, []
        self.telling.told = told
        verdicts: list[tuple[int, ClaimVerdict]] = []
        for number in dict.fromkeys(s.sentence for s in statements):
            verdicts += self._sentence([s for s in statements if s.sentence == number])
        verdicts.sort(key=lambda pair: pair[0])
        self.telling.latest = self.telling.latest or self.telling.earlier
        self.telling.deeds = self.telling.deeds or told
        return [v for _, v in verdicts]

    def _sentence(self, statements: Sequence[Statement]) -> Iterator[tuple[int, ClaimVerdict]]:
        """Events first: they are what the rest of the sentence is said of."""
        retold: list[tuple[int, int, str]] = []  # place in the text, line, conjunction
        order: list[tuple[Statement, int]] = []
        statements = sorted(statements, key=lambda s: s.start)
        self.telling.missed = any(s.kind is ClaimKind.PERCEPTION and not s.positive for s in statements)
        first = [s for i, s in enumerate(statements) if s.kind in _EVENTS and s.joint in _WHILE and i]
        for s in [*first, *(s for s in statements if s not in first)]:
            s = self._moved(s)
            if s.kind is ClaimKind.SAID and s.bare and not self._tells(s):
                continue
            if s.kind in _EVENTS:
                made, line = retell(self.telling, s)
                self.telling.overlooked = False
                told = [n for at, n, _ in retold if at < s.start]
                if s.then and line is not None and told and line < told[-1] and s.kind is not ClaimKind.EXIT:
                    made = [self._too_early(s, v, told[-1]) for v in made]
                if line is not None:
                    retold.append((s.start, line, s.joint))
                    order.append((s, line))
            else:
                self.telling.anchor = self._anchor(s, retold)
                self.telling.timed = any(line == self.telling.anchor and j in _WHILE for _, line, j in retold)
                earlier = [x.kind for x in statements if x.start < s.start]
                self.telling.before = earlier[-1] if earlier else None
                untold = s.joint in BEFORE and s.kind is ClaimKind.PRESENCE  # "before Ann gets there"
                made = [] if untold else _JUDGES[s.kind](self.telling, s)
                blind = s.kind is ClaimKind.PERCEPTION and (bool(s.inward) or not s.positive)
                self.telling.overlooked = blind or (self.telling.overlooked and s.kind is ClaimKind.PRESENCE)
            if not s.quoted:
                yield from ((s.start, v) for v in made)

        order.sort(key=lambda pair: pair[0].start)
        if (turned := self._ordered(order)) is not None:
            yield statements[0].start, turned

    def _moved(self, s: Statement) -> Statement:
        """ "Ann -> box" is a move where she makes one, "Ann moves to the hall" where she does not go."""
        if s.kind is ClaimKind.ENTRY and s.bare and s.group is not None and s.group.names:
            who, time = s.group.names, self.telling.time
            if not time.entries(who[:1], s.room) and time.moves(who, self.telling.things("it"), "", s.room):
                return replace(s, kind=ClaimKind.MOVE, thing="it", place=s.room, relation="room", bare=False)
        if s.kind is ClaimKind.BELIEF and s.bare and len(s.chain) == 1:
            lines = self.telling.time.moves(s.chain[0].names, [self.telling.thing], s.place, "")
            if any(n > self.telling.cursor for n in lines):
                return replace(s, kind=ClaimKind.MOVE, group=s.chain[0], chain=(), bare=False)
        return s

    def _tells(self, s: Statement) -> bool:
        who = s.group.names if s.group is not None else ()
        return bool(who and self.telling.time.tells(who, (), [s.thing], ""))

    def _ordered(self, told: list[tuple[Statement, int]]) -> ClaimVerdict | None:
        """ "After", "before" and "had already" between two events of a sentence have to hold; the verdict on
        the first event of which they do not."""
        for i, (sub, inner) in enumerate(told):
            near = told[i + 1 :] if sub.ahead else told[:i][::-1]
            main = next((pair for pair in near if pair[0].joint not in _WHILE), None)
            if sub.joint not in _WHILE or main is None:
                continue
            s, outer = main
            fits = self.telling.fits
            pairs = [(m, n) for m in fits.get(inner, [inner]) for n in fits.get(outer, [outer])]
            before = sub.joint in BEFORE or sub.joint == "by the time" or s.when is When.PAST
            if sub.joint in _AFTER:
                right = any(m < n for m, n in pairs)
            elif before and sub.joint not in _AFTER:
                right = any(n < m for m, n in pairs)
            else:
                continue
            if not right:
                reason = f"line {outer} and line {inner} are in the other order"
                claim = Claim(s.kind, s.text, s.group.names if s.group else (), line=outer)
                return self.telling.wrong(s, claim, reason, outer, ErrorKind.WRONG_TIME, reason)
        return None

    def _too_early(self, s: Statement, verdict: ClaimVerdict, before: int) -> ClaimVerdict:
        """Told as coming after what comes after it."""
        if verdict.status is not Status.SUPPORTED or s.when is When.PAST:
            return verdict
        reason = f"line {verdict.line} comes before line {before}"
        return self.telling.wrong(s, verdict.claim, reason, verdict.line, ErrorKind.WRONG_TIME, reason)

    def _anchor(self, s: Statement, retold: list[tuple[int, int, str]]) -> int | None:
        ends = s.start + len(s.text)
        for at, line, joint in retold:  # "Ann moves it, and she is there when Bob moves it"
            if s.lines is None and joint in _DURING and ends < at <= ends + len(joint) + 2:
                return line - (self.telling.time.by_line[line].kind is Kind.EXIT)
        if s.lines is not None:
            inside = [n for n in self.telling.time.lines if s.lines[0] <= n <= s.lines[1]]
            return inside[-1] if inside else None
        before = [line for at, line, joint in retold if at < s.start and joint not in BEFORE]
        if before:
            back = s.joint == "so" and s.kind is ClaimKind.BELIEF and not s.quoted
            return max(before[-1], self.telling.cursor) if back else before[-1]
        after = [(line, joint) for _, line, joint in retold if joint in _WHILE]
        if after:
            line, joint = after[0]
            leaving = (
                joint in ("when", "while", "as", "whilst")
                and self.telling.time.by_line[line].kind is Kind.EXIT
            )
            return line - 1 if joint in BEFORE or leaving else line
        return None


_JUDGES: dict[ClaimKind, Callable[[Telling, Statement], Verdicts]] = {
    ClaimKind.PERCEPTION: perceived.perception,
    ClaimKind.SIGHT: perceived.sight,
    ClaimKind.TRUST: trusted.trust,
    ClaimKind.BELIEF: held.belief,
    ClaimKind.CONCLUSION: held.conclusion,
    ClaimKind.LOCATION: held.location,
    ClaimKind.QUESTION: held.question,
    ClaimKind.PRESENCE: whereabouts.presence,
    ClaimKind.ORDER: whereabouts.order,
}
