"""What the Ray tests run in a process of its own, because Ray leaves threads, sockets and settings in the process.

`python ray_program.py SCENARIO FOLDER` prints one JSON value.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from pathlib import Path

from animato.errors import UsageError
from animato.runtime.executors import ray_cluster
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


class ReportServer:
    """Stands for the server to which Ray reports usage."""

    def __init__(self) -> None:
        self.reports: list[bytes] = []
        self.reported = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer.reports.append(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.end_headers()
                outer.reported.set()

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        os.environ["RAY_USAGE_STATS_REPORT_URL"] = f"http://127.0.0.1:{server.server_port}"
        # By default the first report comes after a minute, later than the test ends.
        os.environ["RAY_USAGE_STATS_REPORT_INTERVAL_S"] = "1"
        os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1"


def decision() -> str:
    """Return what the reporter, a process of the cluster, says about itself once it has started."""
    import ray

    log = Path(ray._private.worker._global_node.get_logs_dir_path()) / "dashboard.log"
    while True:
        found = re.search(r"Usage reporting is (\w+)", log.read_text() if log.is_file() else "")
        if found:
            return found[1]
        threading.Event().wait(0.1)


def batch(folder: Path) -> object:
    """Two clusters, one after the other: how workers live, what is reported, and what is left in this process.

    The second has a batch with a job that kills its worker and one without a face. It is the control of the reports:
    the same cluster with reports on is heard.
    """
    import ray
    from ray._common.usage import usage_lib

    import animato.batch.run  # noqa: F401 (OpenCV sets a variable when it is imported)

    # Releases of Ray switch reports off for every cluster of `ray.init`; what animato sets matters in other builds.
    usage_lib.is_nightly_wheel = lambda: True
    server = ReportServer()
    before = dict(os.environ)
    names = ["usage", "RAY_USAGE_STATS_ENABLED", "RAY_enable_metrics_collection", "RAY_AUTH_MODE"]
    quiet = RayExecutor("local", 1).run(Inspect(), [*names, "bad"], 1)
    told: dict[str, object] = {"found": {outcome.item: outcome.result for outcome in islice(quiet, len(names))}}
    told["quiet"] = [decision(), len(server.reports)]
    try:
        list(quiet)
    except UsageError as problem:
        told["raised"] = problem.what
    ray_cluster.QUIET = {**ray_cluster.QUIET, "RAY_USAGE_STATS_ENABLED": "1"}
    told["batch"] = _batch(folder)
    told["heard"] = server.reported.is_set()
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


def headless(folder: Path) -> object:
    """Preparation by actors whose cluster loses its head after the first shard."""
    import ray
    from drawn_faces import SETTINGS, open_drawn_finder

    import animato.data.prepare as module
    from animato.settings.data import PrepareSettings

    def progress(done: int, _total: int) -> None:
        if done:
            head = ray._private.worker._global_node.all_processes["gcs_server"][0].process
            os.kill(head.pid, signal.SIGKILL)

    # Ray tries for a minute to reach its head again.
    os.environ["RAY_gcs_rpc_server_reconnect_timeout_s"] = "1"  # noqa: SIM112
    module.open_worker_finder = open_drawn_finder  # type: ignore[assignment]
    settings = PrepareSettings(**{**SETTINGS, "clips_per_shard": 4}, workers=2)  # type: ignore[arg-type]
    executor = RayExecutor("local", 2)
    module.prepare([folder / "clips"], folder / "ray", settings, progress=progress, executor=executor)
    return "finished"


def absent(_folder: Path) -> object:
    """An address where no cluster is."""
    try:
        list(RayExecutor("nonsense", 1).run(Inspect(), ["usage"], 1))
    except UsageError as problem:
        return problem.what
    return None


if __name__ == "__main__":
    scenarios = {"batch": batch, "prepare": prepare, "headless": headless, "absent": absent}
    print(json.dumps(scenarios[sys.argv[1]](Path(sys.argv[2]))))
