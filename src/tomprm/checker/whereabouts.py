"""Who is where, and who went first."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tomprm.checker.telling import Telling, Verdicts, supported, unclear
from tomprm.checker.verdict import ClaimVerdict, ErrorKind, Status
from tomprm.trace.claims import Claim, ClaimKind
from tomprm.trace.groups import Group
from tomprm.trace.statements import Statement, When
from tomprm.trace.steps import normalise
from tomprm.world.events import join_names

_DURING = ("when", "while", "as", "whilst")
_ALREADY = re.compile(r"\b(?:already|by (?:now|then|that|this)|any ?more|no longer)\b", re.IGNORECASE)

_STILL = re.compile(r"\bstill\b", re.IGNORECASE)
_LATER = re.compile(
    r"\b(?:later|from (?:then|there) on|from that \w+ on|afterwards?|eventually)\b", re.IGNORECASE
)


def presence(t: Telling, s: Statement) -> Verdicts:
    group = s.group or Group()
    names = group.names
    if group.kind in ("all", "others") and s.positive:
        return _all_there(t, s, group)
    if group.kind != "some" or not names:
        return [unclear(s, "who is meant is not clear")]
    made = [_is_there(t, s, name, group.options) for name in names]
    if s.alone and s.positive and not group.options and all(v.status is Status.SUPPORTED for v in made):
        return [*made, *_others_there(t, s, names)]
    return made


def _others_there(t: Telling, s: Statement, names: Sequence[str]) -> Verdicts:
    """Only these are there: nobody else may be, at the moment that is meant nor right after it."""
    if s.company is not None:
        names = (*names, *s.company.names, *s.company.options)
    here = next(iter(n if n is not None else t.time.end for n in t.moments(s)), t.cursor)
    near = [n for n in t.time.lines if n > here][:2]
    if here in t.time.by_line:  # "Ann moves it, and only Bob is still there"
        names = (*names, *t.time.by_line[here].actors)
    extra: list[str] = []
    for line in [here] if t.anchor is not None else [here, *near]:
        room = t.time.room(names[0], line)
        extra = [n for n in sorted(t.time.agents) if n not in names and room and t.time.room(n, line) == room]
        if not extra and room:
            return []
    claim = Claim(ClaimKind.PRESENCE, s.text, tuple(names), place=s.room)
    if not extra or (t.anchor is None and not t.latest):
        return []
    reason = f"{join_names(extra)} is there too"
    return [t.wrong(s, claim, reason, here or None, ErrorKind.WRONG_OBSERVERS, reason)]


def _is_there(t: Telling, s: Statement, name: str, options: Sequence[str]) -> ClaimVerdict:
    sure = s.company is not None and not s.company.pronoun
    company = [n for n in (s.company.names if s.company and sure else ()) if n != name]

    def right(who: str, line: int) -> bool:
        here = t.time.room(who, line)
        if s.room:
            there = here is not None and normalise(here) == normalise(s.room)
        elif s.company is not None:
            there = here is not None
        else:
            there = here is not None and who in t.time.present(line)
        if company:
            there = there and all(t.time.room(n, line) == here for n in company)
        return there == s.positive

    moments = [t.time.end if m is None else m for m in t.moments(s)]
    if s.lines is not None and s.lines[0] < s.lines[1]:
        within = [n for n in t.time.lines if s.lines[0] - 1 <= n <= s.lines[1] and right(name, n)]
        moments = within or moments
    here = moments[0] if moments else t.cursor
    near = [n for n in t.time.lines if n > here][:1]
    if not s.positive and _ALREADY.search(s.text):
        near = []
    claim = Claim(ClaimKind.PRESENCE, s.text, (name,), place=s.room, positive=s.positive)
    if any(right(name, n) for n in ([here] if t.anchor is not None else [here, *near])):
        return supported(s, claim, f"at line {here}", here or None)
    told = t.anchor if t.anchor is not None else next(iter(reversed(t.latest or t.earlier)), None)
    watched = t.time.perceived(told) if told is not None and s.positive and not s.room else None
    if watched is not None and name in watched.real:
        return unclear(s, "there in secret")
    if t.anchor is None and s.positive and s.room and s.when is When.OPEN and not s.joint:
        # The scene is set: the reasoning moves on to it.
        scene = next((n for n in t.time.lines if n > here and right(name, n)), None)
        if scene is not None:
            t.cursor = max(t.cursor, scene)
            return supported(s, claim, f"at line {scene}", scene)
    elsewhere = t.time.room(name, here)
    truth = f"{name} is in: {elsewhere or 'no room'}"
    if any(right(o, n) for o in options for n in t.time.lines):
        return unclear(s, f"it may be {join_names(options)} who is meant")
    ever = any(right(name, n) for n in t.time.lines)
    whole = s.company is None or not s.company.pronoun or bool(s.room)
    timed = t.anchor is not None and whole and (s.lines is not None or t.timed or s.joint in _DURING)
    already = timed or (_ALREADY.search(s.text) is not None and (t.anchor is not None or bool(t.latest)))
    if not s.positive and not already and any(right(name, n) for n in t.time.lines if n >= here):
        return unclear(s, f"true later only; {truth} at line {here}")
    # Right after an event of the same step it is said of that event.
    strict = already or t.anchor is not None or (bool(t.latest) and s.when is When.OPEN and not s.room)
    there = not s.room or normalise(elsewhere or "") == normalise(s.room)
    with_whom = s.company is not None and not timed and there
    gone = any(n <= here for n in t.time.exits((name,), ""))
    if s.positive and elsewhere is None and ever and not gone and not timed:
        return unclear(s, f"where {name} is then is not known")
    coming = s.positive and not _STILL.search(s.text) and (s.later or _LATER.search(s.text))
    if coming and any(right(name, n) for n in t.time.lines if n >= here):
        return unclear(s, f"true later only; {truth} at line {here}")
    if not ever or (strict and not with_whom and s.when is not When.PAST):
        return t.wrong(s, claim, truth, here or None, ErrorKind.WRONG_PLACE, truth)
    return unclear(s, f"true at another moment only; {truth} at line {here}")


def _all_there(t: Telling, s: Statement, group: Group) -> Verdicts:
    moments = [t.time.end if m is None else m for m in t.moments(s)]
    here = moments[0] if moments else t.cursor
    room = s.room
    for line in [here, *[n for n in t.time.lines if n > here][:3]]:
        inside = {
            n
            for n in t.time.agents
            if (r := t.time.room(n, line)) and (not room or normalise(r) == normalise(room))
        }
        if inside and (
            not group.count or len(inside - set(group.but)) == group.count or len(inside) == group.count
        ):
            names = tuple(sorted(inside - set(group.but)))
            return [
                supported(s, Claim(ClaimKind.PRESENCE, s.text, names, place=room), f"at line {line}", line)
            ]
    return [unclear(s, "who was there then is not clear")]


def _outs(t: Telling, s: Statement, name: str) -> Verdicts:
    """The first, or the last, to leave a room."""
    claim = Claim(ClaimKind.ORDER, s.text, (name,), place=s.room, positive=s.positive)
    exits = t.time.exits((name,), s.room)
    for line in exits:
        room = t.time.room(name, line - 1)
        inside = {n for n in t.time.agents if t.time.room(n, line) == room}
        came = max((e for e in t.time.entries(t.time.agents, room or "") if e < line), default=0)
        out = [n for n in t.time.exits(tuple(t.time.agents), room or "") if came < n < line]
        if (not out) if s.positive else (not inside - {name}):
            return [supported(s, claim, f"line {line}", line)]
    if not exits or (s.group is not None and s.group.options):
        return [unclear(s, f"{name} does not leave")]
    which = "first" if s.positive else "last"
    reason = f"{name} leaves at line {exits[0]}, not as the {which}"
    return [t.wrong(s, claim, reason, exits[0], ErrorKind.WRONG_TIME, reason)]


def order(t: Telling, s: Statement) -> Verdicts:
    """Left before, or after, somebody else, in the scene where the reasoning stands or one before."""
    who, other = (g.names[0] if g is not None and g.names else "" for g in (s.group, s.company))
    if who and s.company is None:
        return _outs(t, s, who)
    if not who or not other:
        return [unclear(s, "who is meant is not clear")]
    claim = Claim(ClaimKind.ORDER, s.text, (who, other), positive=s.positive)
    found: dict[str, int] = {}
    for name in (who, other):
        lines = [n for n in t.time.exits((name,), "") if n <= t.cursor or not found]
        past = [n for n in lines if n <= t.cursor]
        if not lines:
            return [unclear(s, f"{name} never leaves")]
        found[name] = (past or lines)[-1] if past else lines[0]
    first = found[who] < found[other]
    truth = f"{who} leaves at line {found[who]}, {other} at line {found[other]}"
    if first == s.positive:
        return [supported(s, claim, truth, found[who])]
    pronouns = any(g is not None and g.options for g in (s.group, s.company))
    if pronouns or len(t.time.exits((who,), "")) > 1 or len(t.time.exits((other,), "")) > 1:
        return [unclear(s, truth)]
    return [t.wrong(s, claim, truth, found[who], ErrorKind.WRONG_TIME, truth)]
