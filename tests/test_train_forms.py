"""The embedded trainer uses every estimator and form of the loss that a config can name."""

from __future__ import annotations

import dataclasses
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from rl_fixtures import random_policy, save_policy, small_config, story_items

from tomprm.config import RewardConfig
from tomprm.rewards.shaping import Reward, score
from tomprm.rl import train as train_module
from tomprm.rl.reinforce import Estimator, group_baseline, kl_estimate, policy_loss
from tomprm.rl.rollout import Rollout, completion_text, sample
from tomprm.rl.train import Trainer
from tomprm.world.items import Item

SEQUENCE: dict[str, Any] = {"rl__loss_mean": "sequence"}
FORMS: list[dict[str, Any]] = [
    {"rl__estimator": "rloo", **SEQUENCE, "rl__dual_clip": 1.1},
    {"rl__estimator": "group_norm", "rl__policy_loss_type": "gspo", **SEQUENCE},
    {"rl__estimator": "dr_grpo", "rl__kl_in_loss": True, "rl__kl_estimator": "k3", **SEQUENCE},
    {"rl__is_correction": "token", "rl__is_mode": "clip", "rl__is_low": 0.9},
    {"rl__is_correction": "token", "rl__policy_loss_type": "gspo", **SEQUENCE},
]


def by_text(item: Item, text: str, config: RewardConfig, checker: Any) -> Reward:
    """Any reward that differs between completions of an untaught policy."""
    judged = score(item, text, config, checker)
    return dataclasses.replace(judged, scalar=zlib.crc32(text.encode()) % 7 / 3)


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_policy(tmp_path_factory.mktemp("policy"), random_policy(scale=3.0))


def ragged(model: Any, tokenizer: Any, *args: Any, **kwargs: Any) -> list[Rollout]:
    """An untaught policy never stops: its completions, cut to 1 .. 12 tokens."""
    found: list[Rollout] = []
    for k, r in enumerate(sample(model, tokenizer, *args, **kwargs)):
        ids, kept = r.completion_ids[: (1, 12, 5, 8)[k % 4]], r.logprobs[: (1, 12, 5, 8)[k % 4]]
        found.append(
            dataclasses.replace(r, completion_ids=ids, logprobs=kept, text=completion_text(tokenizer, ids))
        )
    return found


@pytest.fixture(autouse=True)
def rewards_and_lengths(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(train_module, "score", by_text)
    monkeypatch.setattr(train_module, "sample", ragged)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # models too small to share
    yield
    torch.set_num_threads(threads)


def trainer_of(policy: Path, folder: Path, **changes: Any) -> Trainer:
    config = small_config(policy, rl__prompts_per_step=4, rl__samples_per_prompt=4, **changes)
    made = Trainer(config, "process", 0, list(story_items()[:16]), folder)
    made.step = 1
    return made


def moved(trainer: Trainer, by: float = 0.05) -> Trainer:
    """The reference is no longer the policy."""
    with torch.no_grad():
        for p in trainer.reference.parameters():
            p.add_(by * torch.randn(p.shape, generator=torch.Generator().manual_seed(p.numel())))
    return trainer


def weights(trainer: Trainer) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in trainer.policy.parameters()]).clone()


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_micro_batches_add_up(policy: Path, tmp_path: Path, form: dict[str, Any]) -> None:
    """Also where the mean is over sequences and the KL's over tokens."""
    whole = moved(trainer_of(policy, tmp_path / "whole", **form))
    parts = moved(trainer_of(policy, tmp_path / "parts", rl__micro_batch=4, **form))
    before, batch = weights(whole), whole.collect()
    expected, found = whole.update(batch), parts.update(parts.collect())
    assert found == pytest.approx(expected, rel=2e-3, abs=1e-5)
    assert expected["grad_norm"] > 0 and not torch.equal(before, weights(whole))
    assert ("kl_loss" in found) == bool(form.get("rl__kl_in_loss"))
    assert ("is_outside" in found) == ("rl__is_correction" in form and "rl__policy_loss_type" not in form)


IN_WORDS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {}),
    ({"rl__clip_high": 0.9, "rl__clip_low": 0.01}, {"clip_high": 0.9, "clip_low": 0.01}),
    (SEQUENCE, {"mean": "sequence"}),
    ({"rl__dual_clip": 1.1}, {"dual_clip": 1.1}),
    ({**SEQUENCE, "rl__policy_loss_type": "gspo"}, {"mean": "sequence", "kind": "gspo"}),
    (
        {"rl__is_correction": "token", "rl__is_mode": "clip", "rl__is_low": 0.9, "rl__is_high": 1.2},
        {"is_mode": "clip", "is_low": 0.9, "is_high": 1.2},
    ),
    ({"rl__is_correction": "token", "rl__is_low": 0.1, "rl__is_high": 1.2}, {"is_low": 0.1, "is_high": 1.2}),
]


