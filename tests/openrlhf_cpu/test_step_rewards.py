"""Step rewards in the real pipeline: each run trains, and every batch that it trained on is recomputed."""

from __future__ import annotations

import contextlib
import json
import math
import signal
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import yaml
from harness import Cluster, _free_port, kill_group, run_cli, start
from recompute import check_batches

STEPS = 5
MINUTES = 60


def config_file(folder: Path, cluster: Cluster, policy: Path, **keys: Any) -> Path:
    """A small run on the cluster: 4 prompts x 4 rollouts a step."""
    tree: dict[str, Any] = {
        "name": "cpu",
        "backend": "openrlhf",
        "seeds": [0],
        "arms": {"process": {"name": "process", **keys.pop("reward", {})}},
        "data": {"train_items": 32, "suites": ["id"], "items_per_order": 4, "validation_items": 4},
        "policy": {"model": str(policy), "max_new_tokens": 120},
        "rl": {
            "steps": STEPS,
            "prompts_per_step": 4,
            "samples_per_prompt": 4,
            "minibatches": 2,
            "micro_batch": 4,
            "warmup_steps": 1,
            "learning_rate": 1.0e-3,
            "checkpoint_every": 2,
            **keys.pop("rl", {}),
        },
        "openrlhf": {
            "address": cluster.address,
            "colocate": "none",
            "max_length": 512,
            "vllm": {"enforce_eager": True, "gpu_memory_utilization": 0.05, "sync_backend": "gloo"},
            "ds": {"attn_implementation": "eager", "param_dtype": "bf16"},
            "algo.advantage.is_correction_level": "token",  # so that OpenRLHF reports vllm_kl
            **keys.pop("openrlhf", {}),
        },
    }
    assert not keys
    path = folder / "run.yaml"
    path.write_text(yaml.safe_dump(tree))
    return path


def metrics(out: Path) -> list[dict[str, Any]]:
    path = out / "metrics.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.is_file() else []


def check_run(out: Path, config: Path, policy: Path, *, sync: bool) -> None:
    """What every finished run must show."""
    rows = metrics(out)
    assert [row["step"] for row in rows] == list(range(1, STEPS + 1))
    assert all(math.isfinite(v) for row in rows for v in row.values() if isinstance(v, float))
    assert any(row["step_reward"] != 0 for row in rows)
    assert all(row["empty"] == row["cut_tokens"] == row["steps_lost"] == 0 for row in rows)
    if sync:  # vLLM samples from the weights that are trained
        assert max(abs(row["vllm_kl"]) for row in rows) < 1e-3
    check_weights(policy, out / "policy")
    assert check_batches(out, config) >= STEPS


def check_weights(before: Path, after: Path) -> None:
    from safetensors.torch import load_file

    old, new = load_file(before / "model.safetensors"), load_file(after / "model.safetensors")
    assert set(old) <= set(new)  # OpenRLHF writes tied output embeddings once more
    changed = {name: float((new[name].float() - old[name].bfloat16().float()).abs().max()) for name in old}
    assert min(changed.values()) > 0, changed
    assert max(changed.values()) < 0.1, changed


def environment(cluster: Cluster) -> dict[str, str]:
    return cluster.env | {"TOMPRM_DUMP_BATCHES": "1"}


def train(config: Path, out: Path, cluster: Cluster, code: int | None = 0) -> str:
    return run_cli(["train-rl", str(config), "--out", str(out)], environment(cluster), timeout=400, code=code)


@pytest.mark.timeout(900)
def test_reinforce_sync_killed_and_resumed(cluster: Cluster, policy: Path, tmp_path: Path) -> None:
    """kill -9 after the first checkpoint; the same command finishes the run."""
    config, out = config_file(tmp_path, cluster, policy), tmp_path / "run"
    first = start(
        ["-m", "tomprm.cli", "train-rl", str(config), "--out", str(out)],
        environment(cluster),
        tmp_path / "first.log",
    )
    until(lambda: len(metrics(out)) >= 3, first)
    kill_everything(first, out)
    assert len(metrics(out)) < STEPS, "the run was over before it was killed"
    train(config, out, cluster)
    assert "wrote" in train(config, out, cluster)  # a finished run is not done again
    check_run(out, config, policy, sync=True)


