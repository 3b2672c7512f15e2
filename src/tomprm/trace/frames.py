"""Clauses -> claims: the ways in which English says who saw, believes, moved, left and said what.

A frame is a regular expression over the tags of a clause (`tomprm.trace.words`), tried in the order of
the table: longer structures first, and a token is read once. What stands in the clause and is read by no
frame makes its claims less firm: they can be found right, but nobody is accused for them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from tomprm.belief.lines import KNOWN
from tomprm.trace.claims import ClaimKind
from tomprm.trace.clauses import Clause
from tomprm.trace.statements import Statement
from tomprm.trace.tagging import Group, Token
from tomprm.trace.words import NUMBERS

Build = Callable[["Match"], Iterator[Statement]]


@dataclass
class Match:
    """A frame's match: its named groups as tokens."""

    clause: Clause
    found: re.Match[str]
    text: str  # of the step

    def tokens(self, name: str) -> list[Token]:
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
        return Statement(kind, self.text[start:end], start, **slots)  # type: ignore[arg-type]


def _name(token: Token | None) -> str:
    """What a thing, place, room or topic is called in the story; "it" for a pronoun."""
    return "" if token is None else (token.value or ("it" if token.tag == "T" else ""))


_SELF = ("know", "knows", "knew", "known", "knowing", "realise", "realises", "realize", "realizes", "realised",
         "realized", "aware", "sure", "learns", "remember", "remembers", "understand", "understands",
         "well aware", "fully aware", "recall", "recalls", "conscious", "informed")  # fmt: skip
_AUX = "[hbmi]*"
_SUBJ = "(?P<who>P)"
_LINK = "[o,:>]?t?,?"
_CHAIN = rf"(?:P[hbmni]*[BA]{_LINK})"
_WHERE = "(?P<place>[CRLu])"


def _chain(m: Match) -> tuple[list[Group], bool]:
    """The people of a chain of beliefs, and whether one of the verbs is negated."""
    tokens = m.tokens("chain")
    return [t.group for t in tokens if t.tag == "P" and t.group], any(t.tag == "n" for t in tokens)


def _belief(m: Match) -> Iterator[Statement]:
    chain, negated = _chain(m)
    inner = m.who("who") if "who" in m.found.re.groupindex else None
    if inner is not None:
        chain.append(inner)
    place, thing = m.one("place"), m.one("thing") if "thing" in m.found.re.groupindex else None
    if place is None or not chain:
        return
    inside = "n" in (m.found["inside"] or "") if "inside" in m.found.re.groupindex else False
    yield m.claim(
        ClaimKind.BELIEF,
        chain=tuple(chain),
        thing=_name(thing) or "it",
        place="" if place.tag == "u" else (_name(place) or "there"),
        relation="room" if place.tag == "R" else "place",
        positive=not (negated or inside),
    )


def _looks_there(m: Match) -> Iterator[Statement]:
    """And that is where she will look."""
    chain, negated = _chain(m)
    who = m.who()
    if who is not None:
        yield m.claim(
            ClaimKind.BELIEF, chain=(*chain, who), thing="it", place="there", positive=not negated
        )  # fmt: skip


def _unknown(m: Match) -> Iterator[Statement]:
    """Does not know where it is."""
    chain, negated = _chain(m)
    if negated or "N" in m.found[0]:
        yield m.claim(ClaimKind.BELIEF, chain=tuple(chain), thing=_name(m.one("thing")) or "it")


def _topic(m: Match) -> Iterator[Statement]:
    """Knows, or does not know, about a topic."""
    chain, negated = _chain(m)
    topic = m.one("topic")
    ignorant = negated or "N" in m.found[0] or "Z" in m.found[0]
    if topic is not None and topic.tag != "K":
        group = chain[-1] if chain else None
        yield m.claim(
            ClaimKind.PERCEPTION, chain=tuple(chain), group=group, known=True, positive=not ignorant, wide=_any(m)
        )  # fmt: skip
        return
    yield m.claim(
        ClaimKind.BELIEF, chain=tuple(chain), thing=_name(topic) or "it", relation="known",
        place="" if ignorant else KNOWN,
    )  # fmt: skip


