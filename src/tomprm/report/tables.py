"""The report's tables as plain cells of text: HTML, Markdown and console show the same ones.

Columns are arms, rows are measures, groups are scopes, so that a comparison is read along one line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tomprm.report.format import LABELS, MISSING, TOKENS, arm_name, count, gap, number, p_value, span, unit_of
from tomprm.report.records import BASELINE
from tomprm.report.summary import SHORTCUT, SPLITS, Fold, Gap, Scope, Score, Summary

_REASONING = ("sound", "soundness", "coverage", "coherent", "uncheckable", "format", "truncated", "tokens")
_FOLD_ROWS = {
    "right_sound": "right, sound trace, %",
    "right_unsound": "right, unsound trace, %",
    "wrong_sound": "wrong, sound trace, %",
    "wrong_unsound": "wrong, unsound trace, %",
}


@dataclass(frozen=True, slots=True)
class Cell:
    """`value` is the number, `span` its interval, `sub` a second line (n, seeds); `tone` colours a gap."""

    value: str
    span: str = ""
    sub: str = ""
    tone: str = ""

    @property
    def text(self) -> str:
        return f"{self.value} {self.span}".strip()


@dataclass(frozen=True, slots=True)
class Row:
    label: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Rows of one scope; `folded` ones (single suites of a split that has several) are shown on demand."""

    title: str
    rows: tuple[Row, ...]
    folded: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """`terms` explains measures, as (term, meaning)."""

    key: str
    title: str
    note: str
    columns: tuple[str, ...]
    groups: tuple[Group, ...]
    terms: tuple[tuple[str, str], ...] = ()


# measure, split: what a reader wants to see first
_GLANCE = (("correct", "id"), ("correct", "ood"), ("sound", "id"), ("sound", "ood"), ("tokens", "id"))
ABSENT = Cell(MISSING, sub="not measured")


def all_tables(summary: Summary) -> tuple[Table, ...]:
    """Every table that has rows, in the order of the report."""
    makers = (glance, accuracy, by_order, gains, between_arms, reasoning, two_by_two)
    return tuple(table for table in (make(summary) for make in makers) if table.groups)


def _grouped(
    summary: Summary, rows_of: Callable[[Scope], Iterable[Row]], *, fold: bool = True
) -> tuple[Group, ...]:
    """A group a scope: the headline scope of each split first, single suites folded away where `fold`."""
    main = set(summary.headline.values())
    groups = []
    for scope in summary.scopes:
        rows = tuple(rows_of(scope))
        if rows:
            groups.append(Group(scope_title(scope), rows, folded=fold and scope.key not in main))
    return tuple(sorted(groups, key=lambda group: group.folded))


def glance(summary: Summary) -> Table:
    """The few figures that answer the question of the run; all of them stand in the other tables too."""
    rows = []
    for metric, split in _GLANCE:
        key = summary.headline.get(split)
        if key is not None:
            scores = [summary.score(key, arm, metric, summary.main_decoding) for arm in summary.arms]
            rows.append(Row(f"{LABELS[metric][0]}: {SPLITS[split]}", tuple(map(_score_cell, scores))))
    return Table(
        "glance",
        "At a glance",
        f"{_capital(summary.main_decoding)} answers; 95 % intervals clustered by story.",
        tuple(map(arm_name, summary.arms)),
        (Group("", tuple(rows)),) if rows else (),
    )


def accuracy(summary: Summary) -> Table:
    def rows(scope: Scope) -> Iterable[Row]:
        for decoding in summary.decodings:
            cells = [_score_cell(summary.score(scope.key, a, "correct", decoding)) for a in summary.arms]
            yield Row(decoding, (*cells, *_beside(summary, scope.key, None)))

    return Table(
        "accuracy",
        "Accuracy by suite",
        "Right answers in percent with 95 % intervals clustered by story. The best shortcut is the heuristic "
        "with the highest accuracy on the same items (a missing answer is a wrong one); it does not follow "
        "who saw what. Where none is defined, as at order 0, its n is smaller.",
        (*map(arm_name, summary.arms), SHORTCUT, "chance"),
        _grouped(summary, rows, fold=False),
    )


def by_order(summary: Summary) -> Table:
    decoding = summary.main_decoding

    def rows(scope: Scope) -> Iterable[Row]:
        for order in () if scope.pooled else scope.orders:
            scores = [summary.score(scope.key, a, "correct", decoding, order) for a in summary.arms]
            yield Row(f"order {order}", (*map(_score_cell, scores), *_beside(summary, scope.key, order)))

    return Table(
        "by-order",
        "Accuracy by order",
        f"Right answers in percent ({decoding}), by the depth of the nested belief that is asked for. "
        "The best shortcut is chosen anew for each order.",
        (*map(arm_name, summary.arms), SHORTCUT, "chance"),
        _grouped(summary, rows, fold=False),
    )


def gains(summary: Summary) -> Table:
    def rows(scope: Scope) -> Iterable[Row]:
        for over in (BASELINE, SHORTCUT) if summary.trained else ():
            for decoding in summary.decodings:
                gaps = [summary.gap(scope.key, arm, over, "correct", decoding) for arm in summary.trained]
                yield Row(f"over the {arm_name(over)}, {decoding}", tuple(map(_gap_cell, gaps)))

    return Table(
        "gains",
        "Gains in accuracy",
        "Points, paired on the same items (an arm's seeds and samples averaged; over a shortcut only items "
        "of orders at which it is defined), 95 % intervals and sign-flip p-values clustered by story.",
        tuple(map(arm_name, summary.trained)),
        _grouped(summary, rows),
    )


