"""A benchmark under audit: what its labels, its statistics and its splits give away.

`examine` turns questions into `Judged` rows, one fact sheet a question, and knows nothing of groups or
intervals; `tomprm.report.audit` makes tables of them. What needs the engine is left out where an item
abstains or its story cannot be read; what needs the text alone is measured on every question.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise, permutations
from typing import Any

from tomprm.belief.baseline import Example, majority_out_of_fold, out_of_fold
from tomprm.belief.contamination import (
    Clusters,
    Keys,
    Overlap,
    overlaps,
    plot_key,
    question_key,
    seen_in,
    source_of,
    story_key,
)
from tomprm.belief.heuristics import guesses, world_values
from tomprm.belief.known_errors import explain
from tomprm.belief.solve import engine_answer
from tomprm.belief.state import BeliefState, collapse
from tomprm.belief.surface import (
    Closed,
    candidates,
    closed_kinds,
    closed_list,
    features,
    question_kind,
    says_all,
    surface_guesses,
)
from tomprm.belief.update import sets
from tomprm.world.events import Question, Story
from tomprm.world.grammar import write_question
from tomprm.world.items import Item
from tomprm.world.replay import PROFILES, StoryError

LEARNED = "learned, one model for all orders"
LEARNED_EACH = "learned, one model an order"
MAJORITY = "majority answer"
_LABEL_SET = "prompting_type"  # Hi-ToM prints every question twice, with labels of two origins
_NO_FACETS = (_LABEL_SET, "source", "data_source", "row", "line")  # said elsewhere
_RECURS = 10  # questions with one closed list, an answer: fewer say nothing of how often each is right
_FACET_VALUES = 20  # a key of `meta` with more values than that names rows, not subsets


@dataclass(frozen=True, slots=True)
class Dynamics:
    """What becomes of the belief that is asked for.

    Attributes:
        changes: how often it takes another value after its first.
        false: it differs from the world at the moment that is asked about.
        moved: it differs from the fact's first value.
    """

    changes: int
    false: bool
    moved: bool


@dataclass(slots=True)
class Judged:
    """Everything that the audit measures about one question. None: it cannot be measured here."""

    id: str
    line: int | None  # of the file, where the source says so
    cluster: str
    keys: Keys
    order: int
    labels: str  # which source's, and which of its sets of labels; "labels" where there is one of each
    facets: dict[str, str]
    question: str
    gold: str | None
    engine: str | None = None
    reason: str = ""
    cause: str = ""  # the known error of the data set that gives the label
    abstain: str = ""
    unreadable: bool = False
    chance: float | None = None
    right: dict[str, bool] = field(default_factory=dict[str, bool])  # shortcut -> finds the label
    dynamics: Dynamics | None = None
    kept: tuple[int, int] | None = None  # permutations of the chain that keep the answer, of how many
    option: tuple[int, int] | None = None  # index of the label among the printed options, of how many
    visit: tuple[int, int] | None = None  # rank of the label among the values in story order, of how many

    @property
    def agree(self) -> bool | None:
        return None if self.engine is None or self.gold is None else self.engine == self.gold


@dataclass(frozen=True, slots=True)
class Conflict:
    """One question about one story with several labels: `labels` are (row id, label)."""

    question: str
    order: int
    labels: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Audit:
    """`overlap` is empty where no training split was given."""

    rows: Sequence[Judged]
    conflicts: Sequence[Conflict]
    overlap: Sequence[Overlap] = ()
    train_rows: int | None = None

    @property
    def unreadable(self) -> list[Judged]:
        return [row for row in self.rows if row.unreadable]


def examine(items: Iterable[Item], train: Iterable[Item] | None = None) -> Audit:
    """The audit of a set of questions; `train` asks which of their stories another split holds.

    The result does not depend on the order of `items`.
    """
    listed = sorted(items, key=_place_in_file)
    seen = seen_in(train) if train is not None else None
    text_keys = [story_key(item.text) for item in listed]
    clusters = Clusters((item.story_id, key) for item, key in zip(listed, text_keys, strict=True))
    facets = _facets(listed)
    relations = len({item.question.fact.relation for item in listed}) > 1
    mixed = len({source_of(item.meta) for item in listed}) > 1
    closed = _closed(listed)
    lists = Counter(closed_list(item, closed) for item in listed)
    rows: list[Judged] = []
    learning: dict[tuple[object, ...], list[tuple[int, tuple[str, ...], Example]]] = defaultdict(list)
    voting: list[tuple[int, tuple[str, str, str]]] = []
    for index, (item, key) in enumerate(zip(listed, text_keys, strict=True)):
        # A copy forgets its replayed story with this turn of the loop: memory holds rows, not events.
        item = replace(item)
        row = _blank(item, key, clusters[item.story_id], facets, mixed)
        rows.append(row)
        if relations:
            row.facets["asked for"] = item.question.fact.relation
        story = _engine(item, row)
        answers = candidates(item, story, closed)
        if not answers or row.gold is None:
            continue
        row.chance = 1 / len(answers)
        kind = closed_list(item, closed)
        if lists[kind] < _RECURS * len(kind):  # a list of its own: nothing to learn from the others
            kind = ()
        if item.question.choices and not kind and row.gold in answers:
            row.option = (answers.index(row.gold), len(answers))
        row.right |= {n: g == row.gold for n, g in surface_guesses(item, answers, bool(kind)).items()}
        gold = answers.index(row.gold) if row.gold in answers else None
        example = Example(f"{index:09d}", row.cluster, features(item, answers, kind), gold)
        # Each set of labels by itself, and in it each closed list; all other questions are one group.
        learning[LEARNED, row.labels, kind].append((index, answers, example))
        learning[LEARNED_EACH, row.labels, kind, row.order].append((index, answers, example))
        if kind:
            voting.append(
                (index, (row.cluster, "\n".join((row.labels, *question_kind(item), *kind)), row.gold))
            )
    for (name, *_), group in learning.items():
        for (index, answers, _), guess in zip(group, out_of_fold([e for _, _, e in group]), strict=True):
            if guess is not None:
                rows[index].right[str(name)] = answers[guess] == rows[index].gold
    for (index, _), guess in zip(voting, majority_out_of_fold([v for _, v in voting]), strict=True):
        rows[index].right[MAJORITY] = guess == rows[index].gold
    return Audit(
        rows,
        _conflicts(rows),
        overlaps((row.keys for row in rows), seen) if seen else (),
        seen.rows if seen else None,
    )


def _place_in_file(item: Item) -> tuple[object, ...]:
    """Natural order of ids ("set/9" before "set/10"); whatever else tells two rows apart comes after."""
    parts = re.split(r"(\d+)", item.id)
    number = tuple((len(part), part) if i % 2 else (0, part) for i, part in enumerate(parts))
    return number, item.story_id, item.text, item.asked, item.question.chain, item.question.gold or ""


def _blank(item: Item, key: str, cluster: str, facets: Sequence[str], mixed: bool) -> Judged:
    meta, question = item.meta, item.question
    names = ([source_of(meta)] if mixed else []) + ([str(meta[_LABEL_SET])] if meta.get(_LABEL_SET) else [])
    line = meta.get("line", meta.get("row"))
    return Judged(
        id=item.id,
        line=line if isinstance(line, int) else None,
        cluster=cluster,
        keys=Keys(source_of(meta), question.order, key, plot_key(item), question_key(item)),
        order=question.order,
        labels=" ".join(names) or "labels",
        facets={name: _shown(meta.get(name)) for name in facets if meta.get(name) is not None},
        question=item.asked or write_question(question),
        gold=question.gold,
        abstain=item.abstain,
    )


def _shown(value: Any) -> str:
    return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)


def _facets(items: Sequence[Item]) -> list[str]:
    """Keys of `meta` that part the set: 2 to 20 values. The order is a column of its own."""
    values: dict[str, set[str]] = defaultdict(set)
    for item in items:
        for name, value in item.meta.items():
            if isinstance(value, (str, int)) and len(values[name]) <= _FACET_VALUES:
                values[name].add(_shown(value))
    return sorted(
        name
        for name, found in values.items()
        if 2 <= len(found) <= _FACET_VALUES and name not in _NO_FACETS and not name.endswith("order")
    )


def _closed(items: Sequence[Item]) -> Closed:
    golds: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for item in items:
        if item.question.gold is not None and not says_all(item):
            golds[question_kind(item)][item.question.gold] += 1
    return closed_kinds(golds)


# -- what needs the engine ----------------------------------------------------------------------


def _engine(item: Item, row: Judged) -> Story | None:
    """Fills in what the engine says; the replayed story, or None where there is none to work with."""
    if item.abstain:
        row.reason = item.abstain
        return None
    try:
        story = item.story
        row.engine, row.reason = engine_answer(item)
    except StoryError as error:
        row.reason, row.unreadable = str(error), True
        return None
    if row.agree is False:
        row.cause = explain(item)
    state, question = BeliefState(story, PROFILES[item.profile]), item.question
    if row.gold is not None:
        row.right |= {name: guess == row.gold for name, guess in guesses(state, question).items()}
        values = tuple(dict.fromkeys(world_values(state, question.fact)))
        if row.gold in values and len(values) > 1:
            row.visit = (values.index(row.gold), len(values))
    if question.order and row.engine is not None and not question.who:
        row.dynamics = dynamics(state, question)
        row.kept = permuted(state, question)
    return story


def dynamics(state: BeliefState, question: Question) -> Dynamics | None:
    """None where the fact is no fact of the world (what somebody knows)."""
    chain = collapse(question.chain)
    values: list[str | None] = []
    for event in state.story.about(question.fact):
        if question.line is not None and event.line > question.line:
            break
        if sets(event, chain, state.profile.tells):
            values.append(event.value(question.fact))
    world = state.belief((), question.fact, question.line).value
    if world is None or not values:
        return None
    changes = sum(a != b for a, b in pairwise(values))
    return Dynamics(changes, values[-1] != world, values[-1] != world_values(state, question.fact)[0])


def permuted(state: BeliefState, question: Question) -> tuple[int, int] | None:
    """How many of the other orders of the chain's names have the same answer, and of how many; None
    where there is no other order."""
    others = [p for p in set(permutations(question.chain)) if p != question.chain]
    if not others:
        return None
    answer = state.answer(question).value
    same = sum(state.belief(p, question.fact, question.line).value == answer for p in others)
    return same, len(others)


# -- labels against each other ------------------------------------------------------------------


def _conflicts(rows: Sequence[Judged]) -> list[Conflict]:
    groups: dict[tuple[str, str], list[Judged]] = defaultdict(list)
    for row in rows:
        if row.gold is not None:
            groups[row.keys.story, row.keys.question].append(row)
    found = [g for g in groups.values() if len({_plain(row.gold) for row in g}) > 1]
    return [Conflict(g[0].question, g[0].order, tuple((r.id, r.gold or "") for r in g)) for g in found]


def _plain(label: str | None) -> str:
    return " ".join((label or "").lower().split())
