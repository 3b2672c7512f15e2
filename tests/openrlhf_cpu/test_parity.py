"""tomprm's estimators and losses against the installed OpenRLHF's own functions, on CPU tensors.

No Ray, no cluster: RemoteExperienceMaker is made without its constructor. Batches are ragged, with rows of
one token and full ones, and cut into experiences of several widths in another order than they were drawn in.
`pytest -s` prints the largest difference of each comparison.

    PYTHONPATH=src python -m pytest tests/openrlhf_cpu/test_parity.py     (in OpenRLHF's environment)
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, get_args

import numpy as np
import pytest
import torch

from tomprm.config import CreditConfig, RewardConfig, RLConfig
from tomprm.rewards.credit import ScoredSteps, kept, token_credit
from tomprm.rl.openrlhf.maker import step_reward_maker
from tomprm.rl.openrlhf.wire import KEY, pack
from tomprm.rl.reinforce import (
    Estimator,
    advantages_of,
    aggregate,
    group_baseline,
    kl_estimate,
    policy_loss,
    returns,
)

ESTIMATORS: tuple[Estimator, ...] = get_args(Estimator)
SEEDS = range(40)
SAMPLES = 4


@pytest.fixture(scope="module")
def openrlhf() -> Iterator[SimpleNamespace]:
    """OpenRLHF's own names, imported with the shim in place; what that replaces is put back afterwards."""
    import openrlhf_on_cpu

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DS_ACCELERATOR", "cpu")
        for name in ("current_device", "set_device", "synchronize", "current_stream", "empty_cache"):
            patch.setattr(torch.cuda, name, getattr(torch.cuda, name))
        before = list(sys.meta_path)
        openrlhf_on_cpu.install()
        yield _names()
        ours = [f for f in sys.meta_path if isinstance(f, openrlhf_on_cpu._Finder) and f not in before]
        for finder in ours:
            sys.meta_path.remove(finder)


def _names() -> SimpleNamespace:
    from openrlhf.models.loss import PolicyLoss, aggregate_loss
    from openrlhf.models.utils import compute_approx_kl
    from openrlhf.trainer.ppo_utils.experience import Experience
    from openrlhf.trainer.ppo_utils.experience_maker import RemoteExperienceMaker

    return SimpleNamespace(
        PolicyLoss=PolicyLoss,
        aggregate_loss=aggregate_loss,
        compute_approx_kl=compute_approx_kl,
        Experience=Experience,
        Maker=RemoteExperienceMaker,
    )


WORST: dict[str, float] = {}


@pytest.fixture(scope="module", autouse=True)
def table() -> Iterator[None]:
    yield
    print()
    for name, worst in WORST.items():
        print(f"{name:48s} {worst:.1e}")


def same(what: str, found: torch.Tensor, expected: torch.Tensor) -> None:
    """Equal to 1e-6, of the value where that is above 1 (float32 has 1.2e-7)."""
    found, expected = found.detach(), expected.detach()
    assert found.shape == expected.shape and torch.isfinite(expected).all()
    gap = ((found - expected).abs() / expected.abs().clamp(min=1)).max().item() if found.numel() else 0.0
    WORST[what] = max(WORST.get(what, 0.0), gap)
    assert gap <= 1e-6, f"{what}: {gap:.2e}"


# -- batches ------------------------------------------------------------------------------------------


@dataclass
class Drawn:
    """B rollouts in the order in which they were drawn, groups of SAMPLES; action tokens from column 0."""

    mask: torch.Tensor
    logp: torch.Tensor
    old: torch.Tensor
    ref: torch.Tensor
    rollout: torch.Tensor
    scalar: torch.Tensor
    steps: list[ScoredSteps]


