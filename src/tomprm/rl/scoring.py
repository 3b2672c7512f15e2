"""Where a reward is computed: in this process, or by a service that may be down for a while.

    scorer = LocalScorer(config)                    # the checker, the PRM or both, as config.judge says
    scorer = HttpScorer("http://host:8080", config) # `tomprm serve` there
    reward = scorer(row, text)                      # row: an item, as Item.as_row writes it

A reward never swallows an exception: what fails raises, and `save_sample` keeps what it failed on.
"""

from __future__ import annotations

import json
import math
import os
import threading
import time
import traceback
import urllib.error
import urllib.request
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any

from tomprm.checker.check import Checker
from tomprm.checker.verdict import Status
from tomprm.config import ConfigError, RewardConfig, RunConfig
from tomprm.prm.files import check_prm
from tomprm.rewards.rows import item_of
from tomprm.rewards.shaping import Reward, score
from tomprm.world.items import Item

Scorer = Callable[[Mapping[str, Any], str], "Judged"]
PATIENCE = 600.0  # seconds that a service may be away
_STORIES = 256  # whose replays are kept
_PAY_STEPS = frozenset({"process", "hybrid", "shuffled"})


class RewardError(RuntimeError):
    """A reward that could not be computed, or is no number."""


@dataclass(frozen=True)
class Judged:
    """What of a Reward travels between processes; see tomprm.rewards.shaping.Reward."""

    steps: tuple[tuple[int, float], ...]
    scalar: float
    breakdown: dict[str, float]
    scores: tuple[float, ...]
    obligations: tuple[tuple[int, ...], ...]
    weight: float

    @property
    def total(self) -> float:
        return self.scalar + sum(r for _, r in self.steps)

    def as_row(self) -> dict[str, Any]:
        return {
            "steps": [list(s) for s in self.steps],
            "scalar": self.scalar,
            "total": self.total,
            "breakdown": self.breakdown,
            "scores": list(self.scores),
            "obligations": [list(o) for o in self.obligations],
            "weight": self.weight,
        }

    @staticmethod
    def from_row(row: Mapping[str, Any]) -> Judged:
        """Inverse of `as_row`. Raises RewardError where it is none."""
        try:
            return Judged(
                tuple((int(end), float(paid)) for end, paid in row["steps"]),
                float(row["scalar"]),
                {str(k): float(v) for k, v in row["breakdown"].items()},
                tuple(map(float, row["scores"])),
                tuple(tuple(map(int, met)) for met in row["obligations"]),
                float(row["weight"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise RewardError(f"the reward service answers {str(row)[:200]}; use `tomprm serve`") from error


def judged(reward: Reward) -> Judged:
    """A reward with the numbers of its verdict that go into the logs.

    Raises:
        RewardError: it is NaN or infinite.
    """
    if not all(map(math.isfinite, (reward.total, *reward.scores))):
        raise RewardError(f"the reward is {reward.total} (scores {list(reward.scores)}); correct it")
    verdict = reward.verdict
    claims = sum(len(s.claims) for s in verdict.steps)
    numbers = {
        "sound": float(verdict.sound),
        "uncheckable": verdict.count(Status.UNCHECKABLE) / max(1, claims),
    }
    return Judged(
        reward.steps,
        reward.scalar,
        reward.breakdown | numbers,
        reward.scores,
        reward.obligations,
        reward.weight,
    )


class LocalScorer:
    """The judges in this process; the replays of the latest stories are kept, a PRM is loaded with the first
    sample and shared by all scorers of the process."""

    def __init__(self, config: RewardConfig) -> None:
        self.config = config
        self._known: OrderedDict[str, tuple[Item, Checker]] = OrderedDict()

    def __call__(self, row: Mapping[str, Any], text: str) -> Judged:
        """Raises RewardError where steps are paid and the question's events are not known (never a silent 0),
        ValueError where the row is no item."""
        item, checker = self._story(row)
        if self.config.judge != "prm" and self.config.name in _PAY_STEPS and not checker.answer:
            raise RewardError(
                f"{item.id}: the events behind this question are not known ({item.abstain or 'no belief'}), "
                "so its reasoning cannot be judged; leave it out"
            )
        if self.config.judge == "checker":
            return judged(score(item, text, self.config, checker))
        from tomprm.prm.reward import prm_reward, shared_prm  # torch: not for the checker's sake

        return judged(prm_reward(item, text, self.config, checker, shared_prm(self.config.prm)))

    def _story(self, row: Mapping[str, Any]) -> tuple[Item, Checker]:
        key = json.dumps(dict(row), sort_keys=True)
        if key not in self._known:
            item = item_of(dict(row))
            self._known[key] = item, Checker(item)
            if len(self._known) > _STORIES:
                self._known.popitem(last=False)
        self._known.move_to_end(key)
        return self._known[key]


class HttpScorer:
    """`POST url/score`, again and again with growing pauses while the service is away."""

    def __init__(self, url: str, config: RewardConfig, patience: float = PATIENCE) -> None:
        self.url = url.rstrip("/")
        self.config = config.model_dump(mode="json")
        self.patience = patience
        self.retries = 0

    def __call__(self, row: Mapping[str, Any], text: str) -> Judged:
        """Raises RewardError where the service refuses, or stays away for longer than `patience` seconds."""
        body = json.dumps({"item": dict(row), "text": text, "reward": self.config}).encode()
        request = urllib.request.Request(
            f"{self.url}/score", body, {"Content-Type": "application/json"}, method="POST"
        )
        started, pause = time.monotonic(), 0.5
        while True:
            try:
                with urllib.request.urlopen(request, timeout=60) as reply:
                    return Judged.from_row(json.load(reply))
            except urllib.error.HTTPError as error:
                detail = error.read().decode("utf-8", "replace")[:300]
                if error.code < 500 and error.code not in (408, 429):  # it will not change its mind
                    raise RewardError(f"{self.url} refuses ({error.code}): {detail}") from error
                why = f"{error.code}: {detail}"
            except (OSError, HTTPException, ValueError) as error:  # gone, or gone in the middle of its answer
                why = f"{type(error).__name__}: {error}"
            if time.monotonic() - started + pause > self.patience:
                raise RewardError(
                    f"{self.url} has been away for {self.patience:.0f} s ({why}); start it and run the same "
                    "command again"
                )
            self.retries += 1
            time.sleep(pause)
            pause = min(30.0, 2 * pause)


def check_service(url: str, prm: str = "") -> None:
    """Raises ConfigError where no `tomprm serve` answers at the address, or none with this PRM."""
    try:
        with urllib.request.urlopen(f"{url.rstrip('/')}/health", timeout=10) as reply:
            health = json.load(reply)
        if health.get("service") != "tomprm":
            raise ValueError("something else answers there")
    except (OSError, HTTPException, ValueError, AttributeError) as error:
        why = " ".join(str(error).split()) or type(error).__name__
        raise ConfigError(
            f"openrlhf.reward_url: {url}: {why}; start `tomprm serve` there, or leave it empty"
        ) from error
    if prm and not same_folder(prm, health.get("prm", "")):
        raise ConfigError(
            f"openrlhf.reward_url: {url} serves {health.get('prm') or 'no PRM'}, and an arm's prm is {prm}; "
            f"start `tomprm serve --prm {prm}` there"
        )


def same_folder(a: str, b: str) -> bool:
    """Two names of one PRM."""
    return a == b or bool(a and b and Path(a).resolve() == Path(b).resolve())


def check_judges(config: RunConfig) -> None:
    """Raises ConfigError where an arm's PRM is not in its folder (a reward service has its own)."""
    if config.backend == "openrlhf" and config.openrlhf.reward_url:
        return
    for name, reward in config.arms.items():
        if reward.judge != "checker":
            try:
                check_prm(reward.prm)
            except (OSError, ValueError) as error:
                raise ConfigError(f"arms.{name}.prm: {error}") from error


def save_sample(folder: Path, row: Any, text: str, error: BaseException) -> Path:
    """The sample that a reward failed on, with the error, as bad_reward.json; the first one stays.

    Safe where several workers fail at once: each writes a file of its own first.
    """
    target = folder / "bad_reward.json"
    if not target.exists():
        saved = {
            "error": f"{type(error).__name__}: {error}",
            "item": row,
            "text": text,
            "traceback": "".join(traceback.format_exception(error)),
        }
        folder.mkdir(parents=True, exist_ok=True)
        partial = folder / f"{target.name}.{os.getpid()}-{threading.get_ident()}.partial"
        partial.write_text(json.dumps(saved, indent=1), encoding="utf-8")
        partial.replace(target)
    return target
