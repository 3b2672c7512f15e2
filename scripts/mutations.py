"""Traces to fuzz the checker with: sound, corrupted, free and dishonest ones, and ways to spoil them.

A mutation is a function (rng, text, words) -> text; `words` are the names of the item and the language's
own words, so that what it writes often means something to the reader.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from tomprm.belief.generate import Recipe, generate
from tomprm.belief.wild import wild_items
from tomprm.bench.rows import item_of, make_split
from tomprm.checker.check import Checker
from tomprm.checker.corrupt import corrupt
from tomprm.rewards.hacks import EXPLOITS
from tomprm.rewards.rows import item_of as item_of_row
from tomprm.trace.words import ENGLISH
from tomprm.world.items import Item
from tomprm.world.replay import StoryError

_WILD = ("exploretom", "tomi", "opentom", "fantom")
LONGEST = 4096  # characters of a mutated trace


@dataclass
class Seed:
    """An item with traces about it."""

    checker: Checker
    texts: list[str]
    words: list[str]


def seeds(root: int, traces: Path | None = None, each: int = 6) -> list[Seed]:
    """`each` items of every generator with all kinds of traces; and those of a file of natural traces."""
    hitom = Recipe("hitom", (0, 1, 2, 3, 4), chapters=3, deception=True)
    items = [
        *generate(Recipe(orders=(1, 2, 3, 4)), root, "fuzz", 2 * each),
        *generate(hitom, root, "fuzz hitom", each),
        *(
            i
            for name in ("exploretom", "tomi", "opentom", "fantom")
            for i in islice(wild_items(name, root), each)
        ),
    ]
    found = [_seed(item, [*_formal(item), *_dishonest(item)]) for item in items]
    found += [_seed(item_of(row), [row["trace"]]) for row in make_split("train", 8 * each, root)]
    for line in traces.read_text(encoding="utf-8").splitlines() if traces else ():
        row = json.loads(line)
        try:
            found.append(_seed(item_of_row(row), [row["trace"]]))
        except (StoryError, ValueError):  # a source that is annotated, not read
            continue
    return found


def _seed(item: Item, texts: list[str]) -> Seed:
    story, asked = item.story, item.question
    named = [*story.agents, *asked.chain, asked.fact.thing, *asked.choices]
    named += [w for a in story.actions for w in (a.thing, a.place, a.room) if w]
    return Seed(Checker(item), texts, list(dict.fromkeys(named)))


def _formal(item: Item) -> Iterator[str]:
    for make in (lambda rng: EXPLOITS["honest"].make(item, rng), lambda rng: corrupt(item, rng)[0]):
        for number in range(3):
            try:
                yield make(np.random.default_rng(number))
            except (ValueError, LookupError, IndexError):  # no sound trace can be written
                return


def _dishonest(item: Item) -> Iterator[str]:
    for name, exploit in EXPLOITS.items():
        if "100" not in name:
            try:
                yield exploit.make(item, np.random.default_rng(0))
            except (ValueError, LookupError, IndexError):  # the trick needs something that the item lacks
                continue


# -- mutations --------------------------------------------------------------------------------

Mutation = Callable[[random.Random, str, Sequence[str]], str]
_LITTLE = (
    "is", "has", "not", "in", "that", "saw", "thinks that", "believes", "knows", "moved it to", "left",
    "entered", "said that", "told", "trusts", "doubts", "misses it", "sees it", "and", "or", ",", ";", ":",
    "->", "who", "where", "she", "he", "they", "it", "everyone", "nobody", "everyone except", "both",
    "none of", "if", "so", "but", "before", "after", "when", "would have", "last", "only", "in front of",
    "Line 3:", "in line 5,", "lines 2-9", "at the end", "§", "'s", "n't", "all ² people",
)  # fmt: skip
_ENGLISH = tuple(" ".join(words) for words in ENGLISH)
# Combining, right-to-left, zero-width, odd planes, digits that are none, letters that lower() makes two.
_ODD = (
    "\u0301", "\u0334\u0335\u0336", "\u202e", "\u05d0\u05d1", "\u0645", "\u200b", "\u200d", "\ufeff",
    "\u00ad", "😀", "👩‍👩‍👧", "🇩🇪", "𝐀𝐧𝐧", "\U000e0041", "\U0010ffff", "\x00", "\x1c", "\x0b", "\x85",
    "\u2028", "\ufffd", "İ", "ß", "ﬁ", "ǅ", "²", "①", "٣", "Ⅷ", "½", "９",
    "。", "、", "“", "”", "’", "…", "→", "⇒", "–", "—", "_", "\t", "\r", "ʼ", "К", "\u3000", "\u00a0",
)  # fmt: skip
_TAGS = (
    "<think>", "</think>", "<answer>", "</answer>", "< Answer >", "<ANSWER>", "<answer></answer>",
    "\\boxed{", "Answer: ", "## Answer\n", "<", ">", "</", "<|im_end|>",
)  # fmt: skip
_MARKS = (
    "**", "__", "`", "```\n", "~~~\n", "# ", "\n### ", "\n- ", "\n  - ", "\n1. ", "\n(a) ",
    "\n| a | line | who saw it |\n|---|---|---|\n", "|", "\n|", " | ", "\n> ", "\n## Step 1 ##\n",
    "\nStep 2: ", "[", "]", "(", ")", '"', "'", "{", "}", "$", "\n---\n", "\n\n", "\n\t",
)  # fmt: skip
_NUMBERS = (
    "Line 99999999999999999999", "Line 0", "line -1", "lines 3-99999999999999999", "Line ٣", "Line 3²",
    "1e999", "all 99 of them", "all 999999999999999999 people", "NaN", "Infinity", "lines 9-2",
    "Line 1, 2, 3, 4, 5, 6, 7, 8", "| 99999999999999999999 |", "0x10", "the other 99", "Line 000003",
)  # fmt: skip


def _span(rng: random.Random, n: int, most: int) -> tuple[int, int]:
    start = rng.randrange(n + 1)
    return start, min(n, start + rng.randint(1, most))


def _cut(rng: random.Random, parts: list[str], most: int, fresh: Callable[[], str]) -> list[str]:
    """Delete, repeat, swap, reverse, insert or replace some neighbours."""
    start, end = _span(rng, len(parts), most)
    some, way = parts[start:end], rng.randrange(6)
    if way == 2:
        at = rng.randrange(len(parts) + 1)
        return parts[:start] + parts[end:at] + some + parts[max(end, at) :]
    new = ([], some * rng.randint(2, 4), [], some[::-1], [fresh(), *some], [fresh()])[way]
    return parts[:start] + new + parts[end:]


def _word(rng: random.Random, words: Sequence[str]) -> str:
    return rng.choice((words, _LITTLE, _ENGLISH)[rng.randrange(3)])


def characters(rng: random.Random, text: str, words: Sequence[str]) -> str:
    return "".join(_cut(rng, list(text), 8, lambda: chr(rng.randrange(32, 127))))


def some_words(rng: random.Random, text: str, words: Sequence[str]) -> str:
    return " ".join(_cut(rng, text.split(" "), 6, lambda: _word(rng, words)))


def lines(rng: random.Random, text: str, words: Sequence[str]) -> str:
    return "\n".join(_cut(rng, text.split("\n"), 3, lambda: _phrase(rng, words)))


def _phrase(rng: random.Random, words: Sequence[str]) -> str:
    return " ".join(_word(rng, words) for _ in range(rng.randint(1, 12)))


_BREAKS = (
    ("\n", " "), ("\n", ""), (". ", " "), (". ", ", "), (". ", ".\n"), (" ", "\n"), (" ", "  "),
    (", ", " and "), (" ", ""), ("\n", "\r\n"), ("\n", "\n\n"), (".", "?"), (";", "."),
)  # fmt: skip


def breaks(rng: random.Random, text: str, words: Sequence[str]) -> str:
    """Lines and sentences joined or parted otherwise."""
    old, new = rng.choice(_BREAKS)
    return text.replace(old, new, rng.choice((-1, 1, 5)))


def letters(rng: random.Random, text: str, words: Sequence[str]) -> str:
    """All in capitals or small letters, or one letter another."""
    way = rng.choice(
        (
            str.upper,
            str.lower,
            str.title,
            str.swapcase,
            lambda t: t.replace("a", "а"),
            lambda t: t.replace("i", "İ"),
        )
    )
    start, end = _span(rng, len(text), rng.choice((20, 400, 4000)))
    return text[:start] + way(text[start:end]) + text[end:]


def _insert(choices: Sequence[str], times: int = 4) -> Mutation:
    def mutate(rng: random.Random, text: str, words: Sequence[str]) -> str:
        for _ in range(rng.randint(1, times)):
            at = rng.randrange(len(text) + 1)
            text = text[:at] + rng.choice(choices) * rng.choice((1, 1, 1, 2, 30)) + text[at:]
        return text

    return mutate


def runs(rng: random.Random, text: str, words: Sequence[str]) -> str:
    """One short phrase over and over: chains of "thinks that", lists of names, commas, pipes, quotes."""
    unit = "".join(
        rng.choice(
            (_word(rng, words), _word(rng, words), rng.choice((*_ODD, *_MARKS, *_TAGS, "9", "a", "A")))
        )
        + rng.choice((" ", " ", " ", "", ", ", " and ", ". ", "\n"))
        for _ in range(rng.randint(1, 4))
    )
    at, size = rng.randrange(len(text) + 1), rng.choice((20, 100, 400, 1500))
    return text[:at] + _word(rng, words) + " " + unit * (size // len(unit) + 1) + text[at:]


def long_word(rng: random.Random, text: str, words: Sequence[str]) -> str:
    at = rng.randrange(len(text) + 1)
    return (
        text[:at]
        + rng.choice((*_word(rng, words), "9", "-a", "_", "a'", "A.")) * rng.choice((30, 300, 2000))
        + text[at:]
    )


MUTATIONS: tuple[Mutation, ...] = (
    characters, characters, some_words, some_words, some_words, lines, lines, breaks, letters, runs,
    long_word, _insert(_ODD), _insert(_TAGS), _insert(_MARKS), _insert(_NUMBERS),
)  # fmt: skip


def mutated(rng: random.Random, pool: Sequence[Seed], longest: int = LONGEST) -> tuple[Seed, str]:
    """A trace spoilt one to five times, sometimes spliced with another, and the item it is about."""
    seed = rng.choice(pool)
    text = rng.choice(seed.texts)
    if rng.random() < 0.15:
        other = rng.choice(rng.choice(pool).texts)
        text = text[: rng.randrange(len(text) + 1)] + other[rng.randrange(len(other) + 1) :]
    for _ in range(rng.randint(1, 5)):
        text = rng.choice(MUTATIONS)(rng, text, seed.words)[:longest]
    return seed, text


def long_trace(rng: random.Random, pool: Sequence[Seed], size: int = 100_000) -> tuple[Seed, str]:
    """Mutated traces in a row, or one short phrase, up to `size` characters."""
    seed, text = mutated(rng, pool)
    if rng.random() < 0.5:
        text = runs(rng, "", seed.words)
        text *= size // len(text) + 1
    while len(text) < size:
        text += rng.choice(("\n", " ", "")) + mutated(rng, pool)[1]
    return seed, text[:size].replace(*rng.choice((("\n", "\n"), ("\n", " "), ("<", ""), (".", ""))))
