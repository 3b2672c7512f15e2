"""REINFORCE++ against a naive float64 version, written from OpenRLHF's steps, loop by loop.

1. the group's mean is subtracted from the scalar (`reinforce_baseline`), 2. which is then clamped; 3. it is
paid at the last action token, step rewards at theirs, minus the KL everywhere; 4. discounted sums;
5. normalised over all action tokens of the batch; 6. PPO's clipped loss, averaged over tokens.
The other estimators and losses by hand; tests/openrlhf_cpu/test_parity.py holds all of it equal to OpenRLHF.
"""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tomprm.rewards.credit import discounted_returns
from tomprm.rl.reinforce import (
    Estimator,
    advantages_of,
    aggregate,
    group_baseline,
    importance_weights,
    kl_estimate,
    normalise,
    policy_loss,
    returns,
)

Kind = Literal["k1", "k2", "k3"]
KINDS: tuple[Kind, ...] = ("k1", "k2", "k3")

# -- the naive version --------------------------------------------------------------------------


def clamp(x: float, low: float, high: float) -> float:
    return max(low, min(high, x))


def naive_kl(logp: np.ndarray, ref: np.ndarray, kind: Kind) -> np.ndarray:
    out = np.zeros(logp.shape)
    for place in np.ndindex(logp.shape):
        x = float(logp[place] - ref[place])
        value = {"k1": x, "k2": x * x / 2, "k3": math.exp(min(-x, 700)) - 1 + x}[kind]
        out[place] = clamp(value, -10, 10)
    return out


def naive_baseline(rewards: np.ndarray, n: int, estimator: str) -> np.ndarray:
    out = rewards.astype(float).copy()
    for first in range(0, len(out), n):
        if estimator == "reinforce_baseline":
            out[first : first + n] -= sum(rewards[first : first + n]) / n
    return np.array([clamp(r, -10, 10) for r in out])


def naive_returns(
    scalar: np.ndarray, steps: np.ndarray, kl: np.ndarray, mask: np.ndarray, kl_coef: float, gamma: float
) -> np.ndarray:
    rows, width = mask.shape
    out = np.zeros((rows, width))
    for b in range(rows):
        actions = [t for t in range(width) if mask[b, t]]
        paid = {t: steps[b, t] - kl_coef * kl[b, t] for t in actions}
        if actions:
            paid[actions[-1]] += scalar[b]
        for t in actions:
            out[b, t] = sum(gamma ** (later - t) * r for later, r in paid.items() if later >= t)
    return out


def naive_normalise(advantages: np.ndarray, mask: np.ndarray) -> np.ndarray:
    kept = [float(advantages[p]) for p in np.ndindex(mask.shape) if mask[p]]
    out = np.zeros(mask.shape)
    if not kept:
        return out
    mean = sum(kept) / len(kept)
    variance = sum((a - mean) ** 2 for a in kept) / len(kept)
    for p in np.ndindex(mask.shape):
        if mask[p]:
            out[p] = (advantages[p] - mean) / math.sqrt(max(variance, 1e-8))
    return out


def naive_loss(
    logp: np.ndarray, old: np.ndarray, advantages: np.ndarray, mask: np.ndarray, low: float, high: float
) -> tuple[float, int]:
    """The loss, and on how many tokens the clipped term is the lower one."""
    total, clipped = 0.0, 0
    for p in np.ndindex(mask.shape):
        if not mask[p]:
            continue
        ratio = math.exp(clamp(float(logp[p] - old[p]), -20, 20))
        plain = ratio * advantages[p]
        limited = clamp(ratio, 1 - low, 1 + high) * advantages[p]
        clipped += limited < plain
        total += min(plain, limited)
    return -total / mask.sum(), clipped


# -- random batches -----------------------------------------------------------------------------


def tensor(x: Any) -> torch.Tensor:
    return torch.tensor(x, dtype=torch.float32)