@pytest.mark.timeout(600)
def test_reinforce_baseline_sync_with_a_service_that_restarts(
    cluster: Cluster, chat_policy: Path, tmp_path: Path
) -> None:
    """The event-aligned baseline, rewards over HTTP; the service dies and comes back in the middle."""
    port = _free_port()
    serve = ["-m", "tomprm.cli", "serve", "--port", str(port)]
    service = start(serve, cluster.env, tmp_path / "service.log")
    try:
        url = f"http://127.0.0.1:{port}"
        until(lambda: answers(url), service)
        config = config_file(
            tmp_path,
            cluster,
            chat_policy,
            reward={"credit": {"baseline": "event"}},
            rl={"estimator": "reinforce_baseline"},
            openrlhf={"reward_url": url},
        )
        out = tmp_path / "run"
        run = start(
            ["-m", "tomprm.cli", "train-rl", str(config), "--out", str(out)],
            environment(cluster),
            tmp_path / "run.log",
        )
        try:
            until(lambda: len(metrics(out)) >= 2, run)
            kill_group(service)
            time.sleep(3)
            service = start(serve, cluster.env, tmp_path / "service2.log")
            assert run.wait(300) == 0, (tmp_path / "run.log").read_text()[-3000:]
        finally:
            kill_everything(run, out)
        check_run(out, config, chat_policy, sync=True)
    finally:
        kill_group(service)


@pytest.mark.timeout(600)
def test_compare_with_asynchronous_training(cluster: Cluster, policy: Path, tmp_path: Path) -> None:
    """The main job on this backend: it trains, evaluates the baseline and what was trained, and reports."""
    config = config_file(
        tmp_path,
        cluster,
        policy,
        reward={"credit": {"form": "min_soft", "baseline": "leave_one_out"}},
        openrlhf={"mode": "async"},
    )
    out = tmp_path / "run"
    run_cli(["compare", str(config), "--out", str(out)], environment(cluster), timeout=500)
    check_run(out / "arms" / "process-s0", config, policy, sync=False)
    rows = [json.loads(line) for line in (out / "results.jsonl").read_text().splitlines()]
    final = [row for row in rows if row.get("arm") == "process" and row.get("checkpoint") == "final"]
    assert final and {row["arm"] for row in rows} >= {"process", "warm_start"}
    assert (out / "report.html").stat().st_size > 10_000
    assert len((out / "metrics.jsonl").read_text().splitlines()) == STEPS


@pytest.mark.timeout(600)
def test_reinforce_baseline_partial_rollouts(cluster: Cluster, policy: Path, tmp_path: Path) -> None:
    """Asynchronous with partial rollouts, and a form that drops rollouts from the batch."""
    config = config_file(
        tmp_path,
        cluster,
        policy,
        reward={"credit": {"form": "prof", "baseline": "token", "keep": 0.5}},
        rl={"estimator": "reinforce_baseline"},
        openrlhf={"mode": "partial"},
    )
    train(config, tmp_path / "run", cluster)
    check_run(tmp_path / "run", config, policy, sync=False)
    assert any(row["dropped"] > 0 for row in metrics(tmp_path / "run"))


@pytest.mark.timeout(400)
def test_a_reward_that_raises_stops_the_run(
    cluster: Cluster, policy: Path, tmp_path: Path, refusing: str
) -> None:
    config = config_file(tmp_path, cluster, policy, openrlhf={"reward_url": refusing})
    said = train(config, tmp_path / "run", cluster, code=2)
    saved = json.loads((tmp_path / "run" / "bad_reward.json").read_text())
    assert "no such story" in saved["error"] and "no such story" in said
    assert "<think>" in saved["text"] and json.loads(saved["item"])["story"]
    assert not metrics(tmp_path / "run")


@pytest.fixture
def refusing() -> Iterator[str]:
    """A reward service that judges nothing."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.answer(200, {"service": "tomprm"})

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.answer(422, {"detail": "no such story"})

        def answer(self, code: int, row: dict[str, str]) -> None:
            body = json.dumps(row).encode()
            self.send_response(code)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def until(true: Any, process: Any, seconds: float = 300) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert process.poll() is None, "the process ended before"
        assert time.monotonic() < end, "nothing happened for too long"
        time.sleep(0.2)


def answers(url: str) -> bool:
    from tomprm.config import ConfigError
    from tomprm.rl.scoring import check_service

    try:
        check_service(url)
    except ConfigError:
        return False
    return True


def kill_everything(process: Any, out: Path) -> None:
    """SIGKILL for the command and for the driver that it started (which is in a session of its own)."""
    import psutil

    victims = [
        p
        for p in psutil.process_iter(["cmdline"])
        if {"tomprm.rl.openrlhf.launch", str(out.resolve())} <= set(p.info["cmdline"] or [])
    ]
    kill_group(process)
    for victim in victims:
        with contextlib.suppress(psutil.NoSuchProcess):
            victim.send_signal(signal.SIGKILL)
    psutil.wait_procs(victims, timeout=20)
