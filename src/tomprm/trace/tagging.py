"""Text -> tagged tokens: the story's people, things, places and rooms, and the words of `words.py`.

Names are found with `_` or blanks, by their last words where these are unmistakable ("the speaker" for
the portable speaker), and people also with one letter wrong. Anything that the story does not name stays
an `x`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache

from tomprm.trace.words import ALL, ENGLISH, NONE, NUMBERS, OWNERS, PEOPLE, PRONOUNS
from tomprm.world.events import Kind, Question, Story


@dataclass(frozen=True, slots=True)
class Group:
    """Who a noun phrase means. `kind` "all", "others" and "none" are people who are there; `count` is the
    number that the text gives; `options` are the other people whom a pronoun may mean."""

    names: tuple[str, ...] = ()
    kind: str = "some"
    count: int = 0
    but: tuple[str, ...] = ()
    only: bool = False
    pronoun: int = 0  # 1 she, 2 they; names still to be found
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


_WORD = re.compile(r"[^\W_]+(?:[-'’][^\W\d_]+)*|-+>|=+>|[→⇒]|\*\*|[^\w\s]")
_SHORT = re.compile(r"(.+?)(n['’]t|['’](?:s|re|ll|d|ve|m))$", re.IGNORECASE)
_NOT = {"isnt": "is", "wasnt": "was", "doesnt": "does", "didnt": "did", "hasnt": "has", "hadnt": "had",
        "cant": "can", "wont": "will", "dont": "do", "couldnt": "could", "wouldnt": "would", "arent": "are",
        "werent": "were", "havent": "have"}  # fmt: skip
_SMALL = frozenset(["a", "an", "the", "of", "in", "on", "at", "to", "and", "or", "for", "about"])
_DETERMINERS = frozenset(["the", "a", "an", "his", "her", "their", "its", "this", "that"])


def _longest(phrases: Iterable[tuple[str, ...]], known: dict[str, int]) -> dict[str, int]:
    """How many words the longest phrase has that begins with a word."""
    most = dict(known)
    for words in phrases:
        most[words[0]] = max(most.get(words[0], 0), len(words))
    return most


_OF_ENGLISH = _longest(ENGLISH, {})


@dataclass
class Lexicon:
    """What the story and its question name, ready to be found in a text."""

    story: Story
    question: Question
    text: str = ""  # the story as written
    phrases: dict[tuple[str, ...], tuple[str, str]] = field(init=False)  # words -> tag, name
    topic_words: dict[str, str] = field(init=False)  # a word that only this topic has

    def __post_init__(self) -> None:
        named = list(self._named())
        whole: dict[tuple[str, ...], tuple[str, str]] = {}
        parts: dict[tuple[str, ...], set[tuple[str, str]]] = {}
        topics: dict[str, set[str]] = {}
        for tag, name in named:
            words = tuple(_words(name))
            if not words:
                continue
            whole.setdefault(words, (tag, name))
            for i in range(1, len(words)):
                if words[i] not in _SMALL and not words[i - 1 :][0] == ",":
                    parts.setdefault(words[i:], set()).add((tag, name))
            if tag == "K":
                for word in words:
                    if len(word) > 3:
                        topics.setdefault(word, set()).add(name)
        single = {words: next(iter(found)) for words, found in parts.items() if len(found) == 1}
        self.phrases = single | whole
        self.longest = _longest(self.phrases, _OF_ENGLISH)
        self.topic_words = {w: next(iter(t)) for w, t in topics.items() if len(t) == 1}
        self.sentences = frozenset(plain(s) for s in re.split(r"(?<=[.!?])\s+|\n", self.text)) - {""}
        self.people = {n.lower(): n for n in (*self.story.agents, *self.question.chain)}

    def _named(self) -> Iterator[tuple[str, str]]:
        """(tag, name) of everything that has a name, most important first."""
        fact = self.question.fact
        if fact.thing:
            yield "K" if fact.relation == "known" else "T", fact.thing
        for action in self.story.actions:
            topic = action.kind in (Kind.TELL, Kind.CLAIM) and not action.place
            noise = action.kind is Kind.NOISE
            person = action.thing in self.story.agents  # "that Ann is in the hall"
            if action.thing and not noise and not person and action.kind is not Kind.UPDATE:
                yield "K" if topic else "T", action.thing
            if action.place and not noise:
                yield "C", action.place
            if action.room:
                yield "R", action.room
        for place in self.question.choices if fact.relation == "place" else ():
            yield "C", place
        for action in self.story.actions:
            if action.kind is Kind.NOISE and action.place:
                yield "x", action.place  # what somebody likes or saw is no thing of the plot

    def person(self, word: str) -> str | None:
        """The person of this name; with one letter wrong only where nobody else is as near."""
        if word.lower() in self.people:
            return self.people[word.lower()]
        if len(word) < 4 or not word.isascii() or not word[0].isupper() or (word.lower(),) in ENGLISH:
            return None
        near = [name for low, name in self.people.items() if _one_off(low, word.lower())]
        return near[0] if len(near) == 1 else None


@lru_cache(maxsize=20_000)
def _misspelt(word: str) -> str | None:
    """The one verb that a word with one letter wrong must be."""
    if len(word) < 6 or not word.isascii() or not word.isalpha():
        return None
    near = [w for w in _VERBS if abs(len(w) - len(word)) < 2 and _one_off(w, word)]
    tags = {ENGLISH[w,] for w in near}
    return near[0] if len(tags) == 1 else None


_VERBS = tuple(w[0] for w, t in ENGLISH.items() if len(w) == 1 and len(w[0]) > 5 and t and t in "BMXEOHYUA")


def plain(sentence: str) -> str:
    """A sentence without its number and stop, to find a story's sentence in a trace."""
    words = re.sub(r"[^\w\s'-]", " ", sentence.lower()).split()
    return " ".join(words[1:] if words and words[0].isdigit() else words)