def draw_batch(seed: int) -> dict[str, Any]:
    """Groups of rollouts of all lengths: empty rows, rows of one token, full ones."""
    rng = np.random.default_rng(seed)
    prompts, n, width = int(rng.integers(1, 5)), int(rng.integers(1, 5)), int(rng.integers(1, 12))
    rows = prompts * n
    lengths = rng.integers(0, width + 1, rows)
    if rng.random() < 0.7:
        lengths[rng.integers(rows)] = width
    if rng.random() < 0.5:
        lengths[rng.integers(rows)] = min(1, width)
    mask = (np.arange(width) < lengths[:, None]).astype(float)
    logp = -rng.exponential(2, (rows, width))
    return {
        "n": n,
        "mask": mask,
        "scalar": rng.normal(0, rng.choice([1, 20]), rows),
        "steps": rng.normal(size=(rows, width)) * (rng.random((rows, width)) < 0.3),
        "logp": logp,
        "old": logp + rng.normal(0, 0.3, (rows, width)),
        "ref": logp + rng.normal(0, rng.choice([0.1, 5]), (rows, width)),
        "gamma": float(rng.choice([1.0, 0.9, 0.0])),
        "kl_coef": float(rng.choice([0.0, 0.01, 0.5])),
    }


SEEDS = st.integers(0, 10**6)


# -- KL -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@given(SEEDS)
def test_kl(kind: Kind, seed: int) -> None:
    batch = draw_batch(seed)
    found = kl_estimate(tensor(batch["logp"]), tensor(batch["ref"]), kind).numpy()
    np.testing.assert_allclose(found, naive_kl(batch["logp"], batch["ref"], kind), rtol=1e-4, atol=1e-5)


def test_kl_by_hand() -> None:
    logp, ref = tensor([-1.0, -1.0, -3.0]), tensor([-1.0, -2.0, -1.0])  # x = 0, 1, -2
    assert kl_estimate(logp, ref, "k1").tolist() == [0, 1, -2]
    assert kl_estimate(logp, ref, "k2").tolist() == [0, 0.5, 2]
    k3 = [0, math.exp(-1) - 1 + 1, math.exp(2) - 1 - 2]
    assert kl_estimate(logp, ref, "k3").tolist() == pytest.approx(k3)
    assert kl_estimate(logp, ref).tolist() == [0, 1, -2]


def test_kl_is_clamped() -> None:
    far = tensor([-1000.0, -15.0, -1.0]), tensor([-1.0, -1.0, -1000.0])
    assert kl_estimate(*far, "k1").tolist() == [-10, -10, 10]
    assert kl_estimate(*far, "k2").tolist() == [10, 10, 10]
    assert kl_estimate(*far, "k3").tolist() == [10, 10, 10]


def test_the_gradient_of_k3_is_finite_however_far_the_reference() -> None:
    logp = tensor([-500.0, -1.0]).requires_grad_()
    kl_estimate(logp, tensor([-1.0, -1.5]), "k3").sum().backward()
    assert logp.grad is not None
    assert logp.grad.tolist() == pytest.approx([0, 1 - math.exp(-0.5)])


def test_k3_is_never_negative_and_agrees_with_k1_on_average() -> None:
    """Over the policy's own samples, k1 and k3 estimate the same divergence."""
    rng = np.random.default_rng(0)
    p, q = (rng.dirichlet(np.full(6, 8.0)) for _ in range(2))
    drawn = rng.choice(6, 200_000, p=p)
    logp, ref = tensor(np.log(p)[drawn]), tensor(np.log(q)[drawn])
    exact = float((p * np.log(p / q)).sum())
    assert kl_estimate(logp, ref, "k3").min() >= 0
    for kind in ("k1", "k3"):
        assert float(kl_estimate(logp, ref, kind).mean()) == pytest.approx(exact, rel=0.05)


def test_kl_of_half_precision_is_computed_in_float32() -> None:
    a, b = torch.randn(5).bfloat16(), torch.randn(5).bfloat16()
    assert kl_estimate(a, b, "k3").dtype == torch.float32


# -- baseline -----------------------------------------------------------------------------------


