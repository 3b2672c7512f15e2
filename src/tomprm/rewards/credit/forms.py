"""The published forms of step credit, as step rewards: what each pays at the end of each step.

Returns are sums of the rewards still to come, so a form that the papers state by its returns (the minimum,
process supervision) is written here as the rewards that add up to them, with gamma 1. Sources and their
known defects: docs/credit.md. Forms that reward *progress* pay what shaping does (already weighted); forms
that were made for a PRM's scores in [-1, 1] pay those, times the arm's weight.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from tomprm.config import CreditConfig
from tomprm.rewards.credit.baselines import BASELINES
from tomprm.rewards.credit.placement import ScoredSteps


def token_credit(group: Sequence[ScoredSteps], credit: CreditConfig) -> list[np.ndarray]:
    """Token rewards of each rollout of one prompt: the form's step rewards minus their baseline, each on
    its step's last token.

    Returns:
        (T_i,) float64 for each rollout, without the scalar at the end. A rollout that `kept` drops earns 0
        and is in nobody's baseline. Steps that end in one token add up.
    """
    out = [np.zeros(s.tokens) for s in group]
    members = [i for i, stays in enumerate(kept(group, credit)) if stays]
    rollouts = [group[i] for i in members]
    form = FORMS[credit.form]
    rewards = [form(steps, credit) for steps in rollouts]
    tails = [0.0] * len(rollouts)
    if credit.baseline != "none" and len(rollouts) > 1:
        for k, (charged, tail) in enumerate(BASELINES[credit.baseline](rollouts, rewards)):
            rewards[k], tails[k] = rewards[k] - charged, -tail
    if credit.form == "process_supervision":
        rewards, tails = _normalised(rewards, tails)
    for i, paid, tail in zip(members, rewards, tails, strict=True):
        weight = group[i].weight if credit.form in ON_SCORES else 1.0
        np.add.at(out[i], list(group[i].ends), weight * paid)
        if tail and len(out[i]):
            out[i][-1] += weight * tail
    return out


def kept(group: Sequence[ScoredSteps], credit: CreditConfig) -> list[bool]:
    """Which rollouts stay in the batch: all but those that PROF's filter (arXiv 2509.03403) drops.

    Consistency of rollout i: c_i = mean_j(score_ij) (2 outcome - 1), minus a penalty for fewer than 2 or
    more than 30 steps: low for a right answer by wrong steps and a wrong one by right steps. Of the group's
    n rollouts round((1 - keep) n) go (never all), the lowest c of the right and of the wrong ones, as many
    of each as bring their numbers closest. Ties go by content, so the order of the rollouts decides nothing.
    """
    stays = [True] * len(group)
    if credit.form != "prof":
        return stays
    remove = min(round((1 - credit.keep) * len(group)), len(group) - 1)
    right = [i for i, s in enumerate(group) if s.outcome > 0.5]
    wrong = [i for i, s in enumerate(group) if s.outcome <= 0.5]
    of_right = round((len(right) - len(wrong) + remove) / 2)
    of_right = min(max(of_right, 0, remove - len(wrong)), remove, len(right))
    for rows, count in ((right, of_right), (wrong, remove - of_right)):
        for i in sorted(rows, key=lambda i: _consistency(group[i]))[:count]:
            stays[i] = False
    return stays


_FEW, _MANY, _LENGTH_PENALTY = 2, 30, 1.0  # the penalty's size is ours: the paper's could not be read


def _consistency(s: ScoredSteps) -> tuple[object, ...]:
    mean = float(np.mean(s.scores)) if s.scores else 0.0
    penalty = _LENGTH_PENALTY * (not _FEW <= len(s.scores) <= _MANY)
    return (mean * (2 * s.outcome - 1) - penalty, s.tokens, s.ends, s.scores, s.progress, s.obligations)


# -- forms: rollout -> (K,) step rewards -----------------------------------------------------------


def sum_form(s: ScoredSteps, credit: CreditConfig) -> np.ndarray:
    """Progress as it is. With shaping's differences of a potential this *is* potential-based shaping (Ng,
    Harada & Russell 1999): the return of a token is the potential at the end minus that at the token."""
    return np.array(s.progress)


def outcome(s: ScoredSteps, credit: CreditConfig) -> np.ndarray:
    """No step earns anything."""
    return np.zeros(len(s.ends))


def first_error(s: ScoredSteps, credit: CreditConfig) -> np.ndarray:
    """Progress up to the first contradicted step (score below 0) and its own; nothing after it, since
    what follows from an error is not judged."""
    paid = np.array(s.progress)
    wrong = np.flatnonzero(np.array(s.scores) < 0)
    if len(wrong):
        paid[wrong[0] + 1 :] = 0.0
    return paid


def outcome_gated(s: ScoredSteps, credit: CreditConfig) -> np.ndarray:
    """Posterior-GRPO (arXiv 2508.05170): R = R_out + 1[R_out = 1] R_process; wrong answers get no step
    rewards, penalties included."""
    return np.array(s.progress) * s.outcome


def scores(s: ScoredSteps, credit: CreditConfig) -> np.ndarray:
    """DeepSeekMath's process supervision (arXiv 2402.03300, 4.1.3), before `_normalised`."""
    return np.array(s.scores)


