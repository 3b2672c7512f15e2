"""Who believes what somebody said."""

from __future__ import annotations

from dataclasses import replace

from tomprm.checker.telling import SAYING, Telling, Verdicts, supported, unclear
from tomprm.checker.timeline import nearest
from tomprm.checker.verdict import ErrorKind
from tomprm.trace.claims import Claim, ClaimKind
from tomprm.trace.groups import Group
from tomprm.trace.statements import Statement


def trust(t: Telling, s: Statement) -> Verdicts:
    """Believes, or doubts, what was said last, or what this person said."""
    group = s.group or Group()
    if s.company is not None:  # nobody trusts herself
        group = replace(group, options=tuple(n for n in group.options if n not in s.company.names))
    lines = [*([t.anchor] if t.anchor else []), *reversed(t.latest), *reversed(t.earlier)]
    said = [n for n in lines if n in t.time.by_line and t.time.by_line[n].kind in SAYING]
    if s.company is not None and s.company.names and not s.company.options:
        theirs = t.time.tells(s.company.names, group.names, [], "")
        said = [n for n in said if n in theirs] or [n for n in [nearest(theirs, t.cursor)] if n is not None]
    if not said or (not group.names and group.kind != "all"):
        return [unclear(s, "what is trusted is not clear")]
    event = next((e for e in t.time.story.at(said[0]) if e.tell is not None or e.said), None)
    if event is None:
        return [unclear(s, "nothing is said there")]
    made: Verdicts = []
    actors = t.time.by_line[said[0]].actors
    company = s.company.names if s.company is not None else ()
    names = group.names
    if group.kind == "all":
        hearers = event.tell.listeners if event.tell is not None else event.real
        names = tuple(sorted(hearers - set(group.but) - set(t.time.by_line[said[0]].actors)))
    for name in names:
        if event.tell is not None and name not in event.tell.listeners:
            speaks = name == event.tell.speaker
            if speaks or group.options or not s.positive:
                made.append(unclear(s, f"{name} does not hear it"))
            else:
                claim = Claim(ClaimKind.TRUST, s.text, (name,), line=event.line)
                reason = f"{name} does not hear what is said at line {event.line}"
                made.append(t.wrong(s, claim, reason, event.line, ErrorKind.WRONG_TRUST, reason))
            continue
        trusts = name in (event.tell.trusting if event.tell is not None else event.real)
        claim = Claim(ClaimKind.TRUST, s.text, (name,), line=event.line, positive=s.positive)
        if trusts == s.positive:
            made.append(supported(s, claim, f"line {event.line}", event.line))
        elif any((o in event.real) == s.positive for o in group.options if o not in (*actors, *company)):
            made.append(unclear(s, "who is meant is not clear"))
        else:
            truth = f"{name} {'believes' if trusts else 'doubts'} it"
            made.append(
                t.wrong(s, claim, truth, event.line, ErrorKind.WRONG_TRUST, f"{truth} at line {event.line}")
            )
    return made
