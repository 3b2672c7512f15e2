"""The benchmark's results as Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tomprm.bench.metrics import Scores, evaluate, evaluate_groups, f1_interval, prm_score_interval

_COLUMNS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("F1", ("first_error", "f1")),
    ("error", ("first_error", "error")),
    ("correct", ("first_error", "correct")),
    ("PRMScore", ("prm_score", "score")),
    ("wrong: precision", ("wrong_steps", "precision")),
    ("wrong: recall", ("wrong_steps", "recall")),
    ("false alarms", ("wrong_steps", "false_alarms")),
    ("decided", ("decided",)),
    ("change: recall", ("change_steps", "recall")),
    ("change: bal. acc.", ("change_steps", "balanced_accuracy")),
    ("AUROC", ("auroc",)),
    ("Brier", ("brier",)),
    ("ECE", ("ece",)),
    ("min on last", ("minimum", "last")),
    ("paired", ("paired", "accuracy")),
)


def _cell(figures: Mapping[str, Any], keys: Sequence[str]) -> str:
    value: Any = figures
    for key in keys:
        value = value[key]
    return "-" if value is None else f"{value:.3f}"


def _table(head: str, lines: Mapping[str, Mapping[str, Any]]) -> str:
    names = [name for name, _ in _COLUMNS]
    text = [f"| {head} | traces | " + " | ".join(names) + " |", "|---" * (len(names) + 2) + "|"]
    for name, figures in lines.items():
        cells = [_cell(figures, keys) for _, keys in _COLUMNS]
        text.append(f"| {name} | {figures['traces']} | " + " | ".join(cells) + " |")
    return "\n".join(text)


def markdown(rows: Sequence[Mapping[str, Any]], scores: Mapping[str, Scores], resamples: int = 1000) -> str:
    """One table that compares the scorers, with intervals, and one for the first of them by group."""
    parts = [_table("scorer", {name: evaluate(rows, given) for name, given in scores.items()})]
    for name, given in scores.items():
        intervals = (
            ("F1", f1_interval(rows, given, resamples=resamples)),
            ("PRMScore", prm_score_interval(rows, given, resamples=resamples)),
        )
        told = ", ".join(
            f"{what} {'-' if i is None else f'{i[0]:.3f} to {i[1]:.3f}'}" for what, i in intervals
        )
        parts.append(f"{name}, 95 % interval clustered by story: {told}")
    first, given = next(iter(scores.items()))
    groups = evaluate_groups(rows, given)
    parts += [_table(f"{first} by {key}", groups[key]) for key in groups if key != "all"]
    return "\n\n".join(parts)
