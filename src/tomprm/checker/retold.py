"""Events retold: who moved, came, went and said what, and at which line of the story that is."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from tomprm.checker.telling import BEFORE, Telling, Verdicts, supported, unclear
from tomprm.checker.verdict import ClaimVerdict, ErrorKind, Status
from tomprm.trace.claims import Claim, ClaimKind
from tomprm.trace.groups import Group
from tomprm.trace.statements import Statement, When
from tomprm.trace.steps import normalise
from tomprm.world.events import Fact, Kind, join_names

_EVER = re.compile(r"\b(?:n?ever|at (?:no|any) (?:point|time|moment))\b", re.IGNORECASE)


def retell(t: Telling, s: Statement) -> tuple[Verdicts, int | None]:
    """The verdicts of an event retold, and its line (None: there is no such event)."""
    verdicts, line = _READERS[s.kind](t, s)
    if line is not None and s.joint not in BEFORE:
        # What did not happen like this does not move the reasoning on.
        if all(v.status is not Status.CONTRADICTED for v in verdicts):
            t.cursor = max(t.cursor, line)
        t.latest.append(line)
        if s.kind is ClaimKind.MOVE:
            t.deeds.append(line)
    elif line is None and any(v.status is Status.UNCHECKABLE for v in verdicts):
        t.unread = True  # what follows may be said of it
    return verdicts, line


def _move(t: Telling, s: Statement) -> tuple[Verdicts, int | None]:
    if s.ordinal:
        return _nth_move(t, s)
    if (s.group is not None and s.group.kind != "some") or not s.positive:
        return _no_move(t, s), None
    who = s.group.names if s.group is not None else None
    things = t.things(s.thing)
    place, room = (s.place, "") if s.relation == "place" else ("", s.place)
    lines = t.time.moves(who, things, place, room)
    if not lines and s.thing == "it" and things[0] != t.item.question.fact.thing:
        things = [t.item.question.fact.thing]
        lines = t.time.moves(who, things, place, room)
    if not lines and s.group is not None and s.group.options:
        lines = t.time.moves(s.group.options, things, place, room)
    line = t.pick(lines, s)
    if line is not None and (late := t.out_of_time(s, line)):
        return [late], line
    if line is not None:
        action = t.time.by_line[line]
        what = action.place if s.relation == "place" else (s.place or action.room)
        claim = Claim(ClaimKind.LOCATION, s.text, (), action.thing, what or action.place, line)
        relation = "room" if s.source in {a.room for a in t.time.actions} else "place"
        before = t.checker.state.belief((), Fact(action.thing, relation), line - 1).value
        if s.source and before and normalise(s.source) != normalise(before):
            truth = f"the {action.thing} is moved from the {before}"
            return [t.wrong(s, claim, truth, line, ErrorKind.WRONG_PLACE, truth)], line
        return [supported(s, claim, f"line {line}", line)], line
    subject = join_names(who) if who else "somebody"
    claim = Claim(ClaimKind.MOVE, s.text, who or (), things[0], s.place)
    others = t.time.moves(None, things, place, room) if place or room else []
    if others and s.group is not None and s.group.pronoun:
        return [unclear(s, "who is meant is not clear")], t.pick(others, s)
    instead = t.time.moves(who, things, "", "")
    if instead:
        other = t.time.by_line[t.pick(instead, s) or instead[0]]
        where = other.place or other.room
        truth = f"{join_names(other.actors) or 'somebody'} moves the {other.thing} to the {where}"
        return [t.wrong(s, claim, truth, other.line, ErrorKind.WRONG_PLACE, truth)], other.line
    if others and who:
        other = t.time.by_line[t.pick(others, s) or others[0]]
        truth = f"{join_names(other.actors) or 'nobody'} moves it to the {other.place or other.room}"
        return [t.wrong(s, claim, truth, other.line, ErrorKind.NAMES_SWAPPED, truth)], other.line
    reason = f"{subject} never moves the {things[0]}" + (f" to the {s.place}" if s.place else "")
    return [t.wrong(s, claim, "no such move", None, ErrorKind.UNKNOWN_EVENT, reason)], None


def _no_move(t: Telling, s: Statement) -> Verdicts:
    """Nobody moves it any more; somebody does not move it."""
    things = t.things(s.thing)
    who = s.group.names if s.group is not None else ()
    claim = Claim(ClaimKind.MOVE, s.text, who, things[0], positive=False)
    never = bool(who) and not t.time.moves(who, things, s.place, "")
    if never or not [n for n in t.time.moves(None, things, "", "") if n > t.cursor]:
        return [supported(s, claim, "it is not moved any more", None)]
    return [unclear(s, "up to when it was not moved is not clear")]


def _nth_move(t: Telling, s: Statement) -> tuple[Verdicts, int | None]:
    """The second move is to the box."""
    thing = t.things(s.thing)[0]
    moves = [n for n in t.time.moves(None, [thing], "", "") if t.time.by_line[n].kind is not Kind.PLACE]
    index = s.ordinal - 1 if s.ordinal > 0 else s.ordinal
    if not -len(moves) <= index < len(moves):
        return [unclear(s, f"there are {len(moves)} moves of the {thing}")], None
    action = t.time.by_line[moves[index]]
    claim = Claim(ClaimKind.LOCATION, s.text, (), thing, s.place, action.line)
    if normalise(s.place) == normalise(action.place):
        return [supported(s, claim, f"line {action.line}", action.line)], action.line
    truth = f"that move is to the {action.place}"
    return [t.wrong(s, claim, truth, action.line, ErrorKind.WRONG_TIME, truth)], action.line


def _entry(t: Telling, s: Statement) -> tuple[Verdicts, int | None]:
    return _going(t, s, t.time.entries, "enters", "enter")


def _exit(t: Telling, s: Statement) -> tuple[Verdicts, int | None]:
    return _going(t, s, t.time.exits, "leaves", "leave")


def _going(
    t: Telling, s: Statement, find: Callable[[Sequence[str], str], list[int]], verb: str, plain: str
) -> tuple[Verdicts, int | None]:
    """Each person's entry or exit by itself; the sentence stands where the last of them does."""
    group = s.group or Group()
    names = group.names
    if group.kind in ("all", "others"):
        return _all_go(t, s, group, find)
    if not names:
        return [unclear(s, "who is meant is not clear")], None
    if group.kind == "none" or not s.positive:
        return _stays(t, s, names, find)
    at: list[int] = []
    made: Verdicts = []
    together = set[int].intersection(*(set(find((name,), s.room)) for name in names))
    for name in names:
        claim = Claim(s.kind, s.text, (name,), place=s.room)
        lines = sorted(together) or find((name,), s.room)
        if s.again and s.kind is ClaimKind.ENTRY:
            # "Ann and Bob go back": one of them at least was there before.
            lines = (
                _returns(t, sorted(together))
                or _returns(t, find((name,), s.room))
                or lines[len(names) == 1 :]
            )
        if s.company is not None:  # the visit on which they were there
            lines = [n for n in lines if _alone(t, s, name, n) is None] or lines
        line = t.pick(lines, s)
        if line is not None and not group.options and (odd := _mistimed(t, s, name, lines, line)):
            at.append(line)
            made.append(odd)
            continue
        if line is not None and not group.options and _stayed_away(t, s, name, line, names, find):
            line = None
        if line is not None and not group.options and (late := t.out_of_time(s, line)):
            at.append(line)
            made.append(late)
        elif line is not None:
            at.append(line)
            made.append(supported(s, claim, f"line {line}", line))
            if s.kind is ClaimKind.ENTRY and not group.options and (wrong := _alone(t, s, name, line)):
                made[-1] = wrong
            continue
        others = [n for n in group.options if find((n,), s.room)]
        if others:
            made.append(unclear(s, f"it may be {join_names(others)} who is meant"))
            continue
        where = f" the {s.room}" if s.room else ""
        if s.kind is ClaimKind.ENTRY and not s.again and _ever_in(t, name, s.room):
            made.append(unclear(s, f"{name} is there without having come in"))
            continue
        reason = f"{name} never {'returns to' if s.again else verb}{where}"
        made.append(
            t.wrong(s, claim, f"{name} does not {plain}{where}", None, ErrorKind.UNKNOWN_EVENT, reason)
        )
    return made, max(at, default=None)


