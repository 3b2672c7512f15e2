"""Swaps tomprm's parts into OpenRLHF, in every process, right after OpenRLHF's own modules are imported.

    ray.init(runtime_env={"worker_process_setup_hook": "tomprm.rl.openrlhf.hook.setup"})

A subclass of the trainer will not do: Ray pickles inherited methods with their own `__class__` cell, and
the asynchronous trainer then fails. Classes that are looked up by name in their module can be replaced.
This module is imported by every Ray worker, so it imports nothing heavy.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

MAKER = "openrlhf.trainer.ppo_utils.experience_maker"
TRAINER = "openrlhf.trainer.ppo_trainer"


def _swap_maker(module: ModuleType) -> None:
    from tomprm.rl.openrlhf.maker import step_reward_maker

    module.RemoteExperienceMaker = step_reward_maker(_known(module, "RemoteExperienceMaker"))  # type: ignore[attr-defined]


def _log_metrics(module: ModuleType) -> None:
    from tomprm.rl.openrlhf.metrics import recording

    trainer = _known(module, "BasePPOTrainer")
    trainer.save_logs_and_checkpoints = recording(_known(trainer, "save_logs_and_checkpoints"))


PATCHES: dict[str, Callable[[ModuleType], None]] = {MAKER: _swap_maker, TRAINER: _log_metrics}


def setup() -> None:
    """Install the hook in this process; for Ray's `worker_process_setup_hook`.

    Raises:
        RuntimeError: OpenRLHF has been imported already, so it would go on with its own classes.
    """
    early = [name for name in PATCHES if name in sys.modules]
    if early:
        raise RuntimeError(f"{', '.join(early)} is imported already; call tomprm's setup() before OpenRLHF")
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


def _known(owner: Any, name: str) -> Any:
    """An attribute of OpenRLHF's that must be there: training without it would lose the step rewards."""
    found = getattr(owner, name, None)
    if found is None:
        where = getattr(owner, "__name__", owner)
        raise RuntimeError(f"OpenRLHF changed: {where} has no {name}; install a version that tomprm supports")
    return found


class _Finder(importlib.abc.MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname not in PATCHES:
            return None
        for finder in sys.meta_path:
            if finder is self or not hasattr(finder, "find_spec"):
                continue
            spec = finder.find_spec(fullname, path, target)
            if spec is not None and spec.loader is not None:
                spec.loader = _Loader(spec.loader, PATCHES[fullname])
                return spec
        return None


class _Loader(importlib.abc.Loader):
    """The module's own loader, and the patch after it."""

    def __init__(self, inner: Any, patch: Callable[[ModuleType], None]) -> None:
        self._inner, self._patch = inner, patch

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return self._inner.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._inner.exec_module(module)
        self._patch(module)

    def __getattr__(self, name: str) -> Any:  # get_source, is_package, ... (inspect, runpy)
        return getattr(self._inner, name)
