"""The embedded trainer: records, resume to the same numbers, paired prompts, errors, and that it learns."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import torch
from rl_fixtures import random_policy, save_policy, small_config, story_items, taught_policy

from tomprm.config import ConfigError, CreditConfig, RewardConfig, RunConfig
from tomprm.rewards.credit import token_rewards
from tomprm.rewards.shaping import Reward, score
from tomprm.rl import train as train_module
from tomprm.rl.models import precision
from tomprm.rl.records import forget_after
from tomprm.rl.reinforce import group_baseline
from tomprm.rl.train import RewardError, Trainer
from tomprm.world.items import Item

TIMES = ("collect_s", "update_s")
KEYS = {
    "arm", "seed", "step", "reward", "accuracy", "process", "format", "coverage", "soundness", "sound",
    "uncheckable", "tokens", "truncated", "kl", "dropped", "loss", "clip_fraction", "approx_kl", "grad_norm",
    *TIMES,
}  # fmt: skip


class Cut(Exception):
    """The power is out."""


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_policy(tmp_path_factory.mktemp("policy"), random_policy(scale=3.0))


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Writes in the format at times, so that rewards differ."""
    return save_policy(tmp_path_factory.mktemp("taught"), taught_policy())


def items_of(config: RunConfig) -> list[Item]:
    return list(story_items()[: config.data.train_items])


def trainer_of(config: RunConfig, folder: Path, arm: str = "process", seed: int = 0) -> Trainer:
    return Trainer(config, arm, seed, items_of(config), folder)


def metrics(folder: Path) -> list[dict[str, Any]]:
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [{k: v for k, v in row.items() if k not in TIMES} for row in rows]


def weights(trainer: Trainer) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in trainer.policy.state_dict().items()}


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


# -- records ------------------------------------------------------------------------------------


def test_one_row_a_step(taught: Path, tmp_path: Path) -> None:
    config = small_config(
        taught, rl__steps=3, rl__validate_every=2, rl__samples_per_prompt=8, policy__max_new_tokens=60
    )
    trainer = trainer_of(config, tmp_path / "run")
    reported: list[dict[str, Any]] = []
    validated: list[int] = []
    before = weights(trainer)
    trainer.run(lambda t: validated.append(t.step), reported.append)
    rows = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    assert rows == reported
    assert [row["step"] for row in rows] == [1, 2, 3]
    assert validated == [0, 2, 3]
    for row in rows:
        assert row.keys() == KEYS
        assert (row["arm"], row["seed"]) == ("process", 0)
        assert all(v is None or isinstance(v, (str, int)) or math.isfinite(v) for v in row.values())
        assert 0 <= row["accuracy"] <= row["format"] <= 1 and 0 < row["tokens"] <= 60
        assert row["grad_norm"] > 0
    assert rows[0]["kl"] == pytest.approx(0, abs=1e-6) and rows[2]["kl"] != 0  # the reference stays
    assert not same(before, weights(trainer))
    assert not trainer.policy.training
    trainer.save_policy(tmp_path / "saved")
    from tomprm.rl.models import load_policy

    loaded, _ = load_policy(config.policy.model_copy(update={"model": str(tmp_path / "saved")}))
    assert same(loaded.state_dict(), weights(trainer))


def test_the_reference_is_the_warm_start(policy: Path, tmp_path: Path) -> None:
    trainer = trainer_of(small_config(policy), tmp_path / "run")
    before = {name: value.clone() for name, value in trainer.reference.state_dict().items()}
    trainer.run()
    assert same(before, trainer.reference.state_dict())
    assert not any(p.requires_grad for p in trainer.reference.parameters())


def test_bfloat16_multiplies_in_bfloat16_and_keeps_small_updates(taught: Path, tmp_path: Path) -> None:
    config = small_config(taught, policy__dtype="bfloat16", rl__learning_rate=1e-6, rl__steps=2)
    trainer = trainer_of(config, tmp_path / "run")
    before = weights(trainer)
    trainer.run()
    assert {p.dtype for p in trainer.policy.parameters()} == {torch.float32}
    moved = [not torch.equal(before[name], value) for name, value in trainer.policy.state_dict().items()]
    assert any(moved), "an update of 1e-6 would be lost in bfloat16 weights"
    with precision(config.policy, trainer.policy.device):
        assert trainer.policy(torch.ones(1, 3, dtype=torch.long)).logits.dtype is torch.bfloat16