@pytest.mark.parametrize("estimator", ["reinforce", "reinforce_baseline"])
@given(SEEDS)
def test_baseline(estimator: Literal["reinforce", "reinforce_baseline"], seed: int) -> None:
    batch = draw_batch(seed)
    found = group_baseline(tensor(batch["scalar"]), batch["n"], estimator).numpy()
    expected = naive_baseline(batch["scalar"], batch["n"], estimator)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_the_baseline_comes_before_the_clamp() -> None:
    rewards = tensor([30.0, 0.0, 1.0, 3.0])
    assert group_baseline(rewards, 2, "reinforce_baseline").tolist() == [10, -10, -1, 1]
    assert group_baseline(rewards, 2, "reinforce").tolist() == [10, 0, 1, 3]


def test_groups_are_neighbours() -> None:
    found = group_baseline(tensor([0.0, 1.0, 2.0, 10.0, 11.0, 12.0]), 3, "reinforce_baseline")
    assert found.tolist() == [-1, 0, 1, -1, 0, 1]


BASELINES: list[tuple[Estimator, list[float]]] = [
    ("reinforce", [1, 2, 6, 5, 5, 5]),
    ("reinforce_baseline", [-2, -1, 3, 0, 0, 0]),
    ("dr_grpo", [-2, -1, 3, 0, 0, 0]),
    ("rloo", [-3, -1.5, 4.5, 0, 0, 0]),  # 1 - (2 + 6) / 2, ...
    ("group_norm", [-2 / math.sqrt(7), -1 / math.sqrt(7), 3 / math.sqrt(7), 0, 0, 0]),  # (4 + 1 + 9) / 2
]
GROUPED: list[Estimator] = [name for name, _ in BASELINES if name != "reinforce"]


@pytest.mark.parametrize(("estimator", "expected"), BASELINES)
def test_baselines_by_hand(estimator: Estimator, expected: list[float]) -> None:
    found = group_baseline(tensor([1.0, 2, 6, 5, 5, 5]), 3, estimator)
    assert found.tolist() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("estimator", GROUPED)