def _topic_passive(m: Match) -> Iterator[Statement]:
    """Is (not) believed by Ann to know about a topic."""
    inner, outer = m.who("inner"), m.who("outer")
    if inner is not None and outer is not None:
        yield m.claim(
            ClaimKind.BELIEF, chain=(outer, inner), thing=_name(m.one("topic")), relation="known",
            place="" if m.found["no"] else KNOWN,
        )  # fmt: skip


def _sees(m: Match) -> Iterator[Statement]:
    who = m.who()
    if who is None:
        return
    words = m.found[0]
    negated = ("n" in words) != any(t in words for t in "ZN")
    if "z" in words:
        negated = True
    known = any(t in words for t in "BAN")
    owner = m.who("owner") if "owner" in m.found.re.groupindex else None
    yield m.claim(
        ClaimKind.PERCEPTION, group=who, positive=not negated, wide="z" in words or _any(m), company=owner, count=_count(m), of_that=known and "V" in words
    )  # fmt: skip


def _watches(m: Match) -> Iterator[Statement]:
    """Sees somebody do something: what was done, and who saw it."""
    done = m.who("actor")
    if done is None:
        return
    index = m.found.re.groupindex
    place = m.one("place") if "place" in index else None
    if place is not None:
        yield m.claim(
            ClaimKind.MOVE, group=done, thing=_name(m.one("thing")) or "it", place=_name(place),
            relation="room" if place.tag == "R" else "place",
        )  # fmt: skip
    elif "E" in m.found[0]:
        yield m.claim(ClaimKind.ENTRY, group=done)
    else:
        yield m.claim(ClaimKind.EXIT, group=done)
    for seen in _sees(m):
        yield replace(seen, start=seen.start + 1)


def _count(m: Match) -> int:
    """How many moves: "these three moves"."""
    words = " ".join(t.word for t in m.clause.tokens[m.found.start() : m.found.end()] if t.tag in "Vz").split()
    return next((NUMBERS[w] for w in words if w in NUMBERS), 0)


def _any(m: Match) -> bool:
    words = " ".join(t.word for t in m.clause.tokens[m.found.start() : m.found.end()] if t.tag in "VzM")
    return any(
        w in words
        for w in ("any", "these", "those", "both", "either", "all", "everything", "moves", "changes")
    )


def _finds(m: Match) -> Iterator[Statement]:
    """Sees it in a place."""
    who, place = m.who(), m.one("place")
    if who is None or place is None or place.tag not in "CR":
        return
    last = "l" in m.found[0]
    yield m.claim(
        ClaimKind.SIGHT, group=who, thing=_name(m.one("thing")) or "it", place=_name(place),
        relation="room" if place.tag == "R" else "place", positive="n" not in m.found[0], last=last,
    )  # fmt: skip


def _moves(m: Match) -> Iterator[Statement]:
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


def _moves_before(m: Match) -> Iterator[Statement]:
    """Moves it, in front of somebody, to the box."""
    yield from _moves(m)
    seen = m.claim(ClaimKind.PERCEPTION, group=m.who("seer"))
    yield replace(seen, start=seen.start + 1)


def _still(m: Match) -> Iterator[Statement]:
    """Nobody moves it (any more)."""
    who = m.who() if "who" in m.found.re.groupindex else None
    negative = "n" in m.found[0] or (who is not None and who.kind == "none")
    if negative:
        yield m.claim(ClaimKind.MOVE, group=who, thing=_name(m.one("thing")) or "it", positive=False)


def _goes(kind: ClaimKind) -> Build:
    def build(m: Match) -> Iterator[Statement]:
        who = m.who()
        room = m.one("room") if "room" in m.found.re.groupindex else None
        more = m.who("more") if "more" in m.found.re.groupindex else None
        if more is not None and who is not None and who.pronoun:
            who = more
        if who is not None:
            name = _name(room) if room is not None and room.tag == "R" else ""
            yield m.claim(kind, group=who, room=name, positive="n" not in m.found[0])

    return build


