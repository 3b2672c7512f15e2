"""Which stories are the same: within a set of questions, and between two splits.

Two keys, from strict to loose:

    story   the text without numbering, decoration, punctuation, case and white space
    plot    who does what in which order, with every word for a person, thing, place or room replaced
            by the order of its first appearance; sentences that change nothing are left out

A plot is read from the replayed actions. Where a story cannot be replayed it is read from
`meta["story_structure"]` (else from the text): all words but a closed list of function words and
verbs of coming, going, moving and telling are replaced in the same way.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from tomprm.world.events import Action, Kind, Story
from tomprm.world.grammar import is_decoration, write_question
from tomprm.world.items import Item
from tomprm.world.replay import PROFILES, StoryError

_NUMBER = re.compile(r"^\s*\d{1,9}[.:)]?\s+")
_WORD = re.compile(r"\w+(?:['’]\w+)*")
# Kept as they are when a text is reduced to its plot.
_FRAME_WORDS = """
    a about after all also an and are around as at away back be because been before behind being but by
    came come comes did do does during enter entered enters exit exited exits for from get gets goes going
    gone got had has have he her hers him his how if in inside into is it its knew know knows leave leaves
    leaving left look looked looks lost made make move moved moves moving near no none not notice noticed
    of off on onto or out outside over place placed places put puts room said saw say says secret see seen
    sees she so some stay stayed stays still take takes tell tells that the their them then there these
    they think thinks this those thought through to told took towards under until up walked was watched
    went were what when where which while who will with witnessed without
"""
_FRAME = frozenset(_FRAME_WORDS.split())


def story_key(text: str) -> str:
    """The same for all ways of printing one story.

    >>> story_key("1 Ann came.\\n***\\n2 Ann left.") == story_key("Ann came. ANN left.")
    True
    """
    return _digest(word.lower() for word in _WORD.findall(_body(text)))


def _body(text: str) -> str:
    lines = [line for line in text.splitlines() if not is_decoration(line)]
    return "\n".join(_NUMBER.sub("", line, count=1) for line in lines)


def question_key(item: Item) -> str:
    """The question's words, whatever the case and the spacing."""
    return " ".join((item.asked or write_question(item.question)).lower().split())


def plot_key(item: Item) -> str:
    """The same for all stories with one plot; see the top of this file."""
    story = _replayed(item)
    if story is not None and story.actions:
        return _digest(_action_words(story.actions, PROFILES[item.profile].neutral_rooms))
    text = str(item.meta.get("story_structure") or item.text)
    return _digest(_text_frame(_WORD.findall(_body(text))))


def _replayed(item: Item) -> Story | None:
    try:
        return item.story
    except StoryError:
        return None


def _action_words(actions: Sequence[Action], literal: frozenset[str]) -> Iterator[str]:
    """Every field of every action, so that a field added to `Action` is compared as well."""
    seen: dict[str, str] = {}

    def rank(word: str) -> str:
        return word if not word or word in literal else seen.setdefault(word, str(len(seen)))

    names = [f.name for f in fields(Action) if f.name not in ("line", "kind")]
    for action in actions:
        if action.kind is Kind.NOISE:
            continue
        yield action.kind.value
        for name in names:
            value: object = getattr(action, name)
            if isinstance(value, tuple):
                yield ",".join(rank(str(word)) for word in value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
            else:
                yield rank(str(value))


def _text_frame(words: Iterable[str]) -> Iterator[str]:
    seen: dict[str, str] = {}
    for word in (w.lower() for w in words):
        yield word if word in _FRAME else seen.setdefault(word, str(len(seen)))


def _digest(words: Iterable[str]) -> str:
    return hashlib.sha256(" ".join(words).encode()).hexdigest()[:16]


class Clusters:
    """Questions that share a `story_id` or a text are one cluster, whatever ids a source gives: folds and
    intervals must not take two copies of one story for two stories."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        """`pairs` are (story_id, story_key), once or more often each."""
        self._parent: dict[str, str] = {}
        first: dict[str, str] = {}
        for story_id, key in pairs:
            self._join(story_id, first.setdefault(key, story_id))

    def _root(self, name: str) -> str:
        while (parent := self._parent.setdefault(name, name)) != name:
            self._parent[name] = name = self._parent[parent]
        return name

    def _join(self, a: str, b: str) -> None:
        low, high = sorted((self._root(a), self._root(b)))
        self._parent[high] = low  # the smallest name is the root: the same in any order of rows

    def __getitem__(self, story_id: str) -> str:
        return self._root(story_id)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a training split holds."""

    rows: int
    stories: frozenset[str]
    plots: frozenset[str]
    asked: frozenset[tuple[str, str]]  # (story, question)


def seen_in(train: Iterable[Item]) -> Seen:
    rows, stories, plots, asked = 0, set[str](), set[str](), set[tuple[str, str]]()
    plot_of: dict[str, str] = {}
    for item in train:
        rows += 1
        key = story_key(item.text)
        stories.add(key)
        asked.add((key, question_key(item)))
        if key not in plot_of:
            plot_of[key] = plot_key(item)
        plots.add(plot_of[key])
    return Seen(rows, frozenset(stories), frozenset(plots), frozenset(asked))


@dataclass(frozen=True, slots=True)
class Overlap:
    """How many of `n` test questions (about `stories` distinct stories) training has seen: the same
    question about the same story, the same story, the same plot. `order` None: all orders."""

    source: str
    order: int | None
    n: int
    stories: int
    same_question: int
    same_story: int
    same_plot: int

    def as_row(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of one test question."""

    source: str
    order: int
    story: str
    plot: str
    question: str


def source_of(meta: Mapping[str, Any]) -> str:
    """A mixed set says in `data_source` where a row is from."""
    return str(meta.get("data_source") or meta.get("source") or "rows")


def overlaps(test: Iterable[Keys], train: Seen) -> list[Overlap]:
    """By source and order, and over all orders of each source."""
    groups: dict[tuple[str, int | None], list[Keys]] = defaultdict(list)
    for keys in test:
        groups[keys.source, keys.order].append(keys)
        groups[keys.source, None].append(keys)
    ordered = sorted(groups.items(), key=lambda g: (g[0][0], g[0][1] is None, g[0][1] or 0))
    return [
        Overlap(
            source,
            order,
            len(rows),
            len({k.story for k in rows}),
            sum((k.story, k.question) in train.asked for k in rows),
            sum(k.story in train.stories for k in rows),
            sum(k.story in train.stories or k.plot in train.plots for k in rows),
        )
        for (source, order), rows in ordered
    ]
