"""The command line. Heavy imports happen inside the verbs, so that `--help` and the symbolic verbs are quick.

Every verb says what it wrote; bad input is one line on standard error and exit code 2.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any, Literal

import tyro

from tomprm.config import load_config

if TYPE_CHECKING:
    from tomprm.config import RunConfig
    from tomprm.world.items import Item

Out = Annotated[str, tyro.conf.arg(metavar="FILE")]


class UsageError(ValueError):
    """Bad input; the message ends with the remedy."""


@dataclass
class Compare:
    """Train every arm with every seed, evaluate, and write report.html; resumes a run that was cut off.

    Example: tomprm compare configs/quickstart.yaml --out runs/quickstart
    """

    config: tyro.conf.Positional[Path]
    """YAML file, see configs/."""
    out: Path | None = None
    """Run folder; default runs/NAME of the config."""
    set: tyro.conf.UseAppendAction[tuple[str, ...]] = ()
    """Override a key: --set rl.steps=20 (may be repeated)."""

    def run(self) -> None:
        config = load_config(self.config, list(self.set))
        out = self.out or Path("runs") / config.name
        from tomprm.eval.compare import compare, jobs
        from tomprm.report.compare import read_run, write_report
        from tomprm.report.render import console_summary

        started = time.perf_counter()
        with _live(config, out) as watch:
            try:
                compare(config, out, watch)
            except KeyboardInterrupt:
                raise Interrupted(f"stopped; the same command goes on from {out}") from None
        report = write_report(out)
        _console().print(console_summary(read_run(out)))
        minutes = (time.perf_counter() - started) / 60
        print(f"wrote {report}, {out / 'results.jsonl'} ({len(jobs(config))} policies, {minutes:.1f} min)")


@dataclass
class TrainRl:
    """Train one arm with one seed, without the evaluation suites.

    Example: tomprm train-rl configs/quickstart.yaml --arm process --seed 0 --out runs/process
    """

    config: tyro.conf.Positional[Path]
    arm: str = "process"
    seed: int = 0
    out: Path | None = None
    set: tyro.conf.UseAppendAction[tuple[str, ...]] = ()

    def run(self) -> None:
        config = load_config(self.config, list(self.set))
        if self.arm not in config.arms:
            raise UsageError(f"--arm {self.arm}: not in {self.config}; its arms are {', '.join(config.arms)}")
        _at_least(0, seed=self.seed)
        out = self.out or Path("runs") / f"{config.name}-{self.arm}-s{self.seed}"
        from tomprm.eval.compare import generate_training, open_run
        from tomprm.rl.memory import keep_freed_memory
        from tomprm.rl.models import check_policy_path
        from tomprm.rl.train import Trainer

        keep_freed_memory()
        check_policy_path(config.policy.model)
        open_run(config, out)
        trainer = Trainer(config, self.arm, self.seed, list(generate_training(config)), out)
        try:
            trainer.run(report=_print_step)
        except KeyboardInterrupt:
            raise Interrupted(f"stopped; the same command goes on from {out}") from None
        trainer.save_policy(out / "policy")
        print(f"wrote {out / 'policy'} and {out / 'metrics.jsonl'}")


@dataclass
class WarmStart:
    """Train the tiny policy's tokenizer and weights from scratch on traces of mixed quality.

    Example: tomprm warm-start configs/warm_start.yaml --out reward_models/tiny_policy
    """

    config: tyro.conf.Positional[Path]
    out: Path = Path("runs/tiny_policy")
    set: tyro.conf.UseAppendAction[tuple[str, ...]] = ()

    def run(self) -> None:
        config = load_config(self.config, list(self.set))
        if not config.warm_start.phases:
            raise UsageError(
                f"{self.config}: warm_start.phases is empty; list steps and mixture of each phase"
            )
        if self.out.exists() and any(self.out.iterdir()):
            raise UsageError(f"--out {self.out}: is not empty; name a new folder")
        from tomprm.eval.warm import make_warm_start

        print(f"wrote {make_warm_start(config, self.out, log=_print_loss)}")


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
        _at_least(1, n=self.n)
        _at_least(0, seed=self.seed)
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
        _write_jsonl(self.out, (self._row(item) for item in items))

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
        _write_jsonl(self.out, rows)
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
            _at_least(1, n=self.n)
            _at_least(0, seed=self.seed)
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

            _at_least(1, n=self.n)
            result = self_test(self.n, 0)
            print(json.dumps(result, indent=1))
            if not result["passed"]:
                raise UsageError("the self-test failed; please report this output")
            return
        from tomprm.config import RewardConfig
        from tomprm.rewards.rows import judge_rows

        verdicts = judge_rows(_read_jsonl(self.input), RewardConfig(name=self.reward))
        bad: list[str] = []

        def good() -> Iterator[dict[str, Any]]:
            for row in verdicts:
                if "error" in row:
                    bad.append(f"row {row['row']}: {row['error']}")
                yield row

        _write_jsonl(self.output, good())
        for line in bad[:10]:
            print(line, file=sys.stderr)
        if bad:
            raise UsageError(f"{len(bad)} rows could not be checked; the others are written")


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

        _at_least(1, n=self.n)
        _at_least(0, seed=self.seed)
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
            log=_print_loss,
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
class Score:
    """PRM scores in the schema of `check`.

    Example: tomprm score --model runs/prm --input traces.jsonl --output scores.jsonl
    """

    model: str
    input: Out = "-"
    output: Out = "-"

    def run(self) -> None:
        from tomprm.prm.score import score_file

        done = score_file(self.model, self.input, self.output)
        print(f"scored {done['rows']} traces, {done['steps']} steps", file=sys.stderr)


@dataclass
class Report:
    """Rebuild report.html from a run's records.

    Example: tomprm report runs/quickstart
    """

    folder: tyro.conf.Positional[Path]

    def run(self) -> None:
        from tomprm.report.compare import read_run, write_report
        from tomprm.report.render import console_summary

        path = write_report(self.folder)
        _console().print(console_summary(read_run(self.folder)))
        print(f"wrote {path}")


class Interrupted(Exception):
    """Ctrl-C, with what to do next."""


Verb = (
    Annotated[Compare, tyro.conf.subcommand("compare")]
    | Annotated[TrainRl, tyro.conf.subcommand("train-rl")]
    | Annotated[WarmStart, tyro.conf.subcommand("warm-start")]
    | Annotated[Generate, tyro.conf.subcommand("generate")]
    | Annotated[Solve, tyro.conf.subcommand("solve")]
    | Annotated[Audit, tyro.conf.subcommand("audit")]
    | Annotated[Check, tyro.conf.subcommand("check")]
    | Annotated[Prm, tyro.conf.subcommand("prm")]
    | Annotated[Score, tyro.conf.subcommand("score")]
    | Annotated[Report, tyro.conf.subcommand("report")]
)


ABOUT = "Tells right reasoning from right answers in theory-of-mind tasks, and trains on the difference."
_FLAT = (tyro.conf.OmitSubcommandPrefixes, tyro.conf.OmitArgPrefixes)


def main(argv: list[str] | None = None) -> None:
    """Entry point: exit code 0, 2 for bad input, 130 for Ctrl-C."""
    try:
        verb: Any = tyro.cli(Verb, args=argv, prog="tomprm", description=ABOUT, config=_FLAT)  # pyright: ignore
        verb.run()
    except Interrupted as stop:
        print(f"tomprm: {stop}", file=sys.stderr)
        raise SystemExit(130) from None
    except BrokenPipeError:  # `| head` has seen enough
        sys.stderr.close()
    except ValueError as error:  # UsageError, ConfigError and StoryError are such
        print(f"tomprm: {error}", file=sys.stderr)
        raise SystemExit(2) from None
    except OSError as error:
        named = (
            f"{error.filename}: {error.strerror}; name another file or folder" if error.filename else error
        )
        print(f"tomprm: {named}", file=sys.stderr)
        raise SystemExit(2) from None


# -- input, output, progress ------------------------------------------------------------------


def _at_least(low: int, **given: int) -> None:
    for name, value in given.items():
        if value < low:
            raise UsageError(f"--{name} {value}: give at least {low}")


def _read_jsonl(path: str) -> Iterator[dict[str, Any]]:
    """Rows of a JSON Lines file or of standard input (`-`)."""
    if path != "-" and not Path(path).is_file():
        raise UsageError(f"{path}: no such file; give a JSON Lines file, or - for standard input")
    with _opened(path, "r") as file:
        rows = 0
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except json.JSONDecodeError as error:
                raise UsageError(
                    f"{path}: line {number} is no JSON ({error.msg}); write one object a line"
                ) from None
            if not isinstance(row, dict):
                raise UsageError(f"{path}: line {number} is no object; write one object a line")
            rows += 1
            yield row
        if not rows:
            raise UsageError(f"{path}: no rows; write one JSON object a line")


def _write_jsonl(path: str, rows: Iterable[dict[str, Any]]) -> None:
    n = 0
    with _opened(path, "w") as file:
        for row in rows:
            file.write(json.dumps(row) + "\n")
            n += 1
    if path != "-":
        print(f"wrote {path}: {n} rows", file=sys.stderr)


@contextmanager
def _opened(path: str, mode: Literal["r", "w"]) -> Iterator[IO[str]]:
    """A file, or a standard stream for `-`; a written file appears only when it is complete."""
    if path == "-":
        yield sys.stdin if mode == "r" else sys.stdout
        return
    target = Path(path)
    if mode == "r":
        with target.open(encoding="utf-8") as file:
            try:
                yield file
            except UnicodeDecodeError as error:
                raise UsageError(f"{path}: is not UTF-8 text ({error.reason}); convert it") from None
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(target.name + ".partial")
    with partial.open("w", encoding="utf-8") as file:
        yield file
    partial.replace(target)


def _console() -> Any:
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else 120)


def _print_step(row: dict[str, Any]) -> None:
    print(
        f"step {row['step']}: reward {row['reward']:.3f}, accuracy {row['accuracy']:.3f}, "
        f"sound {row['sound']:.3f}, {row['tokens']:.0f} tokens, kl {row['kl']:.4f}"
    )


def _print_loss(row: dict[str, float]) -> None:
    if row["step"] % 50 == 0:
        print(f"step {row['step']:.0f}: loss {row['loss']:.4f}")


@contextmanager
def _live(config: RunConfig, out: Path) -> Iterator[Callable[[list[Any]], None]]:
    """A table of all jobs, refreshed while they run; plain lines where there is no terminal."""
    from rich.live import Live

    from tomprm.eval.progress import PlainProgress, table

    console = _console()
    if not console.is_terminal:
        plain = PlainProgress(config, out)
        yield plain.update
        return
    with Live(console=console, refresh_per_second=2) as live:
        yield lambda jobs: live.update(table(config, out, jobs))


if __name__ == "__main__":
    main()
