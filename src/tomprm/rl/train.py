"""HEART 5: rollout -> score -> credit -> update -> log, on one machine.

    trainer = Trainer(config, "process", seed=0, items=items, folder=Path("runs/x/process-s0"))
    trainer.run(validate=lambda trainer: ...)

Every random number is drawn from a stream named by (seed, step), and a checkpoint holds weights,
optimiser and step, so a run that was cut off goes on to the same numbers.
"""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import PreTrainedModel

from tomprm.belief.generate import Recipe, seeded
from tomprm.checker.check import Checker
from tomprm.config import ConfigError, DataConfig, RewardConfig, RunConfig
from tomprm.prm.reward import prm_rewards, shared_prm
from tomprm.prm.score import Prm
from tomprm.rewards.credit import kept, scored_steps, token_credit
from tomprm.rewards.shaping import Reward, score
from tomprm.rl.forward import action_logprobs
from tomprm.rl.models import load_policy, precision
from tomprm.rl.records import forget_after, prm_metrics, reward_metrics
from tomprm.rl.reinforce import (
    advantages_of,
    aggregate,
    group_baseline,
    kl_estimate,
    policy_loss,
    returns,
)
from tomprm.rl.rollout import Rollout, completion_text, pad, sample
from tomprm.rl.scoring import RewardError
from tomprm.rl.tracking import tracker
from tomprm.trace.prompt import prompt_text
from tomprm.world.generate import OpenShape
from tomprm.world.items import Item


def training_recipe(data: DataConfig) -> Recipe:
    """What the policy is trained on: shortcut-free stories of the trained orders."""
    return Recipe(orders=data.train_orders, shape=OpenShape(places=data.places, moves=data.moves))


@dataclass(frozen=True)
class Batch:
    """One step's rollouts as tensors, (B, T); `kept` says which of the B are trained on."""

    rollouts: list[Rollout]
    rewards: list[Reward]
    mask: torch.Tensor
    old_logp: torch.Tensor
    ref_logp: torch.Tensor
    rollout_logp: torch.Tensor | None  # as drawn; with rl.is_correction
    advantages: torch.Tensor
    kl: torch.Tensor
    kept: list[bool]


