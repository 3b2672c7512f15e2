"""Rejection sampling that makes every shortcut heuristic right at chance.

A candidate with `x` = (how often each heuristic is right) - (how often chance is) is accepted with
probability min(1, exp(m . x - c)). With c beyond the largest exponent this is the exponential tilt
of minimum relative entropy; c is a quantile instead, which accepts several times more candidates,
and m is then fitted to the clipped probabilities themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import minimize  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]

from tomprm.belief.heuristics import HEURISTICS

_QUANTILE = 0.99
_RIDGE = 1e-4  # heuristics that never differ (several at order 1) share their multiplier


@dataclass(frozen=True, slots=True)
class Tilt:
    """Multipliers by heuristic, and the exponent from which a candidate is accepted for sure."""

    multipliers: tuple[float, ...]
    sure: float

    def acceptance(self, excess: np.ndarray) -> np.ndarray:
        """Probability to accept; excess: (..., heuristics)."""
        return np.exp(np.minimum(excess @ np.asarray(self.multipliers) - self.sure, 0.0))


def fit_tilt(hits: np.ndarray, places: int, order: int, rounds: int = 400) -> Tilt:
    """Fit on drawn pairs.

    Args:
        hits: (pairs, heuristics), how often each heuristic is right in the pair.
        places: choices on offer, so chance is `2 / places` a pair.
    """
    excess = hits - 2 / places
    undefined = np.array([order == 1 and name.endswith("own belief") for name in HEURISTICS])
    excess[:, undefined] = 0.0

    def log_partition(m: np.ndarray) -> tuple[float, np.ndarray]:
        weights = np.exp(excess @ m)
        value = np.log(weights.mean()) + 0.5 * _RIDGE * m @ m
        return float(value), weights @ excess / weights.sum() + _RIDGE * m

    found: Any = minimize(  # pyright: ignore[reportUnknownVariableType]
        log_partition, np.zeros(excess.shape[1]), jac=True, method="BFGS"
    )
    m = np.asarray(found.x, float)  # pyright: ignore[reportUnknownMemberType]
    for _ in range(rounds):
        tilt = Tilt(tuple(m), float(np.quantile(excess @ m, _QUANTILE)))
        accept = tilt.acceptance(excess)
        m = m - 0.5 * (accept @ excess / accept.sum() + _RIDGE * m)
    m = np.where(undefined, 0.0, m)
    return Tilt(tuple(float(x) for x in m), float(np.quantile(excess @ m, _QUANTILE)))
