"""What a frame's match says: one small function for each kind of statement (the frames: `trace.frames`)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from tomprm.belief.lines import KNOWN
from tomprm.trace.claims import ClaimKind
from tomprm.trace.clauses import Clause
from tomprm.trace.groups import Group, Token
from tomprm.trace.statements import Inward, Statement
from tomprm.trace.words import NUMBERS, ORDINALS

_TALKS = re.compile(r"\b(?:talk|conversation|discussion|chat)s?\b")
_COMING = re.compile(r"\b(?:later|further|subsequent|following|next|remaining|rest|other)\b")
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

    def tokens_of(self, tag: str) -> list[Token]:
        return [t for t in self.clause.tokens[self.found.start() : self.found.end()] if t.tag == tag]

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


_LATER = ("find", "learn", "discover")  # "cannot find out about it there": of what comes after it


def called(token: Token | None) -> str:
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
    if place is None or not chain or (thing is not None and thing.group and thing.group.pronoun != 2):
        return
    inside = "n" in (m.found["inside"] or "") if "inside" in m.found.re.groupindex else False
    negated = negated or "z" in m.found["chain"] or "N" in m.found["chain"]  # "knows nothing about the box"
    yield m.claim(
        ClaimKind.BELIEF,
        chain=tuple(chain),
        thing=called(thing) or "it",
        place="" if place.tag == "u" else (called(place) or "there"),
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
    inner = [t.group for t in m.tokens("inner") if t.tag == "P" and t.group]
    who = m.who()
    if who is not None:
        yield m.claim(
            ClaimKind.BELIEF, chain=(*chain, *inner, who), thing="it", place="there",
            positive=negated == ("n" in m.found["inner"]),
        )  # fmt: skip


def belief_there(m: Match) -> Iterator[Statement]:
    """And that is what she thinks: that it is in the place named last."""
    chain, negated = _chain(m)
    yield m.claim(ClaimKind.BELIEF, chain=tuple(chain), thing="it", place="there", positive=not negated)


def same(m: Match) -> Iterator[Statement]:
    """Thinks that Bob believes it too."""
    if m.tokens("chain")[-1].word.startswith(("belie", "think", "thought")):
        yield from belief_there(m)


def sees_her(m: Match) -> Iterator[Statement]:
    """Watches her: what she does."""
    actor = m.who("actor")
    if actor is not None and actor.pronoun and actor.kind != "none":
        yield from sees(m)


def is_there_for(m: Match) -> Iterator[Statement]:
    """Is there to see it."""
    for found in sees(m):
        yield found
        yield replace(found, kind=ClaimKind.PRESENCE, start=found.start + 1)


def learns_nothing(m: Match) -> Iterator[Statement]:
    """Learns nothing new about a thing, on this visit."""
    yield m.claim(ClaimKind.PERCEPTION, group=m.who(), thing=called(m.one("topic")), positive=False)


def finds_there(m: Match) -> Iterator[Statement]:
    """And that is the last thing she saw."""
    yield m.claim(ClaimKind.SIGHT, group=m.who(), thing="it", place="there", last=True)


def finds_last(m: Match) -> Iterator[Statement]:
    """The last move that she saw was to the box."""
    if ordinal(m) == -1:
        yield from (replace(s, last=True) for s in finds(m))


def just_knows(m: Match) -> Iterator[Statement]:
    """(Ann thinks that) Bob knows, of the topic asked for."""
    chain, negated = _chain(m)
    verb = m.clause.tokens[m.found.end() - 1]
    if verb.tag == "N" or verb.word in ("know", "knows", "knew"):
        ignorant = negated or verb.tag == "N"
        yield m.claim(
            ClaimKind.PERCEPTION, chain=tuple(chain), group=chain[-1], known=True, positive=not ignorant,
            bare=True,
        )  # fmt: skip


def known_to(m: Match) -> Iterator[Statement]:
    """The topic is (not) known to Ann; this move is unknown to Ann."""
    chain = [t.group for t in (*m.tokens("outer"), *m.tokens("chain")) if t.tag == "P" and t.group]
    topic, negated = m.one("topic"), any(t in m.found[0] for t in "nuz")
    if topic is not None and topic.tag == "K":
        yield m.claim(
            ClaimKind.BELIEF, chain=tuple(chain), thing=called(topic), relation="known",
            place="" if negated else KNOWN,
        )  # fmt: skip
    elif chain:
        yield m.claim(
            ClaimKind.PERCEPTION, chain=tuple(chain), group=chain[-1], known=True, positive=not negated
        )


def unknown(m: Match) -> Iterator[Statement]:
    """Does not know where it is."""
    chain, negated = _chain(m)
    asks = next((t.word for t in m.clause.tokens[m.found.start() : m.found.end()] if t.tag == "q"), "")
    if asks not in ("where", "whereabouts"):
        return
    if negated or "N" in m.found[0]:
        yield m.claim(ClaimKind.BELIEF, chain=tuple(chain), thing=called(m.one("thing")) or "it")


def topic(m: Match) -> Iterator[Statement]:
    """Knows, or does not know, about a topic."""
    chain, negated = _chain(m)
    topic = m.one("topic")
    ignorant = negated or "N" in m.found[0] or "Z" in m.found[0]
    if topic is not None and topic.tag != "K":
        group = chain[-1] if chain else None
        yield m.claim(
            ClaimKind.PERCEPTION, chain=tuple(chain), group=group, known=True, positive=not ignorant,
            wide=_any(m), loose=_loose(m), firm=not (m.has("chain", "A") and "informed" in m.text)
            and not (negated and m.tokens("chain")[-2].word.startswith(_LATER)),
        )  # fmt: skip
        return
    yield m.claim(
        ClaimKind.BELIEF, chain=tuple(chain), thing=called(topic) or "it", relation="known",
        place="" if ignorant else KNOWN,
    )  # fmt: skip


def topic_passive(m: Match) -> Iterator[Statement]:
    """Is (not) believed by Ann to know about a topic."""
    inner, outer = m.who("inner"), m.who("outer")
    if inner is not None and outer is not None:
        yield m.claim(
            ClaimKind.BELIEF, chain=(outer, inner), thing=called(m.one("topic")), relation="known",
            place="" if m.found["no"] else KNOWN,
        )  # fmt: skip


def sees(m: Match) -> Iterator[Statement]:
    who = m.who()
    if who is None:
        return
    words = m.found[0]
    if any(t.word == "with only" for t in m.tokens_of("s")):
        who = replace(who, only=True)
    negated = ("n" in words) != any(t in words for t in "ZN")
    if "z" in words:
        negated = True
    verb = next((t.word for t in m.clause.tokens[m.found.start() : m.found.end()] if t.tag == "B"), "")
    if verb.startswith(("belie", "think", "thought")):
        yield m.claim(ClaimKind.TRUST, group=who, positive=not negated)
        return
    known = any(t in words for t in "BAN")
    owner = m.who("owner") if "owner" in m.found.re.groupindex else None
    # "Ann's move there", "all the moves there": which visit is meant, has not been read.
    elsewhere = (owner is not None or _any(m)) and "L" in m.clause.tags[m.found.start() :]
    yield m.claim(
        ClaimKind.PERCEPTION, group=who, positive=not negated, wide="z" in words or _any(m), company=owner,
        count=_count(m), loose=_loose(m), of_that=known and "V" in words, ordinal=ordinal(m),
        pointing=any(t.tag == "V" and t.word in ("this", "that", "which") for t in m.clause.tokens),
        coming=_COMING.search(" ".join(t.word for t in m.tokens_of("V"))) is not None,
        place=_where_to(m), firm=not (_vague(m) or (negated and verb.startswith(_LATER)) or elsewhere),
        heard=_TALKS.search(" ".join(t.word for t in m.tokens_of("V"))) is not None,
    )  # fmt: skip


def _where_to(m: Match) -> str:
    """The place of "the move to the box", which may stand before what is said of it."""
    if "place" in m.found.re.groupindex:
        return called(m.one("place"))
    ahead = m.clause.tags[: m.found.start()]
    if m.found[0][0] in "OZHn" and (found := re.search("Vi+([CR])[hbm]*$", ahead)):
        return called(m.clause.tokens[found.start(1)])
    return ""


def _vague(m: Match) -> bool:
    """ "Only the first talk was heard by Ann": what was, has not been read."""
    before = m.clause.tags[: m.found.start()]
    named = m.found[0][0] == "T" and bool(m.tokens_of("T")[0].value)  # the hat itself was seen
    return named or (m.found[0][0] in "OZHn" and bool(set("xk1") & set(before)))


def distracted(m: Match) -> Iterator[Statement]:
    """Is distracted, has his mind elsewhere."""
    who = m.who()
    if who is not None:
        yield m.claim(ClaimKind.PERCEPTION, group=who, positive=False, inward=Inward.DISTRACTED)


def _count(m: Match) -> int:
    """How many moves: "these three moves"."""
    words = " ".join(
        t.word for t in m.clause.tokens[m.found.start() : m.found.end()] if t.tag in "Vz"
    ).split()
    return next((NUMBERS[w] for w in words if w in NUMBERS), 0)


def ordinal(m: Match) -> int:
    """Which move: 2 for "the second move", -1 for the last, 0 where none is told."""
    words = " ".join(t.word for t in m.clause.tokens[m.found.start() : m.found.end()] if t.tag == "V").split()
    if words[:1] in (["this"], ["that"]):
        return 0  # "this second move": the one spoken of
    return next((ORDINALS[w] for w in words if w in ORDINALS), 0)


_LOOSE = re.compile(r"\b(?:those|others?|rest|remaining|else|more|everything|(?:of|all|any) that)\b")


def _loose(m: Match) -> bool:
    """ "Those", "any other move", "everything that Ann saw": which events, has not been said."""
    return any(_LOOSE.search(t.word) for t in (*m.tokens_of("V"), *m.tokens_of("z")))


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
        ClaimKind.SIGHT, group=who, thing=called(m.one("thing")) or "it", place=called(place),
        relation="room" if place.tag == "R" else "place", positive="n" not in m.found[0], last=last,
        company=m.who("company"),
    )  # fmt: skip


def hears(m: Match) -> Iterator[Statement]:
    who = m.who()
    if who is not None:
        negated = "n" in m.found[0] or "z" in m.found[0] or "Z" in m.found[0]
        unread = m.clause.tags[m.found.end() : m.found.end() + 1] in ("x", "Y") or _vague(m)
        yield m.claim(
            ClaimKind.PERCEPTION, group=who, positive=not negated, heard=True, thing=_topic_name(m),
            firm=not unread,
        )  # fmt: skip


def hears_from(m: Match) -> Iterator[Statement]:
    """Has heard this from Bob; learnt about the topic from Bob."""
    who, speaker = m.who(), m.who("speaker")
    topic = m.one("topic")
    positive = "n" not in m.found[0]
    if who is None:
        return
    yield m.claim(
        ClaimKind.SAID, group=speaker, listener=who, thing=called(topic),
        relation="known" if topic is not None else "place", positive=positive,
    )  # fmt: skip
    if topic is not None and "H" in m.found[0]:
        yield m.claim(ClaimKind.PERCEPTION, group=who, positive=positive, heard=True, thing=called(topic))
    elif topic is not None:
        yield m.claim(
            ClaimKind.BELIEF, chain=(who,), thing=called(topic), relation="known",
            place=KNOWN if positive else "",
        )  # fmt: skip


def _topic_name(m: Match) -> str:
    token = m.one("topic") if "topic" in m.found.re.groupindex else None
    return called(token)
