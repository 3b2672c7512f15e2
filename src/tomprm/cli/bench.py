"""The verb `bench`: step scores on BeliefProcessBench."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import tyro

from tomprm.cli.files import UsageError, at_least, read_jsonl


@dataclass
class Bench:
    """Scorers on BeliefProcessBench, as Markdown tables; the first one also by order, generator, narrator.

    Example: tomprm bench bpb/ --scorers checker always_right copy_previous random
    """

    data: tyro.conf.Positional[Path]
    """A split's file or the folder, written by `tomprm generate --benchmark`."""
    scorers: tuple[Literal["checker", "always_right", "copy_previous", "random"], ...] = (
        "checker", "always_right", "copy_previous", "random",
    )  # fmt: skip
    verdicts: Path | None = None
    """Verdict rows of the data (`tomprm score` or `tomprm check`), measured before the scorers."""
    json: Path | None = None
    """Also writes all figures there."""
    resamples: int = 1000
    """Of the bootstrap."""

    def run(self) -> None:
        from tomprm.bench.files import read_benchmark
        from tomprm.bench.metrics import evaluate_groups
        from tomprm.bench.scorers import SCORERS, from_verdicts
        from tomprm.bench.tables import markdown

        at_least(10, resamples=self.resamples)
        rows = read_benchmark(self.data)
        scores = {name: SCORERS[name](rows) for name in self.scorers}
        if self.verdicts is not None:
            scores = {str(self.verdicts): from_verdicts(rows, read_jsonl(str(self.verdicts))), **scores}
        if not scores:
            raise UsageError("nothing to measure; give --scorers or --verdicts")
        print(markdown(rows, scores, self.resamples))
        if self.json is not None:
            figures = {name: evaluate_groups(rows, given) for name, given in scores.items()}
            self.json.write_text(json.dumps(figures, indent=1) + "\n")
            print(f"wrote {self.json}", file=sys.stderr)


def write_benchmark(folder: Path, n: int, seed: int, form: str) -> None:
    """`tomprm generate --benchmark`: n pairs for training, a quarter of that for each other split."""
    from tomprm.bench.files import write_benchmark as write
    from tomprm.bench.words import SPLITS

    at_least(1, n=n)
    at_least(0, seed=seed)
    pairs = {split: n if split == "train" else max(4, n // 4) for split in SPLITS}
    card = write(folder, pairs, seed, form)
    for split, found in card["splits"].items():
        print(f"wrote {folder / split}.jsonl: {found['rows']} rows, {found['steps']} steps", file=sys.stderr)
