"""The checker on natural-language traces with hand-labelled steps: confusion table, figures, worst misses.

Usage: python scripts/natural_traces.py FILE [--steps] [--misses N]
FILE has rows of the trace-row schema with `steps: [{"text", "label": 1 | 0 | null}]`, a source and a style
(../shared/data/natural_traces/dev.jsonl).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from tomprm.checker.check import Checker
from tomprm.checker.verdict import Status
from tomprm.rewards.rows import item_of
from tomprm.trace.steps import read_trace

SYMBOLIC = ("hitom", "exploretom", "tomi")
STATUSES = [s.value for s in Status]
LABELS = ((1, "right"), (0, "wrong"), (None, "no statement"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--steps", action="store_true", help="print every step with its verdict")
    parser.add_argument("--misses", type=int, default=10)
    parser.add_argument("--only", default="", help="an id, a source or a style")
    args = parser.parse_args()
    rows = [json.loads(line) for line in args.file.read_text(encoding="utf-8").splitlines()]
    count: dict[str, Counter[tuple[Any, str]]] = {}
    misses: list[str] = []
    for row in rows:
        if row["source"] not in SYMBOLIC:
            continue
        if args.only and args.only not in (row["id"], row["source"], row["style"]):
            continue
        item = item_of(row)
        verdict = Checker(item).check(read_trace(row["trace"], [s["text"] for s in row["steps"]]))
        if args.steps:
            print(
                f"\n== {row['id']} {row['source']} {row['style']}: {row['question']} -> {row['gold_answer']}"
            )
        symbolic = row["source"] in SYMBOLIC
        for step, judged in zip(row["steps"], verdict.steps, strict=True):
            label, status = step["label"], judged.status.value
            keys = [row["source"], row["style"], "symbolic" if symbolic else "presence"]
            for key in keys:
                count.setdefault(key, Counter())[label, status] += 1
            if args.steps:
                flag = (
                    "!!"
                    if (label == 1 and status == "contradicted") or (label == 0 and status != "contradicted")
                    else "  "
                )
                print(f"{flag}[{label}] {status:13} {step['text']!r}   ## {step['why']}")
                for c in judged.claims:
                    what = f"{c.claim.kind.value}: {c.claim.text!r}"
                    print(f"        {c.status.value:13} {what} line {c.line} | {c.reason}")
            bad = "accused wrongly" if label == 1 and status == "contradicted" else "missed"
            if (label == 1 and status == "contradicted") or (
                label == 0 and status != "contradicted" and symbolic
            ):
                why = "; ".join(c.reason for c in judged.claims if c.status is Status.CONTRADICTED)
                misses.append(f"{bad}: {row['id']} {step['text'][:150]!r} ({why or step['why']})")
    for key in ("symbolic", "presence", *sorted(k for k in count if k not in ("symbolic", "presence"))):
        if key in count:
            print(f"{key:18} {figures(count[key])}")
    if "symbolic" in count:
        print("\nsymbolic sources   " + "".join(f"{s:>15}" for s in STATUSES))
        for label, name in LABELS:
            print(f"{name:18} " + "".join(f"{count['symbolic'][label, s]:15}" for s in STATUSES))
    misses.sort(key=lambda m: not m.startswith("accused"))
    for miss in misses[: args.misses]:
        print(miss, file=sys.stdout)


def figures(c: Counter[tuple[Any, str]]) -> str:
    """Precision and recall of `contradicted`, right steps accused, share of claims decided."""
    wrong_found, accused = c[0, "contradicted"], c[1, "contradicted"]
    flagged = sum(c[label, "contradicted"] for label, _ in LABELS)
    right = sum(c[1, s] for s in STATUSES)
    wrong = sum(c[0, s] for s in STATUSES)
    decided = sum(c[label, s] for label in (0, 1) for s in ("supported", "contradicted"))
    return (
        f"precision {_share(wrong_found, flagged)}  recall {_share(wrong_found, wrong)}  "
        f"right accused {_share(accused, right)}  decided {_share(decided, right + wrong)}"
    )


def _share(part: int, whole: int) -> str:
    return f"{part:4}/{whole:<4} {part / whole:6.1%}" if whole else "   -          "


if __name__ == "__main__":
    main()
