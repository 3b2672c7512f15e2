"""What a frame's match says: one small function for each kind of statement (the frames: `trace.frames`)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from tomprm.belief.lines import KNOWN
from tomprm.trace.claims import ClaimKind
from tomprm.trace.clauses import Clause
from tomprm.trace.groups import Group, Token
from tomprm.trace.statements import Statement
from tomprm.trace.words import NUMBERS, ORDINALS, word_set

_AGAIN = word_set("back return returns returned returning re-enter re-enters re-entered re-entering reenters")
Build = Callable[["Match"], Iterator[Statement]]


@dataclass
class Match:
    """A frame's match: its named groups as tokens."""

    clause: Clause
    found: re.Match[str]
    text: str  # of the step

    def tokens(self, name: str) -> list[Token]:
        if name not in self.found.re.groupindex:
            return []
        start, end = self.found.span(name)
        return self.clause.tokens[start:end] if start >= 0 else []

    def one(self, name: str) -> Token | None:
        tokens = self.tokens(name)
        return tokens[-1] if tokens else None

    def who(self, name: str = "who") -> Group | None:
        return next((t.group for t in reversed(self.tokens(name)) if t.group is not None), None)

    def has(self, name: str, tag: str) -> bool:
        return tag in (self.found[name] or "")

    @property
    def span(self) -> tuple[int, int]:
        inside = self.clause.tokens[self.found.start() : self.found.end()]
        return inside[0].start, inside[-1].end

    def claim(self, kind: ClaimKind, **slots: object) -> Statement:
        start, end = self.span
        slots.setdefault("start", start)
        return Statement(kind, self.text[start:end], **slots)  # type: ignore[arg-type]


def _name(token: Token | None) -> str:
    """What a thing, place, room or topic is called in the story; "it" for a pronoun."""
    return "" if token is None else (token.value or ("it" if token.tag == "T" else ""))


def _chain(m: Match) -> tuple[list[Group], bool]:
    """The people of a chain of beliefs, and whether one of the verbs is negated."""
    tokens = m.tokens("chain")
    return [t.group for t in tokens if t.tag == "P" and t.group], any(t.tag == "n" for t in tokens)


def belief(m: Match) -> Iterator[Statement]:
    chain, negated = _chain(m)
    inner = m.who("who") if "who" in m.found.re.groupindex else None
    if inner is not None:
        chain.append(inner)
    place, thing = m.one("place"), m.one("thing") if "thing" in m.found.re.groupindex else None
    if place is None or not chain:
        return
    inside = "n" in (m.found["inside"] or "") if "inside" in m.found.re.groupindex else False
    negated = negated or "z" in m.found["chain"]  # "knows nothing about the box"
    yield m.claim(
        ClaimKind.BELIEF,
        chain=tuple(chain),
        thing=_name(thing) or "it",
        place="" if place.tag == "u" else (_name(place) or "there"),
        relation="room" if place.tag == "R" else "place",
        positive=not (negated or inside),
    )


def points(m: Match) -> Iterator[Statement]:
    """Ann -> box: what she thinks, or what she does."""
    for found in belief(m):
        yield replace(found, bare=True)


def looks_there(m: Match) -> Iterator[Statement]:
    """And that is where she will look."""
    chain, negated = _chain(m)
    who = m.who()
    if who is not None:
        yield m.claim(
            ClaimKind.BELIEF, chain=(*chain, who), thing="it", place="there", positive=not negated
        )  # fmt: skip


def unknown(m: Match) -> Iterator[Statement]:
    """Does not know where it is."""
    chain, negated = _chain(m)
    asks = next((t.word for t in m.clause.tokens[m.found.start() : m.found.end()] if t.tag == "q"), "")
    if asks not in ("where", "whereabouts"):
        return
    if negated or "N" in m.found[0]:
        yield m.claim(ClaimKind.BELIEF, chain=tuple(chain), thing=_name(m.one("thing")) or "it")


def topic(m: Match) -> Iterator[Statement]:
    """Knows, or does not know, about a topic."""
    chain, negated = _chain(m)
    topic = m.one("topic")
    ignorant = negated or "N" in m.found[0] or "Z" in m.found[0]
    if topic is not None and topic.tag != "K":
        group = chain[-1] if chain else None
        yield m.claim(
            ClaimKind.PERCEPTION, chain=tuple(chain), group=group, known=True, positive=not ignorant,
            wide=_any(m),
        )  # fmt: skip
        return
    yield m.claim(
        ClaimKind.BELIEF, chain=tuple(chain), thing=_name(topic) or "it", relation="known",
        place="" if ignorant else KNOWN,
    )  # fmt: skip


