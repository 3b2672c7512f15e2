"""What wording alone gives away in BeliefProcessBench: naive Bayes on the words of a step, story unread.

Names and objects are masked, so it sees how a step is put, never what the story says. Near 0.5 in paired
accuracy is what one wants; the AUROC also holds what is no leak (long steps claim more, so err more).

    tomprm generate --benchmark bpb --n 2000 && python benchmarks/bpb_surface.py bpb
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from math import log
from pathlib import Path
from typing import Any

from tomprm.bench.files import read_benchmark
from tomprm.bench.metrics import evaluate
from tomprm.bench.rows import item_of
from tomprm.bench.words import words_of

Row = dict[str, Any]


def features(row: Row) -> list[set[str]]:
    """Masked words and pairs of words of each step, and whether it is the last."""
    item = item_of(row)
    objects = {*words_of(item), *(c.replace("_", " ") for c in row["choices"])}
    longest_first = sorted(objects, key=len, reverse=True)
    pattern = re.compile(r"\b(" + "|".join(re.escape(w) for w in longest_first) + r")\b")
    agents = set(item.story.agents)
    found: list[set[str]] = []
    for index, step in enumerate(row["steps"]):
        text = pattern.sub(lambda m: "NAME" if m[0] in agents else "OBJECT", step["text"].replace("_", " "))
        words = re.findall(r"[A-Za-z'#=>-]+|[.,;:]", text)
        last = "LAST" if index == len(row["steps"]) - 1 else "INNER"
        found.append({*words, *map(" ".join, pairwise(words)), row["narrator"] + last})
    return found


def fit(rows: Sequence[Row]) -> dict[str, float]:
    """Log odds of "right" for each feature."""
    seen = {0: Counter[str](), 1: Counter[str]()}
    total = Counter[int]()
    for row in rows:
        for words, label in zip(features(row), row["step_labels"], strict=True):
            if label is not None:
                seen[label].update(words)
                total[label] += 1
    right, wrong = ({w: log((seen[k][w] + 0.5) / (total[k] + 1)) for w in seen[0] | seen[1]} for k in (1, 0))
    return {word: right[word] - wrong[word] for word in right}


def main(folder: Path) -> None:
    odds = fit(read_benchmark(folder / "train.jsonl"))
    for split in ("test", "ood"):
        rows = read_benchmark(folder / f"{split}.jsonl")
        raw = [[sum(odds.get(w, 0.0) for w in words) for words in features(row)] for row in rows]
        low, high = min(map(min, raw)), max(map(max, raw))
        found = evaluate(rows, [[(x - low) / (high - low) for x in row] for row in raw])
        print(f"{split}: AUROC {found['auroc']:.3f}, paired accuracy {found['paired']['accuracy']:.3f}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