def draw(seed: int) -> Drawn:
    rng = np.random.default_rng(seed)
    rows, width = SAMPLES * int(rng.integers(1, 5)), int(rng.integers(1, 40))
    lengths = rng.integers(1, width + 1, rows)
    lengths[rng.integers(rows)], lengths[rng.integers(rows)] = 1, width
    width = int(lengths.max())
    mask = np.arange(width) < lengths[:, None]
    logp = -rng.exponential(2, mask.shape)
    scalar = rng.normal(0, rng.choice([1, 20]), rows)
    if rng.random() < 0.3:
        scalar[:SAMPLES] = scalar[0]  # a group that agrees
    noise = [rng.normal(0, s, mask.shape) for s in (rng.choice([0.3, 3]), rng.choice([0.1, 8]), 0.8)]
    tensors = [torch.tensor(x * mask, dtype=torch.float32) for x in (logp, *(logp + n for n in noise))]
    steps = [judged(rng, int(n)) for n in lengths]
    return Drawn(torch.tensor(mask).float(), *tensors, torch.tensor(scalar, dtype=torch.float32), steps)


def judged(rng: np.random.Generator, tokens: int) -> ScoredSteps:
    """Some steps of a rollout; every obligation is met once at most."""
    ends = np.sort(rng.integers(0, tokens, rng.integers(0, 5)))
    obligations = [(int(k),) if rng.random() < 0.6 else () for k in rng.permutation(5)[: len(ends)]]
    progress, scores = rng.normal(0, 0.4, len(ends)), rng.choice([-1.0, 0.0, 1.0], len(ends))
    # Exact in float32: so they are when they come out of the wire.
    progress = progress.astype(np.float32).astype(float)
    outcome = float(rng.integers(2))
    placed = tuple(map(int, ends)), tuple(progress), tuple(scores), tuple(obligations)
    return ScoredSteps(tokens, *placed, outcome)