def min_soft(s: ScoredSteps, credit: CreditConfig) -> np.ndarray:
    """PURE (arXiv 2504.15275): r*_j = w_j r_j with w = softmax(-r / temperature) over the rollout's steps;
    their sum tends to the minimum as the temperature tends to 0."""
    r = np.array(s.scores)
    if not len(r):
        return r
    with np.errstate(over="ignore"):
        w = np.exp((r.min() - r) / credit.temperature)
    return w / w.sum() * r


def min_strict(s: ScoredSteps, credit: CreditConfig) -> np.ndarray:
    """PURE's return_t = min(reward_t, return_t+1), over steps only: as coded there the tokens between
    steps count as rewards of 0, so that no return is above 0. As differences m_j - m_j+1 of the minima
    m_j = min(r_j, ..., r_K), and the last step's own score."""
    r = np.array(s.scores)
    if not len(r):
        return r
    minima = np.minimum.accumulate(r[::-1])[::-1]
    return minima - np.append(minima[1:], 0.0)


def clip(s: ScoredSteps, credit: CreditConfig) -> np.ndarray:
    """min(r_j - threshold, 0) (arXiv 2410.15115): steps can only cost, so none is worth adding."""
    return np.minimum(np.array(s.scores) - credit.threshold, 0.0)


def delta(s: ScoredSteps, credit: CreditConfig) -> np.ndarray:
    """r_j - r_j+1, and the last step's own score (arXiv 2410.15115): the return at a step is its score,
    however many steps follow."""
    r = np.array(s.scores)
    return r - np.append(r[1:], 0.0) if len(r) else r


def _normalised(rewards: list[np.ndarray], tails: list[float]) -> tuple[list[np.ndarray], list[float]]:
    """(r - mean) / std over all steps of the group (population std); 0 where all are equal."""
    pooled = np.concatenate([np.zeros(0), *rewards])
    std = float(pooled.std()) if len(pooled) else 0.0
    if std < 1e-9:
        return [np.zeros(len(r)) for r in rewards], [0.0] * len(tails)
    return [(r - pooled.mean()) / std for r in rewards], [tail / std for tail in tails]


FORMS: dict[str, Callable[[ScoredSteps, CreditConfig], np.ndarray]] = {
    "sum": sum_form,
    "process_supervision": scores,
    "min_soft": min_soft,
    "min_strict": min_strict,
    "clip": clip,
    "delta": delta,
    "first_error": first_error,
    "outcome_gated": outcome_gated,
    "prof": sum_form,
    "outcome": outcome,
}
ON_SCORES = frozenset({"process_supervision", "min_soft", "min_strict", "clip", "delta"})
