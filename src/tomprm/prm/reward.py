"""Rewards by another judge than the checker: a PRM, or the checker with a PRM where it abstains.

    prm = shared_prm(config.prm)
    reward = prm_reward(item, text, config, Checker(item), prm)

Both judges always look at every step, so that the log shows how far they disagree (`gap`): where a policy
learns to please the PRM alone, the gap opens. What each judge pays:

`prm`: K steps stand before `<answer>` and fit the model. Step j, right with probability p_j, scores
r_j = 2 p_j - 1 and earns process_weight r_j / K. The process reward lies in [-w, w], and cutting a step in
two that are as good earns nothing. The scalar is format and, in the arms outcome and hybrid, the answer. The
process reward's own share of the answer is left out: it asks whether the answer follows from the last
belief claim, which a PRM cannot say. Nor does it know obligations, or `penalty`.

`hybrid`: the checker's reward, and for each step that the checker cannot decide (`uncheckable`) the worth of
one obligation times penalty min(0, 2 p - 1), the score likewise min(0, 2 p - 1). Text that nobody verified
may cost, but is never a source of pay: a policy would find the sentences that the PRM likes. This holds for
the credit forms on scores, too, which is why these are cut off at 0.

A trace that the PRM cannot take whole is unscored: its steps count as such in the log (`unscored`), and earn
what the checker says (hybrid) or nothing (prm).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np

from tomprm.checker.check import Checker
from tomprm.checker.verdict import Status, Verdict
from tomprm.config import RewardConfig
from tomprm.prm.data import prompt_of
from tomprm.prm.model import Encoded, Unscorable, encode, length_limit, step_probabilities
from tomprm.prm.score import Prm
from tomprm.rewards.shaping import Reward, before_answer, obligation_share, shape, shuffled
from tomprm.trace.steps import read_trace
from tomprm.world.items import Item

Scores = list[float | None]  # of each step before `<answer>`: the probability of being right


@lru_cache(maxsize=1)
def shared_prm(folder: str, device: str = "auto") -> Prm:
    """The model in a folder, loaded once a process. Raises as `Prm.load` does."""
    return Prm.load(folder, device)


def prm_reward(item: Item, text: str, config: RewardConfig, checker: Checker, prm: Prm) -> Reward:
    """The reward of one completion; see `prm_rewards`."""
    return prm_rewards([item], [text], config, [checker], prm)[0]


def prm_rewards(
    items: Sequence[Item],
    texts: Sequence[str],
    config: RewardConfig,
    checkers: Sequence[Checker],
    prm: Prm,
    batch_size: int = 32,
) -> list[Reward]:
    """Rewards of completions by `config.judge`, the PRM's share in batched forward passes.

    Args:
        items: of each text, with its checker at the same place.
        batch_size: traces in one forward pass.

    Returns:
        Rewards as of shaping, with three more numbers in `breakdown`: `gap`, mean |p - checker's score| over
        the `gap_steps` steps that both judged (0 if there are none); `unscored`, the share of the steps
        before `<answer>` that the PRM could not score (0 if there are none).

    Raises:
        ValueError: the judge is the checker alone; or the model gives no probability.
    """
    if config.judge == "checker":
        raise ValueError("judge: checker needs no PRM; score with tomprm.rewards.shaping")
    verdicts = [c.check(read_trace(t)) for c, t in zip(checkers, texts, strict=True)]
    early = [before_answer(v, t) for v, t in zip(verdicts, texts, strict=True)]
    probabilities = _probabilities(items, early, prm, batch_size)
    # Shuffled last, when all steps have what they earn.
    plain = config.model_copy(update={"name": "process"}) if config.name == "shuffled" else config
    rewards: list[Reward] = []
    for item, text, verdict, judged, scores in zip(items, texts, verdicts, early, probabilities, strict=True):
        reward = shape(item, verdict, plain, text)
        reward = (_by_prm if config.judge == "prm" else _hybrid)(reward, judged, scores, plain)
        reward = replace(reward, breakdown=reward.breakdown | _compared(judged, scores))
        rewards.append(shuffled(reward) if config.name == "shuffled" else reward)
    return rewards


def _probabilities(
    items: Sequence[Item], verdicts: Sequence[Verdict], prm: Prm, batch_size: int
) -> list[Scores]:
    """One value a step, all None where the model cannot take the trace."""
    limit = length_limit(prm.model, prm.tokenizer)
    encoded: list[Encoded | None] = []
    for item, verdict in zip(items, verdicts, strict=True):
        row, steps = item.as_row(), [s.step.text for s in verdict.steps]
        prompt = prompt_of(row["story"], row["question"])
        try:
            encoded.append(encode(prm.tokenizer, prompt, steps, limit=limit, where=item.id))
        except Unscorable:
            encoded.append(None)
    found = step_probabilities(prm.model, [e or Encoded([], []) for e in encoded], batch_size)
    result: list[Scores] = []
    for item, verdict, row, values in zip(items, verdicts, encoded, found, strict=True):
        if not all(map(math.isfinite, values)):
            raise ValueError(f"{item.id}: the PRM gives {values}, no probabilities; train it again")
        result.append([*values] if row else [None] * len(verdict.steps))
    return result


def _by_prm(reward: Reward, early: Verdict, scores: Scores, config: RewardConfig) -> Reward:
    """Each step before the answer earns its share of the mean score."""
    count = len(reward.steps)
    known = sum(p is not None for p in scores)
    signed = [0.0 if p is None else 2 * p - 1 for p in scores] + [0.0] * (count - len(scores))
    earned = [r / max(1, known) for r in signed]
    parts = reward.breakdown
    scalar = config.format_weight * parts["format"]
    if config.name in ("outcome", "hybrid"):
        scalar += config.answer_weight * parts["answer"]
    return replace(
        reward,
        steps=tuple((end, reward.weight * r) for (end, _), r in zip(reward.steps, earned, strict=True)),
        scalar=scalar,
        breakdown=parts | {"process": sum(earned)},
        scores=tuple(signed),
        obligations=((),) * count,
    )


def _hybrid(reward: Reward, early: Verdict, scores: Scores, config: RewardConfig) -> Reward:
    """The checker's reward, less what the PRM finds wrong among the steps that the checker cannot decide."""
    worth = obligation_share(early) * config.penalty
    steps, signed, fined = list(reward.steps), list(reward.scores), 0.0
    for index, (step, p) in enumerate(zip(early.steps, scores, strict=True)):
        if step.status is Status.UNCHECKABLE and p is not None and p < 0.5:
            end, paid = steps[index]
            signed[index] = 2 * p - 1
            steps[index] = end, paid + reward.weight * worth * signed[index]
            fined += worth * signed[index]
    parts = reward.breakdown | {"process": reward.breakdown["process"] + fined}
    return replace(reward, steps=tuple(steps), scores=tuple(signed), breakdown=parts)


def _compared(early: Verdict, scores: Scores) -> dict[str, float]:
    gaps = [
        abs(p - step.score)
        for step, p in zip(early.steps, scores, strict=True)
        if p is not None and step.score is not None
    ]
    return {
        "gap": float(np.mean(gaps)) if gaps else 0.0,
        "gap_steps": float(len(gaps)),
        "unscored": sum(p is None for p in scores) / max(1, len(scores)),
    }