def test_the_learning_rate_warms_up(policy: Path, tmp_path: Path) -> None:
    trainer = trainer_of(small_config(policy, rl__steps=3, rl__warmup_steps=2), tmp_path / "run")
    rates: list[float] = []
    trainer.run(report=lambda row: rates.append(trainer.optimizer.param_groups[0]["lr"]))
    assert rates == pytest.approx([0.5e-3, 1e-3, 1e-3])


def test_a_batch_is_what_the_rewards_say(taught: Path, tmp_path: Path) -> None:
    """Without a KL the returns are sums of step rewards still to come, plus the scalar."""
    config = small_config(
        taught, policy__max_new_tokens=60, rl__kl_coef=0.0, rl__prompts_per_step=8, rl__samples_per_prompt=4
    )
    trainer = trainer_of(config, tmp_path / "run")
    trainer.step = 1
    batch = trainer.collect()
    assert any(r.total for r in batch.rewards) and any(s for r in batch.rewards for _, s in r.steps)
    scalars = group_baseline(torch.tensor([r.scalar for r in batch.rewards]), 4, "reinforce").tolist()
    raw: list[np.ndarray] = []
    for rollout, reward, scalar in zip(batch.rollouts, batch.rewards, scalars, strict=True):
        paid = token_rewards(reward.steps, rollout.completion_ids, rollout.text, trainer.decode)
        paid[-1] += scalar
        raw.append(np.cumsum(paid[::-1])[::-1])
    tokens = np.concatenate(raw)
    expected = [(row - tokens.mean()) / tokens.std() for row in raw]
    for row, wanted in enumerate(expected):
        assert batch.mask[row].sum() == len(wanted)
        np.testing.assert_allclose(batch.advantages[row, : len(wanted)], wanted, atol=1e-4)
        assert not batch.advantages[row, len(wanted) :].any()


def test_dropped_rollouts_train_nothing(taught: Path, tmp_path: Path) -> None:
    """PROF's filter: no advantage, and no part in the mean and deviation of those that stay."""
    config = small_config(
        taught,
        arms={"prof": {"name": "hybrid", "credit": {"form": "prof", "keep": 0.5, "baseline": "event"}}},
        policy__max_new_tokens=60,
        rl__samples_per_prompt=4,
    )
    trainer = trainer_of(config, tmp_path / "run", arm="prof")
    trainer.step = 1
    batch = trainer.collect()
    stays = np.array(batch.kept)
    assert stays.reshape(-1, 4).sum(1).tolist() == [2] * 4
    assert not batch.advantages[~stays].any() and (batch.mask[~stays].sum(1) > 0).all()
    trained = batch.advantages[stays][batch.mask[stays] > 0]
    assert float(trained.mean()) == pytest.approx(0, abs=1e-5)
    assert float(trained.std(correction=0)) == pytest.approx(1, abs=1e-4)
    assert trainer.log(batch, trainer.update(batch), 0, 0)["dropped"] == 0.5


def test_credit_is_of_the_prompts_own_group(taught: Path, tmp_path: Path) -> None:
    """Every form and baseline on one batch: the same as group by group."""
    config = small_config(taught, policy__max_new_tokens=60, rl__samples_per_prompt=4)
    trainer = trainer_of(config, tmp_path / "run")
    trainer.step = 1
    batch = trainer.collect()
    group = slice(4, 8)
    for form in get_args(CreditConfig.model_fields["form"].annotation):
        for baseline in get_args(CreditConfig.model_fields["baseline"].annotation):
            credit = CreditConfig(form=form, baseline=baseline)
            trainer.reward = trainer.reward.model_copy(update={"credit": credit})
            placed, stays = trainer.credit(batch.rollouts, batch.rewards)
            assert [len(row) for row in placed] == batch.mask.sum(1).tolist()
            assert sum(stays) == (8 if form == "prof" else 16)
            alone, _ = trainer.credit(batch.rollouts[group], batch.rewards[group])
            assert all(map(np.array_equal, placed[group], alone))


@pytest.mark.parametrize("micro_batch", [2, 5])
def test_micro_batches_change_nothing_but_memory(
    policy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, micro_batch: int
) -> None:
    monkeypatch.setattr(train_module, "score", letter)
    plain = trainer_of(small_config(policy), tmp_path / "plain")
    pieces = trainer_of(small_config(policy, rl__micro_batch=micro_batch), tmp_path / "pieces")
    plain.run()
    pieces.run()
    for row, other in zip(metrics(tmp_path / "plain"), metrics(tmp_path / "pieces"), strict=True):
        for key in ("reward", "tokens", "loss", "clip_fraction", "approx_kl", "grad_norm", "kl"):
            assert row[key] == pytest.approx(other[key], rel=2e-3, abs=1e-5), key
        assert row["grad_norm"] > 0


