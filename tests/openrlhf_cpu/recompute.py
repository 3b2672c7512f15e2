"""Every batch that a run trained on, computed again: from the generated ids to the advantages.

Twice: with the embedded trainer's own functions, and in float64 with plain loops that share no code with
either. The batches are what `TOMPRM_DUMP_BATCHES=1` makes the experience maker write.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from tomprm.config import RunConfig, load_config
from tomprm.rewards.credit import kept, scored_steps, token_credit
from tomprm.rl.models import load_policy
from tomprm.rl.reinforce import group_baseline, normalise, returns
from tomprm.rl.rollout import completion_text
from tomprm.rl.scoring import LocalScorer


def check_batches(out: Path, config_path: Path) -> int:
    """Asserts for every dumped batch; returns how many there were."""
    config = load_config(config_path)
    _, tokenizer = load_policy(config.policy)
    scorer = LocalScorer(next(iter(config.arms.values())))
    files = sorted((out / "batches").iterdir())
    placed = 0
    for file in files:
        batch = torch.load(file, weights_only=False)
        rows = _rows(batch)
        placed += sum(int((row["steps"] != 0).sum()) for row in rows)
        steps, keep, scalar = _judge(config, tokenizer, scorer, rows)
        for row, again, stays in zip(rows, steps, keep, strict=True):
            assert row["keep"] == stays
            assert torch.allclose(row["steps"][row["mask"]], torch.tensor(again).float(), atol=1e-6)
            assert not row["steps"][~row["mask"]].any()
        assert torch.allclose(
            torch.tensor([float(r["reward"]) for r in rows]), torch.tensor(scalar), atol=1e-6
        )
        _check_embedded(config, rows, steps, keep, scalar)
        _check_by_hand(config, rows, steps, keep, scalar)
    assert placed, "no step was ever paid"
    return len(files)


def _rows(batch: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One dict a rollout, in the order in which they were drawn: groups are neighbours."""
    rows: dict[int, dict[str, Any]] = {}
    for part in batch:
        for k, index in enumerate(part["index"]):
            mask = part["action_mask"][k].bool()
            rows[index] = {
                "ids": part["sequences"][k][1 : len(mask) + 1][mask].tolist(),
                "label": part["labels"][k],
                "mask": mask,
                "reward": part["rewards"][k],
                "keep": bool(part["keep"][k]),
                **{name: part[name][k].float() for name in ("steps", "kl", "returns", "advantages")},
            }
    return [rows[i] for i in sorted(rows)]


def _judge(config: RunConfig, tokenizer: Any, scorer: LocalScorer, rows: list[dict[str, Any]]) -> Any:
    """Token rewards, kept rollouts and scalars, from the ids alone."""
    credit = next(iter(config.arms.values())).credit
    n = config.rl.samples_per_prompt
    scored, scalar = [], []
    for row in rows:
        text = completion_text(tokenizer, row["ids"])
        reward = scorer(json.loads(row["label"]), text)
        scored.append(scored_steps(reward, row["ids"], text, lambda ids: completion_text(tokenizer, ids)))
        scalar.append(reward.scalar)
    groups = [scored[i : i + n] for i in range(0, len(scored), n)]
    assert all(len({rows[i + k]["label"] for k in range(n)}) == 1 for i in range(0, len(rows), n))
    steps = [r for group in groups for r in token_credit(group, credit)]
    return steps, [k for group in groups for k in kept(group, credit)], scalar


def _check_embedded(config: RunConfig, rows: Any, steps: Any, keep: Any, scalar: Any) -> None:
    """The embedded trainer's functions give the same advantages."""
    rl = config.rl
    width = max(len(row["ids"]) for row in rows)
    mask, placed, kl = (torch.zeros(len(rows), width) for _ in range(3))
    for k, row in enumerate(rows):
        size = len(row["ids"])
        mask[k, :size] = 1
        placed[k, :size] = torch.tensor(steps[k]).float()
        kl[k, :size] = row["kl"][row["mask"]]
    base = group_baseline(torch.tensor(scalar), rl.samples_per_prompt, rl.estimator)
    gains = returns(base, placed, kl, mask, kl_coef=rl.kl_coef, gamma=rl.gamma)
    trained = mask * torch.tensor(keep).float().unsqueeze(-1)
    advantages = normalise(gains, trained)
    for k, row in enumerate(rows):
        got = row["advantages"][row["mask"]]
        assert torch.allclose(got, advantages[k, : len(got)] * keep[k], atol=2e-4), (got, advantages[k])


def _check_by_hand(config: RunConfig, rows: Any, steps: Any, keep: Any, scalar: Any) -> None:
    """REINFORCE++ in float64, one number at a time (arXiv 2501.03262, section 3)."""
    rl = config.rl
    gains: list[list[float]] = []
    for k, row in enumerate(rows):
        reward = scalar[k]
        if rl.estimator == "reinforce_baseline":
            first = k - k % rl.samples_per_prompt
            reward -= sum(scalar[first : first + rl.samples_per_prompt]) / rl.samples_per_prompt
        kl = row["kl"][row["mask"]].double().tolist()
        paid = [float(steps[k][t]) - rl.kl_coef * kl[t] for t in range(len(kl))]
        paid[-1] += reward
        total, backwards = 0.0, []
        for value in reversed(paid):
            total = value + rl.gamma * total
            backwards.append(total)
        gains.append(backwards[::-1])
        got = row["returns"][row["mask"]].tolist()
        if keep[k]:
            assert max(abs(a - b) for a, b in zip(got, gains[-1], strict=True)) < 1e-4
    flat = [g for k, row in enumerate(gains) if keep[k] for g in row]
    mean = sum(flat) / len(flat)
    deviation = max(sum((g - mean) ** 2 for g in flat) / len(flat), 1e-8) ** 0.5
    for k, row in enumerate(rows):
        wanted = [(g - mean) / deviation if keep[k] else 0.0 for g in gains[k]]
        got = row["advantages"][row["mask"]].tolist()
        assert max(abs(a - b) for a, b in zip(got, wanted, strict=True)) < 5e-4
