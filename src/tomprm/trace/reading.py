"""Steps of free English -> statements, with pronouns, ellipsis and the story's line numbers resolved.

One `Reader` reads one trace, step by step: who "she" is and which places a table's columns hold depend on
what was read before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from tomprm.trace import cues
from tomprm.trace.claims import ClaimKind
from tomprm.trace.clauses import Clause, clauses, leaders, untold
from tomprm.trace.frames import read_clause
from tomprm.trace.groups import Group, Token, besides
from tomprm.trace.lexicon import Lexicon
from tomprm.trace.spelling import plain
from tomprm.trace.statements import Inward, Statement, When
from tomprm.trace.steps import Step
from tomprm.trace.tables import read_table
from tomprm.trace.tagging import sentences
from tomprm.trace.words import ORDINALS, SUBORDINATE, TIMES

_DEEDS = (ClaimKind.MOVE, ClaimKind.ENTRY, ClaimKind.EXIT)
_AROUND = {
    "before": "before", "just before": "before", "right before": "before",
    "until": "after", "after": "after", "right after": "after", "just after": "after",
}  # fmt: skip
_NTH = frozenset(ORDINALS)
_OTHER = re.compile("P[hbmX]*")


@dataclass
class Reader:
    """Reads the steps of one trace in order."""

    lexicon: Lexicon
    recent: list[str] = field(default_factory=list[str])  # people, the one spoken of last first
    together: tuple[str, ...] = ()  # the people named together last
    series: tuple[str, ...] = ()  # all whom the last sentence with people names, in one list
    place: str = ""  # named last
    relation: str = "place"
    called: dict[str, int] = field(default_factory=dict[str, int])  # she or he, in this sentence
    doubts: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])  # in this sentence
    unread: bool = False  # the step tells an event that was not understood
    untold: bool = False  # the clause before tells something that was not understood
    follows: bool = False  # the clause goes on from the one before: "so he hears it"
    contrast: bool = False
    coordinated: bool = False
    continued: bool = False
    agent: tuple[str, ...] = ()  # of the clause before
    apart: list[str] = field(default_factory=list[str])  # who acts in the clause of time that follows
    spoken: list[str] = field(default_factory=list[str])  # people named in this sentence
    columns: list[str] = field(default_factory=list[str])
    cells: dict[str, list[Token]] = field(default_factory=dict[str, list[Token]])  # of tables, as read

    def read(self, step: Step) -> tuple[Statement, ...]:
        """The statements of a step, in the order in which they are written."""
        self.unread = False
        if step.text.lstrip().startswith("|"):
            return tuple(read_table(self, step.text))
        return tuple(self.prose(step.text))

    # -- prose -------------------------------------------------------------------------------------

    def prose(self, text: str, lines: tuple[int, int] | None = None) -> Iterator[Statement]:
        head = cues.HEAD.match(text)
        body = " " * head.end() + text[head.end() :] if head else text
        anchors = [
            (m.start(), span) for m in cues.LINES.finditer(body) if (span := cues.lines_named(m, body))
        ]
        body = cues.LINES.sub(lambda m: ("§" if m[0][0] in "Ll" else " ") + " " * (len(m[0]) - 1), body)
        opened = 0
        for number, sentence in enumerate(sentences(body, self.lexicon)):
            stop = cues.STOP.search(body, sentence[-1].end)
            end = stop.end() if stop else len(body)
            spoken = body[opened:end]
            if named := [span for at, span in anchors if opened <= at < end]:
                lines = named[-1] if len(named) > 1 else named[0]
            marks = [(at, span) for at, span in anchors if opened <= at < end]
            yield from self.sentence(sentence, text, spoken, number, lines, marks, opened)
            opened = end

    def sentence(
        self, sentence: Sequence[Token], text: str, spoken: str, number: int,
        lines: tuple[int, int] | None, marks: list[tuple[int, tuple[int, int]]], opened: int = 0,
    ) -> Iterator[Statement]:  # fmt: skip
        asks = cues.ASKS.search(spoken)
        # "I need to look again: Ann moved it."
        amended = cues.AMENDED.search(spoken, asks.end()) if asks else None
        plain_from = opened + amended.end() if amended else None
        secret = "secret" in spoken.lower()
        if self.spoken and set(self.spoken) != set(self.series):
            self.series = ()
        self.spoken, self.contrast, self.doubts, self.called = [], False, {}, dict(self.lexicon.sexes)
        quoted = plain(spoken) in self.lexicon.sentences
        concludes, later_on = bool(cues.CONCLUDES.search(spoken)), bool(cues.LATER.search(spoken))
        closes = bool(cues.END.search(spoken))
        found: list[Statement] = []
        parts = list(clauses(sentence))
        for index, clause in enumerate(parts):
            before = [c.tokens[-1].end for c in parts[:index] if c.tokens]
            head = before[-1] if before else 0
            later = [c.tokens[0].start for c in parts[index + 1 :] if c.tokens]
            tail = later[0] if later else opened + len(spoken)
            ends = clause.tokens[-1].end if clause.tokens else 0
            if stop := cues.JOINT.search(text, ends, tail):
                tail = stop.start()
            known = self._resolve(clause, parts[index + 1 :])
            other = parts[index + 1] if index + 1 < len(parts) else None
            if order := self._order(known, other, text):
                found.append(replace(order, sentence=number, lines=lines))
                parts[index + 1] = Clause([], "")
                continue
            if not known.tokens:
                continue
            if (
                known.joint in _AROUND
                and known.tags.rstrip(",") == "V"
                and found
                and found[-1].kind in _DEEDS[1:]
            ):
                found[-1] = replace(found[-1], around=_AROUND[known.joint])
            if (
                "M" in known.tags
                and other is not None
                and _OTHER.fullmatch(other.tags.rstrip(","))
                and other.joint in TIMES
            ):
                continue  # "Ann moved it before Bob did"
            if not known.real:
                continue
            if asks and (plain_from is None or known.tokens[0].start < plain_from):
                found += self._asked(known, text) if "question" in spoken.lower() else []
                continue
            read = [s for s, _ in read_clause(known, text)]
            if not read and (
                set("MEXY") & set(known.tags)
                or ("V" in known.tags and known.joint in TIMES)
                or any(t.tag == "V" and _NTH & set(t.word.split()) for t in known.tokens)
            ):
                self.unread = True
            if not read and (elliptic := self._elliptic(known, text, concludes)):
                read = [elliptic]
            lost, self.untold = self.untold, untold(known.tags, bool(read))
            if cues.DENIED.search(spoken):
                continue
            words = text[known.tokens[0].start : known.tokens[-1].end]
            when = self._when(words, text[max(head, opened) : max(ends, tail)], closes)
            hidden = secret and cues.SECRET.search(text[max(head, opened) : max(ends, tail)])
            for statement in read:
                if lost and index and statement.kind is ClaimKind.PERCEPTION and "V" in known.tags:
                    statement = replace(statement, firm=False)  # it may be what was not understood
                if hidden and statement.kind is ClaimKind.PERCEPTION and statement.positive:
                    statement = replace(statement, inward=Inward.SECRET)
                inside = [span for mark, span in marks if head <= mark < tail]
                at = inside[-1:] or [span for mark, span in marks if mark <= statement.start]
                at = at or [s for _, s in marks]
                if found and found[-1].text == statement.text and found[-1].kind in _DEEDS:
                    at, marks, lines = [], [], None  # what was watched has its own line
                if secret and statement.kind is ClaimKind.PERCEPTION and not statement.positive:
                    statement = replace(statement, firm=False)  # what is missed may be the watching
                state = statement.kind in (ClaimKind.BELIEF, ClaimKind.LOCATION, ClaimKind.CONCLUSION)
                found.append(
                    replace(
                        statement,
                        when=When.END if state and cues.FINALLY.search(spoken) else when,
                        lines=at[-1] if marks and at else lines,
                        sentence=number,
                        lost=lost,
                        joint=known.joint,
                        ahead=known.ahead,
                        concludes=concludes,
                        later=later_on,
                        cited=bool(marks) and not statement.perfect,
                        quoted=quoted,
                        then=bool(cues.THEN.search(text[max(head, opened) : max(ends, tail)])),
                        first=bool(cues.FIRST.search(text[max(head, opened) : max(ends, tail)])),
                    )
                )
                if found[-1].place == "there":
                    sure = found[-1].firm and any(x.place == self.place for x in found[:-1])
                    found[-1] = replace(
                        found[-1], place=self.place or "there", relation=self.relation, firm=sure
                    )
                elif statement.place:
                    self.place, self.relation = statement.place, statement.relation
        yield from found

    def _order(self, clause: Clause, after: Clause | None, text: str) -> Statement | None:
        """ "Ann left after Bob (did)": who went out first."""
        if (
            after is None
            or not _OTHER.fullmatch(after.tags.rstrip(","))
            or "P" not in clause.tags
            or not ("X" in clause.tags or ("w" in clause.tags and after.joint == "longer than"))
        ):
            return None
        if not after.joint.startswith(("after", "later", "longer", "before", "earlier", "sooner")):
            return None
        goes = next(i for i, tag in enumerate(clause.tags) if tag in "Xw")
        people = [i for i, tag in enumerate(clause.tags) if tag == "P"]
        who = clause.tokens[max((i for i in people if i < goes), default=people[0])].group
        other = next(t for t in after.tokens if t.tag == "P")
        here = list(who.names) if who is not None else []
        company = self._meant(other.group, here) if other.group is not None else None
        if company is not None and company.names:
            self.recent = list(dict.fromkeys([*here, *company.names, *self.recent]))
            self.spoken += [] if company.pronoun else company.names
        start, end = clause.tokens[0].start, other.end
        return Statement(
            ClaimKind.ORDER, text[start:end], start, group=who, company=company,
            positive=after.joint.startswith(("before", "earlier", "sooner")) == ("n" not in clause.tags),
        )  # fmt: skip

    def _when(self, words: str, around: str, closes: bool) -> When:
        if closes:
            return When.END
        if cues.NOW.search(around):
            return When.NOW
        if cues.PAST.search(words):
            return When.PAST
        return When.OPEN

    def _asked(self, clause: Clause, text: str) -> Iterator[Statement]:
        people = [t for t in clause.tokens if t.tag == "P" and t.group]
        if people and any(t.tag in "BF" for t in clause.tokens):
            start, end = clause.tokens[0].start, clause.tokens[-1].end
            chain = tuple(t.group for t in people if t.group)
            yield Statement(ClaimKind.QUESTION, text[start:end], start, chain=chain)

    def _elliptic(self, clause: Clause, text: str, concludes: bool) -> Statement | None:
        """ "So it should be the box.", "=> box", "Final: [box]", "So, still the box for her." """
        tags = clause.tags.lstrip(",:>")
        if clause.joint in TIMES:
            return None  # "after the box"
        if not re.fullmatch(r"[xvSlVT]{0,4}[hbm]*[xl]?[:,]?[hbm]*w?i?[CRu],?(?:oP)?x?", tags):
            return None
        token = next(t for t in clause.tokens if t.tag in "CRu")
        who = next((t.group for t in clause.tokens if t.tag == "P"), None)
        owner = next((t.group for t in clause.tokens if t.tag == "S"), None)
        if who is None and owner is not None and not owner.pronoun:
            who = owner
        named = any(t.word in cues.BELIEFS for t in clause.tokens)
        arrow = clause.tags.startswith(">")
        bare = not (concludes or named or arrow or (who is not None and who.names))
        if bare and len(tags.strip(",:")) > 1:
            return None
        start, end = clause.tokens[0].start, clause.tokens[-1].end
        relation = "room" if token.tag == "R" else "place"
        chain = (who,) if who else ()
        return Statement(
            ClaimKind.CONCLUSION, text[start:end], start, chain=chain, place=token.value, relation=relation,
            bare=bare,
        )  # fmt: skip

    def tokens(self, cell: str) -> list[Token]:
        if cell not in self.cells:
            self.cells[cell] = [t for sentence in sentences(cell, self.lexicon) for t in sentence]
        return self.cells[cell]

    # -- who is meant ------------------------------------------------------------------------------

    def _resolve(self, clause: Clause, after: Sequence[Clause] = ()) -> Clause:
        """The clause with its pronouns replaced by people, and the people remembered."""
        here, done = list[str](), list[Token]()
        self.contrast = self.contrast or clause.joint in ("but", "while", "although", "though", "whereas")
        self.follows = clause.joint in ("so", "because", "since", "as") and not self.contrast
        self.coordinated = clause.joint == "and" and re.match("P[hbmni]*[OZHNBA]", clause.tags) is not None
        self.continued = clause.joint == "and" and not re.match("P[hbmni1]*[OZHN]", clause.tags)
        plural = self.together
        # "She is not there when Ann moves it": she is not Ann.
        self.apart = [] if clause.joint in SUBORDINATE else list(leaders(after))
        bound: list[str] = []  # people of the same simple clause: she is none of them
        for token in clause.tokens:
            group = token.group
            if token.tag in "BAt>":
                bound = []
            if group is not None:
                group = self._meant(group, [*bound, *self.apart], [n for n in here if n not in bound])
                if group.kind == "none" and token.word.endswith("else"):
                    group = replace(group, but=(*group.but, *self.spoken, *self.together, *self.recent[:2]))
                bound = [*bound, *group.names]
                token = replace(token, group=group)
                here += [n for n in group.names if n not in here]
                self.spoken += group.names
                if group.pronoun in (1, 3) and len(group.names) == 1:
                    self.called[group.names[0]] = group.pronoun
                if group.pronoun:
                    self.doubts.update(dict.fromkeys(group.names, group.options))
                if len(group.names) > 1:
                    plural = group.names
                    self.series = () if group.pronoun or group.options else group.names
            done.append(token)
        if here:
            # Who acts in a clause of time or reason is spoken of less than who acts in the main one.
            first = self.recent[:1] if clause.joint in SUBORDINATE else []
            self.recent = list(dict.fromkeys([*first, *here, *self.recent]))
            if len(plural) < 2 or plural == self.together:
                plural = plural if len(here) < 2 else tuple(here)
        self.together = plural
        self.agent = next((t.group.names for t in done if t.tag == "P" and t.group), self.agent)
        return replace(clause, tokens=done)

    def _besides(self, names: Sequence[str]) -> tuple[str, ...]:
        return besides(names, self.spoken, self.series, self.lexicon.people.values())

    def _meant(self, group: Group, here: list[str], before: Sequence[str] = ()) -> Group:
        chain = self.lexicon.question.chain
        if group.kind == "both":
            count = group.count or 2
            names = self.together if len(self.together) == count else tuple(self.recent[:count])
            names = tuple(dict.fromkeys((*names, *group.names))) if len(names) == count else ()
            return replace(group, kind="some", names=names, options=self._besides(names))
        if group.kind == "others":
            return (
                replace(group, but=(*group.but, *here[:2]))
                if here
                else replace(group, but=tuple(self.recent[:1]))
            )
        if group.pronoun == 2:
            names = self.together or tuple(self.recent[:1])
            if group.kind == "none" and len(names) != group.count:
                names = ()
            whole = tuple(dict.fromkeys((*names, *group.names)))
            return replace(group, names=whole, options=self._besides(names))
        if group.pronoun in (1, 3):
            pool = [n for n in (*before, *self.recent, *chain) if n not in here and n not in group.names]
            other = 4 - group.pronoun  # whoever is "he" is not "she"
            pool = [n for n in dict.fromkeys(pool) if self.called.get(n, group.pronoun) != other]
            if not pool:
                return replace(group, names=group.names)
            # Whom the sentence itself has named is meant before anybody else.
            near = [n for n in pool if n in self.spoken]
            alone = not before and all(n in self.apart for n in here)
            goes_on = self.continued and alone
            leads = self.coordinated and alone and bool(set(near) & set(self.agent))
            if leads and len(near) == 1 and len(pool) > 1:
                # "Ann moves it, and she sees it" speaks of somebody else.
                pool, near = [*[n for n in pool if n not in near], *near], []
            rest = [n for n in pool if n not in near]
            others = (
                near[1:] if near and (self.follows or goes_on) else [*near[1:], *rest[: 4 if near else 5]]
            )
            chosen = (near or pool)[0]
            others = [n for n in dict.fromkeys((*others, *self.doubts.get(chosen, ()))) if n != chosen]
            return replace(group, names=(chosen, *group.names), options=tuple(others))
        return group
