"""The audit as figures: `summarise` groups its rows and adds intervals.

Intervals are 95 % percentile bootstraps that resample whole stories (`report/stats.py`). Every number
stands beside its n.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from scipy.stats import chisquare

from tomprm.belief.audit import Audit, Judged
from tomprm.report.stats import Interval, cluster_bootstrap

WHOLE = ""  # the facet of a cell that is over a whole set of labels


@dataclass(frozen=True, slots=True)
class Cell:
    """Accuracy of one shortcut on the questions of one order: of a set of labels (`facet` is empty), or of
    the subset in which `facet` has this `value`. `chance` is a blind guess among the possible answers."""

    labels: str
    facet: str
    value: str
    order: int
    shortcut: str
    accuracy: Interval
    chance: float | None


@dataclass(frozen=True, slots=True)
class Group:
    """The questions of one order under one set of labels, and a share of them."""

    labels: str
    order: int
    share: Interval


@dataclass(frozen=True, slots=True)
class Balance:
    """Where the labels stand: `counts` by position. `p`: chi-square test that all are as frequent; None
    where there are fewer than five expected a position."""

    name: str
    labels: str
    counts: tuple[int, ...]
    p: float | None

    @property
    def n(self) -> int:
        return sum(self.counts)


@dataclass(frozen=True)
class Figures:
    """Everything that the audit prints and draws."""

    name: str
    audit: Audit
    cells: Sequence[Cell]
    asked: dict[tuple[str, int], tuple[int, int]]  # labels, order -> questions, stories
    agreement: Sequence[Group]
    changing: Sequence[Group]
    false: Sequence[Group]
    moved: Sequence[Group]
    kept: Sequence[Group]
    balance: Sequence[Balance]

    @property
    def labels(self) -> list[str]:
        return sorted({labels for labels, _ in self.asked})

    @property
    def orders(self) -> list[int]:
        return sorted({order for _, order in self.asked})

    def cell(
        self, labels: str, order: int, shortcut: str, facet: str = WHOLE, value: str = ""
    ) -> Cell | None:
        return self._index.get((labels, facet, value, order, shortcut))

    @cached_property
    def _index(self) -> dict[tuple[str, str, str, int, str], Cell]:
        return {(c.labels, c.facet, c.value, c.order, c.shortcut): c for c in self.cells}


def summarise(name: str, audit: Audit) -> Figures:
    """Groups, means and intervals; `name` is what the set is called."""
    rows = audit.rows
    grouped: dict[tuple[str, int], list[Judged]] = defaultdict(list)
    for row in rows:
        grouped[row.labels, row.order].append(row)
    asked = {key: (len(group), len({r.cluster for r in group})) for key, group in sorted(grouped.items())}
    once = _once(rows)  # what does not depend on the label is counted once a question
    return Figures(
        name=name,
        audit=audit,
        cells=_cells(rows),
        asked=asked,
        agreement=_groups(rows, lambda r: r.agree, by_label=True),
        changing=_groups(once, lambda r: r.dynamics.changes > 0 if r.dynamics else None),
        false=_groups(once, lambda r: r.dynamics.false if r.dynamics else None),
        moved=_groups(once, lambda r: r.dynamics.moved if r.dynamics else None),
        kept=_groups(once, lambda r: r.kept[0] / r.kept[1] if r.kept else None),
        balance=_balances(rows),
    )


def _once(rows: Iterable[Judged]) -> list[Judged]:
    return list({(r.keys.story, r.keys.question): r for r in rows}.values())


def _groups(
    rows: Iterable[Judged], value: Callable[[Judged], float | None], *, by_label: bool = False
) -> list[Group]:
    found: dict[tuple[str, int], list[tuple[float, str]]] = defaultdict(list)
    for row in rows:
        measured = value(row)
        if measured is not None:
            found[row.labels if by_label else "all", row.order].append((float(measured), row.cluster))
    return [Group(labels, order, _interval(pairs)) for (labels, order), pairs in sorted(found.items())]


def _interval(pairs: Sequence[tuple[float, str]]) -> Interval:
    return cluster_bootstrap([v for v, _ in pairs], [c for _, c in pairs])


def _cells(rows: Iterable[Judged]) -> list[Cell]:
    """The whole of each set of labels with intervals; subsets without, they are many."""
    hits: dict[tuple[str, str, str, int, str], list[tuple[float, str]]] = defaultdict(list)
    chance: dict[tuple[str, str, str, int], list[float]] = defaultdict(list)
    for row in rows:
        for facet, value in ((WHOLE, ""), *row.facets.items()):
            key = (row.labels, facet, value, row.order)
            for shortcut, right in row.right.items():
                hits[(*key, shortcut)].append((float(right), row.cluster))
            if row.chance is not None:
                chance[key].append(row.chance)
    cells: list[Cell] = []
    for (labels, facet, value, order, shortcut), pairs in sorted(hits.items()):
        blind = chance[labels, facet, value, order]
        n, stories = len(pairs), len({c for _, c in pairs})
        plain = Interval(sum(v for v, _ in pairs) / n, None, None, n, stories)
        accuracy = _interval(pairs) if facet == WHOLE else plain
        mean = sum(blind) / len(blind) if blind else None
        cells.append(Cell(labels, facet, value, order, shortcut, accuracy, mean))
    return cells


def _balances(rows: Iterable[Judged]) -> list[Balance]:
    """Only questions with the commonest number of options (or of places) are compared."""
    found: dict[tuple[str, str], Counter[tuple[int, int]]] = defaultdict(Counter)
    for row in rows:
        if row.option is not None:
            found["printed option", row.labels][row.option] += 1
        if row.visit is not None and row.order:
            found["value, in story order", row.labels][row.visit] += 1
    balances: list[Balance] = []
    for (name, labels), counter in sorted(found.items()):
        sizes: Counter[int] = Counter()
        for (_, size), n in counter.items():
            sizes[size] += n
        size = min(sizes, key=lambda s: (-sizes[s], s))
        counts = tuple(counter[i, size] for i in range(size))
        enough = size > 1 and sum(counts) >= 5 * size
        balances.append(Balance(name, labels, counts, float(chisquare(counts).pvalue) if enough else None))
    return balances


def as_json(figures: Figures) -> dict[str, Any]:
    """`audit.json`: every row behind the Markdown, conflicts and cells in full."""
    audit = figures.audit
    return {
        "name": figures.name,
        "questions": len(audit.rows),
        "stories": len({r.cluster for r in audit.rows}),
        "plots": len({r.keys.plot for r in audit.rows}),
        "abstained": dict(sorted(Counter(r.abstain for r in audit.rows if r.abstain).items())),
        "unreadable": [{"id": r.id, "line": r.line, "reason": r.reason} for r in audit.unreadable],
        "label_conflicts": [asdict(c) for c in audit.conflicts],
        "engine_conflicts": [_against(r) for r in audit.rows if r.agree is False],
        "agreement": [asdict(g) for g in figures.agreement],
        "shortcuts": [asdict(c) for c in figures.cells],
        "permutation": [asdict(g) for g in figures.kept],
        "belief": {
            "changes": [asdict(g) for g in figures.changing],
            "false": [asdict(g) for g in figures.false],
            "not the first value": [asdict(g) for g in figures.moved],
        },
        "balance": [asdict(b) for b in figures.balance],
        "contamination": {"train_rows": audit.train_rows, "overlap": [o.as_row() for o in audit.overlap]},
    }


def _against(row: Judged) -> dict[str, Any]:
    keys = ("id", "line", "order", "labels", "question", "gold", "engine", "reason")
    return {key: getattr(row, key) for key in keys}


def shortcut_names(cells: Iterable[Cell]) -> list[str]:
    """Shortcuts, the learned ones last, each kind from the best to the worst at its best order."""
    best: dict[str, float] = {}
    for cell in cells:
        if cell.order:
            best[cell.shortcut] = max(best.get(cell.shortcut, 0.0), cell.accuracy.mean or 0.0)
        best.setdefault(cell.shortcut, 0.0)
    return sorted(best, key=lambda s: (s.startswith("learned"), -best[s], s))


def strongest(cells: Iterable[Cell], asked: int) -> Cell | None:
    """The best shortcut among those that apply to at least half of the questions."""
    fit = [c for c in cells if 2 * c.accuracy.n >= asked]
    return min(fit, key=lambda c: (-(c.accuracy.mean or 0.0), c.shortcut), default=None)
