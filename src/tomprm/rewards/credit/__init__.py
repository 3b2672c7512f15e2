"""HEART 3: judged steps -> token rewards. Lists and arrays in, arrays out; docs/credit.md.

group = [scored_steps(reward, ids, text, decode) for each rollout of one prompt]
token_rewards = token_credit(group, config.credit)   # what the form pays, minus the baseline
in_batch = kept(group, config.credit)                # PROF's filter
"""

from tomprm.rewards.credit.forms import kept, token_credit
from tomprm.rewards.credit.placement import (
    Decode,
    ScoredSteps,
    discounted_returns,
    scored_steps,
    token_at,
    token_rewards,
)

__all__ = [
    "Decode",
    "ScoredSteps",
    "discounted_returns",
    "kept",
    "scored_steps",
    "token_at",
    "token_credit",
    "token_rewards",
]