def _one_off(a: str, b: str) -> bool:
    """One letter inserted, dropped, replaced, or two neighbours swapped."""
    if a == b or abs(len(a) - len(b)) > 1:
        return a == b
    i = next((k for k, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    if len(a) == len(b):
        return a[i + 1 :] == b[i + 1 :] or (a[i : i + 2] == b[i : i + 2][::-1] and a[i + 2 :] == b[i + 2 :])
    return a[i + 1 :] == b[i:] or a[i:] == b[i + 1 :]


def _words(name: str) -> list[str]:
    return [part for m in _WORD.finditer(name.lower()) for part in _split(m[0])]


def _split(word: str) -> list[str]:
    found = _SHORT.match(word)
    return [found[1], found[2].replace("’", "'")] if found else [word]


@dataclass(frozen=True, slots=True)
class _Raw:
    text: str
    low: str
    start: int
    end: int


def _raw(text: str) -> list[_Raw]:
    found: list[_Raw] = []
    for m in _WORD.finditer(text):
        at = m.start()
        low = m[0].lower()
        if low in _NOT:
            found.append(_Raw(m[0], _NOT[low], at, m.end()))
            found.append(_Raw("n't", "n't", m.end(), m.end()))
            continue
        for part in _split(m[0]):
            low = part.lower().replace("’", "'")
            low = {"ca": "can", "wo": "will"}.get(low, low) if m[0].lower() in ("can't", "won't") else low
            found.append(_Raw(part, low, at, at + len(part)))
            at += len(part)
    return found


def sentences(text: str, lexicon: Lexicon) -> list[list[Token]]:
    """The tokens of each sentence in order, fillers dropped, noun phrases of people as one token."""
    done: list[list[Token]] = []
    for raw in _sentences(text):
        low = [r.low for r in raw]
        tokens: list[Token] = []
        i = 0
        while i < len(raw):
            made, width = _one(raw, low, i, lexicon)
            tokens += made
            i += width
        if tokens:
            done.append(_groups(_owners(tokens)))
    return done


_LONGEST = 250  # words of a sentence, the rest is another: time is quadratic in them (people write up to 60)


def _sentences(text: str) -> list[list[_Raw]]:
    """Words up to a stop before white space, or the end of a line."""
    found: list[list[_Raw]] = [[]]
    before = 0
    for word in _raw(text):
        if "\n" in text[before : word.start] and found[-1]:
            found.append([])
        found[-1].append(word)
        before = word.end
        if len(found[-1]) == _LONGEST:
            found.append([])
        if word.low in ".!?" and (word.end == len(text) or text[word.end] in " \n\t*\"”)'"):
            found.append([])
    return [words for words in found if words]


def _one(raw: list[_Raw], low: list[str], i: int, lexicon: Lexicon) -> tuple[list[Token], int]:
    """The token that starts at word `i`, and how many words it takes."""
    here = raw[i]
    english = entity = ()
    for n in range(min(lexicon.longest.get(low[i], 0), len(raw) - i), 0, -1):
        words = tuple(low[i : i + n])
        if not entity and words in lexicon.phrases:
            entity = (n, *lexicon.phrases[words])
        if not english and words in ENGLISH:
            english = (n, ENGLISH[words])
        if entity or (english and n > 1):
            break
    # "watch" and "study" are things and verbs: with a determiner, or in one's full name, they are things.
    verb_too = bool(entity) and entity[0] == 1 and (low[i],) in ENGLISH
    if entity and verb_too:
        after = low[i + 1] if i + 1 < len(raw) else ""
        if not (i and low[i - 1] in _DETERMINERS) and after not in (
            "->",
            "→",
            "is",
            "was",
            ":",
            "+",
            "moves",
            "moved",
        ):
            entity = ()
    if entity and (not english or entity[0] >= english[0]):
        n, kind, name = entity
        return [Token(kind, here.start, raw[i + n - 1].end, " ".join(low[i : i + n]), name)], n
    name = lexicon.person(here.text)
    if name is not None and (here.text[0].isupper() or (low[i],) not in ENGLISH):
        return [Token("P", here.start, here.end, low[i], name, Group((name,)))], 1
    people = _people(low, i)
    if people:
        group, n = people
        return [Token("P", here.start, raw[i + n - 1].end, " ".join(low[i : i + n]), group=group)], n
    word = low[i]
    topic = lexicon.topic_words.get(word)
    if topic and (not english or english[1] == ""):
        n = 1
        inside = set(_words(topic)) | _SMALL
        while i + n < len(raw) and low[i + n] in inside:
            n += 1
        while n > 1 and low[i + n - 1] in _SMALL:
            n -= 1
        return [Token("K", here.start, raw[i + n - 1].end, word, topic)], n
    if (happened := _happening(low, i)) and (not english or happened[1] >= english[0]):
        kind, n = happened
        return [Token(kind, here.start, raw[i + n - 1].end, " ".join(low[i : i + n]))], n
    if word in ("this", "that", "these", "those"):
        return _this(raw, low, i), 1
    if english and english[1] == "Y" and i and low[i - 1] in _THE | {"a", "an"}:
        return [Token("k", here.start, here.end, word)], 1  # "the talk"
    known = english or word in PRONOUNS or word in OWNERS or len(word) > 15  # long words would fill the cache
    if not known and (meant := _misspelt(word)):
        return [Token(ENGLISH[meant,], here.start, here.end, meant)], 1
    if english:
        n, kind = english
        return ([Token(kind, here.start, raw[i + n - 1].end, " ".join(low[i : i + n]))] if kind else []), n
    if word in PRONOUNS:
        return [Token("P", here.start, here.end, word, group=Group(pronoun=PRONOUNS[word]))], 1
    if word in OWNERS:
        return [Token("S", here.start, here.end, word, group=Group(pronoun=OWNERS[word]))], 1
    if word in ("it", "itself"):
        return [Token("T", here.start, here.end, word)], 1
    if word == "its":
        return [], 1
    if word == "all":
        return [], 1
    if word == ".":
        return [], 1
    if word in "!?":
        return [Token(word, here.start, here.end, word)], 1
    if word == "'s":
        return [Token("'", here.start, here.end, word)], 1
    return [Token("x", here.start, here.end, word)], 1


def _this(raw: list[_Raw], low: list[str], i: int) -> list[Token]:
    """ "this" and "that": what happened, a conjunction, or before a noun nothing."""
    here, word = raw[i], low[i]
    rest = [w for w in low[i + 1 : i + 4] if w not in ("too", "also", "either", "again")]
    after = rest[0] if rest else "."
    tagged = ENGLISH.get((after,), "x")
    if not after[0].isalnum() or (tagged and tagged in "bhmnMXOYJciyfBHZ") or after in ("himself", "herself"):
        return [Token("V", here.start, here.end, word)]
    return [Token("t", here.start, here.end, word)] if word == "that" else []


_OF = frozenset(["none", "neither", "any", "either", "both", "all", "each", "some", "most", "much"])
_THE = frozenset(
    [
        "the",
        "this",
        "that",
        "these",
        "those",
        "any",
        "no",
        "every",
        "each",
        "both",
        "either",
        "neither",
        "his",
        "her",
        "their",
    ]
)
_WHICH = frozenset(
    [
        "first",
        "second",
        "third",
        "fourth",
        "fifth",
        "last",
        "final",
        "later",
        "further",
        "other",
        "next",
        "subsequent",
        "previous",
        "earlier",
        "two",
        "three",
        "four",
        "five",
        "following",
        "remaining",
        "1st",
        "2nd",
        "3rd",
        "4th",
        "5th",
        "new",
        "such",
        "of",
        "the",
        "these",
        "those",
        "more",
    ]
)
_MOVES = frozenset(
    [
        "move",
        "moves",
        "change",
        "changes",
        "event",
        "events",
        "swap",
        "switch",
        "transfer",
        "transfers",
        "relocation",
        "action",
        "actions",
        "exchange",
        "placement",
        "placements",
        "shuffle",
        "shuffling",
        "happening",
        "happenings",
        "movement",
        "movements",
    ]
)
_CLAIMS = frozenset(
    [
        "claim",
        "claims",
        "message",
        "messages",
        "statement",
        "statements",
        "announcement",
        "remark",
        "remarks",
        "tip",
    ]
)
_ORDINALS = frozenset(
    ["first", "second", "third", "fourth", "fifth", "last", "final", "1st", "2nd", "3rd", "4th", "5th"]
)


def _happening(low: list[str], i: int) -> tuple[str, int] | None:
    """ "none of these moves", "the second move", "any of it", "the 2nd one": a tag and its words."""
    if low[i] not in _OF and low[i] not in _THE:
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


def _people(low: list[str], i: int) -> tuple[Group, int] | None:
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
        return Group(kind="none"), n + 3
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


_NOUNS = frozenset("MXkvV")


def _owners(tokens: list[Token]) -> list[Token]:
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
        if token.word == "them" and done and done[-1].tag in "MOZ":
            token = replace(token, tag="T", group=None)  # slippers and beans
        done.append(token)
    return done


_OWNED = frozenset(
    [
        "move",
        "moves",
        "exit",
        "exits",
        "entry",
        "entrance",
        "return",
        "belief",
        "beliefs",
        "thoughts",
        "knowledge",
        "announcement",
        "departure",
        "arrival",
        "placement",
        "guess",
        "own",
        "statement",
        "message",
        "claim",
        "view",
        "absence",
        "presence",
        "action",
        "actions",
        "remark",
        "words",
        "word",
    ]
)


def _groups(tokens: list[Token]) -> list[Token]:
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
            step = 1 if tokens[j].tag in ",c" and tokens[j].word not in ("(", ")", "/", "-", "–", "—") else 0
            if step and tokens[j].tag == "," and j + 1 < len(tokens) and tokens[j + 1].tag == "c":
                step = 2
            if not step or j + step >= len(tokens) or tokens[j + step].tag != "P":
                break
            if tokens[j].tag == "," and step == 1:
                commas = True
            members.append(tokens[j + step])
            j += step + 1
        if (
            j < len(tokens)
            and tokens[j].group is not None
            and tokens[j].group.kind == "both"
            and len(members) > 1
        ):
            j += 1  # "Ann and Bob both ..."
        # "moved by Ann, and Bob sees it": the comma parts them.
        parted = len(members) == 2 and tokens[i + 1].tag == "," and tokens[j - 2].tag == "c"
        single = j < len(tokens) and tokens[j].tag in "bhmMEXOZHBFYUD" and tokens[j].word.endswith(("s", "'s"))
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
            if k < len(tokens) and tokens[k].tag == "P" and tokens[k].group:
                group = replace(group, but=tokens[k].group.names)
                j = k + 1
        if done and done[-1].tag == "1":
            group = replace(group, only=True)
            done.pop()
        elif j < len(tokens) and (
            tokens[j].tag == "1"
            or (tokens[j].tag == "a" and j + 1 < len(tokens) and tokens[j + 1].tag == "O")
        ):
            group = replace(group, only=True)
            j += 1
        done.append(replace(token, end=tokens[j - 1].end, group=group, value=""))
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
