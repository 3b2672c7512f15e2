"""The harness itself: the shim fails loudly, and a driver's set-up hook reaches the cluster's workers."""

from __future__ import annotations

import os
import re
import shutil
import time
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from harness import HERE, Cluster, harness_env, kill_group, run, start

HOOK = "import sys\ndef setup():\n    sys.hook_ran = True\n"
DRIVER = """
import os, sys, ray
ray.init(address=os.environ["RAY_ADDRESS"], runtime_env={"worker_process_setup_hook": "harness_hook.setup"})

@ray.remote(num_gpus=1)
def look():
    return getattr(sys, "hook_ran", False), any("openrlhf_on_cpu" in repr(f) for f in sys.meta_path)

print("seen:", ray.get(look.remote()), ray.cluster_resources()["GPU"])
"""
OWNER = """
import time, harness
cluster, head = harness.start_cluster(cpus=1, gpus=1)
print("head:", head.pid, cluster.folder)
time.sleep(600)
"""
IMPORT_ALL = """
import importlib, sys
import openrlhf_on_cpu
for name in openrlhf_on_cpu.PATCHES:
    importlib.import_module(name)
    print("patched", name, "flash_attn" in sys.modules)
"""


def test_a_patch_whose_target_is_gone_raises() -> None:
    import openrlhf_on_cpu as shim

    module = types.SimpleNamespace(__name__="upstream", f=lambda a, b: None)
    with pytest.raises(shim.Gone, match=r"upstream\.g is gone"):
        shim.replace(module, "g", None)
    with pytest.raises(shim.Gone, match=r"upstream\.f takes \(a b\), not \(a c\)"):
        shim.replace(module, "f", None, "a c")
    shim.replace(module, "f", 1, "a b")
    assert module.f == 1


def test_every_patch_applies_to_the_installed_versions() -> None:
    import openrlhf_on_cpu as shim

    assert shim.missing() == []
    out = run(["-c", IMPORT_ALL], harness_env(), timeout=150)
    assert [line for line in out.splitlines() if line.startswith("patched")] == [
        f"patched {name} False" for name in shim.PATCHES
    ]


def test_run_tells_what_failed() -> None:
    with pytest.raises(AssertionError, match=r"exit status: 3, expected: 0; last lines:\nwhy"):
        run(["-c", "print('why'); raise SystemExit(3)"], harness_env(TOMPRM_CPU_SHIM="0"), timeout=20)
    assert "why" in run(["-c", "print('why'); raise SystemExit(3)"], harness_env(), timeout=20, code=None)
    with pytest.raises(AssertionError, match=r"nothing after 1 s"):
        run(["-c", "import time; time.sleep(60)"], harness_env(), timeout=1)


def test_set_up_hook_and_shim_reach_the_workers(cluster: Cluster, tmp_path: Path) -> None:
    (tmp_path / "harness_hook.py").write_text(HOOK)
    path = f"{cluster.env['PYTHONPATH']}:{tmp_path}"
    env = {**cluster.env, "PYTHONPATH": path}
    out = run(
        ["-c", DRIVER.replace('{"worker_', f'{{"env_vars": {{"PYTHONPATH": {path!r}}}, "worker_')], env, 90
    )
    assert "seen: (True, True) 6.0" in out


def test_cluster_ends_when_its_owner_is_killed(tmp_path: Path) -> None:
    owner = start(["-c", OWNER], {**harness_env(), "PYTHONPATH": str(HERE)}, tmp_path / "log")
    try:
        found = _wait(lambda: re.search(r"^head: (\d+) (\S+)\n", (tmp_path / "log").read_text(), re.M), 120)
    finally:
        kill_group(owner)
    _wait(lambda: not _alive(int(found[1])), 30)
    shutil.rmtree(found[2])


def _wait(condition: Callable[[], Any], seconds: float) -> Any:
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, f"not within {seconds:g} s"
        time.sleep(0.2)
    return value


def _alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_chat_template_writes_the_plain_prompt(policy: Path, chat_policy: Path) -> None:
    from transformers import AutoTokenizer

    prompt = "Ann entered the hall.\nWhere does Ann think the key is?\n"
    plain, chat = AutoTokenizer.from_pretrained(policy), AutoTokenizer.from_pretrained(chat_policy)
    messages = [{"role": "user", "content": prompt}]
    assert plain.chat_template is None
    assert chat.apply_chat_template(messages, add_generation_prompt=True, tokenize=False) == prompt
    assert chat.apply_chat_template(messages, tokenize=False) == prompt.rstrip("\n")
