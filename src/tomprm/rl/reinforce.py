"""HEART 4: REINFORCE++ on tensors, as OpenRLHF 0.11 computes it.

arXiv 2501.03262: no critic; the return of a token minus the KL to a frozen reference, normalised by
the mean and standard deviation over all action tokens of the global batch; PPO's clipped loss.
Shapes: B rollouts, T action tokens (right-padded), `mask` 1 at real action tokens.
"""

from __future__ import annotations

from typing import Literal

import torch

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
        x = torch.exp(-x) - 1 + x
    return x.clamp(-_CLAMP, _CLAMP)


def group_baseline(
    rewards: torch.Tensor, samples: int, estimator: Literal["reinforce", "reinforce_baseline"]
) -> torch.Tensor:
    """Scalar rewards (B,) of groups of `samples` neighbours -> rewards minus their baseline, clamped.

    `reinforce`: none. `reinforce_baseline`: the group's mean.
    """
    if estimator == "reinforce_baseline":
        grouped = rewards.view(-1, samples)
        rewards = (grouped - grouped.mean(-1, keepdim=True)).flatten()
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


def policy_loss(
    logp: torch.Tensor,
    old_logp: torch.Tensor,
    advantages: torch.Tensor,
    mask: torch.Tensor,
    *,
    clip_low: float = 0.2,
    clip_high: float = 0.2,
    total: torch.Tensor | float | None = None,
) -> tuple[torch.Tensor, dict[str, float]]:
    """PPO's clipped surrogate (Schulman et al. 2017, eq. 7), averaged over tokens.

    Args:
        logp, old_logp, advantages, mask: (B, T).
        total: number of action tokens to divide by; the whole minibatch's, when it is worked through
            in pieces, so that the pieces' losses add up to the minibatch's. Default: this piece's.

    Returns:
        The loss, and metrics as sums over tokens: `clipped`, `approx_kl`, `tokens`.
    """
    log_ratio = (logp - old_logp).clamp(-20, 20)
    ratio = log_ratio.exp()
    clipped = ratio.clamp(1 - clip_low, 1 + clip_high)
    surrogate = torch.min(ratio * advantages, clipped * advantages)
    denominator = mask.sum() if total is None else total
    loss = -(surrogate * mask).sum() / denominator
    with torch.no_grad():
        hit = ((clipped * advantages < ratio * advantages) * mask).sum()
        metrics = {
            "clipped": float(hit),
            "approx_kl": float((-log_ratio * mask).sum()),
            "tokens": float(mask.sum()),
        }
    return loss, metrics
