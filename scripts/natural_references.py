"""Natural traces with whole stories -> rows that name the story by its place in a data folder.

Usage: TOMPRM_DATA=../shared/data python scripts/natural_references.py IN.jsonl OUT.jsonl
Benchmark stories may not be copied into the project; traces about them may. `tests/natural/` was made so.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tomprm.world.sources import SOURCES

FILES = {
    "hitom": ("hitom/Hi-ToM_data.json",),
    "exploretom": ("exploretom/ExploreToM-data-sample.csv",),
    "tomi": ("tomi/val.txt", "tomi/test_balanced.jsonl"),
    "tomrl": ("tomrl/ToM_train_HiEx_hint.parquet", "tomrl/ToM_test_HiExTi_hint.parquet"),
}
KEPT = (
    *("id", "source", "order", "gold_answer", "style", "trace", "steps"),
    *("first_error", "final_answer_correct", "error_types"),
)


def words(text: str) -> str:
    """A story's words, whatever its numbers and spacing."""
    return " ".join(w for w in re.findall(r"[\w']+", text.lower()) if not w.isdigit())


def places(root: Path) -> Iterator[tuple[str, str, str, str, int]]:
    """(source, story, question, file, index in the loader's order); the file's folder names its loader."""
    for loader, files in FILES.items():
        for file in files:
            for index, item in enumerate(SOURCES[loader].load(root / file)):
                row = item.as_row()
                yield row["source"], words(row["story"]), words(row["question"]), file, index


def main() -> None:
    source, target = (Path(a) for a in sys.argv[1:3])
    root = Path(os.environ["TOMPRM_DATA"])
    found: dict[tuple[str, str, str], tuple[str, int]] = {}
    for name, story, question, file, index in places(root):
        found.setdefault((name, story, question), (file, index))
    lost = 0
    with target.open("w", encoding="utf-8") as out:
        for line in source.read_text(encoding="utf-8").splitlines():
            row: dict[str, Any] = json.loads(line)
            place = found.get((row["source"], words(row["story"]), words(row["question"])))
            if place is None:
                lost += row["source"] in FILES
                continue
            kept = {k: row[k] for k in KEPT if k in row} | {"file": place[0], "index": place[1]}
            out.write(json.dumps(kept, ensure_ascii=False) + "\n")
    print(f"{target}: {lost} rows of known sources were not found in {root}", file=sys.stderr)


if __name__ == "__main__":
    main()
