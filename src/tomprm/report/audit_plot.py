"""The audit's one figure: what every shortcut earns at every order, with intervals and chance."""

from __future__ import annotations

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from tomprm.report.audit import WHOLE, Cell, Figures, shortcut_names
from tomprm.report.style import INK, STYLE, to_png

# A reader without colours still tells the sets of labels apart.
_MARKS = (("#0072B2", "o"), ("#D55E00", "s"), ("#009E73", "^"), ("#CC79A7", "D"))
_WIDTH, _ROW = 2.3, 0.25  # inches: of a panel, of a shortcut


def audit_png(figures: Figures) -> bytes | None:
    """One panel an order (order 0 only where there is no other); None where no shortcut was measured."""
    cells = [c for c in figures.cells if c.facet == WHOLE]
    orders = sorted({c.order for c in cells if c.order} or {c.order for c in cells})
    if not orders:
        return None
    cells = [c for c in cells if c.order in orders]
    names = shortcut_names(cells)
    labels = sorted({c.labels for c in cells})
    with rc_context(STYLE):
        height = _ROW * len(names) + 1.7
        fig = Figure(figsize=(2.4 + _WIDTH * len(orders), height), layout="constrained")
        axes = fig.subplots(1, len(orders), squeeze=False, sharey=True)[0]
        for ax, order in zip(axes, orders, strict=True):
            _draw(ax, [c for c in cells if c.order == order], names, labels)
            counted = [figures.asked[key] for key in figures.asked if key[1] == order]
            n = " + ".join(f"{n:,}" for n, _ in counted)
            ax.set_title(f"order {order}", pad=18)
            ax.text(
                0,
                1.01,
                f"n = {n}, {max(s for _, s in counted):,} stories",
                transform=ax.transAxes,
                fontsize=7.5,
            )
        axes[0].set_yticks(range(len(names)), names)
        axes[0].set_ylim(len(names) - 0.4, -0.6)
        fig.supxlabel("right answers, %; bars: 95 % by story", fontsize=9)
        fig.suptitle(f"What needs no theory of mind: {figures.name}", fontweight="bold", fontsize=11)
        handles = [
            Line2D([], [], color=_MARKS[i % 4][0], marker=_MARKS[i % 4][1], label=name)
            for i, name in enumerate(labels)
            if len(labels) > 1
        ]
        handles.append(Line2D([], [], color=INK, linestyle="--", label="blind guess"))
        fig.legend(handles=handles, loc="outside lower right", ncols=len(handles))
        return to_png(fig)


def _draw(ax: Axes, cells: list[Cell], names: list[str], labels: list[str]) -> None:
    for i, label in enumerate(labels):
        colour, marker = _MARKS[i % len(_MARKS)]
        shift = 0.3 * (i - (len(labels) - 1) / 2)
        for cell in cells:
            value = cell.accuracy
            if cell.labels != label or value.mean is None:
                continue
            y = names.index(cell.shortcut) + shift
            if value.low is not None and value.high is not None:
                ax.plot([100 * value.low, 100 * value.high], [y, y], color=colour, linewidth=1.4)
            ax.plot([100 * value.mean], [y], marker, color=colour, markersize=4.5)
    chances = {c.labels: c.chance for c in cells if c.chance is not None}
    one = len({round(c, 3) for c in chances.values()}) == 1
    for label, chance in chances.items():
        colour = INK if one else _MARKS[labels.index(label) % len(_MARKS)][0]
        ax.axvline(100 * chance, color=colour, linestyle="--", linewidth=1, zorder=1)
    ax.set_xlim(-2, 102)
    ax.set_xticks(range(0, 101, 25))
    ax.grid(True, axis="both")
