"""The comparison: arms x seeds, trained and evaluated, into one results.jsonl.

    runs/x/config.yaml          the resolved config; a folder belongs to one config for good
    runs/x/run.json             machine and versions
    runs/x/data/*.jsonl         the items that were trained and tested on
    runs/x/arms/ARM-sSEED/      checkpoint.pt, metrics.jsonl, validation/step-N.jsonl, final.jsonl
    runs/x/results.jsonl        everything measured, in a fixed order

What is finished is never done again: the same command resumes a run that was cut off.
"""

from __future__ import annotations

import gc
import json
import multiprocessing
import os
import platform
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import transformers

from tomprm.belief.generate import generate
from tomprm.config import ConfigError, RunConfig, dump_config, load_config
from tomprm.eval.files import write_rows, write_text
from tomprm.eval.run import code_version, evaluate, final_rows, heuristic_rows, policy_rows
from tomprm.eval.suites import (
    VALIDATION,
    VERSION,
    Suite,
    build_suites,
    build_validation,
    read_suite,
    write_suite,
)
from tomprm.rl.memory import keep_freed_memory
from tomprm.rl.models import choose_device, load_policy
from tomprm.rl.scoring import check_judges
from tomprm.rl.tracking import check_tracking
from tomprm.rl.train import Trainer, training_recipe
from tomprm.world.items import Item

BASELINE = "warm_start"


@dataclass(frozen=True, slots=True)
class Job:
    """One arm with one seed; the baseline is trained no further."""

    arm: str
    seed: int

    @property
    def name(self) -> str:
        return f"{self.arm}-s{self.seed}"


def jobs(config: RunConfig) -> list[Job]:
    """The baseline first, then seed by seed, so that paired arms run side by side."""
    return [Job(BASELINE, 0), *(Job(arm, seed) for seed in config.seeds for arm in config.arms)]


def open_run(config: RunConfig, out: Path) -> None:
    """Make the folder, or check that it is this config's.

    Raises:
        ConfigError: the folder holds a run of another config, or is a file.
    """
    if out.exists() and not out.is_dir():
        raise ConfigError(f"--out {out}: is a file; name a folder")
    recorded = out / "config.yaml"
    if recorded.is_file():
        if load_config(recorded).digest() != config.digest():
            raise ConfigError(
                f"--out {out}: holds a run of another config ({recorded}); name a new folder or delete it"
            )
        return
    if out.is_dir() and any(out.iterdir()):
        raise ConfigError(f"--out {out}: is not empty and holds no run; name a new folder")
    out.mkdir(parents=True, exist_ok=True)
    write_text(recorded, dump_config(config))


