"""Policies small enough for tests: random Qwen2 models on a vocabulary of generated stories."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from tomprm.belief.generate import Recipe, generate
from tomprm.config import RunConfig
from tomprm.rl.tiny import build_policy, train_tokenizer
from tomprm.rl.warmstart import supervised
from tomprm.trace.canonical import narrate_sound
from tomprm.trace.prompt import prompt_text
from tomprm.world.generate import OpenShape
from tomprm.world.items import Item

SHAPE = OpenShape(places=3, moves=(2, 3))


@lru_cache(maxsize=1)
def story_items() -> tuple[Item, ...]:
    return tuple(generate(Recipe(orders=(1, 2), shape=SHAPE), 0, "tests", 32))


@lru_cache(maxsize=1)
def _tokenizer_folder() -> str:
    import tempfile

    rng = np.random.default_rng(0)
    texts = [prompt_text(item) + narrate_sound(item, rng) for item in story_items()]
    folder = tempfile.mkdtemp(prefix="tomprm-tests-")
    train_tokenizer(texts, vocab_size=420).save_pretrained(folder)
    return folder


def tiny_tokenizer() -> PreTrainedTokenizerBase:
    """A fresh object, so that a test may change it."""
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(_tokenizer_folder())


def random_policy(seed: int = 0, hidden: int = 32, scale: float = 1.0) -> PreTrainedModel:
    """Untrained; with a `scale` above 1 its choices are decided rather than near-uniform."""
    model = build_policy(tiny_tokenizer(), hidden=hidden, layers=2, heads=2, seed=seed).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.mul_(scale)
    return model


def save_policy(folder: Path, model: PreTrainedModel | None = None) -> Path:
    (model or random_policy()).save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    return folder


@lru_cache(maxsize=2)
def taught_state(steps: int = 200) -> dict[str, Any]:
    """Weights after some supervised steps: it writes in the format, and seldom anything right."""
    model = random_policy(hidden=48)
    supervised(
        model,
        tiny_tokenizer(),
        story_items(),
        {"sound": 0.5, "terse": 0.5},
        steps=steps,
        batch_size=8,
        learning_rate=3e-3,
        seed=0,
    )
    return {name: value.clone() for name, value in model.state_dict().items()}


def taught_policy() -> PreTrainedModel:
    model = random_policy(hidden=48)
    model.load_state_dict(taught_state())
    return model.eval()


def small_config(policy: Path, **changes: Any) -> RunConfig:
    """A comparison of seconds; `changes` replace values, with `__` for the dot: `rl__steps=4`."""
    tree: dict[str, Any] = {
        "arms": {"outcome": {"name": "outcome"}, "process": {"name": "process"}},
        "seeds": [0],
        "data": {
            "train_items": 16,
            "suites": ["id", "higher"],
            "items_per_order": 4,
            "validation_items": 4,
        },
        "policy": {"model": str(policy), "max_new_tokens": 16, "device": "cpu"},
        "rl": {
            "steps": 2,
            "prompts_per_step": 4,
            "samples_per_prompt": 2,
            "learning_rate": 1e-3,
            "warmup_steps": 1,
            "validate_every": 1,
            "checkpoint_every": 1,
        },
        "eval": {"samples": 1, "batch_size": 16},
    }
    for key, value in changes.items():
        *parents, leaf = key.split("__")
        node = tree
        for parent in parents:
            node = node.setdefault(parent, {})
        node[leaf] = value
    return RunConfig.model_validate(tree)