def _stayed_away(
    t: Telling,
    s: Statement,
    name: str,
    line: int,
    names: Sequence[str],
    find: Callable[[Sequence[str], str], list[int]],
) -> bool:
    """ "Ann, Bob and Cid go (back) in": two of them come together from here on, this one came before only."""
    if len(names) < 2 or s.kind is not ClaimKind.ENTRY or line >= t.cursor or s.when is When.PAST:
        return False
    later = [n for other in names if other != name for n in find((other,), s.room) if n >= t.cursor]
    return any(len(t.time.by_line[n].actors) > 1 for n in later)


def _mistimed(t: Telling, s: Statement, name: str, lines: Sequence[int], line: int) -> ClaimVerdict | None:
    """ "Left before the move", "had already left", "came in only after that": of the move told last."""
    told = [n for n in (t.deeds or t.told)[-1:] if n <= t.cursor]  # not a wrong one
    told = [*told, *(n for line in told for n in t.fits.get(line, ()) if n > line)]
    thing = t.item.question.fact.thing
    coming = [n for n in t.time.moves(None, [thing], "", "") if n > t.cursor][:1]
    claim = Claim(s.kind, s.text, (name,), place=s.room, line=line)
    reason = ""
    if s.around and told:
        moves = [*told, *coming]
        right = any((n < m) == (s.around == "before") for n in lines for m in moves)
        reason = "" if right else f"line {line} is not {s.around} line {moves[0]}"
    elif (
        s.kind is ClaimKind.EXIT and s.perfect and t.missed and "already" in s.text and told and not t.latest
    ):
        early = any(n < told[-1] for n in lines) or name in t.time.by_line[told[-1]].actors
        reason = "" if early else f"line {line} comes after line {told[-1]}"
    elif s.kind is ClaimKind.ENTRY and s.then and told and not t.latest and s.when is not When.PAST:
        late = any(n > told[0] for n in lines)
        reason = "" if late else f"line {line} comes before line {told[-1]}"
    return t.wrong(s, claim, reason, line, ErrorKind.WRONG_TIME, reason) if reason else None


