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

    def whole() -> int:
        value = next(values)
        if not 0 <= value < 2**24 or value != int(value):
            raise ValueError(f"{value} is no index")
        return int(value)

    try:
        version, tokens, outcome, weight, count = next(values), whole(), next(values), next(values), whole()
        if version != FORMAT:
            raise ValueError(f"format {version}")
        ends: list[int] = []
        progress: list[float] = []
        scores: list[float] = []
        obligations: list[tuple[int, ...]] = []
        for _ in range(count):
            ends.append(whole())
            progress.append(next(values))
            scores.append(next(values))
            obligations.append(tuple([whole() for _ in range(whole())]))
        if any(values):
            raise ValueError("values after the last step")
        steps = (tuple(ends), tuple(progress), tuple(scores), tuple(obligations))
        return ScoredSteps(tokens, *steps, outcome, weight)
    except StopIteration:
        why = "it ends too early"
    except (ValueError, OverflowError) as error:
        why = str(error)
    raise ValueError(f"{KEY} is damaged ({why}); use the same version of tomprm in all workers")
