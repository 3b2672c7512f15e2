"""The checker on reasoning in natural language, labelled by hand.

`natural_traces/dev.jsonl` of the data folder is by another author than tests/natural/, whose traces were each
read blind once (docs/free_text.md has those figures) and then, but for those in `blind/`, learned from.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "scripts"))
import natural_traces as natural

OURS = sorted((Path(__file__).parent / "natural").rglob("*.jsonl"))


def count(file: Path) -> natural.Count:
    found: natural.Count = Counter()
    for row, steps in natural.judged(file):
        if row["source"] in natural.SYMBOLIC:
            found.update((step["label"], verdict.status.value) for step, verdict in steps)
    return found


def rates(c: natural.Count) -> tuple[float, float, float, float]:
    """Precision and recall of `contradicted`, share of right steps accused, share of steps decided."""
    flagged = sum(n for (_, status), n in c.items() if status == "contradicted")
    right, wrong = (sum(n for (label, _), n in c.items() if label == wanted) for wanted in (1, 0))
    decided = sum(
        n for (label, s), n in c.items() if label is not None and s in ("supported", "contradicted")
    )
    hit = c[0, "contradicted"]
    return hit / flagged, hit / wrong, c[1, "contradicted"] / right, decided / (right + wrong)


def test_the_figures_that_were_asked_for(data_dir: Path) -> None:
    precision, recall, accused, decided = rates(count(data_dir / "natural_traces" / "dev.jsonl"))
    assert precision >= 0.9 and recall >= 0.75 and accused <= 0.02 and decided >= 0.75


@pytest.mark.parametrize("file", OURS, ids=lambda f: f.stem)
def test_right_steps_are_not_accused(file: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOMPRM_DATA", str(data_dir))
    precision, recall, accused, decided = rates(count(file))
    assert precision >= 0.9 and accused <= 0.02 and recall >= 0.45 and decided >= 0.6


def test_steps_without_a_statement_are_never_accused(data_dir: Path) -> None:
    assert count(data_dir / "natural_traces" / "dev.jsonl")[None, "contradicted"] == 0


ROWS = """
import hashlib, json, sys
sys.path.insert(0, sys.argv[1])
import natural_traces as natural
rows = [claim.as_row() for file in sys.argv[2:] for row, steps in natural.judged(natural.Path(file))
        for _, verdict in steps for claim in verdict.claims]
print(len(rows), hashlib.sha256(json.dumps(rows).encode()).hexdigest())
"""


def test_verdicts_do_not_depend_on_the_hash_seed(data_dir: Path) -> None:
    """Workers of `tomprm check --workers` are processes of their own, each with its own hashes of strings."""
    scripts, dev = Path(natural.__file__).parent, data_dir / "natural_traces" / "dev.jsonl"
    said = {
        subprocess.run(
            [sys.executable, "-c", ROWS, str(scripts), str(dev)],
            env=os.environ | {"PYTHONHASHSEED": str(seed)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in (1, 2, 14)
    }
    assert len(said) == 1 and int(said.pop().split()[0]) > 300
