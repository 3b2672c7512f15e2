"""Step-labelled examples, built by the checker and split by story (tomprm.prm.files keeps them).

An example is TRL's stepwise form with ids, and with what TRL's form cannot hold:

    {"id": "train/0/3a/lucky", "item_id": "train/0/3a", "story_id": "train/0/3", "source": "tomprm",
     "narrator": "lucky", "order": 1, "answer_correct": true, "trace": "<think>...",
     "prompt": "1 Ann entered ...", "completions": ["Line 2: ...", "So Ann ..."],
     "labels": [false, true],            is this step right by itself?
     "prefix_labels": [false, false]}    is everything right up to and with this step?

A label is a bool, a probability in [0, 1], or null where nobody can tell.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from tomprm.belief.generate import seeded
from tomprm.bench.files import prompt_of
from tomprm.checker.check import Checker
from tomprm.checker.verdict import Status
from tomprm.trace.canonical import NARRATORS
from tomprm.trace.steps import read_trace
from tomprm.world.items import Item

Example = dict[str, Any]
Label = bool | float | None
_LABELS: dict[Status, bool] = {Status.SUPPORTED: True, Status.CONTRADICTED: False}


def prefix_of(labels: Sequence[Label], vacuous: Sequence[bool] | None = None) -> list[Label]:
    """Local labels -> "all so far right": a wrong step makes all that follow wrong, an unknown one makes
    them unknown, probabilities give the least so far. Steps marked `vacuous` claim nothing, so cannot err.

    >>> prefix_of([True, None, True, False, None])
    [True, None, None, False, False]
    >>> prefix_of([None, True, 0.5, 0.75], vacuous=[True, False, False, False])
    [True, True, 0.5, 0.5]
    """
    least: bool | float = True
    unknown, prefix = False, list[Label]()
    for index, label in enumerate(labels):
        if label is not None:
            least = min(least, label)
        elif vacuous is None or not vacuous[index]:
            unknown = True
        prefix.append(least if least == 0 or not unknown else None)
    return prefix


def label_trace(
    item: Item, text: str, *, id: str, steps: Sequence[str] | None = None, **extra: object
) -> Example:
    """The example of one trace, labelled by the checker; `extra` keys are kept.

    Args:
        steps: a given segmentation; without, one step a line of the think part.

    Raises:
        ValueError: the trace has no steps, or a given step is not in it in order.
    """
    try:
        trace = read_trace(text, steps)
    except ValueError as error:
        raise ValueError(f"{id}: {error}") from error
    if not trace.steps:
        raise ValueError(f"{id}: the trace has no steps; leave traces without reasoning out")
    verdict = Checker(item).check(trace)
    labels: list[Label] = [_LABELS.get(s.status) for s in verdict.steps]
    row = item.as_row()
    return {
        "id": id,
        "item_id": item.id,
        "story_id": item.story_id,
        "source": row["source"],
        **extra,
        "order": item.question.order,
        "answer_correct": verdict.answer_status is Status.SUPPORTED,
        "prompt": prompt_of(row["story"], row["question"]),
        "completions": [s.step.text for s in verdict.steps],
        "labels": labels,
        "prefix_labels": prefix_of(labels, [s.status is Status.NO_CLAIM for s in verdict.steps]),
        "trace": text,
    }


def build_examples(items: Iterable[Item], mixture: Mapping[str, float], seed: int) -> list[Example]:
    """One labelled trace an item, its narrator drawn by the mixture's weights.

    An item's example depends on (mixture, seed, the item's id) only, not on the items beside it.

    Raises:
        ValueError: an unknown narrator, a negative weight or no positive one; an item without an answer.
    """
    if unknown := [name for name in mixture if name not in NARRATORS]:
        raise ValueError(f"mixture: no narrator {', '.join(unknown)}; known: {', '.join(NARRATORS)}")
    weights = np.array(list(mixture.values()), float)
    if not np.isfinite(weights).all() or (weights < 0).any() or not weights.sum():
        raise ValueError(f"mixture: {dict(mixture)} needs weights >= 0 and at least one above 0")
    names, share = list(mixture), weights / weights.sum()
    examples: list[Example] = []
    for item in items:
        rng = seeded(seed, item.id, 0)
        narrator = names[int(rng.choice(len(names), p=share))]
        text = NARRATORS[narrator](item, rng)
        examples.append(label_trace(item, text, id=f"{item.id}/{narrator}", narrator=narrator))
    return examples


def split_by_story(
    examples: Sequence[Example], held_out: float, seed: int
) -> tuple[list[Example], list[Example]]:
    """(train, held out): a share of the stories, with all of their examples, goes to the second.

    Raises:
        ValueError: an example without `story_id`, or a share that leaves one side empty.
    """
    stories = sorted({_story(example) for example in examples})
    count = round(held_out * len(stories))
    if not 0 < count < len(stories):
        raise ValueError(f"held_out={held_out} of {len(stories)} stories leaves one side empty; change it")
    chosen = {stories[i] for i in np.random.default_rng(seed).permutation(len(stories))[:count]}
    train = [e for e in examples if e["story_id"] not in chosen]
    test = [e for e in examples if e["story_id"] in chosen]
    check_no_leak(train, test)
    return train, test


def check_no_leak(train: Iterable[Example], test: Iterable[Example]) -> None:
    """No story, and no prompt, is on both sides.

    Raises:
        ValueError: there is one; the message names the first few stories.
    """
    train = list(train)
    seen, prompts = {_story(e) for e in train}, {e["prompt"] for e in train}
    shared = sorted({_story(e) for e in test if _story(e) in seen or e["prompt"] in prompts})
    if shared:
        raise ValueError(
            f"{len(shared)} stories are on both sides of the split, such as {', '.join(shared[:3])}; "
            "use split_by_story"
        )


def _story(example: Example) -> str:
    if not isinstance(story := example.get("story_id"), str):
        raise ValueError(f"example {example.get('id')!r} has no story_id; splits are by story, so add one")
    return story
