"""HEART 4: REINFORCE++ and its relatives on tensors, as OpenRLHF 0.11 computes them.

arXiv 2501.03262: no critic; the return of a token minus the KL to a frozen reference, normalised by
the mean and standard deviation over all action tokens of the global batch; PPO's clipped loss.
tests/openrlhf_cpu/test_parity.py holds all of it equal to OpenRLHF's own functions.
Shapes: B rollouts, T action tokens (right-padded), `mask` 1 at real action tokens.
"""

from __future__ import annotations

from typing import Literal

import torch

Estimator = Literal["reinforce", "reinforce_baseline", "rloo", "group_norm", "dr_grpo"]
WHITENED: tuple[Estimator, ...] = ("reinforce", "reinforce_baseline")  # the others keep their own units
_CLAMP = 10.0  # OpenRLHF clamps scalar rewards and the KL to [-10, 10]


def kl_estimate(
    logp: torch.Tensor, ref_logp: torch.Tensor, kind: Literal["k1", "k2", "k3"] = "k1"
) -> torch.Tensor:
    """Per-token estimate of KL(policy || reference), x = logp - ref_logp (Schulman 2020).

    k1 = x, k2 = x^2 / 2, k3 = exp(-x) - 1 + x. (B, T) -> (B, T), clamped to [-10, 10].
    """
    x = logp.float() - ref_logp.float()
    if kind == "k2":
        x = x**2 / 2
    elif kind == "k3":
        # At -10 k3 is above the last clamp already; without this one its gradient there is 0 * inf.
        x = x.clamp(min=-_CLAMP)
        x = torch.exp(-x) - 1 + x
    return x.clamp(-_CLAMP, _CLAMP)


def group_baseline(rewards: torch.Tensor, samples: int, estimator: Estimator) -> torch.Tensor:
    """Scalar rewards (B,) of groups of `samples` neighbours -> rewards minus their baseline, clamped.

    `reinforce`: none. `reinforce_baseline` and `dr_grpo` (arXiv 2503.20783): the group's mean. `rloo`
    (arXiv 2402.14740): the mean of the group's others. `group_norm` (GRPO, arXiv 2402.03300): the mean,
    then divided by the group's sample deviation + 1e-9.

    Raises:
        ValueError: `rloo` and `group_norm` of groups of one.
    """
    groups = rewards.view(-1, samples)
    if samples < 2 and estimator in ("rloo", "group_norm"):
        raise ValueError(f"{estimator} compares the completions of a prompt; draw at least 2 of each")
    if estimator == "rloo":
        rewards = (groups - (groups.sum(-1, keepdim=True) - groups) / (samples - 1)).flatten()
    elif estimator == "group_norm":
        centred = groups - groups.mean(-1, keepdim=True)
        rewards = (centred / (groups.std(-1, keepdim=True) + 1e-9)).flatten()
    elif estimator != "reinforce":
        rewards = (groups - groups.mean(-1, keepdim=True)).flatten()
    return rewards.clamp(-_CLAMP, _CLAMP)


def returns(
    scalar: torch.Tensor,
    steps: torch.Tensor,
    kl: torch.Tensor,
    mask: torch.Tensor,
    *,
    kl_coef: float,
    gamma: float = 1.0,
) -> torch.Tensor:
    """G_t: discounted sum of step rewards, the scalar at the last action token, and -kl_coef * KL.

    Args:
        scalar: (B,) paid at each row's last action token.
        steps: (B, T) step rewards at their tokens.
        kl, mask: (B, T).

    Returns:
        (B, T), zero at masked tokens. A row without action tokens pays nothing.
    """
    rewards = (steps - kl_coef * kl) * mask
    width = mask.shape[1]
    last = width - 1 - mask.flip(-1).argmax(-1)
    has_action = mask.any(-1).to(rewards.dtype)
    rewards = rewards.scatter_add(1, last.unsqueeze(-1), (scalar * has_action).unsqueeze(-1))
    out = torch.zeros_like(rewards)
    running = torch.zeros_like(scalar)
    for t in range(width - 1, -1, -1):
        running = rewards[:, t] + gamma * running
        out[:, t] = running
    return out * mask


