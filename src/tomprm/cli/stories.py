"""Verbs on stories and traces: no ML stack."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tomprm.cli.bench import write_benchmark
from tomprm.cli.files import Out, UsageError, at_least, write_jsonl
from tomprm.cli.scaled import Scaled

if TYPE_CHECKING:
    from tomprm.world.items import Item


@dataclass
class Generate:
    """Write seeded stories with questions, gold answers and traces, as JSON Lines.

    Example: tomprm generate --n 100 --orders 1 2 --traces sound --out items.jsonl
    """

    n: int = 20
    seed: int = 0
    split: str = "generated"
    """Names an independent stream of stories."""
    mode: Literal["shortcut_free", "hitom"] = "shortcut_free"
    """hitom: templated like the release, with its statistical shortcuts."""
    orders: tuple[int, ...] = (1, 2)
    vocabulary: Literal["train", "held_out"] = "train"
    register: Literal["hitom", "inverted"] = "hitom"
    places: int = 4
    moves: tuple[int, int] = (3, 4)
    chapters: Literal[1, 2, 3] = 1
    """hitom mode only."""
    deception: bool = False
    """hitom mode only: public and private claims."""
    traces: Literal["none", "sound", "reality", "lucky", "terse", "corrupted"] = "none"
    out: Out = "-"
    benchmark: Path | None = None
    """Write BeliefProcessBench into this folder instead: n pairs of traces for training, a quarter of that
    for each of dev, test and ood. Of the other flags, --seed and --benchmark-format apply."""
    benchmark_format: Literal["bpb", "processbench", "stepwise"] = "bpb"
    """ProcessBench's rows or TRL's stepwise form (for `tomprm prm train`) instead of the benchmark's own."""

    def run(self) -> None:
        from tomprm.belief.generate import Recipe, generate
        from tomprm.world.generate import OpenShape

        if self.benchmark is not None:
            write_benchmark(self.benchmark, self.n, self.seed, self.benchmark_format)
            return
        low = 0 if self.mode == "hitom" else 1
        if not self.orders or not all(low <= o <= 4 for o in self.orders):
            raise UsageError(f"--orders {self.orders}: orders run from {low} to 4 in mode {self.mode}")
        if not 2 <= self.places <= 6 or not self.places - 1 <= self.moves[0] <= self.moves[1]:
            raise UsageError(
                f"--places {self.places} --moves {self.moves}: "
                "need 2 to 6 places and at least places - 1 moves"
            )
        at_least(1, n=self.n)
        at_least(0, seed=self.seed)
        recipe = Recipe(
            mode=self.mode,
            orders=self.orders,
            vocabulary=self.vocabulary,
            register=self.register,
            shape=OpenShape(places=self.places, moves=self.moves),
            chapters=self.chapters,
            deception=self.deception,
        )
        items = generate(recipe, self.seed, self.split, self.n)
        write_jsonl(self.out, (self._row(item) for item in items))

    def _row(self, item: Item) -> dict[str, Any]:
        from tomprm.belief.generate import seeded
        from tomprm.checker.corrupt import corrupt
        from tomprm.trace.canonical import NARRATORS

        rng = seeded(self.seed, f"trace/{item.id}", 0)
        row = item.as_row()
        if self.traces == "corrupted":
            text, step = corrupt(item, rng)
            return row | {"trace": text, "corrupted_step": step}
        return row if self.traces == "none" else row | {"trace": NARRATORS[self.traces](item, rng)}


def _benchmark(dataset: str, path: Path | None) -> Iterator[Item]:
    """The items of a benchmark; Hi-ToM without a path is the corrected copy that tomprm ships."""
    from tomprm.world.sources import SOURCES
    from tomprm.world.sources.hitom import load_corrected
    from tomprm.world.sources.loading import load

    if path is None and dataset == "hitom":
        return iter(load_corrected())
    if path is None and dataset in SOURCES:
        raise UsageError(f"--path is missing: give {SOURCES[dataset].expects}")
    on_hub = dataset in SOURCES and SOURCES[dataset].hub
    if path is not None and on_hub and not path.exists() and len(path.parts) == 2:
        from tomprm.eval.hub import load_from_hub

        return load_from_hub(dataset, path.as_posix())
    return load(dataset, path or Path())


