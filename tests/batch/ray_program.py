"""What the Ray tests run in a process of its own, because Ray leaves threads, sockets and settings in the process.

`python ray_program.py SCENARIO FOLDER` prints one JSON value.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from animato.errors import UsageError
from animato.runtime.executors.ray_cluster import RayExecutor


@dataclass(frozen=True)
class Inspect:
    """A task that returns how its worker lives: environment variables, or whether Ray reports usage."""

    def open(self) -> Callable[[str], object]:
        return inspect_worker


def inspect_worker(item: str) -> object:
    if item == "usage":
        from ray._common.usage.usage_lib import usage_stats_enabled

        return usage_stats_enabled()
    if item == "bad":
        raise UsageError("this item is wrong")
    return os.environ.get(item)


def inspect(_folder: Path) -> object:
    """Two clusters, one after the other, and what they leave in this process."""
    import ray

    before = dict(os.environ)
    names = ["usage", "RAY_USAGE_STATS_ENABLED", "RAY_enable_metrics_collection", "RAY_AUTH_MODE"]
    found = {o.item: o.result for o in RayExecutor("local", 1).run(Inspect(), names, 1)}
    try:
        list(RayExecutor("local", 1).run(Inspect(), ["bad"], 1))
    except UsageError as problem:
        raised = problem.what
    changed = sorted({name for name, _ in os.environ.items() ^ before.items()})
    return {"found": found, "raised": raised, "open": ray.is_initialized(), "changed": changed}


def batch(folder: Path) -> object:
    """A batch with a job that kills its worker and one without a face."""
    from batch_jobs import FakeTask, logged, write_jobs

    import animato.batch.run as module
    from animato.batch.jobs_file import read_jobs
    from animato.settings.animate import AnimateSettings
    from animato.settings.batch import BatchSettings

    module.RenderTask = FakeTask  # type: ignore[assignment, misc]
    jobs = write_jobs(folder, {"a": b"A", "poison": b"kill", "bad": b"no face", "d": b"D"})
    found, _ = read_jobs(jobs, folder, AnimateSettings())
    result = module.run_batch(found, folder, RayExecutor("local", 2), BatchSettings())
    return {**result.to_json(), "log": logged()}


def prepare(folder: Path) -> object:
    """Preparation by actors that each end at the fortieth look."""
    from drawn_faces import SETTINGS, open_mortal_finder

    import animato.data.prepare as module
    from animato.settings.data import PrepareSettings

    module.open_worker_finder = open_mortal_finder  # type: ignore[assignment]
    settings = PrepareSettings(**{**SETTINGS, "clips_per_shard": 4}, workers=2)  # type: ignore[arg-type]
    result = module.prepare([folder / "clips"], folder / "ray", settings, executor=RayExecutor("local", 2))
    return result.manifest["summary"]


def absent(_folder: Path) -> object:
    """An address where no cluster is."""
    try:
        list(RayExecutor("nonsense", 1).run(Inspect(), ["usage"], 1))
    except UsageError as problem:
        return problem.what
    return None


if __name__ == "__main__":
    scenario = {"inspect": inspect, "batch": batch, "prepare": prepare, "absent": absent}[sys.argv[1]]
    print(json.dumps(scenario(Path(sys.argv[2]))))
