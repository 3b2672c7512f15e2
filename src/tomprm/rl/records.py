"""Rows of metrics.jsonl: what a step's rewards say, and forgetting rows that a resumed run writes again."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tomprm.checker.verdict import Status
from tomprm.rewards.shaping import Reward


def reward_metrics(rewards: Sequence[Reward]) -> dict[str, float | None]:
    """Means over a step's rollouts; `soundness` is None where no claim was judged."""
    verdicts = [r.verdict for r in rewards]
    soundness = [v.soundness for v in verdicts if v.soundness is not None]
    claims = sum(len(s.claims) for v in verdicts for s in v.steps)
    return {
        "reward": float(np.mean([r.total for r in rewards])),
        "accuracy": float(np.mean([r.breakdown["answer"] for r in rewards])),
        "process": float(np.mean([r.breakdown["process"] for r in rewards])),
        "format": float(np.mean([r.breakdown["format"] for r in rewards])),
        "coverage": float(np.mean([v.coverage for v in verdicts])),
        "soundness": float(np.mean(soundness)) if soundness else None,
        "sound": float(np.mean([v.sound for v in verdicts])),
        "uncheckable": sum(v.count(Status.UNCHECKABLE) for v in verdicts) / max(1, claims),
    }


def prm_metrics(rewards: Sequence[Reward]) -> dict[str, float | None]:
    """How far PRM and checker disagree, where a PRM is asked: over all steps that both judged."""
    parts = [r.breakdown for r in rewards if "gap" in r.breakdown]
    if not parts:
        return {}
    count = sum(p["gap_steps"] for p in parts)
    gap = sum(p["gap"] * p["gap_steps"] for p in parts) / count if count else None
    unscored = float(np.mean([p["unscored"] for p in parts]))
    return {"gap": gap, "gap_steps": count, "unscored": unscored}


def forget_after(path: Path, step: int) -> None:
    """Drop the rows of a JSON Lines file that were written after `step`, and a last line cut short."""
    if not path.is_file():
        return
    kept: list[str] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            if json.loads(line)["step"] <= step:
                kept.append(line)
        except json.JSONDecodeError:
            break
    partial = path.with_suffix(".partial")
    partial.write_text("".join(line + "\n" for line in kept), encoding="utf-8")
    os.replace(partial, path)
