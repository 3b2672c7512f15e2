"""Noun phrases: whom and what "everyone except Ann", "the other two", "none of these moves" mean."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from tomprm.trace.words import ALL, ENGLISH, NONE, NUMBERS, PEOPLE, PRONOUNS, word_set


@dataclass(frozen=True, slots=True)
class Group:
    """Who a noun phrase means. `kind` "all", "others" and "none" are people who are there; `count` is the
    number that the text gives; `options` are the other people whom a pronoun may mean."""

    names: tuple[str, ...] = ()
    kind: str = "some"
    count: int = 0
    but: tuple[str, ...] = ()
    only: bool = False
    pronoun: int = 0  # 1 she, 2 they, 3 he; names still to be found
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Token:
    """One tag over `text[start:end]`; `value` is the name in the story, `group` the people meant."""

    tag: str
    start: int
    end: int
    word: str  # lower case
    value: str = ""
    group: Group | None = None


_OF = word_set("none neither any either both all each some most much")
THE = word_set("the this that these those any no every each both either neither his her their")
_WHICH = word_set(
    """first second third fourth fifth last final later further other next subsequent previous
    earlier two three four five following remaining 1st 2nd 3rd 4th 5th new such of the these
    those more"""
)
_MOVES = word_set(
    """move moves change changes event events swap switch transfer transfers relocation action
    actions exchange conversation conversations talk talks discussion chat placement placements
    shuffle shuffling happening happenings movement
    movements"""
)
_CLAIMS = word_set("claim claims message messages statement statements announcement remark remarks tip")
_ORDINALS = word_set("first second third fourth fifth last final 1st 2nd 3rd 4th 5th")


def happening(low: list[str], i: int) -> tuple[str, int] | None:
    """ "none of these moves", "the second move", "any of it", "the 2nd one": a tag and its words."""
    if low[i] not in _OF and low[i] not in THE:
        return None
    nothing = low[i] in ("none", "neither", "no")
    n = 1
    while i + n < len(low) and low[i + n] in _WHICH:
        n += 1
    noun = low[i + n] if i + n < len(low) else ""
    if noun in _MOVES or (noun == "one" and n > 1 and low[i + n - 1] in _ORDINALS):
        return "z" if nothing else "V", n + 1
    if noun in _CLAIMS and n > 1:
        return "k", n + 1
    if low[i] in _OF and n > 1 and low[i + 1] == "of":
        if noun in ("it", "this", "that", "them") and low[i] not in ("both", "all"):
            return "z" if nothing else "V", n + 1
        if low[i + n - 1] in ("these", "those"):
            return "z" if nothing else "V", n
    return None


def people(low: list[str], i: int) -> tuple[Group, int] | None:
    """ "everyone", "nobody", "all five of them", "the other two", "both", "none of them"."""
    n = 1 if low[i] == "the" and i + 1 < len(low) else 0
    word = low[i + n]

    def skip(n: int) -> int:
        for words in (("of", "them"), ("of", "these", "people"), ("of", "us"), ("who", "are", "there")):
            if tuple(low[i + n : i + n + len(words)]) == words:
                n += len(words)
        if i + n < len(low) and low[i + n] in PEOPLE:
            n += 1
        return n

    def number(at: int) -> int:
        return (
            NUMBERS.get(low[at], int(low[at]) if low[at].isdecimal() and len(low[at]) < 3 else 0)
            if at < len(low)
            else 0
        )

    def next_is(at: int, *words: str) -> bool:
        return tuple(low[i + at : i + at + len(words)]) == words

    if word in ALL:
        if next_is(n + 1, "else"):
            return Group(kind="others"), n + 2
        return Group(kind="all"), n + 1
    if word in NONE or (word == "no" and next_is(n + 1, "one")):
        n += 1 if word in NONE else 2
        return Group(kind="none"), n + next_is(n, "else")
    if word in ("none", "neither") and next_is(n + 1, "of", "them"):
        return Group(kind="none", count=2 if word == "neither" else 0, pronoun=2), n + 3
    if word in ("anyone", "anybody") and i and low[i - 1] in ("without", "by"):
        return Group(kind="none"), n + 1
    if word == "all" or (word == "each" and next_is(n + 1, "of", "them")):
        count = number(i + n + 1)
        if count:
            return Group(kind="all", count=count), skip(n + 2)
        if next_is(n + 1, "of", "them") or (i + n + 1 < len(low) and low[i + n + 1] in PEOPLE):
            return Group(kind="all"), skip(n + 1)
        if next_is(n + 1, "the", "others"):
            return Group(kind="others"), n + 3
    if word == "both":
        if next_is(n + 1, "of", "them"):
            return Group(kind="both", count=2), n + 3
        return (Group(kind="both", count=2), n + 1) if _bare(low, i + n + 1) else None
    if word in ("other", "others"):
        if word == "others":
            return Group(kind="others"), n + 1
        count = number(i + n + 1)
        return (Group(kind="others", count=count), skip(n + 2)) if count else None
    if n and number(i + 1) and tuple(low[i + 2 : i + 4]) == ("of", "them"):
        return Group(kind="both", count=number(i + 1)), 4
    return None


def _bare(low: list[str], at: int) -> bool:
    """ "both" on its own: followed by a verb."""
    return at < len(low) and ENGLISH.get((low[at],), "x") in tuple("BOHMEXbhmFZUD")


def besides(
    names: Sequence[str], spoken: Sequence[str], listed: Sequence[str], cast: Iterable[str]
) -> tuple[str, ...]:
    """Whom "they" and "both" may mean besides these `names`: nobody where the same sentence names them, or
    the one before had them in one list and nobody else."""
    if len(names) > 1 and (set(names) <= set(spoken) or set(names) == set(listed)):
        return ()
    return tuple(n for n in cast if n not in names)


_OWNED = word_set(
    """move moves exit exits entry entrance return belief beliefs thoughts knowledge announcement
    departure arrival placement guess own statement message claim view absence presence action
    actions remark words word"""
)


def owners(tokens: list[Token]) -> list[Token]:
    """ "Ann's move" is an owner, "Ann's gone" and "it's" a verb; "her" alone is a person."""
    done: list[Token] = []
    for i, token in enumerate(tokens):
        after = tokens[i + 1] if i + 1 < len(tokens) else None
        noun = after is not None and (
            after.tag in "kvV" or (after.tag in "MXEBOYx" and after.word in _OWNED) or after.tag == "T"
        )
        if token.tag == "'":
            if done and done[-1].tag == "P" and noun:
                done[-1] = replace(done[-1], tag="S", end=token.end)
            elif done:
                done.append(replace(token, tag="b"))
            continue
        if token.tag == "S" and token.word == "her" and not noun:
            token = replace(token, tag="P")
        if token.word == "they" and re.match("[hbmnw]+i+C", "".join(t.tag for t in tokens[i + 1 : i + 7])):
            token = replace(token, tag="T", group=None)  # people are in no box
        first = token.word == "first" and token.tag == "x" and bool(done) and done[-1].tag == "P"
        if first and after is not None and after.tag in "MEXO":
            continue  # "Ann first puts it there"
        if token.word == "informed" and after is not None and after.tag in "Py":
            token = replace(token, tag="Y")  # "informed Ann", but "is informed of it"
        if token.word == "them" and done and done[-1].tag in "MOZ":
            token = replace(token, tag="T", group=None)  # slippers and beans
        done.append(token)
    return done


def groups(tokens: list[Token]) -> list[Token]:
    """Lists of people as one token: "Ann, Bob and Cid", "everyone except Ann", "only Ann"."""
    done: list[Token] = []
    i = 0
    while i < len(tokens):
        token = tokens[i]
        if token.tag != "P" or token.group is None:
            done.append(token)
            i += 1
            continue
        members, j = [token], i + 1
        commas = False
        while j < len(tokens):
            nor = tokens[j].word == "nor" and bool(done) and done[-1].word == "neither"
            step = (
                1
                if (nor or tokens[j].tag in ",c") and tokens[j].word not in ("(", ")", "/", "-", "–", "—")
                else 0
            )
            if step and tokens[j].tag == "," and j + 1 < len(tokens) and tokens[j + 1].tag == "c":
                step = 2
            if not step or j + step >= len(tokens) or tokens[j + step].tag != "P":
                break
            if tokens[j].tag == "," and step == 1 and tokens[j + step].word in PRONOUNS:
                break  # "seen by Ann, (then) she leaves"
            if tokens[j].tag == "," and step == 1:
                commas = True
            members.append(tokens[j + step])
            j += step + 1
        if (
            j < len(tokens)
            and (follower := tokens[j].group) is not None
            and follower.kind == "both"
            and len(members) > 1
        ):
            j += 1  # "Ann and Bob both ..."
        # "moved by Ann, and Bob sees it": the comma parts them.
        parted = len(members) == 2 and tokens[i + 1].tag == "," and tokens[j - 2].tag == "c"
        single = (
            j < len(tokens) and tokens[j].tag in "bhmMEXOZHBFYUD" and tokens[j].word.endswith(("s", "'s"))
        )
        many = len(members) > 2 and tokens[i + 1].tag == "," and tokens[i + 2].tag == "c"
        if many or (parted and (single or (done and done[-1].tag == "y"))):
            members, j = members[:1], i + 1
        # "In front of Ann, Bob moves it": a comma alone does not make a list before a verb.
        if commas and len(members) == 2 and j < len(tokens) and tokens[j].tag in "MEXOZHBFYUDbhmn":
            members, j = members[:1], i + 1
        group = _merge([m.group for m in members if m.group])
        if (
            j + 1 < len(tokens)
            and tokens[j].word in ("except", "but", "apart", "besides")
            and group.kind in ("all", "none", "others")
        ):
            k = j + 1 + (tokens[j + 1].tag == "f")
            while k < len(tokens) and (left_out := tokens[k].group) is not None:
                group = replace(group, but=(*group.but, *left_out.names))
                j = k + 1
                k = (
                    j + 1
                    if j + 1 < len(tokens) and tokens[j].tag in ",c" and tokens[j + 1].tag == "P"
                    else len(tokens)
                )
        if done and done[-1].tag == "1":
            group = replace(group, only=True)
            done.pop()
        elif j < len(tokens) and (
            (tokens[j].tag == "1" and not (j + 1 < len(tokens) and tokens[j + 1].tag in "OMEXHBYZ"))
            or (tokens[j].tag == "a" and j + 1 < len(tokens) and tokens[j + 1].tag == "O")
        ):
            group = replace(group, only=True)
            j += 1
        neither = bool(done) and done[-1].word == "neither" and len(members) > 1
        if neither:
            done.pop()
        done.append(replace(token, end=tokens[j - 1].end, group=group, value=""))
        if neither:
            done.append(Token("n", token.end, token.end, "not"))
        i = j
    return done


def _merge(groups: Iterable[Group]) -> Group:
    parts = list(groups)
    if len(parts) == 1:
        return parts[0]
    names = tuple(dict.fromkeys(n for g in parts for n in g.names))
    kind = next((g.kind for g in parts if g.kind != "some"), "some")
    pronoun = max(g.pronoun for g in parts)
    return Group(names, kind, pronoun=pronoun)
