"""Who saw, heard and believed what was retold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tomprm.belief.lines import KNOWN
from tomprm.checker.held import belief
from tomprm.checker.telling import SAYING, TOLD, Telling, Verdicts, supported, unclear
from tomprm.checker.timeline import nearest
from tomprm.checker.verdict import ClaimVerdict, ErrorKind, Status
from tomprm.trace.claims import Claim, ClaimKind
from tomprm.trace.groups import Group
from tomprm.trace.statements import Inward, Statement, When
from tomprm.trace.steps import normalise
from tomprm.world.events import CHANGES, Event, Fact, Kind, join_names


def perception(t: Telling, s: Statement) -> Verdicts:
    group = s.group or Group()
    if s.inward and (told := _inward(t, s, group)):
        return told
    if s.chain and not s.known:
        return _thought(t, s)
    asked = t.item.question
    last = t.time.by_line.get(next(iter((t.latest or t.earlier)[-1:]), 0))
    of_move = last is not None and last.kind in CHANGES and len(s.chain) < 2  # "Bob does not know about it"
    if s.known and s.bare and asked.fact.relation != "known":
        s = replace(s, firm=False)  # "so now he knows": what it is that he knows is not said
    if s.known and not of_move and (asked.fact.relation == "known" or len(s.chain) > 1):
        if asked.fact.relation != "known":
            return [unclear(s, "what is known is not clear")]
        place = KNOWN if s.positive else ""
        said = replace(s, kind=ClaimKind.BELIEF, thing="it", place=place, relation="known", positive=True)
        return belief(t, said)
    if s.thing and not s.heard:
        return _nothing_new(t, s, group)
    if t.before is ClaimKind.PERCEPTION and group.kind == "none" and not s.wide:
        return [unclear(s, "what nobody notices is not clear")]
    if s.of_that and t.before in (
        ClaimKind.PERCEPTION,
        ClaimKind.PRESENCE,
        ClaimKind.SIGHT,
        ClaimKind.BELIEF,
    ):
        return [unclear(s, "what is known is not clear")]
    if s.positive and s.coming and s.wide:
        return _later(t, s, group) or [unclear(s, "what comes later is not clear")]
    targets = _targets(t, s)
    if not s.positive and s.later and not s.company:
        later = _later(t, s, group)
        if later is not None:
            return later
    own = bool(targets) and set(group.names) <= set(t.time.by_line[targets[0].line].actors)
    own = own and "move" not in s.text and (t.overlooked or s.lost)
    if not s.positive and (own or (s.pointing and t.overlooked)):
        s = replace(s, firm=False)  # "Ann was distracted. Bob did not notice that."
    if not targets:
        return [unclear(s, "what is seen is not clear")]
    made = [_witnessed(t, s, group, event) for event in targets]
    if s.loose and any(x.status is Status.CONTRADICTED for v in made for x in v):
        # Any move of the thing may be among those meant.
        lines = dict.fromkeys((*t.time.moves(None, [t.item.question.fact.thing], "", ""), *t.deeds, *t.told))
        events = [e for n in lines if (e := t.time.perceived(n)) is not None]
        if any(v.status is Status.SUPPORTED for e in events for v in _witnessed(t, s, group, e)):
            return [unclear(s, "which of the moves are meant is not clear")]
    if s.wide:
        wrong = [v for v in made if any(x.status is Status.CONTRADICTED for x in v)]
        return wrong[0] if wrong else [x for v in made for x in v]
    good = next((v for v in made if all(x.status is Status.SUPPORTED for x in v)), None)
    return good or made[0]


def _nothing_new(t: Telling, s: Statement, group: Group) -> Verdicts:
    """Learns nothing about a thing on the visit that was told last."""
    entries = [n for n in t.latest or t.earlier if t.time.by_line[n].kind is Kind.ENTER]
    fact = Fact(s.thing, "place")
    if not entries or len(group.names) != 1 or group.kind != "some" or group.options:
        return [unclear(s, "what is learnt is not clear")]
    name, start = group.names[0], entries[-1]
    end = min((n for n in t.time.exits((name,), "") if n > start), default=t.time.end)
    claim = Claim(ClaimKind.PERCEPTION, s.text, (name,), s.thing, line=start, positive=False)
    for event in t.checker.state.story.about(fact):
        if start <= event.line <= end and name in event.real:
            reason = f"{name} sees the {s.thing} at line {event.line}"
            return [t.wrong(s, claim, reason, event.line, ErrorKind.WRONG_OBSERVERS, reason)]
    return [supported(s, claim, f"{name} sees nothing of it", start)]


def _inward(t: Telling, s: Statement, group: Group) -> Verdicts:
    """Is anybody of them ever distracted, or a secret witness? Which only they know themselves."""
    secret = s.inward is Inward.SECRET
    events = t.time.story.events
    ever = frozenset[str]().union(*(e.real - e.apparent if secret else e.apparent - e.real for e in events))
    if group.kind != "some" or not group.names:
        return [] if secret else [unclear(s, "who is meant is not clear")]
    claim = Claim(ClaimKind.PERCEPTION, s.text, group.names, positive=s.positive)
    truth = f"{s.inward.value}: {join_names(sorted(ever)) or 'nobody'}"
    known = [n for g in s.chain for n in g.names if n not in group.names]
    right = bool(ever & set(group.names)) and (not known or not s.thought)
    if right and not secret:
        return [supported(s, claim, truth, None)]
    if right or (secret and s.chain):
        return []
    if group.options or any(g.options for g in s.chain):
        return [unclear(s, "who is meant is not clear")]
    return [t.wrong(s, claim, truth, None, ErrorKind.WRONG_OBSERVERS, truth)]


def _thought(t: Telling, s: Statement) -> Verdicts:
    """Thinks, or knows, that somebody perceived it: of what he missed he thinks nothing, and secret witnesses
    and distracted people are known only to themselves."""
    outer, group = s.chain, s.group or Group()
    names = [g.names[0] for g in outer if len(g.names) == 1 and g.kind == "some"]
    if len(names) != len(outer) or group.kind != "some" or not group.names:
        return [unclear(s, "who is meant is not clear")]
    claim = Claim(ClaimKind.PERCEPTION, s.text, (*names, *group.names), positive=s.positive)

    def thinks(first: str, others: Sequence[str], event: Event) -> bool:
        if first not in event.real or not set(others) - {first} <= event.apparent:
            return False
        return all((n in (event.real if n == first else event.apparent)) == s.positive for n in group.names)

    targets = _targets(t, s)[: None if s.positive else 1]  # missing some other event of the kind is no excuse
    also = [n for e in targets for n in t.fits.get(e.line, ()) if s.positive] if s.lines is None else []
    for event in (*targets, *(e for n in also if (e := t.time.perceived(n)) is not None)):
        if thinks(names[0], names[1:], event) == s.thought:
            return [
                supported(
                    s, claim, f"witnesses of line {event.line}: {join_names(sorted(event.real))}", event.line
                )
            ]
    others = any(g.options for g in (*outer, group))
    known = all(names[0] in e.real or s.positive for e in targets)
    if not targets or others or not known:
        return [unclear(s, "what is thought of it is not clear")]
    line = targets[0].line
    does = "thinks so" if not s.thought else "does not think so"
    reason = (
        f"{names[0]} {does}; line {line} is witnessed by {join_names(sorted(targets[0].real)) or 'nobody'}"
    )
    return [t.wrong(s, claim, does, line, ErrorKind.UPDATED_WITHOUT_PERCEPTION, reason)]


def _later(t: Telling, s: Statement, group: Group) -> Verdicts | None:
    """Sees nothing of what comes later: supported where that is so, else left to the other reading."""
    here = t.anchor if t.anchor is not None else t.cursor
    thing = t.item.question.fact.thing
    lines = [n for n in t.time.moves(None, [thing], "", "") if n > here]
    events = [e for n in lines if (e := t.time.perceived(n)) is not None]
    if group.kind != "some" or not group.names or not events:
        return None
    made = [v for e in events for v in _witnessed(t, s, group, e)]
    if all(v.status is Status.SUPPORTED for v in made):
        return made
    return [unclear(s, "some of what comes later is seen")]


def _targets(t: Telling, s: Statement) -> list[Event]:
    """The events that "it", "this" or "these moves" may be, the likeliest first."""
    moves = [n for n in t.time.moves(None, [t.thing], "", "") if t.time.by_line[n].kind is not Kind.PLACE]
    if s.ordinal and (s.count or s.heard):
        return []
    if s.ordinal and -len(moves) <= (index := s.ordinal - (s.ordinal > 0)) < len(moves) and s.lines is None:
        lines = [moves[index]]
    elif s.place and s.lines is None:
        # "the move to the box"
        owner = s.company.names if s.company is not None and s.company.names else None
        # The thing asked for or the one spoken of last, whichever move there fits.
        things = [t.thing, t.item.question.fact.thing]
        fits = t.time.moves(owner, things, s.place, "")
        line = nearest(fits, t.cursor, past=True)
        lines = [] if line is None else [line, *[n for n in fits if n != line and not s.wide]]
    elif s.company is not None and s.company.names and s.lines is None:
        # "Ann's move": the one retold, else the next or the last of hers.
        mine = t.time.moves(s.company.names, [], "", "")
        told = [n for n in (*t.latest, *t.earlier) if n in mine]
        line = told[-1] if told else nearest(mine, t.cursor, past=True)
        lines = [] if line is None else [line]
    elif s.lines is not None:
        lines = [n for n in t.time.lines if s.lines[0] <= n <= s.lines[1]]
    elif s.wide:
        lines = t.deeds or t.told or t.latest or t.earlier
        if s.count > len(lines) or not any(t.time.by_line[n].kind in TOLD for n in lines):
            past = [n for n in moves if n <= t.cursor]
            lines = past[-s.count :] if s.count else past
            t.deeds = lines
    elif t.unread and not t.latest and t.anchor is None:
        return []
    else:
        lines = list(reversed(t.latest or t.earlier))
        if t.anchor is not None:
            lines = [t.anchor]
    if s.heard:
        said = [n for n in lines if n in t.time.by_line and t.time.by_line[n].kind in SAYING]
        if not said and s.thing:
            said = t.time.tells(None, (), [s.thing], "")
        lines = said
    acts = [n for n in lines if n in t.time.by_line]
    changes = [n for n in acts if t.time.by_line[n].kind in (*CHANGES, Kind.CARRY, Kind.CLAIM, Kind.TELL)]
    chosen = changes or acts
    going = acts and not changes and s.lines is None
    own = [n for n in acts if s.group and set(s.group.names) & set(t.time.by_line[n].actors)]
    if going and own and not (s.positive or s.wide):
        # "Bob had left, so he missed it": not that he left, but a move told before or still to come.
        chosen = [*t.told[-1:], *[n for n in moves if n > own[-1]][:1]]
    elif going and (t.anchor is None or all(t.time.by_line[n].kind is Kind.ENTER for n in acts)):
        # "Bob came in later. Ann saw it": who came, or the move told before.
        chosen = [*acts, *reversed(t.deeds or t.told)]
    if chosen and chosen[0] in t.also and s.lines is None:
        chosen = [*chosen, *[n for n in t.also if n > chosen[0]]]
    if s.watched and s.lines is None:
        chosen = t.latest[-1:]
        chosen = [*chosen, *[n for line in chosen for n in t.fits.get(line, ()) if n != line]]
    elif s.lines is None and not s.wide:
        chosen = [*chosen, *[n for line in chosen for n in t.alts.get(line, ())]]
    events = [t.time.perceived(n) for n in chosen]
    return [e for e in events if e is not None]


def _witnessed(t: Telling, s: Statement, group: Group, event: Event) -> Verdicts:
    """Did this group perceive this event, as said?"""
    action = t.time.by_line[event.line]
    actors = frozenset(action.actors)
    real = event.real
    there = event.apparent
    line = event.line
    kind = ErrorKind.UPDATED_WITHOUT_PERCEPTION if s.positive else ErrorKind.WRONG_OBSERVERS
    reason = f"witnesses of line {line}: {join_names(sorted(real)) or 'nobody'}"

    def one(name: str, positive: bool) -> ClaimVerdict:
        claim = Claim(ClaimKind.PERCEPTION, s.text, (name,), line=line, positive=positive)
        if (name in real) == positive:
            return supported(s, claim, f"{name} {'sees' if positive else 'misses'} it", line)
        # Whoever did it is not said to have seen it.
        fits = [n for n in group.options if (n in real) == positive and not (positive and n in actors)]
        if fits or (group.options and len(group.names) > 1):
            return unclear(s, f"it may be {join_names(fits or group.options)} who is meant")
        says = f"{name} {'misses' if positive else 'sees'} it"
        return t.wrong(s, claim, says, line, kind, reason)

    def whole(right: bool) -> ClaimVerdict:
        claim = Claim(ClaimKind.PERCEPTION, s.text, group.names, line=line, positive=s.positive)
        if right:
            return supported(s, claim, reason, line)
        return t.wrong(s, claim, reason, line, ErrorKind.WRONG_OBSERVERS, reason)

    if group.kind == "all":
        expected = group.count or None
        # "everyone except Ann", who is not even there, speaks of all people.
        whole_cast = not there or not set(group.but) <= there
        names = (t.time.agents if whole_cast else there) - set(group.but)
        if expected is not None and expected not in (len(real), len(there)):
            return [whole(False)]
        if not s.positive:
            return [one(n, False) for n in sorted(names - actors)]
        return [one(n, True) for n in sorted(names)] + [one(n, False) for n in group.but]
    if group.kind == "none" and group.pronoun:  # "neither of them"
        if group.names and s.text.lower().startswith("neither"):
            return [one(n, False) for n in group.names]
        right = not real - actors
        return [whole(True) if right else unclear(s, "who is meant is not clear")]
    if group.kind == "none":
        return [whole(not real - actors - set(group.but))]
    if group.kind == "others":
        names = there - actors - set(group.but)
        if group.count and group.count != len(names) and group.count != len(there - actors):
            return [unclear(s, "who the others are is not clear")]
        if not names:
            return [unclear(s, "who the others are is not clear")]
        return [one(n, s.positive) for n in sorted(names)]
    if not group.names:
        return [unclear(s, "who is meant is not clear")]
    made = [one(n, s.positive) for n in group.names]
    if group.only and s.positive and all(v.status is Status.SUPPORTED for v in made):
        extra = real - set(group.names) - actors
        if extra:
            claim = Claim(ClaimKind.PERCEPTION, s.text, group.names, line=line)
            made.append(t.wrong(s, claim, reason, line, ErrorKind.WRONG_OBSERVERS, reason))
        else:
            made += [
                supported(
                    s, Claim(ClaimKind.PERCEPTION, s.text, (n,), line=line, positive=False), reason, line
                )
                for n in sorted(t.time.agents - real)
            ]
    return made


def sight(t: Telling, s: Statement) -> Verdicts:
    """Saw the thing in a place, perhaps last."""
    group = s.group or Group()
    if group.kind in ("all", "others"):
        names = tuple(sorted(t.time.present(t.anchor or t.cursor) - set(group.but)))
    else:
        names = group.names
    if not names or group.kind == "none" or (s.company is not None and s.company.pronoun):
        return [unclear(s, "who is meant is not clear")]
    if s.place == "there":
        return [unclear(s, "where is not clear")]
    if s.company is not None:
        names = tuple(dict.fromkeys((*names, *s.company.names)))
    thing = s.thing if s.thing not in ("", "it") else t.item.question.fact.thing
    fact = Fact(thing, s.relation)
    seen = [
        e for e in t.checker.state.story.about(fact) if not e.tell and not e.said and set(names) <= e.real
    ]
    values = [normalise(e.value(fact) or "") for e in seen]
    wanted = normalise(s.place)
    claim = Claim(ClaimKind.SIGHT, s.text, names, fact.thing, s.place)
    line = t.anchor or t.cursor
    if s.last and s.positive:
        moment = t.time.end if s.concludes or s.when is When.END or t.last_step else line
        upto = [(e, v) for e, v in zip(seen, values, strict=True) if e.line <= moment]
        good = (bool(upto) and upto[-1][1] == wanted) or (bool(values) and values[-1] == wanted)
    else:
        good = (wanted in values) == s.positive
    if good:
        fits = [e.line for e, v in zip(seen, values, strict=True) if v == wanted]
        found = nearest(fits, line, past=s.last) if s.positive else None
        if found is not None and not s.last and t.anchor is None and s.lines is None:
            t.cursor = max(t.cursor, found)
            t.latest.append(found)
        return [supported(s, claim, s.place, found)]
    said = ", ".join(dict.fromkeys(values)) or "nowhere"
    reason = f"{join_names(names)} saw the {fact.thing} in: {said}"
    if group.options:
        return [unclear(s, "who is meant is not clear")]
    return [t.wrong(s, claim, said, None, ErrorKind.UPDATED_WITHOUT_PERCEPTION, reason)]
