"""How good are step scores? First errors, balanced accuracy, ranking, calibration; without the ML stack.

Truth is the local label: >= 0.5 is right; null takes no part. A step is called wrong at a score <=
threshold, as in ProcessBench; a score of None (not decided) calls nothing wrong. A number that is
undefined on a set is None, never -1 or 0, so it cannot leak into a mean.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from scipy.stats import rankdata  # pyright: ignore

Row = Mapping[str, Any]
Scores = Sequence[Sequence[float | None]]  # one list a trace, one value a step


def balanced_accuracy(right: np.ndarray, called: np.ndarray) -> float | None:
    """Mean recall of right and of wrong steps; both arguments (N,) bool."""
    if right.all() or not right.any():
        return None
    return float((called[right].mean() + (~called[~right]).mean()) / 2)


def auroc(right: np.ndarray, scores: np.ndarray) -> float | None:
    """Chance that a right step scores above a wrong one, ties half; (N,) bool and (N,) float. By ranks:
    (sum of the right steps' ranks - g(g+1)/2) / (g b) for g right and b wrong steps (Mann-Whitney)."""
    good, bad = int(right.sum()), int((~right).sum())
    if not good or not bad:
        return None
    ranks = np.asarray(rankdata(scores), float)
    return float((ranks[right].sum() - good * (good + 1) / 2) / (good * bad))


def first_error(values: Sequence[float | None], threshold: float) -> int:
    """Index of the first value <= threshold, None left out; -1 if there is none."""
    return next((i for i, v in enumerate(values) if v is not None and v <= threshold), -1)


def first_error_f1(truth: Sequence[int], predicted: Sequence[int]) -> dict[str, float | None]:
    """ProcessBench (arXiv 2412.06559): `f1` = 2 e c / (e + c), the harmonic mean of exact matches among
    traces with an error (`error`, e) and without (`correct`, c); 0 where both are, None where one kind of
    trace is missing."""
    hits = {True: list[bool](), False: list[bool]()}
    for true, found in zip(truth, predicted, strict=True):
        hits[true == -1].append(true == found)
    error, correct = (float(np.mean(hits[kind])) if hits[kind] else None for kind in (False, True))
    f1 = None
    if error is not None and correct is not None:
        f1 = 2 * error * correct / (error + correct) if error + correct else 0.0
    return {"f1": f1, "error": error, "correct": correct}


def precision_recall_f1(truth: np.ndarray, called: np.ndarray) -> dict[str, float | None]:
    """Of the positive class; (N,) bool each. f1 = 2 TP / (2 TP + FP + FN)."""
    hits, claimed, there = int((truth & called).sum()), int(called.sum()), int(truth.sum())
    return {
        "precision": hits / claimed if claimed else None,
        "recall": hits / there if there else None,
        "f1": 2 * hits / (claimed + there) if claimed + there else None,
    }


def prm_score(right: np.ndarray, called: np.ndarray) -> dict[str, float | None]:
    """PRMBench (arXiv 2501.03124): `score` = 0.5 F1 + 0.5 negF1 over all steps, F1 of the right steps and
    negF1 of the wrong ones; None where either is."""
    f1, negative = (precision_recall_f1(a, b)["f1"] for a, b in ((right, called), (~right, ~called)))
    return {
        "score": None if f1 is None or negative is None else (f1 + negative) / 2,
        "f1": f1,
        "neg_f1": negative,
    }


def brier(right: np.ndarray, scores: np.ndarray) -> float | None:
    """Mean of (p - y)^2; (N,) each."""
    return float(np.mean((scores - right) ** 2)) if len(right) else None


def ece(right: np.ndarray, scores: np.ndarray, bins: int = 10) -> float | None:
    """Expected calibration error: sum over equal-width bins of |B|/N |mean label - mean score|."""
    if not len(right):
        return None
    index = np.minimum((scores * bins).astype(int), bins - 1)
    gap = 0.0
    for members in (index == b for b in range(bins)):
        if members.any():
            gap += members.mean() * abs(right[members].mean() - scores[members].mean())
    return float(gap)


def minimum_position(scores: Scores, bins: int = 5) -> dict[str, Any]:
    """Where in a trace its least score stands (the first of equals): `histogram` of index/(steps - 1) in
    equal bins, and `last`, the share on the last step; more than 0.4 there is a PRM that only judges
    outcomes. Traces whose scores are all equal say nothing and are left out."""
    places: list[float] = []
    for row in scores:
        known = [(s, i) for i, s in enumerate(row) if s is not None]
        if len({s for s, _ in known}) > 1:
            places.append(min(known)[1] / (len(row) - 1))
    counts = np.histogram(places, bins=bins, range=(0, 1))[0]
    total = len(places)
    return {
        "traces": total,
        "histogram": [float(c / total) for c in counts] if total else None,
        "last": float(np.mean([p == 1 for p in places])) if total else None,
    }


def paired_accuracy(rows: Sequence[Row], scores: Scores) -> dict[str, Any]:
    """Share of pairs in which the clean twin scores above the faulty one at the faulty step; ties count
    half. A step that was not decided counts as not flagged, so as 1."""
    by_id = {row["id"]: given for row, given in zip(rows, scores, strict=True)}
    wins: list[float] = []
    for row, given in zip(rows, scores, strict=True):
        if row["label"] >= 0 and row["pair_id"] in by_id:
            at: int = row["label"]
            twin = by_id[row["pair_id"]]
            a, b = (1.0 if s[at] is None else float(s[at] or 0) for s in (twin, given))
            wins.append(1.0 if a > b else 0.5 if a == b else 0.0)
    return {"pairs": len(wins), "accuracy": float(np.mean(wins)) if wins else None}


def measure(
    labels: Sequence[Sequence[bool | float | None]], scores: Scores, threshold: float = 0.5
) -> dict[str, Any]:
    """The metrics of one set of traces: one list a trace, one value a step.

    Returns:
        traces and steps (labelled ones), wrong (share of the steps), accuracy, balanced_accuracy,
        auroc (of the decided steps), first_error {f1, error, correct}.
    """
    right: list[bool] = []
    values: list[float | None] = []
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
    true, called = np.array(right, bool), np.array([s is None or s > threshold for s in values], bool)
    decided = np.array([s is not None for s in values], bool)
    ranked = np.array([s for s in values if s is not None], float)
    return {
        "traces": len(truth),
        "steps": len(right),
        "wrong": float((~true).mean()) if right else None,
        "accuracy": float((true == called).mean()) if right else None,
        "balanced_accuracy": balanced_accuracy(true, called),
        "auroc": auroc(true[decided], ranked),
        "first_error": first_error_f1(truth, found),
    }


def evaluate(rows: Sequence[Row], scores: Scores, threshold: float = 0.5) -> dict[str, Any]:
    """All metrics of a set of benchmark rows: those of `measure`, and

    decided        share of the labelled steps with a score
    wrong_steps    precision, recall, f1 of calling a step wrong; false_alarms: share of right steps
    prm_score      see `prm_score`
    change_steps   the same as wrong_steps on those steps alone at which the queried belief changes, with
                   balanced_accuracy (most steps copy the belief before, and so does a lazy judge)
    brier, ece     of the decided steps
    minimum, paired
    """
    labels = [row["step_labels"] for row in rows]
    flat = [
        (x == 1, s, change)
        for row, given in zip(rows, scores, strict=True)
        for x, s, change in zip(row["step_labels"], given, row["change_steps"], strict=True)
        if x is not None
    ]
    right = np.array([x for x, _, _ in flat], bool)
    called = np.array([s is None or s > threshold for _, s, _ in flat], bool)
    changes = np.array([c for _, _, c in flat], bool)
    decided = np.array([s is not None for _, s, _ in flat], bool)
    known = np.array([s for _, s, _ in flat if s is not None], float)
    alarms = float((~called[right]).mean()) if right.any() else None
    at_changes = precision_recall_f1(~right[changes], ~called[changes])
    balanced = balanced_accuracy(right[changes], called[changes]) if changes.any() else None
    return {
        **measure(labels, scores, threshold),
        "decided": float(decided.mean()) if flat else None,
        "wrong_steps": {**precision_recall_f1(~right, ~called), "false_alarms": alarms},
        "prm_score": prm_score(right, called),
        "change_steps": {"steps": int(changes.sum()), **at_changes, "balanced_accuracy": balanced},
        "brier": brier(right[decided], known),
        "ece": ece(right[decided], known),
        "minimum": minimum_position(scores),
        "paired": paired_accuracy(rows, scores),
    }


GROUPS = ("split", "order", "generator", "narrator", "length", "fault")


def evaluate_groups(rows: Sequence[Row], scores: Scores, threshold: float = 0.5) -> dict[str, Any]:
    """`evaluate` of all rows and of each group: {"all": .., "order": {"1": ..}, ..}. A fault's group holds
    the faulty rows and their clean twins."""
    faults = {row["pair_id"]: row["fault"] for row in rows if row["fault"]}
    report: dict[str, Any] = {"all": evaluate(rows, scores, threshold)}
    for key in GROUPS:
        values = [faults.get(r["pair_id"]) if key == "fault" else r[key] for r in rows]
        report[key] = {
            str(value): evaluate(
                [r for r, v in zip(rows, values, strict=True) if v == value],
                [s for s, v in zip(scores, values, strict=True) if v == value],
                threshold,
            )
            for value in sorted({v for v in values if v is not None}, key=str)
        }
    return report


def interval(
    rows: Sequence[Row],
    scores: Scores,
    statistic: Callable[[np.ndarray], float],
    counts: Callable[[Row, Sequence[float | None]], Sequence[float]],
    *,
    level: float = 0.95,
    resamples: int = 1000,
    seed: int = 0,
) -> tuple[float, float] | None:
    """Percentile bootstrap clustered by story (whole stories are drawn with replacement).

    Args:
        counts: what one trace adds to the sums (C,) that `statistic` is computed from.

    Returns:
        (low, high); None where the statistic is undefined (nan) in more than 5 % of the resamples.
    """
    stories = {story: i for i, story in enumerate(dict.fromkeys(row["story_id"] for row in rows))}
    sums: np.ndarray | None = None
    for row, given in zip(rows, scores, strict=True):
        added = np.asarray(counts(row, given), float)
        sums = np.zeros((len(stories), len(added))) if sums is None else sums
        sums[stories[row["story_id"]]] += added
    if sums is None:
        return None
    n = len(stories)
    weights = np.random.default_rng(seed).multinomial(n, [1 / n] * n, size=resamples)
    drawn = np.array([statistic(total) for total in weights @ sums])
    if np.isnan(drawn).mean() > 0.05:
        return None
    low, high = np.nanquantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def f1_interval(
    rows: Sequence[Row], scores: Scores, threshold: float = 0.5, **how: Any
) -> tuple[float, float] | None:
    """Interval of ProcessBench's F1 over labelled steps; arguments as of `interval`."""

    def counts(row: Row, given: Sequence[float | None]) -> Sequence[float]:
        known = [s if x is not None else None for x, s in zip(row["step_labels"], given, strict=True)]
        hit = first_error(known, threshold) == row["label"]
        clean = row["label"] == -1
        return (hit and not clean, not clean, hit and clean, clean)

    def f1(total: np.ndarray) -> float:
        if not total[1] or not total[3]:
            return float("nan")
        error, correct = total[0] / total[1], total[2] / total[3]
        return float(2 * error * correct / (error + correct)) if error + correct else 0.0

    return interval(rows, scores, f1, counts, **how)


def prm_score_interval(
    rows: Sequence[Row], scores: Scores, threshold: float = 0.5, **how: Any
) -> tuple[float, float] | None:
    """Interval of PRMScore; arguments as of `interval`."""

    def counts(row: Row, given: Sequence[float | None]) -> Sequence[float]:
        table = np.zeros(4)
        for label, score in zip(row["step_labels"], given, strict=True):
            if label is not None:
                called = score is None or score > threshold
                table[2 * (label == 1) + called] += 1
        return table.tolist()

    def score(total: np.ndarray) -> float:
        caught, missed, alarms, kept = total
        if not (caught + missed + alarms) or not (kept + alarms + missed):
            return float("nan")
        return float(kept / (2 * kept + missed + alarms) + caught / (2 * caught + missed + alarms))

    return interval(rows, scores, score, counts, **how)
