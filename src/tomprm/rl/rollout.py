"""Rollouts: batched sampling from any Hugging Face causal LM with a KV cache."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from tomprm.rl.cache import decoding_cache


@dataclass(frozen=True, slots=True)
class Rollout:
    """One completion of `prompts[prompt]`. `completion_ids` ends with EOS unless `truncated`;
    `text` is their decoding without EOS; `logprobs` of its ids as they were drawn, where asked for."""

    prompt: int
    prompt_ids: tuple[int, ...]
    completion_ids: tuple[int, ...]
    text: str
    truncated: bool
    logprobs: tuple[float, ...] = ()


def encode_prompts(tokenizer: PreTrainedTokenizerBase, prompts: Sequence[str]) -> list[list[int]]:
    """Prompt ids; through the chat template where the tokenizer has one."""
    if tokenizer.chat_template:
        chats = [[{"role": "user", "content": p}] for p in prompts]
        ids = tokenizer.apply_chat_template(chats, add_generation_prompt=True, return_dict=False)
        return [list(row) for row in ids]  # pyright: ignore[reportReturnType, reportArgumentType]
    return [tokenizer(p, add_special_tokens=False)["input_ids"] for p in prompts]


def pad(rows: Sequence[Sequence[float]], value: float, left: bool, device: torch.device) -> torch.Tensor:
    """Rows of ids (or of weights) -> (B, longest) on `device`."""
    width = max(len(r) for r in rows)
    filled = [
        [value] * (width - len(r)) + list(r) if left else list(r) + [value] * (width - len(r)) for r in rows
    ]
    return torch.tensor(filled, device=device)


@torch.inference_mode()
def sample(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: Sequence[str],
    *,
    n: int = 1,
    max_new_tokens: int = 256,
    temperature: float = 1.0,
    generator: torch.Generator | None = None,
    batch_size: int = 128,
    logprobs: bool = False,
    progress: Callable[[int], object] | None = None,
) -> list[Rollout]:
    """`n` completions a prompt, the completions of one prompt next to each other.

    Args:
        temperature: 0 is greedy decoding (then `n` should be 1).
        generator: the stream of random numbers, on the model's device.
        batch_size: completions generated at once.
        logprobs: keep them; at temperature 0 those at temperature 1.
        progress: called with the number of completions done after each batch.
    """
    was_training = model.training
    model.eval()
    ids = encode_prompts(tokenizer, prompts)
    # Neighbours in length share a batch; results go back to their own places.
    order = sorted(range(len(ids)), key=lambda i: len(ids[i]))
    done: dict[int, list[Rollout]] = {}
    per_batch = max(1, batch_size // n)
    for start in range(0, len(order), per_batch):
        chosen = order[start : start + per_batch]
        completions = _sample_batch(
            model, tokenizer, [ids[i] for i in chosen], n, max_new_tokens, temperature, generator, logprobs
        )
        for row, i in enumerate(chosen):
            group = completions[row * n : (row + 1) * n]
            done[i] = [_rollout(tokenizer, i, ids[i], tokens, drawn) for tokens, drawn in group]
        if progress is not None:
            progress(len(chosen) * n)
    model.train(was_training)
    return [rollout for i in range(len(ids)) for rollout in done[i]]


def _rollout(
    tokenizer: PreTrainedTokenizerBase,
    prompt: int,
    prompt_ids: list[int],
    tokens: list[int],
    logprobs: list[float],
) -> Rollout:
    ended = bool(tokens) and tokens[-1] == tokenizer.eos_token_id
    text = completion_text(tokenizer, tokens)
    return Rollout(prompt, tuple(prompt_ids), tuple(tokens), text, not ended, tuple(logprobs))


def completion_text(tokenizer: PreTrainedTokenizerBase, ids: Sequence[int]) -> str:
    """What a completion says: its ids decoded without the tokenizer's end-of-sequence token, and without
    special tokens at its very end (chat models stop at others, too)."""
    end = tokenizer.eos_token_id  # a look-up each time it is asked for
    kept = [i for i in ids if i != end]
    if kept and kept[-1] in (special := tokenizer.all_special_ids):
        unknown = tokenizer.unk_token_id
        while kept and kept[-1] in special and kept[-1] != unknown:
            kept.pop()
    return str(tokenizer.decode(kept))


def _sample_batch(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompt_ids: list[list[int]],
    n: int,
    max_new_tokens: int,
    temperature: float,
    generator: torch.Generator | None,
    logprobs: bool,
) -> list[tuple[list[int], list[float]]]:
    device = model.device
    eos = int(tokenizer.eos_token_id)  # pyright: ignore[reportArgumentType]
    pad_id = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else eos
    tokens = pad(prompt_ids, int(pad_id), left=True, device=device)  # pyright: ignore[reportArgumentType]
    mask = pad([[1] * len(p) for p in prompt_ids], 0, left=True, device=device)
    cache = decoding_cache(model.config)
    positions = (mask.cumsum(-1) - 1).clamp(min=0)
    logits = model(
        input_ids=tokens, attention_mask=mask, position_ids=positions, past_key_values=cache, logits_to_keep=1
    ).logits[:, -1]
    if n > 1:  # the prompt is read once for all its completions
        cache.batch_repeat_interleave(n)
        logits, mask = logits.repeat_interleave(n, 0), mask.repeat_interleave(n, 0)
        positions = positions.repeat_interleave(n, 0)
    position = positions[:, -1:]
    rows = torch.arange(len(prompt_ids) * n, device=device)
    out: list[list[int]] = [[] for _ in range(len(rows))]
    logps: list[list[float]] = [[] for _ in range(len(rows))]
    finished = torch.zeros(len(rows), dtype=torch.bool, device=device)
    for step in range(max_new_tokens):
        drawn = _draw(logits, temperature, generator)
        for row, token in zip(rows.tolist(), drawn.tolist(), strict=True):
            out[row].append(token)
        if logprobs:
            scores = torch.log_softmax(logits.float() / (temperature or 1.0), -1)
            scores = scores.gather(-1, drawn.unsqueeze(-1)).squeeze(-1)
            for row, score in zip(rows.tolist(), scores.tolist(), strict=True):
                logps[row].append(score)
        finished = finished | (drawn == eos)
        if step + 1 == max_new_tokens or bool(finished.all()):
            break
        # Finished rows leave the batch once they are an eighth of it: dropping copies the cache.
        if int(finished.sum()) * 8 >= len(rows):
            index = (~finished).nonzero().squeeze(-1)
            cache.batch_select_indices(index)
            rows, drawn, mask, position = rows[index], drawn[index], mask[index], position[index]
            finished = finished[index]
        mask = torch.cat([mask, mask.new_ones(len(rows), 1)], dim=-1)
        position = position + 1
        logits = model(
            input_ids=drawn.unsqueeze(-1),
            attention_mask=mask,
            position_ids=position,
            past_key_values=cache,
        ).logits[:, -1]
    ends = [tokens.index(eos) + 1 if eos in tokens else len(tokens) for tokens in out]
    return [(t[:end], scores[:end]) for t, scores, end in zip(out, logps, ends, strict=True)]


def _draw(logits: torch.Tensor, temperature: float, generator: torch.Generator | None) -> torch.Tensor:
    if temperature == 0:
        return logits.argmax(-1)
    weights = torch.softmax(logits.float() / temperature, -1)
    return torch.multinomial(weights, 1, generator=generator).squeeze(-1)