def _out(m: Match) -> Iterator[Statement]:
    """Is the first, or the last, to leave."""
    word = m.tokens("how")[0].word
    who = m.who()
    if who is not None and word in ("first", "last", "the last"):
        room = m.one("room")
        yield m.claim(
            ClaimKind.ORDER, group=who, room=_name(room) if room is not None else "", positive=word == "first"
        )  # fmt: skip


def _presence(m: Match) -> Iterator[Statement]:
    who, index = m.who(), m.found.re.groupindex
    if who is None:
        return
    room = m.one("room") if "room" in index else None
    company = m.who("company") if "company" in index else None
    away = "g" in m.found[0]
    yield m.claim(
        ClaimKind.PRESENCE, group=who, room=_name(room) if room is not None and room.tag == "R" else "",
        company=company, positive=("n" in m.found[0]) == away, alone="a" in m.found[0] or "1" in m.found[0],
    )  # fmt: skip


def _says(m: Match) -> Iterator[Statement]:
    index = m.found.re.groupindex
    who = m.who()
    listener = (m.who("listener") if "listener" in index else None) or (m.who("to") if "to" in index else None)
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
        names = thing.group.names if thing.group is not None else ()
        thing = replace(thing, tag="T", value=names[0] if len(names) == 1 and not thing.group.pronoun else "")
    yield m.claim(
        ClaimKind.SAID, group=who, listener=listener, thing=_name(thing), place=_name(place),
        relation="known" if topic else ("room" if place is not None and place.tag == "R" else "place"),
        positive="n" not in m.found[0], passive=passive,
        ever=any(t.word in ("never", "ever") for t in words) or "ever" in m.text.lower().split(),
    )  # fmt: skip


def _hears(m: Match) -> Iterator[Statement]:
    who = m.who()
    if who is not None:
        negated = "n" in m.found[0] or "z" in m.found[0] or "Z" in m.found[0]
        yield m.claim(ClaimKind.PERCEPTION, group=who, positive=not negated, heard=True, thing=_topic_name(m))


def _topic_name(m: Match) -> str:
    token = m.one("topic") if "topic" in m.found.re.groupindex else None
    return _name(token)


def _trusts(m: Match) -> Iterator[Statement]:
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


def _location(m: Match) -> Iterator[Statement]:
    thing, place = m.one("thing"), m.one("place")
    if thing is None or place is None or place.tag not in "CR":
        return
    yield m.claim(
        ClaimKind.LOCATION, thing=_name(thing) or "it", place=_name(place),
        relation="room" if place.tag == "R" else "place", positive="n" not in m.found[0],
    )  # fmt: skip


