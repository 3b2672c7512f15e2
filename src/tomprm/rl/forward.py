"""Log-probabilities of completions, each prompt read once for all of its completions."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from transformers import DynamicCache, PreTrainedModel

from tomprm.rl.rollout import Rollout, pad


def action_logprobs(
    model: PreTrainedModel, rollouts: Sequence[Rollout], samples: int, pad_id: int, temperature: float = 1.0
) -> torch.Tensor:
    """log p(token | prompt, tokens before it) under softmax(logits / temperature).

    The prompt's keys and values are computed once a group and repeated, with gradients: for G samples
    a prompt the prompt costs 1/G of a plain forward pass.

    Args:
        rollouts: B of them, the `samples` completions of one prompt next to each other.

    Returns:
        (B, T) float32, T the longest completion; what stands at padded positions has no meaning.
    """
    device = model.device
    prompts = [list(r.prompt_ids) for r in rollouts[::samples]]
    completions = [list(r.completion_ids) for r in rollouts]
    ids = pad(prompts, pad_id, left=True, device=device)
    mask = pad([[1] * len(p) for p in prompts], 0, left=True, device=device)
    positions = (mask.cumsum(-1) - 1).clamp(min=0)
    cache = DynamicCache(config=model.config)
    first = model(
        input_ids=ids, attention_mask=mask, position_ids=positions, past_key_values=cache, logits_to_keep=1
    ).logits
    if samples > 1:
        cache.batch_repeat_interleave(samples)
        first, mask = first.repeat_interleave(samples, 0), mask.repeat_interleave(samples, 0)
        positions = positions.repeat_interleave(samples, 0)
    targets = pad(completions, pad_id, left=False, device=device)
    logits = first
    if targets.shape[1] > 1:
        given = pad([[1] * (len(c) - 1) for c in completions], 0, left=False, device=device)
        steps = torch.arange(1, targets.shape[1], device=device)
        rest = model(
            input_ids=targets[:, :-1],
            attention_mask=torch.cat([mask, given], -1),
            position_ids=positions[:, -1:] + steps,
            past_key_values=cache,
        ).logits
        logits = torch.cat([first, rest], 1)
    logits = logits.float() / temperature
    return torch.gather(logits, -1, targets.unsqueeze(-1)).squeeze(-1) - logits.logsumexp(-1)
