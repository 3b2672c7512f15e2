"""A miniature comparison: the same bytes twice, cut off by Ctrl-C and by a kill, and refused folders."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rl_fixtures import random_policy, save_policy, small_config

from tomprm.config import ConfigError, RunConfig, dump_config, load_config
from tomprm.eval.compare import Job, compare, job_folder, jobs, open_run, progress_of, worker_count
from tomprm.eval.run import code_version
from tomprm.report.compare import write_report
from tomprm.rl.models import load_policy

pytestmark = pytest.mark.slow

STEPS, EVERY = 16, 6
VALIDATED = (6, 12, 16)
JOBS = ["warm_start-s0", "outcome-s0", "process-s0"]


@pytest.fixture(scope="module", autouse=True)
def one_version() -> Iterator[None]:
    """Rows name the commit: none here, since it may change while the tests run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIT_DIR", os.devnull)
        patch.setenv("OMP_NUM_THREADS", "1")
        code_version.cache_clear()
        yield
    code_version.cache_clear()


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> RunConfig:
    policy = save_policy(tmp_path_factory.mktemp("policy"), random_policy(scale=3.0))
    return small_config(policy, workers=2, rl__steps=STEPS, rl__validate_every=EVERY)


@pytest.fixture(scope="module")
def finished(config: RunConfig, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nothing happened to, with the states that were watched."""
    out = tmp_path_factory.mktemp("runs") / "straight"
    states: dict[str, list[str]] = {name: [] for name in JOBS}

    def watch(todo: list[Job]) -> None:
        for job in todo:
            states[job.name].append(progress_of(config, out, job)["state"])

    assert compare(config, out, watch) == out / "results.jsonl"
    order = ["waiting", "training", "evaluating", "done"]
    for seen in states.values():
        assert seen[-1] == "done" and seen == sorted(seen, key=order.index)
    return out


def rows_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def untimed(path: Path) -> list[dict[str, Any]]:
    return [{k: v for k, v in row.items() if not k.endswith("_s")} for row in rows_of(path)]


# -- what is written ----------------------------------------------------------------------------


def test_files(config: RunConfig, finished: Path) -> None:
    assert load_config(finished / "config.yaml").digest() == config.digest()
    assert json.loads((finished / "run.json").read_text())["workers"] == 2
    for name in JOBS:
        folder = finished / "arms" / name
        trained = name != "warm_start-s0"
        steps = VALIDATED if trained else (0,)
        assert sorted(p.name for p in (folder / "validation").iterdir()) == sorted(
            f"step-{step}.jsonl" for step in steps
        )
        assert (folder / "final.jsonl").is_file()
        assert (folder / "metrics.jsonl").is_file() == trained
        if trained:
            load_policy(config.policy.model_copy(update={"model": str(folder / "policy")}))
    assert not list(finished.rglob("*.partial"))


def test_rows(config: RunConfig, finished: Path) -> None:
    rows = rows_of(finished / "results.jsonl")
    assert {row["config"] for row in rows} == {config.digest()}
    assert {row["suite"].partition("@")[0] for row in rows} == {"id", "higher", "id-val", "ood-val"}
    final = Counter(
        (row["arm"], row["seed"], row["suite"], row["decoding"])
        for row in rows
        if row["kind"] == "policy" and row["checkpoint"] in ("final", "warm_start")
    )
    assert len(final) == 3 * 2 * 2 and set(final.values()) == {8}  # 4 items an order, two orders a suite
    curve = Counter(
        (row["arm"], row["step"]) for row in rows if row["kind"] == "policy" and "-val" in row["suite"]
    )
    assert curve.keys() == {("warm_start", 0), *((a, s) for a in config.arms for s in VALIDATED)}
    assert set(curve.values()) == {8}
    heuristics = [row for row in rows if row["kind"] == "heuristic"]
    assert {row["arm"] for row in heuristics} >= {"initial container", "world state"}
    assert all(row["correct"] == (row["answer"] == row["gold"]) for row in heuristics)
    metrics = rows_of(finished / "metrics.jsonl")
    assert [(r["arm"], r["step"]) for r in metrics] == [
        (arm, step) for arm in config.arms for step in range(1, STEPS + 1)
    ]


def test_report(finished: Path) -> None:
    report = write_report(finished)
    assert report == finished / "report.html"
    text = report.read_text(encoding="utf-8")
    assert "<html" in text and "outcome" in text and "process" in text
    assert (finished / "figures").is_dir()


def test_what_is_finished_is_not_done_again(config: RunConfig, finished: Path) -> None:
    before = (finished / "results.jsonl").read_bytes()
    kept = {name: (finished / "arms" / name / "final.jsonl").stat().st_mtime_ns for name in JOBS}
    (finished / "arms" / "process-s0" / "final.jsonl").unlink()
    compare(config, finished)
    assert (finished / "results.jsonl").read_bytes() == before
    after = {name: (finished / "arms" / name / "final.jsonl").stat().st_mtime_ns for name in JOBS}
    assert [name for name in JOBS if kept[name] != after[name]] == ["process-s0"]


def test_twice_gives_the_same_bytes(config: RunConfig, finished: Path, tmp_path: Path) -> None:
    """In another folder, with another number of workers."""
    other = config.model_copy(update={"workers": 3, "name": "other"})
    compare(other, tmp_path / "again")
    assert (tmp_path / "again" / "results.jsonl").read_bytes() == (finished / "results.jsonl").read_bytes()
    assert untimed(tmp_path / "again" / "metrics.jsonl") == untimed(finished / "metrics.jsonl")


# -- cut off ------------------------------------------------------------------------------------


class Run:
    """`tomprm compare` in a process group of its own."""

    def __init__(self, config: Path, out: Path) -> None:
        self.out = out
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tomprm.cli", "compare", str(config), "--out", str(out)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            # A job that a shell put into the background ignores Ctrl-C, and its children would too.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    def steps_done(self) -> int:
        files = self.out.glob("arms/*/metrics.jsonl")
        return sum(path.read_bytes().count(b"\n") for path in files)

    def wait_for_steps(self, n: int) -> None:
        deadline = time.monotonic() + 120
        while self.steps_done() < n:
            assert self.process.poll() is None and time.monotonic() < deadline, self.process.communicate()[0]
            time.sleep(0.01)

    def end(self) -> str:
        """What it printed; waits for the whole group."""
        printed, _ = self.process.communicate(timeout=150)
        deadline = time.monotonic() + 20
        while members := _running(self.process.pid):
            assert time.monotonic() < deadline, f"still there: {members}"
            time.sleep(0.05)
        return printed


def _running(group: int) -> list[int]:
    """Processes of a group that are no zombies (Linux)."""
    found: list[int] = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == group and fields[0] not in "ZX":
            found.append(int(stat.parent.name))
    return found


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds the workers through /proc")
def test_a_run_that_is_cut_off_goes_on_to_the_same_bytes(
    config: RunConfig, finished: Path, tmp_path: Path
) -> None:
    """Ctrl-C (to the whole group, as a terminal sends it), then a kill of the parent alone, which takes the
    workers with it; the third time it ends."""
    path, out = tmp_path / "config.yaml", tmp_path / "cut"
    path.write_text(dump_config(config))
    first = Run(path, out)
    first.wait_for_steps(3)
    os.killpg(first.process.pid, signal.SIGINT)
    printed = first.end()
    assert first.process.returncode == 130, printed
    assert printed.strip().splitlines()[-1] == f"tomprm: stopped; the same command goes on from {out}"
    assert "Traceback" not in printed
    done = first.steps_done()
    assert done < 2 * STEPS, "too late to show anything"

    second = Run(path, out)
    second.wait_for_steps(done + 3)
    os.kill(second.process.pid, signal.SIGKILL)
    second.end()
    assert second.process.returncode == -signal.SIGKILL
    assert not (out / "results.jsonl").exists()

    third = Run(path, out)
    printed = third.end()
    assert third.process.returncode == 0, printed
    assert f"wrote {out / 'report.html'}" in printed
    assert (out / "results.jsonl").read_bytes() == (finished / "results.jsonl").read_bytes()
    assert untimed(out / "metrics.jsonl") == untimed(finished / "metrics.jsonl")
    assert (out / "report.html").is_file()
    assert not list(out.rglob("*.partial"))


# -- refused ------------------------------------------------------------------------------------


def test_a_folder_of_another_config_is_refused(config: RunConfig, finished: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in finished.rglob("*")}
    for key in ("rl.learning_rate=0.5", "seeds=[3]", "data.seed=9", "arms.process.penalty=0"):
        other = load_config(finished / "config.yaml", [key])
        with pytest.raises(ConfigError, match=r"a run of another config \(.*config\.yaml\); name a new"):
            compare(other, finished)
    assert {path: path.stat().st_mtime_ns for path in finished.rglob("*")} == before
    renamed = load_config(finished / "config.yaml", ["name=x", "workers=1", "wandb=offline"])
    open_run(renamed, finished)  # none of these changes a number


def test_folders_that_are_no_runs_are_refused(config: RunConfig, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="is a file; name a folder"):
        open_run(config, tmp_path / "file")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").write_text("")
    with pytest.raises(ConfigError, match="is not empty and holds no run; name a new folder"):
        open_run(config, tmp_path / "full")
    (tmp_path / "empty").mkdir()
    open_run(config, tmp_path / "empty")
    open_run(config, tmp_path / "empty")


def test_a_policy_that_cannot_be_loaded_stops_before_the_folder_is_made(
    config: RunConfig, tmp_path: Path
) -> None:
    lost = config.policy.model_copy(update={"model": str(tmp_path / "nothing")})
    with pytest.raises(ConfigError, match=r"policy\.model"):
        compare(config.model_copy(update={"policy": lost}), tmp_path / "run")
    assert not (tmp_path / "run").exists()


# -- small parts --------------------------------------------------------------------------------


def test_jobs_run_seed_by_seed(config: RunConfig) -> None:
    two = config.model_copy(update={"seeds": (3, 1)})
    assert [job.name for job in jobs(two)] == [
        "warm_start-s0",
        "outcome-s3",
        "process-s3",
        "outcome-s1",
        "process-s1",
    ]
    assert worker_count(two, 5) == 2
    assert 1 <= worker_count(two.model_copy(update={"workers": 0}), 5) <= 5


def test_progress_is_read_from_the_folder(config: RunConfig, tmp_path: Path) -> None:
    job = Job("process", 0)
    folder = job_folder(tmp_path, job)
    assert progress_of(config, tmp_path, job) == {"state": "waiting", "step": 0}
    folder.mkdir(parents=True)
    assert progress_of(config, tmp_path, job) == {"state": "training", "step": 0}
    lines = [json.dumps({"step": n, "reward": 0.5, "pad": "x" * 900}) for n in range(1, 9)]
    (folder / "metrics.jsonl").write_text("\n".join(lines) + '\n{"step": 9, "rew')
    found = progress_of(config, tmp_path, job)
    assert (found["state"], found["step"], found["reward"]) == ("training", 8, 0.5)
    (folder / "metrics.jsonl").write_text(json.dumps({"step": STEPS}) + "\n")
    assert progress_of(config, tmp_path, job)["state"] == "evaluating"
    (folder / "final.jsonl").write_text("")
    assert progress_of(config, tmp_path, job)["state"] == "done"
    assert progress_of(config, tmp_path, Job("warm_start", 0))["state"] == "waiting"