def test_the_loss_is_the_configs(policy: Path, tmp_path: Path) -> None:
    """Each form gives its own loss, on rollouts that an older policy drew and an even older one judged."""
    losses: list[float] = []
    for k, (form, words) in enumerate(IN_WORDS):
        trainer = trainer_of(policy, tmp_path / str(k), rl__minibatches=1, **form)
        batch = trainer.collect()
        noise = torch.randn(2, *batch.mask.shape, generator=torch.Generator().manual_seed(0))
        batch = dataclasses.replace(batch, old_logp=batch.old_logp + noise[0])
        if "rl__is_correction" in form:
            words = words | {"rollout_logp": batch.old_logp + noise[1]}
            batch = dataclasses.replace(batch, rollout_logp=words["rollout_logp"])
        with torch.no_grad():
            logp = trainer.logprobs(trainer.policy, batch.rollouts, batch.mask.shape[1])
        expected, _ = policy_loss(logp, batch.old_logp, batch.advantages, batch.mask, **words)
        losses.append(trainer.update(batch)["loss"])
        assert losses[-1] == pytest.approx(float(expected), rel=1e-3, abs=1e-6), form
    assert len({round(x, 6) for x in losses}) == len(losses)


@pytest.mark.parametrize("estimator", ["reinforce", "reinforce_baseline", "rloo", "group_norm", "dr_grpo"])
def test_advantages_are_the_estimators(policy: Path, tmp_path: Path, estimator: Estimator) -> None:
    trainer = trainer_of(policy, tmp_path, rl__estimator=estimator, rl__kl_coef=0.0)
    trainer.reward = RewardConfig()  # outcome: the scalar alone
    batch = trainer.collect()
    scalar = group_baseline(torch.tensor([r.scalar for r in batch.rewards]), 4, estimator)
    expected = scalar.unsqueeze(-1) * batch.mask
    if estimator.startswith("reinforce"):
        kept = expected[batch.mask > 0]
        expected = (expected - kept.mean()) / kept.std(unbiased=False) * batch.mask
    assert scalar.std() > 0
    torch.testing.assert_close(batch.advantages, expected, rtol=1e-4, atol=1e-5)


def test_the_kl_is_in_the_reward_or_in_the_loss(policy: Path, tmp_path: Path) -> None:
    def made(name: str, **changes: Any) -> Trainer:
        changes = {"rl__estimator": "dr_grpo", "rl__kl_estimator": "k2", "rl__minibatches": 1} | changes
        return moved(trainer_of(policy, tmp_path / name, **changes))

    reward, none = made("reward", rl__kl_coef=0.5), made("none", rl__kl_coef=0.0)
    loss = made("loss", rl__kl_coef=0.5, rl__kl_in_loss=True)
    batches = [trainer.collect() for trainer in (reward, loss, none)]
    assert torch.equal(batches[1].advantages, batches[2].advantages)
    assert (batches[0].advantages - batches[2].advantages).abs().max() > 0.01
    losses = [trainer.update(batch) for trainer, batch in zip((reward, loss, none), batches, strict=True)]
    mask = batches[1].mask
    kl = kl_estimate(batches[1].old_logp, batches[1].ref_logp, "k2")
    mean = float((kl * mask).sum() / mask.sum())
    assert losses[1]["kl_loss"] == pytest.approx(mean, rel=1e-3) and mean > 0
    assert losses[1]["loss"] == pytest.approx(losses[2]["loss"] + 0.5 * mean, rel=1e-3)
    assert not torch.equal(weights(loss), weights(none))


def test_rollouts_carry_their_log_probabilities(policy: Path, tmp_path: Path) -> None:
    """The trainer's own, so every weight is 1; a batch from elsewhere is masked."""
    form = {"rl__is_correction": "token", "rl__temperature": 0.7}
    trainer, plain = trainer_of(policy, tmp_path / "is", **form), trainer_of(policy, tmp_path / "plain")
    assert plain.collect().rollout_logp is None
    batch = trainer.collect()
    assert batch.rollout_logp is not None
    torch.testing.assert_close(batch.rollout_logp, batch.old_logp * batch.mask, rtol=1e-4, atol=1e-4)
    before = weights(trainer)
    elsewhere = dataclasses.replace(batch, rollout_logp=batch.rollout_logp + batch.mask)
    update = trainer.update(elsewhere)  # a ratio of 1 / e, below 0.5
    assert update["is_outside"] == 1 and update["grad_norm"] == 0 and torch.equal(before, weights(trainer))
    assert trainer.update(batch)["is_outside"] == 0
    assert not torch.equal(before, weights(trainer))
