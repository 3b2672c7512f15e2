"""A policy on a suite -> rows of results.jsonl, the report's only source."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

import tomprm
from tomprm.belief.generate import seeded
from tomprm.belief.heuristics import HEURISTICS
from tomprm.checker.check import Checker
from tomprm.checker.verdict import Status, Verdict
from tomprm.config import RunConfig
from tomprm.eval.suites import Suite
from tomprm.rl.models import precision
from tomprm.rl.rollout import Rollout, sample
from tomprm.trace.prompt import prompt_text
from tomprm.trace.steps import Format, matches
from tomprm.world.items import Item


@lru_cache(maxsize=1)
def code_version() -> str:
    """`0.1.0+abc1234`, with the commit where the code runs from a checkout."""
    here = Path(__file__).parent
    asked = subprocess.run(
        ["git", "-C", str(here), "rev-parse", "--short=7", "HEAD"],
        capture_output=True,
        text=True,
        check=False,
    )
    return tomprm.__version__ + (f"+{asked.stdout.strip()}" if asked.returncode == 0 else "")


def evaluate(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    suite: Suite,
    config: RunConfig,
    *,
    decoding: str,
    seed: int = 0,
    progress: Callable[[int], object] | None = None,
) -> Iterator[dict[str, Any]]:
    """Judged answers of a policy: greedy once, or `eval.samples` sampled ones an item.

    Rows hold what was answered, whether it is right, and the summary of the checker's verdict; the
    caller adds arm, seed and checkpoint.
    """
    sampled = decoding == "sampled"
    generator = None
    if sampled:
        number = int(seeded(config.eval.seed, f"eval-{suite.name}", seed).integers(2**62))
        generator = torch.Generator(model.device).manual_seed(number)
    n = config.eval.samples if sampled else 1
    with precision(config.policy, model.device):
        rollouts = sample(
            model,
            tokenizer,
            [prompt_text(item, config.policy.prompt) for item in suite.items],
            n=n,
            max_new_tokens=config.policy.max_new_tokens,
            temperature=config.eval.temperature if sampled else 0.0,
            generator=generator,
            batch_size=config.eval.batch_size,
            progress=progress,
        )
    for index, rollout in enumerate(rollouts):
        item = suite.items[rollout.prompt]
        yield _row(item, suite, decoding, index % n, rollout, Checker(item).check(rollout.text))


def _row(
    item: Item, suite: Suite, decoding: str, k: int, rollout: Rollout, verdict: Verdict
) -> dict[str, Any]:
    gold = item.question.gold
    assert gold is not None
    well_formed = verdict.format is Format.OK
    return {
        **_item_fields(item, suite),
        "decoding": decoding,
        "sample": k,
        "answer": verdict.answer,
        "correct": well_formed and matches(verdict.answer, gold),
        "format": well_formed,
        "verdict": {
            "supported": verdict.count(Status.SUPPORTED),
            "contradicted": verdict.count(Status.CONTRADICTED),
            "uncheckable": verdict.count(Status.UNCHECKABLE),
            "no_claim": sum(s.status is Status.NO_CLAIM for s in verdict.steps),
            "soundness": verdict.soundness,
            "coverage": verdict.coverage,
            "coherent": verdict.coherent,
            "sound": verdict.sound,
            "first_error": verdict.first_error,
        },
        "tokens": len(rollout.completion_ids),
        "truncated": rollout.truncated,
    }


def _item_fields(item: Item, suite: Suite) -> dict[str, Any]:
    return {
        "suite": suite.label,
        "split": suite.split,
        "item": item.id,
        "story": item.story_id,
        "order": item.question.order,
        "gold": item.question.gold,
        "chance": item.chance,
    }


def heuristic_rows(suites: Iterable[Suite]) -> Iterator[dict[str, Any]]:
    """What each shortcut answers on the same items."""
    for suite in suites:
        for item in suite.items:
            if not item.question.order:
                continue
            state = Checker(item).state
            for name, heuristic in HEURISTICS.items():
                answer = heuristic(state, item.question)
                if answer is None:
                    continue
                yield {
                    "kind": "heuristic",
                    "arm": name,
                    "seed": None,
                    "step": None,
                    "checkpoint": None,
                    **_item_fields(item, suite),
                    "decoding": None,
                    "answer": answer,
                    "correct": answer == item.question.gold,
                }


def policy_rows(
    rows: Iterable[dict[str, Any]],
    config: RunConfig,
    arm: str,
    seed: int,
    step: int,
    checkpoint: str,
    version: str,
) -> list[dict[str, Any]]:
    """Rows with their provenance; `version` is the run's, whatever is checked out by now."""
    head = {"kind": "policy", "arm": arm, "seed": seed, "step": step, "checkpoint": checkpoint}
    tail = {"config": config.digest(), "version": version}
    return [head | row | tail for row in rows]


def final_rows(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    suites: Sequence[Suite],
    config: RunConfig,
    arm: str,
    seed: int,
    step: int,
    version: str,
) -> list[dict[str, Any]]:
    """Greedy answers to every suite, and sampled ones where the config wants them."""
    checkpoint = "warm_start" if arm == "warm_start" else "final"
    rows: list[dict[str, Any]] = []
    for suite in suites:
        sampled = config.eval.samples and suite.name in config.eval.sampled_suites
        for decoding in ("greedy", "sampled") if sampled else ("greedy",):
            found = evaluate(model, tokenizer, suite, config, decoding=decoding, seed=seed)
            rows += policy_rows(found, config, arm, seed, step, checkpoint, version)
    return rows
