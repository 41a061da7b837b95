"""Executor of Ray actors: on a cluster that runs already, or on one that lives as long as the command."""

from __future__ import annotations

import contextlib
import importlib
import os
import secrets
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

from animato.errors import MissingPartError, UsageError
from animato.runtime.executors.base import Outcome, Task, WorkerLost, WorkerPool
from animato.runtime.scratch import ScratchFolder

LOCAL = "local"
"""Address that stands for a cluster on this machine, started and stopped by the executor."""

QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",  # Ray reports usage to its makers unless this is set before it starts
    "RAY_USAGE_STATS_PROMPT_ENABLED": "0",
    "RAY_enable_metrics_collection": "false",
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # workers without a GPU keep the variables that hide one
}
"""Environment of the Ray processes that are started here: nothing is reported or collected."""

LONGEST_FOLDER = 40
"""Characters of a folder in which Ray makes its sockets: it adds up to 67, and a socket's name has at most 107."""


class RayExecutor(WorkerPool):
    """Ray actors, each with its own networks; a lost one is replaced, on another node if its node is gone.

    Args:
        address: "local", or the address of a cluster: HOST:PORT, ray://HOST:PORT, or "auto".
        workers: number of actors.
        cpus: CPUs that each actor reserves.
    """

    def __init__(self, address: str, workers: int, cpus: int = 1) -> None:
        super().__init__(workers)
        self.address = address
        self.cpus = cpus

    def run(self, task: Task, items: Sequence[Any], attempts: int) -> Generator[Outcome]:
        """See `Executor.run`.

        Raises:
            MissingPartError: Ray is not installed.
            UsageError: no cluster answers at the address.
        """
        if not items:
            return
        with ExitStack() as stack:
            stack.enter_context(_environment(self._variables()))
            self._connect(stack)
            yield from super().run(task, items, attempts)

    def _variables(self) -> dict[str, str]:
        if self.address != LOCAL or "RAY_AUTH_TOKEN" in os.environ:
            return QUIET
        # The ports of a cluster are open to the network; Ray accepts nothing without a token, and would keep one of its
        # own in the home folder.
        return {**QUIET, "RAY_AUTH_TOKEN": secrets.token_hex(32)}

    def _connect(self, stack: ExitStack) -> None:
        try:
            import ray
        except ModuleNotFoundError as problem:
            raise MissingPartError("Ray is not installed", hint="pip install 'animato[ray]'") from problem
        _reread_token()
        if ray.is_initialized():
            raise UsageError("this process uses a Ray cluster already", hint="call `ray.shutdown()` first")
        options: dict[str, Any] = {"address": self.address, "log_to_driver": False, "logging_level": "ERROR"}
        if self.address == LOCAL:
            options |= {"num_cpus": self.workers * self.cpus, "include_dashboard": False}
            folder = stack.enter_context(ScratchFolder())
            if len(folder) <= LONGEST_FOLDER:
                options["_temp_dir"] = folder
        stack.callback(ray.shutdown)
        try:
            ray.init(**options)
        except (ConnectionError, ValueError, RuntimeError) as problem:
            raise UsageError(
                f"no Ray cluster can be used at {self.address}",
                where=str(problem).splitlines()[0],
                hint="`ray=local`, or the address that Ray prints when a cluster starts",
            ) from problem

    def start(self, task: Task) -> _ActorWorker:
        """Start an actor."""
        return _ActorWorker(task, self.cpus)

    def wait(self, workers: Sequence[_ActorWorker]) -> Sequence[_ActorWorker]:
        """Wait for answers; the answer of a lost actor is an error."""
        import ray

        ready, _ = ray.wait([worker.pending[0] for worker in workers], num_returns=1)
        return [worker for worker in workers if worker.pending[0] in ready]

    def stop(self, workers: Sequence[_ActorWorker]) -> None:
        """Kill the actors."""
        import ray

        for worker in workers:
            with contextlib.suppress(Exception):  # the cluster may be gone
                ray.kill(worker.actor)


class _ActorWorker:
    """An actor, and its answers that have not been read."""

    def __init__(self, task: Task, cpus: int) -> None:
        import ray

        # Restarted by the pool and not by Ray, so that attempts are counted in one place.
        kind: Any = ray.remote(num_cpus=cpus, max_restarts=0, max_task_retries=0)(_Actor)
        self.actor = kind.remote(task)
        self.pending = [self.actor.started.remote()]

    def send(self, item: Any) -> None:
        """See `Worker.send`."""
        self.pending.append(self.actor.call.remote(item))

    def receive(self) -> tuple[str, Any]:
        """See `Worker.receive`."""
        import ray

        try:
            return ray.get(self.pending.pop(0))  # type: ignore[no-any-return, unused-ignore]
        except ray.exceptions.RayTaskError as problem:
            raise problem.cause from None
        except ray.exceptions.RayError as problem:  # the actor, its node or the object is gone
            raise WorkerLost(type(problem).__name__) from problem


class _Actor:
    """Runs in a Ray worker process."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._call: Callable[[Any], Any] | None = None

    def started(self) -> tuple[str, Any]:
        """Open the task."""
        self._call = self._task.open()
        return "started", None

    def call(self, item: Any) -> tuple[str, Any]:
        """Process an item."""
        assert self._call is not None
        return "done", self._call(item)


def _reread_token() -> None:
    """Make Ray read its token again, if it was imported before or has served another cluster in this process."""
    # Ray keeps the first token it reads and has no public way to change it; without this, a second cluster is refused.
    with contextlib.suppress(ImportError, AttributeError):
        loader: Any = importlib.import_module("ray._raylet").AuthenticationTokenLoader
        loader.instance().reset_cache()


@contextlib.contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables; at the end remove what was added, also by Ray."""
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        for name in os.environ.keys() - before.keys():
            if name.startswith("RAY_") or name == "PYTHONBREAKPOINT":
                del os.environ[name]
        os.environ.update({name: before[name] for name in variables if name in before})
