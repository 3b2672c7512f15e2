"""One arm with one seed on OpenRLHF: check, write its inputs, start it, resume it, find its policy."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

from tomprm.config import RunConfig
from tomprm.rl.openrlhf.checks import check_layout, check_model, check_prompts, check_reward, check_versions
from tomprm.rl.openrlhf.data import prompt_pool, prompt_rows, write_prompts
from tomprm.rl.openrlhf.flags import check_flags, command, openrlhf_flags, readable
from tomprm.rl.openrlhf.settings import RUN, Settings, write_settings
from tomprm.rl.records import forget_after
from tomprm.world.items import Item

DONE, LOG, BAD = "openrlhf.done", "openrlhf.log", "bad_reward.json"
JOB = "ray_job"  # the name of a submitted one
STARTED, PORT_TAKEN, STARTS = "=== tomprm starts OpenRLHF", "EADDRINUSE", 3


class RunFailed(RuntimeError):
    """OpenRLHF ended with an error; the message names the cause and where the log is."""


def plan(
    config: RunConfig, seed: int, items: Sequence[Item], folder: Path, *, elsewhere: bool = False
) -> list[str]:
    """The command of a run, after every check; `elsewhere`: but for those of this machine.

    Raises:
        ConfigError: the config cannot work; nothing has been started or written.
    """
    if not elsewhere:
        check_versions()
    tokenizer = check_model(config)
    flags = openrlhf_flags(config, seed, folder, chat=bool(tokenizer.chat_template))
    check_flags(flags)
    check_layout(config, flags, None if elsewhere or config.openrlhf.address else _local_gpus())
    check_reward(config, elsewhere)
    check_prompts(config, prompt_pool(config, items), tokenizer, flags)
    address = config.openrlhf.address
    if address.startswith(("http://", "https://")):
        inner = command(flags, folder, "auto")
        return ["ray", "job", "submit", "--address", address, "--", *inner]
    return command(flags, folder, address)


def dry_run(config: RunConfig, seed: int, items: Sequence[Item], folder: Path) -> str:
    """What `train` would start. Whether this machine could is not asked: the run may be another's."""
    return readable(plan(config, seed, items, folder, elsewhere=True))


def train(
    config: RunConfig,
    arm: str,
    seed: int,
    items: Sequence[Item],
    folder: Path,
    watch: Callable[[], None] = lambda: None,
) -> Path:
    """Train from the last checkpoint if there is one; returns the policy's folder.

    `watch` is called about twice a second while OpenRLHF runs.

    Raises:
        ConfigError: before anything starts.
        RunFailed: OpenRLHF ended with an error. The same call goes on from the last checkpoint.
        KeyboardInterrupt: after the run has been stopped.
    """
    policy = folder / "policy"
    if (folder / DONE).is_file():
        return policy
    words = plan(config, seed, items, folder)
    layout = config.openrlhf
    folder.mkdir(parents=True, exist_ok=True)
    write_settings(
        Settings(
            arm=arm,
            seed=seed,
            reward=config.arms[arm],
            reward_url=layout.reward_url,
            reward_gpus=layout.reward_gpus,
            dump=bool(os.environ.get("TOMPRM_DUMP_BATCHES")),
        ),
        folder,
    )
    flags = openrlhf_flags(config, seed, folder, chat=False)  # of which the names of columns are needed
    rows = prompt_rows(config, prompt_pool(config, items), seed, flags)
    write_prompts(folder / "data" / "prompts.jsonl", rows)
    (folder / BAD).unlink(missing_ok=True)
    for left in reversed(range(STARTS)):
        forget_after(folder / "metrics.jsonl", checkpoint_step(folder))
        code = _start(words, folder, watch)
        if not code:
            break
        # OpenRLHF looks for a free port and takes it seconds later; another process may have been quicker.
        if not left or PORT_TAKEN not in _tail(folder):
            raise RunFailed(failure(folder, code))
    if not (policy / "config.json").is_file():
        raise RunFailed(f"OpenRLHF ended without saving {policy}; see {folder / LOG}")
    (folder / DONE).write_text(json.dumps({"step": config.rl.steps}) + "\n", encoding="utf-8")
    return policy


def _start(words: list[str], folder: Path, watch: Callable[[], None]) -> int:
    """Run the command with its output in the log; Ctrl-C stops it first."""
    job = words[:3] == ["ray", "job", "submit"]
    if job:
        _stop_job(words, folder)  # a former client may have been killed, and its job goes on
        name = f"tomprm-{uuid4().hex[:12]}"
        (folder / JOB).write_text(name, encoding="utf-8")
        words = [*words[:3], "--submission-id", name, *words[3:]]
    elif words[0] == "python":
        words = [sys.executable, *words[1:]]
    environment = os.environ | {RUN: str(folder.resolve())}
    with (folder / LOG).open("ab") as log:
        log.write(f"{STARTED}\n".encode())
        log.flush()
        process = subprocess.Popen(
            words, stdout=log, stderr=subprocess.STDOUT, env=environment, start_new_session=True
        )
        try:
            while True:
                try:
                    return process.wait(timeout=0.5)
                except subprocess.TimeoutExpired:
                    watch()
        except BaseException:
            _stop(process)
            if job:
                _stop_job(words, folder)
            raise


def _stop(process: subprocess.Popen[bytes]) -> None:
    """The driver takes Ctrl-C as a sign to shut its Ray down; what does not listen is killed."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(timeout=20)
            return
        except subprocess.TimeoutExpired:
            continue
        except ProcessLookupError:
            return


def _stop_job(words: list[str], folder: Path) -> None:
    """End the folder's job on the cluster, if one runs."""
    if (folder / JOB).is_file():
        name, address = (folder / JOB).read_text(encoding="utf-8"), words[words.index("--address") + 1]
        subprocess.run(["ray", "job", "stop", "--address", address, name], capture_output=True, check=False)
        (folder / JOB).unlink()


def checkpoint_step(folder: Path) -> int:
    """The step that OpenRLHF will go on from; 0 without a checkpoint."""
    latest = folder / "checkpoints" / "_actor" / "latest"
    if not latest.is_file():
        return 0
    digits = latest.read_text(encoding="utf-8").strip().rpartition("step")[2]
    return int(digits) if digits.isdigit() else 0


def failure(folder: Path, code: int) -> str:
    """The cause of a failed run in a line or two: the saved sample first, then the log's last error."""
    log = folder / LOG
    tail = _tail(folder).splitlines()
    if (folder / BAD).is_file():
        saved: dict[str, Any] = json.loads((folder / BAD).read_text(encoding="utf-8"))
        return f"the reward failed: {saved['error']}; the sample is in {folder / BAD}, the log in {log}"
    errors = [line.strip() for line in tail if "Error" in line or line.startswith("tomprm:")]
    last = errors[-1] if errors else f"exit code {code}"
    return f"OpenRLHF failed: {last}; the log is {log}; the same command goes on from the last checkpoint"


def _tail(folder: Path) -> str:
    """The log's last lines, of the last start alone."""
    text = (folder / LOG).read_text(encoding="utf-8", errors="replace").rpartition(STARTED)[2]
    return "\n".join(text.splitlines()[-400:])


def _local_gpus() -> int:
    import torch

    return torch.cuda.device_count()
