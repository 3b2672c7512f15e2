"""What a frame's match says of events, places and people's whereabouts (of minds: `trace.meanings`)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from tomprm.trace.claims import ClaimKind
from tomprm.trace.meanings import Build, Match, called, ordinal
from tomprm.trace.statements import Statement
from tomprm.trace.words import word_set

_AGAIN = word_set("back return returns returned returning re-enter re-enters re-entered re-entering reenters")


_ONCE_MORE = re.compile(r"\bagain\b")


def watches(m: Match) -> Iterator[Statement]:
    """Sees somebody do something: what was done, and who saw it."""
    index = m.found.re.groupindex
    done = m.who("actor") if "actor" in index else None
    place = m.one("place") if "place" in index else None
    if place is not None or "M" in m.found[0]:
        yield m.claim(
            ClaimKind.MOVE, group=done, thing=called(m.one("thing")) or "it", place=called(place),
            relation="room" if place is not None and place.tag == "R" else "place",
            source=called(m.one("source")),
        )  # fmt: skip
    elif done is not None:
        again = any(_AGAIN & set(t.word.split()) for t in m.tokens_of("E"))
        yield m.claim(ClaimKind.ENTRY if "E" in m.found[0] else ClaimKind.EXIT, group=done, again=again)
    missed = ("n" in m.found[0]) != ("Z" in m.found[0])
    going = place is None and "M" not in m.found[0]
    start, _ = m.span
    yield m.claim(ClaimKind.PERCEPTION, group=m.who(), positive=not missed, start=start + 1, watched=going)


def overhears(m: Match) -> Iterator[Statement]:
    """Hears somebody say something."""
    place, thing = m.one("place"), m.one("thing")
    topic = thing is not None and thing.tag == "K"
    yield m.claim(
        ClaimKind.SAID, group=m.who("speaker"), listener=m.who("listener"), thing=called(thing),
        place="" if topic else called(place),
        relation="known" if topic else ("room" if place is not None and place.tag == "R" else "place"),
    )  # fmt: skip
    start, _ = m.span
    yield m.claim(
        ClaimKind.PERCEPTION, group=m.who(), positive="n" not in m.found[0], heard=True, start=start + 1
    )


def nth_move(m: Match) -> Iterator[Statement]:
    """The second move was to the box."""
    place = m.one("place")
    if place is not None and ordinal(m):
        yield m.claim(ClaimKind.MOVE, thing="it", place=called(place), ordinal=ordinal(m))


def moves(m: Match) -> Iterator[Statement]:
    who = m.who()
    place = m.one("place")
    index = m.found.re.groupindex
    source = m.one("source") if "source" in index else None
    if place is None and source is None and "T" not in m.found[0]:
        return
    if place is not None and place.tag == "L":
        place = None
    yield m.claim(
        ClaimKind.MOVE, group=who, thing=called(m.one("thing") if "thing" in index else None) or "it",
        place=called(place), relation="room" if place is not None and place.tag == "R" else "place",
        source=called(source), positive="n" not in m.found[0],
    )  # fmt: skip
    second = m.one("second") if "second" in index else None
    if second is not None:
        yield m.claim(
            ClaimKind.MOVE, group=who, thing="it", place=called(second),
            relation="room" if second.tag == "R" else "place",
        )  # fmt: skip


def walks(m: Match) -> Iterator[Statement]:
    """Ann: hall -> kitchen; Ann moves to the kitchen. Perhaps with something in her hands."""
    yield m.claim(ClaimKind.ENTRY, group=m.who(), room=called(m.one("room")), bare=True)


def back_there(m: Match) -> Iterator[Statement]:
    """Kitchen again: Ann and Bob."""
    who = m.who()
    start, end = m.clause.tokens[0].start, m.clause.tokens[1].end
    if who is not None and who.kind == "some" and re.search(r"\b(?:again|back)\b", m.text[start:end]):
        yield m.claim(ClaimKind.ENTRY, group=who, room=called(m.one("room")), again=True)


def moves_before(m: Match) -> Iterator[Statement]:
    """Moves it, in front of somebody, to the box."""
    yield from moves(m)
    seen = m.claim(ClaimKind.PERCEPTION, group=m.who("seer"))
    yield replace(seen, start=seen.start + 1)


def still(m: Match) -> Iterator[Statement]:
    """Nobody moves it (any more); somebody moves it, wherever to."""
    who = m.who() if "who" in m.found.re.groupindex else None
    negative = "n" in m.found[0] or (who is not None and who.kind == "none")
    yield m.claim(ClaimKind.MOVE, group=who, thing=called(m.one("thing")) or "it", positive=not negative)


def goes(kind: ClaimKind) -> Build:
    def build(m: Match) -> Iterator[Statement]:
        who = m.who()
        room = m.one("room") if "room" in m.found.re.groupindex else None
        more = m.who("more") if "more" in m.found.re.groupindex else None
        if more is not None and who is not None and who.pronoun:
            who = more
        if who is not None:
            name = called(room) if room is not None and room.tag == "R" else ""
            words = m.clause.tokens[m.found.start() : m.found.end()]
            again = any(t.tag == "E" and _AGAIN & set(t.word.split()) for t in words)
            again = again or _ONCE_MORE.search(m.text, m.span[0], m.clause.tokens[-1].end + 6) is not None
            yield m.claim(
                kind,
                group=who,
                room=name,
                positive="n" not in m.found[0],
                again=again,
                perfect="h" in m.found[0],
                company=m.who("company") or m.who("mates"),
            )

    return build


def out(m: Match) -> Iterator[Statement]:
    """Is the first, or the last, to leave."""
    word = m.tokens("how")[0].word
    who = m.who()
    if who is not None and word in ("first", "last", "the last"):
        room = m.one("room")
        yield m.claim(
            ClaimKind.ORDER, group=who, room="" if room is None else called(room), positive=word == "first",
        )  # fmt: skip


def presence(m: Match) -> Iterator[Statement]:
    who, index = m.who(), m.found.re.groupindex
    if who is None:
        return
    room = m.one("room") if "room" in index else None
    company = m.who("company") if "company" in index else None
    away = "g" in m.found[0] or re.search("[bmn]f", m.found[0]) is not None
    if m.found[0].endswith("T") and m.clause.tokens[m.found.end() - 1].word != "it":
        return
    plural = who.pronoun == 2  # "they are there" may be slippers
    yield m.claim(
        ClaimKind.PRESENCE, group=who, room=called(room) if room is not None and room.tag == "R" else "",
        firm=not plural and m.clause.tags[m.found.end() : m.found.end() + 1] != "o",
        company=company, alone="a" in m.found[0] or who.only, positive=("n" in m.found[0]) == away,
    )  # fmt: skip


def says(m: Match) -> Iterator[Statement]:
    index = m.found.re.groupindex
    who = m.who()
    listener = (m.who("listener") if "listener" in index else None) or (
        m.who("to") if "to" in index else None
    )
    words = m.clause.tokens[m.found.start() : m.found.end()]
    verb = next((i for i, t in enumerate(words) if t.tag == "Y"), 0)
    by = "listener" in index and m.found.start("listener") == m.found.start()
    passive = not by and any(t.tag == "b" for t in words[:verb]) and not words[verb].word.endswith("ing")
    if passive and words[0].tag == "P":
        who, listener = None, who  # "Ann was told about it"
    place, thing = (m.one(k) if k in index else None for k in ("place", "thing"))
    topic = thing is not None and thing.tag == "K"
    if (place is not None and place.tag not in "CR") or topic:
        place = None  # a topic is talked about in a room; that is not what is said
    unread = m.clause.tags[m.found.end() : m.found.end() + 1] == "x"
    if (who is None and not passive) or (unread and not (thing or place or listener)):
        return
    if thing is not None and thing.tag == "P":
        named = thing.group is not None and len(thing.group.names) == 1 and not thing.group.pronoun
        thing = replace(thing, tag="T", value=thing.group.names[0] if named and thing.group else "")
    yield m.claim(
        ClaimKind.SAID, group=who, listener=listener, thing=called(thing), place=called(place),
        relation="known" if topic else ("room" if place is not None and place.tag == "R" else "place"),
        positive="n" not in m.found[0], passive=passive,
    )  # fmt: skip


def topic_of(m: Match) -> Iterator[Statement]:
    """Ann: the harvest. What she talks of, or what she knows of."""
    for found in says(m):
        yield replace(found, bare=True)


def location(m: Match) -> Iterator[Statement]:
    thing, place = m.one("thing"), m.one("place")
    if thing is None or place is None or place.tag not in "CR":
        return
    yield m.claim(
        ClaimKind.LOCATION, thing=called(thing) or "it", place=called(place),
        relation="room" if place.tag == "R" else "place", positive="n" not in m.found[0],
    )  # fmt: skip


def believed(m: Match) -> Iterator[Statement]:
    """It is (not) believed by Ann."""
    if any(t.tag == "U" or t.word == "believed" for t in m.tokens_of("B") + m.tokens_of("U")):
        yield m.claim(ClaimKind.TRUST, group=m.who(), positive="n" not in m.found[0])


def trusts(m: Match) -> Iterator[Statement]:
    who = m.who()
    last = m.clause.tokens[m.found.end() - 1]
    verb = next(
        (
            t.word
            for t in m.tokens("who") and m.clause.tokens[m.found.start() : m.found.end()]
            if t.tag == "B"
        ),
        "",
    )
    if last.tag == "T" and verb and not verb.startswith("belie"):
        return
    if who is not None:
        negated = ("n" in m.found[0]) != ("D" in m.found[0])
        company = m.who("company") if "company" in m.found.re.groupindex else None
        yield m.claim(ClaimKind.TRUST, group=who, positive=not negated, company=company)
