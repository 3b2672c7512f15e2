"""What a step's reward is compared with: the other rollouts of the same prompt.

All are computed from the step rewards as the form pays them, before anything is normalised, and are 0 where
a rollout has no company.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from tomprm.rewards.credit.placement import ScoredSteps

# Of each rollout: what to subtract from its steps (K_i,), and what from its last token.
Baseline = list[tuple[np.ndarray, float]]


def none(group: Sequence[ScoredSteps], rewards: Sequence[np.ndarray]) -> Baseline:
    return [(np.zeros(len(r)), 0.0) for r in rewards]


def group_mean(group: Sequence[ScoredSteps], rewards: Sequence[np.ndarray]) -> Baseline:
    """b = mean over the group's rollouts, i itself among them, of the mean reward of their steps (0 for a
    rollout without steps). Every step pays b, so a rollout of K steps pays K b: it favours few steps
    where rewards are positive, many where they are negative (CJReinforce/PURE#2)."""
    mean = float(np.mean(_means(rewards)))
    return [(np.full(len(r), mean), 0.0) for r in rewards]


def leave_one_out(group: Sequence[ScoredSteps], rewards: Sequence[np.ndarray]) -> Baseline:
    """b_i = the same mean over the *other* rollouts: PURE's step baseline (arXiv 2504.15275), with the same
    bias in the number of steps."""
    means = _means(rewards)
    others = (means.sum() - means) / (len(means) - 1)
    return [(np.full(len(r), b), 0.0) for r, b in zip(rewards, others, strict=True)]


def token(group: Sequence[ScoredSteps], rewards: Sequence[np.ndarray]) -> Baseline:
    """PURE's token baseline: c_i = sum of the other rollouts' step rewards / sum of their tokens, and a
    step of n tokens pays n c_i. Free of the number of steps, not of the length: tokens after the last
    step pay nothing, and longer steps pay more."""
    sums = np.array([r.sum() for r in rewards])
    sizes = np.array([s.tokens for s in group], dtype=float)
    others = (sums.sum() - sums) / np.maximum(1.0, sizes.sum() - sizes)
    return [(c * np.diff([-1, *s.ends]), 0.0) for s, c in zip(group, others, strict=True)]


def event(group: Sequence[ScoredSteps], rewards: Sequence[np.ndarray]) -> Baseline:
    """Event-aligned leave-one-out (ours): the rollouts of one story share its obligations.

    A rollout earns for obligation o what the step that newly established it was paid, shared evenly if the
    step established several; one that never establishes it earns 0. b_i(o) is the mean of that over the
    other rollouts. The step that establishes o pays b_i(o); a rollout that never does pays it at its last
    token, since its 0 is compared as well. Steps without obligations pay nothing.

    So what is subtracted from the return of token t is the sum of b_i(o) over the obligations still open
    there: of the rollout's past and the other rollouts alone, hence (gamma 1) the expected gradient stays as
    it was, whereas to charge only those who establish o would scale its gradient by about 1 - P(o).
    """
    size = 1 + max((o for s in group for step in s.obligations for o in step), default=-1)
    earned = np.zeros((len(group), size))
    for i, (steps, paid) in enumerate(zip(group, rewards, strict=True)):
        for met, reward in zip(steps.obligations, paid, strict=True):
            earned[i, list(met)] = reward / max(1, len(met))
    others = (earned.sum(0) - earned) / (len(group) - 1)
    out: Baseline = []
    for steps, mean in zip(group, others, strict=True):
        charged = np.array([mean[list(met)].sum() for met in steps.obligations])
        never = np.delete(mean, [o for met in steps.obligations for o in met])
        out.append((charged, float(never.sum())))
    return out


def _means(rewards: Sequence[np.ndarray]) -> np.ndarray:
    return np.array([r.mean() if len(r) else 0.0 for r in rewards])


BASELINES: dict[str, Callable[[Sequence[ScoredSteps], Sequence[np.ndarray]], Baseline]] = {
    "none": none,
    "group_mean": group_mean,
    "leave_one_out": leave_one_out,
    "token": token,
    "event": event,
}
