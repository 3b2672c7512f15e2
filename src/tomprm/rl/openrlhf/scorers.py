"""Which scorer a rollout worker uses: its own, a service's, or one Ray actor's with a share of a GPU."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tomprm.config import RewardConfig
from tomprm.rl.openrlhf.settings import Settings
from tomprm.rl.scoring import HttpScorer, Judged, LocalScorer, Scorer

ACTOR = "tomprm-reward"


def make_scorer(settings: Settings) -> Scorer:
    """The scorer of a rollout worker."""
    if settings.reward_url:
        return HttpScorer(settings.reward_url, settings.reward)
    if settings.reward_gpus:
        return ActorScorer(settings.reward, settings.reward_gpus)
    return LocalScorer(settings.reward)


class ActorScorer:
    """One actor for all rollout workers of the job, so that a PRM's weights lie on one GPU once."""

    def __init__(self, config: RewardConfig, gpus: float) -> None:
        import ray

        actor = ray.remote(num_gpus=gpus, max_restarts=3, max_task_retries=3)(_Scoring)
        # DEFAULT: else it would be a child of this worker's placement group, whose GPUs are all taken, and
        # wait for ever.
        options = actor.options(name=ACTOR, get_if_exists=True, scheduling_strategy="DEFAULT")
        self._actor: Any = options.remote(config.model_dump(mode="json"))

    def __call__(self, row: Mapping[str, Any], text: str) -> Judged:
        import ray

        return Judged.from_row(ray.get(self._actor.score.remote(dict(row), text)))


class _Scoring:
    def __init__(self, config: dict[str, Any]) -> None:
        self._scorer = LocalScorer(RewardConfig.model_validate(config))

    def score(self, row: dict[str, Any], text: str) -> dict[str, Any]:
        return self._scorer(row, text).as_row()
