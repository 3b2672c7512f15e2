"""Verdict -> step rewards and a scalar, with the breakdown that explains them.

Outcome (the published ToM-RL rule): 0.1 for the required tags in order with something in them, and
1.0 for an answer that matches exactly. It is blind to the reasoning.

Process: a question's obligations (tomprm.checker.obligations) are P premises, what was witnessed and
missed, and the conclusion, the belief itself; the answer that follows makes P + 2 shares. The state of
a trace is which of them it has established, and the potential of that state is

    Phi = (premises + conclusion * premises / P) / (P + 2)

so a conclusion is worth what supports it, and a bare guess nothing. A step earns the difference of
Phi (Ng, Harada & Russell 1999), minus penalty / (P + 2) for each claim newly contradicted: repeating,
splitting, merging, reordering or padding steps earns nothing. The answer's share, scaled by premises / P
too, is paid at the end, and only for an answer that is right *and* is what the trace's last belief
claim says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tomprm.checker.check import Checker
from tomprm.checker.verdict import Status, Verdict
from tomprm.config import RewardConfig
from tomprm.trace.steps import Format, matches, read_trace
from tomprm.world.items import Item


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
    return shape(item, verdict, config, text)


def shape(item: Item, verdict: Verdict, config: RewardConfig, text: str) -> Reward:
    """The reward of a judged completion `text`."""
    well_formed = float(verdict.format is Format.OK)
    gold = item.question.gold
    right = float(well_formed > 0 and gold is not None and matches(verdict.answer, gold))
    steps = process_steps(verdict, config.penalty)
    process = sum(steps) + answer_share(verdict)
    breakdown = {
        "format": well_formed,
        "answer": right,
        "process": process,
        "entailed": float(answer_entailed(verdict)),
        "coverage": verdict.coverage,
        "errors": float(sum(s.new_errors for s in verdict.steps)),
    }
    scalar = config.format_weight * well_formed
    if config.name in ("outcome", "hybrid"):
        scalar += config.answer_weight * right
    if config.name in ("process", "hybrid", "shuffled"):
        scalar += config.process_weight * answer_share(verdict)
        paid = [config.process_weight * r for r in steps]
    else:
        paid = [0.0] * len(steps)
    if config.name == "shuffled":
        paid = _shuffled(paid, verdict)
    ends = [s.step.end for s in verdict.steps]
    return Reward(tuple(zip(ends, paid, strict=True)), scalar, breakdown, verdict)


def process_steps(verdict: Verdict, penalty: float) -> list[float]:
    """One reward a step: the difference of the potential, minus penalised errors."""
    rewards: list[float] = []
    established, concluded, before = 0, False, 0.0
    for step in verdict.steps:
        established += step.established
        concluded = concluded or step.concluded
        share, support = _support(verdict, established - concluded)
        potential = share * (established - concluded + concluded * support)
        rewards.append(potential - before - share * penalty * step.new_errors)
        before = potential
    return rewards


def answer_share(verdict: Verdict) -> float:
    """What the answer earns in the process reward, 0 to 1 / (P + 2)."""
    if not answer_entailed(verdict):
        return 0.0
    premises = verdict.established - any(s.concluded for s in verdict.steps)
    share, support = _support(verdict, premises)
    return share * support


def _support(verdict: Verdict, premises: int) -> tuple[float, float]:
    """(the worth of one obligation, the share of the premises that is established)."""
    due = max(1, verdict.obligations - 1)
    return 1 / (verdict.obligations + 1), premises / due


def answer_entailed(verdict: Verdict) -> bool:
    """Well formed, right, and what the trace's last claim about the asked belief says."""
    right = verdict.answer_status is Status.SUPPORTED and verdict.coherent is True
    return right and verdict.format is Format.OK


def _shuffled(rewards: list[float], verdict: Verdict) -> list[float]:
    """Control: the same rewards on random steps; the order depends on the text alone."""
    seed = [ord(c) for c in "".join(s.step.text for s in verdict.steps)[:64]]
    order = np.random.default_rng([len(rewards), *seed]).permutation(len(rewards))
    return [rewards[i] for i in order]
