"""The driver: OpenRLHF's own command line, in a Ray job whose workers install tomprm's hook.

    python -m tomprm.rl.openrlhf.launch RUN_FOLDER [--address auto] -- --actor.model_name_or_path ...

`tomprm train-rl` starts it; `--dry-run` prints the whole command.
"""

from __future__ import annotations

import os
import runpy
import sys
from pathlib import Path

from tomprm.config import ConfigError
from tomprm.rl.openrlhf.settings import RUN, settings

CLI = "openrlhf.cli.train_ppo_ray"
HOOK = "tomprm.rl.openrlhf.hook.setup"
# Set in the driver, these must reach the workers too.
PASSED_ON = ("HF_HOME", "HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "NCCL_DEBUG", "VLLM_USE_V1", "PYTHONPATH")


def runtime_env(folder: Path) -> dict[str, object]:
    """Ray's: the hook, and the variables that every worker needs."""
    variables = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    variables |= {RUN: str(folder), "TOKENIZERS_PARALLELISM": "false"}
    return {"env_vars": variables, "worker_process_setup_hook": HOOK}


def main(argv: list[str]) -> None:
    folder, rest = Path(argv[0]).resolve(), argv[1:]
    address = None
    if rest[:1] == ["--address"]:
        address, rest = rest[1], rest[2:]
    if rest[:1] != ["--"]:
        raise SystemExit("usage: python -m tomprm.rl.openrlhf.launch RUN_FOLDER [--address A] -- FLAGS")
    os.environ[RUN] = str(folder)
    try:
        reward_gpus = settings().reward_gpus
    except ConfigError as error:
        raise SystemExit(f"tomprm: {error}") from error
    import ray

    from tomprm.rl.openrlhf.checks import check_cluster

    ray.init(address=address, runtime_env=runtime_env(folder), log_to_driver=True)
    try:
        check_cluster(rest[1:], ray.cluster_resources(), reward_gpus)
        sys.argv = [CLI, *rest[1:]]
        runpy.run_module(CLI, run_name="__main__", alter_sys=True)
    finally:
        ray.shutdown()


if __name__ == "__main__":
    main(sys.argv[1:])
