"""HEART 3: step rewards -> tokens -> returns. Lists and arrays in, arrays out.

A step's reward belongs on the last token of the step, found from the step's character span and the
generated ids themselves: the text is never tokenised again, since other pieces would come out.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence

import numpy as np

Decode = Callable[[Sequence[int]], str]


def token_at(end: int, ids: Sequence[int], text: str, decode: Decode) -> int:
    """Index of the token that writes character `end - 1` of `text`, where `decode(ids)` is `text`.

    Args:
        end: character offset, 1 to `len(text)`.
        ids: (T,) generated ids.

    The number of characters that a prefix of the ids has settled grows with the prefix, so the token
    is found by bisection: O(log T) decodings a step, whatever the tokenizer does with bytes. Only in a
    run of byte-fallback tokens may it shrink for a while (half of a character spoils the whole run):
    there the first token that will do is found by going back to where the run began.

    Raises:
        ValueError: the offset lies outside the text, or the ids do not decode to the text.
    """
    if not 0 < end <= len(text):
        raise ValueError(f"offset {end} is outside a text of {len(text)} characters; pass spans of this text")
    index = bisect_left(range(len(ids)), end, key=lambda i: _settled(decode(ids[: i + 1]), text))
    if index == len(ids):
        raise ValueError("the ids do not decode to the text; pass the ids that the text was decoded from")
    for before in range(index - 1, -1, -1):
        prefix = decode(ids[: before + 1])
        if _settled(prefix, text) >= end:
            index = before
        elif text.startswith(prefix):
            break
    return index


def _settled(prefix: str, text: str) -> int:
    """Length of the common prefix. The halves of a character that spans tokens decode to U+FFFD,
    which does not count until it is whole."""
    if text.startswith(prefix):
        return len(prefix)
    length = min(len(prefix), len(text))
    a, b = (np.frombuffer(s[:length].encode("utf-32-le", "surrogatepass"), np.uint32) for s in (prefix, text))
    return int(np.argmin(a == b)) if not (a == b).all() else length


def token_rewards(
    steps: Sequence[tuple[int, float]], ids: Sequence[int], text: str, decode: Decode
) -> np.ndarray:
    """Sum-form placement: each step's reward on its last token.

    Args:
        steps: (character end of the step in `text`, reward), in order.
        ids: (T,) generated ids, `decode(ids) == text` up to special tokens at the end.

    Returns:
        (T,) float64; steps that end in one token add up.
    """
    rewards = np.zeros(len(ids))
    for end, reward in steps:
        if reward:
            rewards[token_at(end, ids, text, decode)] += reward
    return rewards


def discounted_returns(rewards: np.ndarray, mask: np.ndarray, gamma: float = 1.0) -> np.ndarray:
    """G_t = sum over t' >= t of gamma^(t' - t) r_t' over unmasked tokens (sum form).

    Args:
        rewards, mask: (B, T); masked tokens pay nothing.
    """
    returns = np.zeros_like(rewards, dtype=float)
    running = np.zeros(rewards.shape[0])
    for t in range(rewards.shape[1] - 1, -1, -1):
        running = rewards[:, t] * mask[:, t] + gamma * running
        returns[:, t] = running
    return returns