def normalise(advantages: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """(A - mean) / std over all action tokens of the batch: population variance, token-weighted."""
    total = mask.sum().clamp(min=1)
    mean = (advantages * mask).sum() / total
    variance = ((advantages - mean) ** 2 * mask).sum() / total
    return (advantages - mean) * torch.rsqrt(variance.clamp(min=1e-8)) * mask


def advantages_of(gains: torch.Tensor, mask: torch.Tensor, estimator: Estimator) -> torch.Tensor:
    """Returns (B, T) -> advantages (B, T), zero at masked tokens."""
    return normalise(gains, mask) if estimator in WHITENED else gains * mask


def aggregate(
    per_token: torch.Tensor,
    mask: torch.Tensor,
    mean: Literal["token", "sequence"] = "token",
    total: torch.Tensor | float | None = None,
) -> torch.Tensor:
    """(B, T) -> one number: the mean over tokens, or over rows the mean of each row's tokens.

    Args:
        total: tokens (or rows that have some) to divide by; default: those of this piece.
    """
    if mean == "token":
        return (per_token * mask).sum() / (mask.sum() if total is None else total)
    lengths = mask.sum(-1)
    rows = (per_token * mask).sum(-1) / lengths.clamp(min=1)
    return rows.sum() / ((lengths > 0).sum() if total is None else total)


def importance_weights(
    old_logp: torch.Tensor,
    rollout_logp: torch.Tensor,
    mask: torch.Tensor,
    *,
    mode: Literal["mask", "clip"] = "mask",
    low: float = 0.5,
    high: float = 5.0,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Truncated importance sampling: what a token drawn by another engine than the trainer's counts.

    The ratio p_trainer / p_rollout of each token where it lies in [low, high]; elsewhere 0 (`mask`) or
    the nearer bound (`clip`). https://fengyao.notion.site/off-policy-rl

    Returns:
        Weights (B, T), without gradient, and which tokens lay outside (B, T).
    """
    ratio = ((old_logp - rollout_logp) * mask).detach().exp()
    outside = (ratio < low) | (ratio > high)
    return (ratio.clamp(low, high) if mode == "clip" else ratio.masked_fill(outside, 0.0)), outside


def policy_loss(
    logp: torch.Tensor,
    old_logp: torch.Tensor,
    advantages: torch.Tensor,
    mask: torch.Tensor,
    *,
    clip_low: float = 0.2,
    clip_high: float = 0.2,
    dual_clip: float | None = None,
    kind: Literal["ppo", "gspo"] = "ppo",
    mean: Literal["token", "sequence"] = "token",
    rollout_logp: torch.Tensor | None = None,
    is_mode: Literal["mask", "clip"] = "mask",
    is_low: float = 0.5,
    is_high: float = 5.0,
    total: torch.Tensor | float | None = None,
) -> tuple[torch.Tensor, dict[str, float]]:
    """PPO's clipped surrogate (Schulman et al. 2017, eq. 7), averaged over tokens or sequences.

    Args:
        logp, old_logp, advantages, mask: (B, T).
        dual_clip: above 1: a negative advantage costs at most so many times itself (arXiv 1912.09729).
        kind: `gspo` (arXiv 2507.18071): one ratio a row, the geometric mean of its tokens'; always
            averaged over sequences.
        rollout_logp: (B, T) as the tokens were drawn: turns importance weights on, with their mode and
            bounds. `gspo` has its ratio to these instead, without weights.
        total: number of action tokens (or of rows that have some) to divide by; the whole minibatch's,
            when it is worked through in pieces, so that the pieces' losses add up to the minibatch's.
            Default: this piece's.

    Returns:
        The loss, and metrics as sums over tokens: `clipped`, `approx_kl`, `tokens`; with importance
        weights also `is_outside`, the tokens out of bounds.
    """
    log_ratio = logp - old_logp
    if kind == "gspo":
        drawn = log_ratio if rollout_logp is None else logp - rollout_logp
        ratio = ((drawn * mask).sum(-1, keepdim=True) / mask.sum(-1, keepdim=True).clamp(min=1)).exp()
    else:
        ratio = log_ratio.clamp(-20, 20).exp()
    clipped = ratio.clamp(1 - clip_low, 1 + clip_high)
    surrogate = torch.min(ratio * advantages, clipped * advantages)
    if dual_clip is not None:
        bounded = torch.max(surrogate, dual_clip * advantages)
        surrogate = torch.where(advantages < 0, bounded, surrogate)
    more: dict[str, float] = {}
    if rollout_logp is not None and kind == "ppo":
        weights, outside = importance_weights(
            old_logp, rollout_logp, mask, mode=is_mode, low=is_low, high=is_high
        )
        surrogate = weights * surrogate
        more["is_outside"] = float((outside * mask).sum())
    loss = aggregate(-surrogate, mask, "sequence" if kind == "gspo" else mean, total)
    with torch.no_grad():
        hit = ((clipped * advantages < ratio * advantages) * mask).sum()
        metrics = {
            "clipped": float(hit),
            "approx_kl": float((-log_ratio * mask).sum()),
            "tokens": float(mask.sum()),
        }
    return loss, metrics | more
