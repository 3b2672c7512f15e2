"""From checked rows to a `Summary`: every score, gap, shortcut, 2 x 2 and curve, computed once.

>>> summary = summarise(load_results("runs/quickstart"))                        # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from tomprm.report.findings import find, limits, missing_parts
from tomprm.report.records import BASELINE, Frame
from tomprm.report.stats import (
    BOOTSTRAP_SEED,
    FLIPS,
    LEVEL,
    RESAMPLES,
    SIGN_FLIP_SEED,
    Interval,
    cluster_bootstrap,
    four_fold,
    paired_bootstrap,
)
from tomprm.report.summary import (
    SHORTCUT,
    SPLITS,
    CurvePoint,
    Fold,
    Gap,
    Plan,
    Scope,
    Score,
    Shortcut,
    Summary,
)

# Known arms in the order in which a reader meets them; others follow by name.
ARM_ORDER = (BASELINE, "outcome", "process", "hybrid", "shuffled", "format")
METRICS = (
    "correct",
    "sound",
    "soundness",
    "coverage",
    "coherent",
    "uncheckable",
    "format",
    "truncated",
    "tokens",
)
_GAP_METRICS = ("correct", "sound", "soundness", "coverage", "coherent", "format", "tokens")
_CURVE_METRICS = ("correct", "sound", "soundness", "coverage", "tokens")
_TABLE_CHECKPOINTS = (BASELINE, "final")


def summarise(
    df: pd.DataFrame, *, plan: Plan | None = None, machine: dict[str, Any] | None = None
) -> Summary:
    """Every figure of the report from the rows of `load_results`.

    `plan` (arms and seeds of the config) only serves to name what is missing; `machine` is shown, not used.
    """
    rows = _prepared(df)
    policy = rows[rows.kind == "policy"]
    heuristics = _with_silence(rows[rows.kind == "heuristic"])
    during = policy.checkpoint.str.startswith("step-")
    table = policy[policy.checkpoint.isin(_TABLE_CHECKPOINTS)]
    # Small validation suites are measured during training and belong to the curves, not to the tables.
    validation = set(policy[during].suite) - set(table[table.checkpoint == "final"].suite)
    table = table[~table.suite.isin(validation)]
    heuristics = heuristics[~heuristics.suite.isin(validation)]

    arms = _ordered(policy.arm)
    trained = tuple(arm for arm in arms if arm != BASELINE)
    reference = "outcome" if "outcome" in trained else (trained[0] if trained else None)
    decodings = tuple(sorted(table.decoding.unique(), key=lambda d: (d != "greedy", d)))
    scopes = _scopes(pd.concat([table, heuristics]))
    headline = {scope.split: scope.key for scope in scopes}  # a pooled scope comes last and takes the place
    shortcuts = tuple(_shortcuts(heuristics, table, scopes))
    summary = Summary(
        arms=arms,
        reference=reference,
        seeds=tuple(sorted(int(s) for s in policy[policy.arm != BASELINE].seed.unique())),
        decodings=decodings,
        scopes=scopes,
        headline=headline,
        scores=tuple(_scores(table, scopes, arms, decodings)),
        gaps=tuple(_gaps(table, heuristics, scopes, trained, reference, decodings, shortcuts)),
        shortcuts=shortcuts,
        folds=tuple(_folds(table, scopes, arms, decodings)),
        curves=tuple(_curves(policy[policy.suite.isin(set(policy[during].suite))], arms)),
        provenance=_provenance(rows, policy),
        machine=machine or {},
    )
    partial = missing_parts(summary, rows, plan or Plan())
    return replace(summary, partial=partial, findings=find(summary), limits=limits(summary))


def _prepared(df: Frame) -> Frame:
    """Rows in one order (so that sums do not depend on the file's), with integer codes for item and story.

    `item_id` tells items of different suites apart; `story_id` does not, so that a story that two suites
    share stays one cluster. Codes and categories make the hundreds of selections below fast.
    """
    keys = ["kind", "arm", "seed", "checkpoint", "step", "suite", "item", "decoding", "sample"]
    df = df.sort_values(keys, ignore_index=True)
    df["story_id"] = pd.factorize(df.story, sort=True)[0]
    df["item_id"] = df.groupby(["suite", "item"]).ngroup()
    names = ["kind", "arm", "suite", "split", "checkpoint", "decoding"]
    return df.astype(dict.fromkeys(names, "category"))


def _with_silence(heuristics: Frame) -> Frame:
    """Adds a wrong answer where a heuristic has none to an item of an order that it is defined for.

    A rule that answers no item of an order (another name's belief at order 1, any rule at order 0) is
    undefined there and stays so. Silence on some items is a wrong answer: a rule must not look better for
    answering only where it is easy.
    """
    place = ["suite", "order"]
    rules = heuristics[[*place, "arm"]].drop_duplicates()
    items = heuristics.drop(columns=["arm", "correct"]).drop_duplicates("item_id")
    answers = heuristics[["item_id", "arm", "correct"]]
    full: Frame = items.merge(rules, on=place).merge(answers, on=["item_id", "arm"], how="left")
    return full.assign(correct=full.correct.fillna(0.0))


def _ordered(arms: Iterable[str]) -> tuple[str, ...]:
    known = {arm: i for i, arm in enumerate(ARM_ORDER)}
    return tuple(sorted(set(arms), key=lambda arm: (known.get(arm, len(known)), arm)))


def _scopes(rows: Frame) -> tuple[Scope, ...]:
    def scope(key: str, split: str, part: Frame) -> Scope:
        orders = tuple(sorted(int(o) for o in part.order.unique()))
        suites = tuple(sorted(part.suite.unique()))
        return Scope(key, split, suites, orders, part.item_id.nunique(), part.story_id.nunique())

    scopes: list[Scope] = []
    for split in SPLITS:
        part = rows[rows.split == split]
        suites = sorted(part.suite.unique())
        scopes += [scope(suite, split, part[part.suite == suite]) for suite in suites]
        if len(suites) > 1:
            scopes.append(scope(f"all {split}", split, part))
    return tuple(scopes)


def _cells(
    table: Frame, scopes: Iterable[Scope], arms: Iterable[str], decodings: Iterable[str]
) -> Iterator[tuple[Scope, str, str, Frame]]:
    """Rows of each scope x arm x decoding that has any.

    Over several suites an arm counts only where it has them all: a mean over other suites is not comparable.
    """
    for scope in scopes:
        in_scope = table[table.suite.isin(scope.suites)]
        for decoding in decodings:
            part = in_scope[in_scope.decoding == decoding]
            for arm in arms:
                rows = part[part.arm == arm]
                if len(rows) and rows.suite.nunique() == part.suite.nunique():
                    yield scope, decoding, arm, rows


def _scores(
    table: Frame, scopes: tuple[Scope, ...], arms: tuple[str, ...], decodings: tuple[str, ...]
) -> Iterator[Score]:
    for scope, decoding, arm, rows in _cells(table, scopes, arms, decodings):
        for metric in METRICS:
            yield _score(rows, scope.key, None, arm, metric, decoding)
        if not scope.pooled:
            for order in scope.orders:
                part = rows[rows.order == order]
                for metric in ("correct", "sound") if len(part) else ():
                    yield _score(part, scope.key, order, arm, metric, decoding)


def _score(rows: Frame, scope: str, order: int | None, arm: str, metric: str, decoding: str) -> Score:
    seeds = {str(seed): _mean(part[metric]) for seed, part in rows.groupby("seed")}
    return Score(scope, order, arm, metric, decoding, _interval(rows, metric), seeds)


def _interval(rows: Frame, metric: str) -> Interval:
    return cluster_bootstrap(rows[metric].to_numpy(), rows.story_id.to_numpy())


def _mean(values: Frame) -> float | None:
    values = np.asarray(values, dtype=np.float64)
    values = np.sort(values[~np.isnan(values)])  # sorted: the sum does not depend on the order of rows
    return float(values.mean()) if values.size else None


def _gaps(
    table: Frame,
    heuristics: Frame,
    scopes: tuple[Scope, ...],
    trained: tuple[str, ...],
    reference: str | None,
    decodings: tuple[str, ...],
    shortcuts: tuple[Shortcut, ...],
) -> Iterator[Gap]:
    best = {s.scope: s.name for s in shortcuts if s.order is None}
    for scope, decoding, arm, rows in _cells(table, scopes, trained, decodings):
        in_scope = table[table.suite.isin(scope.suites) & (table.decoding == decoding)]
        rules = heuristics[heuristics.suite.isin(scope.suites) & (heuristics.arm == best.get(scope.key))]
        # An item is the pair's key where the other side has no seeds of its own.
        item, answer = ["item_id"], ["item_id", "seed", "sample"]
        base = in_scope[in_scope.arm == BASELINE]
        sides = [(BASELINE, base, item, _GAP_METRICS), (SHORTCUT, rules, item, ("correct",))]
        if reference and arm != reference:
            sides.append((reference, in_scope[in_scope.arm == reference], answer, _GAP_METRICS))
        for over, others, keys, metrics in sides:
            if len(others):
                yield from _gap(rows, others, keys, metrics, (scope.key, arm, over, decoding))


def _gap(
    rows: Frame,
    others: Frame,
    keys: list[str],
    metrics: tuple[str, ...],
    name: tuple[str, str, str, str],
) -> Iterator[Gap]:
    scope, arm, over, decoding = name

    def averaged(part: Frame) -> Frame:
        return part.groupby(keys)[["story_id", *metrics]].mean()

    def paired(part: Frame) -> Frame:
        return averaged(part).join(right, how="inner")

    right = averaged(others)[list(metrics)].add_suffix("_over")
    pairs = paired(rows)
    own = {int(seed): paired(part) for seed, part in rows.groupby("seed")}
    own = {seed: part for seed, part in own.items() if len(part)}
    items = pairs.index.get_level_values("item_id").nunique()
    for metric in metrics:
        value = paired_bootstrap(pairs[metric], pairs[f"{metric}_over"], pairs.story_id)
        by_seed = {str(seed): _mean(part[metric] - part[f"{metric}_over"]) for seed, part in own.items()}
        yield Gap(scope, arm, over, metric, decoding, value, items, tuple(own), by_seed)


def _shortcuts(heuristics: Frame, table: Frame, scopes: tuple[Scope, ...]) -> Iterator[Shortcut]:
    rows: Frame = pd.concat([heuristics, table])
    for scope in scopes:
        in_scope = rows[rows.suite.isin(scope.suites)]
        for order in (None, *(() if scope.pooled else scope.orders)):
            part = in_scope if order is None else in_scope[in_scope.order == order]
            items = part.drop_duplicates("item_id")
            rules = part[part.kind == "heuristic"]
            tried = {str(name): own for name, own in rules.groupby("arm", observed=True)}
            most = max(map(len, tried.values()), default=0)
            # A rule that is undefined at some orders is not compared with one that answers at all of them.
            full = {name: own for name, own in tried.items() if len(own) == most}
            means = {name: _mean(own.correct) or 0.0 for name, own in full.items()}
            name = min(means, key=lambda n: (-means[n], n), default=None)
            yield Shortcut(
                scope.key,
                order,
                name,
                _interval(full[name], "correct") if name else None,
                means,
                _mean(items.chance),
                len(items),
            )


def _folds(
    table: Frame, scopes: tuple[Scope, ...], arms: tuple[str, ...], decodings: tuple[str, ...]
) -> Iterator[Fold]:
    for scope, decoding, arm, rows in _cells(table, scopes, arms, decodings):
        counts = four_fold(rows.correct, rows.sound)
        judged = rows[rows.correct.notna() & rows.sound.notna()]
        shares = {}
        for name in ("right_sound", "right_unsound", "wrong_sound", "wrong_unsound"):
            answer, trace = name.split("_")
            hit = (judged.correct == float(answer == "right")) & (judged.sound == float(trace == "sound"))
            shares[name] = _interval(judged.assign(hit=hit.astype(float)), "hit")
        yield Fold(
            scope.key, arm, decoding, counts, shares, _interval(judged[judged.correct == 1.0], "sound")
        )


def _curves(rows: Frame, arms: tuple[str, ...]) -> Iterator[CurvePoint]:
    if rows.empty:
        return
    rows = rows[rows.checkpoint.str.startswith("step-") | (rows.checkpoint == BASELINE)]
    rows = rows.drop_duplicates(["arm", "seed", "step", "suite", "item", "decoding", "sample"])
    rows = rows[rows.decoding == ("greedy" if (rows.decoding == "greedy").any() else rows.decoding.min())]
    for split in SPLITS:
        for arm in arms:
            own = rows[(rows.split == split) & (rows.arm == arm)]
            seeds = own.seed.nunique()
            for step, at_step in own.groupby("step"):
                for metric in _CURVE_METRICS:
                    for seed, part in at_step.groupby("seed"):
                        mean, n = _mean(part[metric]), int(part[metric].notna().sum())
                        value = Interval(mean, None, None, n, part.story.nunique(), len(part) - n)
                        yield CurvePoint(split, arm, metric, int(seed), int(step), value)
                    # A step that only some seeds have reached would bend the mean.
                    if at_step.seed.nunique() == seeds:
                        yield CurvePoint(split, arm, metric, None, int(step), _interval(at_step, metric))


def _provenance(df: Frame, policy: Frame) -> dict[str, Any]:
    final = policy[policy.checkpoint == "final"]
    steps = {
        f"{arm}, seed {seed}": int(part.step.max()) for (arm, seed), part in final.groupby(["arm", "seed"])
    }
    return {
        "configs": sorted(df.config.dropna().unique().tolist()),
        "versions": sorted(df.version.dropna().unique().tolist()),
        "rows": len(df),
        "policy_rows": len(policy),
        "final_steps": steps,
        "level": LEVEL,
        "resamples": RESAMPLES,
        "bootstrap_seed": BOOTSTRAP_SEED,
        "flips": FLIPS,
        "sign_flip_seed": SIGN_FLIP_SEED,
    }
