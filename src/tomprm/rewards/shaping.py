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

Two ways to be paid for what is no reasoning are closed (tomprm.rewards.exploits measures them): steps
that begin after `<answer>` earn nothing, since they cannot have led to it; and a premise about which the
trace says both the right and a wrong thing ("Ann sees it; Ann misses it") supports no conclusion.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tomprm.checker.check import Checker
from tomprm.checker.verdict import ClaimVerdict, Status, Verdict
from tomprm.config import RewardConfig
from tomprm.trace.claims import ClaimKind
from tomprm.trace.steps import Format, matches, normalise, read_trace
from tomprm.world.items import Item


@dataclass(frozen=True, slots=True)
class Reward:
    """Rewards of one trace.

    Attributes:
        steps: (character offset one past the step's end, reward) for each step, in order.
        scalar: what is paid once, at the end of the completion.
        breakdown: the unweighted parts, for logs.
        scores: each step's judgement in [-1, 1]: 1 supported, -1 contradicted, 0 neither; after `<answer>` 0.
            Empty: nobody judged the steps.
        obligations: those of the question that each step was the first to establish, as indices.
        weight: what a score is worth (`process_weight`; 0 in arms that pay no step).
    """

    steps: tuple[tuple[int, float], ...]
    scalar: float
    breakdown: dict[str, float]
    verdict: Verdict
    scores: tuple[float, ...] = ()
    obligations: tuple[tuple[int, ...], ...] = ()
    weight: float = 0.0

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
    """The checker's reward of a completion, whatever its `text`; `checker` saves a replay of the story.

    Raises:
        ValueError: the config wants a PRM's judgement, which this layer does not have.
    """
    if config.judge != "checker":
        raise ValueError(f"judge: {config.judge} needs a PRM; score with tomprm.prm.reward")
    verdict = (checker or Checker(item)).check(read_trace(text))
    return shape(item, verdict, config, text)


def shape(item: Item, verdict: Verdict, config: RewardConfig, text: str) -> Reward:
    """The checker's reward of a judged completion `text`, whatever `config.judge` says."""
    well_formed = float(verdict.format is Format.OK)
    gold = item.question.gold
    right = float(well_formed > 0 and gold is not None and matches(verdict.answer, gold))
    early = before_answer(verdict, text)
    states = list(_states(early))
    steps = _process_steps(early, states, config.penalty) + [0.0] * (len(verdict.steps) - len(early.steps))
    concluding = _answer_share(early, states)
    process = sum(steps) + concluding
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
        scalar += config.process_weight * concluding
        weight = config.process_weight
    else:
        weight = 0.0
    paid = [weight * r for r in steps]
    late = len(verdict.steps) - len(early.steps)
    scores = [_SCORES.get(s.status, 0.0) for s in early.steps] + [0.0] * late
    met = [s.met for s in early.steps] + [()] * late
    ends = [s.step.end for s in verdict.steps]
    steps = tuple(zip(ends, paid, strict=True))
    reward = Reward(steps, scalar, breakdown, verdict, tuple(scores), tuple(met), weight)
    return shuffled(reward) if config.name == "shuffled" else reward


_SCORES = {Status.SUPPORTED: 1.0, Status.CONTRADICTED: -1.0}


def before_answer(verdict: Verdict, text: str) -> Verdict:
    """The verdict without the steps that begin after the first `<answer>`."""
    answered = text.find("<answer>")
    if answered < 0 or not verdict.steps or verdict.steps[-1].step.start < answered:
        return verdict
    return replace(verdict, steps=tuple(s for s in verdict.steps if s.step.start < answered))


# After a step: premises established, whether the conclusion is, and the share of the P premises that
# supports it.
_State = tuple[int, bool, float]


def _process_steps(verdict: Verdict, states: Sequence[_State], penalty: float) -> list[float]:
    """One reward a step: the difference of the potential, minus penalised errors."""
    rewards: list[float] = []
    share, before = obligation_share(verdict), 0.0
    for step, (premises, concluded, support) in zip(verdict.steps, states, strict=True):
        potential = share * (premises + concluded * support)
        rewards.append(potential - before - share * penalty * step.new_errors)
        before = potential
    return rewards


def _answer_share(verdict: Verdict, states: Sequence[_State]) -> float:
    """What the answer earns in the process reward, 0 to 1 / (P + 2)."""
    if not answer_entailed(verdict):
        return 0.0
    return obligation_share(verdict) * states[-1][2]  # what is entailed has been claimed, so there is a step


def obligation_share(verdict: Verdict) -> float:
    """The worth of one obligation: P + 1 obligations and the answer share 1."""
    return 1 / (verdict.obligations + 1)


def _states(verdict: Verdict) -> Iterator[_State]:
    """The state after each step."""
    premises, concluded = 0, False
    right, wrong = set[tuple[object, ...]](), set[tuple[object, ...]]()
    for step in verdict.steps:
        premises += step.established - step.concluded
        concluded = concluded or step.concluded
        for claim in step.claims:
            if (about := _premise(claim)) and claim.status in (Status.SUPPORTED, Status.CONTRADICTED):
                (right if claim.status is Status.SUPPORTED else wrong).add(about)
        supporting = max(0, premises - len(right & wrong))
        yield premises, concluded, supporting / max(1, verdict.obligations - 1)


def _premise(verdict: ClaimVerdict) -> tuple[object, ...] | None:
    """What a claim speaks of, whatever it says about it; None for conclusions and for no event."""
    claim = verdict.claim
    concludes = claim.kind is ClaimKind.BELIEF or (claim.kind is ClaimKind.LOCATION and claim.line is None)
    if concludes or verdict.line is None:
        return None
    return (claim.kind, claim.names, normalise(claim.thing), verdict.line)


def answer_entailed(verdict: Verdict) -> bool:
    """Well formed, right, and what the trace's last claim about the asked belief says."""
    right = verdict.answer_status is Status.SUPPORTED and verdict.coherent is True
    return right and verdict.format is Format.OK


def shuffled(reward: Reward) -> Reward:
    """Control: the same rewards on random steps; the order depends on the text alone."""
    texts = [s.step.text for s in reward.verdict.steps]
    rng = np.random.default_rng([len(texts), *(ord(c) for c in "".join(texts)[:64])])
    order: list[int] = rng.permutation(len(texts)).tolist()
    steps = tuple((end, reward.steps[i][1]) for (end, _), i in zip(reward.steps, order, strict=True))
    scores = tuple(reward.scores[i] for i in order)
    return replace(
        reward, steps=steps, scores=scores, obligations=tuple(reward.obligations[i] for i in order)
    )
