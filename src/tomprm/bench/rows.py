"""Rows of BeliefProcessBench: pairs of a sound trace and its twin with one fault.

Both twins have one order and one number of steps, so each order and each length is half clean, half
erroneous. A row depends on (seed, split, its index) alone. Schema: docs/belief_process_bench.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate, product
from typing import Any

import numpy as np

from tomprm.belief.generate import seeded
from tomprm.bench.faults import KINDS, PROPAGATED, Fault, alone, faults, propagated
from tomprm.bench.narrators import HELD_OUT_NARRATORS, NARRATORS, Narrator, narrate
from tomprm.bench.plan import plan
from tomprm.bench.points import Point, Truth
from tomprm.bench.stories import GENERATORS, HELD_OUT_GENERATORS, draw_item
from tomprm.bench.words import SPLITS, WORDS, words_of
from tomprm.trace.steps import matches
from tomprm.world.items import Item

VERSION = "bpb-1"
ORDERS = (1, 2, 3, 4)
Row = dict[str, Any]

# Kinds that few arguments can have are drawn more often where they can.
_WEIGHT = {"names_swapped": 5.0, "wrong_trust": 6.0, "frozen_on_exit": 2.0, "updated_without_perception": 2.0}
_WRONG_ANSWER = 0.12  # share of the pairs in which the answer is not the one the reasoning gives
_LENGTHS = ((6, "short"), (12, "medium"))


def make_split(split: str, pairs: int, seed: int) -> Iterator[Row]:
    """The rows of a split, clean and faulty in turn: `pairs` of them for each order from 1 to 4 in turn.

    Raises:
        ValueError: an unknown split.
    """
    if split not in SPLITS:
        raise ValueError(f"split {split!r} is unknown; choose from {', '.join(SPLITS)}")
    combos = _combinations(split)
    permutation = seeded(seed, f"{VERSION}/{split}/combinations", 0).permutation(len(combos))
    shuffled = [combos[int(i)] for i in permutation]
    for index in range(pairs):
        generator, narrator = shuffled[index // len(ORDERS) % len(shuffled)]
        yield from make_pair(split, seed, index, generator, narrator, ORDERS[index % len(ORDERS)])


def _combinations(split: str) -> list[tuple[str, str]]:
    """(generator, narrator); of the ood split at least one of the two is held out everywhere else."""
    known = [
        (g, n)
        for g, n in product(GENERATORS, NARRATORS)
        if g not in HELD_OUT_GENERATORS and n not in HELD_OUT_NARRATORS
    ]
    return [c for c in product(GENERATORS, NARRATORS) if c not in known] if split == "ood" else known


def make_pair(
    split: str, seed: int, index: int, generator: str, narrator: str, order: int
) -> tuple[Row, Row]:
    """(clean row, faulty row) of one story; they differ in one step, or in that step and what follows."""
    rng = seeded(seed, f"{VERSION}/{split}", index)
    name, style = f"{VERSION}/{split}/{seed}/{index}", NARRATORS[narrator]
    while True:
        item = draw_item(generator, rng, WORDS[split], order, name)
        truth = Truth(item)
        numbered = item.text[:1].isdigit()
        points = plan(truth, style.outline if numbered else replace(style.outline, rest=False), rng)
        fault = _draw_fault(truth, points, rng)
        if fault is not None:
            break
    words_seed = int(rng.integers(2**31))
    single, follows = alone(points, fault), propagated(truth, points, fault)
    spread = follows != single and narrator != "correction" and rng.random() < 0.8
    faulty = follows if spread else single
    gold = item.question.gold or ""
    wrong = [c for c in item.question.choices if c != gold]
    lapse = None
    if not spread and rng.random() < _WRONG_ANSWER:
        lapse = wrong[int(rng.integers(len(wrong)))]
    concluded = faulty[-1].place or gold
    follows_conclusion = spread or fault.index < len(points) - 1 or rng.random() < 0.5
    answers = (lapse or gold, lapse or (concluded if follows_conclusion else gold))
    common = {
        "pair_id": f"{name}/clean",
        "split": split,
        "generator": generator,
        "narrator": narrator,
        "version": VERSION,
    }
    clean_row = _row(truth, style, points, points, answers[0], words_seed)
    faulty_row = _row(truth, style, points, faulty, answers[1], words_seed)
    faulty_row["fault"] = fault.kind
    faulty_row["variant"] = PROPAGATED if spread else "single"
    for index_, label in enumerate(faulty_row["step_labels"]):
        if label == 0:
            faulty_row["error_types"][index_] = fault.kind if index_ == fault.index else PROPAGATED
    return (
        {"id": f"{name}/clean", **common, **clean_row},
        {"id": f"{name}/faulty", **common, **faulty_row},
    )


def _draw_fault(truth: Truth, points: Sequence[Point], rng: np.random.Generator) -> Fault | None:
    options = {kind: found for kind in KINDS if (found := faults(truth, points, kind))}
    if not options:
        return None
    weights = np.array([_WEIGHT.get(kind, 1.0) for kind in options])
    kind = list(options)[int(rng.choice(len(options), p=weights / weights.sum()))]
    found = options[kind]
    # Preferences that keep errors from being given away by a word alone: places that the story does speak
    # of, unknown beliefs before the end; and errors that something follows from.
    been = truth.item.story.places(truth.fact.thing)
    told = [f for f in found if f.point.action is None or f.point.action.place in ("", *been)]
    inner = [f for f in found if kind != "claimed_unknown" or f.point.role != "conclusion"]
    lasting = [f for f in found if propagated(truth, points, f) != alone(points, f)]
    for preferred, share in ((told, 0.6), (inner, 0.8), (lasting, 0.5)):
        if rng.random() < share:
            found = [f for f in found if f in preferred] or found
    # An error that the narrator comes back to is the more telling: retracted, it is an error all the same.
    retracted = [f for f in found if f.index + 1 < len(points) and points[f.index + 1].role == "recall"]
    if retracted and rng.random() < 0.7:
        found = retracted
    return found[int(rng.integers(len(found)))]


def _row(
    truth: Truth, style: Narrator, planned: Sequence[Point], points: Sequence[Point], answer: str, seed: int
) -> Row:
    """All that is known of one trace."""
    item = truth.item
    steps, think = narrate(truth, style, points, seed)
    labels = [truth.label(p) for p in points]
    gold = item.question.gold or ""
    given = item.as_row()
    concluded = points[-1].place
    told = answer.replace("_", " ") if "_" not in think else answer
    n = len(steps)
    return {
        "story_id": item.story_id,
        "source": given["source"],
        "profile": item.profile,
        "story": item.text,
        "question": given["question"],
        "choices": given["choices"],
        "order": item.question.order,
        "length": next((name for most, name in _LENGTHS if n <= most), "long"),
        "steps": [{"text": step} for step in steps],
        "step_events": [_lines(p) for p in points],
        "gold_beliefs": [_gold(truth, p) for p in points],
        "stated_beliefs": [
            (p.place or "unknown") if p.chain == truth.chain and p.chain else None for p in points
        ],
        "change_steps": [p.role == "event" and truth.changes(p.line) for p in planned],
        "label": labels.index(0) if 0 in labels else -1,
        "step_labels": labels,
        "prefix_labels": list(accumulate((1 if x is None else x for x in labels), min)),
        "error_types": [None] * n,
        "fault": None,
        "variant": None,
        "answer": told,
        "gold_answer": gold,
        "final_answer_correct": matches(told, gold),
        "answer_follows": concluded is not None and matches(told, concluded),
        "trace": f"<think>\n{think}\n</think>\n<answer>{told}</answer>",
    }


def _lines(point: Point) -> list[int]:
    return list(range(point.line, max(point.line, point.until) + 1)) if point.line else []


def _gold(truth: Truth, point: Point) -> str | None:
    """The queried belief after the step's line, in the end for the conclusion."""
    if point.role == "conclusion":
        return truth.belief(truth.chain, truth.last)
    return truth.belief(truth.chain, point.until or point.line) if point.line else None