def _alone(t: Telling, s: Statement, name: str, line: int) -> ClaimVerdict | None:
    """Comes in with, or joins, people who are nowhere near."""
    company = s.company
    if company is None or company.options or company.kind != "some" or not company.names or not s.positive:
        return None
    room = t.time.room(name, line)
    stay = [n for n in t.time.lines if n >= line]
    stay = stay[: next((i for i, n in enumerate(stay) if t.time.room(name, n) != room), len(stay))]
    near = [n for n in company.names if any(t.time.room(n, at) == room for at in stay)]
    if room is None or not stay or (near if company.pronoun else len(near) == len(company.names)):
        return None
    reason = f"{join_names([n for n in company.names if n not in near])} is not there from line {line} on"
    claim = Claim(s.kind, s.text, (name,), place=s.room, line=line)
    return t.wrong(s, claim, reason, line, ErrorKind.WRONG_OBSERVERS, reason)


def _returns(t: Telling, lines: Sequence[int]) -> list[int]:
    """Of somebody's entries those into a room that they had entered before."""
    rooms = [t.time.by_line[n].room for n in lines]
    return [n for i, n in enumerate(lines) if rooms[i] in rooms[:i]]


def _ever_in(t: Telling, name: str, room: str) -> bool:
    return any(
        t.time.room(name, n) and (not room or normalise(t.time.room(name, n) or "") == normalise(room))
        for n in t.time.lines
    )


def _all_go(
    t: Telling, s: Statement, group: Group, find: Callable[[Sequence[str], str], list[int]]
) -> tuple[Verdicts, int | None]:
    line = t.pick(find(tuple(t.time.agents - set(group.but)), s.room), s)
    if line is None:
        return [unclear(s, "nobody comes or goes there")], None
    return [supported(s, Claim(s.kind, s.text, (), place=s.room), f"line {line}", line)], line


