"""Intervals, tests and counts: exact cases, invariants over random data, and the promised coverage."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tomprm.report.stats import (
    FourFold,
    Interval,
    cluster_bootstrap,
    four_fold,
    paired_bootstrap,
    sign_flip_p,
)

values = st.floats(-1e3, 1e3, allow_nan=False, width=32)
clustered = st.lists(st.tuples(values, st.integers(0, 8)), min_size=1, max_size=40)


@given(clustered)
@settings(deadline=None, max_examples=60)
def test_interval_holds_the_estimate(rows: list[tuple[float, int]]):
    x, clusters = zip(*rows, strict=True)
    interval = cluster_bootstrap(x, clusters, resamples=200)
    assert interval.mean == pytest.approx(np.mean(x), abs=1e-6)
    assert interval.n == len(rows) and interval.clusters == len(set(clusters))
    if interval.clusters < 2:
        assert interval.low is None and interval.high is None
    else:
        assert interval.low is not None and interval.high is not None
        assert min(x) <= interval.low <= interval.mean <= interval.high <= max(x)


@given(clustered, st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=40)
def test_order_of_rows_changes_nothing(rows: list[tuple[float, int]], random):
    mixed = rows.copy()
    random.shuffle(mixed)
    (x, c), (y, d) = zip(*rows, strict=True), zip(*mixed, strict=True)
    assert cluster_bootstrap(x, c, resamples=200) == cluster_bootstrap(y, d, resamples=200)
    assert sign_flip_p(x, c, flips=200) == sign_flip_p(y, d, flips=200)


@given(values, st.lists(st.integers(0, 8), min_size=2, max_size=40))
@settings(deadline=None, max_examples=40)
def test_constant_data_has_an_interval_of_width_zero(value: float, clusters: list[int]):
    interval = cluster_bootstrap([value] * len(clusters), clusters, resamples=100)
    if interval.clusters > 1:
        assert interval.low == interval.mean == interval.high == pytest.approx(value)


@given(clustered)
@settings(deadline=None, max_examples=40)
def test_p_value_is_a_probability_and_blind_to_the_sign(rows: list[tuple[float, int]]):
    x, clusters = zip(*rows, strict=True)
    p = sign_flip_p(x, clusters, flips=200)
    assert p == sign_flip_p([-v for v in x], clusters, flips=200)
    assert p is None if len(set(clusters)) < 2 else p is not None and 0 < p <= 1


def test_one_row_and_missing_values():
    assert cluster_bootstrap([0.5], ["a"]) == Interval(0.5, None, None, n=1, clusters=1)
    assert cluster_bootstrap([], []) == Interval(None, None, None, n=0, clusters=0)
    assert cluster_bootstrap([np.nan, np.nan], [1, 2]) == Interval(None, None, None, 0, 0, missing=2)
    some = cluster_bootstrap([1.0, np.nan, 0.0], ["a", "b", "c"])
    assert (some.mean, some.n, some.clusters, some.missing) == (0.5, 2, 2, 1)
    pair = paired_bootstrap([1.0, np.nan, 1.0], [0.0, 0.0, np.nan], [1, 2, 3])
    assert (pair.mean, pair.n, pair.missing, pair.p, pair.sign) == (1.0, 1, 2, None, 0)
    with pytest.raises(ValueError, match="one length"):
        cluster_bootstrap([1.0, 2.0], [1])


def test_sign_flip_is_exact_for_few_clusters():
    # Four stories, all positive: 2 of the 16 sign patterns are as far from zero.
    assert sign_flip_p([1, 2, 3, 4], [1, 2, 3, 4]) == pytest.approx(2 / 16)
    assert sign_flip_p([0.0, 0.0], [1, 2]) == 1.0
    # Three rows in each of two stories are two observations, not six.
    assert sign_flip_p([1] * 6, [1, 1, 1, 2, 2, 2]) == pytest.approx(0.5)


def test_four_fold_counts_and_leaves_unjudged_out():
    right = [1, 1, 0, 0, 1, np.nan]
    sound = [1, 0, 1, 0, np.nan, 1]
    fold = four_fold(right, sound)
    assert fold == FourFold(1, 1, 1, 1, unjudged=2)
    assert fold.n == 4


def test_intervals_cover_the_truth_about_as_often_as_they_say():
    """Stories shift their questions together; an interval that ignored that would cover far less."""
    rng = np.random.default_rng(3)
    clusters = np.repeat(np.arange(60), 5)
    covered = naive = 0
    for _ in range(300):
        rate = np.clip(0.5 + rng.normal(0, 0.25, 60), 0, 1)[clusters]
        x = (rng.random(300) < rate).astype(float)
        own = cluster_bootstrap(x, clusters, resamples=400)
        rows = cluster_bootstrap(x, np.arange(300), resamples=400)
        assert own.low is not None and own.high is not None and rows.low is not None and rows.high is not None
        covered += own.low <= 0.5 <= own.high
        naive += rows.low <= 0.5 <= rows.high
    assert 0.90 <= covered / 300 <= 0.98
    assert naive < covered


def test_paired_difference_is_tighter_than_the_spread_of_its_sides():
    rng = np.random.default_rng(5)
    story = np.repeat(np.arange(200), 2)
    level = rng.normal(0, 1, 200)[story]
    a, b = level + 0.2 + rng.normal(0, 0.1, 400), level + rng.normal(0, 0.1, 400)
    difference = paired_bootstrap(a, b, story)
    side = cluster_bootstrap(a, story)
    assert difference.low is not None and difference.high is not None
    assert side.low is not None and side.high is not None
    assert difference.low < 0.2 < difference.high
    assert difference.high - difference.low < (side.high - side.low) / 4
    assert difference.p is not None and difference.p < 0.001 and difference.sign == 1


@pytest.mark.parametrize("stories", [300, 2500, 10_000])
def test_large_data_is_quick(stories: int):
    rng = np.random.default_rng(0)
    x, clusters = rng.random(10_000), np.arange(10_000) % stories
    cluster_bootstrap(x, clusters, resamples=10)  # leaves the first call's imports and pages out of the time
    best = min(_seconds(x, clusters) for _ in range(3))
    assert best < 1.5  # 0.05-0.25 s on an idle core; tests may share it


def _seconds(x: np.ndarray, clusters: np.ndarray) -> float:
    start = time.perf_counter()
    cluster_bootstrap(x, clusters, resamples=2000)
    return time.perf_counter() - start