def topic_passive(m: Match) -> Iterator[Statement]:
    """Is (not) believed by Ann to know about a topic."""
    inner, outer = m.who("inner"), m.who("outer")
    if inner is not None and outer is not None:
        yield m.claim(
            ClaimKind.BELIEF, chain=(outer, inner), thing=_name(m.one("topic")), relation="known",
            place="" if m.found["no"] else KNOWN,
        )  # fmt: skip


def sees(m: Match) -> Iterator[Statement]:
    who = m.who()
    if who is None:
        return
    words = m.found[0]
    negated = ("n" in words) != any(t in words for t in "ZN")
    if "z" in words:
        negated = True
    verb = next((t.word for t in m.clause.tokens[m.found.start() : m.found.end()] if t.tag == "B"), "")
    if verb.startswith(("belie", "think", "thought")):
        yield m.claim(ClaimKind.TRUST, group=who, positive=not negated)
        return
    known = any(t in words for t in "BAN")
    owner = m.who("owner") if "owner" in m.found.re.groupindex else None
    yield m.claim(
        ClaimKind.PERCEPTION, group=who, positive=not negated, wide="z" in words or _any(m), company=owner,
        count=_count(m), of_that=known and "V" in words, ordinal=_ordinal(m),
        place=_name(m.one("place")) if "place" in m.found.re.groupindex else "",
    )  # fmt: skip


def watches(m: Match) -> Iterator[Statement]:
    """Sees somebody do something: what was done, and who saw it."""
    index = m.found.re.groupindex
    done = m.who("actor") if "actor" in index else None
    place = m.one("place") if "place" in index else None
    if place is not None or "M" in m.found[0]:
        yield m.claim(
            ClaimKind.MOVE, group=done, thing=_name(m.one("thing")) or "it", place=_name(place),
            relation="room" if place is not None and place.tag == "R" else "place",
            source=_name(m.one("source")),
        )  # fmt: skip
    elif done is not None:
        yield m.claim(ClaimKind.ENTRY if "E" in m.found[0] else ClaimKind.EXIT, group=done)
    missed = ("n" in m.found[0]) != ("Z" in m.found[0])
    start, _ = m.span
    yield m.claim(ClaimKind.PERCEPTION, group=m.who(), positive=not missed, start=start + 1)


def overhears(m: Match) -> Iterator[Statement]:
    """Hears somebody say something."""
    place, thing = m.one("place"), m.one("thing")
    topic = thing is not None and thing.tag == "K"
    yield m.claim(
        ClaimKind.SAID, group=m.who("speaker"), listener=m.who("listener"), thing=_name(thing),
        place="" if topic else _name(place),
        relation="known" if topic else ("room" if place is not None and place.tag == "R" else "place"),
    )  # fmt: skip
    start, _ = m.span
    yield m.claim(
        ClaimKind.PERCEPTION, group=m.who(), positive="n" not in m.found[0], heard=True, start=start + 1
    )


def _count(m: Match) -> int:
    """How many moves: "these three moves"."""
    words = " ".join(
        t.word for t in m.clause.tokens[m.found.start() : m.found.end()] if t.tag in "Vz"
    ).split()
    return next((NUMBERS[w] for w in words if w in NUMBERS), 0)


def _ordinal(m: Match) -> int:
    """Which move: 2 for "the second move", -1 for the last, 0 where none is told."""
    words = " ".join(t.word for t in m.clause.tokens[m.found.start() : m.found.end()] if t.tag == "V").split()
    return next((ORDINALS[w] for w in words if w in ORDINALS), 0)


def nth_move(m: Match) -> Iterator[Statement]:
    """The second move was to the box."""
    place = m.one("place")
    if place is not None and _ordinal(m):
        yield m.claim(ClaimKind.MOVE, thing="it", place=_name(place), ordinal=_ordinal(m))


def _any(m: Match) -> bool:
    words = " ".join(t.word for t in m.clause.tokens[m.found.start() : m.found.end()] if t.tag in "VzM")
    return any(
        w in words
        for w in ("any", "these", "those", "both", "either", "all", "everything", "moves", "changes")
    )


