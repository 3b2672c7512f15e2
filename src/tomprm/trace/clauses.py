"""Sentences -> clauses: where a new statement begins, who its subject is, and whether it is meant."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from tomprm.trace.groups import Group, Token
from tomprm.trace.words import TIMES, UNREAL


@dataclass
class Clause:
    """Tokens of one statement; `joint` is the conjunction before it, "" at the head of a sentence."""

    tokens: list[Token]
    joint: str = ""
    real: bool = True  # not a condition, question, guess or wish
    firm: bool = True  # not within somebody's view of things
    ahead: bool = False  # its conjunction joins it to what follows: "and after Ann left, Bob ..."
    tags: str = field(init=False)

    def __post_init__(self) -> None:
        self.tags = "".join(t.tag for t in self.tokens)


LONGEST = 60  # tokens of a clause that are read: frames take cubic time (people write up to about 25)
_VERB = "MEXwOZHBFYUDNA"
# Where a clause may begin behind a comma or an "and": a subject with a verb, a verb alone, a relative.
_SUBJECT = rf"1?[PTVKCz][hbmn1i]*(?:[{_VERB}bg]|hg)"
_BEGIN = re.compile(
    rf"(?<![,c])[,c]+(?:(?={_SUBJECT})|(?=S[MXkYEOB])|(?=[hbmn]*[{_VERB}gp](?!y))|(?=[hbm]*n?b(?:i|n|g|p))|(?=r)|(?=q[PTC])|(?=i?[SP]v)|(?=>[CR])|(?=GP))"
)
_STATES = re.compile(rf"[PTS][hbmn]*[{_VERB}b]")
_WHEN = re.compile("(?:S[XEM]|V|P[hbm]*[EX]i*R?(?=P[hbmn]*[BAMOZF])),*")
_CLEFT = re.compile("Tb(?=Pr)")  # "it is Ann who moves it"
_WHOSE = re.compile(rf"(?![OZH][y:])[hbmn1i]*[{_VERB}gpbaW]")
_VIEW = re.compile(
    r"[if]Sv,*|G[PS][hbm]*[ABx]?,*|^[Jc]?oP,*(?=[PTB])|^oP$|iP,+(?=[PT])|T[hbm]+[BA][yi]Pt|^[Jc]?fSv"
)
_LABEL = re.compile(r"P:(?=P[hbm]*n?[hbm]*[BN])")
_SEES_IT = re.compile(r"J?JPOT,+")


def clauses(sentence: Sequence[Token]) -> Iterator[Clause]:
    """The clauses of a sentence in order; a missing subject is that of the clause before."""
    words = [t.word for t in sentence]
    asked = bool(words) and words[-1] == "?"
    tokens = _views([t for t in sentence if t.tag not in "!?"])
    subject: Group | None = None
    given: list[Token] = []
    viewed = False
    parts = [piece for joint, part in _split(tokens) if part for piece in _timed(joint, part)]
    # "If she had stayed, she would think ..." and the other way round; "had she stayed, ..."
    unreal = any(joint in ("if", "unless", "even if") for joint, _ in parts) or (
        len(tokens) > 2 and tokens[0].tag == "h" and tokens[1].tag == "P"
    )
    for joint, part in parts:
        part, subject = _with_subject(part, joint, subject, tokens)
        # A condition holds for what follows it in the sentence: "if she had seen it, she would look ..."
        unreal = unreal or joint in UNREAL or any(_guessed(part, i) for i in range(len(part)))
        ahead = not given or given[-1].tag == "c"
        firm = not viewed and len(part) <= LONGEST
        yield Clause(part[:LONGEST], joint, not asked and not unreal, firm, ahead)
        given = part
        viewed = viewed or any(t.word == "view" for t in part)


def _timed(joint: str, part: list[Token]) -> Iterator[tuple[str, list[Token]]]:
    """ "After her exit Ann moves it": a time, and what happens then."""
    found = _WHEN.match("".join(t.tag for t in part)) if joint in TIMES else None
    if found is None or found.end() == len(part):
        yield joint, part
        return
    yield joint, part[: found.end()]
    yield "", part[found.end() :]


def _guessed(part: list[Token], i: int) -> bool:
    word = part[i].word
    if word in UNREAL:
        return word != "could" or not (i + 1 < len(part) and part[i + 1].tag == "n")
    after = "".join(t.tag for t in part[i + 1 : i + 3])
    return word in ("would", "could", "should") and after.startswith("h") and not after.endswith("i")


def _split(tokens: list[Token]) -> Iterator[tuple[str, list[Token]]]:
    tags = "".join(t.tag for t in tokens)
    starts = {m.start(): m.end() for m in _BEGIN.finditer(tags)}
    part: list[Token] = []
    joint = ""
    i = 0
    while i < len(tokens):
        token = tokens[i]
        colon = token.tag == ":" and _begun(part) and _STATES.match(tags, i + 1) is not None
        denied = token.word == "(" and tags[i - 1 : i] == "n" and tags[i + 1 : i + 2] in ("C", "R")
        if denied:  # "in the not(box)"
            i += 1
            continue
        cut = token.tag == "J" or token.word in tuple("();—–") or colon
        if cut or i in starts:
            yield joint, part
            part = []
            joint = token.word if token.tag == "J" else ("" if cut else "and")
            i = starts.get(i, i + 1) if not cut else i + 1
            continue
        part.append(token)
        i += 1
    yield joint, part


def _begun(part: list[Token]) -> bool:
    """Is there more before a colon than a heading?"""
    begun = re.search(f"[{_VERB}]|^x$", "".join(t.tag for t in part)) is not None
    return begun or (bool(part) and part[-1].tag not in "PTC")


def _with_subject(
    part: list[Token], joint: str, subject: Group | None, sentence: list[Token]
) -> tuple[list[Token], Group | None]:
    """The clause with its subject filled in, and the subject that the next one inherits."""
    tags = "".join(t.tag for t in part)
    first = part[0]
    if first.word == "where" and tags[1:2] in ("P", "T", "C") and sentence[0] is not first:
        part, tags, first = part[1:], tags[1:], part[1]  # "the hall, where Ann moves it"
    if tags.startswith("r"):
        before = [t for t in sentence if t.end <= first.start and t.tag not in ",c"]
        antecedent = before[-1] if before else None
        if len(tags) > 1 and tags[1] in "1P":  # "which only Ann saw"
            part = [*part[1:], replace(first, tag="V")]
        elif (antecedent is not None and antecedent.tag == "P" and first.word != "which") or (
            antecedent is not None and antecedent.tag in "TCR" and re.match(r"r[hbm]*n?(?:i|w)", tags)
        ):
            part = [replace(antecedent, start=first.start, end=first.end), *part[1:]]
        else:
            part = [replace(first, tag="V"), *part[1:]]
    elif subject is not None and tags.startswith(">"):
        lead = Token("T", first.start, first.start, "it")
        part = [lead, Token(":", first.start, first.start, ":"), *part]
    elif subject is not None and _WHOSE.match(tags) and not tags.startswith("i"):
        part = [Token("P", first.start, first.start, "", group=subject), *part]
    leader = next((t for t in part if t.tag in "PTV"), None)
    if leader is not None and leader.tag == "P" and leader.group is not None:
        verbless = len(part) == 1
        subject = subject if verbless and joint == "and" else leader.group
        trailing = part[-1]
        if len(part) > 1 and trailing.tag == "P" and trailing is not leader and part[-2].tag in ",c":
            subject = trailing.group  # "..., and Ann, not being there, misses it"
            return part, subject
        # "Ann knows that Bob left and has no idea": it may be Bob who has none.
        inner = [t.group for t in part if t.tag == "P" and t.group is not None and t is not leader]
        if inner and subject is not None and any(t.tag in "BA" for t in part):
            subject = replace(subject, options=inner[-1].names)
    return part, subject


def _views(tokens: list[Token]) -> list[Token]:
    """ "In Ann's mind", "as far as Ann is aware", "for Ann" -> "Ann thinks"."""
    tags = "".join(t.tag for t in tokens)
    if cleft := _CLEFT.match(tags):
        tokens = [tokens[cleft.end()], *tokens[cleft.end() + 2 :]]
        tags = "".join(t.tag for t in tokens)
    if _LABEL.match(tags):  # "Ann: Bob knows about it"
        tokens = [tokens[0], replace(tokens[1], tag="B", word="view"), *tokens[2:]]
    elif sees := _SEES_IT.match(tags):  # "as Ann sees it, ..."
        at = 1 + (tags[0] == "J" and tokens[0].word != "as")
        if tokens[at - 1].word == "as":
            view = Token("B", tokens[at].end, tokens[at].end, "view")
            tokens = [*tokens[: at - 1], tokens[at], view, *tokens[sees.end() :]]
    tags = "".join(t.tag for t in tokens)
    done: list[Token] = []
    at = 0
    for m in _VIEW.finditer(tags):
        who = next((t for t in tokens[m.start() : m.end()] if t.tag in "PS"), None)
        if who is None or who.group is None:
            continue
        done += tokens[at : m.start()]
        if tags[m.start()] in "Jc":
            done.append(tokens[m.start()])
        done += [replace(who, tag="P"), Token("B", who.end, who.end, "view")]
        at = m.end()
    return done + tokens[at:]


def leaders(after: Sequence[Clause]) -> Iterator[str]:
    """Who acts in the clauses of time that follow at once."""
    for clause in after:
        if clause.joint not in (*TIMES, "when", "while", "as", "whilst", "by the time"):
            return
        leader = next((t.group for t in clause.tokens if t.tag == "P"), None)
        yield from leader.names if leader is not None else ()


_UNTOLD = re.compile("P.*x|x.*P")


def untold(tags: str, read: bool) -> bool:
    """Does a clause tell what is not understood, or that somebody does nothing?"""
    return tags.endswith("mz") or (not read and _UNTOLD.search(tags) is not None)
