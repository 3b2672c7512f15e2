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
    """The questions of one order under one set of labels ("all": of any), and a share of them; subsets by
    facet as in `Cell`."""

    labels: str
    order: int
    share: Interval
    facet: str = WHOLE
    value: str = ""


@dataclass(frozen=True, slots=True)
class Balance:
    """Where the labels stand: `counts` by position. `p`: chi-square test that all are as frequent, in which
    a story counts as one however many its questions (conservative); None below five stories a position."""

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
    found: dict[tuple[str, int, str, str], list[tuple[float, str]]] = defaultdict(list)
    for row in rows:
        measured = value(row)
        if measured is not None:
            for facet, part in ((WHOLE, ""), *row.facets.items()):
                key = (row.labels if by_label else "all", row.order, facet, part)
                found[key].append((float(measured), row.cluster))
    return [
        Group(labels, order, _interval(pairs) if facet == WHOLE else _plain(pairs), facet, part)
        for (labels, order, facet, part), pairs in sorted(found.items())
    ]


def _plain(pairs: Sequence[tuple[float, str]]) -> Interval:
    """A mean without its interval."""
    return Interval(sum(v for v, _ in pairs) / len(pairs), None, None, len(pairs), len({c for _, c in pairs}))


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
        accuracy = _interval(pairs) if facet == WHOLE else _plain(pairs)
        mean = sum(blind) / len(blind) if blind else None
        cells.append(Cell(labels, facet, value, order, shortcut, accuracy, mean))
    return cells


def _balances(rows: Iterable[Judged]) -> list[Balance]:
    """Only questions with the commonest number of options (or of places) are compared."""
    found: dict[tuple[str, str], list[tuple[int, int, Judged]]] = defaultdict(list)
    for row in rows:
        if row.option is not None:
            found["printed option", row.labels].append((*row.option, row))
        if row.visit is not None and row.order:
            found["value, in story order", row.labels].append((*row.visit, row))
    balances: list[Balance] = []
    for (name, labels), placed in sorted(found.items(), key=lambda f: f[0]):
        sizes = Counter(size for _, size, _ in placed)
        size = min(sizes, key=lambda s: (-sizes[s], s))
        fit = [(at, row) for at, of, row in placed if of == size]
        asked = Counter(row.cluster for _, row in fit)
        weighed = [sum(1 / asked[row.cluster] for at, row in fit if at == i) for i in range(size)]
        enough = size > 1 and len(asked) >= 5 * size
        p = float(chisquare(weighed, [len(asked) / size] * size).pvalue) if enough else None
        every = Counter(at for at, _ in fit)
        balances.append(Balance(name, labels, tuple(every[i] for i in range(size)), p))
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
    keys = ("id", "line", "order", "labels", "question", "gold", "engine", "reason", "cause")
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
