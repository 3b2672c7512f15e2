"""What can be read off an item's surface: its possible answers, and how each of them occurs in the text.

Nothing here looks at who is asked about or how deep: the name chain and the order are never used. The
thing that is asked about is (a reader without theory of mind knows it too).
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tomprm.world.events import Story
from tomprm.world.items import Item

Floats = NDArray[np.float64]
Kind = tuple[str, str]
Closed = Mapping[Kind, tuple[str, ...]]

MOST_CLOSED = 6  # so many different answers to one kind of question are a closed list
_SENTENCE_END = re.compile(r"(?<=[.!?])[\"'”’]?\s+|\n+")
_LEAVING = re.compile(r"\b(?:exit(?:s|ed)?|left|leaves|went out|walked out|out of the)\b", re.IGNORECASE)
_SAYING = re.compile(r"\b(?:claimed|told|said|tells|says)\b", re.IGNORECASE)
_NEGATION = re.compile(
    r"\b(?:no|not|never|nothing|nobody|none|unaware|unable|without|\w+n't)\b", re.IGNORECASE
)
_EXITS = 5  # the place at the first so many departures is a feature each


def question_kind(item: Item) -> Kind:
    """What sort of answer is asked for, as far as the surface tells: the relation, the first word."""
    return item.question.fact.relation, item.asked.strip().lower().partition(" ")[0]


def closed_kinds(golds: Mapping[Kind, Mapping[str, int]]) -> dict[Kind, tuple[str, ...]]:
    """Kinds of question with a closed list of answers (yes/no), from how often each label occurs."""
    return {
        kind: tuple(sorted(count))
        for kind, count in golds.items()
        if 2 <= len(count) <= MOST_CLOSED and sum(count.values()) >= 10 * len(count)
    }


def says_all(item: Item) -> bool:
    """Does the question itself list all that may be said, even for no belief at all (yes, no)?"""
    return any(value is None for value, _ in item.question.answers)


def closed_list(item: Item, closed: Closed) -> tuple[str, ...]:
    """The closed list of answers that the question has, sorted; empty where it has none."""
    question = item.question
    if says_all(item):
        return tuple(sorted({answer for _, answer in question.answers}))
    known = closed.get(question_kind(item), ())
    return known if not question.choices or set(question.choices) == set(known) else ()


def candidates(item: Item, story: Story | None, closed: Closed) -> tuple[str, ...]:
    """The answers to choose from: the printed choices; the closed list of what may be said; else all
    values that the story gives to the relation that is asked about; empty where nobody can list them."""
    question = item.question
    if question.choices:
        return question.choices
    if listed := closed_list(item, closed):
        return listed
    if story is None or question.who:
        return ()
    people = set(story.agents)
    relation = question.fact.relation
    values = (
        value
        for event in story.events
        for fact, value in event.facts
        if fact.relation == relation and fact.thing not in people and not value.startswith("not(")
    )
    said = (question.say(value) or value for value in values)
    found = tuple(dict.fromkeys(said))
    return found if len(found) > 1 else ()


@dataclass(frozen=True, slots=True)
class _Layout:
    """A text cut into sentences: where each starts, which tell of a departure, which report speech."""

    low: str
    starts: tuple[int, ...]
    exits: tuple[int, ...]
    said: frozenset[int]


@lru_cache(maxsize=64)
def _layout(text: str) -> _Layout:
    starts, at = [0], 0
    for end in _SENTENCE_END.finditer(text):
        at = end.end()
        if at < len(text):
            starts.append(at)
    bounds = zip(starts, [*starts[1:], len(text)], strict=True)
    sentences = [text[a:b] for a, b in bounds]
    exits = tuple(i for i, s in enumerate(sentences) if _LEAVING.search(s))
    said = frozenset(i for i, s in enumerate(sentences) if _SAYING.search(s))
    return _Layout(text.lower(), tuple(starts), exits, said)


@lru_cache(maxsize=4096)
def _whole_words(phrase: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(phrase.lower())}(?!\w)")


def _sentences_with(phrase: str, layout: _Layout) -> list[int]:
    """Indices of the sentences that hold the phrase, once per occurrence."""
    if not phrase:
        return []
    return [bisect_right(layout.starts, m.start()) - 1 for m in _whole_words(phrase).finditer(layout.low)]


@dataclass(frozen=True, slots=True)
class Mentions:
    """Where the candidates of one item occur: sentence indices, one list a candidate."""

    sentences: int
    anywhere: tuple[tuple[int, ...], ...]
    with_thing: tuple[tuple[int, ...], ...]  # in sentences about the thing that is asked about
    exits: tuple[int, ...]
    said: frozenset[int]

    def at(self, sentence: int) -> int | None:
        """The candidate that was last named beside the thing before this sentence, hearsay aside."""
        best, place = -1, None
        for index, found in enumerate(self.with_thing):
            told = [s for s in found[: bisect_left(found, sentence)] if s not in self.said]
            if told and told[-1] > best:
                best, place = told[-1], index
        return place


def mentions(item: Item, answers: Sequence[str]) -> Mentions:
    layout = _layout(item.text)
    about = set(_sentences_with(item.question.fact.thing, layout))
    anywhere = tuple(tuple(_sentences_with(answer, layout)) for answer in answers)
    # A topic that the text never names verbatim singles out no sentence.
    beside = tuple(tuple(s for s in found if s in about) if about else found for found in anywhere)
    return Mentions(len(layout.starts), anywhere, beside, layout.exits, layout.said)


def features(item: Item, answers: Sequence[str], closed: Sequence[str]) -> Floats:
    """(candidates, features): what a linear model may look at. All entries lie in [-1, 1].

    `closed` lists the answers of the item's closed list, if it has one: each is a feature of its own.
    """
    seen = mentions(item, answers)
    columns: list[list[float]] = []
    for found in (seen.anywhere, seen.with_thing):
        total = sum(map(len, found)) or 1
        columns += [
            [float(bool(f)) for f in found],
            [len(f) / total for f in found],
            [f[0] / seen.sentences if f else 0.0 for f in found],
            [f[-1] / seen.sentences if f else 0.0 for f in found],
        ]
    columns += _ranks(seen)
    columns += _departures(seen)
    columns.append([sum(s in seen.said for s in f) / (len(f) or 1) for f in seen.with_thing])
    columns += _as_options(item, answers) if item.question.choices else [[0.0] * len(answers)] * 6
    columns += [
        [float(a == closed[i]) if i < len(closed) else 0.0 for a in answers] for i in range(MOST_CLOSED)
    ]
    return np.transpose(np.array(columns, dtype=np.float64))


def _ranks(seen: Mentions) -> list[list[float]]:
    """First, second, last and last but one of those named beside the thing."""
    named = [i for i, f in enumerate(seen.with_thing) if f]
    by_first = sorted(named, key=lambda i: seen.with_thing[i][0])
    by_last = sorted(named, key=lambda i: -seen.with_thing[i][-1])
    return [
        [float(len(order) > k and order[k] == i) for i in range(len(seen.with_thing))]
        for order in (by_first, by_last)
        for k in (0, 1)
    ]


def _departures(seen: Mentions) -> list[list[float]]:
    """Where the thing was at the first, second ... and last departure, and at how many of them."""
    width = len(seen.with_thing)
    start = min((f[0] for f in seen.with_thing if f), default=seen.sentences)
    where = [seen.at(s) for s in seen.exits if s > start]
    slots = [where[k] if k < len(where) else None for k in range(_EXITS)] + [where[-1] if where else None]
    columns = [[float(place == i) for i in range(width)] for place in slots]
    columns.append([where.count(i) / (len(where) or 1) for i in range(width)])
    return columns


def _as_options(item: Item, answers: Sequence[str]) -> list[list[float]]:
    """How an option looks among the printed ones."""
    n = len(answers)
    words = [re.findall(r"\w+", a.lower()) for a in answers]
    longest = max(map(len, words)) or 1
    told = set(re.findall(r"\w+", item.text.lower()))
    return [
        [float(i == 0) for i in range(n)],
        [i / max(1, n - 1) for i in range(n)],
        [len(w) / longest for w in words],
        [float(len(w) == longest) for w in words],
        [float(bool(_NEGATION.search(a))) for a in answers],
        [sum(x in told for x in w) / (len(w) or 1) for w in words],
    ]


Guess = Callable[[Item, Sequence[str], Mentions], int | None]


def _first_named(item: Item, answers: Sequence[str], seen: Mentions) -> int | None:
    named = [i for i, f in enumerate(seen.anywhere) if f]
    return min(named, key=lambda i: seen.anywhere[i][0], default=None)


def _last_named(item: Item, answers: Sequence[str], seen: Mentions) -> int | None:
    named = [i for i, f in enumerate(seen.anywhere) if f]
    return max(named, key=lambda i: seen.anywhere[i][-1], default=None)


def _most_named(item: Item, answers: Sequence[str], seen: Mentions) -> int | None:
    named = [i for i, f in enumerate(seen.anywhere) if f]
    return max(named, key=lambda i: len(seen.anywhere[i]), default=None)


def _first_option(item: Item, answers: Sequence[str], seen: Mentions) -> int | None:
    return 0


def _longest_option(item: Item, answers: Sequence[str], seen: Mentions) -> int | None:
    """No guess where two options share the greatest length."""
    lengths = [len(a.split()) for a in answers]
    return lengths.index(max(lengths)) if lengths.count(max(lengths)) == 1 else None


def _negated_option(item: Item, answers: Sequence[str], seen: Mentions) -> int | None:
    """No guess where none of the options, or more than one, has a negation."""
    negated = [i for i, a in enumerate(answers) if _NEGATION.search(a)]
    return negated[0] if len(negated) == 1 else None


# Text alone; None: no guess, counted as wrong.
ANY_ANSWERS: dict[str, Guess] = {
    "candidate named first": _first_named,
    "candidate named last": _last_named,
    "candidate named most": _most_named,
}
PRINTED_OPTIONS: dict[str, Guess] = {
    "first option": _first_option,
    "longest option": _longest_option,
    "option with a negation": _negated_option,
}


def surface_guesses(item: Item, answers: Sequence[str], closed: bool) -> dict[str, str | None]:
    """What the text-only shortcuts answer; those that do not apply are left out: yes and no are not
    looked for in the story, and only options of several words are told apart by their wording."""
    table: dict[str, Guess] = {} if closed else dict(ANY_ANSWERS)
    if item.question.choices and not closed:
        table["first option"] = PRINTED_OPTIONS["first option"]
        if any(" " in a for a in answers):
            table.update(PRINTED_OPTIONS)
    seen = mentions(item, answers)
    if not any(seen.anywhere):  # sentences that paraphrase the story are not named in it
        table = {name: guess for name, guess in table.items() if name not in ANY_ANSWERS}
    guesses: dict[str, str | None] = {}
    for name, guess in table.items():
        index = guess(item, answers, seen)
        guesses[name] = None if index is None else answers[index]
    return guesses
