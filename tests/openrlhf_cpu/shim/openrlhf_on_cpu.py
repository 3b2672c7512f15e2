"""Makes the unmodified OpenRLHF 0.11.2 run on a machine without a GPU. For tests only.

One function a patch; it runs around the first import of the module it concerns, in whatever process that is
(driver, Ray worker, vLLM's EngineCore and its worker), so that nothing heavy is loaded before it is needed.
Every patch checks that what it replaces is still there and raises `Gone` if not: an upstream change has to
fail, not to be papered over. `missing()` names target modules that no longer exist.

TOMPRM_CPU_SHIM=1            turns the shim on (see sitecustomize.py)
TOMPRM_CPU_DROP_WEIGHTS=1    negative control: vLLM receives new weights and drops them
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import inspect
import os
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

Patch = Callable[[types.ModuleType, Callable[[], None]], None]
PATCHES: dict[str, Patch] = {}  # module -> patch(module, execute); the patch calls execute() itself


class Gone(RuntimeError):
    """Upstream no longer has what a patch replaces."""


def patch(module: str) -> Callable[[Patch], Patch]:
    return lambda function: PATCHES.setdefault(module, function)


def replace(owner: Any, name: str, new: Any, parameters: str | None = None) -> Any:
    """Sets `owner.name`, returns the old value. Raises Gone where it is absent or takes other parameters."""
    old = getattr(owner, name, None)
    where = f"{getattr(owner, '__name__', owner)}.{name}"
    if old is None:
        raise Gone(f"CPU shim: {where} is gone; adapt tests/openrlhf_cpu/shim to the installed version")
    if parameters is not None and (found := " ".join(inspect.signature(old).parameters)) != parameters:
        raise Gone(f"CPU shim: {where} takes ({found}), not ({parameters}); adapt tests/openrlhf_cpu/shim")
    setattr(owner, name, new)
    return old


@patch("openrlhf.models.ring_attn_utils")
def flash_attn_names(module: types.ModuleType, execute: Callable[[], None]) -> None:
    """Imports five names of flash_attn (CUDA only) that serve packing and ring attention, both off here. The
    stand-in goes away after the import: transformers and vLLM look for flash_attn and would believe in it."""

    def absent(*_: Any, **__: Any) -> None:
        raise RuntimeError("flash_attn is absent (CPU shim): no packing_samples, no ring attention")

    padding = dict.fromkeys(("index_first_axis", "pad_input", "rearrange", "unpad_input"), absent)
    names = {"": {}, ".bert_padding": padding, ".utils": {}, ".utils.distributed": {"all_gather": absent}}
    for suffix, attributes in names.items():
        stub = types.ModuleType("flash_attn" + suffix)
        stub.__path__ = []
        stub.__dict__.update(attributes)
        sys.modules[stub.__name__] = stub
    try:
        execute()
    finally:
        for suffix in names:
            del sys.modules["flash_attn" + suffix]
    for name in ("unpad_input", "all_gather"):
        if getattr(module, name, None) is not absent:
            raise Gone(
                f"CPU shim: {module.__name__} no longer imports {name} from flash_attn; drop this patch"
            )


@patch("openrlhf")
def torch_cuda(_: types.ModuleType, execute: Callable[[], None]) -> None:
    """`torch.cuda.current_device()` is OpenRLHF's word for "my device": the CPU. The others are no-ops."""
    import torch

    if torch.cuda.is_available():
        raise RuntimeError("CPU shim: torch sees a GPU; install the CPU build or unset TOMPRM_CPU_SHIM")
    replace(torch.cuda, "current_device", lambda: torch.device("cpu"))
    for name in ("set_device", "synchronize", "current_stream", "empty_cache"):
        replace(torch.cuda, name, lambda *_, **__: None)
    execute()


@patch("openrlhf.utils.distributed_util")
def weight_sync(module: types.ModuleType, execute: Callable[[], None]) -> None:
    """Trainer to vLLM: PyNccl needs CUDA; vLLM's process group on a TCP store broadcasts pickled tensors."""

    class StoreCommunicator:
        def __init__(self, group: Any):
            self.group = group

        def broadcast(self, tensor: Any, src: int, stream: Any = None) -> None:
            if self.group.rank == src:
                self.group.broadcast_obj(tensor.detach().cpu(), src)
            else:
                tensor.copy_(self.group.broadcast_obj(None, src))

    def stateless_init_process_group(master_address, master_port, rank, world_size, device):
        from vllm.distributed.utils import StatelessProcessGroup

        return StoreCommunicator(
            StatelessProcessGroup.create(
                host=master_address, port=master_port, rank=rank, world_size=world_size
            )
        )

    execute()
    replace(
        module,
        "stateless_init_process_group",
        stateless_init_process_group,
        "master_address master_port rank world_size device",
    )