class Trainer:
    """One arm with one seed."""

    def __init__(self, config: RunConfig, arm: str, seed: int, items: Sequence[Item], folder: Path) -> None:
        self.config, self.rl, self.arm, self.seed = config, config.rl, arm, seed
        self.reward: RewardConfig = config.arms[arm]
        self.items = list(items)
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.policy, self.tokenizer = load_policy(config.policy)
        self.reference, _ = load_policy(config.policy)
        self.reference.requires_grad_(False)
        pad = self.tokenizer.pad_token_id
        self.pad_id = int(self.tokenizer.eos_token_id if pad is None else pad)  # pyright: ignore
        self.optimizer = torch.optim.AdamW(
            self.policy.parameters(), lr=0.0, betas=(0.9, 0.95), weight_decay=0.0
        )
        self.checkers: dict[str, Checker] = {}
        self.prm = _prm_of(self.reward, config.policy.device)
        self.step = 0
        self.track = tracker(config, arm, seed, folder)

    # -- the loop -------------------------------------------------------------------------------

    def run(
        self,
        validate: Callable[[Trainer], None] = lambda trainer: None,
        report: Callable[[dict[str, Any]], None] = lambda row: None,
    ) -> PreTrainedModel:
        """Train to `rl.steps`, from the last checkpoint if there is one.

        Args:
            validate: called at step 0, at every `validate_every` steps and at the end; calls that
                were lost to a cut are made again.
            report: called with each step's metrics.
        """
        self.resume()
        if self.step == 0:
            validate(self)
        while self.step < self.rl.steps:
            started = time.perf_counter()
            self.step += 1
            with precision(self.config.policy, self.policy.device):
                batch = self.collect()
            collected = time.perf_counter()
            update = self.update(batch)
            report(self.log(batch, update, collected - started, time.perf_counter() - collected))
            if self.step % self.rl.validate_every == 0 or self.step == self.rl.steps:
                validate(self)
            if self.step % self.rl.checkpoint_every == 0 or self.step == self.rl.steps:
                self.save()
        return self.policy

    def collect(self) -> Batch:
        """Roll out, score, place rewards on tokens, and turn them into advantages."""
        rl = self.rl
        items = self.prompts_of_step()
        rollouts = sample(
            self.policy,
            self.tokenizer,
            [prompt_text(item, self.config.policy.prompt) for item in items],
            n=rl.samples_per_prompt,
            max_new_tokens=self.config.policy.max_new_tokens,
            temperature=rl.temperature,
            generator=self.stream("rollout"),
            batch_size=rl.prompts_per_step * rl.samples_per_prompt,
            logprobs=rl.is_correction != "off",
        )
        rewards = self.score([items[r.prompt] for r in rollouts], rollouts)
        width = max(len(r.completion_ids) for r in rollouts)
        device = self.policy.device
        mask = torch.zeros(len(rollouts), width, device=device)
        steps = torch.zeros(len(rollouts), width, device=device)
        placed, stays = self.credit(rollouts, rewards)
        for row, paid in enumerate(placed):
            mask[row, : len(paid)] = 1
            steps[row, : len(paid)] = torch.as_tensor(paid, dtype=torch.float32)
        with torch.no_grad():
            old_logp = self.logprobs(self.policy, rollouts, width)
            ref_logp = self.logprobs(self.reference, rollouts, width)
        kl = kl_estimate(old_logp, ref_logp, rl.kl_estimator) * mask
        scalar = torch.tensor([r.scalar for r in rewards], device=device)
        scalar = group_baseline(scalar, rl.samples_per_prompt, rl.estimator)
        kl_coef = 0.0 if rl.kl_in_loss else rl.kl_coef
        gains = returns(scalar, steps, kl, mask, kl_coef=kl_coef, gamma=rl.gamma)
        trained = mask * torch.tensor(stays, device=device).unsqueeze(-1)
        advantages = advantages_of(gains, trained, rl.estimator)
        rollout_logp = None
        if rl.is_correction != "off":
            rollout_logp = pad([r.logprobs for r in rollouts], 0.0, left=False, device=device)
        return Batch(rollouts, rewards, mask, old_logp, ref_logp, rollout_logp, advantages, kl, stays)

    def update(self, batch: Batch) -> dict[str, float]:
        """`minibatches` optimiser steps over the batch, groups of a prompt kept together."""
        rl, n = self.rl, self.rl.samples_per_prompt
        for group in self.optimizer.param_groups:
            group["lr"] = rl.learning_rate * min(1.0, self.step / max(1, rl.warmup_steps))
        order = seeded(self.seed, "minibatches", self.step).permutation(len(batch.rollouts) // n)
        sums: dict[str, float] = {}
        norms: list[float] = []
        self.policy.train()
        for part in np.array_split(order, rl.minibatches):
            rows = [int(g) * n + k for g in part for k in range(n)]
            tokens = batch.mask[rows].sum()
            total = tokens if rl.loss_mean == "token" else batch.mask[rows].any(-1).sum()
            per_pass = max(1, rl.micro_batch // n) * n
            for start in range(0, len(rows), per_pass):
                micro = rows[start : start + per_pass]
                with precision(self.config.policy, self.policy.device):
                    logp = self.logprobs(self.policy, [batch.rollouts[i] for i in micro], batch.mask.shape[1])
                loss, metrics = self.loss(batch, micro, logp, total, tokens)
                loss.backward()
                for key, value in (metrics | {"loss": float(loss.detach())}).items():
                    sums[key] = sums.get(key, 0.0) + value
            norm = torch.nn.utils.clip_grad_norm_(self.policy.parameters(), rl.max_grad_norm)
            norms.append(float(norm))
            self.optimizer.step()
            self.optimizer.zero_grad(set_to_none=True)
        self.policy.eval()
        counted = max(1.0, sums["tokens"])
        return {
            "loss": sums["loss"] / rl.minibatches,
            "clip_fraction": sums["clipped"] / counted,
            "approx_kl": sums["approx_kl"] / counted,
            "grad_norm": sum(norms) / len(norms),
            **({"kl_loss": sums["kl_loss"] / rl.minibatches} if rl.kl_in_loss else {}),
            **({"is_outside": sums["is_outside"] / counted} if "is_outside" in sums else {}),
        }

    def loss(
        self, batch: Batch, rows: list[int], logp: torch.Tensor, total: torch.Tensor, tokens: torch.Tensor
    ) -> tuple[torch.Tensor, dict[str, float]]:
        """The share of some rows (R,) with log-probabilities `logp` (R, T) in their minibatch's loss.

        Args:
            total, tokens: what the minibatch's loss is a mean over, and its action tokens.
        """
        rl, mask = self.rl, batch.mask[rows]
        loss, metrics = policy_loss(
            logp,
            batch.old_logp[rows],
            batch.advantages[rows],
            mask,
            clip_low=rl.clip_low,
            clip_high=rl.clip_high,
            dual_clip=rl.dual_clip,
            kind=rl.policy_loss_type,
            mean=rl.loss_mean,
            rollout_logp=None if batch.rollout_logp is None else batch.rollout_logp[rows],
            is_mode=rl.is_mode,
            is_low=rl.is_low,
            is_high=rl.is_high,
            total=total,
        )
        if rl.kl_in_loss:  # a mean over tokens whatever loss_mean is, as in OpenRLHF
            kl = aggregate(kl_estimate(logp, batch.ref_logp[rows], rl.kl_estimator), mask, total=tokens)
            loss = loss + rl.kl_coef * kl
            metrics["kl_loss"] = float(kl.detach())
        return loss, metrics

    # -- parts ----------------------------------------------------------------------------------

    def prompts_of_step(self) -> list[Item]:
        """The step's items: passes over the data in an order that depends on the seed alone, so that
        all arms of one seed meet the same prompts."""
        size = self.rl.prompts_per_step
        first = (self.step - 1) * size
        chosen: list[Item] = []
        for position in range(first, first + size):
            epoch, offset = divmod(position, len(self.items))
            order = seeded(self.seed, "prompts", epoch).permutation(len(self.items))
            chosen.append(self.items[order[offset]])
        return chosen

    def stream(self, name: str) -> torch.Generator:
        """The random numbers of this step: named, so that a resumed run draws the same ones."""
        seed = int(seeded(self.seed, name, self.step).integers(2**62))
        return torch.Generator(self.policy.device).manual_seed(seed)

    def score(self, items: Sequence[Item], rollouts: Sequence[Rollout]) -> list[Reward]:
        """The rollouts' rewards, each of the item at its place; a PRM judges them in batches."""
        for item in items:
            if item.id not in self.checkers:
                self.checkers[item.id] = Checker(item)
        checkers, texts = [self.checkers[item.id] for item in items], [r.text for r in rollouts]
        if self.prm is None:
            triples = zip(items, texts, checkers, strict=True)
            rewards = [score(item, text, self.reward, checker) for item, text, checker in triples]
        else:
            rewards = prm_rewards(items, texts, self.reward, checkers, self.prm)
        for item, text, reward in zip(items, texts, rewards, strict=True):
            if not all(map(math.isfinite, (reward.total, *reward.scores))):
                target = self.folder / "bad_reward.json"
                target.write_text(json.dumps({"item": item.as_row(), "trace": text}, indent=1))
                raise RewardError(f"{item.id}: the reward is {reward.total}; the sample is in {target}")
        return rewards

    def credit(
        self, rollouts: Sequence[Rollout], rewards: Sequence[Reward]
    ) -> tuple[list[np.ndarray], list[bool]]:
        """Token rewards (T_i,) of each rollout, and which are trained on, group by group."""
        placed: list[np.ndarray] = []
        stays: list[bool] = []
        for first in range(0, len(rollouts), self.rl.samples_per_prompt):
            rows = range(first, first + self.rl.samples_per_prompt)
            group = [
                scored_steps(rewards[i], rollouts[i].completion_ids, rollouts[i].text, self.decode)
                for i in rows
            ]
            placed += token_credit(group, self.reward.credit)
            stays += kept(group, self.reward.credit)
        return placed, stays

    def decode(self, ids: Sequence[int]) -> str:
        return completion_text(self.tokenizer, ids)

    def logprobs(self, model: PreTrainedModel, rollouts: list[Rollout], width: int) -> torch.Tensor:
        """(B, width) log-probabilities of the rollouts' tokens, in micro-batches."""
        n = self.rl.samples_per_prompt
        per_pass = max(1, self.rl.micro_batch // n) * n
        parts = [
            action_logprobs(model, rollouts[i : i + per_pass], n, self.pad_id, self.rl.temperature)
            for i in range(0, len(rollouts), per_pass)
        ]
        return torch.cat([torch.nn.functional.pad(p, (0, width - p.shape[1])) for p in parts])

    # -- records --------------------------------------------------------------------------------

    def log(
        self, batch: Batch, update: dict[str, float], collect_s: float, update_s: float
    ) -> dict[str, Any]:
        """One line of metrics.jsonl."""
        row = {
            "arm": self.arm,
            "seed": self.seed,
            "step": self.step,
            **reward_metrics(batch.rewards),
            "tokens": float(batch.mask.sum(-1).mean()),
            "truncated": float(np.mean([r.truncated for r in batch.rollouts])),
            "kl": float(batch.kl.sum() / batch.mask.sum()),
            "dropped": 1 - float(np.mean(batch.kept)),
            **prm_metrics(batch.rewards),
            **update,
            "collect_s": round(collect_s, 3),
            "update_s": round(update_s, 3),
        }
        with (self.folder / "metrics.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        self.track(row)
        return row

    def save_policy(self, folder: Path) -> None:
        """Weights and tokenizer as a Hugging Face folder that appears only when it is complete."""
        if not folder.is_dir():
            partial = folder.with_name(folder.name + ".partial")
            self.policy.save_pretrained(partial)
            self.tokenizer.save_pretrained(partial)
            os.replace(partial, folder)

    def save(self) -> None:
        """Weights, optimiser and step, atomically."""
        target = self.folder / "checkpoint.pt"
        partial = target.with_suffix(".partial")
        state = {
            "policy": self.policy.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
            "run": self.identity(),
        }
        torch.save(state, partial)
        os.replace(partial, target)

    def identity(self) -> dict[str, Any]:
        """What a checkpoint must agree with."""
        return {"config": self.config.digest(), "arm": self.arm, "seed": self.seed}

    def resume(self) -> None:
        """Go back to the last checkpoint, and forget the records made after it.

        Raises:
            ConfigError: the checkpoint is of another arm, seed or config.
        """
        target = self.folder / "checkpoint.pt"
        if target.is_file():
            state = torch.load(target, map_location=self.policy.device, weights_only=True)
            if state["run"] != self.identity():
                found = ", ".join(f"{key} {value}" for key, value in state["run"].items())
                raise ConfigError(f"{target}: is of {found}; name a new folder or delete this one")
            self.policy.load_state_dict(state["policy"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.step = int(state["step"])
        forget_after(self.folder / "metrics.jsonl", self.step)


def _prm_of(reward: RewardConfig, device: str) -> Prm | None:
    """Raises ConfigError where the arm's PRM cannot be loaded."""
    if reward.judge == "checker":
        return None
    try:
        return shared_prm(reward.prm, device)
    except (OSError, ValueError) as error:
        raise ConfigError(f"prm: {error}") from error
