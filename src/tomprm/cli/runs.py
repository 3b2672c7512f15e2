"""Verbs that train and compare."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import tyro

from tomprm.cli.console import live, open_console, print_loss, print_step, tail_metrics
from tomprm.cli.files import Interrupted, UsageError, at_least
from tomprm.config import RunConfig, load_config


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
        with live(config, out) as watch:
            try:
                compare(config, out, watch)
            except KeyboardInterrupt:
                raise Interrupted(f"stopped; the same command goes on from {out}") from None
        report = write_report(out)
        open_console().print(console_summary(read_run(out)))
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
    dry_run: bool = False
    """Check everything, print what would be started, and start nothing."""

    def run(self) -> None:
        config = load_config(self.config, list(self.set))
        if self.arm not in config.arms:
            raise UsageError(f"--arm {self.arm}: not in {self.config}; its arms are {', '.join(config.arms)}")
        at_least(0, seed=self.seed)
        out = self.out or Path("runs") / f"{config.name}-{self.arm}-s{self.seed}"
        from tomprm.eval.compare import generate_training, open_run
        from tomprm.rl.memory import keep_freed_memory
        from tomprm.rl.models import check_policy_path, load_policy
        from tomprm.rl.scoring import check_judges
        from tomprm.rl.train import Trainer

        if config.backend == "openrlhf":
            self._openrlhf(config, out)
            return
        check_policy_path(config.policy.model)
        check_judges(config)
        if self.dry_run:
            load_policy(config.policy)
            rl = config.rl
            print(
                f"embedded: {rl.steps} steps of {rl.prompts_per_step} prompts x {rl.samples_per_prompt} "
                f"rollouts, arm {self.arm}, seed {self.seed}, into {out}"
            )
            return
        keep_freed_memory()
        open_run(config, out)
        trainer = Trainer(config, self.arm, self.seed, list(generate_training(config)), out)
        try:
            trainer.run(report=print_step)
        except KeyboardInterrupt:
            raise Interrupted(f"stopped; the same command goes on from {out}") from None
        trainer.save_policy(out / "policy")
        print(f"wrote {out / 'policy'} and {out / 'metrics.jsonl'}")

    def _openrlhf(self, config: RunConfig, out: Path) -> None:
        from tomprm.eval.compare import generate_training, open_run
        from tomprm.rl.openrlhf.run import RunFailed, dry_run, plan, train

        items = list(generate_training(config))
        if self.dry_run:
            print(dry_run(config, self.seed, items, out))
            return
        plan(config, self.seed, items, out)  # what cannot work leaves no folder behind
        open_run(config, out)
        try:
            with tail_metrics(out, config.rl.steps) as watch:
                policy = train(config, self.arm, self.seed, items, out, watch)
        except RunFailed as error:
            raise UsageError(str(error)) from error
        except KeyboardInterrupt:
            raise Interrupted(f"stopped; the same command goes on from {out}") from None
        print(f"wrote {policy} and {out / 'metrics.jsonl'}")


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

        print(f"wrote {make_warm_start(config, self.out, log=print_loss)}")


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
        open_console().print(console_summary(read_run(self.folder)))
        print(f"wrote {path}")
