"""The audit as Markdown, the way an appendix would print it."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from string import ascii_uppercase

from tomprm.belief.audit import Audit, Judged
from tomprm.belief.contamination import Overlap
from tomprm.report.audit import WHOLE, Balance, Cell, Figures, Group, shortcut_names, strongest
from tomprm.report.format import estimate, number
from tomprm.report.stats import Interval

_SHOWN = 20  # rows of a list; audit.json holds all
_LONG = 240  # characters of a cell
_SMALL = 20  # a subset with fewer questions is left to audit.json
_LEARNED = (
    "Right answers in percent. A learned shortcut is a linear model over how the possible answers occur in "
    "the text (first, last, how often, where the thing was at each departure), fitted on other stories; it "
    "never sees who is asked about. At order 0 the world state is the question itself."
)
_SAME = (
    "Same story: the same words, numbering, case and punctuation aside. Same plot: the same up to other "
    "names for people, things and places."
)


def audit_markdown(figures: Figures) -> str:
    """All tables, in one text."""
    audit = figures.audit
    rows = audit.rows
    stories, plots = len({r.cluster for r in rows}), len({r.keys.plot for r in rows})
    parts = [
        f"# Audit of {figures.name}",
        f"{len(rows):,} questions about {stories:,} stories with {plots:,} different plots. "
        "Intervals are 95 % bootstraps over stories.",
        *_coverage(rows, audit.unreadable),
        "## Labels",
        *_labels(figures),
        "## Shortcuts",
        _LEARNED,
        *(_shortcut_table(figures, labels) for labels in figures.labels),
        *_subsets(figures),
        "## The belief that is asked for",
        *_belief(figures),
        "## Where the right answer stands",
        *_balance(figures.balance),
        "## Contamination",
        *_contamination(audit),
    ]
    return "\n\n".join(parts) + "\n"


def _table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    body = ["| " + " | ".join(map(_cell, line)) + " |" for line in lines]
    return "\n".join(["| " + " | ".join(head) + " |", "|---" * len(head) + "|", *body])


def _cell(text: str) -> str:
    """One line that cannot break the table; audit.json has long texts in full."""
    flat = " ".join(text.split()).replace("|", "\\|")
    return flat if len(flat) <= _LONG else flat[:_LONG] + " …"


def _coverage(rows: Sequence[Judged], unreadable: Sequence[Judged]) -> list[str]:
    abstained = Counter(r.abstain for r in rows if r.abstain)
    answered = sum(r.engine is not None for r in rows)
    text = [f"The engine answers {answered:,} of them."]
    if abstained:
        reasons = [f"- {n:,}: {reason}" for reason, n in abstained.most_common(_SHOWN)]
        text.append("It abstains, by reason:\n\n" + "\n".join(reasons))
    if unreadable:
        listed = [f"- {unreadable_line(r)}" for r in unreadable[:_SHOWN]]
        text.append(f"{len(unreadable):,} stories could not be read:\n\n" + "\n".join(listed))
    return text


def unreadable_line(row: Judged) -> str:
    """`hitom/7 (row 7): line 2: unknown sentence ...`"""
    return row.id + (f" (row {row.line})" if row.line is not None else "") + f": {row.reason}"


def _labels(figures: Figures) -> list[str]:
    conflicts = figures.audit.conflicts
    by_order = Counter(c.order for c in conflicts)
    split = ", ".join(f"{n} at order {order}" for order, n in sorted(by_order.items()))
    parts = [
        f"**Against each other**: {len(conflicts):,} questions about one story carry different labels"
        + (f" ({split})." if split else ".")
    ]
    if conflicts:
        lines = [
            (c.question, "; ".join(f"{label} ({row})" for row, label in c.labels)) for c in conflicts[:_SHOWN]
        ]
        parts.append(_table(("question", "labels (row)"), lines) + _more(len(conflicts)))
    wrong = [r for r in figures.audit.rows if r.agree is False]
    if figures.agreement:
        total = sum(g.share.n for g in figures.agreement if g.facet == WHOLE)
        causes = Counter(re.sub(r"\d+", "N", r.cause) for r in wrong if r.cause).most_common()
        known = "".join(f" {n:,} of them come from a known error ({cause})." for cause, n in causes)
        parts.append(
            f"**Against the engine**: {len(wrong):,} of {total:,} labels differ.{known} Agreement, %:"
        )
        parts.append(_by_order(figures.agreement, figures.orders, "labels"))
    if wrong:
        lines = [
            (r.id, str(r.order), r.question, str(r.gold), str(r.engine), r.reason) for r in wrong[:_SHOWN]
        ]
        head = ("row", "order", "question", "label", "engine", "because")
        parts.append(_table(head, lines) + _more(len(wrong)))
    return parts


def _more(n: int) -> str:
    return f"\n\n({n - _SHOWN:,} more in audit.json.)" if n > _SHOWN else ""


def _by_order(groups: Sequence[Group], orders: Sequence[int], head: str) -> str:
    index = {(g.labels, g.order): g.share for g in groups if g.facet == WHOLE}
    lines = [
        (labels, *(_share(index.get((labels, order))) for order in orders))
        for labels in sorted({g.labels for g in groups})
    ]
    return _table((head, *(f"order {o}" for o in orders)), lines)


def _share(value: Interval | None) -> str:
    return f"{estimate(value)} (n = {value.n:,})" if value is not None else ""


def _shortcut_table(figures: Figures, labels: str) -> str:
    """One set of labels, shortcuts by order; the last line is chance."""
    orders = [o for o in figures.orders if (labels, o) in figures.asked]
    own = [c for c in figures.cells if c.labels == labels and c.facet == WHOLE]
    index = {(c.shortcut, c.order): c for c in own}
    head = [f"{labels}, % right"]
    for order in orders:
        n, stories = figures.asked[labels, order]
        head.append(f"order {order} (n = {n:,}, {stories:,} stories)")
    lines: list[tuple[str, ...]] = []
    for shortcut in shortcut_names(own):
        cells = [index.get((shortcut, order)) for order in orders]
        texts = [
            ""
            if c is None
            else estimate(c.accuracy)
            + (f" (n = {c.accuracy.n:,})" if c.accuracy.n != figures.asked[labels, c.order][0] else "")
            for c in cells
        ]
        lines.append((shortcut, *texts))
    chance = {c.order: c.chance for c in own}
    lines.append(("*blind guess among the answers*", *(number(chance.get(o)) for o in orders)))
    return _table(head, lines)


def _subsets(figures: Figures) -> list[str]:
    groups: dict[tuple[str, str, str], dict[int, list[Cell]]] = defaultdict(lambda: defaultdict(list))
    for cell in figures.cells:
        if cell.facet != WHOLE and cell.order:
            groups[cell.labels, cell.facet, cell.value][cell.order].append(cell)
    asked = Counter(
        (r.labels, facet, value, r.order) for r in figures.audit.rows for facet, value in r.facets.items()
    )
    orders = [o for o in figures.orders if o]
    lines: list[tuple[str, ...]] = []
    parts = Counter((labels, facet) for labels, facet, _ in groups)
    for (labels, facet, value), by_order in sorted(groups.items()):
        size = sum(asked[labels, facet, value, order] for order in orders)
        if parts[labels, facet] < 2 or size < _SMALL:
            continue
        texts = [f"{labels}, {facet}: {value}"]
        for order in orders:
            n = asked[labels, facet, value, order]
            best = strongest(by_order.get(order, ()), n)
            texts.append(f"{number(best.accuracy.mean)} {best.shortcut} (n = {n:,})" if best else "")
        if any(texts[1:]):
            lines.append(tuple(texts))
    if not lines:
        return []
    return [
        "The strongest shortcut in each subset, of those that apply to half of it, % right:",
        _table(("subset", *(f"order {o}" for o in orders)), lines),
    ]


def _belief(figures: Figures) -> list[str]:
    measures = (
        ("it takes a second value", figures.changing),
        ("it is false at the moment asked about", figures.false),
        ("it is not the first value", figures.moved),
        ("another order of the names has the same answer", figures.kept),
    )
    orders = [o for o in figures.orders if o]
    lines: list[tuple[str, ...]] = []
    for name, groups in measures:
        index = {g.order: g.share for g in groups if g.facet == WHOLE}
        if index:
            lines.append((name, *(_share(index.get(order)) for order in orders)))
    if not lines:
        return ["The engine follows none of these beliefs."]
    return [
        "Each question once, whatever its labels, %:",
        _table(("the belief", *(f"order {o}" for o in orders)), lines),
    ]


def _balance(balances: Sequence[Balance]) -> list[str]:
    lines: list[tuple[str, ...]] = []
    for b in balances:
        top = max(range(len(b.counts)), key=lambda i: b.counts[i])
        letters = b.name == "printed option" and len(b.counts) <= len(ascii_uppercase)
        names = ascii_uppercase if letters else [str(i + 1) for i in range(len(b.counts))]
        counts = ", ".join(f"{name} {n}" for name, n in zip(names, b.counts, strict=False))
        share = f"{names[top]} {number(b.counts[top] / b.n)} % (even: {number(1 / len(b.counts))} %)"
        lines.append(
            (f"{b.name}, {b.labels}", f"{b.n:,}", share, counts, "" if b.p is None else f"{b.p:.2g}")
        )
    if not lines:
        return ["No options are printed, and no label is one of the story's values."]
    return [_table(("position", "n", "most frequent", "counts", "p, chi-square"), lines)]


def _contamination(audit: Audit) -> list[str]:
    if audit.train_rows is None:
        return ["No training split was given (`--train`)."]

    def line(o: Overlap) -> tuple[str, ...]:
        order = "all" if o.order is None else str(o.order)
        seen = (o.same_question, o.same_story, o.same_plot)
        return (
            o.source,
            order,
            f"{o.n:,}",
            f"{o.stories:,}",
            *(f"{k:,} ({number(k / o.n)} %)" for k in seen),
        )

    head = ("source", "order", "questions", "stories", "same question and story", "same story", "same plot")
    return [
        f"How many questions the {audit.train_rows:,} rows of the training split have seen. {_SAME}",
        _table(head, map(line, audit.overlap)),
    ]
