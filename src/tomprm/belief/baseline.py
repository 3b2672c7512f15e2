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

Floats = NDArray[np.float64]
Array = Any  # numpy's stubs lose the type of a reshaped array
FOLDS = 5
_STEPS = 50


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
    """The most probable weights under a standard normal prior on those of standardised features, by
    Newton's method: the loss is convex, so a dozen steps find its one minimum."""
    widest = max(len(e.x) for e in examples)
    x_NCF: Array = np.zeros((len(examples), widest, examples[0].x.shape[1]))
    there_NC: Array = np.zeros((len(examples), widest), dtype=bool)
    gold_N: Array = np.array([e.gold for e in examples])
    for i, example in enumerate(examples):
        x_NCF[i, : len(example.x)] = example.x
        there_NC[i, : len(example.x)] = True
    scale_F: Array = x_NCF[there_NC].std(axis=0)
    scale_F[scale_F < 1e-9] = np.inf  # a constant feature tells candidates apart nowhere
    x_NCF /= scale_F
    flat: Array = x_NCF.reshape(-1, x_NCF.shape[2])
    rows = np.arange(len(examples))

    def probabilities(w_F: Array) -> tuple[Array, float]:
        """Of each candidate (N, C), and the penalised loss of the labels, summed over examples."""
        scores: Array = np.where(there_NC, (flat @ w_F).reshape(there_NC.shape), -np.inf)
        scores -= scores.max(axis=1, keepdims=True)
        p_NC: Array = np.exp(scores)
        total_N: Array = p_NC.sum(axis=1)
        loss = float((np.log(total_N) - scores[rows, gold_N]).sum() + 0.5 * (w_F @ w_F))
        return p_NC / total_N[:, None], loss

    w_F: Array = np.zeros(flat.shape[1])
    p_NC, loss = probabilities(w_F)
    for _ in range(_STEPS):
        mean_NF: Array = (p_NC[:, :, None] * x_NCF).sum(axis=1)
        gradient: Array = mean_NF.sum(axis=0) - x_NCF[rows, gold_N].sum(axis=0) + w_F
        curvature: Array = (flat * p_NC.reshape(-1, 1)).T @ flat - mean_NF.T @ mean_NF + np.eye(len(w_F))
        step: Array = cast("Array", np.linalg.solve(curvature, gradient))
        if gradient @ step < 1e-8:  # twice what the loss can still fall
            break
        p_NC, new = probabilities(w_F - step)
        while new > loss:  # overshot, which a convex loss allows far from its minimum
            step /= 2
            p_NC, new = probabilities(w_F - step)
        w_F = w_F - step
        loss = new
    return Model(w_F / scale_F)


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