@given(SEEDS)
def test_group_baselines(estimator: Estimator, seed: int) -> None:
    """They add up to nothing in a group, do not see what all of a group get, and follow a permutation."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 6))
    rewards = tensor(rng.normal(size=3 * n))
    found = group_baseline(rewards, n, estimator)
    torch.testing.assert_close(found.view(3, n).sum(-1), torch.zeros(3), atol=1e-4, rtol=0)
    shifted = (rewards.view(3, n) + tensor(rng.normal(size=(3, 1)))).flatten()
    torch.testing.assert_close(group_baseline(shifted, n, estimator), found, atol=1e-3, rtol=1e-3)
    order = torch.as_tensor(rng.permutation(n))
    mixed = group_baseline(rewards.view(3, n)[:, order].flatten(), n, estimator)
    torch.testing.assert_close(mixed.view(3, n), found.view(3, n)[:, order], atol=1e-5, rtol=1e-4)


def test_rloo_is_the_group_mean_scaled() -> None:
    """r - mean of the others = n / (n - 1) (r - mean); so dr_grpo differs from it by a constant alone."""
    rewards = torch.randn(12)
    rloo, mean = (group_baseline(rewards, 4, name) for name in ("rloo", "dr_grpo"))
    torch.testing.assert_close(rloo, mean * 4 / 3)


@pytest.mark.parametrize("estimator", ["rloo", "group_norm"])
def test_a_group_of_one_has_nobody_to_be_compared_with(estimator: Estimator) -> None:
    with pytest.raises(ValueError, match="draw at least 2"):
        group_baseline(torch.ones(3), 1, estimator)


@pytest.mark.parametrize("estimator", [name for name, _ in BASELINES])
def test_which_estimators_normalise_over_the_batch(estimator: Estimator) -> None:
    gains, mask = tensor([[4.0, 2.0, 9.0], [0.0, 9.0, 9.0]]), tensor([[1, 1, 0], [1, 0, 0]])
    found = advantages_of(gains, mask, estimator)
    if estimator in ("reinforce", "reinforce_baseline"):
        torch.testing.assert_close(found, normalise(gains, mask))
    else:
        assert found.tolist() == [[4, 2, 0], [0, 0, 0]]


# -- returns ------------------------------------------------------------------------------------


@given(SEEDS)
def test_returns(seed: int) -> None:
    b = draw_batch(seed)
    kl = naive_kl(b["logp"], b["ref"], "k1")
    found = returns(
        *map(tensor, (b["scalar"], b["steps"], kl, b["mask"])), kl_coef=b["kl_coef"], gamma=b["gamma"]
    )
    expected = naive_returns(b["scalar"], b["steps"], kl, b["mask"], b["kl_coef"], b["gamma"])
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-4, atol=1e-4)
    # The same as the list-and-array version of tomprm.rewards.credit, the scalar placed by hand.
    paid = (b["steps"] - b["kl_coef"] * kl) * b["mask"]
    for row, length in enumerate(b["mask"].sum(-1).astype(int)):
        if length:
            paid[row, length - 1] += b["scalar"][row]
    other = discounted_returns(paid, b["mask"], b["gamma"]) * b["mask"]
    np.testing.assert_allclose(found.numpy(), other, rtol=1e-4, atol=1e-4)


def test_step_rewards_reach_back_to_all_tokens_before_them() -> None:
    steps = tensor([[0, 2, 0, 5, 0], [0, 0, 7, 0, 0], [1, 1, 1, 1, 1]])
    mask = tensor([[1, 1, 1, 1, 1], [1, 1, 0, 0, 0], [0, 0, 0, 0, 0]])
    none = torch.zeros(3, 5)
    found = returns(tensor([1.0, 10.0, 99.0]), steps, none, mask, kl_coef=0.0)
    assert found.tolist() == [[8, 8, 6, 6, 1], [10, 10, 0, 0, 0], [0, 0, 0, 0, 0]]
    halved = returns(tensor([1.0, 10.0, 99.0]), steps, none, mask, kl_coef=0.0, gamma=0.5)
    assert halved[0].tolist() == [0.5 * 3.375, 3.375, 2.75, 5.5, 1]
    assert halved[1].tolist() == [5, 10, 0, 0, 0]


def test_the_kl_is_charged_at_every_action_token_but_not_at_padding() -> None:
    kl, mask = tensor([[1.0, 2.0, 4.0, 100.0]]), tensor([[1, 1, 1, 0]])
    found = returns(tensor([0.0]), torch.zeros(1, 4), kl, mask, kl_coef=0.1)
    assert found[0].tolist() == pytest.approx([-0.7, -0.6, -0.4, 0])


def test_one_token_rows_get_all_of_it() -> None:
    found = returns(tensor([3.0]), tensor([[2.0]]), tensor([[1.0]]), tensor([[1]]), kl_coef=0.5)
    assert found.tolist() == [[4.5]]


# -- normalisation ------------------------------------------------------------------------------


@given(SEEDS)
def test_normalise(seed: int) -> None:
    batch = draw_batch(seed)
    found = normalise(tensor(batch["steps"]), tensor(batch["mask"])).numpy()
    np.testing.assert_allclose(found, naive_normalise(batch["steps"], batch["mask"]), rtol=1e-3, atol=1e-4)


@given(SEEDS)
def test_normalised_advantages_have_mean_0_and_std_1_over_action_tokens(seed: int) -> None:
    batch = draw_batch(seed)
    rng = np.random.default_rng(seed)
    advantages = rng.normal(5, 3, batch["mask"].shape)
    found = normalise(tensor(advantages), tensor(batch["mask"])).numpy()
    kept = found[batch["mask"] == 1]
    assert not found[batch["mask"] == 0].any()
    if len(kept) > 1:
        assert kept.mean() == pytest.approx(0, abs=1e-4)
        assert (kept**2).mean() == pytest.approx(1, abs=1e-3)


def test_long_rows_weigh_more() -> None:
    """Token-weighted: the mean is over tokens, not over rollouts."""
    advantages, mask = tensor([[4.0, 0, 0], [0, 0, 0]]), tensor([[1, 0, 0], [1, 1, 1]])
    found = normalise(advantages, mask)
    assert found[0].tolist() == pytest.approx([3 / math.sqrt(3), 0, 0])
    assert found[1].tolist() == pytest.approx([-1 / math.sqrt(3)] * 3)


def test_nothing_to_learn_from() -> None:
    """Equal advantages and empty batches give zeros, not NaN."""
    mask = tensor([[1, 1, 0], [1, 0, 0]])
    assert normalise(torch.full((2, 3), 0.7), mask).abs().max() == 0
    assert normalise(torch.randn(2, 3), torch.zeros(2, 3)).abs().max() == 0


def test_padding_changes_nothing() -> None:
    rng = np.random.default_rng(3)
    b = draw_batch(5)
    wide = {k: np.pad(b[k], ((0, 0), (0, 4)), constant_values=0) for k in ("steps", "mask")}
    wide["kl"] = rng.normal(size=wide["mask"].shape)
    narrow_kl = wide["kl"][:, : b["mask"].shape[1]]
    width = b["mask"].shape[1]
    for kl, steps, mask in ((wide["kl"], wide["steps"], wide["mask"]), (narrow_kl, b["steps"], b["mask"])):
        found = normalise(returns(*map(tensor, (b["scalar"], steps, kl, mask)), kl_coef=0.1), tensor(mask))
        expected = naive_normalise(naive_returns(b["scalar"], steps, kl, mask, 0.1, 1.0), mask)
        np.testing.assert_allclose(found[:, :width], expected[:, :width], rtol=1e-3, atol=1e-4)


# -- loss ---------------------------------------------------------------------------------------


@settings(max_examples=60)
@given(SEEDS)
def test_the_whole_way_from_rewards_to_loss(seed: int) -> None:
    b = draw_batch(seed)
    if not b["mask"].any():
        return
    for estimator in ("reinforce", "reinforce_baseline"):
        kl = kl_estimate(tensor(b["old"]), tensor(b["ref"]), "k3") * tensor(b["mask"])
        scalar = group_baseline(tensor(b["scalar"]), b["n"], estimator)
        gains = returns(
            scalar, tensor(b["steps"]), kl, tensor(b["mask"]), kl_coef=b["kl_coef"], gamma=b["gamma"]
        )
        advantages = normalise(gains, tensor(b["mask"]))
        loss, metrics = policy_loss(
            tensor(b["logp"]),
            tensor(b["old"]),
            advantages,
            tensor(b["mask"]),
            clip_low=0.2,
            clip_high=0.3,
        )
        plain = naive_normalise(
            naive_returns(
                naive_baseline(b["scalar"], b["n"], estimator),
                b["steps"],
                naive_kl(b["old"], b["ref"], "k3"),
                b["mask"],
                b["kl_coef"],
                b["gamma"],
            ),
            b["mask"],
        )
        expected, clipped = naive_loss(b["logp"], b["old"], plain, b["mask"], 0.2, 0.3)
        np.testing.assert_allclose(advantages.numpy(), plain, rtol=1e-3, atol=2e-3)
        assert float(loss) == pytest.approx(expected, rel=1e-3, abs=2e-3)
        assert abs(metrics["clipped"] - clipped) <= 1  # an advantage of 0 rounds to either side
        assert metrics["tokens"] == b["mask"].sum()
        approx = float(((b["old"] - b["logp"]) * b["mask"]).sum())
        assert metrics["approx_kl"] == pytest.approx(approx, rel=1e-3, abs=1e-3)


# (ratio, advantage) -> (surrogate, is the gradient cut off); clip to [0.8, 1.3].
BY_HAND = [
    (1.0, 2.0, 2.0, False),
    (1.5, 1.0, 1.3, True),
    (1.5, -1.0, -1.5, False),
    (0.5, 1.0, 0.5, False),
    (0.5, -1.0, -0.8, True),
    (1.25, 1.0, 1.25, False),
    (0.85, -2.0, -1.7, False),
    (2.0, 0.0, 0.0, False),
]


@pytest.mark.parametrize(("ratio", "advantage", "surrogate", "cut"), BY_HAND)
def test_clipping(ratio: float, advantage: float, surrogate: float, cut: bool) -> None:
    logp = tensor([[math.log(ratio)]]).requires_grad_()
    one = tensor([[1.0]])
    loss, metrics = policy_loss(
        logp, tensor([[0.0]]), tensor([[advantage]]), one, clip_low=0.2, clip_high=0.3
    )
    loss.backward()
    assert logp.grad is not None
    assert loss.item() == pytest.approx(-surrogate)
    assert float(logp.grad) == pytest.approx(0.0 if cut else -ratio * advantage)
    assert metrics["clipped"] == cut


def test_the_log_ratio_is_clamped() -> None:
    logp, old = tensor([[500.0, -500.0]]), torch.zeros(1, 2)
    loss, _ = policy_loss(logp, old, tensor([[-1.0, -1.0]]), torch.ones(1, 2))
    assert float(loss) == pytest.approx((math.exp(20) + 0.8) / 2)


FORMS: list[dict[str, Any]] = [
    {},
    {"mean": "sequence", "dual_clip": 1.2},
    {"kind": "gspo", "mean": "sequence"},
    {"rollout": True, "is_mode": "clip", "is_low": 0.8, "is_high": 1.2},
]


@pytest.mark.parametrize("form", FORMS, ids=str)
@settings(max_examples=40)
@given(SEEDS)
def test_pieces_add_up(form: dict[str, Any], seed: int) -> None:
    """The losses, gradients and metrics of micro-batches sum to those of the minibatch."""
    b, form = draw_batch(seed), dict(form)
    if not b["mask"].any():
        return
    rng = np.random.default_rng(seed)
    advantages, mask, old = (tensor(x) for x in (rng.normal(size=b["mask"].shape), b["mask"], b["old"]))
    drawn = tensor(b["logp"]) if form.pop("rollout", False) else None
    whole, parts = tensor(b["logp"]).requires_grad_(), tensor(b["logp"]).requires_grad_()
    loss, metrics = policy_loss(whole, old, advantages, mask, rollout_logp=drawn, **form)
    loss.backward()
    cuts = np.array_split(rng.permutation(len(mask)), int(rng.integers(1, len(mask) + 1)))
    total = mask.any(-1).sum() if form.get("mean") == "sequence" else mask.sum()
    found, sums = 0.0, dict.fromkeys(metrics, 0.0)
    for rows in cuts:
        at = torch.as_tensor(rows)
        given_drawn = None if drawn is None else drawn[at]
        piece, counted = policy_loss(
            parts[at], old[at], advantages[at], mask[at], rollout_logp=given_drawn, total=total, **form
        )
        piece.backward()
        found += piece.item()
        sums = {k: v + counted[k] for k, v in sums.items()}
    assert found == pytest.approx(loss.item(), rel=1e-4, abs=1e-6)
    assert sums == pytest.approx(metrics, rel=1e-4, abs=1e-4)
    assert whole.grad is not None and parts.grad is not None
    torch.testing.assert_close(parts.grad, whole.grad, rtol=1e-4, atol=1e-6)
    assert not whole.grad[mask == 0].any()


def test_means_over_tokens_and_over_sequences() -> None:
    values, mask = tensor([[4.0, 2.0, 9.0], [1.0, 9.0, 9.0], [9.0, 9.0, 9.0]]), torch.zeros(3, 3)
    mask[0, :2] = mask[1, 0] = 1
    assert aggregate(values, mask).item() == pytest.approx(7 / 3)
    assert aggregate(values, mask, "sequence").item() == (3 + 1) / 2  # the row without tokens counts as none
    assert aggregate(values, mask, "sequence", total=4).item() == 1


# (ratio, advantage) -> surrogate; clip to [0.8, 1.3], dual clip 3.
DUAL = [(5.0, -2.0, -6.0), (2.0, -2.0, -4.0), (5.0, 2.0, 2.6), (0.5, -1.0, -0.8), (0.5, 1.0, 0.5)]


@pytest.mark.parametrize(("ratio", "advantage", "surrogate"), DUAL)
def test_dual_clip(ratio: float, advantage: float, surrogate: float) -> None:
    """A bound for tokens that have become much likelier and are bad; no gradient beyond it."""
    logp = tensor([[math.log(ratio)]]).requires_grad_()
    at = tensor([[0.0]]), tensor([[advantage]]), tensor([[1.0]])
    loss, _ = policy_loss(logp, *at, clip_low=0.2, clip_high=0.3, dual_clip=3.0)
    loss.backward()
    assert logp.grad is not None
    assert loss.item() == pytest.approx(-surrogate)
    assert bool(logp.grad) == (abs(surrogate) == pytest.approx(ratio * abs(advantage)))


def test_gspo_has_one_ratio_a_sequence() -> None:
    logp, old = tensor([[0.2, -0.1, 9.0], [0.3, 9.0, 9.0]]).requires_grad_(), torch.zeros(2, 3)
    mask = tensor([[1, 1, 0], [1, 0, 0]])
    loss, metrics = policy_loss(logp, old, torch.ones(2, 3), mask, kind="gspo", mean="sequence")
    loss.backward()
    assert logp.grad is not None
    assert loss.item() == pytest.approx(-(math.exp(0.05) + 1.2) / 2)
    assert metrics["clipped"] == 1  # exp(0.3) is beyond 1.2
    half = -math.exp(0.05) / 4  # half a sequence's, for each of two tokens
    assert logp.grad.tolist() == [[pytest.approx(half)] * 2 + [0], [0, 0, 0]]
    drawn = tensor([[0.1, 0.1, 0.0], [0.3, 0.0, 0.0]])
    loss, _ = policy_loss(logp, old, torch.ones(2, 3), mask, kind="gspo", rollout_logp=drawn)
    assert loss.item() == pytest.approx(-(math.exp(-0.05) + 1) / 2)  # (0.1 - 0.2) / 2, and 0


def test_importance_weights() -> None:
    ratios, mask = tensor([[0.4, 0.5, 1.0, 5.0, 5.1, 900.0]]), tensor([[1, 1, 1, 1, 1, 0]])
    old = ratios.log().requires_grad_()
    masked, outside = importance_weights(old, torch.zeros(1, 6), mask, low=0.499, high=5.001)
    assert masked[0].tolist() == pytest.approx([0, 0.5, 1, 5, 0, 1])
    assert outside[0].tolist() == [True, False, False, False, True, False]
    clipped, _ = importance_weights(old, torch.zeros(1, 6), mask, mode="clip", low=0.499, high=5.001)
    assert clipped[0].tolist() == pytest.approx([0.499, 0.5, 1, 5, 5.001, 1])
    assert not masked.requires_grad and not clipped.requires_grad


def test_rollouts_of_the_trainers_own_model_are_weighed_1() -> None:
    logp, old, advantages, mask = torch.randn(3, 4), torch.randn(3, 4), torch.randn(3, 4), torch.ones(3, 4)
    plain, _ = policy_loss(logp, old, advantages, mask)
    weighed, metrics = policy_loss(logp, old, advantages, mask, rollout_logp=old)
    assert weighed.item() == plain.item() and metrics["is_outside"] == 0


def test_descent_makes_good_tokens_likelier() -> None:
    """Two tokens at one position, the first of them rewarded."""
    scores = torch.zeros(2, requires_grad=True)
    old = torch.log_softmax(torch.zeros(2), -1)
    for _ in range(3):
        logp = torch.log_softmax(scores, -1)
        loss, _ = policy_loss(logp[:, None], old[:, None], tensor([[1.0], [-1.0]]), torch.ones(2, 1))
        (grad,) = torch.autograd.grad(loss, scores)
        scores = (scores - 0.05 * grad).detach().requires_grad_()
    p = torch.softmax(scores, -1)
    assert p[0] > 0.53 and p[1] < 0.47


def test_the_first_gradient_is_reinforce() -> None:
    """Where nothing has changed yet the ratio is 1 and the gradient is -A / tokens."""
    logp = torch.randn(3, 4, requires_grad=True)
    mask = tensor([[1, 1, 1, 1], [1, 0, 0, 0], [0, 0, 0, 0]])
    advantages = torch.randn(3, 4)
    loss, _ = policy_loss(logp, logp.detach(), advantages, mask)
    loss.backward()
    assert logp.grad is not None
    torch.testing.assert_close(logp.grad, -advantages * mask / 5)
    assert loss.item() == pytest.approx(-(advantages * mask).sum().item() / 5, abs=1e-6)
