"""The checker on natural-language traces with hand-labelled steps: figures, confusion table, worst misses.

Usage: python scripts/natural_traces.py FILE... [--steps] [--misses N] [--only ID|SOURCE|STYLE]
FILE has trace rows with `steps: [{"text", "label": 1 | 0 | null}]`, a source and a style, as
../shared/data/natural_traces/dev.jsonl; rows without a story name it by `file` and `index` in the folder
TOMPRM_DATA (tests/natural/).
"""

from __future__ import annotations

import argparse
import json
import os
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from tomprm.checker.check import Checker
from tomprm.checker.verdict import Status, StepVerdict
from tomprm.rewards.rows import item_of
from tomprm.trace.steps import read_trace
from tomprm.world.items import Item
from tomprm.world.sources import SOURCES

SYMBOLIC = ("hitom", "exploretom", "tomi")
STATUSES = [s.value for s in Status]
LABELS = ((1, "right"), (0, "wrong"), (None, "no statement"))
Count = Counter[tuple[Any, str]]


@lru_cache(maxsize=8)
def loaded(file: str) -> tuple[Item, ...]:
    """The items of a file, whose folder is named like its source."""
    return tuple(SOURCES[file.partition("/")[0]].load(Path(os.environ["TOMPRM_DATA"]) / file))


def judged(file: Path) -> Iterator[tuple[dict[str, Any], list[tuple[dict[str, Any], StepVerdict]]]]:
    """Each row with its labelled steps and their verdicts."""
    for line in file.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        item = item_of(row) if "story" in row else loaded(row["file"])[row["index"]]
        verdict = Checker(item).check(read_trace(row["trace"], [s["text"] for s in row["steps"]]))
        yield row, list(zip(row["steps"], verdict.steps, strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--steps", action="store_true", help="print every step with its verdict")
    parser.add_argument("--misses", type=int, default=10)
    parser.add_argument("--only", default="", help="an id, a source or a style")
    args = parser.parse_args()
    count: dict[str, Count] = {}
    misses: list[tuple[bool, str]] = []
    for file in args.files:
        for row, steps in judged(file):
            if args.only and args.only not in (row["id"], row["source"], row["style"]):
                continue
            if args.steps:
                print(f"\n== {row['id']} {row['source']} {row['style']}")
            kind = "symbolic" if row["source"] in SYMBOLIC else "presence"
            for step, verdict in steps:
                label, status = step["label"], verdict.status
                for key in (kind, row["source"], row["style"]):
                    count.setdefault(key, Counter())[label, status.value] += 1
                accused = label == 1 and status is Status.CONTRADICTED
                missed = label == 0 and status is not Status.CONTRADICTED
                if args.steps:
                    show(step, verdict, accused or missed)
                if accused or missed:
                    misses.append((missed, f"{row['id']}: {step['text'][:150]!r} ({why(step, verdict)})"))
    for key in ("symbolic", "presence", *sorted(k for k in count if k not in ("symbolic", "presence"))):
        if key in count:
            print(f"{key:18} {figures(count[key])}")
    for kind in ("symbolic", "presence"):
        if kind in count:
            print(f"\n{kind:18} " + "".join(f"{s:>15}" for s in STATUSES))
            for label, name in LABELS:
                print(f"{name:18} " + "".join(f"{count[kind][label, s]:15}" for s in STATUSES))
    for missed, text in sorted(misses)[: args.misses]:
        print("missed  " if missed else "ACCUSED ", text)


def show(step: dict[str, Any], verdict: StepVerdict, wrong: bool) -> None:
    print(f"{'!!' if wrong else '  '}[{step['label']}] {verdict.status.value:13} {step['text']!r}")
    for c in verdict.claims:
        print(f"        {c.status.value:13} {c.claim.kind.value}: {c.claim.text!r} | {c.reason}")


def why(step: dict[str, Any], verdict: StepVerdict) -> str:
    reasons = [c.reason for c in verdict.claims if c.status is Status.CONTRADICTED]
    return "; ".join(reasons) or step.get("why", "")


def figures(c: Count) -> str:
    """Precision and recall of `contradicted`, right steps accused, share of steps with a claim decided."""
    flagged = sum(c[label, "contradicted"] for label, _ in LABELS)
    right, wrong = (sum(c[label, s] for s in STATUSES) for label in (1, 0))
    decided = sum(c[label, s] for label in (0, 1) for s in ("supported", "contradicted"))
    return (
        f"precision {share(c[0, 'contradicted'], flagged)}  recall {share(c[0, 'contradicted'], wrong)}  "
        f"right accused {share(c[1, 'contradicted'], right)}  decided {share(decided, right + wrong)}"
    )


def share(part: int, whole: int) -> str:
    return f"{part:4}/{whole:<4} {part / whole:6.1%}" if whole else "   -            "


if __name__ == "__main__":
    main()