@dataclass
class Solve(Scaled):
    """The engine's answer to every question of a data set, next to its label.

    Example: tomprm solve --dataset hitom --path Hi-ToM_data.json --out solved.jsonl
    """

    dataset: str = "hitom"
    """hitom, exploretom, tomi, ... (a wrong name prints them all)"""
    path: Path | None = None
    """The official file or folder, or a hub id (facebook/ExploreToM); left out, with hitom: the corrected
    copy that tomprm ships."""
    profile: str | None = None
    """Other semantics than the labels of the data set follow, such as hitom-clean."""
    out: Out = "-"

    def run(self) -> None:
        from tomprm.belief.solve import Agreement
        from tomprm.scale.partial import digest
        from tomprm.scale.tasks import SolveTask
        from tomprm.world.replay import PROFILES
        from tomprm.world.sources.loading import Unreadable

        if self.profile is not None and self.profile not in PROFILES:
            raise UsageError(f"--profile {self.profile}: choose from {', '.join(PROFILES)}")
        agreement, unreadable = Agreement(), Unreadable()

        def count(row: dict[str, Any]) -> None:
            agreement.count(row)
            unreadable.count(_place(row) if row["unreadable"] else None)

        key = {"verb": "solve", "dataset": self.dataset, "profile": self.profile}
        key["path"] = "" if self.path is None else digest(self.path)
        self.work(SolveTask(self.profile), partial(_benchmark, self.dataset, self.path), self.out, key, count)
        unreadable.check(str(self.path or self.dataset))
        print("engine and label agree on:\n" + agreement.markdown(), file=sys.stderr)
        if unreadable.bad:
            print(f"{unreadable.bad} of {unreadable.rows} stories cannot be read:", file=sys.stderr)
            for line in unreadable.first:
                print(line, file=sys.stderr)


def _place(row: dict[str, Any]) -> str:
    """`hitom/7 (row 7): line 2: unknown sentence ...`"""
    line = row.get("line", row.get("row"))
    return f"{row['id']}" + (f" (row {line})" if isinstance(line, int) else "") + f": {row['reason']}"


@dataclass
class Audit:
    """Label errors, what shortcuts earn by order, and what a training split gives away.

    Example: tomprm audit --dataset hitom --path Hi-ToM_data.json --out audit/
    """

    dataset: str = "hitom"
    """hitom, exploretom, tomi, ... (a wrong name prints them all)"""
    path: Path | None = None
    """The official file or folder, or a hub id (facebook/ExploreToM); left out, with hitom: the corrected
    copy that tomprm ships."""
    train: Path | None = None
    """The training split, a file of the same data set: how much of the other it has seen."""
    generated: bool = False
    """Audit freshly generated shortcut-free stories instead."""
    n: int = 4000
    """Of generated questions."""
    seed: int = 0
    places: int = 4
    moves: tuple[int, int] = (3, 4)
    out: Path | None = None
    """Folder for audit.md, audit.json and audit.png."""

    def run(self) -> None:
        from tomprm.report.audit_files import audit_set, write_audit

        if self.generated and (self.path or self.train):
            raise UsageError("--generated audits stories of our own; leave out --path and --train")
        if self.generated:
            name, items = f"{self.n:,} generated questions (seed {self.seed})", self._generated()
        else:
            name = f"{self.path.name} ({self.dataset})" if self.path else "the corrected Hi-ToM"
            items = _benchmark(self.dataset, self.path)
        train = _benchmark(self.dataset, self.train) if self.train else None
        figures = audit_set(name, str(self.path or name), items, train)
        print(write_audit(figures, self.out))

    def _generated(self) -> Iterator[Item]:
        from tomprm.belief.generate import Recipe, generate
        from tomprm.world.generate import OpenShape

        at_least(1, n=self.n)
        at_least(0, seed=self.seed)
        shape = OpenShape(places=self.places, moves=self.moves)
        return generate(Recipe(orders=(1, 2, 3, 4), shape=shape), self.seed, "audit", self.n)


@dataclass
class Check(Scaled):
    """A verdict for every step of every trace.

    Example: tomprm check --input traces.jsonl --output verdicts.jsonl
    """

    input: Out = "-"
    """JSON Lines with story, question and trace (schema: docs/schemas.md)."""
    output: Out = "-"
    reward: Literal["outcome", "process", "hybrid"] = "process"
    self_test: bool = False
    """Verify the verifier: gold traces all sound, each planted error caught at its step."""
    n: int = 1000
    """Traces of the self-test."""

    def run(self) -> None:
        if self.self_test:
            from tomprm.checker.selftest import self_test
            from tomprm.cli.console import bar

            at_least(1, n=self.n)
            with bar(self.n, "traces") as progress:
                result = self_test(self.n, 0, progress)
            print(json.dumps(result, indent=1))
            if not result["passed"]:
                raise UsageError("the self-test failed; please report this output")
            return
        from tomprm.scale.tasks import CheckTask

        errors: list[str] = []
        bad = 0
        abstained: Counter[str] = Counter()

        def count(note: tuple[str | None, str | None] | None) -> None:
            nonlocal bad
            error, why = note or (None, None)
            if error is not None:
                bad += 1
                if len(errors) < 10:
                    errors.append(error)
            elif why is not None:
                abstained[why] += 1

        self.work_lines(
            lambda lines: CheckTask(lines, self.reward), self.input, self.output,
            {"verb": "check", "reward": self.reward}, count,
        )  # fmt: skip
        for why, rows in abstained.most_common(5):
            print(f"{rows} answers not judged: {why}", file=sys.stderr)
        for line in errors:
            print(line, file=sys.stderr)
        if bad:
            raise UsageError(f"{bad} rows could not be checked; the others are written")
