"""Clauses -> statements: the ways in which English says who saw, believes, moved, left and said what.

A frame is a regular expression over the tags of a clause (`tomprm.trace.words`), tried in the order of
the table: longer structures first, and a token is read once. What stands in the clause and is read by no
frame makes its claims less firm: they can be found right, but nobody is accused for them.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache

from tomprm.trace.claims import ClaimKind
from tomprm.trace.clauses import Clause
from tomprm.trace.deeds import (
    back_there,
    believed,
    goes,
    location,
    moves,
    moves_before,
    nth_move,
    out,
    overhears,
    presence,
    says,
    still,
    topic_of,
    trusts,
    walks,
    watches,
)
from tomprm.trace.meanings import (
    Build,
    Match,
    belief,
    belief_there,
    distracted,
    finds,
    finds_last,
    finds_there,
    hears,
    hears_from,
    is_there_for,
    just_knows,
    known_to,
    learns_nothing,
    looks_there,
    points,
    same,
    sees,
    sees_her,
    topic,
    topic_passive,
    unknown,
)
from tomprm.trace.statements import Statement

_SELF = ("know", "knows", "knew", "known", "knowing", "realise", "realises", "realize", "realizes", "realised",
         "realized", "aware", "sure", "learns", "remember", "remembers", "understand", "understands",
         "well aware", "fully aware", "recall", "recalls", "conscious", "informed")  # fmt: skip
_SUBJ = "(?P<who>P)"
_SEES = "[hbmi]*n?[hbm]*(?:w?[pL]i)?"  # is there to see
_LINK = "[o,:>]?t?,?"
_CHAIN = rf"(?:P[hbmni]*[BA]{_LINK})"
_WHERE = "(?P<place>[CRLu])"
_BOX = "(?P<place>[CR])(?!c[CR])"
_TABLE: tuple[tuple[str, Build], ...] = (
    # thinks that (it is in) the box; will look in the box
    (rf"(?<!y)(?P<chain>{_CHAIN}*)(?P<who>P)[hbmi]*(?P<inside>n?)[hbmi]*F(?:o?(?P<thing>T))?[hbmi]*{_WHERE}(?!c[CR])", belief),
    (rf"(?P<chain>{_CHAIN}*)(?P<who>P)[hbm]*(?P<place>[CR])iv", belief),  # has the box in mind
    (rf"(?P<chain>{_CHAIN}*PM)(?P<who>P)iB[:t]*(?P<thing>T)?[hbi]*(?P<place>[CR])", belief),  # takes Bob to think
    (rf"(?P<chain>{_CHAIN}*)(?P<who>P)m[hbmi]*Ei?(?P<place>C)", belief),
    (rf"(?P<chain>{_CHAIN}+)(?P<who>P)[hbm]*Ei?(?P<place>C)", belief),
    (r"(?P<place>C)[hbm]+(?P<inside>n?)[hbm]*Fy(?P<chain>P)", belief),
    (rf"(?P<chain>{_CHAIN}*)V[hbm]*q(?P<inner>{_CHAIN}*)(?P<who>P)[hbm]*(?:F|[BA]t?T[hb]|B$)", looks_there),
    (rf"V[hbm]*[Mlx]t?(?P<chain>{_CHAIN}+)(?:T[hbm]+)?$", belief_there),  # this is what she thinks
    (rf"(?P<chain>{_CHAIN}+P[hbm]*n?[hbm]*B)T,?$", same),  # thinks that Bob believes it too
    (r"l(?:[oq]T)?[oi](?P<chain>P)[hbm:,]*i?(?P<place>[CR])(?!c[CR])", belief),
    (rf"(?P<chain>{_CHAIN}+)(?P<thing>P)(?P<inside>[hbmnw]*)(?P<place>L)", belief),  # they are there
    (rf"(?P<chain>{_CHAIN}+)(?:(?P<thing>T)(?P<inside>[hbmnwiXF]*))?i?(?:l[hbmT]*)?{_WHERE}(?!c[CR])", belief),
    (r"(?P<place>[CR])[hbm]+q(?P<who>P)[hbm]*B[ibhm]*F?y(?P<chain>P)", belief),
    (rf"(?P<chain>{_CHAIN}+)(?P<place>[CR])[hbm]+q(?P<thing>T)(?:b|mb|w)?", belief),
    (rf"(?P<chain>{_CHAIN}*(?:P[hbm]*n[hbm]*[BA]|P[hbm]*N|P[hbmn]*[BA]))o?q(?:(?P<thing>T)|iF(?:o?(?P<sought>T))?)", unknown),
    (rf"{_SUBJ}[hbm]*n?[hbm]*[BU]q(?P<company>P)[hbm]*Y", trusts),  # does not believe what Bob says
    (rf"{_SUBJ}[hbmi]*n?[hbmi]*(?:H(?:V|T|o?T)?|[HB]o?(?P<topic>K))f(?P<speaker>P)", hears_from),
    (rf"(?P<outer>{_CHAIN}*)(?P<topic>[KVT])[hbm]+n?[hbm]*[Bu]i(?P<chain>P)", known_to),
    (rf"(?P<chain>{_CHAIN}*P[hbm]*(?:n?[hbm]*[BAH]|N|Z)(?:o|t|,)?)o?(?P<topic>K)", topic),
    (rf"(?P<chain>{_CHAIN}*P[hbm]*(?:n?[hbm]*[BA]o|No?))(?P<topic>[TVzP])(?![hbmMEXOYBF])", topic),
    (rf"(?P<chain>{_CHAIN}*P[hbm]*(?:n?[hbm]*B|N))(?=$|,)", just_knows),
    (r"zo(?P<topic>K)[hbm]+[OH]y(?P<chain>P)", known_to),
    (rf"(?P<chain>{_CHAIN}+)(?P<thing>T)[hbm]+(?P<inside>n?)[hbm]*By(?P<who>P)[ibhm]*(?P<place>[CR])", belief),
    (r"(?P<thing>T)[hbm]+(?P<inside>n?)[hbm]*B(?P<chain>yP(?:[ibhm]+ByP)*)[ibhm]*(?P<place>[CR])", belief),
    (r"(?P<who>P)[hbm]+(?P<inside>n?)[hbm]*By(?P<chain>P)[ibhmBt]*(?P<thing>T)?[ibhm]*F?T?i?(?P<place>[CR])", belief),
    (r"(?P<inner>P)[hbm]+(?P<no>n?)[hbm]*By(?P<outer>P)[ibhm]*[BA]o(?P<topic>K)", topic_passive),
    (r"(?P<chain>P[hbm]*Bz)o(?P<place>[CR])", belief),
    (rf"(?P<chain>{_CHAIN}*P[hbm]*N)o(?P<place>[CR])(?!c)", belief),
    (r"(?P<chain>P)m[hbm]*Y[it]?(?P<place>[CR])", belief),  # would say
    (r"(?P<who>P)[hbm]*M(?P<thing>T)s(?P<seer>P)i*(?P<place>[CR])", moves_before),
    # saw her put it in the box
    (rf"{_SUBJ}{_SEES}[OZ](?P<actor>P)[hbmi]*M(?P<thing>T)?(?:f(?P<source>[CR]))?[hbi]*{_BOX}", watches),
    (rf"{_SUBJ}{_SEES}[OZ](?P<actor>P)[hbmi]*M(?P<thing>T)fR,?$", watches),
    (rf"{_SUBJ}{_SEES}[OZ](?P<actor>P)[hbmi]*(?:[XEg](?:f?R)?|M(?P<thing>T),?$)", watches),
    (rf"{_SUBJ}{_SEES}[OZ](?P<thing>T)[hbm]*[ME](?:f(?P<source>[CR]))?i*{_BOX}", watches),
    (rf"{_SUBJ}[hbmi]*n?[hbm]*H(?P<speaker>P)Y(?P<listener>P)?(?:o|t|,)*(?P<thing>[TK])?[hbmi]*(?P<place>[CR])?", overhears),
    # last saw it in the box
    (rf"{_SUBJ}[hbmi]*n?[hbm]*lO(?:q?(?P<thing>T))?[hbmi]*{_BOX}", finds),
    (rf"l[xqtR]*{_SUBJ}[hbmi]*O(?P<thing>T)?(?:x*W(?P<company>P))?x*[hbm:]*T?i?{_BOX}", finds),
    (rf"V[hbm]*l[xMqt]*{_SUBJ}[hbmi]*OT?,?$", finds_there),
    (rf"V[rt]?{_SUBJ}[hbmi]*O[hbm]+(?:[Vx]|SM)?[io]?{_BOX}", finds_last),
    (rf"q{_SUBJ}[hbmi]*n?[hbm]*[OZ][hbm]+V(?:oT)?,?(?:i+(?P<place>[CR]))?", sees),  # what he saw was the first move
    (rf"{_SUBJ}[hbm]*n?[hbm]*w?(?:[pL]|iR)i?O[VT]?(?!P)", is_there_for),
    (rf"{_SUBJ}[hbm]*n?[hbm]*w?[pL]o[VT]", is_there_for),
    (rf"{_SUBJ}{_SEES}[OZ](?P<actor>P),?$", sees_her),
    (rf"{_SUBJ}[hbm]*[BOH]?z[oi](?P<topic>T)", learns_nothing),
    (rf"(?P<place>[CR])[hbm]*l[xqt]*{_SUBJ}[hbm]*O(?P<thing>T)?(?!P)", finds),
    (r"(?P<who>P)[hbm]*Y(?:sP)(?:o|t|,)*(?P<thing>[TK])?[hbmi]*(?P<place>[CR])?", says),
    (rf"{_SUBJ}[hbmi]*n?[hbmi]*[OZ]k", hears),  # notices this talk
    # did not see the move, misses it, has no idea about it
    (rf"{_SUBJ}[hbmi]*(?:n[hbmi]*(?:[OZ]|[BA]o?)|[OZ]|No?)(?:o|y)?(?P<owner>S)l?[MXE](?:i*(?P<place>[CR]))?", sees),
    (rf"{_SUBJ}[hbmi]*(?:n[hbmi]*(?:[OZ]|[BA]o?)|[OZ]|No?)(?:o|y)?(?:V|z|l?M)(?:oT)?(?:i+(?P<place>[CR]))?(?!P)", sees),
    (r"(?P<thing>T)[hbm]+n?[hbm]*l?Oy(?P<who>P)i+(?P<place>[CR])", finds),
    (r"(?P<thing>T)[hbm]+n?[hbm]*l?Oi+(?P<place>[CR])y(?P<who>P)", finds),
    (r"(?:V|T|z)[hbm]*(?P<no>n?)[hbm]*[OZ]y(?P<who>P)", sees),
    (r"(?:[VTzk]|(?P<topic>K))[hbm]+n?[hbm]*Hy(?P<who>P)", hears),
    (r"(?:(?<!c)n[hbm]*|z(?:oK|oT)?[hbm]*)?[OZ]y(?P<who>P)", sees),
    (r"(?:(?P<topic>K),|(?<!c)n[hbm]*|z(?:oK|oT)?[hbm]*)?Hy(?P<who>P)", hears),
    (r"^O:(?P<who>P)$", sees),
    (r"s(?P<who>P)", sees),
    (r"W(?P<who>P)b?O", sees),
    (r"V(?P<who>P)[hbm]*n?[hbm]*[OZ]", sees),
    (rf"{_SUBJ}[hbmi]*n?[hbm]*O(?:[qt]?(?P<thing>T))?[hbmi]*{_BOX}", finds),
    (rf"{_SUBJ}[hbmi]*n?[hbmi]*[OZ](?:z|V|T|p|L)?(?![PRCqtxHSb])", sees),
    (rf"{_SUBJ}[hbmi]*n?[hbm]*[OZ]t?T[hbm]+M(?!i)", sees),  # notices that it was moved
    (rf"{_SUBJ}[hbm]*(?:No?|n[hbm]*[BA]o)(?:V|T|z)", sees),
    (rf"{_SUBJ}[hbm]*d", distracted),
    (r"(?P<who>S)v[hbm]*g", distracted),  # her mind is elsewhere
    # what is said, heard and believed
    (r"(?P<listener>P)[hbm]*n?b+[hbm]*Yy(?P<who>P)(?:o|t|,)*(?P<thing>[TK])?[hbmi]*(?P<place>[CR])?", says),
    (r"(?P<who>P)[hbm]*n?[hbm]*Y(?:sP)?i?(?P<listener>P)?B?(?:o|t|,|:|i)*(?P<thing>[TK]|P(?=[hbm]*i[CR]))?(?:[hbmiw]*(?P<place>[CR]))?(?:i(?P<to>P))?(?!c[CR])", says),
    (rf"{_SUBJ}[hbmi]*n?[hbmi]*HSY", hears),
    (r"(?P<thing>K)[hbm]+n?[hbm]*Yo?y(?P<who>P)", says),
    (r"(?P<who>S)(?:k|Y)(?:i(?P<listener>P))?(?:o|t)*(?P<thing>[TK]|P(?=[hbm]*i[CR]))?[hbmi]*(?P<place>[CR])?", says),
    (r"k(?:f|y)(?P<who>P)i(?P<listener>P)(?:o|t)*(?P<thing>[TK])?[hbmi]*(?P<place>[CR])?", says),
    (rf"{_SUBJ}[hbmi]*n?[hbmi]*HP?(?:[oi]*(?P<topic>K))?(?:V|T|z|k)?(?!t|xY)", hears),
    (rf"{_SUBJ}[hbm]*n?[hbm]*(?:hDi?|D|U)(?:(?P<company>P)|S[kY]|k|V|T)?", trusts),
    (r"D(?P<who>P)i[UB](?:(?P<company>P)|S[kY]|k|V|T)", trusts),  # no reason for Ann to believe it
    (rf"{_SUBJ}[hbm]*n?[hbm]*B(?:(?P<company>P)|S[kY]|k|V)(?![hbmnMEXOZHBFYUDwgi])", trusts),
    (rf"{_SUBJ}(?:rH[TV])?[hbm]*n?[hbm]*BT(?=$|,)", trusts),
    (r"(?<![a-zA-Z])[TVk][hbm]+n?[hbm]*[BU]y(?P<who>P)(?=$|,)", believed),
    (r"^,*(?P<who>P):(?P<thing>K)(?=$|,)", topic_of),
    # moves
    (r"(?P<who>P)(?::?f?|[hbm]*Mf)R,?[>i]+(?:R>)*(?P<room>R)", walks),
    (r"(?P<who>P)[hbm]*Mi+(?P<room>R)", walks),
    (r"(?P<who>P)[hbm]*n?[hbm]*M(?P<thing>T)?(?:,T,)?(?:f+(?P<source>[CR])(?=i+[CR]))?(?:sP)?[hbi]*(?P<place>[CRL])(?:[,c]+i+(?P<second>[CR]))?(?!c[CR])", moves),
    (r"(?P<thing>T)[hbm]+n?[hbm]*M(?:f(?P<source>[CR]))?i*(?P<place>[CR])(?:y(?P<who>P))?", moves),
    (r"(?P<thing>T)[hbm]*[EX]i*(?P<place>C)(?:,?MyT?(?P<who>P))?", moves),  # goes into the box
    (r"(?P<thing>T)[hbm]+n?[hbm]*My(?P<who>P)(?:f(?P<source>[CR]))?(?:i*(?P<place>[CR]))?", moves),
    (r"(?P<who>S)M(?:oT)?(?:f(?P<source>[CR]))?i*(?P<place>[CR])", moves),
    (r"(?P<who>P)x(?P<thing>T)i+(?P<place>[CR])", moves),  # pops it into the box
    (r"(?P<who>P)[hbm]*E(?P<thing>T)i+(?P<place>C)", moves),  # returns it to the box
    (r"(?P<who>P)[hbm]*n?[hbm]*M(?P<thing>T)$", still),
    (r"(?P<thing>T)[hbm]+n[hbm]*M$", still),
    (r"(?P<who>P):(?:f(?P<source>[CR]))?,?i(?P<place>[CR])$", moves),
    (r"(?P<who>P):(?P<thing>T)?(?P<source>[CR])?>(?P<place>[CR])", moves),
    (r"(?P<thing>T):(?P<source>[CR])?>(?P<place>[CR])", moves),
    (r"^(?P<thing>T)>(?P<place>[CR])$", moves),
    (r"(?P<who>P)[hbm]*n?[hbm]*M(?P<thing>T)f(?P<source>[CR])(?P<place>C)?", moves),
    (r"(?P<nth>V)(?:oT)?[hbm]*[iE]+(?P<place>[CR])", nth_move),
    (r"i(?P<nth>V),?(?:T|P)[hbm]*[MEX]T?i*(?P<place>[CR])", nth_move),
    (r"(?P<who>P)[hb]*M(?P<thing>T),?$", still),
    (r"(?P<thing>T)[hb]+M,?$", still),
    (r"^(?P<who>S)M$", still),
    # coming, going, being there
    (r"(?P<who>P)[hbm]*b(?P<how>[lx])x?(?:i?X|f(?P<room>R)|g)", out),
    (rf"{_SUBJ}[hbmi]*n?[hbm]*E(?:W?(?P<company>P)(?![hbmnMEXwOZHBFYUDNA]))?i*(?P<room>[RL])?W?(?P<mates>P)?(?:,(?P<more>P),?$)?", goes(ClaimKind.ENTRY)),
    (rf"{_SUBJ}[hbmi]*n?[hbmi]*E[iW]*(?P<room>[RL])?", goes(ClaimKind.ENTRY)),
    (r"(?P<room>R)[hbm]+n?[hbm]*Ey(?P<who>P)", goes(ClaimKind.ENTRY)),
    (r"(?P<room>R)[hbm]+n?[hbm1]*Xy(?P<who>P)", goes(ClaimKind.EXIT)),
    (rf"{_SUBJ}[hbm]+n?[hbm]*f(?P<room>R)", presence),
    (rf"{_SUBJ}[hbm]*n?[hbm]*w?iT$", presence),
    (r"W(?P<who>P)g", presence),
    (r"^(?P<room>R):(?P<who>P)(?=$|[,>])", back_there),
    (r"(?<!W)(?P<who>P)g$", goes(ClaimKind.EXIT)),
    (r"^(?P<who>P)i$", goes(ClaimKind.ENTRY)),
    (r"^(?P<who>S)X$", goes(ClaimKind.EXIT)),
    (r"^(?P<who>S)E$", goes(ClaimKind.ENTRY)),
    (rf"{_SUBJ}[hbmi]*n?[hbm]*(?:x?i)?X(?!i*C)f?(?P<room>[RL])?", goes(ClaimKind.EXIT)),
    (rf"{_SUBJ}(?:[hbm]*n?[hbm]*w?[hbm]*(?:a)?i|[hbm]*w)(?P<room>R)(?:W(?P<company>P))?", presence),
    (rf"{_SUBJ}[hbm]*n?[hbm]*w?(?:g|p|L|a)f?(?P<room>R)?(?:W(?P<company>P))?", presence),
    (rf"{_SUBJ}[hbm]*n?[hbm]*w(?:a|p|L)?i?(?P<room>R)?(?:W(?P<company>P))?", presence),
    (rf"{_SUBJ}[hbm]+n?[hbm]*W(?P<company>P)(?:i(?P<room>R))?", presence),
    # where it is
    (r"(?<![xMP])(?P<thing>T)[hbm]*n?[hbm]*w?i+(?P<place>[CR])(?!c[CR])", location),
    (r"(?<![xMP:])(?P<thing>T):(?P<place>[CR])$", location),
    (r"(?P<place>C)[hbm]+q(?P<thing>T)[hbm]", location),
    # Ann: (no news) -> box
    (r"^>?(?P<chain>P(?:>P)+):(?P<place>[CR])$", belief),
    (r"(?P<chain>P)>(?P<place>C)$", points),
    (r"(?P<chain>P)(?:[hbmn]*[kNz])?[:>,]+(?P<place>[Cu])$", belief),
)  # fmt: skip
_FRAMES = tuple((re.compile(pattern), build) for pattern, build in _TABLE)
_KNOWS = re.compile("P[hbm]*n?[hbm]*(?P<verb>[BA])o?t")
_MINDS = re.compile("(?:P[hbmi]*n?[hbmi]*(?:[BAO]|N)o?t?,?)+$")
_TAKES_IN = re.compile("P[hbmi]*n?[hbmi]*(?:[BAOH]|N)o?t$")
_USUAL = 25  # tags of a clause whose frames are remembered
_HAPPENED = (ClaimKind.MOVE, ClaimKind.ENTRY, ClaimKind.EXIT)


@lru_cache(maxsize=1024)  # clauses of the same form come again and again
def _framed(tags: str) -> tuple[tuple[re.Match[str], Build], ...]:
    """All that the frames find in a clause's tags, in the order of the table."""
    return tuple((m, build) for pattern, build in _FRAMES for m in pattern.finditer(tags) if m[0])


