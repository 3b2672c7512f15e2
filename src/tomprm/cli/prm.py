"""Verbs on process reward models."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from tomprm.cli.console import print_loss
from tomprm.cli.files import Out, at_least
from tomprm.cli.scaled import Scaled


@dataclass
class PrmBuild:
    """Step-labelled examples from generated traces.

    Example: tomprm prm build train.jsonl --n 2000
    """

    out: tyro.conf.Positional[Path]
    n: int = 2000
    seed: int = 0
    split: str = "prm-train"
    orders: tuple[int, ...] = (1, 2)

    def run(self) -> None:
        from tomprm.belief.generate import Recipe, generate
        from tomprm.prm.data import build_examples
        from tomprm.prm.files import write_examples
        from tomprm.world.generate import OpenShape

        at_least(1, n=self.n)
        at_least(0, seed=self.seed)
        recipe = Recipe(orders=self.orders, shape=OpenShape(places=3, moves=(2, 3)))
        items = list(generate(recipe, self.seed, self.split, self.n))
        mixture = {"sound": 0.4, "reality": 0.2, "lucky": 0.3, "terse": 0.1}
        examples = build_examples(items, mixture, self.seed)
        write_examples(self.out, examples)
        print(f"wrote {self.out}: {len(examples)} examples")


@dataclass
class PrmTrain:
    """Train a process reward model on step-labelled examples.

    Example: tomprm prm train train.jsonl --base reward_models/tiny_policy --out runs/prm
    """

    examples: tyro.conf.Positional[Path]
    base: str = "reward_models/tiny_policy"
    out: Path = Path("runs/prm")
    steps: int = 400
    batch_size: int = 32
    learning_rate: float = 5e-4
    seed: int = 0

    def run(self) -> None:
        from tomprm.prm.files import read_examples
        from tomprm.prm.train import train_prm

        train_prm(
            self.base,
            read_examples(self.examples),
            self.out,
            steps=self.steps,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            seed=self.seed,
            log=print_loss,
        )
        print(f"wrote {self.out}")


@dataclass
class PrmEval:
    """Step metrics of a PRM on labelled examples, beside the always-right baseline.

    Example: tomprm prm eval test.jsonl --model runs/prm
    """

    examples: tyro.conf.Positional[Path]
    model: str = "runs/prm"

    def run(self) -> None:
        from tomprm.prm.files import read_examples
        from tomprm.prm.score import evaluate

        print(json.dumps(evaluate(self.model, read_examples(self.examples)), indent=1))


@dataclass
class Prm:
    """Process reward models: build examples, train, evaluate.

    Example: tomprm prm build train.jsonl --n 2000
    """

    verb: (
        Annotated[PrmBuild, tyro.conf.subcommand("build")]
        | Annotated[PrmTrain, tyro.conf.subcommand("train")]
        | Annotated[PrmEval, tyro.conf.subcommand("eval")]
    )

    def run(self) -> None:
        self.verb.run()


@dataclass
class Score(Scaled):
    """PRM scores in the schema of `check`.

    Example: tomprm score --model runs/prm --input traces.jsonl --output scores.jsonl
    """

    model: str
    input: Out = "-"
    output: Out = "-"

    def run(self) -> None:
        from tomprm.scale.partial import digest
        from tomprm.scale.tasks import ScoreTask

        steps = 0

        def count(note: tuple[int, int]) -> None:
            nonlocal steps
            steps += note[0]

        key = {"verb": "score", "model": digest(self.model)}
        rows = self.work_lines(
            lambda lines: ScoreTask(lines, self.model), self.input, self.output, key, count
        )
        print(f"scored {rows} traces, {steps} steps", file=sys.stderr)
