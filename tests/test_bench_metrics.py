"""The benchmark's metrics: by hand, against invariants, with undecided steps and undefined values."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tomprm.bench.metrics import (
    auroc,
    brier,
    ece,
    evaluate,
    evaluate_groups,
    f1_interval,
    first_error_f1,
    minimum_position,
    paired_accuracy,
    precision_recall_f1,
    prm_score,
    prm_score_interval,
)  # fmt: skip
from tomprm.bench.scorers import always_right, copy_previous, from_verdicts, random_scores


def row(
    pair: int, labels: list[int | None], stated: list[str | None] | None = None, **more: Any
) -> dict[str, Any]:
    """A benchmark row as far as metrics look at it; the clean twin is the one without a 0."""
    bad = 0 in labels
    return {
        "id": f"{pair}/{'faulty' if bad else 'clean'}",
        "pair_id": f"{pair}/clean",
        "story_id": f"s{pair}",
        "steps": [{"text": "x"}] * len(labels),
        "step_labels": labels,
        "label": labels.index(0) if bad else -1,
        "change_steps": [False] * len(labels),
        "stated_beliefs": stated or [None] * len(labels),
        "split": "test", "order": 1, "generator": "g", "narrator": "n", "length": "short",
        "fault": "stale_copy" if bad else None,
        **more,
    }  # fmt: skip


def both(n: int) -> list[dict[str, Any]]:
    return [r for i in range(n) for r in (row(i, [None, 1, 1, 1]), row(i, [None, 1, 0, 1]))]


def test_a_perfect_judge() -> None:
    rows = both(5)
    scores = [[None if x is None else float(x) for x in r["step_labels"]] for r in rows]
    found = evaluate(rows, scores)
    assert found["first_error"] == {"f1": 1.0, "error": 1.0, "correct": 1.0}
    assert found["prm_score"] == {"score": 1.0, "f1": 1.0, "neg_f1": 1.0}
    assert found["auroc"] == found["paired"]["accuracy"] == found["decided"] == 1.0
    assert found["brier"] == found["ece"] == found["wrong_steps"]["false_alarms"] == 0.0


def test_always_right_and_undefined_values_are_none() -> None:
    rows = both(4)
    found = evaluate(rows, always_right(rows))
    assert found["first_error"] == {"f1": 0.0, "error": 0.0, "correct": 1.0}
    assert found["wrong_steps"] == {"precision": None, "recall": 0.0, "f1": 0.0, "false_alarms": 0.0}
    assert found["paired"]["accuracy"] == 0.5 and found["minimum"]["last"] is None
    assert found["change_steps"]["balanced_accuracy"] is None
    clean = evaluate(rows[::2], always_right(rows[::2]))
    assert clean["auroc"] is clean["first_error"]["f1"] is clean["prm_score"]["score"] is None
    assert evaluate([], [])["accuracy"] is None


def test_prm_score_by_hand() -> None:
    right = np.array([1, 1, 1, 0, 0], bool)
    called = np.array([1, 1, 0, 0, 1], bool)  # TP 2, FN 1, TN 1, FP 1
    found = prm_score(right, called)
    assert found["f1"] == pytest.approx(2 * 2 / (2 * 2 + 1 + 1))
    assert found["neg_f1"] == pytest.approx(2 * 1 / (2 * 1 + 1 + 1))
    assert found["score"] == pytest.approx((4 / 6 + 2 / 4) / 2)
    assert precision_recall_f1(~right, ~called) == {"precision": 0.5, "recall": 0.5, "f1": 0.5}


def test_first_error_f1_by_hand() -> None:
    found = first_error_f1([2, 1, -1, -1, -1], [2, 0, -1, -1, 3])
    assert found == {"f1": pytest.approx(2 * 0.5 * (2 / 3) / (0.5 + 2 / 3)), "error": 0.5, "correct": 2 / 3}


def test_undecided_steps_are_not_flagged() -> None:
    rows = both(3)
    found = evaluate(rows, [[None] * 4 for _ in rows])
    assert found["decided"] == 0 and found["first_error"]["correct"] == 1.0
    assert found["auroc"] is found["brier"] is None and found["paired"]["accuracy"] == 0.5
    half = evaluate(rows, [[None, None, 0.0 if r["label"] == 2 else None, None] for r in rows])
    assert half["first_error"]["f1"] == 1.0 and half["paired"]["accuracy"] == 1.0
    assert half["decided"] == pytest.approx(1 / 6)


def test_fillers_take_no_part() -> None:
    rows = both(2)
    scores: Any = [[0.0, 1.0, float(r["label"] != 2), 1.0] for r in rows]  # calls each plan wrong
    assert evaluate(rows, scores)["first_error"]["f1"] == 1.0


def test_change_steps_alone() -> None:
    change = [False, False, True, False]
    rows = [row(0, [None, 1, 1, 1], change_steps=change), row(0, [None, 1, 0, 1], change_steps=change)]
    found = evaluate(rows, [[1, 0, 1, 0], [1, 0, 0, 0]])["change_steps"]
    assert found == {"steps": 2, "precision": 1.0, "recall": 1.0, "f1": 1.0, "balanced_accuracy": 1.0}


def test_copy_previous_flags_changes() -> None:
    rows = [row(0, [1, 1, 1, 1], ["a", None, "a", "b"])]
    assert copy_previous(rows) == [[1.0, 1.0, 1.0, 0.0]]
    assert random_scores(rows) == random_scores(rows)


def test_calibration_by_hand() -> None:
    right = np.array([1, 0, 1, 1], bool)
    scores = np.array([0.9, 0.9, 0.1, 1.0])
    assert brier(right, scores) == pytest.approx((0.01 + 0.81 + 0.81 + 0) / 4)
    assert ece(right, scores) == pytest.approx(0.75 * abs(2 / 3 - 2.8 / 3) + 0.25 * 0.9)
    assert ece(np.array([], bool), np.array([])) is None


def test_minimum_position() -> None:
    found = minimum_position([[1, 0.5, 0.2], [0.1, 0.5, 0.2], [0.5, 0.5], [None, 1.0, 0.0], [None]])
    assert found["traces"] == 3 and found["last"] == pytest.approx(2 / 3)
    assert found["histogram"] == pytest.approx([1 / 3, 0, 0, 0, 2 / 3])


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=2))
def test_auroc_is_the_share_of_ordered_pairs(found: list[tuple[bool, int]]) -> None:
    right = np.array([r for r, _ in found])
    scores = np.array([s for _, s in found], float)
    wins = [float(a > b) + 0.5 * (a == b) for a in scores[right] for b in scores[~right]]
    expected = sum(wins) / len(wins) if wins else None
    assert auroc(right, scores) == (None if expected is None else pytest.approx(expected))


def test_paired_accuracy_looks_at_the_faulty_step() -> None:
    rows = both(2)
    scores = [[1, 1, 0.9, 0], [1, 0, 0.8, 0], [1, 1, 0.2, 1], [1, 1, 0.3, 1]]
    assert paired_accuracy(rows, scores) == {"pairs": 2, "accuracy": 0.5}
    assert paired_accuracy(rows[1:2], scores[1:2]) == {"pairs": 0, "accuracy": None}


def test_intervals_are_by_story() -> None:
    rng = np.random.default_rng(0)
    rows = both(60)
    scores: Any = [
        [1.0, 1.0, float(x if rng.random() < 0.7 else 1 - x), 1.0]
        for x in (r["step_labels"][2] for r in rows)
    ]
    for interval, value in (
        (f1_interval, evaluate(rows, scores)["first_error"]["f1"]),
        (prm_score_interval, evaluate(rows, scores)["prm_score"]["score"]),
    ):
        low, high = interval(rows, scores, resamples=300) or (math.nan, math.nan)
        assert low < value < high < low + 0.4
        assert interval(rows, scores, resamples=300) == (low, high)
        # The same traces told ten times say no more about the stories.
        tenfold = interval(rows * 10, scores * 10, resamples=300)
        assert tenfold == pytest.approx((low, high))
    assert f1_interval(rows[::2], scores[::2], resamples=50) is None


def test_groups() -> None:
    rows = both(3) + [r | {"order": 2} for r in both(2)]
    found = evaluate_groups(rows, always_right(rows))
    assert {k: v["traces"] for k, v in found["order"].items()} == {"1": 6, "2": 4}
    assert found["fault"]["stale_copy"]["traces"] == 10  # with the clean twins


def test_scores_from_verdict_rows() -> None:
    rows = both(1)
    verdicts = [{"id": r["id"], "steps": [{"score": 0.5}] * 4} for r in rows]
    assert from_verdicts(rows, verdicts) == [[0.5] * 4] * 2
    with pytest.raises(ValueError, match="0/faulty: has no verdict"):
        from_verdicts(rows, verdicts[:1])
    with pytest.raises(ValueError, match="3 steps for 4"):
        from_verdicts(rows, [verdicts[0], {"id": "0/faulty", "steps": [{"score": 1}] * 3}])