_BOX = "(?P<place>[CR])(?!c[CR])"
_TABLE: tuple[tuple[str, Build], ...] = (
    # thinks that (it is in) the box; will look in the box
    (rf"(?P<chain>{_CHAIN}*)(?P<who>P)[hbm]*(?P<inside>n?)[hbm]*F(?:o?(?P<thing>T))?[hbmi]*{_WHERE}(?!c[CR])", _belief),
    (rf"(?P<chain>{_CHAIN}*)(?P<who>P)m[hbmi]*Ei?(?P<place>C)", _belief),
    (rf"(?P<chain>{_CHAIN}+)(?P<who>P)[hbm]*Ei?(?P<place>C)", _belief),
    (r"(?P<place>C)[hbm]+(?P<inside>n?)[hbm]*Fy(?P<chain>P)", _belief),
    (rf"(?P<chain>{_CHAIN}*)V[hbm]*q(?P<who>P)[hbm]*F", _looks_there),
    (rf"(?P<chain>{_CHAIN}+)(?:(?P<thing>T)(?P<inside>[hbmnwiXF]*))?i?(?:l[hbmT]*)?{_WHERE}(?!c[CR])", _belief),
    (rf"(?P<chain>{_CHAIN}+)(?P<place>[CR])[hbm]+q(?P<thing>T)(?:b|mb|w)?", _belief),
    (r"(?P<chain>P[hbm]*n[hbm]*[BA]|P[hbm]*N|P[hbmn]*[BA])o?q(?:(?P<thing>T)|P)", _unknown),
    (rf"(?P<chain>{_CHAIN}*P[hbm]*(?:n?[hbm]*[BAH]|N|Z)(?:o|t|,)?)o?(?P<topic>K)", _topic),
    (rf"(?P<chain>{_CHAIN}*P[hbm]*(?:n?[hbm]*[BA]o|No?))(?P<topic>[TVzP])(?![hbmMEXOYBF])", _topic),
    (rf"(?P<chain>{_CHAIN}+)(?P<thing>T)[hbm]+(?P<inside>n?)[hbm]*By(?P<who>P)[ibhm]*(?P<place>[CR])", _belief),
    (r"(?P<thing>T)[hbm]+(?P<inside>n?)[hbm]*By(?P<chain>P)[ibhm]*(?P<place>[CR])", _belief),
    (r"(?P<who>P)[hbm]+(?P<inside>n?)[hbm]*By(?P<chain>P)[ibhmBt]*(?P<thing>T)?[ibhm]*F?T?i?(?P<place>[CR])", _belief),
    (r"(?P<inner>P)[hbm]+(?P<no>n?)[hbm]*By(?P<outer>P)[ibhm]*[BA]o(?P<topic>K)", _topic_passive),
    (r"(?P<chain>P)m[hbm]*Y[it]?(?P<place>[CR])", _belief),  # would say
    (r"(?P<who>P)[hbm]*M(?P<thing>T)s(?P<seer>P)i*(?P<place>[CR])", _moves_before),
    # saw her put it in the box
    (rf"{_SUBJ}[hbmi]*n?[hbm]*O(?P<actor>P)[hbmi]*M(?P<thing>T)?[hbi]*{_BOX}", _watches),
    (rf"{_SUBJ}[hbmi]*n?[hbm]*O(?P<actor>P)[hbmi]*[XEg](?:f?R)?", _watches),
    # last saw it in the box
    (rf"{_SUBJ}[hbmi]*n?[hbm]*lO(?:q?(?P<thing>T))?[hbmi]*{_BOX}", _finds),
    (rf"l[xqtR]*{_SUBJ}[hbmi]*O(?P<thing>T)?(?:[xW]P?)*[hbm]*i?{_BOX}", _finds),
    (rf"(?P<place>[CR])[hbm]*l[xqt]*{_SUBJ}[hbm]*O(?P<thing>T)?(?!P)", _finds),
    # did not see the move, misses it, has no idea about it
    (rf"{_SUBJ}[hbmi]*(?:n[hbmi]*(?:[OZ]|[BA]o?)|[OZ]|No?)(?:o|y)?(?P<owner>S)l?[MXE]", _sees),
    (rf"{_SUBJ}[hbmi]*(?:n[hbmi]*(?:[OZ]|[BA]o?)|[OZ]|No?)(?:o|y)?(?:V|z|l?M)(?!P)", _sees),
    (r"(?:V|T|z)[hbm]*(?P<no>n?)[hbm]*[OZH]y(?P<who>P)", _sees),
    (r"[OZH]y(?P<who>P)", _sees),
    (r"^O:(?P<who>P)$", _sees),
    (r"s(?P<who>P)", _sees),
    (r"W(?P<who>P)b?O", _sees),
    (r"V(?P<who>P)[hbm]*n?[hbm]*[OZ]", _sees),
    (rf"{_SUBJ}[hbmi]*n?[hbm]*O(?:q?(?P<thing>T))?[hbmi]*{_BOX}", _finds),
    (rf"{_SUBJ}[hbmi]*n?[hbmi]*[OZ](?:z|V|T|p|L)?(?![PRCqtxHSb])", _sees),
    (rf"{_SUBJ}[hbm]*(?:No?|n[hbm]*[BA]o)(?:V|T|z)", _sees),
    # what is said, heard and believed
    (r"(?P<who>P)[hbm]*n?[hbm]*Yi?(?P<listener>P)?B?(?:o|t|,|:|i)*(?P<thing>[TK]|P(?=[hbm]*i[CR]))?[hbmiw]*(?P<place>[CR])?(?:i(?P<to>P))?(?!c[CR])", _says),
    (r"(?P<listener>P)[hbm]*n?b+[hbm]*Yy(?P<who>P)(?:o|t|,)*(?P<thing>[TK])?[hbmi]*(?P<place>[CR])?", _says),
    (rf"{_SUBJ}[hbmi]*n?[hbmi]*HSY", _hears),
    (r"(?P<thing>K)[hbm]+n?[hbm]*Yy(?P<who>P)", _says),
    (r"(?P<who>S)(?:k|Y)(?:i(?P<listener>P))?(?:o|t)*(?P<thing>[TK]|P(?=[hbm]*i[CR]))?[hbmi]*(?P<place>[CR])?", _says),
    (r"k(?:f|y)(?P<who>P)i(?P<listener>P)(?:o|t)*(?P<thing>[TK])?[hbmi]*(?P<place>[CR])?", _says),
    (rf"{_SUBJ}[hbmi]*n?[hbmi]*HP?(?:[oi]*(?P<topic>K))?(?:V|T|z|k)?(?!t)", _hears),
    (rf"{_SUBJ}[hbm]*n?[hbm]*(?:hDi?|D|U)(?:(?P<company>P)|S[kY]|k|V|T)?", _trusts),
    (rf"{_SUBJ}[hbm]*n?[hbm]*B(?:(?P<company>P)|S[kY]|k|V)(?![hbmnMEXOZHBFYUDwgi])", _trusts),
    (rf"{_SUBJ}(?:rH[TV])?[hbm]*n?[hbm]*BT(?=$|,)", _trusts),
    # moves
    (r"(?P<who>P)[hbm]*n?[hbm]*M(?P<thing>T)?(?:,T,)?(?:[fi]*(?P<source>[CR])(?=i+[CR]))?(?:sP)?[hbi]*(?P<place>[CRL])(?:[,c]+i+(?P<second>[CR]))?(?!c[CR])", _moves),
    (r"(?P<thing>T)[hbm]+n?[hbm]*M(?:f(?P<source>[CR]))?i*(?P<place>[CR])(?:y(?P<who>P))?", _moves),
    (r"(?P<thing>T)[hbm]*[EX]i*(?P<place>C)(?:,?MyT?(?P<who>P))?", _moves),  # goes into the box
    (r"(?P<thing>T)[hbm]+n?[hbm]*My(?P<who>P)(?:f(?P<source>[CR]))?(?:i*(?P<place>[CR]))?", _moves),
    (r"(?P<who>S)M(?:oT)?(?:f(?P<source>[CR]))?i*(?P<place>[CR])", _moves),
    (r"(?P<who>P)x(?P<thing>T)i+(?P<place>[CR])", _moves),  # pops it into the box
    (r"(?P<who>P)[hbm]*n?[hbm]*M(?P<thing>T)$", _still),
    (r"(?P<thing>T)[hbm]+n[hbm]*M$", _still),
    (r"(?P<who>P):(?:f(?P<source>[CR]))?,?i(?P<place>[CR])$", _moves),
    (r"(?P<who>P):(?P<thing>T)?(?P<source>[CR])?>(?P<place>[CR])", _moves),
    (r"(?P<who>P)[hbm]*n?[hbm]*M(?P<thing>T)f(?P<source>[CR])(?P<place>C)?", _moves),
    # coming, going, being there
    (r"(?P<who>P)[hbm]*b(?P<how>[lx])x?(?:i?X|f(?P<room>R)|g)", _out),
    (rf"{_SUBJ}[hbmi]*n?[hbmi]*E[iW]*(?P<room>[RL])?(?:,(?P<more>P),?$)?", _goes(ClaimKind.ENTRY)),
    (r"(?P<room>R)[hbm]+n?[hbm]*Ey(?P<who>P)", _goes(ClaimKind.ENTRY)),
    (r"(?P<room>R)[hbm]+n?[hbm]*Xy(?P<who>P)", _goes(ClaimKind.EXIT)),
    (r"(?P<who>P)g$", _goes(ClaimKind.EXIT)),
    (r"^(?P<who>P)i$", _goes(ClaimKind.ENTRY)),
    (rf"{_SUBJ}[hbmi]*n?[hbm]*(?:x?i)?X(?!i*C)f?(?P<room>[RL])?", _goes(ClaimKind.EXIT)),
    (rf"{_SUBJ}(?:[hbm]*n?[hbm]*w?[hbm]*(?:a)?i|[hbm]*w)(?P<room>R)(?:W(?P<company>P))?", _presence),
    (rf"{_SUBJ}[hbm]*n?[hbm]*w?(?:g|p|L|a)f?(?P<room>R)?(?:W(?P<company>P))?", _presence),
    (rf"{_SUBJ}[hbm]*n?[hbm]*w(?:a|p|L)?i?(?P<room>R)?(?:W(?P<company>P))?", _presence),
    (rf"{_SUBJ}[hbm]+n?[hbm]*W(?P<company>P)(?:i(?P<room>R))?", _presence),
    # where it is
    (r"(?<![xMP])(?P<thing>T)[hbm]*n?[hbm]*w?i+(?P<place>[CR])(?!c[CR])", _location),
    (r"(?<![xMP:])(?P<thing>T):(?P<place>[CR])$", _location),
    (r"(?P<place>C)[hbm]+q(?P<thing>T)[hbm]", _location),
    # Ann: (no news) -> box
    (r"(?P<chain>P)(?:[hbmn]*[kN])?[:>,]+(?P<place>[Cu])$", _belief),
)  # fmt: skip
_FRAMES = tuple((re.compile(pattern), build) for pattern, build in _TABLE)