@patch("openrlhf.trainer.ray.vllm_worker_wrap")
def vllm_receives(module: types.ModuleType, execute: Callable[[], None]) -> None:
    """The method in vLLM's worker that receives a weight allocates it on "cuda". Same method, on the CPU."""

    def update_weight(self, name, dtype, shape, empty_cache=False):
        import torch

        assert dtype == self.model_config.dtype, f"mismatch dtype: src {dtype}, dst {self.model_config.dtype}"
        weight = torch.empty(shape, dtype=dtype, device="cpu")
        self._model_update_group.broadcast(weight, src=0)
        if os.environ.get("TOMPRM_CPU_DROP_WEIGHTS") != "1":
            self.model_runner.model.load_weights(weights=[(name, weight)])

    execute()
    replace(module.WorkerWrap, "update_weight", update_weight, "self name dtype shape empty_cache")


@patch("openrlhf.utils.deepspeed.deepspeed")
def device_mesh(module: types.ModuleType, execute: Callable[[], None]) -> None:
    """The mesh of ranks is asked for on "cuda"."""
    execute()
    made = replace(module, "init_device_mesh", lambda _, *args, **kwargs: made("cpu", *args, **kwargs))


@patch("openrlhf.trainer.ppo_utils.replay_buffer")
def replay_buffer(module: types.ModuleType, execute: Callable[[], None]) -> None:
    """The constructor makes a device of f"cuda:{torch.cuda.current_device()}", so it has to get a number."""
    import torch

    def __init__(self, *args, **kwargs):
        cpu, torch.cuda.current_device = torch.cuda.current_device, lambda: 0
        try:
            original(self, *args, **kwargs)
        finally:
            torch.cuda.current_device = cpu
        if self.target_device != torch.device("cuda:0"):
            raise Gone(
                "CPU shim: NaiveReplayBuffer.target_device is made differently; adapt tests/openrlhf_cpu/shim"
            )
        self.target_device = torch.device("cpu")

    execute()
    original = replace(module.NaiveReplayBuffer, "__init__", __init__)


@patch("vllm.model_executor.layers.utils")
def plain_linear(module: types.ModuleType, execute: Callable[[], None]) -> None:
    """vLLM's CPU backend repacks the weights of linear layers and drops the originals: weights load but once.
    (To patch load_weights alone would leave a stale output layer without a word.) F.linear instead."""
    import torch

    def dispatch_cpu_unquantized_gemm(layer, remove_weight):
        layer.cpu_linear = torch.nn.functional.linear

    execute()
    replace(module, "dispatch_cpu_unquantized_gemm", dispatch_cpu_unquantized_gemm, "layer remove_weight")


class _Loader(importlib.abc.Loader):
    def __init__(self, inner: Any, function: Patch):
        self.inner, self.function = inner, function

    def create_module(self, spec: Any) -> types.ModuleType | None:
        return self.inner.create_module(spec)

    def exec_module(self, module: types.ModuleType) -> None:
        self.function(module, lambda: self.inner.exec_module(module))

    def __getattr__(
        self, name: str
    ) -> Any:  # get_code, get_source ...: what runpy and inspect ask a loader for
        return getattr(self.inner, name)


class _Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, fullname: str, path: Any, target: Any = None) -> Any:
        if fullname not in PATCHES:
            return None
        for finder in sys.meta_path:  # whoever comes after, import hooks of others included
            if finder is not self and (spec := finder.find_spec(fullname, path, target)) is not None:
                if spec.loader is not None:
                    spec.loader = _Loader(spec.loader, PATCHES[fullname])
                return spec
        return None


def install() -> None:
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


def missing() -> list[str]:
    """Targets that the installed packages do not have. Looks at files: imports none of them."""
    gone = []
    for name in PATCHES:
        package, *rest = name.split(".")
        spec = importlib.util.find_spec(package)
        roots = list(spec.submodule_search_locations or []) if spec else []
        files = [Path(root, *rest) for root in roots]
        if not any((f / "__init__.py").exists() or f.with_suffix(".py").exists() for f in files):
            gone.append(name)
    return gone
