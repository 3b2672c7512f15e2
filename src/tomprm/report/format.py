"""Numbers as text, in one place: the same figure reads the same in HTML, Markdown, console and sentences.

Rates are shown in percent with one decimal, token counts with one decimal, a missing number as "–".

    >>> estimate(Interval(0.712, 0.651, 0.769, n=800, clusters=200))
    '71.2 [65.1, 76.9]'
    >>> gap(Difference(-0.02, -0.05, 0.01, p=0.2, n=400, clusters=200))
    '−2.0 [−5.0, 1.0]'
    >>> estimate(Interval(None, None, None, n=0, clusters=0))
    '–'
"""

from __future__ import annotations

from tomprm.report.records import BASELINE
from tomprm.report.stats import Difference, Interval

MISSING = "–"
PERCENT, TOKENS = "percent", "tokens"
# metric -> (label in tables, unit, what it means)
LABELS: dict[str, tuple[str, str, str]] = {
    "correct": ("answer right, %", PERCENT, "the answer equals the gold answer after normalisation"),
    "sound": (
        "sound trace, %",
        PERCENT,
        "no claim contradicts the story and every obligation is established",
    ),
    "soundness": ("soundness, %", PERCENT, "supported / (supported + contradicted) claims, mean over traces"),
    "coverage": ("coverage, %", PERCENT, "obligations established by supported claims, mean over traces"),
    "coherent": ("coherent, %", PERCENT, "the answer is the one that the trace's last belief claim entails"),
    "uncheckable": (
        "uncheckable claims, %",
        PERCENT,
        "claims that the checker cannot decide, mean over traces",
    ),
    "format": ("format kept, %", PERCENT, "the required tags in the required order"),
    "truncated": ("cut off, %", PERCENT, "the length limit ended the answer"),
    "tokens": ("length, tokens", TOKENS, "tokens that the policy wrote"),
}


def arm_name(arm: str) -> str:
    """`warm_start` reads as "warm start"; other names are left as the config has them."""
    return "warm start" if arm == BASELINE else arm


def unit_of(metric: str) -> str:
    return LABELS[metric][1]


def number(value: float | None, unit: str = PERCENT, *, plus: bool = False) -> str:
    if value is None:
        return MISSING
    rounded = round(100 * value if unit == PERCENT else value, 1) + 0.0  # + 0.0: never "-0.0"
    text = f"{abs(rounded):.1f}"
    return ("−" if rounded < 0 else "+" if plus else "") + text


def span(low: float | None, high: float | None, unit: str = PERCENT) -> str:
    if low is None or high is None:
        return f"[{MISSING}]"
    return f"[{number(low, unit)}, {number(high, unit)}]"


def estimate(value: Interval, unit: str = PERCENT, *, percent_sign: bool = False) -> str:
    """ "71.2 [65.1, 76.9]"; "71.2 [–]" where one story gives no interval."""
    if value.mean is None:
        return MISSING
    sign = " %" if percent_sign else ""
    return f"{number(value.mean, unit)}{sign} {span(value.low, value.high, unit)}"


def gap(value: Difference, unit: str = PERCENT) -> str:
    if value.mean is None:
        return MISSING
    return f"{number(value.mean, unit, plus=True)} {span(value.low, value.high, unit)}"


def p_value(p: float | None) -> str:
    if p is None:
        return f"p {MISSING}"
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def count(n: int, thing: str) -> str:
    """ "1 seed", "2 seeds", "3 stories"."""
    if n == 1:
        return f"{n} {thing}"
    return f"{n:,} {thing[:-1]}ies" if thing.endswith("y") else f"{n:,} {thing}s"
