"""Text -> tagged tokens: the story's people, things, places and rooms, and the words of `words.py`.

Names are found with `_` or blanks, by their last words where these are unmistakable ("the speaker" for
the portable speaker), and people also with one letter wrong. Anything that the story does not name stays
an `x`.
"""

from __future__ import annotations

from dataclasses import replace

from tomprm.trace.groups import THE, Group, Token, groups, happening, owners, people
from tomprm.trace.lexicon import Lexicon
from tomprm.trace.spelling import SMALL, Word, misspelt, raw_words, split_words
from tomprm.trace.words import ENGLISH, OWNERS, PRONOUNS, word_set

DETERMINERS = word_set("the a an his her their its this that")
_ITS = word_set("in still not now already at there gone back inside been never no")  # "its still in the box"
_NOUNS = word_set("talk message claim report")  # verbs too
_IS = word_set("'s is was would must should")
LONGEST = 250  # words of a sentence, the rest is another: time is quadratic in them (people write up to 60)


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
        if phrases := groups(owners(_holders(tokens, lexicon))):
            done.append(phrases)
    return done


def _holders(tokens: list[Token], lexicon: Lexicon) -> list[Token]:
    """What is a thing of its own and holds others is a place where something is put into it."""
    moved = held = False
    for i, token in enumerate(tokens):
        if (
            token.tag == "T"
            and moved
            and held
            and tokens[i - 1].tag in "if"
            and token.value in lexicon.holders
        ):
            tokens[i] = replace(token, tag="C")
        moved, held = moved or token.tag == "M", held or token.tag == "T"
    return tokens


def _sentences(text: str) -> list[list[Word]]:
    """Words up to a stop before white space, or the end of a line."""
    found: list[list[Word]] = [[]]
    before = 0
    for word in raw_words(text):
        if "\n" in text[before : word.start] and found[-1]:
            found.append([])
        found[-1].append(word)
        before = word.end
        if len(found[-1]) == LONGEST:
            found.append([])
        if word.low in ".!?" and (word.end == len(text) or text[word.end] in " \n\t*\"”)'"):
            found.append([])
    return [words for words in found if words]


def _one(raw: list[Word], low: list[str], i: int, lexicon: Lexicon) -> tuple[list[Token], int]:
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
        if not (i and low[i - 1] in DETERMINERS) and after not in (
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
    if meant := people(low, i):
        group, n = meant
        return [Token("P", here.start, raw[i + n - 1].end, " ".join(low[i : i + n]), group=group)], n
    word = low[i]
    topic = lexicon.topic_words.get(word)
    if topic and (not english or english[1] == ""):
        n = 1
        inside = set(split_words(topic)) | SMALL
        while i + n < len(raw) and low[i + n] in inside:
            n += 1
        while n > 1 and low[i + n - 1] in SMALL:
            n -= 1
        return [Token("K", here.start, raw[i + n - 1].end, word, topic)], n
    if (happened := happening(low, i)) and (not english or happened[1] >= english[0]):
        kind, n = happened
        return [Token(kind, here.start, raw[i + n - 1].end, " ".join(low[i : i + n]))], n
    if word in ("this", "that", "these", "those"):
        return _this(raw, low, i), 1
    if english and english[1] == "Y" and i and low[i - 1] in THE | {"a", "an"}:
        return [Token("k", here.start, here.end, word)], 1  # "the talk"
    known = english or word in PRONOUNS or word in OWNERS or len(word) > 15  # long words would fill the cache
    if not known and (meant := misspelt(word)):
        return [Token(ENGLISH[meant,], here.start, here.end, meant)], 1
    if word == "no" and any(
        tuple(low[j : j + n]) in lexicon.phrases for j in _next(low, i) for n in (1, 2, 3, 4)
    ):
        return [Token("n", here.start, here.end, "no")], 1  # "Ann: no red box"
    if english:
        n, kind = english
        if word == "so" and n == 2 and low[i + 1] == "that" and i + 2 < len(raw) and low[i + 2] in _IS:
            n, kind = 1, "J"  # "so that is where", not "so that she"
        return ([Token(kind, here.start, raw[i + n - 1].end, " ".join(low[i : i + n]))] if kind else []), n
    if word in PRONOUNS:
        return [Token("P", here.start, here.end, word, group=Group(pronoun=PRONOUNS[word]))], 1
    if word in OWNERS:
        return [Token("S", here.start, here.end, word, group=Group(pronoun=OWNERS[word]))], 1
    if word in ("it", "itself"):
        return [Token("T", here.start, here.end, word)], 1
    if word == "its":
        meant = i + 1 < len(raw) and low[i + 1] in _ITS
        return [
            Token("T", here.start, here.end, "it"),
            Token("b", here.end, here.end, "'s"),
        ] if meant else [], 1
    if word == "all":
        return [], 1
    if word == ".":
        return [], 1
    if word == "!" and i + 1 < len(raw) and raw[i + 1].start == here.end and low[i + 1].isalpha():
        return [Token("n", here.start, here.end, "not")], 1  # "Ann !see it"
    if word in "!?":
        return [Token(word, here.start, here.end, word)], 1
    if word == "'s":
        return [Token("'", here.start, here.end, word)], 1
    return [Token("x", here.start, here.end, word)], 1


def _next(low: list[str], i: int) -> list[int]:
    """Where the next word is, behind bold or code marks."""
    return [
        j for j in range(i + 1, min(i + 5, len(low))) if all(set(w) <= set("*`_") for w in low[i + 1 : j])
    ]


def _this(raw: list[Word], low: list[str], i: int) -> list[Token]:
    """ "this" and "that": what happened, a conjunction, or before a noun nothing."""
    here, word = raw[i], low[i]
    rest = [w for w in low[i + 1 : i + 4] if w not in ("too", "also", "either", "again")]
    after = rest[0] if rest else "."
    tagged = ENGLISH.get((after,), "x")
    if after in _NOUNS:
        return []
    if not after[0].isalnum() or (tagged and tagged in "bhmnMXOYJciyfBHZ") or after in ("himself", "herself"):
        return [Token("V", here.start, here.end, word)]
    return [Token("t", here.start, here.end, word)] if word == "that" else []
