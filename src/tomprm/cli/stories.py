"""Verbs on stories and traces: no ML stack."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tomprm.cli.files import Out, UsageError, at_least, read_jsonl, write_jsonl

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

    def run(self) -> None:
        from tomprm.belief.generate import Recipe, generate
        from tomprm.world.generate import OpenShape

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


@dataclass
class Solve:
    """The engine's answer to every question of a data set, next to its label.

    Example: tomprm solve --dataset hitom --path Hi-ToM_data.json --out solved.jsonl
    """

    dataset: Literal["hitom"] = "hitom"
    path: Path | None = None
    """The official file or folder; left out: the corrected copy that tomprm ships."""
    profile: Literal["hitom-release", "hitom-clean"] = "hitom-release"
    out: Out = "-"

    def run(self) -> None:
        from tomprm.belief.solve import agreement_markdown, solve
        from tomprm.world.sources.hitom import load_corrected, load_release

        items = load_release(self.path) if self.path else load_corrected()
        rows = list(solve(items, self.profile))
        write_jsonl(self.out, rows)
        print("engine and label agree on:\n" + agreement_markdown(rows), file=sys.stderr)


@dataclass
class Audit:
    """What shortcuts earn on a set of questions, by order.

    Example: tomprm audit --generated --n 4000
    """

    generated: bool = False
    """Audit freshly generated shortcut-free stories."""
    path: Path | None = None
    """Or a Hi-ToM release file; left out: the corrected copy that tomprm ships."""
    n: int = 4000
    seed: int = 0
    places: int = 4
    moves: tuple[int, int] = (3, 4)
    out: Path | None = None
    """Folder for audit.json and audit.md."""

    def run(self) -> None:
        from tomprm.belief.generate import Recipe, generate
        from tomprm.belief.heuristics import shortcut_markdown, shortcut_table
        from tomprm.world.generate import OpenShape
        from tomprm.world.sources.hitom import load_corrected, load_release

        items: Iterable[Item]
        if self.generated:
            at_least(1, n=self.n)
            at_least(0, seed=self.seed)
            shape = OpenShape(places=self.places, moves=self.moves)
            items = generate(Recipe(orders=(1, 2, 3, 4), shape=shape), self.seed, "audit", self.n)
        else:
            items = load_release(self.path) if self.path else load_corrected()
        rows = shortcut_table(items)
        text = shortcut_markdown(rows)
        print(text)
        if self.out:
            self.out.mkdir(parents=True, exist_ok=True)
            (self.out / "audit.md").write_text(text + "\n", encoding="utf-8")
            (self.out / "audit.json").write_text(json.dumps([r.as_row() for r in rows], indent=1) + "\n")
            print(f"wrote {self.out / 'audit.md'} and {self.out / 'audit.json'}")


@dataclass
class Check:
    """A verdict for every step of every trace.

    Example: tomprm check --input traces.jsonl --output verdicts.jsonl
    """

    input: Out = "-"
    """JSON Lines with story, question and trace (schema: docs/schemas.md)."""
    output: Out = "-"
    reward: Literal["outcome", "process", "hybrid"] = "process"
    self_test: bool = False
    """Verify the verifier: gold traces all sound, each planted error caught at its step."""
    n: int = 200
    """Items of the self-test."""

    def run(self) -> None:
        if self.self_test:
            from tomprm.checker.corrupt import self_test

            at_least(1, n=self.n)
            result = self_test(self.n, 0)
            print(json.dumps(result, indent=1))
            if not result["passed"]:
                raise UsageError("the self-test failed; please report this output")
            return
        from tomprm.config import RewardConfig
        from tomprm.rewards.rows import judge_rows

        verdicts = judge_rows(read_jsonl(self.input), RewardConfig(name=self.reward))
        bad: list[str] = []

        def good() -> Iterator[dict[str, Any]]:
            for row in verdicts:
                if "error" in row:
                    bad.append(f"row {row['row']}: {row['error']}")
                yield row

        write_jsonl(self.output, good())
        for line in bad[:10]:
            print(line, file=sys.stderr)
        if bad:
            raise UsageError(f"{len(bad)} rows could not be checked; the others are written")
