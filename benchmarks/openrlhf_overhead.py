"""What step rewards cost an OpenRLHF step, against a scalar reward of the same answers. JSON to stdout.

    TOMPRM_DUMP_BATCHES=1 tomprm train-rl CONFIG --out RUN      (a finished run, with its batches)
    python benchmarks/openrlhf_overhead.py RUN

On the batches of the run: `scalar` judges each completion and keeps one number (what a reward function for
OpenRLHF does); `steps` also places the steps on the generated ids, packs them, unpacks them in the trainer,
gives credit group by group and writes token rewards. The difference is divided by the run's own median
time of a step.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch

from tomprm.config import load_config
from tomprm.rewards.credit import scored_steps
from tomprm.rl.models import load_policy
from tomprm.rl.openrlhf.maker import _token_rewards
from tomprm.rl.openrlhf.settings import Settings
from tomprm.rl.openrlhf.wire import KEY, pack
from tomprm.rl.rollout import completion_text
from tomprm.rl.scoring import LocalScorer


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path)
    parser.add_argument("--repeats", type=int, default=5)
    args = parser.parse_args()
    config = load_config(args.run / "config.yaml")
    settings = Settings.model_validate_json((args.run / "settings.json").read_text())
    _, tokenizer = load_policy(config.policy)
    rows = [json.loads(line) for line in (args.run / "metrics.jsonl").read_text().splitlines()]
    step_s = statistics.median(row["timing/step_total"] for row in rows)
    files = sorted((args.run / "batches").iterdir())
    if not files:
        raise SystemExit(f"{args.run}: no batches; train with TOMPRM_DUMP_BATCHES=1")
    batches = [torch.load(file, weights_only=False) for file in files]
    n = config.rl.samples_per_prompt
    scorer = LocalScorer(settings.reward)
    scalar: list[float] = []
    whole: list[float] = []
    for _ in range(args.repeats):
        for batch in batches:
            samples = list(_samples(batch))
            scorer = LocalScorer(settings.reward)  # cold: a step meets new stories
            began = time.process_time()
            for ids, label in samples:
                _ = scorer(json.loads(label), completion_text(tokenizer, ids)).scalar
            scalar.append(time.process_time() - began)
            scorer = LocalScorer(settings.reward)
            began = time.process_time()
            packed = [_packed(tokenizer, scorer, ids, label) for ids, label in samples]
            _token_rewards(_experiences(batch, packed), n)
            whole.append(time.process_time() - began)
    extra = statistics.median(w - s for w, s in zip(whole, scalar, strict=True))
    print(
        json.dumps(
            {
                "rollouts_a_step": sum(len(part["index"]) for part in batches[0]),
                "batches": len(batches),
                "repeats": args.repeats,
                "scalar_s": statistics.median(scalar),
                "steps_s": statistics.median(whole),
                "extra_s": extra,
                "step_s": step_s,
                "overhead": extra / step_s,
            },
            indent=1,
        )
    )


def _samples(batch: list[dict[str, Any]]) -> Any:
    for part in batch:
        for k, label in enumerate(part["labels"]):
            mask = part["action_mask"][k].bool()
            yield part["sequences"][k][1 : len(mask) + 1][mask].tolist(), label


def _packed(tokenizer: Any, scorer: LocalScorer, ids: list[int], label: str) -> list[float]:
    text = completion_text(tokenizer, ids)
    reward = scorer(json.loads(label), text)
    steps = scored_steps(reward, ids, text, lambda part: completion_text(tokenizer, part))  # type: ignore[arg-type]
    return pack(steps)


def _experiences(batch: list[dict[str, Any]], packed: list[list[float]]) -> list[Any]:
    made, rows = [], iter(packed)
    for part in batch:
        mine = [torch.tensor(next(rows)) for _ in part["index"]]
        padded = torch.nn.utils.rnn.pad_sequence(mine, batch_first=True)
        made.append(
            SimpleNamespace(
                action_mask=part["action_mask"],
                index=part["index"],
                labels=part["labels"],
                info={KEY: padded},
            )
        )
    return made


if __name__ == "__main__":
    main()