def read_clause(clause: Clause, text: str) -> list[tuple[Statement, tuple[int, int]]]:
    """The claims of a clause, each with the tokens that it was read from."""
    taken = [False] * len(clause.tokens)
    found: list[tuple[Statement, tuple[int, int]]] = []
    tags = clause.tags
    for match, build in _framed(tags) if len(tags) < _USUAL else _framed.__wrapped__(tags):
        start, end = match.span()
        if any(taken[start:end]):
            continue
        claims = list(build(Match(clause, match, text)))
        if not claims and build not in (unknown,):
            continue
        taken[start:end] = [True] * (end - start)
        found += [(claim, (start, end)) for claim in claims]
    return _believed(clause, found, taken, text)


def _believed(
    clause: Clause, found: list[tuple[Statement, tuple[int, int]]], taken: list[bool], text: str
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
        untold = span[0] > first and sum(other == span for _, other in found) > 1  # what was seen is left out
        perceived = claim.kind is ClaimKind.PERCEPTION and not claim.known and not untold
        if perceived and (thought := _thought(clause, claim, span[0], left, text)):
            kept.append((thought, span))
        if span[0] > first:
            continue
        # What stands before it and was not read may say whose view it is, or deny it.
        opening = any(i < span[0] and clause.tags[i] in "PSvGfoOH" and i not in known for i in left)
        # "In the hall he can't find out about it" does not say that he has not done so elsewhere.
        away = claim.kind is ClaimKind.PERCEPTION and not claim.positive and "iR" in clause.tags[: span[0]]
        firm = clause.firm and not doubtful and not opening and not away
        kept.append((claim if firm else _loose(claim), span))
        if claim.kind in _HAPPENED and (knower := _knower(clause, span[0], left, text)):
            sure = clause.firm and claim.kind is ClaimKind.MOVE
            kept.append((replace(knower, start=claim.start + 1, firm=sure), span))
    return kept


def _thought(clause: Clause, claim: Statement, at: int, left: list[int], text: str) -> Statement | None:
    """ "Ann thinks that", "Ann has no idea that", before what somebody perceived."""
    found = _MINDS.search(clause.tags, 0, at)
    if found is None or any(i not in left for i in range(*found.span())):
        return None
    tokens = clause.tokens[found.start() : found.end()]
    chain = tuple(t.group for t in tokens if t.group)
    said = text[tokens[0].start : claim.start + len(claim.text)]
    denied = "n" in found[0] or "N" in found[0]
    start = claim.start + 1
    return replace(claim, text=said, start=start, chain=chain, thought=not denied, firm=clause.firm)


def _knower(clause: Clause, at: int, left: list[int], text: str) -> Statement | None:
    """ "Ann knows that", "Bob does not notice that", before what happened: who took it in."""
    found = _TAKES_IN.search(clause.tags, 0, at)
    if found is None or any(i not in left for i in range(*found.span())):
        return None
    tokens = clause.tokens[found.start() : found.end()]
    verb = next(t for t in tokens if t.tag in "BAOHN")
    if verb.tag == "B" and verb.word not in _SELF:
        return None
    who = next(t.group for t in tokens if t.tag == "P")
    said = text[tokens[0].start : tokens[-1].end]
    positive = "n" not in found[0] and "N" not in found[0]
    return Statement(ClaimKind.PERCEPTION, said, tokens[0].start, group=who, positive=positive)


def _loose(claim: Statement) -> Statement:
    return replace(claim, firm=False)
