"""How often tomprm cuts free reasoning into the steps that a person cut it into.

    python scripts/segmentation_agreement.py natural_traces/dev.jsonl [--misses]

Prints, per style, the share of hand-made steps of which both ends are found exactly.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path

from tomprm.trace.steps import read_trace


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("file", type=Path, help="rows with style, trace and steps (substrings, in order)")
    parser.add_argument("--misses", action="store_true", help="print the hand-made steps that are not found")
    given = parser.parse_args()
    hit: Counter[str] = Counter()
    total: Counter[str] = Counter()
    found = 0
    for line in given.file.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        by_hand = read_trace(row["trace"], [s["text"] for s in row["steps"]]).steps
        cut = set(read_trace(row["trace"]).steps)
        found += len(cut)
        for style in (row["style"], "all"):
            hit[style] += sum(step in cut for step in by_hand)
            total[style] += len(by_hand)
        if given.misses:
            for step in by_hand:
                if step not in cut:
                    print(f"{row['id']} {row['style']}: {step.text!r}")
    for style in sorted(total, key=lambda s: (s == "all", s)):
        print(f"{style:20}{hit[style]:5} of {total[style]:4}  {hit[style] / total[style]:7.1%}")
    print(f"{found} steps found in all")


if __name__ == "__main__":
    main()
