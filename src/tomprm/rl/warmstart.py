"""Supervised warm start on traces of mixed quality.

A policy that has learned sound and unsound narrators side by side gives reinforcement learning
something to select; what it selects under which reward is the question of the comparison.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from tomprm.rl.rollout import encode_prompts, pad
from tomprm.trace.canonical import NARRATORS
from tomprm.trace.prompt import PromptStyle, prompt_text
from tomprm.world.items import Item, recast
from tomprm.world.vocabulary import Vocabulary


def mixed_traces(items: Sequence[Item], mixture: Mapping[str, float], rng: np.random.Generator) -> list[str]:
    """One trace an item, its narrator drawn by the mixture's weights."""
    names = list(mixture)
    weights = np.array([mixture[name] for name in names], float)
    drawn = rng.choice(len(names), size=len(items), p=weights / weights.sum())
    return [NARRATORS[names[k]](item, rng) for item, k in zip(items, drawn, strict=True)]


def supervised(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    items: Sequence[Item],
    mixture: Mapping[str, float],
    *,
    steps: int,
    batch_size: int,
    learning_rate: float,
    seed: int,
    style: PromptStyle = "plain",
    bf16: bool = False,
    prompt_loss: float = 0.0,
    words: Vocabulary | None = None,
    log: Callable[[dict[str, float]], None] = lambda row: None,
) -> None:
    """Cross-entropy on the trace's tokens (and, at weight `prompt_loss`, the prompt's), in place.

    AdamW with linear warm-up and cosine decay.

    Each pass over the items draws new narrators and order and, where `words` are given, tells every
    story with others of them: a model that learned the plots by heart would still have to read.
    """
    optimizer = torch.optim.AdamW(model.parameters(), lr=learning_rate, betas=(0.9, 0.95), weight_decay=0.01)
    head = model.get_output_embeddings()
    if head is None:
        raise ValueError(f"{type(model).__name__} has no output embeddings; give a causal language model")
    model.train()
    batches = _batches(tokenizer, items, mixture, batch_size, seed, style, prompt_loss, words, model.device)
    for step in range(1, steps + 1):
        rate = learning_rate * _schedule(step, steps)
        for group in optimizer.param_groups:
            group["lr"] = rate
        ids, weights = next(batches)
        counts = weights[:, 1:] > 0
        with torch.autocast(model.device.type, torch.bfloat16, enabled=bf16):
            # Padding stands right of every token that counts: a causal model needs no mask.
            hidden = model.base_model(input_ids=ids).last_hidden_state[:, :-1]
            # The vocabulary is ten times as wide as the model: only tokens that count get logits.
            logits = head(hidden[counts])
        losses = torch.nn.functional.cross_entropy(logits.float(), ids[:, 1:][counts], reduction="none")
        weights = weights[:, 1:][counts]
        loss = (losses * weights).sum() / weights.sum()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        log({"step": step, "loss": float(loss.detach()), "lr": rate})
    model.eval()


def _schedule(step: int, steps: int) -> float:
    warm_up = max(1, min(100, steps // 20))
    if step < warm_up:
        return step / warm_up
    return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * (step - warm_up) / max(1, steps - warm_up)))


def _batches(
    tokenizer: PreTrainedTokenizerBase,
    items: Sequence[Item],
    mixture: Mapping[str, float],
    batch_size: int,
    seed: int,
    style: PromptStyle,
    prompt_loss: float,
    words: Vocabulary | None,
    device: torch.device,
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """(ids, weights of their losses) for ever."""
    eos = tokenizer.eos_token_id
    pad_id = int(tokenizer.pad_token_id or 0)  # pyright: ignore[reportArgumentType]
    epoch = 0
    while True:
        rng = np.random.default_rng([seed, epoch])
        # Batches of like length, in random order: little padding, no curriculum.
        noise = rng.random(len(items)) * 60
        order = sorted(range(len(items)), key=lambda i: len(items[i].text) + noise[i])
        starts = np.arange(0, len(order) - batch_size + 1, batch_size)
        for start in rng.permutation(starts):
            cast = [items[i] for i in order[start : start + batch_size]]
            if words is not None:
                cast = [recast(item, words, rng) for item in cast]
            prompts = encode_prompts(tokenizer, [prompt_text(item, style) for item in cast])
            traces = mixed_traces(cast, mixture, rng)
            bodies = [[*tokenizer(t, add_special_tokens=False)["input_ids"], eos] for t in traces]
            rows = [(*p, *b) for p, b in zip(prompts, bodies, strict=True)]
            weights = [[prompt_loss] * len(p) + [1.0] * len(b) for p, b in zip(prompts, bodies, strict=True)]
            yield pad(rows, pad_id, False, device), pad(weights, 0.0, False, device)
        epoch += 1