def finds(m: Match) -> Iterator[Statement]:
    """Sees it in a place."""
    who, place = m.who(), m.one("place")
    if who is None or place is None or place.tag not in "CR":
        return
    last = "l" in m.found[0]
    yield m.claim(
        ClaimKind.SIGHT, group=who, thing=_name(m.one("thing")) or "it", place=_name(place),
        relation="room" if place.tag == "R" else "place", positive="n" not in m.found[0], last=last,
    )  # fmt: skip


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
        ClaimKind.MOVE, group=who, thing=_name(m.one("thing") if "thing" in index else None) or "it",
        place=_name(place), relation="room" if place is not None and place.tag == "R" else "place",
        source=_name(source), positive="n" not in m.found[0],
    )  # fmt: skip
    second = m.one("second") if "second" in index else None
    if second is not None:
        yield m.claim(
            ClaimKind.MOVE, group=who, thing="it", place=_name(second),
            relation="room" if second.tag == "R" else "place",
        )  # fmt: skip


def moves_before(m: Match) -> Iterator[Statement]:
    """Moves it, in front of somebody, to the box."""
    yield from moves(m)
    seen = m.claim(ClaimKind.PERCEPTION, group=m.who("seer"))
    yield replace(seen, start=seen.start + 1)


def still(m: Match) -> Iterator[Statement]:
    """Nobody moves it (any more); somebody moves it, wherever to."""
    who = m.who() if "who" in m.found.re.groupindex else None
    negative = "n" in m.found[0] or (who is not None and who.kind == "none")
    yield m.claim(ClaimKind.MOVE, group=who, thing=_name(m.one("thing")) or "it", positive=not negative)


def goes(kind: ClaimKind) -> Build:
    def build(m: Match) -> Iterator[Statement]:
        who = m.who()
        room = m.one("room") if "room" in m.found.re.groupindex else None
        more = m.who("more") if "more" in m.found.re.groupindex else None
        if more is not None and who is not None and who.pronoun:
            who = more
        if who is not None:
            name = _name(room) if room is not None and room.tag == "R" else ""
            words = m.clause.tokens[m.found.start() : m.found.end()]
            again = any(t.tag == "E" and _AGAIN & set(t.word.split()) for t in words)
            yield m.claim(
                kind,
                group=who,
                room=name,
                positive="n" not in m.found[0],
                again=again,
                perfect="h" in m.found[0],
            )

    return build


def out(m: Match) -> Iterator[Statement]:
    """Is the first, or the last, to leave."""
    word = m.tokens("how")[0].word
    who = m.who()
    if who is not None and word in ("first", "last", "the last"):
        room = m.one("room")
        yield m.claim(
            ClaimKind.ORDER, group=who, room=_name(room) if room is not None else "", positive=word == "first"
        )  # fmt: skip


def presence(m: Match) -> Iterator[Statement]:
    who, index = m.who(), m.found.re.groupindex
    if who is None:
        return
    room = m.one("room") if "room" in index else None
    company = m.who("company") if "company" in index else None
    away = "g" in m.found[0]
    plural = who.pronoun == 2  # "they are there" may be slippers
    yield m.claim(
        ClaimKind.PRESENCE, group=who, room=_name(room) if room is not None and room.tag == "R" else "",
        firm=not plural and m.clause.tags[m.found.end() : m.found.end() + 1] != "o",
        company=company, positive=("n" in m.found[0]) == away, alone="a" in m.found[0] or "1" in m.found[0],
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
        ClaimKind.SAID, group=who, listener=listener, thing=_name(thing), place=_name(place),
        relation="known" if topic else ("room" if place is not None and place.tag == "R" else "place"),
        positive="n" not in m.found[0], passive=passive,
        ever=any(t.word in ("never", "ever") for t in words) or "ever" in m.text.lower().split(),
    )  # fmt: skip


def hears(m: Match) -> Iterator[Statement]:
    who = m.who()
    if who is not None:
        negated = "n" in m.found[0] or "z" in m.found[0] or "Z" in m.found[0]
        yield m.claim(ClaimKind.PERCEPTION, group=who, positive=not negated, heard=True, thing=_topic_name(m))


def _topic_name(m: Match) -> str:
    token = m.one("topic") if "topic" in m.found.re.groupindex else None
    return _name(token)


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


def location(m: Match) -> Iterator[Statement]:
    thing, place = m.one("thing"), m.one("place")
    if thing is None or place is None or place.tag not in "CR":
        return
    yield m.claim(
        ClaimKind.LOCATION, thing=_name(thing) or "it", place=_name(place),
        relation="room" if place.tag == "R" else "place", positive="n" not in m.found[0],
    )  # fmt: skip
