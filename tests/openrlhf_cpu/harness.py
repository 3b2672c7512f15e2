"""A Ray cluster with invented GPUs on this machine, and commands that run against it."""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
GIB = 2**30


@dataclass(frozen=True)
class Cluster:
    address: str  # host:port of its head
    env: dict[str, str]  # for drivers; its workers have the same
    folder: Path  # Ray's temporary folder; logs in folder/session_latest/logs


def harness_env(**more: str) -> dict[str, str]:
    """This process's environment with what the shim, Ray, DeepSpeed and vLLM need on a CPU.

    It has to be raylet's too: Ray workers, vLLM's EngineCore and DeepSpeed's compiler inherit it from there.
    """
    env = {k: v for k, v in os.environ.items() if not k.startswith(("RAY_", "VLLM_", "PYTEST_", "CUDA_"))}
    bin_folder = str(Path(sys.executable).parent)  # ninja, for DeepSpeed's kernels
    return env | {
        "PATH": os.pathsep.join([bin_folder, env.get("PATH", os.defpath)]),
        "PYTHONPATH": os.pathsep.join([str(HERE / "shim"), *filter(None, [env.get("PYTHONPATH")])]),
        "TOMPRM_CPU_SHIM": "1",
        "DS_ACCELERATOR": "cpu",
        "TORCH_EXTENSIONS_DIR": str(Path(sys.prefix) / "torch_extensions"),  # compiled once per environment
        "VLLM_CACHE_ROOT": str(Path(sys.prefix) / "vllm"),  # saves a process that imports all of vLLM
        "VLLM_CPU_KVCACHE_SPACE": "1",  # GiB
        "VLLM_CPU_OMP_THREADS_BIND": "nobind",
        "VLLM_HOST_IP": "127.0.0.1",
        "VLLM_NO_USAGE_STATS": "1",
        "OMP_NUM_THREADS": "1",
        "GLOO_SOCKET_IFNAME": "lo",
        "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
        "RAY_USAGE_STATS_ENABLED": "0",
        "TOKENIZERS_PARALLELISM": "false",
        "HF_HUB_OFFLINE": "1",
        "HF_DATASETS_OFFLINE": "1",
        "DO_NOT_TRACK": "1",
        "PYTHONUNBUFFERED": "1",
        **more,
    }


def start_cluster(
    cpus: int = 8, gpus: int = 6, env: Mapping[str, str] | None = None
) -> tuple[Cluster, subprocess.Popen]:
    """A Ray head of our own: own port, temporary folder and process group. `env` adds to harness_env()."""
    folder = Path(tempfile.mkdtemp(prefix="tomprm-ray-", dir="/tmp"))  # short: socket paths are limited
    address = f"127.0.0.1:{_free_port()}"
    full = harness_env(**(env or {})) | {"HF_HOME": str(folder / "hf")}
    command = [
        *("-m", "ray.scripts.scripts", "start", "--head", "--block", "--disable-usage-stats"),
        *("--node-ip-address=127.0.0.1", f"--port={address.split(':')[1]}", f"--temp-dir={folder}"),
        *(f"--num-cpus={cpus}", f"--num-gpus={gpus}", f"--object-store-memory={GIB // 4}"),
        *("--include-dashboard=false", f"--ray-client-server-port={_free_port()}"),
        *("--min-worker-port=0", "--max-worker-port=0"),  # any free port
    ]
    head = start(command, full, folder / "head.log")
    cluster = Cluster(address, full | {"RAY_ADDRESS": address}, folder)
    try:
        _wait_until_up(cluster, head)
    except BaseException:
        stop_cluster(cluster, head)
        raise
    return cluster, head


def stop_cluster(cluster: Cluster, head: subprocess.Popen) -> None:
    """Ends the head and its process group, which all its workers are in, and no others (`ray stop` would end
    every cluster of the machine)."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        end = time.monotonic() + 10
        with contextlib.suppress(ProcessLookupError):
            os.killpg(head.pid, number)
            while time.monotonic() < end:
                head.poll()  # else it stays a zombie and the group alive
                os.killpg(head.pid, 0)
                time.sleep(0.2)
    shutil.rmtree(cluster.folder, ignore_errors=True)


def start(args: Sequence[str], env: Mapping[str, str], log: Path) -> subprocess.Popen:
    """`python ARGS` in its own process group, its output in `log`. To interrupt a run; else use run()."""
    command = [sys.executable, *args]
    with log.open("wb") as out:
        return subprocess.Popen(
            command,
            env=env,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_end_with_parent,
        )


def run(args: Sequence[str], env: Mapping[str, str], timeout: float, code: int | None = 0) -> str:
    """Output (both streams) of `python ARGS`. Raises AssertionError with the last 80 lines where it takes
    more than `timeout` seconds or its exit status is not `code` (None: any but 0)."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "log")
        process = start(args, env, log)
        try:
            got: int | str = process.wait(timeout)
        except subprocess.TimeoutExpired:
            got = f"nothing after {timeout:g} s"
        finally:
            kill_group(process)
        output = log.read_text(errors="replace")
    if (got == code) if code is not None else (isinstance(got, int) and got != 0):
        return output
    tail = "\n".join(output.splitlines()[-80:])
    raise AssertionError(
        f"python {' '.join(args)}\nexit status: {got}, expected: {code}; last lines:\n{tail}"
    )


def run_cli(args: Sequence[str], env: Mapping[str, str], timeout: float, code: int | None = 0) -> str:
    """run() of `python -m tomprm.cli ARGS`."""
    return run(["-m", "tomprm.cli", *args], env, timeout, code)


def kill_group(process: subprocess.Popen) -> None:
    """SIGKILL for a process of start() and what it started (the cluster's workers are in another group)."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _wait_until_up(cluster: Cluster, head: subprocess.Popen, seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    log = cluster.folder / "head.log"
    while time.monotonic() < end:
        if head.poll() is not None:
            break
        if "Ray runtime started" in log.read_text(errors="replace"):
            return
        time.sleep(0.5)
    raise RuntimeError(f"the Ray head did not start:\n{log.read_text(errors='replace')[-4000:]}")


def _end_with_parent() -> None:
    """In the child: SIGTERM when pytest goes, however it goes. Fixtures do not end if pytest is killed."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]
