"""Every figure that the report shows, as plain data: HTML, Markdown, console and JSON only format these.

    >>> summary = summarise(load_results("runs/quickstart"))       # measure.py    # doctest: +SKIP
    >>> summary.score("id@1", "process", "correct", "greedy").value                 # doctest: +SKIP
    Interval(mean=0.712, low=0.651, high=0.769, n=800, clusters=200, missing=0)

Words used here: a *scope* is a suite, or all suites of one split together; a *score* is a mean of one metric
for one arm in one scope; a *gap* is a paired difference between two arms (or an arm and a shortcut). Means
weigh every answer alike. Intervals resample stories, not seeds: with two seeds a spread over seeds would be a
guess, so the seeds' own values stand beside each mean instead.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from tomprm.report.records import BASELINE
from tomprm.report.stats import Difference, FourFold, Interval

SHORTCUT = "best shortcut"
SPLITS = {"id": "in distribution", "ood": "out of distribution"}


@dataclass(frozen=True, slots=True)
class Scope:
    """A suite (`key` is its name) or all suites of a split (`key` is "all id" or "all ood")."""

    key: str
    split: str
    suites: tuple[str, ...]
    orders: tuple[int, ...]
    items: int
    stories: int

    @property
    def pooled(self) -> bool:
        return self.key.startswith("all ")


@dataclass(frozen=True, slots=True)
class Score:
    """`order` is None for all orders together; `by_seed` maps a seed to its own mean."""

    scope: str
    order: int | None
    arm: str
    metric: str
    decoding: str
    value: Interval
    by_seed: dict[str, float | None]


@dataclass(frozen=True, slots=True)
class Gap:
    """`arm` minus `over` on the same items. `over` is an arm or `SHORTCUT`.

    Against the warm start and a shortcut a pair is an item (the arm's seeds and samples averaged); between
    two trained arms it is an item, seed and sample.
    """

    scope: str
    arm: str
    over: str
    metric: str
    decoding: str
    value: Difference
    items: int
    seeds: tuple[int, ...]
    by_seed: dict[str, float | None]


@dataclass(frozen=True, slots=True)
class Shortcut:
    """The best heuristic on the same items, chosen on them (which flatters it), all others, and chance.

    `items` counts all items of the scope; `value.n` those of orders at which heuristics are defined.
    """

    scope: str
    order: int | None
    name: str | None
    value: Interval | None
    others: dict[str, float]
    chance: float | None
    items: int


@dataclass(frozen=True, slots=True)
class Fold:
    """The 2 x 2 of one arm; each share is of all judged answers, `sound_if_right` of the right ones."""

    scope: str
    arm: str
    decoding: str
    counts: FourFold
    shares: dict[str, Interval]
    sound_if_right: Interval


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """`seed` is None for the mean over seeds, the only one with an interval."""

    split: str
    arm: str
    metric: str
    seed: int | None
    step: int
    value: Interval


@dataclass(frozen=True, slots=True)
class Finding:
    """A plain sentence and what it rests on.

    `tone` is gain, loss, none (no measurable change), mixed (decodings differ) or note.
    """

    title: str
    text: str
    detail: str
    tone: str


@dataclass(frozen=True)
class Plan:
    """What the config says should be there, so that what is missing can be named."""

    arms: tuple[str, ...] = ()
    seeds: tuple[int, ...] = ()


@dataclass(frozen=True)
class Summary:
    arms: tuple[str, ...]
    reference: str | None
    seeds: tuple[int, ...]
    decodings: tuple[str, ...]
    scopes: tuple[Scope, ...]
    headline: dict[str, str]
    scores: tuple[Score, ...]
    gaps: tuple[Gap, ...]
    shortcuts: tuple[Shortcut, ...]
    folds: tuple[Fold, ...]
    curves: tuple[CurvePoint, ...]
    provenance: dict[str, Any]
    partial: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    limits: tuple[str, ...] = ()
    machine: dict[str, Any] = field(default_factory=dict)

    @property
    def trained(self) -> tuple[str, ...]:
        return tuple(arm for arm in self.arms if arm != BASELINE)

    @property
    def main_decoding(self) -> str:
        return self.decodings[0] if self.decodings else "greedy"

    def scope(self, key: str) -> Scope:
        return next(scope for scope in self.scopes if scope.key == key)

    def score(
        self, scope: str, arm: str, metric: str, decoding: str, order: int | None = None
    ) -> Score | None:
        return self._scores.get((scope, arm, metric, decoding, order))

    def gap(self, scope: str, arm: str, over: str, metric: str, decoding: str) -> Gap | None:
        return self._gaps.get((scope, arm, over, metric, decoding))

    def shortcut(self, scope: str, order: int | None = None) -> Shortcut | None:
        return next((s for s in self.shortcuts if s.scope == scope and s.order == order), None)

    def fold(self, scope: str, arm: str, decoding: str) -> Fold | None:
        return next((f for f in self.folds if (f.scope, f.arm, f.decoding) == (scope, arm, decoding)), None)

    def curve(self, split: str, arm: str, metric: str, seed: int | None) -> list[CurvePoint]:
        """Points by step, from the warm start's where the arm has none of its own at step 0."""
        points = [c for c in self.curves if (c.split, c.arm, c.metric, c.seed) == (split, arm, metric, seed)]
        if points and points[0].step > 0 and arm != BASELINE:
            points = [p for p in self.curve(split, BASELINE, metric, None) if p.step == 0] + points
        return points

    @cached_property
    def _scores(self) -> dict[tuple[str, str, str, str, int | None], Score]:
        return {(s.scope, s.arm, s.metric, s.decoding, s.order): s for s in self.scores}

    @cached_property
    def _gaps(self) -> dict[tuple[str, str, str, str, str], Gap]:
        return {(g.scope, g.arm, g.over, g.metric, g.decoding): g for g in self.gaps}