def between_arms(summary: Summary) -> Table:
    others = tuple(arm for arm in summary.trained if arm != summary.reference)
    decoding = summary.main_decoding

    def rows(scope: Scope) -> Iterable[Row]:
        for metric in ("correct", "sound", "soundness", "coverage", "coherent", "tokens") if others else ():
            gaps = [summary.gap(scope.key, a, summary.reference or "", metric, decoding) for a in others]
            yield Row(_points(metric), tuple(map(_gap_cell, gaps)))

    return Table(
        "between-arms",
        f"Differences from {summary.reference}",
        f"An arm minus {summary.reference} ({decoding}), paired on item, seed and sample. Soundness and "
        "coherence are compared where both traces have a value.",
        others,
        _grouped(summary, rows),
    )


def reasoning(summary: Summary) -> Table:
    decoding = summary.main_decoding

    def rows(scope: Scope) -> Iterable[Row]:
        for metric in _REASONING:
            cells = [_score_cell(summary.score(scope.key, a, metric, decoding)) for a in summary.arms]
            yield Row(LABELS[metric][0], tuple(cells))

    return Table(
        "reasoning",
        "Reasoning",
        f"Verdicts of the checker on the traces ({decoding}). {MISSING} stands where no trace has a value; a "
        "missing value is left out of the mean and counted, never taken as zero.",
        tuple(map(arm_name, summary.arms)),
        _grouped(summary, rows),
        tuple((LABELS[m][0].split(",")[0], LABELS[m][2]) for m in _REASONING),
    )


def two_by_two(summary: Summary) -> Table:
    decoding = summary.main_decoding

    def rows(scope: Scope) -> Iterable[Row]:
        folds = [summary.fold(scope.key, arm, decoding) for arm in summary.arms]
        for name, label in _FOLD_ROWS.items():
            yield Row(label, tuple(_share_cell(fold, name) for fold in folds))
        yield Row("sound among right, %", tuple(map(_sound_if_right_cell, folds)))
        if any(fold is not None and fold.counts.unjudged for fold in folds):
            counts = (Cell(MISSING if fold is None else f"{fold.counts.unjudged:,}") for fold in folds)
            yield Row("without a verdict", tuple(counts))

    return Table(
        "two-by-two",
        "Right answers and sound traces",
        f"Share of answers in each cell of the 2 x 2 ({decoding}). A right answer on an unsound trace is "
        "right for the wrong reasons, as far as the checker can tell.",
        tuple(map(arm_name, summary.arms)),
        _grouped(summary, rows),
    )


def _share_cell(fold: Fold | None, name: str) -> Cell:
    if fold is None or fold.counts.n == 0:
        return ABSENT
    share = fold.shares[name]
    sub = f"{getattr(fold.counts, name):,} of {fold.counts.n:,}"
    return Cell(number(share.mean), span(share.low, share.high), sub)


def _sound_if_right_cell(fold: Fold | None) -> Cell:
    if fold is None or fold.counts.n == 0:
        return ABSENT
    share, right = fold.sound_if_right, fold.counts.right_sound + fold.counts.right_unsound
    if right == 0:
        return Cell(MISSING, sub="no right answer")
    return Cell(
        number(share.mean), span(share.low, share.high), f"{fold.counts.right_sound:,} of {right:,} right"
    )


def scope_title(scope: Scope) -> str:
    """ "id@1 · in distribution · orders 1-2 · 400 items, 200 stories"."""
    first, last = scope.orders[0], scope.orders[-1]
    orders = f"order {first}" if first == last else f"orders {first}–{last}"
    sizes = f"{count(scope.items, 'item')}, {count(scope.stories, 'story')}"
    if scope.pooled:
        return f"all suites {SPLITS[scope.split]} · {orders} · {sizes}"
    return f"{scope.key} · {SPLITS[scope.split]} · {orders} · {sizes}"


def _score_cell(score: Score | None) -> Cell:
    if score is None:
        return ABSENT
    value, unit = score.value, unit_of(score.metric)
    if value.mean is None:
        return Cell(MISSING, sub=f"no value in {count(value.missing, 'trace')}")
    sub = f"n = {value.n:,}"
    if value.missing:
        sub += f", {value.missing:,} without"
    if len(score.by_seed) > 1:
        sub += " · seeds " + ", ".join(number(v, unit) for v in score.by_seed.values())
    return Cell(number(value.mean, unit), span(value.low, value.high, unit), sub)


def _beside(summary: Summary, scope: str, order: int | None) -> tuple[Cell, Cell]:
    """The best shortcut, with its name, and chance."""
    best = summary.shortcut(scope, order)
    if best is None:
        return ABSENT, ABSENT
    rule = ABSENT
    if best.value is not None:
        some = f" of {best.items:,}" if best.value.n < best.items else ""
        sub = f"{best.name} · n = {best.value.n:,}{some}"
        rule = Cell(number(best.value.mean), span(best.value.low, best.value.high), sub)
    return rule, Cell(number(best.chance), sub=f"n = {best.items:,}") if best.chance is not None else ABSENT


def _gap_cell(own: Gap | None) -> Cell:
    if own is None or own.value.mean is None:
        return ABSENT
    unit = unit_of(own.metric)
    value, interval = gap(own.value, unit).split(" ", 1)
    sub = f"{p_value(own.value.p)} · n = {own.value.n:,}"
    if own.value.missing:
        sub += f", {own.value.missing:,} without"
    if len(own.by_seed) > 1:
        sub += " · seeds " + ", ".join(number(v, unit, plus=True) for v in own.by_seed.values())
    # More tokens are neither better nor worse.
    tone = "" if unit == TOKENS else {1: "gain", -1: "loss", 0: "none"}[own.value.sign]
    return Cell(value, interval, sub, tone)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _points(metric: str) -> str:
    label, unit, _ = LABELS[metric]
    return label.replace(", %", ", points") if unit == "percent" else label
