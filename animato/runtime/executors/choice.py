"""Choose the executor that settings ask for."""

from __future__ import annotations

from animato.runtime.executors.base import Executor, SerialExecutor
from animato.runtime.executors.processes import ProcessExecutor
from animato.runtime.executors.ray_cluster import RayExecutor


def executor_of(workers: int, ray: str | None, cpus: int = 1, *, isolated: bool = False) -> Executor:
    """Return the executor for a number of workers.

    Args:
        workers: number of workers.
        ray: address of a Ray cluster, or "local"; None for processes of this machine.
        cpus: CPUs that each worker uses; Ray reserves them.
        isolated: whether a single worker is a process of its own too, so that its crash does not end this one.
    """
    if ray is not None:
        return RayExecutor(ray, workers, cpus)
    return ProcessExecutor(workers) if workers > 1 or isolated else SerialExecutor()
