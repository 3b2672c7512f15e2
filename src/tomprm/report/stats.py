"""Intervals and tests for scores in clusters: several questions about one story are not independent.

Pure numpy on arrays; nothing here knows of arms, suites or data frames (`measure.py` does).

- `cluster_bootstrap`: a mean with a percentile interval, resampling whole stories with replacement
  (Efron and Tibshirani 1993, chapter 13; Field and Welsh 2007 for the cluster form).
- `paired_bootstrap`: the same for the mean of paired differences, with the p-value of `sign_flip_p`.
- `sign_flip_p`: a permutation test of "the two sides are exchangeable within a story" that flips the sign
  of a story's summed difference (Good 2005, section 3; exact for few stories).
- `four_fold`: the 2 x 2 of answer right/wrong x trace sound/unsound.

The same data gives the same numbers in any order of rows: clusters and values are sorted first, and every
call draws from `np.random.default_rng` with a seed that is named here. Missing values (NaN) are left out and
counted; they are never zeros.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

BOOTSTRAP_SEED = 20261120
SIGN_FLIP_SEED = 20261121
RESAMPLES = 2000
FLIPS = 4999
LEVEL = 0.95
EXACT_UP_TO = 12  # clusters: 2**12 sign patterns are enumerated instead of sampled
_CACHED_CELLS = 2_000_000  # a resampling matrix up to this size (16 MB) is kept between calls
_CHUNK_CELLS = 2_000_000

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean with its percentile interval.

    `mean` is None where nothing was measured; `low` and `high` are None where fewer than two clusters were
    (one story says nothing about how stories vary). `missing` counts the values that were left out.

    >>> Interval(mean=0.712, low=0.651, high=0.769, n=800, clusters=200, missing=0)  # doctest: +ELLIPSIS
    Interval(mean=0.712, ...)
    """

    mean: float | None
    low: float | None
    high: float | None
    n: int
    clusters: int
    missing: int = 0


@dataclass(frozen=True, slots=True)
class Difference:
    """The mean of paired differences with its interval and the p-value of a clustered sign-flip test."""

    mean: float | None
    low: float | None
    high: float | None
    p: float | None
    n: int
    clusters: int
    missing: int = 0

    @property
    def sign(self) -> int:
        """+1 or -1 where the interval lies on one side of zero, 0 where it holds zero or is unknown."""
        if self.low is None or self.high is None:
            return 0
        return 1 if self.low > 0 else -1 if self.high < 0 else 0


@dataclass(frozen=True, slots=True)
class FourFold:
    """Counts of answers; `unjudged` are those whose answer or trace has no verdict."""

    right_sound: int
    right_unsound: int
    wrong_sound: int
    wrong_unsound: int
    unjudged: int

    @property
    def n(self) -> int:
        return self.right_sound + self.right_unsound + self.wrong_sound + self.wrong_unsound


def cluster_bootstrap(
    values: ArrayLike,
    clusters: ArrayLike,
    *,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
    seed: int = BOOTSTRAP_SEED,
) -> Interval:
    """Mean of `values` (N,) with a percentile interval over `clusters` (N,), labels of any sortable kind.

    Each resample draws as many clusters as there are and takes the mean of all their values, so that a story
    with more questions weighs more, as it does in the mean itself.
    """
    x, sums_C, counts_C, missing = _by_cluster(values, clusters)
    if x.size == 0:
        return Interval(None, None, None, 0, 0, missing)
    # A mean lies within its values; rounding may put it a hair outside, and constant data must have width 0.
    mean = float(np.clip(sums_C.sum() / counts_C.sum(), x.min(), x.max()))
    if sums_C.size < 2:
        return Interval(mean, None, None, x.size, sums_C.size, missing)
    means_R = np.concatenate(
        [top / bottom for top, bottom in _resampled_totals(sums_C, counts_C, resamples, seed)]
    )
    tail = (1 - level) / 2
    low, high = np.quantile(np.clip(means_R, x.min(), x.max()), [tail, 1 - tail])
    # With few and very unequal clusters the quantiles can miss the estimate by rounding; never show that.
    return Interval(mean, min(float(low), mean), max(float(high), mean), x.size, sums_C.size, missing)


def paired_bootstrap(
    a: ArrayLike,
    b: ArrayLike,
    clusters: ArrayLike,
    *,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
    seed: int = BOOTSTRAP_SEED,
) -> Difference:
    """Mean of `a - b` over pairs (N,), both measured on the same item, clustered by `clusters` (N,).

    A pair with a missing side is left out and counted.
    """
    difference = np.asarray(a, dtype=np.float64) - np.asarray(b, dtype=np.float64)
    interval = cluster_bootstrap(difference, clusters, resamples=resamples, level=level, seed=seed)
    return Difference(
        interval.mean,
        interval.low,
        interval.high,
        sign_flip_p(difference, clusters),
        interval.n,
        interval.clusters,
        interval.missing,
    )


