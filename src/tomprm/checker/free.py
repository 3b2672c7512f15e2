"""Statements in free English -> verdicts: each is anchored in story time and judged there.

Steps run through the story in order: a retold event is the next one that fits from where the reasoning
stands (the cursor), or one before. What is said of people and beliefs is judged at the event named in the
same sentence, at the line named, or at the end for a conclusion; where the anchor stays open it is
contradicted only if no moment from the cursor on makes it true. A statement that was not read whole, or a
pronoun that may mean somebody else, accuses nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice, product
from typing import TYPE_CHECKING

from tomprm.belief.lines import KNOWN
from tomprm.belief.state import collapse
from tomprm.checker.timeline import Timeline, nearest
from tomprm.checker.verdict import ClaimVerdict, ErrorKind, Status
from tomprm.trace.claims import Claim, ClaimKind
from tomprm.trace.reading import Reader
from tomprm.trace.statements import Statement, When
from tomprm.trace.steps import Step, normalise
from tomprm.trace.tagging import Group, Lexicon
from tomprm.world.events import CHANGES, Event, Fact, Kind, join_names

if TYPE_CHECKING:
    from tomprm.checker.check import Checker

_EVENTS = (ClaimKind.MOVE, ClaimKind.ENTRY, ClaimKind.EXIT, ClaimKind.SAID)
_BEFORE = ("before", "until", "till", "just before", "right before")
_SAYING = (Kind.CLAIM, Kind.TELL)
_TOLD = (*CHANGES, Kind.CARRY, *_SAYING)
_WHILE = (
    "when",
    "while",
    "as",
    "after",
    "once",
    "whilst",
    "as soon as",
    "just after",
    "right after",
    "by the time",
    *_BEFORE,
)
Verdicts = list[ClaimVerdict]


class FreeReading:
    """Judges the steps of one trace, in order."""

    def __init__(self, checker: Checker, lexicon: Lexicon, time: Timeline) -> None:
        self.checker = checker
        self.item = checker.item
        self.time = time
        self.reader = Reader(lexicon)
        self.cursor = 0
        self.latest: list[int] = []  # lines of the events retold last
        self.earlier: list[int] = []  # and those of the step before
        self.thing = self.item.question.fact.thing
        self.anchor: int | None = None  # of the statement being judged: a line named or retold with it
        self.last_step = False
        self.deeds: list[int] = []  # lines of the moves told last
        self.told: list[int] = []  # and before this step
        self.alts: dict[int, list[int]] = {}  # later lines that a retold event may be as well
        self.told_all = False  # no later step retells anything
        self.also: list[int] = []  # other lines at which the thing is where it was last said to be
        self.before: ClaimKind | None = None  # what was said before it in the sentence

    def judge_all(self, steps: Sequence[Step]) -> list[Verdicts]:
        """Verdicts for the claims of each step, in the order in which they are written."""
        read = [self.reader.read(step) for step in steps]
        last_told = max((i for i, found in enumerate(read) if any(s.kind in _EVENTS for s in found)), default=-1)
        made: list[Verdicts] = []
        for number, statements in enumerate(read):
            self.last_step = number == len(read) - 1
            self.told_all = number >= last_told
            made.append(self._judge(statements))
        return made

    def _judge(self, statements: Sequence[Statement]) -> Verdicts:
        self.earlier, self.latest = self.latest, []
        told, self.deeds = self.deeds, []
        self.told = told
        verdicts: list[tuple[int, ClaimVerdict]] = []
        for number in dict.fromkeys(s.sentence for s in statements):
            verdicts += self._sentence([s for s in statements if s.sentence == number])
        verdicts.sort(key=lambda pair: pair[0])
        self.latest = self.latest or self.earlier
        self.deeds = self.deeds or told
        return [v for _, v in verdicts]

    def _sentence(self, statements: Sequence[Statement]) -> Iterator[tuple[int, ClaimVerdict]]:
        """Events first: they are what the rest of the sentence is said of."""
        retold: list[tuple[int, int, str]] = []  # place in the text, line, conjunction
        statements = sorted(statements, key=lambda s: s.start)
        first = [s for i, s in enumerate(statements) if s.kind in _EVENTS and s.joint in _WHILE and i]
        for s in [*first, *(s for s in statements if s not in first)]:
            if s.kind in _EVENTS:
                made, line = self._event(s)
                told = [n for at, n, _ in retold if at < s.start]
                if s.then and line is not None and told and line < told[-1] and s.kind is not ClaimKind.EXIT:
                    made = [self._too_early(s, v, told[-1]) for v in made]
                if line is not None:
                    retold.append((s.start, line, s.joint))
            else:
                self.anchor = self._anchor(s, retold)
                earlier = [x.kind for x in statements if x.start < s.start]
                self.before = earlier[-1] if earlier else None
                made = _JUDGES[s.kind](self, s)
            if not s.quoted:
                yield from ((s.start, v) for v in made)

    def _too_early(self, s: Statement, verdict: ClaimVerdict, before: int) -> ClaimVerdict:
        """Told as coming after what comes after it."""
        if verdict.status is not Status.SUPPORTED or s.when is When.PAST:
            return verdict
        reason = f"line {verdict.line} comes before line {before}"
        return self._wrong(s, verdict.claim, reason, verdict.line, ErrorKind.WRONG_TIME, reason)

    def _anchor(self, s: Statement, retold: list[tuple[int, int, str]]) -> int | None:
        if s.lines is not None:
            inside = [n for n in self.time.lines if s.lines[0] <= n <= s.lines[1]]
            return inside[-1] if inside else None
        before = [line for at, line, joint in retold if at < s.start and joint not in _BEFORE]
        if before:
            return before[-1]
        after = [(line, joint) for at, line, joint in retold if joint in _WHILE]
        if after:
            line, joint = after[0]
            leaving = joint in ("when", "while", "as", "whilst") and self.time.by_line[line].kind is Kind.EXIT
            return line - 1 if joint in _BEFORE or leaving else line
        return None

    # -- events retold -----------------------------------------------------------------------------

    def _event(self, s: Statement) -> tuple[Verdicts, int | None]:
        found = {
            ClaimKind.MOVE: self._move, ClaimKind.ENTRY: self._entry, ClaimKind.EXIT: self._exit,
            ClaimKind.SAID: self._said,
        }[s.kind](s)  # fmt: skip
        verdicts, line = found
        if line is not None and s.joint not in _BEFORE:
            # What did not happen like this does not move the reasoning on.
            if all(v.status is not Status.CONTRADICTED for v in verdicts):
                self.cursor = max(self.cursor, line)
            self.latest.append(line)
            if s.kind is ClaimKind.MOVE:
                self.deeds.append(line)
        return verdicts, line

    def _pick(self, lines: Sequence[int], s: Statement) -> int | None:
        if s.lines is not None:
            inside = [n for n in lines if s.lines[0] <= n <= s.lines[1]]
            if inside:
                return inside[0]
        line = nearest(lines, self.cursor, past=s.when is When.PAST)
        if line is not None:
            self.alts[line] = [n for n in lines if n > line]
        return line

    def _out_of_time(self, s: Statement, line: int) -> ClaimVerdict | None:
        """The line that is named for an event has to be its line."""
        if not s.cited or s.lines is None or s.lines[0] - 1 <= line <= s.lines[1] + 1:
            return None
        claim = Claim(s.kind, s.text, s.group.names if s.group else (), line=s.lines[0])
        reason = f"that is at line {line}"
        return self._wrong(s, claim, f"line {line}", line, ErrorKind.WRONG_TIME, reason)

    def _things(self, name: str) -> list[str]:
        """The things meant; "it" is the one spoken of, which may be another than the question's."""
        if name and name != "it":
            self.thing = name
            return [name]
        return [self.thing]

    def _move(self, s: Statement) -> tuple[Verdicts, int | None]:
        if (s.group is not None and s.group.kind != "some") or not s.positive:
            return [_open(s, "a move that did not happen is not looked for")], None
        who = s.group.names if s.group is not None else None
        things = self._things(s.thing)
        place, room = (s.place, "") if s.relation == "place" else ("", s.place)
        lines = self.time.moves(who, things, place, room)
        if not lines and s.thing == "it" and things[0] != self.item.question.fact.thing:
            things = [self.item.question.fact.thing]
            lines = self.time.moves(who, things, place, room)
        if not lines and s.group is not None and s.group.options:
            lines = self.time.moves(s.group.options, things, place, room)
        line = self._pick(lines, s)
        if line is not None and (late := self._out_of_time(s, line)):
            return [late], line
        if line is not None:
            action = self.time.by_line[line]
            what = action.place if s.relation == "place" else (s.place or action.room)
            claim = Claim(ClaimKind.LOCATION, s.text, (), action.thing, what or action.place, line)
            return [_supported(s, claim, f"line {line}", line)], line
        subject = join_names(who) if who else "somebody"
        claim = Claim(ClaimKind.MOVE, s.text, who or (), things[0], s.place)
        instead = self.time.moves(who, things, "", "")
        if instead:
            other = self.time.by_line[self._pick(instead, s) or instead[0]]
            truth = f"{join_names(other.actors) or 'somebody'} moves the {other.thing} to the {other.place or other.room}"
            return [self._wrong(s, claim, truth, other.line, ErrorKind.WRONG_PLACE, truth)], other.line
        others = self.time.moves(None, things, place, room) if place or room else []
        if others and who:
            other = self.time.by_line[self._pick(others, s) or others[0]]
            truth = f"{join_names(other.actors) or 'nobody'} moves it to the {other.place or other.room}"
            return [self._wrong(s, claim, truth, other.line, ErrorKind.NAMES_SWAPPED, truth)], other.line
        reason = f"{subject} never moves the {things[0]}" + (f" to the {s.place}" if s.place else "")
        return [self._wrong(s, claim, "no such move", None, ErrorKind.UNKNOWN_EVENT, reason)], None

    def _entry(self, s: Statement) -> tuple[Verdicts, int | None]:
        return self._going(s, self.time.entries, "enters", "enter")

    def _exit(self, s: Statement) -> tuple[Verdicts, int | None]:
        return self._going(s, self.time.exits, "leaves", "leave")

    def _going(
        self, s: Statement, find: Callable[[Sequence[str], str], list[int]], verb: str, plain: str
    ) -> tuple[Verdicts, int | None]:
        """Each person's entry or exit by itself; the sentence stands where the last of them does."""
        group = s.group or Group()
        names = group.names
        if group.kind in ("all", "others"):
            return self._all_go(s, group, find)
        if not names:
            return [_open(s, "who is meant is not clear")], None
        if group.kind == "none" or not s.positive:
            return self._stays(s, names, find)
        at: list[int] = []
        made: Verdicts = []
        together = set[int].intersection(*(set(find((name,), s.room)) for name in names))
        for name in names:
            claim = Claim(s.kind, s.text, (name,), place=s.room)
            line = self._pick(sorted(together) or find((name,), s.room), s)
            if line is not None and not group.options and (late := self._out_of_time(s, line)):
                at.append(line)
                made.append(late)
            elif line is not None:
                at.append(line)
                made.append(_supported(s, claim, f"line {line}", line))
                continue
            others = [n for n in group.options if find((n,), s.room)]
            if others:
                made.append(_open(s, f"it may be {join_names(others)} who is meant"))
                continue
            where = f" the {s.room}" if s.room else ""
            if s.kind is ClaimKind.ENTRY and self._ever_in(name, s.room):
                made.append(_open(s, f"{name} is there without having come in"))
                continue
            reason = f"{name} never {verb}{where}"
            made.append(
                self._wrong(
                    s, claim, f"{name} does not {plain}{where}", None, ErrorKind.UNKNOWN_EVENT, reason
                )
            )
        return made, max(at, default=None)

    def _ever_in(self, name: str, room: str) -> bool:
        return any(
            self.time.room(name, n)
            and (not room or normalise(self.time.room(name, n) or "") == normalise(room))
            for n in self.time.lines
        )

    def _all_go(
        self, s: Statement, group: Group, find: Callable[[Sequence[str], str], list[int]]
    ) -> tuple[Verdicts, int | None]:
        line = self._pick(find(tuple(self.time.agents - set(group.but)), s.room), s)
        if line is None:
            return [_open(s, "nobody comes or goes there")], None
        return [_supported(s, Claim(s.kind, s.text, (), place=s.room), f"line {line}", line)], line

    def _stays(
        self, s: Statement, names: Sequence[str], find: Callable[[Sequence[str], str], list[int]]
    ) -> tuple[Verdicts, int | None]:
        """Does not leave (any more), does not come (back)."""
        claim = Claim(s.kind, s.text, tuple(names), place=s.room, positive=False)
        later = [n for n in find(names, s.room) if n > self.cursor]
        if not later:
            return [_supported(s, claim, "it does not happen any more", None)], None
        return [
            _open(s, f"it happens at line {later[0]}, and the text does not say up to when it did not")
        ], None

    def _said(self, s: Statement) -> tuple[Verdicts, int | None]:
        who, listener = s.group or Group(), s.listener or Group()
        if who.kind != "some" or not s.positive or not (who.names or s.passive):
            return self._not_said(s, who, listener)
        topic = s.relation == "known"
        things = [] if not s.thing or s.thing == "it" else [s.thing]
        spoken = set(self.time.story.agents)
        if things and things[0] in spoken:
            things = []
        lines = self.time.tells(who.names or None, listener.names, things, s.place)
        if not lines and who.options:
            lines = self.time.tells(who.options, listener.names, things, s.place)
        line = self._pick(lines, s)
        if line is not None:
            action = self.time.by_line[line]
            if action.thing and not topic:
                self.thing = action.thing if action.thing in self.checker.state.story.things else self.thing
            claim = Claim(ClaimKind.SAID, s.text, action.actors[:1], action.thing, action.place, line)
            return [_supported(s, claim, f"line {line}", line)], line
        claim = Claim(ClaimKind.SAID, s.text, who.names, s.thing, s.place)
        loose = self.time.tells(who.names or None, listener.names, [], "")
        if not (things or s.place or listener.names):
            return [_open(s, "what is said is not clear")], None
        if loose:
            told = self.time.by_line[self._pick(loose, s) or loose[0]]
            truth = f"{told.actors[0]} says {told.thing}" + (f" in {told.place}" if told.place else "")
            return [self._wrong(s, claim, truth, told.line, ErrorKind.WRONG_PLACE, truth)], told.line
        to = f" to {join_names(listener.names)}" if listener.names else ""
        reason = f"{join_names(who.names) or 'nobody'} ever says anything{to}"
        return [self._wrong(s, claim, "nothing said", None, ErrorKind.UNKNOWN_EVENT, reason)], None

    def _not_said(self, s: Statement, who: Group, listener: Group) -> tuple[Verdicts, int | None]:
        if who.kind == "none" or not s.positive:
            speakers = None if who.kind == "none" else who.names
            things = [] if not s.thing or s.thing == "it" else [s.thing]
            later = [
                n for n in self.time.tells(speakers, listener.names, things, s.place) if n >= self.cursor
            ]
            if not later:
                claim = Claim(ClaimKind.SAID, s.text, who.names, positive=False)
                return [_supported(s, claim, "nothing of the kind is said", None)], None
        return [_open(s, "what is said is not clear")], None

    # -- what is said of them ------------------------------------------------------------------------

    def _perception(self, s: Statement) -> Verdicts:
        group = s.group or Group()
        asked = self.item.question
        if s.known and (asked.fact.relation == "known" or len(s.chain) > 1):
            if asked.fact.relation != "known":
                return [_open(s, "what is known is not clear")]
            place = KNOWN if s.positive else ""
            return self._belief(
                replace(
                    s,
                    kind=ClaimKind.BELIEF,
                    thing=asked.fact.thing,
                    place=place,
                    relation="known",
                    positive=True,
                )
            )
        if self.before is ClaimKind.PERCEPTION and group.kind == "none" and not s.wide:
            return [_open(s, "what nobody notices is not clear")]
        if s.of_that and self.before in (
            ClaimKind.PERCEPTION,
            ClaimKind.PRESENCE,
            ClaimKind.SIGHT,
            ClaimKind.BELIEF,
        ):
            return [_open(s, "what is known is not clear")]
        targets = self._targets(s)
        if not s.positive and s.later and not s.company:
            later = self._later(s, group)
            if later is not None:
                return later
        if not targets:
            return [_open(s, "what is seen is not clear")]
        made = [self._witnessed(s, group, event) for event in targets]
        if s.wide:
            wrong = [v for v in made if any(x.status is Status.CONTRADICTED for x in v)]
            return wrong[0] if wrong else [x for v in made for x in v]
        good = next((v for v in made if all(x.status is Status.SUPPORTED for x in v)), None)
        return good or made[0]

    def _later(self, s: Statement, group: Group) -> Verdicts | None:
        """Sees nothing of what comes later: supported where that is so, else left to the other reading."""
        here = self.anchor if self.anchor is not None else self.cursor
        thing = self.item.question.fact.thing
        lines = [n for n in self.time.moves(None, [thing], "", "") if n > here]
        events = [e for n in lines if (e := self.time.perceived(n)) is not None]
        if group.kind != "some" or not group.names or not events:
            return None
        made = [v for e in events for v in self._witnessed(s, group, e)]
        if all(v.status is Status.SUPPORTED for v in made):
            return made
        return [_open(s, "some of what comes later is seen")]

    def _targets(self, s: Statement) -> list[Event]:
        """The events that "it", "this" or "these moves" may be, the likeliest first."""
        if s.company is not None and s.company.names and s.lines is None:
            # "Ann's move": the one retold, else the next or the last of hers.
            mine = self.time.moves(s.company.names, [], "", "")
            told = [n for n in (*self.latest, *self.earlier) if n in mine]
            line = told[-1] if told else nearest(mine, self.cursor, past=True)
            lines = [] if line is None else [line]
        elif s.lines is not None:
            lines = [n for n in self.time.lines if s.lines[0] <= n <= s.lines[1]]
        elif s.wide:
            lines = self.deeds or self.told or self.latest or self.earlier
            if s.count > len(lines) or not any(self.time.by_line[n].kind in _TOLD for n in lines):
                moves = [n for n in self.time.moves(None, [self.thing], "", "") if n <= self.cursor]
                moves = [n for n in moves if self.time.by_line[n].kind is not Kind.PLACE]
                lines = moves[-s.count :] if s.count else moves
                self.deeds = lines
        else:
            lines = list(reversed(self.latest or self.earlier))
            if self.anchor is not None:
                lines = [self.anchor]
        if s.heard:
            said = [n for n in lines if self.time.by_line[n].kind in (Kind.CLAIM, Kind.TELL)]
            if not said and s.thing:
                said = self.time.tells(None, (), [s.thing], "")
            lines = said
        acts = [n for n in lines if n in self.time.by_line]
        changes = [
            n for n in acts if self.time.by_line[n].kind in (*CHANGES, Kind.CARRY, Kind.CLAIM, Kind.TELL)
        ]
        chosen = changes or acts
        if chosen and chosen[0] in self.also and s.lines is None:
            chosen = [*chosen, *[n for n in self.also if n > chosen[0]]]
        if s.lines is None and not s.wide:
            chosen = [*chosen, *[n for line in chosen for n in self.alts.get(line, ())]]
        events = [self.time.perceived(n) for n in chosen]
        return [e for e in events if e is not None]

    def _witnessed(self, s: Statement, group: Group, event: Event) -> Verdicts:
        """Did this group perceive this event, as said?"""
        action = self.time.by_line[event.line]
        actors = frozenset(action.actors)
        real = event.real
        there = event.apparent
        line = event.line
        kind = ErrorKind.UPDATED_WITHOUT_PERCEPTION if s.positive else ErrorKind.WRONG_OBSERVERS
        reason = f"witnesses of line {line}: {join_names(sorted(real)) or 'nobody'}"

        def one(name: str, positive: bool) -> ClaimVerdict:
            claim = Claim(ClaimKind.PERCEPTION, s.text, (name,), line=line, positive=positive)
            if (name in real) == positive:
                return _supported(s, claim, f"{name} {'sees' if positive else 'misses'} it", line)
            fits = [n for n in group.options if (n in real) == positive]
            if fits:
                return _open(s, f"it may be {join_names(fits)} who is meant")
            says = f"{name} {'misses' if positive else 'sees'} it"
            return self._wrong(s, claim, says, line, kind, reason)

        def whole(right: bool) -> ClaimVerdict:
            claim = Claim(ClaimKind.PERCEPTION, s.text, group.names, line=line, positive=s.positive)
            if right:
                return _supported(s, claim, reason, line)
            return self._wrong(s, claim, reason, line, ErrorKind.WRONG_OBSERVERS, reason)

        if group.kind == "all":
            expected = group.count or None
            names = (self.time.agents if not there else there) - set(group.but)
            if expected is not None and expected not in (len(real), len(there)):
                return [whole(False)]
            if not s.positive:
                return [one(n, False) for n in sorted(names - actors)]
            return [one(n, True) for n in sorted(names)] + [one(n, False) for n in group.but]
        if group.kind == "none":
            return [whole(not real - actors - set(group.but))]
        if group.kind == "others":
            names = there - actors - set(group.but)
            if group.count and group.count != len(names) and group.count != len(there - actors):
                return [_open(s, "who the others are is not clear")]
            if not names:
                return [_open(s, "who the others are is not clear")]
            return [one(n, s.positive) for n in sorted(names)]
        if not group.names:
            return [_open(s, "who is meant is not clear")]
        made = [one(n, s.positive) for n in group.names]
        if group.only and s.positive and all(v.status is Status.SUPPORTED for v in made):
            extra = real - set(group.names) - actors
            if extra:
                claim = Claim(ClaimKind.PERCEPTION, s.text, group.names, line=line)
                made.append(self._wrong(s, claim, reason, line, ErrorKind.WRONG_OBSERVERS, reason))
            else:
                made += [
                    _supported(
                        s, Claim(ClaimKind.PERCEPTION, s.text, (n,), line=line, positive=False), reason, line
                    )
                    for n in sorted(self.time.agents - real)
                ]
        return made

    def _moments(self, s: Statement) -> list[int | None]:
        """The admissible moments, the likeliest first; None is the end."""
        if s.lines is not None and self.anchor is not None:
            return [self.anchor]
        here = self.anchor if self.anchor is not None else self.cursor
        if s.when is When.END or (self.last_step and s.concludes and s.when is not When.PAST):
            return [self.item.question.line]
        if s.when is When.PAST and here:
            return [here, *[n for n in reversed(self.time.lines) if n <= here]]
        if (s.when is When.NOW and here) or self.anchor is not None:
            return [here, *self.alts.get(here, ())]
        return [here, None, *[n for n in self.time.lines if n > here]]

    def _decide(
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
                return _open(s, f"true only later, at line {moment}")
        if first is None:
            return _open(s, "no moment is meant")
        return first if first.status is not Status.CONTRADICTED or s.firm else _open(s, "not read whole")

    def _belief(self, s: Statement) -> Verdicts:
        chains = self._chains(s.chain)
        if not chains:
            return [_open(s, "who is meant is not clear")]
        if s.relation == "known":
            topic = s.thing if s.thing != "it" else self.item.question.fact.thing
            return [self._known(s, chain, topic) for chain in chains]
        if s.place == "there":
            return [_open(s, "where is not clear")]
        if s.thing == "it" and self.item.question.fact.relation == "known":
            return [_open(s, "what is believed is not clear")]
        if (mine := self._asked_chain(s)) is not None:
            chains = [(mine, [])]
        made: Verdicts = []
        for chain, options in chains:
            things = (
                [s.thing]
                if s.thing not in ("", "it")
                else list(dict.fromkeys([self.thing, self.item.question.fact.thing]))
            )
            verdict = self._held(s, chain, things[0])
            if verdict.status is not Status.SUPPORTED:
                for other, thing in [*((o, things[0]) for o in options), *((chain, t) for t in things[1:])]:
                    second = self._held(s, other, thing)
                    if second.status is Status.SUPPORTED:
                        verdict = (
                            second
                            if thing != things[0]
                            else _open(s, f"it may be {join_names(other)} who is meant")
                        )
                        break
            made.append(verdict)
        return made

    def _asked_chain(self, s: Statement) -> tuple[str, ...] | None:
        """The question's chain, where a conclusion's pronouns may mean its people."""
        asked = self.item.question.chain
        ending = s.concludes or self.last_step or s.when is When.END
        if not ending or not any(g.pronoun for g in s.chain) or len(s.chain) != len(asked):
            return None
        fits = all(g.pronoun or (n,) == g.names for n, g in zip(asked, s.chain, strict=True))
        return collapse(asked) if fits else None

    def _held(self, s: Statement, chain: tuple[str, ...], thing: str) -> ClaimVerdict:
        fact = Fact(thing, s.relation)
        if not self.checker.state.story.about(fact):
            return _open(s, f"no {thing} has a {s.relation} in the story")
        asked = self.item.question
        moments = self._moments(s)
        conclusion = chain == collapse(asked.chain) and fact == asked.fact
        if (
            conclusion
            and s.lines is None
            and (self.last_step or (s.concludes and s.when is not When.NOW and self.anchor is None))
        ):
            moments = [asked.line] if self.last_step or self.told_all else [*moments[:1], asked.line]
        elif len(moments) > 1 and s.positive and s.place:
            # What sets the belief may be told by telling the belief.
            soon = next((e.line for e in self.checker.state.story.about(fact) if e.line > self.cursor), None)
            moments = [moments[0], *([soon] if soon is not None else []), *moments[1:]]

        def at(moment: int | None) -> ClaimVerdict:
            claim = Claim(
                ClaimKind.BELIEF, s.text, chain, fact.thing, s.place, moment, s.positive, relation=s.relation
            )
            return self.checker.judge_belief(claim, fact)

        return self._decide(s, moments, at, sure=3)

    def _known(
        self, s: Statement, chain: tuple[tuple[str, ...], list[tuple[str, ...]]], topic: str
    ) -> ClaimVerdict:
        names, options = chain
        fact = Fact(topic, "known")
        if not self.checker.state.story.about(fact):
            return _open(s, f"{topic} is not talked about in the story")

        def at(moment: int | None) -> ClaimVerdict:
            claim = Claim(
                ClaimKind.BELIEF, s.text, names, topic, s.place, moment, s.positive, relation="known"
            )
            return self.checker.judge_belief(claim, fact)

        verdict = self._decide(s, self._moments(s), at)
        if verdict.status is Status.CONTRADICTED and options:
            return _open(s, "who is meant is not clear")
        return verdict

    def _chains(self, groups: Sequence[Group]) -> list[tuple[tuple[str, ...], list[tuple[str, ...]]]]:
        """Chains of names; for people named together one each. With each, what its pronouns may also mean."""
        if not groups or any(not g.names or g.kind != "some" for g in groups[1:]):
            return []
        first, rest = groups[0], tuple(n for g in groups[1:] for n in g.names[:1])
        if any(len(g.names) != 1 for g in groups[1:]):
            return []
        outer = first.names
        if first.kind in ("all", "others"):
            there = self.time.present(self.anchor or self.cursor) or self.time.agents
            outer = tuple(sorted(there - set(first.but)))
        elif first.kind != "some":
            return []
        made: list[tuple[tuple[str, ...], list[tuple[str, ...]]]] = []
        for name in outer:
            chain = collapse((name, *rest))
            pools = [(name, *first.options), *((g.names[0], *g.options) for g in groups[1:])]
            others = [collapse(c) for c in islice(product(*pools), 40)]
            made.append((chain, [o for o in others if o != chain]))
        return made

    def _conclusion(self, s: Statement) -> Verdicts:
        """A bare place: what the question asks for, or what the person named believes."""
        asked = self.item.question
        if s.bare and not self.last_step:
            return [_open(s, "whose belief is meant is not clear")]
        chain = asked.chain
        named = s.chain[0] if s.chain else None
        ending = s.concludes or self.last_step
        if named is not None and named.names and not (ending and named.pronoun):
            chain = named.names[:1]
        if not asked.fact.thing or asked.fact.relation != s.relation:
            return [_open(s, "not what the question asks for")]
        return [
            self._held(replace(s, concludes=s.concludes or self.last_step), collapse(chain), asked.fact.thing)
        ]

    def _location(self, s: Statement) -> Verdicts:
        things = list(
            dict.fromkeys(
                [*self._things(s.thing), *([self.item.question.fact.thing] if s.thing == "it" else [])]
            )
        )
        made = [self._is_at(s, thing) for thing in things]
        return [next((v for v in made if v.status is Status.SUPPORTED), made[0])]

    def _is_at(self, s: Statement, thing: str) -> ClaimVerdict:
        fact = Fact(thing, s.relation)
        if not self.checker.state.story.about(fact):
            return _open(s, f"no {thing} has a {s.relation} in the story")
        about = self.checker.state.story.about(fact)
        if s.when is When.PAST and not any(e.line <= self.cursor for e in about):
            s = replace(s, when=When.OPEN)
        moments = self._moments(s)
        open_anchor = len(moments) > 1
        if open_anchor and s.positive:
            # The next moment at which it is there; telling so moves the reasoning on.
            moments = [
                moments[0],
                *[n for n in self.time.lines if n > self.cursor],
                *reversed([n for n in self.time.lines if n < self.cursor]),
            ]

        def at(moment: int | None) -> ClaimVerdict:
            claim = Claim(
                ClaimKind.LOCATION, s.text, (), fact.thing, s.place, moment, s.positive, relation=s.relation
            )
            return self.checker.judge_location(claim, fact)

        verdict = self._decide(s, moments, at, sure=len(moments))
        if verdict.status is Status.SUPPORTED and verdict.claim.line is not None and s.positive:
            if verdict.claim.line > self.cursor and open_anchor and s.joint not in _BEFORE:
                self.cursor = verdict.claim.line
            # "The apple is in the box; Ann sees it" speaks of the line that put it there.
            line = verdict.line
            if line is not None and line >= self.cursor - 1:
                self.latest.append(line)
            self.also = [e.line for e in about if normalise(e.value(fact) or "") == normalise(s.place)]
        return verdict

    def _presence(self, s: Statement) -> Verdicts:
        group = s.group or Group()
        names = group.names
        if group.kind in ("all", "others") and s.positive:
            return self._all_there(s, group)
        if group.kind != "some" or not names:
            return [_open(s, "who is meant is not clear")]
        return [self._is_there(s, name, group.options) for name in names]

    def _is_there(self, s: Statement, name: str, options: Sequence[str]) -> ClaimVerdict:
        sure = s.company is not None and not s.company.pronoun
        company = [n for n in (s.company.names if s.company and sure else ()) if n != name]

        def right(who: str, line: int) -> bool:
            here = self.time.room(who, line)
            if s.room:
                there = here is not None and normalise(here) == normalise(s.room)
            elif s.company is not None:
                there = here is not None
            else:
                there = here is not None and who in self.time.present(line)
            if company:
                there = there and all(self.time.room(n, line) == here for n in company)
            return there == s.positive

        moments = [self.time.end if m is None else m for m in self._moments(s)]
        here = moments[0] if moments else self.cursor
        near = [n for n in self.time.lines if n > here][:1]
        claim = Claim(ClaimKind.PRESENCE, s.text, (name,), place=s.room, positive=s.positive)
        scene = self.anchor if self.anchor is not None else next(iter(reversed(self.latest or self.earlier)), None)
        watched = self.time.perceived(scene) if scene is not None and s.positive and not s.room else None
        if watched is not None and name in watched.real:
            return _open(s, "there in secret")
        if any(right(name, n) for n in ([here] if self.anchor is not None else [here, *near])):
            return _supported(s, claim, f"at line {here}", here or None)
        if self.anchor is None and s.positive and s.room and s.when is When.OPEN and not s.joint:
            # The scene is set: the reasoning moves on to it.
            scene = next((n for n in self.time.lines if n > here and right(name, n)), None)
            if scene is not None:
                self.cursor = max(self.cursor, scene)
                return _supported(s, claim, f"at line {scene}", scene)
        elsewhere = self.time.room(name, here)
        truth = f"{name} is in: {elsewhere or 'no room'}"
        if any(right(o, n) for o in options for n in self.time.lines):
            return _open(s, f"it may be {join_names(options)} who is meant")
        ever = any(right(name, n) for n in self.time.lines)
        if not s.positive and any(right(name, n) for n in self.time.lines if n >= here):
            return _open(s, f"true later only; {truth} at line {here}")
        if not ever or (self._strict(s) and not s.company and s.when is not When.PAST):
            return self._wrong(s, claim, truth, here or None, ErrorKind.WRONG_PLACE, truth)
        return _open(s, f"true at another moment only; {truth} at line {here}")

    def _strict(self, s: Statement) -> bool:
        return self.anchor is not None

    def _all_there(self, s: Statement, group: Group) -> Verdicts:
        moments = [self.time.end if m is None else m for m in self._moments(s)]
        here = moments[0] if moments else self.cursor
        room = s.room
        for line in [here, *[n for n in self.time.lines if n > here][:3]]:
            inside = {
                n
                for n in self.time.agents
                if (r := self.time.room(n, line)) and (not room or normalise(r) == normalise(room))
            }
            if inside and (
                not group.count or len(inside - set(group.but)) == group.count or len(inside) == group.count
            ):
                names = tuple(sorted(inside - set(group.but)))
                return [
                    _supported(
                        s, Claim(ClaimKind.PRESENCE, s.text, names, place=room), f"at line {line}", line
                    )
                ]
        return [_open(s, "who was there then is not clear")]

    def _sight(self, s: Statement) -> Verdicts:
        """Saw the thing in a place, perhaps last."""
        group = s.group or Group()
        if group.kind in ("all", "others"):
            names = tuple(sorted(self.time.present(self.anchor or self.cursor) - set(group.but)))
        else:
            names = group.names
        if not names or group.kind == "none":
            return [_open(s, "who is meant is not clear")]
        thing = s.thing if s.thing not in ("", "it") else self.item.question.fact.thing
        fact = Fact(thing, s.relation)
        seen = [
            e
            for e in self.checker.state.story.about(fact)
            if not e.tell and not e.said and set(names) <= e.real
        ]
        values = [normalise(e.value(fact) or "") for e in seen]
        wanted = normalise(s.place)
        claim = Claim(ClaimKind.SIGHT, s.text, names, fact.thing, s.place)
        line = self.anchor or self.cursor
        if s.last and s.positive:
            moment = self.time.end if s.concludes or s.when is When.END or self.last_step else line
            upto = [(e, v) for e, v in zip(seen, values, strict=True) if e.line <= moment]
            good = (bool(upto) and upto[-1][1] == wanted) or (bool(values) and values[-1] == wanted)
        else:
            good = (wanted in values) == s.positive
        if good:
            fits = [e.line for e, v in zip(seen, values, strict=True) if v == wanted]
            found = nearest(fits, line, past=s.last) if s.positive else None
            if found is not None and not s.last and self.anchor is None and s.lines is None:
                self.cursor = max(self.cursor, found)
                self.latest.append(found)
            return [_supported(s, claim, s.place, found)]
        said = ", ".join(dict.fromkeys(values)) or "nowhere"
        reason = f"{join_names(names)} saw the {fact.thing} in: {said}"
        if group.options:
            return [_open(s, "who is meant is not clear")]
        return [self._wrong(s, claim, said, None, ErrorKind.UPDATED_WITHOUT_PERCEPTION, reason)]

    def _trust(self, s: Statement) -> Verdicts:
        group = s.group or Group()
        lines = [*([self.anchor] if self.anchor else []), *reversed(self.latest), *reversed(self.earlier)]
        said = [n for n in lines if n in self.time.by_line and self.time.by_line[n].kind in _SAYING]
        if s.company is not None and s.company.names and not s.company.options:
            theirs = self.time.tells(s.company.names, group.names, [], "")
            said = [n for n in said if n in theirs] or [
                n for n in [nearest(theirs, self.cursor)] if n is not None
            ]
        if not said or (not group.names and group.kind != "all"):
            return [_open(s, "what is trusted is not clear")]
        event = next((e for e in self.time.events.get(said[0], ()) if e.tell is not None or e.said), None)
        if event is None:
            return [_open(s, "nothing is said there")]
        made: Verdicts = []
        names = group.names
        if group.kind == "all":
            hearers = event.tell.listeners if event.tell is not None else event.real
            names = tuple(sorted(hearers - set(group.but) - set(self.time.by_line[said[0]].actors)))
        for name in names:
            if event.tell is not None and name not in event.tell.listeners:
                speaks = name == event.tell.speaker
                if speaks or group.options or not s.positive:
                    made.append(_open(s, f"{name} does not hear it"))
                else:
                    claim = Claim(ClaimKind.TRUST, s.text, (name,), line=event.line)
                    reason = f"{name} does not hear what is said at line {event.line}"
                    made.append(self._wrong(s, claim, reason, event.line, ErrorKind.WRONG_TRUST, reason))
                continue
            trusts = name in (event.tell.trusting if event.tell is not None else event.real)
            claim = Claim(ClaimKind.TRUST, s.text, (name,), line=event.line, positive=s.positive)
            if trusts == s.positive:
                made.append(_supported(s, claim, f"line {event.line}", event.line))
            elif any((o in event.real) == s.positive for o in group.options):
                made.append(_open(s, "who is meant is not clear"))
            else:
                truth = f"{name} {'believes' if trusts else 'doubts'} it"
                made.append(
                    self._wrong(
                        s, claim, truth, event.line, ErrorKind.WRONG_TRUST, f"{truth} at line {event.line}"
                    )
                )
        return made

    def _outs(self, s: Statement, name: str) -> Verdicts:
        """The first, or the last, to leave a room."""
        claim = Claim(ClaimKind.ORDER, s.text, (name,), place=s.room, positive=s.positive)
        exits = self.time.exits((name,), s.room)
        for line in exits:
            room = self.time.room(name, line - 1)
            inside = {n for n in self.time.agents if self.time.room(n, line) == room}
            came = max((e for e in self.time.entries(self.time.agents, room or "") if e < line), default=0)
            out = [n for n in self.time.exits(tuple(self.time.agents), room or "") if came < n < line]
            if (not out) if s.positive else (not inside - {name}):
                return [_supported(s, claim, f"line {line}", line)]
        if not exits or (s.group is not None and s.group.options):
            return [_open(s, f"{name} does not leave")]
        which = "first" if s.positive else "last"
        reason = f"{name} leaves at line {exits[0]}, not as the {which}"
        return [self._wrong(s, claim, reason, exits[0], ErrorKind.WRONG_TIME, reason)]

    def _order(self, s: Statement) -> Verdicts:
        """Left before, or after, somebody else, in the scene where the reasoning stands or one before."""
        who, other = (g.names[0] if g is not None and g.names else "" for g in (s.group, s.company))
        if who and s.company is None:
            return self._outs(s, who)
        if not who or not other:
            return [_open(s, "who is meant is not clear")]
        claim = Claim(ClaimKind.ORDER, s.text, (who, other), positive=s.positive)
        found: dict[str, int] = {}
        for name in (who, other):
            lines = [n for n in self.time.exits((name,), "") if n <= self.cursor or not found]
            past = [n for n in lines if n <= self.cursor]
            if not lines:
                return [_open(s, f"{name} never leaves")]
            found[name] = (past or lines)[-1] if past else lines[0]
        first = found[who] < found[other]
        truth = f"{who} leaves at line {found[who]}, {other} at line {found[other]}"
        if first == s.positive:
            return [_supported(s, claim, truth, found[who])]
        pronouns = any(g is not None and g.options for g in (s.group, s.company))
        if pronouns or len(self.time.exits((who,), "")) > 1 or len(self.time.exits((other,), "")) > 1:
            return [_open(s, truth)]
        return [self._wrong(s, claim, truth, found[who], ErrorKind.WRONG_TIME, truth)]

    def _question(self, s: Statement) -> Verdicts:
        """What the question is said to ask."""
        chain = tuple(n for g in s.chain for n in g.names)
        asked = self.item.question.chain
        if chain == asked or set(chain) != set(asked) or len(chain) != len(asked) or not s.firm:
            return []
        claim = Claim(ClaimKind.QUESTION, s.text, chain)
        truth = f"it asks about {' about '.join(asked)}"
        return [self._wrong(s, claim, truth, None, ErrorKind.WRONG_PLACE, truth)]

    def _wrong(
        self, s: Statement, claim: Claim, expected: str, line: int | None, kind: ErrorKind, reason: str
    ) -> ClaimVerdict:
        if not s.firm:
            return _open(s, f"not read whole; the story says: {expected}")
        return ClaimVerdict(claim, Status.CONTRADICTED, s.text, expected, reason, line, kind)


_JUDGES: dict[ClaimKind, Callable[[FreeReading, Statement], Verdicts]] = {
    ClaimKind.PERCEPTION: FreeReading._perception,
    ClaimKind.BELIEF: FreeReading._belief,
    ClaimKind.CONCLUSION: FreeReading._conclusion,
    ClaimKind.LOCATION: FreeReading._location,
    ClaimKind.PRESENCE: FreeReading._presence,
    ClaimKind.SIGHT: FreeReading._sight,
    ClaimKind.TRUST: FreeReading._trust,
    ClaimKind.ORDER: FreeReading._order,
    ClaimKind.QUESTION: FreeReading._question,
}


def _supported(s: Statement, claim: Claim, expected: str, line: int | None) -> ClaimVerdict:
    reason = f"set by line {line}" if line else "so the story says"
    return ClaimVerdict(claim, Status.SUPPORTED, expected, expected, reason, line)


def _open(s: Statement, reason: str) -> ClaimVerdict:
    return ClaimVerdict(Claim(s.kind, s.text), Status.UNCHECKABLE, s.text, "", reason)
