"""Figures in one colour-blind-safe style (Okabe and Ito 2008): accuracy by order, training curves, the 2 x 2.

A figure is a list of panels. The page shows each panel as its own inline SVG, so that a phone stacks them and
the text stays readable; the PNG files hold them side by side. Every panel names n and its interval.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from tomprm.report.format import LABELS, arm_name, count, number
from tomprm.report.records import BASELINE
from tomprm.report.stats import Interval
from tomprm.report.style import GRID, INK, STYLE, to_png
from tomprm.report.summary import SHORTCUT, SPLITS, Scope, Summary

_OKABE_ITO = ("#56B4E9", "#F0E442", "#E69F00", "#CC79A7", "#009E73", "#0072B2", "#D55E00")
# arm -> (colour, marker, the marker as text); a reader without colours still tells the arms apart.
_ARM_STYLE = {
    BASELINE: ("#8C8C8C", "o", "●"),
    "outcome": ("#D55E00", "s", "■"),
    "process": ("#0072B2", "^", "▲"),
    "hybrid": ("#009E73", "v", "▼"),
    "shuffled": ("#CC79A7", "P", "✚"),
    "format": ("#E69F00", "X", "✖"),
}
_FOLD_STYLE = {
    "right_sound": ("right, sound", "#0072B2", "white", ""),
    "right_unsound": ("right, unsound", "#E69F00", "black", "//"),
    "wrong_sound": ("wrong, sound", "#A6D8F2", "black", ".."),
    "wrong_unsound": ("wrong, unsound", "#B5B5B6", "black", ""),
}
_PANEL = (4.3, 3.1)  # inches; about 410 px wide, the width of a phone


@dataclass(frozen=True)
class Panel:
    """`alt` says in words what is drawn, for readers who do not see it."""

    key: str
    alt: str
    draw: Callable[[Axes], None]


def arm_style(summary: Summary, arm: str) -> tuple[str, str, str]:
    """Colour, matplotlib marker and text marker of an arm."""
    if arm in _ARM_STYLE:
        return _ARM_STYLE[arm]
    others = [a for a in summary.arms if a not in _ARM_STYLE]
    i = others.index(arm)
    return _OKABE_ITO[i % len(_OKABE_ITO)], "DhpH*dX"[i % 7], "◆⬢⬟⬣★♦✖"[i % 7]


def accuracy_panels(summary: Summary) -> list[Panel]:
    """One panel a suite: accuracy by order and arm, best shortcut and chance beside."""
    return [
        Panel(
            f"accuracy-{scope.key}",
            f"Accuracy by order on {scope.key} for each arm, with intervals, the best shortcut and chance.",
            lambda ax, scope=scope: _draw_accuracy(ax, summary, scope),
        )
        for scope in summary.scopes
        if not scope.pooled
    ]


def _draw_accuracy(ax: Axes, summary: Summary, scope: Scope) -> None:
    slots = len(summary.arms) + 1
    width = min(0.18, 0.8 / slots)
    for i, order in enumerate(scope.orders):
        best = summary.shortcut(scope.key, order)
        if best is not None and best.chance is not None:
            ax.plot([i - 0.45, i + 0.45], [100 * best.chance] * 2, "--", color=INK, linewidth=1, zorder=1)
        for slot, arm in enumerate(summary.arms):
            score = summary.score(scope.key, arm, "correct", summary.main_decoding, order)
            if score is not None:
                colour, marker, _ = arm_style(summary, arm)
                _point(ax, i + (slot - (slots - 1) / 2) * width, score.value, colour, marker)
        if best is not None and best.value is not None:
            x = i + (slots - 1) / 2 * width
            _point(ax, x, best.value, INK, "D", hollow=True)
    ax.set_xticks(range(len(scope.orders)), [f"order {o}" for o in scope.orders])
    ax.set_xlim(-0.6, len(scope.orders) - 0.4)
    percent_axis(ax, "right answers, %")
    n = f"n = {count(scope.items, 'item')}, {count(scope.stories, 'story')}"
    panel_title(
        ax, f"{scope.key}, {SPLITS[scope.split]}", f"{summary.main_decoding}; {n}; bars: 95 % by story"
    )


def _point(ax: Axes, x: float, value: Interval, colour: str, marker: str, *, hollow: bool = False) -> None:
    if value.mean is None:
        return
    if value.low is not None and value.high is not None:
        ax.plot([x, x], [100 * value.low, 100 * value.high], color=colour, linewidth=1.6, zorder=2)
    face = "none" if hollow else colour
    ax.plot([x], [100 * value.mean], marker, color=colour, markerfacecolor=face, markersize=5.5, zorder=3)


def training_panels(summary: Summary) -> list[Panel]:
    """Validation over steps: a thin line a seed, a bold one for the mean, a band for its interval."""
    wanted = [
        ("id", "correct", "ID accuracy"),
        ("ood", "correct", "OOD accuracy"),
        ("id", "tokens", "Trace length"),
        ("id", "sound", "Sound traces"),
        ("id", "soundness", "Soundness"),
        ("id", "coverage", "Coverage"),
    ]
    present = {(c.split, c.metric) for c in summary.curves}
    return [
        Panel(
            f"training-{split}-{metric}",
            f"{title} over training steps for each arm; thin lines are seeds, the bold line is their mean.",
            lambda ax, split=split, metric=metric, title=title: _draw_curve(
                ax, summary, split, metric, title
            ),
        )
        for split, metric, title in wanted
        if (split, metric) in present
    ]


def _draw_curve(ax: Axes, summary: Summary, split: str, metric: str, title: str) -> None:
    scale = 1.0 if metric == "tokens" else 100.0
    most = 0
    faint = 0.15 if len(summary.trained) <= 3 else 0.06  # more bands than that hide the lines
    for arm in summary.trained or summary.arms:
        colour, marker, _ = arm_style(summary, arm)
        for seed in summary.seeds:
            points = [p for p in summary.curve(split, arm, metric, seed) if p.value.mean is not None]
            means = [scale * (p.value.mean or 0.0) for p in points]
            ax.plot([p.step for p in points], means, color=colour, linewidth=0.7, alpha=0.6)
        points = [p for p in summary.curve(split, arm, metric, None) if p.value.mean is not None]
        if not points:
            continue
        steps = [p.step for p in points]
        means = [scale * (p.value.mean or 0.0) for p in points]
        every = max(1, len(points) // 8)
        ax.plot(steps, means, color=colour, linewidth=2.2, marker=marker, markersize=5, markevery=every)
        band = [p for p in points if p.value.low is not None and p.value.high is not None]
        lows, highs = (
            [scale * (p.value.low or 0.0) for p in band],
            [scale * (p.value.high or 0.0) for p in band],
        )
        ax.fill_between([p.step for p in band], lows, highs, color=colour, alpha=faint, linewidth=0)
        most = max(most, *(p.value.n for p in points))
    ax.set_xlabel("policy step")
    if metric == "tokens":
        ax.set_ylabel(LABELS[metric][0])
        ax.set_ylim(bottom=0)
    else:
        percent_axis(ax, LABELS[metric][0])
    small = f"validation, {SPLITS[split]}; n ≤ {most:,} a point; band: 95 % by story"
    panel_title(ax, title, small)


def fold_panels(summary: Summary) -> list[Panel]:
    """One panel a split: the 2 x 2 as stacked bars, one bar an arm."""
    return [
        Panel(
            f"two-by-two-{split}",
            f"Share of right and wrong answers on sound and unsound traces {SPLITS[split]}, one bar an arm.",
            lambda ax, split=split, key=key: _draw_folds(ax, summary, split, key),
        )
        for split, key in summary.headline.items()
        if any(summary.fold(key, arm, summary.main_decoding) for arm in summary.arms)
    ]


def _draw_folds(ax: Axes, summary: Summary, split: str, key: str) -> None:
    labels = []
    for y, arm in enumerate(summary.arms):
        fold = summary.fold(key, arm, summary.main_decoding)
        judged = fold is not None and fold.counts.n > 0
        labels.append(f"{arm_name(arm)}\nn = {fold.counts.n:,}" if fold and judged else f"{arm_name(arm)}\n–")
        left = 0.0
        for name, (_, colour, text_colour, hatch) in _FOLD_STYLE.items() if fold and judged else ():
            share = 100 * (fold.shares[name].mean or 0.0) if fold else 0.0
            ax.barh(
                y, share, left=left, color=colour, edgecolor="white", hatch=hatch, linewidth=0.8, height=0.7
            )
            if share >= 8:
                box = {"facecolor": colour, "edgecolor": "none", "pad": 1.0}
                text = number(share / 100)
                ax.text(left + share / 2, y, text, color=text_colour, ha="center", va="center", bbox=box)
            left += share
    ax.set_yticks(range(len(labels)), labels)
    ax.set_ylim(len(labels) - 0.4, -0.6)
    ax.set_xlim(0, 100)
    ax.set_xlabel("answers, %")
    ax.grid(False)
    panel_title(
        ax, f"Answer and trace, {SPLITS[split]}", f"{summary.main_decoding}; 95 % intervals in the table"
    )


def readme_png(summary: Summary) -> bytes:
    """One compact figure: ID accuracy against the share of sound traces, one point an arm."""
    with matplotlib.rc_context(STYLE):
        fig = Figure(figsize=(6.0, 4.0), layout="constrained")
        ax = fig.subplots()
        key = summary.headline.get("id") or next(iter(summary.headline.values()), "")
        decoding = summary.main_decoding
        ns: list[str] = []
        start: tuple[float, float] | None = None
        for arm in summary.arms:
            right = summary.score(key, arm, "correct", decoding)
            sound = summary.score(key, arm, "sound", decoding)
            if right is None or sound is None or right.value.mean is None or sound.value.mean is None:
                continue
            colour, marker, _ = arm_style(summary, arm)
            x, y = 100 * right.value.mean, 100 * sound.value.mean
            if right.value.low is not None and right.value.high is not None:
                ax.plot([100 * right.value.low, 100 * right.value.high], [y, y], color=colour, linewidth=1.6)
            if sound.value.low is not None and sound.value.high is not None:
                ax.plot([x, x], [100 * sound.value.low, 100 * sound.value.high], color=colour, linewidth=1.6)
            ax.plot([x], [y], marker, color=colour, markersize=9, label=arm_name(arm), zorder=3)
            if arm == BASELINE:
                start = x, y
            elif start is not None:
                style = {"arrowstyle": "-|>", "color": colour, "alpha": 0.45, "shrinkA": 8, "shrinkB": 8}
                ax.annotate("", xy=(x, y), xytext=start, arrowprops=style)
            ns.append(f"{arm_name(arm)} {right.value.n:,}")
        best = summary.shortcut(key)
        if best is not None and best.value is not None and best.value.mean is not None:
            ax.axvline(100 * best.value.mean, color=INK, linewidth=1, linestyle=":", label=SHORTCUT)
        if best is not None and best.chance is not None:
            ax.axvline(100 * best.chance, color=INK, linewidth=1, linestyle="--", label="chance")
        ax.set_xlabel("right answers, %")
        ax.set_ylabel("answers on a sound trace, %")
        ax.set_xlim(0, 100)
        ax.set_ylim(-3, 103)
        ax.grid(True, axis="both")
        if ns:
            ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
        stories = f"{summary.scope(key).stories:,} stories" if key else "no stories"
        panel_title(ax, f"Right answers and sound traces: {key}", f"{decoding}; bars: 95 % over {stories}")
        fig.supxlabel(f"answers: {', '.join(ns) or 'none yet'}", fontsize=8)
        return to_png(fig)


def grid_png(panels: list[Panel], handles: list[Any], columns: int) -> bytes:
    """All panels of one figure side by side, with one legend."""
    with matplotlib.rc_context(STYLE):
        columns = min(columns, len(panels))
        rows = ceil(len(panels) / columns)
        layout = ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.12)
        fig = Figure(figsize=(_PANEL[0] * columns, _PANEL[1] * rows + 0.5), layout=layout)
        axes = fig.subplots(rows, columns, squeeze=False).ravel()
        for ax, panel in zip(axes, panels, strict=False):
            panel.draw(ax)
        for ax in axes[len(panels) :]:
            ax.set_visible(False)
        fig.legend(handles=handles, loc="outside lower center", ncols=min(len(handles), 2 * columns))
        return to_png(fig)


def arm_handles(summary: Summary, *, points: bool) -> list[Any]:
    """Legend entries: arms, and for the accuracy figure (`points`) shortcut and chance."""
    arms = summary.arms if points else summary.trained or summary.arms
    handles = []
    for arm in arms:
        colour, marker, _ = arm_style(summary, arm)
        handles.append(Line2D([], [], color=colour, marker=marker, label=arm_name(arm)))
    if points:
        handles.append(Line2D([], [], color=INK, marker="D", markerfacecolor="none", label=SHORTCUT))
        handles.append(Line2D([], [], color=INK, linestyle="--", label="chance"))
    return handles


def fold_handles() -> list[Any]:
    return [
        Patch(facecolor=c, edgecolor="white", hatch=h, label=label) for label, c, _, h in _FOLD_STYLE.values()
    ]


def fold_legend() -> list[tuple[str, str, str]]:
    """(colour, text marker, label) of the four cells, for a legend in HTML."""
    return [(colour, "■", label) for label, colour, _, _ in _FOLD_STYLE.values()]


def panel_svg(panel: Panel) -> str:
    """The panel as inline SVG: transparent, ink in the page's text colour, ids unique on the page."""
    with matplotlib.rc_context(STYLE):
        fig = Figure(figsize=_PANEL, layout="constrained")
        panel.draw(fig.subplots())
        buffer = io.StringIO()
        fig.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = svg.replace(INK, "currentColor").replace(GRID, "var(--line)")
    prefix = re.sub(r"[^a-z0-9]+", "-", panel.key.lower())
    svg = re.sub(r'\bid="', f'id="{prefix}-', svg)
    svg = re.sub(r'href="#', f'href="#{prefix}-', svg)
    svg = svg.replace("url(#", f"url(#{prefix}-")
    alt = panel.alt.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
    return svg.replace("<svg ", f'<svg role="img" aria-label="{alt}" ', 1)


def percent_axis(ax: Axes, label: str) -> None:
    ax.set_ylabel(label)
    ax.set_ylim(0, 102)
    ax.set_yticks(range(0, 101, 20))


def panel_title(ax: Axes, title: str, small: str) -> None:
    ax.set_title(title, pad=18)
    ax.text(0, 1.02, small, transform=ax.transAxes, fontsize=7.5, va="bottom")
