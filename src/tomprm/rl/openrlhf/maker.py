"""The experience maker: OpenRLHF's own, with token rewards where it had one scalar an answer.

Upstream's order is kept: length penalties, the estimator's baseline on the scalar, the KL, returns,
normalisation over the batch. The step rewards enter between: the whole batch is at hand here, group by
group, so every credit form and baseline of `tomprm.rewards.credit` meets its group before anything is
normalised, and the returns are then upstream's over step rewards, scalar and KL together.
"""

from __future__ import annotations

import time
from typing import Any

import torch

from tomprm.rewards.credit import ScoredSteps, kept, token_credit
from tomprm.rl.openrlhf.settings import run_folder, settings
from tomprm.rl.openrlhf.wire import KEY, unpack


class UpstreamChanged(RuntimeError):
    """OpenRLHF does something else than the version that tomprm was written for."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"OpenRLHF changed: {what}; install a version that tomprm supports (docs/openrlhf.md)"
        )


def step_reward_maker(base: type[Any]) -> type[Any]:
    """A subclass of OpenRLHF's RemoteExperienceMaker."""

    class StepRewardExperienceMaker(base):  # type: ignore[misc, valid-type]
        @torch.no_grad()
        def compute_advantages_and_returns(self, experiences: list[Any], *args: Any, **kwargs: Any) -> Any:
            began = time.perf_counter()
            placed, keeps = _token_rewards(experiences, self.args.rollout.n_samples_per_prompt)
            credit_s = time.perf_counter() - began
            masks = [e.action_mask for e in experiences]
            kls = [None if e.kl is None else e.kl.clone() for e in experiences]
            # What a filter drops is left out of the batch's mean and deviation, as in the embedded trainer.
            for experience, keep in zip(experiences, keeps, strict=True):
                experience.action_mask = experience.action_mask * keep.unsqueeze(-1).to(
                    experience.action_mask.dtype
                )
            self._placed = {id(e.action_mask): p for e, p in zip(experiences, placed, strict=True)}
            try:
                made = super().compute_advantages_and_returns(experiences, *args, **kwargs)
                left = len(self._placed)
            finally:
                self._placed = {}
            if left:
                raise UpstreamChanged("step rewards were not asked for")
            for experience, mask, keep, rewards in zip(made, masks, keeps, placed, strict=True):
                experience.action_mask = mask
                experience.advantages = experience.advantages * keep.unsqueeze(-1)
                experience.info["tomprm_step_reward"] = rewards.sum(-1)
                experience.info["tomprm_dropped"] = 1.0 - keep
                experience.info["tomprm_credit_s"] = torch.full_like(keep, credit_s)
            if settings().dump:
                self._dump(made, placed, keeps, kls)
            return made

        def get_cumulative_returns(self, rewards: Any, action_mask: Any, gamma: float) -> Any:
            return super().get_cumulative_returns(self._with_steps(rewards, action_mask), action_mask, gamma)

        def get_advantages_and_returns(
            self, values: Any, rewards: Any, action_mask: Any, gamma: float, lambd: float
        ) -> Any:
            rewards = self._with_steps(rewards, action_mask)
            return super().get_advantages_and_returns(values, rewards, action_mask, gamma, lambd)

        def _with_steps(self, rewards: Any, action_mask: Any) -> Any:
            placed = self._placed.pop(id(action_mask), None)
            if placed is None:
                raise UpstreamChanged("rewards of an unknown batch, or asked for twice")
            return rewards.add_(placed.to(rewards.dtype))  # in place: info["return"] then counts them too

        def _dump(self, made: list[Any], placed: list[Any], keeps: list[Any], kls: list[Any]) -> None:
            folder = run_folder() / "batches"
            folder.mkdir(exist_ok=True)
            fields = ("sequences", "action_mask", "rewards", "returns", "advantages", "labels", "index")
            rows = [
                {name: getattr(e, name) for name in fields} | {"steps": s, "keep": k, "kl": kl}
                for e, s, k, kl in zip(made, placed, keeps, kls, strict=True)
            ]
            torch.save(rows, folder / f"{len(list(folder.iterdir())):04d}.pt")

    return StepRewardExperienceMaker


def _token_rewards(experiences: list[Any], samples: int) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """Token rewards (B, A) and which rollouts are kept (B,), for each experience.

    Takes the wire's key out of every `info`: left there, OpenRLHF's training step fails on it.

    Raises:
        KeyError, ValueError: a sample came without its steps.
        UpstreamChanged: samples of a group are not next to each other.
    """
    rollouts: dict[int, tuple[ScoredSteps, Any]] = {}
    for experience in experiences:
        rows = experience.info.pop(KEY, None)
        size = len(experience.action_mask)
        if rows is None:
            raise KeyError(
                f"{KEY} is missing; is reward_models/openrlhf_agent.py the --train.agent_func_path?"
            )
        if rows.dim() != 2 or len(rows) != size or len(experience.index) != size:
            raise ValueError(
                f"{KEY} of shape {tuple(rows.shape)} for {size} samples; every sample needs its steps: "
                "use one agent for all of them"
            )
        for index, row, label in zip(experience.index, rows.tolist(), experience.labels, strict=True):
            rollouts[index] = (unpack(row), label)
    order = sorted(rollouts)
    if order != list(range(len(rollouts))) or len(order) % samples:
        raise UpstreamChanged(f"{len(order)} samples do not make groups of {samples}")
    credit = settings().reward.credit
    rewards: dict[int, Any] = {}
    keeps: dict[int, bool] = {}
    for start in range(0, len(order), samples):
        indices = order[start : start + samples]
        if any(rollouts[i][1] != rollouts[start][1] for i in indices):
            raise UpstreamChanged("the samples of one prompt are not next to each other")
        group = [rollouts[i][0] for i in indices]
        rewards.update(zip(indices, token_credit(group, credit), strict=True))
        keeps.update(zip(indices, kept(group, credit), strict=True))
    placed = [_place([rewards[i] for i in e.index], e) for e in experiences]
    return placed, [torch.tensor([float(keeps[i]) for i in e.index]) for e in experiences]


def _place(rows: list[Any], experience: Any) -> torch.Tensor:
    """Rewards of completion tokens at their columns of the action mask (its column j is token j + 1)."""
    placed = torch.zeros(experience.action_mask.shape, dtype=torch.float32)
    cut = torch.zeros(len(rows))
    for row, (rewards, mask) in enumerate(zip(rows, experience.action_mask, strict=True)):
        columns = mask.nonzero().flatten()
        if len(columns) > len(rewards):
            raise UpstreamChanged(f"{len(columns)} action tokens for {len(rewards)} that were judged")
        inside = torch.as_tensor(rewards[: len(columns)], dtype=torch.float32)
        placed[row, columns] = inside
        cut[row] = len(rewards) - len(columns)
    experience.info["tomprm_cut_tokens"] = cut  # lost to OpenRLHF's length limit, with their rewards
    return placed
