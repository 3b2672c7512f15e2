"""A step's reward belongs on the last token of the step, found from the step's character span and the
generated ids themselves: the text is never tokenised again, since other pieces would come out.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from tomprm.rewards.shaping import Reward

Decode = Callable[[Sequence[int]], str]


@dataclass(frozen=True, slots=True)
class ScoredSteps:
    """One rollout's K judged steps, on its tokens.

    Attributes:
        tokens: T, action tokens of the completion, its end-of-sequence token among them.
        ends: (K,) index of each step's last token, non-decreasing.
        progress: (K,) what shaping pays: the difference of the potential minus the penalty, weighted.
        scores: (K,) in [-1, 1]: supported 1, contradicted -1, no claim or uncheckable 0; of a PRM 2p - 1.
        obligations: (K,) those of the question that each step is the first to establish, as indices.
        outcome: 1 right answer, 0 wrong.
        weight: of what forms make of `scores` (`process_weight`, or 0 in arms that pay no step); `progress`
            holds it already.

    Raises:
        ValueError: lengths differ, a number is not finite, a token lies outside, an obligation comes twice.
    """

    tokens: int
    ends: tuple[int, ...]
    progress: tuple[float, ...]
    scores: tuple[float, ...]
    obligations: tuple[tuple[int, ...], ...]
    outcome: float
    weight: float = 1.0

    def __post_init__(self) -> None:
        sizes = {len(x) for x in (self.ends, self.progress, self.scores, self.obligations)}
        if len(sizes) > 1:
            raise ValueError(f"steps of lengths {sorted(sizes)}; give every step one value of each kind")
        if not np.isfinite([*self.progress, *self.scores, self.outcome, self.weight]).all():
            raise ValueError("a step's reward is NaN or infinite; correct the reward")
        if (
            any(b < a for a, b in zip((0, *self.ends), (*self.ends, self.tokens - 1), strict=True))
            and self.ends
        ):
            raise ValueError(f"ends {self.ends} do not ascend in {self.tokens} tokens; list steps in order")
        met = [o for step in self.obligations for o in step]
        if len(set(met)) < len(met):
            raise ValueError("an obligation comes twice; list it with the first step that establishes it")


def scored_steps(reward: Reward, completion_ids: Sequence[int], text: str, decode: Decode) -> ScoredSteps:
    """The judged steps of a completion, on the tokens that wrote them.

    Args:
        completion_ids: (T,) generated ids with their end-of-sequence token, if there is one.
        text: what was judged: `decode(completion_ids)`, or a longer text of which the ids are the beginning.

    A completion cut off at the length limit ends in half a step, which ends with the text's last character.
    Where ids were cut off after the text had been judged, the steps that do not end within the ids are
    left out (their tokens are in no batch); count them as `len(reward.steps) - len(result.ends)`. A
    character of which only a part was generated is no part of the text. Where no step is paid (reward
    `outcome`), all ends are the last token: nothing will stand there, and finding them takes time.

    Raises:
        ValueError: the ids do not decode to (the beginning of) the text.
    """
    size, count = len(completion_ids), len(reward.steps)
    scores = reward.scores or (0.0,) * count
    obligations = reward.obligations or ((),) * count
    progress = tuple(r for _, r in reward.steps)
    if not size:
        ends: list[int] = []
    elif not reward.weight and not any(progress):
        ends = [size - 1] * count
    else:
        ends = _ends([end for end, _ in reward.steps], completion_ids, text, decode)
    return ScoredSteps(
        tokens=size,
        ends=tuple(ends),
        progress=progress[: len(ends)],
        scores=scores[: len(ends)],
        obligations=obligations[: len(ends)],
        outcome=reward.breakdown["answer"],
        weight=reward.weight,
    )


def _ends(ends: Sequence[int], ids: Sequence[int], text: str, decode: Decode) -> list[int]:
    """Tokens of the steps' ends (characters, ascending), as far as the ids reach."""
    prefixes: dict[int, str] = {}

    def known(part: Sequence[int]) -> str:  # the bisections of a rollout meet the same prefixes
        if len(part) not in prefixes:
            prefixes[len(part)] = decode(part)
        return prefixes[len(part)]

    written = known(ids)
    reach = len(text)
    if not written.startswith(text):
        written = written.rstrip("\ufffd")
        if not text.startswith(written):
            raise ValueError("the ids do not decode to the text; pass the ids that the text was decoded from")
        reach = len(written)
    found: list[int] = []
    for end in ends:
        if end > reach:
            break
        found.append(max(token_at(end, ids, text, known), found[-1] if found else 0))
    return found


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
