"""A shortcut learned on the spot: a linear model over surface features of the possible answers.

Conditional logit (McFadden 1974): score each candidate answer of an item linearly, softmax over the
candidates, fitted with a ridge. It never sees who is asked about or how deep, so
whatever it gets above chance needs no theory of mind. Accuracy is out of fold, with folds by story.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]

Floats = NDArray[np.float64]
FOLDS = 5


@dataclass(frozen=True, slots=True)
class Example:
    """One question for the model: `x` (candidates, features); `gold` None where the label is none of
    the candidates (nothing to learn from, and counted as wrong)."""

    key: str  # fixes the order of examples, so that the order of rows has no effect
    cluster: str
    x: Floats
    gold: int | None


def assign_folds(clusters: Sequence[str], folds: int = FOLDS) -> dict[str, int]:
    """Cluster -> fold; sizes differ by one at most, and neighbours in a file are spread."""
    mixed = sorted(set(clusters), key=lambda c: hashlib.sha256(c.encode()).hexdigest())
    return {cluster: i % folds for i, cluster in enumerate(mixed)}


def out_of_fold(examples: Sequence[Example], folds: int = FOLDS) -> list[int | None]:
    """The candidate that a model fitted on the other folds prefers, in the order of `examples`; all None
    where there are fewer than two stories, or nothing to learn from."""
    fold_of = assign_folds([e.cluster for e in examples], folds)
    order = sorted(range(len(examples)), key=lambda i: examples[i].key)
    guesses: list[int | None] = [None] * len(examples)
    for fold in range(folds):
        train = [examples[i] for i in order if fold_of[examples[i].cluster] != fold]
        learnable = [e for e in train if e.gold is not None and len(e.x) > 1]
        if not learnable:
            continue
        model = fit(learnable)
        for i in order:
            if fold_of[examples[i].cluster] == fold:
                guesses[i] = model.choose(examples[i].x)
    return guesses


@dataclass(frozen=True, slots=True)
class Model:
    weights: Floats  # (features,), on the raw scale

    def choose(self, x: Floats) -> int:
        """The first of the best candidates."""
        scores = x @ self.weights
        return int(np.flatnonzero(scores >= scores.max() - 1e-9)[0])


def fit(examples: Sequence[Example]) -> Model:
    """The most probable weights under a standard normal prior on those of standardised features."""
    ridge = 1 / len(examples)
    widest = max(len(e.x) for e in examples)
    x_NCF = np.zeros((len(examples), widest, examples[0].x.shape[1]))
    there_NC = np.zeros((len(examples), widest), dtype=bool)
    gold_N = np.array([e.gold for e in examples])
    for i, example in enumerate(examples):
        x_NCF[i, : len(example.x)] = example.x
        there_NC[i, : len(example.x)] = True
    scale_F = x_NCF[there_NC].std(axis=0)
    scale_F[scale_F < 1e-9] = np.inf  # a constant feature tells candidates apart nowhere
    x_NCF /= scale_F
    rows = np.arange(len(examples))

    def loss(w_F: Floats) -> tuple[float, Floats]:
        scores = np.where(there_NC, x_NCF @ w_F, -np.inf)
        scores -= scores.max(axis=1, keepdims=True)
        p_NC = np.exp(scores)
        p_NC /= p_NC.sum(axis=1, keepdims=True)
        nll = -np.log(np.maximum(p_NC[rows, gold_N], 1e-300)).mean()
        p_NC[rows, gold_N] -= 1
        gradient = np.einsum("nc,ncf->f", p_NC, x_NCF) / len(rows) + ridge * w_F
        return float(nll + 0.5 * ridge * (w_F @ w_F)), gradient

    start = np.zeros(x_NCF.shape[2])
    found = cast("Any", minimize)(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 300})
    return Model(np.asarray(found.x, dtype=np.float64) / scale_F)


def majority_out_of_fold(labels: Sequence[tuple[str, str, str]], folds: int = FOLDS) -> list[str | None]:
    """For each (cluster, kind of question, label): the most frequent label of that kind in the other
    folds; None where they hold none. Ties go to the first in alphabetical order."""
    fold_of = assign_folds([cluster for cluster, _, _ in labels], folds)
    counts: Mapping[tuple[str, int], Counter[str]] = {
        (kind, fold): Counter() for _, kind, _ in labels for fold in range(folds)
    }
    for cluster, kind, label in labels:
        for fold in range(folds):
            if fold != fold_of[cluster]:
                counts[kind, fold][label] += 1
    best = {key: min(c, key=lambda x: (-c[x], x), default=None) for key, c in counts.items()}
    return [best[kind, fold_of[cluster]] for cluster, kind, _ in labels]
