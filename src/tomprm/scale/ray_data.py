"""Chunks worked on a Ray cluster by Ray Data: the only module of this layer that knows Ray.

One streaming read task on the driver's machine cuts up the source, so the input need not be on the other
machines (a PRM must be: its folder or hub id is opened there). A pool of actors works the chunks, each loads
its model once; results come back in order, and Ray Data holds the reading back when they are not fetched.
"""

from __future__ import annotations

import logging
import os
import pickle
import socket
from collections.abc import Callable, Generator, Iterator
from typing import Any

import pyarrow as pa  # pyright: ignore[reportMissingTypeStubs]
import ray
import ray.data
from ray.data.block import BlockMetadata
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from tomprm import __version__
from tomprm.scale.processes import WorkerDied
from tomprm.scale.tasks import Done, Failure, Place, ScoreTask, Task, worker

Chunks = Callable[[], Iterator[Any]]

_BLOCK = 1 << 18  # bytes of chunks that travel together; with Ray's 128 MiB one actor would get a whole file


def on_ray(task: Task, given: Chunks, workers: int, address: str) -> Generator[Done, None, None]:
    """Results of all chunks, in their order.

    Raises:
        ValueError: no cluster, or too small for the actors; bad input, after the results of the chunks
            before it; the message ends with the remedy.
    """
    ours = not ray.is_initialized()
    if ours:
        _connect(address)
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)  # what is wrong is raised
    try:
        yield from _stream(task, given, workers)
    except ray.exceptions.RayError as error:
        said = [line for line in str(error).splitlines() if "Error: " in line] or [type(error).__name__]
        raise WorkerDied(
            f"--ray {address}: the work on the cluster failed ({said[-1].strip()}); "
            f"every machine needs tomprm {__version__} with what it imports, and memory for its workers"
        ) from error
    finally:
        if ours:
            ray.shutdown()


def _connect(address: str) -> None:
    if address.startswith("ray://"):
        raise ValueError(
            f"--ray {address}: Ray Client cannot read the input; run on a machine of the cluster, "
            "with --ray auto or HOST:PORT"
        )
    host, _, port = address.rpartition(":")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # Ray warns of its next default without
    try:
        if host and port.isdigit():  # Ray itself would try for minutes
            socket.create_connection((host, int(port)), timeout=10).close()
        ray.init(address=address, log_to_driver=False, logging_level="ERROR")
    except (ConnectionError, ValueError, RuntimeError, OSError) as error:
        said = (str(error).splitlines() or [type(error).__name__])[0]
        raise ValueError(
            f"--ray {address}: no cluster answers ({said}); start one with `ray start --head` or "
            "correct the address"
        ) from None


def _stream(task: Task, given: Chunks, workers: int) -> Iterator[Done]:
    needs = _needs(task, workers)
    context = ray.data.DataContext.get_current().copy()
    context.execution_options.preserve_order = True
    context.execution_options.verbose_progress = False
    context.enable_progress_bars = False
    context.target_max_block_size = _BLOCK
    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    with ray.data.DataContext.current(context):
        # Reading has other needs than the actors, so Ray does not fuse the two into one serial task.
        entries = ray.data.read_datasource(
            _Source(given),
            override_num_blocks=1,
            ray_remote_args={"num_cpus": 0, "scheduling_strategy": here},
        )
        results = entries.map_batches(
            _Actor,
            fn_constructor_args=(task, int(needs["num_cpus"])),
            batch_size=1,
            batch_format="pyarrow",
            zero_copy_batch=True,
            compute=ray.data.ActorPoolStrategy(size=workers),
            **needs,
        )
        for batch in results.iter_batches(batch_size=None, batch_format="pyarrow"):
            for packed in batch["packed"].to_pylist():
                result: Done | Failure = pickle.loads(packed)
                if isinstance(result, Failure):
                    raise result.error()
                yield result


def _needs(task: Task, workers: int) -> dict[str, float]:
    """What each actor asks of the cluster; a PRM takes a GPU each where there are any, else the CPUs' share.

    Raises:
        ValueError: there is less than the actors need: Ray would wait for more for ever.
    """
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    cpus, gpus = ([int(node.get(kind, 0)) for node in nodes] for kind in ("CPU", "GPU"))
    kind, there = ("GPU", sum(gpus)) if isinstance(task, ScoreTask) and sum(gpus) else ("CPU", sum(cpus))
    if workers > there:
        raise ValueError(f"--workers {workers}: the cluster has {there} {kind}s; give at most as many")
    share = 1
    if isinstance(task, ScoreTask):
        share = max(s for s in range(1, max(cpus) + 1) if s == 1 or sum(c // s for c in cpus) >= workers)
    return {"num_cpus": share, "num_gpus": float(kind == "GPU")}


class _Source(ray.data.Datasource):
    """Chunks as rows of one column, read by one task."""

    def __init__(self, given: Chunks) -> None:
        super().__init__()
        self._given = given

    def estimate_inmemory_data_size(self) -> int | None:
        return None

    def get_read_tasks(
        self, parallelism: int, per_task_row_limit: int | None = None, data_context: Any = None
    ) -> list[Any]:
        given, version = self._given, __version__

        def read() -> Iterator[Any]:
            for chunk in given():
                yield _table((version, chunk))

        return [ray.data.ReadTask(read, BlockMetadata(None, None, None, None))]


class _Actor:
    def __init__(self, task: Task, threads: int) -> None:
        self._do = worker(task, Place(0, threads))
        self._version = __version__  # of this machine; the class travels by name

    def __call__(self, batch: Any) -> Any:
        (packed,) = batch["packed"].to_pylist()
        version, chunk = pickle.loads(packed)
        if version != self._version:
            wrong = f"a machine of the cluster has tomprm {self._version}; install {version} there"
            return _table(Failure(wrong))
        return _table(self._do(chunk))


def _table(value: Any) -> Any:
    return pa.table({"packed": pa.array([pickle.dumps(value)], pa.large_binary())})
