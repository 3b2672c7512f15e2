"""OpenRLHF's status of each step -> our metrics.jsonl, under the names of the embedded trainer."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tomprm.rl.openrlhf.settings import run_folder, settings

PREFIX = "tomprm_"  # of what our agent and experience maker log
# ours -> OpenRLHF's; what has no other name of ours is kept under its own
NAMES = {
    "scalar": "reward",  # OpenRLHF's reward is what stands at the last token; ours is the whole
    "tokens": "rollout/response_length_mean",
    "truncated": "rollout/truncated_rate",
    "loss": "policy_loss",
    "clip_fraction": "ppo_clip_ratio",
    "approx_kl": "ppo_kl",
    "lr": "actor_lr",
    "grad_norm": "actor_grad_norm",
    "generation_s": "timing/generation",
    "collect_s": "timing/make_experience",
    "update_s": "timing/ppo_train",
}


def metrics_row(step: int, status: Mapping[str, Any]) -> dict[str, Any]:
    """One row: arm, seed and step first, then every number of the status."""
    run = settings()
    renamed = {theirs: ours for ours, theirs in NAMES.items()}
    numbers = {k: v for k, v in status.items() if isinstance(v, (int, float))}
    theirs = {renamed.get(k, k): v for k, v in numbers.items() if not k.startswith(PREFIX)}
    ours = {k.removeprefix(PREFIX): v for k, v in numbers.items() if k.startswith(PREFIX)}
    return {"arm": run.arm, "seed": run.seed, "step": step} | theirs | ours


def append_row(path: Path, row: Mapping[str, Any]) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(dict(row)) + "\n")


def recording(save: Callable[..., None]) -> Callable[..., None]:
    """OpenRLHF's `save_logs_and_checkpoints`, with a row of metrics.jsonl before it."""

    def save_logs_and_checkpoints(
        self: Any, global_step: int, logs_dict: Any = None, client_states: Any = None
    ) -> None:
        append_row(run_folder() / "metrics.jsonl", metrics_row(global_step, logs_dict or {}))
        save(self, global_step, logs_dict, client_states)

    return save_logs_and_checkpoints
