"""Verdict -> step rewards and a scalar, with the breakdown that explains them.

Outcome (the published ToM-RL rule): 0.1 for the required tags in order with something in them, and
1.0 for an answer that matches exactly. It is blind to the reasoning.

Process: every question comes with K obligations (tomprm.checker.obligations) and one more, the
answer that follows from the established belief. A step earns

    (obligations it is the first to establish - penalty * claims newly contradicted) / (K + 1)

a difference of a potential of the trace so far (Ng, Harada & Russell 1999), so that repeating,
splitting, merging or padding steps earns nothing. The answer's share is paid at the end, and only
for an answer that is right *and* is what the trace's last, supported belief entails.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from tomprm.checker.check import Checker
from tomprm.checker.verdict import Status, Verdict
from tomprm.config import RewardConfig
from tomprm.trace.steps import Format, matches, read_trace
from tomprm.world.items import Item

RewardName = Literal["outcome", "process", "hybrid", "format", "shuffled"]


@dataclass(frozen=True, slots=True)
class Reward:
    """Rewards of one trace.

    Attributes:
        steps: (character offset one past the step's end, reward) for each step, in order.
        scalar: what is paid once, at the end of the completion.
        breakdown: the unweighted parts, for logs.
    """

    steps: tuple[tuple[int, float], ...]
    scalar: float
    breakdown: dict[str, float]
    verdict: Verdict

    @property
    def total(self) -> float:
        return self.scalar + sum(r for _, r in self.steps)

    def as_row(self) -> dict[str, Any]:
        """The `rewards` part of the verdict-row schema."""
        return {
            "outcome": self.breakdown["answer"],
            "process": self.breakdown["process"],
            "total": self.total,
            "breakdown": dict(self.breakdown),
        }


def score(item: Item, text: str, config: RewardConfig, checker: Checker | None = None) -> Reward:
    """The reward of a completion. Never raises on any `text`; `checker` saves a replay of the story."""
    verdict = (checker or Checker(item)).check(read_trace(text))
    return shape(item, verdict, config)


def shape(item: Item, verdict: Verdict, config: RewardConfig) -> Reward:
    """The reward of a judged completion."""
    well_formed = float(verdict.format is Format.OK)
    gold = item.question.gold
    right = float(bool(well_formed) and gold is not None and matches(verdict.answer, gold))
    steps = process_steps(verdict, config.penalty)
    entailed = float(bool(well_formed) and answer_entailed(verdict))
    process = sum(steps) + entailed / (verdict.obligations + 1)
    breakdown = {
        "format": well_formed,
        "answer": right,
        "process": process,
        "entailed": entailed,
        "coverage": verdict.coverage,
        "errors": float(sum(s.new_errors for s in verdict.steps)),
    }
    scalar = config.format_weight * well_formed
    if config.name in ("outcome", "hybrid"):
        scalar += config.answer_weight * right
    if config.name in ("process", "hybrid", "shuffled"):
        scalar += config.process_weight * entailed / (verdict.obligations + 1)
        paid = [config.process_weight * r for r in steps]
    else:
        paid = [0.0] * len(steps)
    if config.name == "shuffled":
        paid = _shuffled(paid, verdict)
    ends = [s.step.end for s in verdict.steps]
    return Reward(tuple(zip(ends, paid, strict=True)), scalar, breakdown, verdict)


def process_steps(verdict: Verdict, penalty: float) -> list[float]:
    """One reward a step; they sum to coverage minus penalised errors, over K + 1."""
    share = 1 / (verdict.obligations + 1)
    return [share * (s.established - penalty * s.new_errors) for s in verdict.steps]


def answer_entailed(verdict: Verdict) -> bool:
    """The answer is right, and is what the trace's last claim about the asked belief says."""
    return verdict.answer_status is Status.SUPPORTED and verdict.coherent is True


def _shuffled(rewards: list[float], verdict: Verdict) -> list[float]:
    """Control: the same rewards on random steps; the order depends on the text alone."""
    seed = [ord(c) for c in "".join(s.step.text for s in verdict.steps)[:64]]
    order = np.random.default_rng([len(rewards), *seed]).permutation(len(rewards))
    return [rewards[i] for i in order]