def compare(config: RunConfig, out: Path, watch: Callable[[list[Job]], None] = lambda jobs: None) -> Path:
    """Run what is missing, then gather results.jsonl; returns its path.

    `watch` is called about twice a second with all jobs, to show progress (see `progress_of`).

    Raises:
        ConfigError: before anything starts, when the config cannot work.
    """
    check_tracking(config)
    if config.backend == "embedded":
        load_policy(config.policy)
        check_judges(config)
    else:  # which checks without loading weights: the GPUs are OpenRLHF's
        from tomprm.rl.openrlhf.run import plan

        items = list(generate_training(config))
        for seed in config.seeds:
            plan(config, seed, items, out)
    open_run(config, out)
    todo = jobs(config)
    workers = worker_count(config, len(todo))
    record_machine(config, out, workers)
    prepare_data(config, out)
    threads = max(1, (os.cpu_count() or 1) // workers)
    missing = [job for job in todo if not (job_folder(out, job) / "final.jsonl").is_file()]
    if config.backend == "openrlhf":  # each job has the whole cluster
        for job in missing:
            run_job(config, out, job, lambda: watch(todo))
            _free_gpu()
    elif missing:
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(
            workers, mp_context=context, initializer=_worker, initargs=(threads,)
        ) as pool:
            waiting = {pool.submit(run_job, config, out, job) for job in missing}
            try:
                while waiting:
                    done, waiting = wait(waiting, timeout=0.5, return_when=FIRST_COMPLETED)
                    for future in done:
                        future.result()
                    watch(todo)
            except BaseException:
                for process in list((pool._processes or {}).values()):
                    process.terminate()
                pool.shutdown(wait=True, cancel_futures=True)
                raise
    watch(todo)
    return gather(config, out)


def _free_gpu() -> None:
    """Give back what the evaluated policy left in this process: the next job's engines need the memory."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def worker_count(config: RunConfig, n_jobs: int) -> int:
    """Jobs at once: one a core on a CPU (tiny models gain more from that than from threads), one on a GPU."""
    if config.workers:
        return config.workers
    if choose_device(config.policy.device).type == "cuda":
        return 1
    return max(1, min(os.cpu_count() or 1, n_jobs))


def _worker(threads: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's business
    threading.Thread(target=_end_with_parent, daemon=True).start()
    torch.set_num_threads(threads)
    keep_freed_memory()


def _end_with_parent() -> None:
    """A worker whose parent was killed would go on writing into a folder that the next run resumes."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def prepare_data(config: RunConfig, out: Path) -> None:
    """Generate training items and suites once; every job reads them from the run folder."""
    train = _train_file(out)
    if not train.is_file():
        write_rows(train, (item.as_row() for item in generate_training(config)))
    for build, names in ((build_validation, VALIDATION), (build_suites, config.data.suites)):
        if not all(_suite_file(out, name).is_file() for name in names):
            for suite in build(config.data):
                write_suite(suite, _suite_file(out, suite.name))


def generate_training(config: RunConfig) -> Iterator[Item]:
    """The items that the policy is trained on; the same for all arms and seeds."""
    return generate(training_recipe(config.data), config.data.seed, "train", config.data.train_items)


def _train_file(out: Path) -> Path:
    return out / "data" / "train.jsonl"


def _suite_file(out: Path, name: str) -> Path:
    return out / "data" / f"{name}@{VERSION}.jsonl"


def read_training(out: Path) -> list[Item]:
    lines = _train_file(out).read_text(encoding="utf-8").splitlines()
    return [Item.from_row(json.loads(line)) for line in lines]


def read_suites(out: Path, names: Iterable[str]) -> list[Suite]:
    return [read_suite(name, _suite_file(out, name)) for name in names]


def job_folder(out: Path, job: Job) -> Path:
    return out / "arms" / job.name


def run_job(config: RunConfig, out: Path, job: Job, watch: Callable[[], None] = lambda: None) -> None:
    """Train (unless it is the baseline), then evaluate on every suite."""
    folder = job_folder(out, job)
    suites, validation = read_suites(out, config.data.suites), read_suites(out, VALIDATION)
    version = run_version(out)
    if job.arm == BASELINE:
        model, tokenizer = load_policy(config.policy)
        _validate(config, folder, job, model, tokenizer, validation, 0, version)
        step = 0
    elif config.backend == "openrlhf":
        from tomprm.rl.openrlhf.run import train

        trained = train(config, job.arm, job.seed, read_training(out), folder, watch)
        model, tokenizer = load_policy(config.policy.model_copy(update={"model": str(trained)}))
        step = config.rl.steps
        _validate(config, folder, job, model, tokenizer, validation, step, version)
    else:
        trainer = Trainer(config, job.arm, job.seed, read_training(out), folder)

        def validate(t: Trainer) -> None:
            if t.step:  # step 0 is the baseline's, shared by all
                _validate(config, folder, job, t.policy, t.tokenizer, validation, t.step, version)

        model, tokenizer, step = trainer.run(validate), trainer.tokenizer, config.rl.steps
        trainer.save_policy(folder / "policy")
    rows = final_rows(model, tokenizer, suites, config, job.arm, job.seed, step, version)
    write_rows(folder / "final.jsonl", rows)


def _validate(
    config: RunConfig,
    folder: Path,
    job: Job,
    model: Any,
    tokenizer: Any,
    suites: list[Suite],
    step: int,
    version: str,
) -> None:
    rows: list[dict[str, Any]] = []
    for suite in suites:
        found = evaluate(model, tokenizer, suite, config, decoding="greedy")
        rows += policy_rows(found, config, job.arm, job.seed, step, f"step-{step}", version)
    write_rows(folder / "validation" / f"step-{step}.jsonl", rows)


def gather(config: RunConfig, out: Path) -> Path:
    """All rows in one file: heuristics, then job by job; the same bytes for the same config and seeds."""

    version = run_version(out)

    def rows() -> Iterator[str]:
        for row in heuristic_rows(read_suites(out, config.data.suites)):
            yield json.dumps(row | {"config": config.digest(), "version": version}) + "\n"
        for job in jobs(config):
            folder = job_folder(out, job)
            steps = sorted(
                int(p.stem.removeprefix("step-")) for p in (folder / "validation").glob("step-*.jsonl")
            )
            for step in steps:
                yield (folder / "validation" / f"step-{step}.jsonl").read_text(encoding="utf-8")
            yield (folder / "final.jsonl").read_text(encoding="utf-8")

    target = out / "results.jsonl"
    write_text(target, rows())
    write_text(
        out / "metrics.jsonl",
        (
            path.read_text(encoding="utf-8")
            for job in jobs(config)
            if (path := job_folder(out, job) / "metrics.jsonl").is_file()
        ),
    )
    return target


def progress_of(config: RunConfig, out: Path, job: Job) -> dict[str, Any]:
    """Where a job is: `state` (waiting, training, evaluating, done), `step` and its latest metrics."""
    folder = job_folder(out, job)
    if (folder / "final.jsonl").is_file():
        state = "done"
    elif not folder.is_dir():
        return {"state": "waiting", "step": 0}
    else:
        state = "evaluating" if job.arm == BASELINE else "training"
    latest: dict[str, Any] = {}
    metrics = folder / "metrics.jsonl"
    if metrics.is_file():
        with metrics.open("rb") as file:
            file.seek(max(0, metrics.stat().st_size - 4096))
            for line in reversed(file.read().decode("utf-8", "ignore").splitlines()):
                try:
                    latest = json.loads(line)
                    break
                except json.JSONDecodeError:
                    continue
    if state == "training" and latest.get("step") == config.rl.steps:
        state = "evaluating"
    return {"step": 0, **latest, "state": state}


def record_machine(config: RunConfig, out: Path, workers: int) -> None:
    """What the run was made on; outside results.jsonl, which must not depend on it."""
    device = choose_device(config.policy.device)
    machine = {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cpu": _cpu_name(),
        "cores": os.cpu_count(),
        "device": torch.cuda.get_device_name() if device.type == "cuda" else "cpu",
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "tomprm": code_version(),
        "workers": workers,
        "command": " ".join(Path(a).name if i == 0 else a for i, a in enumerate(sys.argv)),
    }
    write_text(out / "run.json", json.dumps(machine, indent=1) + "\n")


def run_version(out: Path) -> str:
    """The code that this run was started with: the same on all its rows."""
    return str(json.loads((out / "run.json").read_text(encoding="utf-8"))["tomprm"])


def _cpu_name() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or "unknown"
