"""Judged steps on their way from the rollout worker to the experience maker.

OpenRLHF carries a sample's `extra_logs` along as tensors, padded with zeros to the longest of a batch.
So a rollout's steps travel as one flat list of floats (exact in float32: indices are below 2^24):

    [FORMAT, tokens, outcome, weight, K, (end, progress, score, n, n obligation indices) x K]

Unlike per-token lists it does not change when OpenRLHF cuts a sequence at its length limit.
"""

from __future__ import annotations

from collections.abc import Sequence

from tomprm.rewards.credit import ScoredSteps

KEY = "tomprm_steps"
FORMAT = 1.0


def pack(steps: ScoredSteps) -> list[float]:
    """A rollout's judged steps as a flat list of floats."""
    row = [FORMAT, float(steps.tokens), float(steps.outcome), steps.weight, float(len(steps.ends))]
    for end, progress, score, obligations in zip(
        steps.ends, steps.progress, steps.scores, steps.obligations, strict=True
    ):
        row += [float(end), progress, score, float(len(obligations)), *map(float, obligations)]
    return row


def unpack(row: Sequence[float]) -> ScoredSteps:
    """Inverse of `pack`; zeros after the last step are padding.

    Raises:
        ValueError: not made by `pack`.
    """
    values = iter(row)
    try:
        version, tokens, outcome, weight, count = (next(values) for _ in range(5))
        if version != FORMAT:
            raise ValueError(f"format {version}")
        ends: list[int] = []
        progress: list[float] = []
        scores: list[float] = []
        obligations: list[tuple[int, ...]] = []
        for _ in range(int(count)):
            ends.append(int(next(values)))
            progress.append(next(values))
            scores.append(next(values))
            obligations.append(tuple(int(next(values)) for _ in range(int(next(values)))))
    except (StopIteration, RuntimeError, ValueError) as error:
        raise ValueError(
            f"{KEY} is damaged ({error}); use the same version of tomprm in all workers"
        ) from error
    if any(values):
        raise ValueError(f"{KEY} is damaged (trailing values); use the same version of tomprm in all workers")
    steps = (tuple(ends), tuple(progress), tuple(scores), tuple(obligations))
    return ScoredSteps(int(tokens), *steps, outcome, weight)
