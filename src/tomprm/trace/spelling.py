"""Words of a text with their spans, contractions split, and what a misspelt one must be."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from tomprm.trace.words import ENGLISH, word_set

_WORD = re.compile(r"[^\W_]+(?:[-'’][^\W\d_]+)*|-+>|=+>|[→⇒]|\*\*|[^\w\s]")
_SHORT = re.compile(r"(.+?)(n['’]t|['’](?:s|re|ll|d|ve|m))$", re.IGNORECASE)
_NOT = {"isnt": "is", "wasnt": "was", "doesnt": "does", "didnt": "did", "hasnt": "has", "hadnt": "had",
        "cant": "can", "wont": "will", "dont": "do", "couldnt": "could", "wouldnt": "would", "arent": "are",
        "werent": "were", "havent": "have"}  # fmt: skip
_VERBS = tuple(w[0] for w, t in ENGLISH.items() if len(w) == 1 and len(w[0]) > 5 and t and t in "BMXEOHYUA")


SMALL = word_set("a an the of in on at to and or for about")


@dataclass(frozen=True, slots=True)
class Word:
    text: str
    low: str
    start: int
    end: int


def raw_words(text: str) -> list[Word]:
    found: list[Word] = []
    for m in _WORD.finditer(text):
        at = m.start()
        low = m[0].lower()
        if low in _NOT:
            found.append(Word(m[0], _NOT[low], at, m.end()))
            found.append(Word("n't", "n't", m.end(), m.end()))
            continue
        for part in split_word(m[0]):
            low = part.lower().replace("’", "'")
            low = {"ca": "can", "wo": "will"}.get(low, low) if m[0].lower() in ("can't", "won't") else low
            found.append(Word(part, low, at, at + len(part)))
            at += len(part)
    return found


def split_words(name: str) -> list[str]:
    return [part for m in _WORD.finditer(name.lower()) for part in split_word(m[0])]


def split_word(word: str) -> list[str]:
    found = _SHORT.match(word)
    return [found[1], found[2].replace("’", "'")] if found else [word]


def one_off(a: str, b: str) -> bool:
    """One letter inserted, dropped, replaced, or two neighbours swapped."""
    if a == b or abs(len(a) - len(b)) > 1:
        return a == b
    i = next((k for k, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    if len(a) == len(b):
        return a[i + 1 :] == b[i + 1 :] or (a[i : i + 2] == b[i : i + 2][::-1] and a[i + 2 :] == b[i + 2 :])
    return a[i + 1 :] == b[i:] or a[i:] == b[i + 1 :]


@lru_cache(maxsize=20_000)
def misspelt(word: str) -> str | None:
    """The one verb that a word with one letter wrong must be."""
    if len(word) < 6 or not word.isascii() or not word.isalpha():
        return None
    near = [w for w in _VERBS if abs(len(w) - len(word)) < 2 and one_off(w, word)]
    tags = {ENGLISH[w,] for w in near}
    return near[0] if len(tags) == 1 else None


def plain(sentence: str) -> str:
    """A sentence without its number and stop, to find a story's sentence in a trace."""
    words = re.sub(r"[^\w\s'-]", " ", sentence.lower()).split()
    return " ".join(words[1:] if words and words[0].isdigit() else words)
