"""Who can be measured on the benchmark: baselines that understand nothing, and the checker.

A scorer maps rows to one score in [0, 1] or None (not decided) for each step. A reward model's scores come
as verdict rows (`tomprm score`, `tomprm check`), through `from_verdicts`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from tomprm.belief.generate import seeded
from tomprm.bench.rows import item_of
from tomprm.checker.check import Checker
from tomprm.trace.steps import read_trace

Row = Mapping[str, Any]
Scores = list[list[float | None]]


def always_right(rows: Sequence[Row]) -> Scores:
    """Calls every step right."""
    return [[1.0] * len(row["steps"]) for row in rows]


def copy_previous(rows: Sequence[Row]) -> Scores:
    """Calls a step right if the belief it states is the one stated last before it; a step that states none,
    or is the first to, is right."""
    scores: Scores = []
    for row in rows:
        held: str | None = None
        given: list[float | None] = []
        for stated in row["stated_beliefs"]:
            given.append(float(stated is None or held is None or stated == held))
            held = stated or held
        scores.append(given)
    return scores


def random_scores(rows: Sequence[Row]) -> Scores:
    """Uniform in [0, 1], from the row's id."""
    return [[float(x) for x in seeded(0, row["id"], 0).random(len(row["steps"]))] for row in rows]


def checker(rows: Sequence[Row]) -> Scores:
    """The checker's verdicts on the given steps: 1 supported, 0 contradicted, None not decided."""
    scores: Scores = []
    for row in rows:
        verdict = Checker(item_of(row)).check(read_trace(row["trace"], [s["text"] for s in row["steps"]]))
        scores.append([step.score for step in verdict.steps])
    return scores


def from_verdicts(rows: Sequence[Row], verdicts: Iterable[Row]) -> Scores:
    """Scores of verdict rows, matched by id.

    Raises:
        ValueError: a row without a verdict, or with another number of steps; the message names it.
    """
    by_id = {verdict.get("id"): verdict for verdict in verdicts}
    scores: Scores = []
    for row in rows:
        steps = by_id.get(row["id"], {}).get("steps")
        if steps is None:
            raise ValueError(f"{row['id']}: has no verdict; score the whole file, with its steps")
        if len(steps) != len(row["steps"]):
            found = f"{len(steps)} steps for {len(row['steps'])}"
            raise ValueError(f"{row['id']}: the verdict has {found}; keep the key steps when scoring")
        scores.append([step["score"] for step in steps])
    return scores


SCORERS: dict[str, Callable[[Sequence[Row]], Scores]] = {
    "checker": checker,
    "always_right": always_right,
    "copy_previous": copy_previous,
    "random": random_scores,
}
