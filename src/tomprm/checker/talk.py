"""Traces about FANToM's conversations: who was there when something was said, and who knows it therefore.

The claims about people are read like any free English (`tomprm.trace.reading`); what was said in which line
is found by the words that a sentence shares with it. "This part" is the stretch of the conversation retold
last, or the one with the information in question: where the two lead to different verdicts, or where the
question's words fit several stretches with different listeners, nobody is accused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from math import log
from typing import TYPE_CHECKING

from tomprm.checker.said import Said
from tomprm.checker.talk_words import (
    ANY,
    ASK,
    COUNT,
    HEARING,
    KNOWS,
    MEANT,
    MIND,
    NO,
    NOT,
    NUMBERS,
    OPEN,
    RARE,
    SO,
    STAY,
    THAT,
    WHOLE,
    YES,
    lexicon,
)
from tomprm.checker.verdict import ClaimVerdict, ErrorKind, Status
from tomprm.trace.claims import Claim, ClaimKind
from tomprm.trace.reading import Reader
from tomprm.trace.statements import Statement, When
from tomprm.trace.steps import Step
from tomprm.world.events import join_names
from tomprm.world.languages.fantom import KNOWN, presence, read_utterances
from tomprm.world.languages.informing import stems

if TYPE_CHECKING:
    from tomprm.checker.check import Checker

Verdicts = list[ClaimVerdict]


class TalkReading:
    """Judges the steps of one trace, in order."""

    def __init__(self, checker: Checker) -> None:
        self.item = checker.item
        self.asked = self.item.question
        self.said = read_utterances(self.item.text)
        self.here = presence(self.said)
        self.people = self.item.story.agents
        names = "|".join(map(re.escape, self.people))
        # "does not know what Ann thinks": of her thoughts, not of the topic
        self.inner = re.compile(
            rf"\b(?:what|how|who|which|whether)\b[^.]{0, 60}?\b(?:{names}|he|she)\b(?:['’]s)? (?:thinks?"
            rf"|believes?|feels?)\b"
        )
        self.reader = Reader(lexicon(self.item))
        held = self.item.meta.get("candidates")
        self.lines: list[list[int]] = [list(c) for c in held] if held is not None else []
        if held is None and self.item.meta.get("informing"):
            self.lines = [list(self.item.meta["informing"])]
        self.lines_said = Said(self.said, self.people)
        self.words, self.weight = self.lines_said.words, self.lines_said.weight
        self.this: int | None = None  # what "this" means in the statement being judged
        self.cursor: int | None = None  # the utterance retold last, from 0
        self.hearing: bool = False  # a table whose second column says who heard it

    def judge(self, step: Step, last: bool = False) -> Verdicts:
        """Verdicts for the claims of a step, in the order in which they are written."""
        if step.text.lstrip().startswith("|"):
            return self._table(step.text)
        made: Verdicts = []
        begun: list[tuple[int, int | None]] = []  # where a sentence begins, and what was retold before it
        at = 0
        for sentence in re.split(r"(?<=[.!?])[\"”]?\s+(?=[\"“(A-Z*-])", step.text):
            at = max(at, step.text.find(sentence, at))
            begun.append((at, self.cursor))
            made += self._retold(sentence)
            made += self._plainly(sentence)
        made += self._counted(step.text)
        for statement in self.reader.read(step):
            before = [told for start, told in begun if start <= statement.start]
            self.this = before[-1] if before and before[-1] is not None else self.cursor
            if not statement.quoted and MEANT.get(statement.kind, ANY).search(statement.text):
                made += self._judge(self._whose(statement), step.text)
        return made

    def _whose(self, s: Statement) -> Statement:
        """A conclusion's lone pronoun means the person asked about."""
        groups = s.chain or ((s.group,) if s.group is not None else ())
        asked = self.asked.chain
        if not s.concludes or len(asked) != 1 or len(groups) != 1 or groups[0].pronoun != 1:
            return s
        meant = replace(groups[0], names=asked, options=(), pronoun=0)
        return replace(s, chain=(meant,) if s.chain else (), group=None if s.group is None else meant)

    def _plainly(self, sentence: str) -> Verdicts:
        """ "Ann can be said to know the answer", "Bob does know which one it is"."""
        if told := self._content(sentence):
            return told
        found = KNOWS.search(sentence)
        if found is None or found["who"] not in self.people or sentence.rstrip().endswith("?"):
            return []
        if found["what"] in ("which", "what", "who", "where", "how", "why"):
            about = stems(self.asked.fact.thing) - ASK - stems(" ".join(self.people))
            if len(about & stems(sentence[found.end() :])) < 1:
                return []
        between = sentence[found.end("who") : found.start("what")]
        if OPEN.search(sentence[: found.end()]) or any(n in sentence[: found.start()] for n in self.people):
            return []
        s = Statement(ClaimKind.BELIEF, found[0], 0, relation="known")
        return [self._belief(s, (found["who"],), not NOT.search(between), False, True)]

    # -- what was said -----------------------------------------------------------------------------

    def _retold(self, sentence: str) -> Verdicts:
        """A sentence that repeats what somebody said in a line."""
        made = list(self._quotes(sentence))
        if sentence.rstrip().endswith("?"):
            return made
        line = self.lines_said.line_of(sentence)
        if line is None:
            return made
        self.cursor = best = line - 1
        common = stems(sentence) & self.words[best] - ASK - stems(" ".join(self.people))
        denied = NOT.search(sentence) and not NOT.search(self.said[best].words)
        named = [n for n in self.said[best].speakers if re.search(rf"\b{re.escape(n)}\b", sentence)]
        if named and len(common) > 2 and not denied and not MIND.search(sentence) and not made:
            claim = Claim(ClaimKind.SAID, sentence.strip(), tuple(named[:1]), line=line)
            truth = f"line {line}: {named[0]} says it"
            made.append(ClaimVerdict(claim, Status.SUPPORTED, truth, truth, truth, line))
        return made

    def _quotes(self, sentence: str) -> Iterator[ClaimVerdict]:
        for verdict in self.lines_said.quoted(sentence):
            self.cursor = verdict.line - 1 if verdict.line else self.cursor
            yield verdict

    def _content(self, sentence: str) -> Verdicts:
        """ "Ann knows that the meeting is on Monday": did she hear the line in which that stands?"""
        found = THAT.search(sentence)
        if found is None or OPEN.search(sentence) or NOT.search(sentence) or sentence.rstrip().endswith("?"):
            return []
        who, asked = found["who"], self.asked.chain
        if who in ("he", "she") and len(asked) == 1 and SO.match(sentence):
            who = asked[0]
        if who not in self.people or any(n in sentence[: found.start()] for n in self.people):
            return []
        line = self.lines_said.line_of(sentence[found.end() :])
        if line is None or self.here[line - 1] not in [self.here[min(lines) - 1] for lines in self.lines]:
            return []  # of another part than the one with the information
        s = Statement(ClaimKind.BELIEF, found[0], 0, relation="known")
        return [self._belief(s, (who,), True, False, who not in self.here[line - 1])]

    # -- who knows it ------------------------------------------------------------------------------

    def _knows(self, names: Sequence[str]) -> bool | None:
        """Did all of them hear the information? None where the lines that may give it differ in that."""
        if self.item.abstain or not self.lines:
            return None
        answers = {self.here[min(lines) - 1].issuperset(names) for lines in self.lines}
        return answers.pop() if len(answers) == 1 else None

    def _knowing(self) -> frozenset[str] | None:
        """All who know it, where that is certain."""
        known = {n: self._knows((n,)) for n in self.people}
        return None if None in known.values() else frozenset(n for n, k in known.items() if k)

    def _counted(self, text: str) -> Verdicts:
        """ "Only two people know"."""
        found = COUNT.search(text)
        if found is None:
            return []
        count = int(found["n"]) if found["n"].isdigit() else NUMBERS[found["n"].lower()]
        knowing = self._knowing()
        claim = Claim(ClaimKind.CONCLUSION, found[0])
        if knowing is None:
            return [_open(claim, self._why())]
        truth = f"who heard it: {join_names(sorted(knowing)) or 'nobody'}"
        if len(knowing) == count:
            return [ClaimVerdict(claim, Status.SUPPORTED, truth, truth, truth)]
        return [
            ClaimVerdict(claim, Status.CONTRADICTED, found[0], truth, truth, None, ErrorKind.WRONG_OBSERVERS)
        ]

    def _why(self) -> str:
        return self.item.abstain or "the question's words fit lines that different people heard"

    def _belief(
        self, s: Statement, names: tuple[str, ...], positive: bool, only: bool, firm: bool
    ) -> ClaimVerdict:
        """That the outermost thinks that ... the innermost knows, or knows nothing."""
        place = KNOWN if positive else ""
        claim = Claim(ClaimKind.BELIEF, s.text, names, self.asked.fact.thing, place, relation="known")
        knows = self._knows(names)
        if only and len(names) == 1 and knows is not None:
            knowing = self._knowing()
            knows = None if knowing is None else knowing == frozenset(s.chain[0].names if s.chain else names)
        if knows is None:
            return _open(claim, self._why())
        heard = self.here[min(self.lines[0]) - 1]
        truth = f"the lines with the information were heard by {join_names(sorted(heard))}"
        line = max(self.lines[0])
        if knows == positive:
            return ClaimVerdict(claim, Status.SUPPORTED, place or "unknown", place or "unknown", truth, line)
        if not firm or (not positive and len(names) > 1) or (positive and self._again(names)):
            return _open(claim, f"not read with certainty; {truth}")
        kind = ErrorKind.UPDATED_WITHOUT_PERCEPTION if positive else ErrorKind.BELIEF_NOT_UPDATED
        return ClaimVerdict(
            claim,
            Status.CONTRADICTED,
            place or "unknown",
            "unknown" if positive else KNOWN,
            truth,
            line,
            kind,
        )

    def _again(self, names: Sequence[str]) -> bool:
        """Is the information, in words that the question does not have, told again while all are there?"""
        if self.asked.gold and tuple(names) == self.asked.chain:
            return False  # then the given answer says as much
        asked = stems(self.asked.fact.thing) | ASK | stems(" ".join(self.people))
        told = frozenset(w for lines in self.lines for n in lines for w in self.words[n - 1]) - asked
        rare = frozenset(w for w in told if self.weight[w] >= log(1 + len(self.words) / RARE))
        later = range(max(self.lines[0]), len(self.words)) if self.lines else range(0)
        return any(len(rare & self.words[i]) >= RARE for i in later if self.here[i].issuperset(names))

    # -- claims about people -----------------------------------------------------------------------

    def _judge(self, s: Statement, text: str) -> Verdicts:
        group = s.chain[0] if s.chain else s.group
        if group is None or not group.names or group.kind != "some":
            return self._everybody(s) if group is not None else []
        sure = s.firm and not any(g.options for g in (s.chain or (group,)))
        if s.kind is ClaimKind.BELIEF and self.inner.search(text):
            return [_open(Claim(s.kind, s.text), "whose belief is meant is not clear")]
        if any(g.options for g in (s.chain or (group,))) and s.kind is not ClaimKind.ENTRY:
            return [_open(Claim(s.kind, s.text), "who is meant is not clear")]
        if s.kind is ClaimKind.BELIEF and s.relation == "known":
            rest = tuple(n for g in s.chain[1:] for n in g.names[:1])
            if any(len(g.names) != 1 for g in s.chain[1:]):
                return []
            return [
                self._belief(s, _chain((n, *rest)), s.place == KNOWN, group.only, sure) for n in group.names
            ]
        if s.kind is ClaimKind.PERCEPTION:
            rest = tuple(n for g in s.chain[1:] for n in g.names[:1])
            return [self._heard(s, n, rest, sure, text) for n in group.names]
        if s.kind is ClaimKind.PRESENCE:
            return [self._there(s, n, sure, text) for n in group.names]
        if s.kind in (ClaimKind.ENTRY, ClaimKind.EXIT):
            return [self._went(s, n, sure) for n in group.names]
        return []

    def _everybody(self, s: Statement) -> Verdicts:
        if s.kind not in (ClaimKind.BELIEF, ClaimKind.PERCEPTION):
            return []
        return [_open(Claim(s.kind, s.text), "who is meant is not clear")]

    def _targets(self, s: Statement) -> list[list[int]]:
        """The lines that "this part" may be."""
        informing = self.lines if not self.item.abstain else []
        if s.thing and s.thing != "it":
            return informing
        near = [[self.this + 1]] if self.this is not None else []
        return [*near, *informing] if informing else []

    def _heard(self, s: Statement, name: str, rest: tuple[str, ...], sure: bool, text: str) -> ClaimVerdict:
        """Heard it, listened to it, missed it, has no idea of it."""
        if rest:
            return _open(Claim(s.kind, s.text, (name,)), "what is known is not clear")
        targets = self._targets(s)
        line = max(self.lines[0]) if self.lines else None
        claim = Claim(ClaimKind.PERCEPTION, s.text, (name,), line=line, positive=s.positive)
        found = {(name in self.here[min(t) - 1]) for t in targets}
        if len(found) != 1 or (s.company is not None and s.company.names):
            return _open(claim, "which part of the conversation is meant is not clear")
        was = found.pop()
        truth = f"{name} {'takes' if was else 'does not take'} part at line {min(targets[0])}"
        if was == s.positive:
            return ClaimVerdict(claim, Status.SUPPORTED, truth, truth, truth, line)
        unsure = s.when in (When.PAST, When.END) or _ever(text) or (s.positive and self._again((name,)))
        if not sure or unsure:
            return _open(claim, f"not read with certainty; {truth}")
        kind = ErrorKind.UPDATED_WITHOUT_PERCEPTION if s.positive else ErrorKind.WRONG_OBSERVERS
        return ClaimVerdict(claim, Status.CONTRADICTED, s.text, truth, truth, line, kind)

    def _there(self, s: Statement, name: str, sure: bool, text: str) -> ClaimVerdict:
        """Is there, is away, takes part from the beginning."""
        claim = Claim(ClaimKind.PRESENCE, s.text, (name,), positive=s.positive)
        part = [name in here for here in self.here]
        share = sum(part) / len(part)
        if s.positive and WHOLE.search(text):
            truth = f"{name} takes part in {sum(part)} of {len(part)} lines"
            if part[0] and share > STAY:
                return ClaimVerdict(claim, Status.SUPPORTED, truth, truth, truth)
            if share < STAY and not part[0] and sure:
                return ClaimVerdict(
                    claim, Status.CONTRADICTED, s.text, truth, truth, None, ErrorKind.WRONG_OBSERVERS
                )
            return _open(claim, truth)
        targets = self._targets(s)
        found = {name in self.here[min(t) - 1] for t in targets}
        if len(found) != 1:
            return _open(claim, "which part of the conversation is meant is not clear")
        was = found.pop()
        truth = f"{name} {'takes' if was else 'does not take'} part at line {min(targets[0])}"
        if was == s.positive:
            return ClaimVerdict(claim, Status.SUPPORTED, truth, truth, truth, min(targets[0]))
        # Everybody is away at one time and there at another; only the plainest cases are judged.
        never = all(part) if not s.positive else not any(part)
        if sure and never:
            return ClaimVerdict(
                claim, Status.CONTRADICTED, s.text, truth, truth, None, ErrorKind.WRONG_OBSERVERS
            )
        return _open(claim, f"true of another part only; {truth}")

    def _went(self, s: Statement, name: str, sure: bool) -> ClaimVerdict:
        """Joins or leaves at some time."""
        claim = Claim(s.kind, s.text, (name,), positive=s.positive)
        part = [name in here for here in self.here]
        joins = [i for i in range(1, len(part)) if part[i] and not part[i - 1]]
        leaves = [i for i in range(1, len(part)) if part[i - 1] and not part[i]]
        lines = joins if s.kind is ClaimKind.ENTRY else leaves
        verb = "joins" if s.kind is ClaimKind.ENTRY else "leaves"
        if not s.positive:
            return _open(claim, "up to when it does not happen is not said")
        if lines:
            truth = f"{name} {verb} at line {self.said[lines[0]].line}"
            self.cursor = lines[0] if s.kind is ClaimKind.EXIT else self.cursor
            return ClaimVerdict(claim, Status.SUPPORTED, truth, truth, truth, self.said[lines[0]].line)
        truth = (
            f"{name} never {verb}; takes part from the first line to the last"
            if all(part)
            else f"{name} never {verb}"
        )
        if s.kind is ClaimKind.EXIT and sure and all(part) and self._speaks_throughout(name):
            return ClaimVerdict(
                claim, Status.CONTRADICTED, s.text, truth, truth, None, ErrorKind.UNKNOWN_EVENT
            )
        return _open(claim, truth)

    def _speaks_throughout(self, name: str) -> bool:
        """No long silence, so that no unnoticed absence is likely."""
        mine = [-1, *[i for i, u in enumerate(self.said) if name in u.speakers], len(self.said)]
        return all(b - a <= 6 for a, b in pairwise(mine))

    # -- tables ------------------------------------------------------------------------------------

    def _table(self, text: str) -> Verdicts:
        """Rows "name | yes, ..." under a heading about hearing or knowing."""
        made: Verdicts = []
        for row in text.splitlines():
            cells = [c.strip(" *") for c in row.strip().strip("|").split("|")]
            if len(cells) < 2 or set(row) <= set("|-: "):
                continue
            if cells[0] not in self.people:
                self.hearing = HEARING.search(cells[1]) is not None
                continue
            positive = True if YES.match(cells[1]) else False if NO.match(cells[1]) else None
            if self.hearing and positive is not None:
                claim = Statement(ClaimKind.PERCEPTION, row.strip("| "), 0)
                made.append(self._belief(claim, (cells[0],), positive, False, True))
        return made


def _chain(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(n for i, n in enumerate(names) if i == 0 or n != names[i - 1])


def _ever(text: str) -> bool:
    """Is more meant than one part of the conversation?"""
    return (
        re.search(
            r"\b(?:later|afterwards|again|eventually|rest of|tail end|some of|part of it|beginning)\b", text
        )
        is not None
    )


def _open(claim: Claim, reason: str) -> ClaimVerdict:
    return ClaimVerdict(claim, Status.UNCHECKABLE, claim.text, "", reason)
