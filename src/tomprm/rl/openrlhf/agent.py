"""The agent: OpenRLHF's single-turn generation, judged in the rollout worker.

`--train.agent_func_path reward_models/openrlhf_agent.py` loads it by path. Each sample comes back with the
scalar of the reward as `reward`, whether the answer is right as `scores` (for dynamic filtering), and its
judged steps under one key of `extra_logs` (wire.py), placed on the generated ids themselves.
"""

from __future__ import annotations

import asyncio
import json
import math
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from openrlhf.utils.agent import SingleTurnAgentExecutor

from tomprm.rewards.credit import scored_steps
from tomprm.rl.openrlhf.scorers import make_scorer
from tomprm.rl.openrlhf.settings import run_folder, settings
from tomprm.rl.openrlhf.wire import KEY, pack
from tomprm.rl.rollout import completion_text
from tomprm.rl.scoring import Judged, RewardError, save_sample

# Ours -> the breakdown's; every sample has all of them, or OpenRLHF would shift the rows of a batch.
LOGGED = {
    "accuracy": "answer",
    "process": "process",
    "format": "format",
    "coverage": "coverage",
    "sound": "sound",
    "uncheckable": "uncheckable",
    "errors": "errors",
}
LOGGED_WITH_PRM = {"gap": "gap", "gap_steps": "gap_steps", "unscored": "unscored"}


class AgentExecutor(SingleTurnAgentExecutor):
    def __init__(self) -> None:
        super().__init__(remote_rm_url=None)
        self.scorer = make_scorer(settings())
        self.logged = LOGGED if settings().reward.judge == "checker" else LOGGED | LOGGED_WITH_PRM
        # One thread: the engine's event loop stays free, and the checkers are not shared between threads.
        self._judging = ThreadPoolExecutor(1, thread_name_prefix="tomprm-reward")

    async def execute(
        self,
        prompt: str,
        label: str,
        sampling_params: Any,
        max_length: int,
        hf_tokenizer: Any,
        llm_engine: Any,
        images: Any = None,
    ) -> dict[str, Any]:
        out: dict[str, Any] = await super().execute(
            prompt, label, sampling_params, max_length, hf_tokenizer, llm_engine, images=images
        )
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._judging, self.judge, out, hf_tokenizer)

    def judge(self, out: dict[str, Any], tokenizer: Any) -> dict[str, Any]:
        """Adds the reward to a generated sample.

        Raises:
            RewardError: the reward failed; the sample has been saved, and the run will stop.
        """
        began = time.perf_counter()
        ((start, end),) = out["action_ranges"]
        ids = out["observation_tokens"][start:end]
        text = completion_text(tokenizer, ids)
        label = out["label"]
        try:
            row = json.loads(label) if isinstance(label, str) else dict(label)
            _check_prompt(out["prompt"], start, tokenizer)
            reward: Judged = self.scorer(row, text)
            if not math.isfinite(reward.total):
                raise RewardError(f"the reward is {reward.total}")
            steps = scored_steps(reward, ids, text, lambda part: completion_text(tokenizer, part))  # type: ignore[arg-type]
        except Exception as error:
            saved = save_sample(run_folder(), label, text, error)
            raise RewardError(f"{error}; the sample is in {saved}") from error
        out["reward"] = reward.scalar
        out["scores"] = reward.breakdown["answer"]
        # Plain lists and floats: OpenRLHF cuts a tensor down to its first element.
        out["extra_logs"] = {
            KEY: pack(steps),
            **{f"tomprm_{ours}": float(reward.breakdown[theirs]) for ours, theirs in self.logged.items()},
            "tomprm_reward": reward.total,
            "tomprm_empty": float(not ids),
            "tomprm_steps_lost": float(len(reward.steps) - len(steps.ends)),
            "tomprm_judge_s": time.perf_counter() - began,
        }
        return out


def _check_prompt(prompt: str, kept: int, tokenizer: Any) -> None:
    """OpenRLHF cuts the beginning off a prompt that leaves no room for the answer, and goes on."""
    length = len(tokenizer(prompt, add_special_tokens=False)["input_ids"])
    if length > kept:
        raise RewardError(
            f"a prompt of {length} tokens was cut to {kept}; raise openrlhf.max_length (--data.max_len)"
        )