# -- resume -------------------------------------------------------------------------------------


def cut_at(step: int) -> Callable[[Trainer], None]:
    """Raises when step `step` is validated: after its update and its line of metrics."""

    def validate(trainer: Trainer) -> None:
        if trainer.step == step:
            raise Cut

    return validate


@pytest.mark.parametrize("estimator", ["reinforce", "reinforce_baseline", "group_norm"])
def test_a_cut_run_goes_on_to_the_same_numbers(taught: Path, tmp_path: Path, estimator: str) -> None:
    config = small_config(taught, rl__steps=4, rl__estimator=estimator, policy__max_new_tokens=40)
    straight = trainer_of(config, tmp_path / "straight")
    straight.run()
    folder = tmp_path / "cut"
    with pytest.raises(Cut):
        trainer_of(config, folder).run(cut_at(3))
    assert [row["step"] for row in metrics(folder)] == [1, 2, 3], "the line of the lost step was written"
    with (folder / "metrics.jsonl").open("a") as file:
        file.write('{"arm": "process", "st')  # cut in the middle of a line as well
    validated: list[int] = []
    resumed = trainer_of(config, folder)
    resumed.run(lambda t: validated.append(t.step))
    assert validated == [3, 4]
    assert same(weights(straight), weights(resumed))
    assert metrics(folder) == metrics(tmp_path / "straight")
    # A finished run is not trained again.
    again = trainer_of(config, folder)
    again.run(cut_at(4))
    assert same(weights(straight), weights(again))
    assert len(metrics(folder)) == 4


def test_a_cut_between_checkpoints_and_before_the_first(policy: Path, tmp_path: Path) -> None:
    config = small_config(policy, rl__steps=3, rl__checkpoint_every=2)
    straight = trainer_of(config, tmp_path / "straight")
    straight.run()
    folder = tmp_path / "cut"
    for step in (0, 1, 3):
        with pytest.raises(Cut):
            trainer_of(config, folder).run(cut_at(step))
    resumed = trainer_of(config, folder)
    resumed.run()
    assert same(weights(straight), weights(resumed))
    assert metrics(folder) == metrics(tmp_path / "straight")


def test_a_half_written_checkpoint_is_none(policy: Path, tmp_path: Path) -> None:
    config = small_config(policy, rl__steps=2)
    folder = tmp_path / "cut"
    with pytest.raises(Cut):
        trainer_of(config, folder).run(cut_at(2))
    (folder / "checkpoint.partial").write_bytes(b"PK\x03\x04 not all of it")
    resumed = trainer_of(config, folder)
    resumed.resume()
    assert resumed.step == 1


def test_a_checkpoint_of_another_run_is_refused(policy: Path, tmp_path: Path) -> None:
    config = small_config(policy, rl__steps=1)
    trainer_of(config, tmp_path).run()
    others = [
        trainer_of(config, tmp_path, arm="outcome"),
        trainer_of(config, tmp_path, seed=1),
        trainer_of(small_config(policy, rl__steps=2), tmp_path),
    ]
    for other in others:
        with pytest.raises(
            ConfigError, match=r"checkpoint.pt: is of .*arm process, seed 0; name a new folder"
        ):
            other.run()


