"""How good are step scores? First errors, balanced accuracy, ranking; beside "always right".

Truth is the local label: >= 0.5 is right; null takes no part. A step is called wrong at a score <=
threshold, as in ProcessBench. A number that is undefined on a set is None.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.stats import rankdata


def balanced_accuracy(right: np.ndarray, called: np.ndarray) -> float | None:
    """Mean recall of right and of wrong steps; both arguments (N,) bool."""
    if right.all() or not right.any():
        return None
    return float((called[right].mean() + (~called[~right]).mean()) / 2)


def auroc(right: np.ndarray, scores: np.ndarray) -> float | None:
    """Chance that a right step scores above a wrong one, ties half; (N,) bool and (N,) float."""
    good, bad = int(right.sum()), int((~right).sum())
    if not good or not bad:
        return None
    return float((rankdata(scores)[right].sum() - good * (good + 1) / 2) / (good * bad))


def first_error(values: Sequence[float | None], threshold: float) -> int:
    """Index of the first value <= threshold, None left out; -1 if there is none."""
    return next((i for i, v in enumerate(values) if v is not None and v <= threshold), -1)


def first_error_f1(truth: Sequence[int], predicted: Sequence[int]) -> dict[str, float | None]:
    """ProcessBench: `f1`, the harmonic mean of exact matches among traces with an error (`error`) and
    without (`correct`); 0 where both are."""
    hits = {True: list[bool](), False: list[bool]()}
    for true, found in zip(truth, predicted, strict=True):
        hits[true == -1].append(true == found)
    error, correct = (float(np.mean(hits[kind])) if hits[kind] else None for kind in (False, True))
    f1 = None
    if error is not None and correct is not None:
        f1 = 2 * error * correct / (error + correct) if error + correct else 0.0
    return {"f1": f1, "error": error, "correct": correct}


def measure(
    labels: Sequence[Sequence[bool | float | None]], scores: Sequence[Sequence[float]], threshold: float = 0.5
) -> dict[str, Any]:
    """The metrics of one set of traces: one list a trace, one value a step.

    Returns:
        traces and steps (labelled ones), wrong (share of the steps), accuracy, balanced_accuracy,
        auroc, first_error {f1, error, correct}.
    """
    right: list[bool] = []
    values: list[float] = []
    truth: list[int] = []
    found: list[int] = []
    for row, given in zip(labels, scores, strict=True):
        # Only labelled steps take part: elsewhere nobody knows whether a call is right.
        known = [(float(x >= 0.5), s) for x, s in zip(row, given, strict=True) if x is not None]
        if known:
            right += [bool(x) for x, _ in known]
            values += [s for _, s in known]
            truth.append(first_error([x for x, _ in known], 0.5))
            found.append(first_error([s for _, s in known], threshold))
    true, called = np.array(right, bool), np.array(values) > threshold
    return {
        "traces": len(truth),
        "steps": len(right),
        "wrong": float((~true).mean()) if right else None,
        "accuracy": float((true == called).mean()) if right else None,
        "balanced_accuracy": balanced_accuracy(true, called),
        "auroc": auroc(true, np.array(values)),
        "first_error": first_error_f1(truth, found),
    }