def pieces(drawn: Drawn, kl: torch.Tensor, make: Callable[..., Any], seed: int) -> list[Any]:
    """The rollouts as OpenRLHF's experiences: prompts of other lengths before them, so the action tokens
    start at other columns, and in the order in which balancing would put them."""
    rng = np.random.default_rng(seed)
    made: list[Any] = []
    for rows in np.array_split(rng.permutation(len(drawn.mask)), int(rng.integers(1, 4))):
        rows = [int(r) for r in rows]
        lengths = drawn.mask[rows].sum(-1).long().tolist()
        starts = [int(rng.integers(0, 6)) for _ in rows]
        width = max(s + n for s, n in zip(starts, lengths, strict=True)) + int(rng.integers(0, 2))
        mask, moved = torch.zeros(len(rows), width), torch.zeros(len(rows), width)
        for k, (row, start, length) in enumerate(zip(rows, starts, lengths, strict=True)):
            mask[k, start : start + length] = 1
            moved[k, start : start + length] = kl[row, :length]
        packed = [pack(drawn.steps[r]) for r in rows]
        longest = max(map(len, packed))
        made.append(
            make(
                action_mask=mask.bool(),
                kl=moved,
                rewards=drawn.scalar[rows].clone(),
                index=rows,
                labels=[str(r // SAMPLES) for r in rows],
                info={KEY: torch.tensor([p + [0.0] * (longest - len(p)) for p in packed])},
            )
        )
    return made


def maker(cls: type[Any], estimator: str, gamma: float, kl_coef: float) -> Any:
    advantage = SimpleNamespace(estimator=estimator, gamma=gamma, lambd=1.0, no_std_norm=False)
    reward = SimpleNamespace(
        clip_range=(-10, 10),
        overlong_buffer_len=None,
        overlong_penalty_factor=1,
        stop_properly_penalty_coef=None,
    )
    args = SimpleNamespace(
        algo=SimpleNamespace(advantage=advantage, kl=SimpleNamespace()),
        rollout=SimpleNamespace(n_samples_per_prompt=SAMPLES),
        reward=reward,
    )
    made = cls.__new__(cls)
    made.args, made.strategy, made.advantage_estimator = args, SimpleNamespace(args=args), estimator
    made.kl_ctl = SimpleNamespace(value=kl_coef)
    return made


def compare(what: str, made: list[Any], gains: torch.Tensor, advantages: torch.Tensor) -> None:
    """At action tokens; upstream leaves something at the others, too, which its loss masks."""
    seen = 0
    for experience in made:
        for k, row in enumerate(experience.index):
            at = experience.action_mask[k].bool()
            length = int(at.sum())
            same(f"returns, {what}", gains[row, :length], experience.returns[k][at])
            same(f"advantages, {what}", advantages[row, :length], experience.advantages[k][at])
            seen += 1
    assert seen == len(gains)


# -- advantages ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["k1", "k2", "k3"])
def test_kl(openrlhf: SimpleNamespace, kind: Any) -> None:
    """Values, and gradients where the KL is in the loss."""
    for seed in SEEDS:
        drawn = draw(seed)
        far = [50 if seed % 5 == k else 1 for k in (0, 1)]  # beyond the clamps, on either side
        ours, theirs = ((drawn.logp * far[0]).requires_grad_() for _ in range(2))
        ref = drawn.ref * far[1]
        found = kl_estimate(ours, ref, kind)
        expected = openrlhf.compute_approx_kl(theirs, ref, kl_estimator=kind)
        same(f"KL {kind}", found, expected)
        found.sum().backward()
        expected.sum().backward()
        assert ours.grad is not None and theirs.grad is not None
        same(f"KL {kind}, gradient", ours.grad, theirs.grad)


@pytest.mark.parametrize("gamma", [1.0, 0.9])
@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_advantages(openrlhf: SimpleNamespace, estimator: Estimator, gamma: float) -> None:
    """OpenRLHF forces gamma to 1 but for `reinforce`; our config refuses another one."""
    for seed in SEEDS:
        drawn, kl_coef = draw(seed), (0.0, 0.01, 0.5)[seed % 3]
        kl = kl_estimate(drawn.old, drawn.ref, ("k1", "k2", "k3")[seed // 3 % 3]) * drawn.mask
        experiences = pieces(drawn, kl, openrlhf.Experience, seed)
        made = maker(openrlhf.Maker, estimator, gamma, kl_coef).compute_advantages_and_returns(experiences)
        scalar = group_baseline(drawn.scalar, SAMPLES, estimator)
        used = gamma if estimator == "reinforce" else 1.0
        gains = returns(scalar, 0 * kl, kl, drawn.mask, kl_coef=kl_coef, gamma=used)
        compare(estimator, made, gains, advantages_of(gains, drawn.mask, estimator))


@pytest.mark.parametrize("section", [{}, {"baseline": "event"}, {"form": "prof"}], ids=str)
@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_advantages_with_step_rewards(
    openrlhf: SimpleNamespace,
    monkeypatch: pytest.MonkeyPatch,
    estimator: Estimator,
    section: dict[str, Any],
) -> None:
    credit = CreditConfig(**section)
    settings = SimpleNamespace(reward=RewardConfig(name="process", credit=credit), dump=False)
    monkeypatch.setattr("tomprm.rl.openrlhf.maker.settings", lambda: settings)
    dropped = 0
    for seed in SEEDS:
        drawn = draw(seed)
        kl = kl_estimate(drawn.old, drawn.ref) * drawn.mask
        experiences = pieces(drawn, kl, openrlhf.Experience, seed)
        cls = step_reward_maker(openrlhf.Maker)
        made = maker(cls, estimator, 1.0, 0.01).compute_advantages_and_returns(experiences)
        paid, stays = torch.zeros_like(kl), torch.zeros(len(kl), 1)
        for start in range(0, len(kl), SAMPLES):
            group = drawn.steps[start : start + SAMPLES]
            for k, (rewards, keep) in enumerate(
                zip(token_credit(group, credit), kept(group, credit), strict=True), start
            ):
                paid[k, : len(rewards)] = torch.as_tensor(rewards, dtype=torch.float32)
                stays[k] = float(keep)
        dropped += int((1 - stays).sum())
        scalar = group_baseline(drawn.scalar, SAMPLES, estimator)
        trained = drawn.mask * stays
        gains = returns(scalar, paid, kl, drawn.mask, kl_coef=0.01)
        # A dropped row's returns are 0 there; what counts is that its advantages are.
        compare(f"{estimator}, steps", made, gains * stays, advantages_of(gains, trained, estimator))
    assert (dropped > 0) == (section.get("form") == "prof")


# -- losses -------------------------------------------------------------------------------------------

LOSSES = [
    (kind, mean, dual, correction)
    for kind in ("ppo", "gspo")
    for mean in ("token", "sequence")
    for dual in (None, 1.5)
    for correction in ("off", "mask", "clip")
]


@pytest.mark.parametrize(("kind", "mean", "dual", "correction"), LOSSES)
@pytest.mark.parametrize("total", [False, True], ids=["whole", "piece"])
def test_loss(
    openrlhf: SimpleNamespace, kind: Any, mean: Any, dual: float | None, correction: Any, total: bool
) -> None:
    """Loss, gradient and what is logged. `piece`: a micro-batch of a batch of 77 tokens in 9 rows."""
    low, high = 0.6, 1.7
    theirs = openrlhf.PolicyLoss(
        0.2,
        0.3,
        dual_clip=dual,
        token_level_loss=mean == "token",
        policy_loss_type=kind,
        is_correction_level="off" if correction == "off" else "token",
        is_correction_mode="mask" if correction == "off" else correction,
        is_correction_threshold=[low, high],
    )
    name = f"loss {kind} {mean} {'dual' if dual else '-'} is={correction}"
    for seed in SEEDS:
        drawn = draw(seed)
        if seed % 8 == 0 and kind == "ppo":
            drawn.old = drawn.old * 20  # ratios beyond exp(20)
        rng = np.random.default_rng(seed)
        advantages = torch.tensor(rng.normal(size=drawn.mask.shape), dtype=torch.float32)
        a, b = drawn.logp.clone().requires_grad_(), drawn.logp.clone().requires_grad_()
        sizes = (77.0, 9.0) if total else (None, None)
        found, metrics = policy_loss(
            a,
            drawn.old,
            advantages,
            drawn.mask,
            clip_low=0.2,
            clip_high=0.3,
            dual_clip=dual,
            kind=kind,
            mean=mean,
            rollout_logp=None if correction == "off" else drawn.rollout,
            is_mode="clip" if correction == "clip" else "mask",
            is_low=low,
            is_high=high,
            total=sizes[0] if mean == "token" and kind == "ppo" else sizes[1],
        )
        expected, clip_ratio, ppo_kl, _, filtered = theirs(
            b,
            drawn.old,
            advantages,
            action_mask=drawn.mask,
            rollout_log_probs=drawn.rollout,
            batch_num_tokens=sizes[0],
            global_batch_size=sizes[1],
        )
        same(name, found, expected)
        found.backward()
        expected.backward()
        assert a.grad is not None and b.grad is not None
        same(name + ", gradient", a.grad, b.grad)
        tokens = metrics["tokens"]
        same("clip fraction", torch.tensor(metrics["clipped"] / tokens), clip_ratio)
        same("approx_kl", torch.tensor(metrics["approx_kl"] / tokens), ppo_kl)
        assert ("is_outside" in metrics) == (filtered is not None)
        if filtered is not None:
            same("is_outside", torch.tensor(metrics["is_outside"] / tokens), filtered)


def test_kl_in_the_loss(openrlhf: SimpleNamespace) -> None:
    """As in ActorPPOTrainer.training_step: a mean over tokens whatever the policy loss is."""
    for seed in SEEDS:
        drawn = draw(seed)
        kl = openrlhf.compute_approx_kl(drawn.logp, drawn.ref, kl_estimator="k2")
        expected = openrlhf.aggregate_loss(kl, drawn.mask, batch_num_tokens=77.0, global_batch_size=9.0)
        found = aggregate(kl_estimate(drawn.logp, drawn.ref, "k2"), drawn.mask, total=77.0)
        same("KL in the loss", found, expected)


def test_defaults_are_openrlhfs(openrlhf: SimpleNamespace) -> None:
    loss, ours = openrlhf.PolicyLoss(), RLConfig()
    assert (loss.clip_eps_low, loss.clip_eps_high) == (ours.clip_low, ours.clip_high)
    assert (loss.dual_clip, loss.policy_loss_type) == (ours.dual_clip, ours.policy_loss_type)
    assert loss.token_level_loss == (ours.loss_mean == "token")
    assert (loss.is_correction_level, loss.is_correction_mode) == (ours.is_correction, ours.is_mode)
    assert tuple(loss.is_correction_threshold) == (ours.is_low, ours.is_high)
