"""results.jsonl -> one checked table. The report has no other source of numbers.

Two kinds of row:

- `policy`: one answer of one arm, seed and checkpoint to one item, with the checker's verdict on its trace;
- `heuristic`: what a shortcut answers to the same item, without reading the story as a whole.

    >>> df = load_results("runs/quickstart")                                        # doctest: +SKIP
    >>> df[df.kind == "policy"].groupby(["suite", "arm"]).correct.mean()            # doctest: +SKIP

A wrong row stops the report with its line and the remedy: a score over rows that were silently dropped would
look like any other score.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeAlias

import pandas as pd

# A pandas DataFrame. Its inline types cannot tell a selection of rows from a column or an array, so that
# checking selections against `pd.DataFrame` reports hundreds of errors and finds none.
Frame: TypeAlias = Any

RESULTS = "results.jsonl"
BASELINE = "warm_start"
REMEDY = "Run `tomprm compare CONFIG.yaml --out DIR` again: it resumes the run and writes what is missing"

_NUMBER = (int, float)
# field -> allowed types; None in the tuple means that null is a value.
_COMMON: dict[str, tuple[type | None, ...]] = {
    "arm": (str,),
    "suite": (str,),
    "split": (str,),
    "item": (str,),
    "story": (str, int),
    "order": (int,),
    "chance": (*_NUMBER, None),
    "correct": (bool,),
}
_POLICY: dict[str, tuple[type | None, ...]] = {
    "seed": (int, None),
    "step": (int, None),
    "checkpoint": (str,),
    "decoding": (str,),
    "tokens": (*_NUMBER, None),
    "verdict": (dict, None),
}
# Fields that a row may leave out; they count as null then.
_OPTIONAL: dict[str, tuple[type | None, ...]] = {
    "format": (bool, None),
    "truncated": (bool, None),
    "sample": (int, None),
    "config": (str, None),
    "version": (str, None),
}
_VERDICT: dict[str, tuple[type | None, ...]] = {
    "supported": (int, None),
    "contradicted": (int, None),
    "uncheckable": (int, None),
    "soundness": (*_NUMBER, None),
    "coverage": (*_NUMBER, None),
    "coherent": (bool, None),
    "sound": (bool, None),
}
_KEY = ["kind", "arm", "seed", "checkpoint", "step", "suite", "item", "decoding", "sample"]


def load_results(run_dir: str | Path) -> pd.DataFrame:
    """All rows of `run_dir/results.jsonl` (or of the file itself), verdicts flattened into columns.

    Flags (`correct`, `format`, `coherent`, `sound`, `truncated`) are 1.0, 0.0 or NaN, so that a mean is a
    rate and a missing verdict stays missing. `uncheckable` is the share of a trace's claims that the checker
    could not decide. Raises ValueError with the line and the remedy.
    """
    path = Path(run_dir)
    if path.is_dir() or path.suffix != ".jsonl":
        path = path / RESULTS
    if not path.is_file():
        raise ValueError(f"{path}: no such file. {REMEDY}, or name a folder that holds {RESULTS}.")
    rows: list[dict[str, Any]] = []
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                rows.append(_row(line, f"{path}, line {number}"))
    if not rows:
        raise ValueError(f"{path}: holds no rows. {REMEDY}.")
    df: Frame = pd.DataFrame(rows)
    twice = df[df.duplicated(_KEY)]
    if len(twice):
        row = twice.iloc[0]
        raise ValueError(
            f"{path}, line {row.line}: {row.arm}, seed {row.seed}, {row.checkpoint}, {row.suite}, item "
            f"{row['item']} ({row.decoding or row.kind}) stands there a second time; counted twice it would "
            "narrow the intervals. Remove the duplicate lines."
        )
    return df.drop(columns="line")


def _row(line: str, where: str) -> dict[str, Any]:
    """One checked, flat row; `where` names file and line in errors."""
    try:
        raw = json.loads(line)
    except json.JSONDecodeError as error:
        raise ValueError(
            f"{where}: not JSON ({error.msg}, column {error.colno}). If a run was cut off there, remove the "
            f"line. {REMEDY}."
        ) from None
    if not isinstance(raw, dict):
        raise ValueError(f"{where}: a JSON object was expected, not {type(raw).__name__}. {REMEDY}.")
    kind = raw.get("kind")
    if kind not in ("policy", "heuristic"):
        raise ValueError(f'{where}: \'kind\' is {kind!r}; write "policy" or "heuristic".')
    _check(raw, _COMMON, where)
    _check(raw, {name: types for name, types in _OPTIONAL.items() if name in raw}, where)
    if raw["split"] not in ("id", "ood"):
        raise ValueError(f'{where}: \'split\' is {raw["split"]!r}; write "id" or "ood".')
    row: dict[str, Any] = {
        "line": int(where.rsplit(" ", 1)[1]),
        "kind": kind,
        "arm": raw["arm"],
        "suite": raw["suite"],
        "split": raw["split"],
        "item": raw["item"],
        "story": str(raw["story"]),
        "order": raw["order"],
        "chance": _number(raw["chance"]),
        "correct": float(raw["correct"]),
        "config": raw.get("config"),
        "version": raw.get("version"),
    }
    verdict: dict[str, Any] = {}
    if kind == "policy":
        _check(raw, _POLICY, where)
        verdict = raw["verdict"] or {}
        _check(
            verdict, {name: types for name, types in _VERDICT.items() if name in verdict}, where, "verdict."
        )
        # The warm start is one policy for all seeds; its rows say null or 0.
        row |= {"seed": raw["seed"] or 0, "step": raw["step"] or 0}
        row |= {
            "checkpoint": raw["checkpoint"],
            "decoding": raw["decoding"],
            "sample": raw.get("sample") or 0,
        }
    else:
        row |= {"seed": 0, "step": 0, "checkpoint": "", "decoding": "", "sample": 0}
    claims = [_number(verdict.get(name)) for name in ("supported", "contradicted", "uncheckable")]
    total = sum(claims)  # NaN where one is missing, and then so is the share
    return row | {
        "format": _number(raw.get("format")),
        "tokens": _number(raw.get("tokens")),
        "truncated": _number(raw.get("truncated")),
        "soundness": _number(verdict.get("soundness")),
        "coverage": _number(verdict.get("coverage")),
        "coherent": _number(verdict.get("coherent")),
        "sound": _number(verdict.get("sound")),
        "uncheckable": claims[2] / total if total > 0 else float("nan"),
    }


def _check(
    raw: dict[str, Any], fields: dict[str, tuple[type | None, ...]], where: str, prefix: str = ""
) -> None:
    for name, types in fields.items():
        if name not in raw:
            raise ValueError(f"{where}: '{prefix}{name}' is missing. {REMEDY} with this version of tomprm.")
        value = raw[name]
        if value is None and None in types:
            continue
        allowed = tuple(t for t in types if t is not None)
        # bool is an int in Python; a flag where a number belongs is a mistake.
        if not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed):
            expected = " or ".join("null" if t is None else t.__name__ for t in types)
            raise ValueError(
                f"{where}: '{prefix}{name}' is {value!r}; {expected} was expected. Correct the line."
            )


def _number(value: Any) -> float:
    return float("nan") if value is None else float(value)