def item_of(row: Mapping[str, Any]) -> Item:
    """The item that a row is about, with its gold answer."""
    return Item.from_row({**row, "answer": row["gold_answer"]})


def check_no_leak(splits: Mapping[str, Sequence[Row]]) -> None:
    """No two splits share a story, a person, a thing, a container or a room, and outside `ood` nothing is
    held out.

    Raises:
        ValueError: names the splits and what leaks.
    """
    for split, rows in splits.items():
        if split != "ood":
            for key, held_out in (("generator", HELD_OUT_GENERATORS), ("narrator", HELD_OUT_NARRATORS)):
                if leaked := sorted({r[key] for r in rows} & held_out):
                    raise ValueError(
                        f"{split} has rows of the held-out {key} {', '.join(leaked)}; move them to ood"
                    )
    found = {split: _traces_of(rows) for split, rows in splits.items()}
    names = list(splits)
    for i, first in enumerate(names):
        for second in names[i + 1 :]:
            for what, ours in found[first].items():
                if shared := sorted(ours & found[second][what]):
                    raise ValueError(
                        f"{first} and {second} share {len(shared)} {what}, such as {', '.join(shared[:3])}; "
                        "generate each split with its own words and seeds"
                    )


def _traces_of(rows: Sequence[Row]) -> dict[str, frozenset[str]]:
    """What a model may remember of the rows."""
    once = {row["story"]: row for row in rows}.values()  # both twins tell one story
    return {
        "story ids": frozenset(row["story_id"] for row in rows),
        "stories": frozenset(" ".join(row["story"].split()) for row in once),
        "words": frozenset().union(*(words_of(item_of(row)) for row in once)),
    }