_KNOWS = re.compile("P[hbm]*(?P<verb>[BA])o?t")


def read_clause(clause: Clause, text: str) -> list[tuple[Statement, tuple[int, int]]]:
    """The claims of a clause, each with the tokens that it was read from."""
    taken = [False] * len(clause.tokens)
    found: list[tuple[Statement, tuple[int, int]]] = []
    for pattern, build in _FRAMES:
        for match in pattern.finditer(clause.tags):
            start, end = match.span()
            if start == end or any(taken[start:end]):
                continue
            claims = list(build(Match(clause, match, text)))
            if not claims and build not in (_unknown,):
                continue
            taken[start:end] = [True] * (end - start)
            found += [(claim, (start, end)) for claim in claims]
    return _believed(clause, found, taken)


def _believed(
    clause: Clause, found: list[tuple[Statement, tuple[int, int]]], taken: list[bool]
) -> list[tuple[Statement, tuple[int, int]]]:
    """What somebody merely thinks is not claimed of the world; what he knows is."""
    left = [i for i, used in enumerate(taken) if not used]
    opinions = [i for i in left if clause.tags[i] in "BAF" and clause.tokens[i].word not in _SELF]
    first = min(opinions, default=len(taken))
    doubtful = any(clause.tags[i] in "nqNz" for i in left) or sum(clause.tags[i] == "x" for i in left) > 3
    # "Ann knows that ...": what follows is so.
    known = {
        i
        for m in _KNOWS.finditer(clause.tags)
        if clause.tokens[m.end("verb") - 1].word in _SELF
        for i in range(*m.span())
    }
    kept: list[tuple[Statement, tuple[int, int]]] = []
    for claim, span in found:
        if span[0] > first:
            continue
        # What stands before it and was not read may say whose view it is, or deny it.
        opening = any(i < span[0] and clause.tags[i] in "PSvGfoOH" and i not in known for i in left)
        firm = clause.firm and not doubtful and not opening
        kept.append((claim if firm else _loose(claim), span))
    return kept


def _loose(claim: Statement) -> Statement:
    return replace(claim, firm=False)