def sign_flip_p(
    differences: ArrayLike, clusters: ArrayLike, *, flips: int = FLIPS, seed: int = SIGN_FLIP_SEED
) -> float | None:
    """Two-sided p-value for "the mean difference is zero", flipping the sign of whole clusters.

    `differences` and `clusters` are (N,). Under the null hypothesis that the two sides are exchangeable
    within a story, each story's summed difference is as likely with the other sign. Up to `EXACT_UP_TO`
    clusters that differ, all sign patterns are enumerated; beyond, `flips` random ones, counting the observed
    pattern (Phipson and Smyth 2010), so p is never 0. None where fewer than two clusters were measured.
    """
    _, sums_C, _, _ = _by_cluster(differences, clusters)
    if sums_C.size < 2:
        return None
    observed = abs(sums_C.sum())
    # Sums of floats in another order differ by rounding; a tie has to count as a tie.
    threshold = observed - 1e-9 * max(1.0, np.abs(sums_C).sum())
    moving = sums_C[sums_C != 0]  # clusters without a difference add nothing under any sign
    if moving.size <= EXACT_UP_TO:
        patterns = np.arange(2**moving.size)[:, None] >> np.arange(moving.size)[None, :]
        totals = (1.0 - 2.0 * (patterns & 1)) @ moving
        return float((np.abs(totals) >= threshold).mean())
    hits = sum(int((np.abs(signs @ sums_C) >= threshold).sum()) for signs in _signs(sums_C.size, flips, seed))
    return (hits + 1) / (flips + 1)


def four_fold(right: ArrayLike, sound: ArrayLike) -> FourFold:
    """Counts answer right/wrong x trace sound/unsound; `right` and `sound` (N,) hold 1, 0 or NaN."""
    r = np.asarray(right, dtype=np.float64)
    s = np.asarray(sound, dtype=np.float64)
    judged = ~(np.isnan(r) | np.isnan(s))
    r, s = r[judged] > 0.5, s[judged] > 0.5
    return FourFold(
        right_sound=int((r & s).sum()),
        right_unsound=int((r & ~s).sum()),
        wrong_sound=int((~r & s).sum()),
        wrong_unsound=int((~r & ~s).sum()),
        unjudged=int((~judged).sum()),
    )


def _by_cluster(values: ArrayLike, clusters: ArrayLike) -> tuple[Floats, Floats, Floats, int]:
    """Measured values (M,), per-cluster sums (C,) and counts (C,) in the order of the labels, and N - M."""
    x = np.asarray(values, dtype=np.float64)
    labels = np.asarray(clusters)
    if x.ndim != 1 or x.shape != labels.shape:
        raise ValueError(
            f"values have shape {x.shape} and clusters {labels.shape}; give two 1-d arrays of one length"
        )
    measured = ~np.isnan(x)
    missing = int((~measured).sum())
    x, labels = x[measured], labels[measured]
    if x.size == 0:
        return x, x, x, missing
    _, codes = np.unique(labels.astype(str) if labels.dtype == object else labels, return_inverse=True)
    # Sorting by value within the cluster makes the float sums independent of the order of rows.
    order = np.lexsort((x, codes))
    x, codes = x[order], codes[order]
    sums_C = np.bincount(codes, weights=x).astype(np.float64)
    return x, sums_C, np.bincount(codes).astype(np.float64), missing


def _resampled_totals(
    sums_C: Floats, counts_C: Floats, resamples: int, seed: int
) -> Iterator[tuple[Floats, Floats]]:
    """Yields (r,) totals of sums and counts over resampled clusters, `resamples` in all."""
    n_clusters = sums_C.size
    if n_clusters * resamples <= _CACHED_CELLS:
        weights_RC = _resampling_weights(n_clusters, resamples, seed)
        yield weights_RC @ sums_C, weights_RC @ counts_C
        return
    rng = np.random.default_rng(seed)
    equal = bool((counts_C == counts_C[0]).all())  # saves a second pass over the largest array
    step = max(1, _CHUNK_CELLS // n_clusters)
    for start in range(0, resamples, step):
        size = min(step, resamples - start)
        draws = rng.integers(0, n_clusters, size=(size, n_clusters), dtype=np.int32)
        totals = np.full(size, counts_C.sum()) if equal else counts_C[draws].sum(axis=1)
        yield sums_C[draws].sum(axis=1), totals


@lru_cache(maxsize=4)
def _resampling_weights(n_clusters: int, resamples: int, seed: int) -> Floats:
    """How often each cluster is drawn in each resample (R, C). A report asks for one C hundreds of times."""
    draws = np.random.default_rng(seed).integers(0, n_clusters, size=(resamples, n_clusters))
    flat = draws + np.arange(resamples)[:, None] * n_clusters
    counts = np.bincount(flat.ravel(), minlength=resamples * n_clusters)
    return counts.reshape(resamples, n_clusters).astype(np.float64)


def _signs(n_clusters: int, flips: int, seed: int) -> Iterator[Floats]:
    """Yields (f, C) blocks of +-1, `flips` rows in all; small ones from the cache."""
    if n_clusters * flips <= _CACHED_CELLS:
        yield _sign_matrix(n_clusters, flips, seed)
        return
    rng = np.random.default_rng(seed)
    step = max(1, _CHUNK_CELLS // n_clusters)
    for start in range(0, flips, step):
        bits = rng.integers(0, 2, size=(min(step, flips - start), n_clusters), dtype=np.int8)
        yield 1.0 - 2.0 * bits


@lru_cache(maxsize=4)
def _sign_matrix(n_clusters: int, flips: int, seed: int) -> Floats:
    return 1.0 - 2.0 * np.random.default_rng(seed).integers(0, 2, size=(flips, n_clusters), dtype=np.int8)