def test_forgetting(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    forget_after(path, 3)
    assert not path.exists()
    path.write_text('{"step": 1}\n{"step": 2}\n{"step": 3}\n{"step": 3, "torn')
    forget_after(path, 2)
    assert path.read_text() == '{"step": 1}\n{"step": 2}\n'
    forget_after(path, 0)
    assert path.read_text() == ""


def test_the_same_seed_gives_the_same_run_and_another_another(policy: Path, tmp_path: Path) -> None:
    config = small_config(policy)
    runs = [trainer_of(config, tmp_path / str(i), seed=seed) for i, seed in enumerate((0, 0, 1))]
    for run in runs:
        torch.manual_seed(int(torch.randint(1000, ()).item()))  # the global stream must not matter
        run.run()
    assert same(weights(runs[0]), weights(runs[1])) and not same(weights(runs[0]), weights(runs[2]))
    assert metrics(tmp_path / "0") == metrics(tmp_path / "1") != metrics(tmp_path / "2")


# -- prompts ------------------------------------------------------------------------------------


def test_arms_of_a_seed_meet_the_same_prompts_and_rollouts(policy: Path, tmp_path: Path) -> None:
    config = small_config(policy)
    arms = [trainer_of(config, tmp_path / arm, arm=arm) for arm in ("outcome", "process")]
    other = trainer_of(config, tmp_path / "other", seed=1)
    met: list[list[list[str]]] = []
    for trainer in (*arms, other):
        met.append([])
        for trainer.step in range(1, 9):
            met[-1].append([item.id for item in trainer.prompts_of_step()])
    assert met[0] == met[1] != met[2]
    # Passes over the 16 items: 4 steps of 4 meet each once, in another order each time.
    first, second = ([name for step in met[0][i : i + 4] for name in step] for i in (0, 4))
    assert sorted(first) == sorted(second) == sorted(item.id for item in items_of(config))
    assert first != second
    for trainer in arms:
        trainer.step = 1
    assert arms[0].collect().rollouts == arms[1].collect().rollouts  # the first step is the same policy's


def test_more_prompts_than_items_wrap_around(policy: Path, tmp_path: Path) -> None:
    config = small_config(policy, data__train_items=6, rl__prompts_per_step=4)
    trainer = trainer_of(config, tmp_path / "run")
    seen: list[str] = []
    for trainer.step in (1, 2, 3):
        seen += [item.id for item in trainer.prompts_of_step()]
    assert sorted(seen) == sorted([item.id for item in items_of(config)] * 2)


# -- errors -------------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_reward_that_is_no_number(
    policy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bad: float
) -> None:
    def broken(item: Item, text: str, *args: Any) -> Reward:
        return dataclasses.replace(score(item, text, *args), scalar=bad)

    monkeypatch.setattr(train_module, "score", broken)
    trainer = trainer_of(small_config(policy), tmp_path / "run")
    with pytest.raises(RewardError, match=r"the reward is (nan|inf); the sample is in .*bad_reward\.json"):
        trainer.run()
    saved = json.loads((tmp_path / "run" / "bad_reward.json").read_text())
    assert saved["item"]["story"] and saved["item"]["question"] and isinstance(saved["trace"], str)
    assert not (tmp_path / "run" / "checkpoint.pt").exists()


# -- it learns ----------------------------------------------------------------------------------


def shorter(item: Item, text: str, config: RewardConfig, checker: Any) -> Reward:
    """Pays for short completions."""
    judged = score(item, text, config, checker)
    return dataclasses.replace(judged, scalar=-len(text) / 50, steps=(), scores=(), obligations=())


def letter(item: Item, text: str, config: RewardConfig, checker: Any) -> Reward:
    """Pays, on the spot, for each `e`: credit by token."""
    steps = tuple((i + 1, 0.2) for i, c in enumerate(text) if c == "e")
    judged = score(item, text, config, checker)
    return dataclasses.replace(judged, scalar=0.0, steps=steps, scores=(), obligations=())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("reward", "estimator"),
    [(shorter, "reinforce"), (shorter, "reinforce_baseline"), (letter, "reinforce")],
)
def test_expected_reward_rises(
    policy: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    reward: Callable[..., Reward],
    estimator: str,
) -> None:
    monkeypatch.setattr(train_module, "score", reward)
    config = small_config(
        policy,
        policy__max_new_tokens=12,
        rl__steps=20,
        rl__estimator=estimator,
        rl__prompts_per_step=8,
        rl__samples_per_prompt=8,
        rl__learning_rate=3e-3,
        rl__checkpoint_every=100,
        rl__validate_every=100,
    )
    trainer = trainer_of(config, tmp_path / "run")
    trainer.run()
    rewards = [row["reward"] for row in metrics(tmp_path / "run")]
    early, late = np.mean(rewards[:4]), np.mean(rewards[-4:])
    assert late - early > max(0.05, 4 * np.std(rewards[:4])), rewards


@pytest.mark.slow
def test_the_process_reward_rises_on_real_traces(taught: Path, tmp_path: Path) -> None:
    """Nothing replaced: a policy that knows the format learns to earn more of the process reward."""
    config = small_config(
        taught,
        policy__max_new_tokens=70,
        rl__steps=16,
        rl__prompts_per_step=8,
        rl__samples_per_prompt=8,
        rl__learning_rate=1e-3,
        rl__checkpoint_every=100,
        rl__validate_every=100,
    )
    trainer_of(config, tmp_path / "run").run()
    rewards = [row["reward"] for row in metrics(tmp_path / "run")]
    assert np.mean(rewards[-4:]) > np.mean(rewards[:4]) + 0.05, rewards
