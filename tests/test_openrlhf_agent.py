"""The agent around a stand-in for OpenRLHF's executor: what it adds to a sample; it swallows nothing."""

from __future__ import annotations

import asyncio
import json
import math
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from openrlhf_fakes import importable
from rl_fixtures import story_items, tiny_tokenizer

from tomprm.config import CreditConfig, RewardConfig
from tomprm.rewards.credit import scored_steps
from tomprm.rl.openrlhf.settings import RUN, Settings, settings, write_settings
from tomprm.rl.openrlhf.wire import KEY, unpack
from tomprm.rl.rollout import completion_text
from tomprm.rl.scoring import LocalScorer, RewardError
from tomprm.trace.canonical import narrate_sound
from tomprm.trace.prompt import prompt_text

EXECUTOR = """
class SingleTurnAgentExecutor:
    def __init__(self, remote_rm_url=None):
        assert remote_rm_url is None
    async def execute(self, prompt, label, params, max_length, tokenizer, engine, images=None):
        asked = tokenizer(prompt, add_special_tokens=False)["input_ids"][-(max_length - len(engine)):]
        ids = asked + engine
        ranges = [(len(asked), len(ids))]
        return {"prompt": prompt, "label": label, "observation_tokens": ids, "action_ranges": ranges,
                "reward": None, "scores": None, "extra_logs": {}}
"""
REWARD = RewardConfig(name="process", credit=CreditConfig(baseline="event"))


@pytest.fixture
def execute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., dict[str, Any]]]:
    """Runs the agent on a completion (ids), in a run whose folder is tmp_path."""
    (tmp_path / "site" / "openrlhf" / "utils").mkdir(parents=True)
    (tmp_path / "site" / "openrlhf" / "utils" / "agent.py").write_text(EXECUTOR)
    monkeypatch.setenv(RUN, str(tmp_path))
    write_settings(Settings(reward=REWARD), tmp_path)
    settings.cache_clear()
    sys.modules.pop("tomprm.rl.openrlhf.agent", None)
    tokenizer = tiny_tokenizer()
    with importable(tmp_path / "site", monkeypatch):
        from tomprm.rl.openrlhf.agent import AgentExecutor

        agent = AgentExecutor()

        def run(
            ids: list[int], label: Any = None, max_length: int = 2048, scorer: Any = None
        ) -> dict[str, Any]:
            agent.scorer = scorer or agent.scorer
            item = story_items()[0]
            label = json.dumps(item.as_row()) if label is None else label
            return asyncio.run(agent.execute(prompt_text(item), label, None, max_length, tokenizer, ids))

        yield run
    sys.modules.pop("tomprm.rl.openrlhf.agent", None)
    settings.cache_clear()


def completion(ended: bool = True) -> tuple[list[int], str]:
    tokenizer = tiny_tokenizer()
    text = narrate_sound(story_items()[0], np.random.default_rng(0))
    ids = list(tokenizer(text, add_special_tokens=False)["input_ids"])
    return ids + [int(tokenizer.eos_token_id)] * ended, completion_text(tokenizer, ids)  # pyright: ignore


@pytest.mark.parametrize("as_text", [True, False])
def test_a_sample_comes_back_with_its_judged_steps(
    execute: Callable[..., dict[str, Any]], as_text: bool
) -> None:
    ids, text = completion()
    row = story_items()[0].as_row()
    out = execute(ids, json.dumps(row) if as_text else row)
    judged: Any = LocalScorer(REWARD)(row, text)
    tokenizer = tiny_tokenizer()
    wanted = scored_steps(judged, ids, text, lambda part: completion_text(tokenizer, part))
    found = unpack(out["extra_logs"][KEY])
    assert (found.ends, found.scores, found.obligations) == (wanted.ends, wanted.scores, wanted.obligations)
    np.testing.assert_allclose(found.progress, wanted.progress)
    assert out["reward"] == judged.scalar and out["scores"] == 1.0
    assert found.tokens == len(ids) and sum(found.progress) > 0
    assert all(isinstance(v, (float, list)) for v in out["extra_logs"].values()), "a tensor would be cut"
    assert out["extra_logs"]["tomprm_accuracy"] == 1.0 and out["extra_logs"]["tomprm_empty"] == 0.0


def test_every_sample_has_the_same_keys(execute: Callable[..., dict[str, Any]]) -> None:
    """OpenRLHF shifts the rows of a batch where one lacks a key; empty and cut completions are counted."""
    ids, _ = completion()
    whole, cut, empty = (execute(part)["extra_logs"] for part in (ids, ids[: len(ids) // 2], []))
    assert whole.keys() == cut.keys() == empty.keys()
    assert empty["tomprm_empty"] == 1.0 and unpack(empty[KEY]).tokens == 0
    assert unpack(cut[KEY]).tokens == len(ids) // 2


def raising(row: Any, text: str) -> Any:
    raise ZeroDivisionError("the reward is broken")


def not_a_number(row: Any, text: str) -> Any:
    from dataclasses import replace

    return replace(LocalScorer(REWARD)(row, text), scalar=math.nan)


@pytest.mark.parametrize(("scorer", "why"), [(raising, "is broken"), (not_a_number, "the reward is nan")])
def test_a_reward_that_fails_stops_the_run_with_the_sample_saved_once(
    execute: Callable[..., dict[str, Any]], tmp_path: Path, scorer: Any, why: str
) -> None:
    ids, text = completion()
    for _ in range(2):
        with pytest.raises(RewardError, match=rf"{why}.*the sample is in .*bad_reward\.json"):
            execute(ids, scorer=scorer)
    saved = json.loads((tmp_path / "bad_reward.json").read_text())
    assert saved["text"] == text and why in saved["error"] and "story" in saved["item"]


def test_a_prompt_that_was_cut_and_a_label_without_a_story_raise(
    execute: Callable[..., dict[str, Any]],
) -> None:
    ids, _ = completion()
    with pytest.raises(RewardError, match=r"was cut to 20; raise openrlhf\.max_length"):
        execute(ids, max_length=20 + len(ids))
    for label in ("red_box", "{}", {"story": "1 X frobs.", "question": "?"}):
        with pytest.raises(RewardError):
            execute(ids, label)