def _stays(
    t: Telling, s: Statement, names: Sequence[str], find: Callable[[Sequence[str], str], list[int]]
) -> tuple[Verdicts, int | None]:
    """Does not leave (any more), does not come (back)."""
    claim = Claim(s.kind, s.text, tuple(names), place=s.room, positive=False)
    later = [n for n in find(names, s.room) if n > t.cursor]
    if not later:
        return [supported(s, claim, "it does not happen any more", None)], None
    return [
        unclear(s, f"it happens at line {later[0]}, and the text does not say up to when it did not")
    ], None


def _said(t: Telling, s: Statement) -> tuple[Verdicts, int | None]:
    who, listener = s.group or Group(), s.listener or Group()
    if who.kind != "some" or not s.positive or not (who.names or s.passive):
        return _not_said(t, s, who, listener)
    topic = s.relation == "known"
    things = [] if not s.thing or s.thing == "it" else [s.thing]
    spoken = set(t.time.story.agents)
    if things and things[0] in spoken:
        things = []
    lines = t.time.tells(who.names or None, listener.names, things, s.place)
    if not lines and who.options:
        lines = t.time.tells(who.options, listener.names, things, s.place)
    line = t.pick(lines, s)
    if line is not None:
        action = t.time.by_line[line]
        if action.thing and not action.place:
            t.topic = action.thing
        if action.thing and not topic:
            t.thing = action.thing if action.thing in t.checker.state.story.things else t.thing
        claim = Claim(ClaimKind.SAID, s.text, action.actors[:1], action.thing, action.place, line)
        return [supported(s, claim, f"line {line}", line)], line
    claim = Claim(ClaimKind.SAID, s.text, who.names, s.thing, s.place)
    if who.options or listener.options:
        people = (*who.names, *who.options), (*listener.names, *listener.options)
        if t.time.tells(people[0] or None, people[1] if listener.names else (), [], "") or not listener.names:
            return [unclear(s, "who is meant is not clear")], None
    loose = t.time.tells(who.names or None, listener.names, [], "")
    if not (things or s.place or listener.names or (listener.kind != "some" and not loose)):
        return [unclear(s, "what is said is not clear")], None
    if loose:
        told = t.time.by_line[t.pick(loose, s) or loose[0]]
        truth = f"{told.actors[0]} says {told.thing}" + (f" in {told.place}" if told.place else "")
        return [t.wrong(s, claim, truth, told.line, ErrorKind.WRONG_PLACE, truth)], told.line
    to = f" to {join_names(listener.names)}" if listener.names else ""
    reason = f"{join_names(who.names) or 'nobody'} ever says anything{to}"
    return [t.wrong(s, claim, "nothing said", None, ErrorKind.UNKNOWN_EVENT, reason)], None


def _not_said(t: Telling, s: Statement, who: Group, listener: Group) -> tuple[Verdicts, int | None]:
    if who.kind == "none" or not s.positive:
        speakers = None if who.kind == "none" else who.names
        things = [] if not s.thing or s.thing == "it" else [s.thing]
        said = t.time.tells(speakers, listener.names, things, s.place)
        claim = Claim(ClaimKind.SAID, s.text, who.names, positive=False)
        sure = not (who.options or listener.options) and bool(things and listener.names)
        if said and sure and _EVER.search(s.text):
            truth = f"that is said at line {said[0]}"
            return [t.wrong(s, claim, truth, said[0], ErrorKind.UNKNOWN_EVENT, truth)], None
        if not [n for n in said if n >= t.cursor]:
            return [supported(s, claim, "nothing of the kind is said", None)], None
    return [unclear(s, "what is said is not clear")], None


_READERS: dict[ClaimKind, Callable[[Telling, Statement], tuple[Verdicts, int | None]]] = {
    ClaimKind.MOVE: _move,
    ClaimKind.ENTRY: _entry,
    ClaimKind.EXIT: _exit,
    ClaimKind.SAID: _said,
}
