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


def batch(folder: Path) -> object:
    """Two clusters, one after the other, and what they leave in this process.

    The first says how workers live; the second has a batch with a job that kills its worker and one without a face.
    """
    import ray

    import animato.batch.run  # noqa: F401 (OpenCV sets a variable when it is imported)

    before = dict(os.environ)
    names = ["usage", "RAY_USAGE_STATS_ENABLED", "RAY_enable_metrics_collection", "RAY_AUTH_MODE"]
    found, raised = {}, ""
    try:
        for outcome in RayExecutor("local", 1).run(Inspect(), [*names, "bad"], 1):
            found[outcome.item] = outcome.result
    except UsageError as problem:
        raised = problem.what
    told = {"found": found, "raised": raised, "batch": _batch(folder)}
    changed = sorted({name for name, _ in os.environ.items() ^ before.items()})
    return {**told, "open": ray.is_initialized(), "changed": changed}


def _batch(folder: Path) -> object:
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
    scenario = {"batch": batch, "prepare": prepare, "absent": absent}[sys.argv[1]]
    print(json.dumps(scenario(Path(sys.argv[2]))))
