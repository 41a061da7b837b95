"""Ray in place of processes: the same results, lost actors replaced, and nothing reported to anybody."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from subprocess import PIPE
from types import ModuleType
from typing import Any

import pytest

from animato.batch.run import ATTEMPTS
from animato.data.prepare import prepare
from animato.errors import MissingPartError
from animato.runtime.executors.base import SerialExecutor
from animato.runtime.executors.ray_cluster import RayExecutor
from animato.settings.data import PrepareSettings

HERE = Path(__file__).parent

needs_ray = pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="the extra ray is not installed")


def run(scenario: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a scenario of `ray_program.py`."""
    paths = [str(HERE), str(HERE.parent / "data"), *sys.path]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "HOME": str(folder)}
    command = [sys.executable, str(HERE / "ray_program.py"), scenario, str(folder)]
    with subprocess.Popen(
        command, env=environment, stdout=PIPE, stderr=PIPE, text=True, start_new_session=True
    ) as process:
        try:
            output, errors = process.communicate(timeout=300)
        finally:
            with contextlib.suppress(ProcessLookupError):  # agents of a cluster without a head live on for a minute
                os.killpg(process.pid, signal.SIGKILL)
    return subprocess.CompletedProcess(command, process.returncode, output, errors)


def program(scenario: str, folder: Path) -> Any:
    """Run a scenario of `ray_program.py` and return what it printed."""
    done = run(scenario, folder)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@needs_ray
def test_clusters_report_nothing_leave_nothing_and_a_job_that_kills_its_actor_fails_alone(tmp_path: Path) -> None:
    told = program("batch", tmp_path)
    assert told["found"] == {
        "usage": False,
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_enable_metrics_collection": "false",
        "RAY_AUTH_MODE": "token",
    }
    assert told["quiet"] == ["disabled", 0]
    assert told["heard"], "Ray does not report even when it may: nothing is shown by its silence"
    assert told["raised"] == "this item is wrong"
    assert (told["open"], told["changed"]) == (False, [])
    assert not (tmp_path / ".ray").exists()
    assert (told["batch"]["done"], told["batch"]["failed"]) == (2, 2)
    assert told["batch"]["log"].count("poison.mp4") == ATTEMPTS
    assert (tmp_path / "out" / "d.mp4").read_bytes() == b"meD"


@needs_ray
def test_actors_that_die_again_and_again_prepare_the_folder_of_an_undisturbed_run(
    tmp_path: Path, drawn: ModuleType
) -> None:
    write_clips(drawn, tmp_path / "clips", 24)
    assert program("prepare", tmp_path)["clips"] == 24
    prepare_calmly(drawn, tmp_path / "clips", tmp_path / "calm")
    assert files(tmp_path / "ray") == files(tmp_path / "calm")


@needs_ray
def test_a_cluster_that_loses_its_head_ends_the_command_and_the_next_run_makes_the_same_folder(
    tmp_path: Path, drawn: ModuleType
) -> None:
    write_clips(drawn, tmp_path / "clips", 40)
    assert run("headless", tmp_path).returncode != 0
    shards = list((tmp_path / "ray" / "shards").glob("*.json"))
    assert 0 < len(shards) < 10 and not (tmp_path / "ray" / "manifest.json").exists()
    for name in ("ray", "calm"):
        prepare_calmly(drawn, tmp_path / "clips", tmp_path / name)
    assert files(tmp_path / "ray") == files(tmp_path / "calm")


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The clips and the finder of the data tests; the finder takes the place of the networks."""
    monkeypatch.syspath_prepend(HERE.parent / "data")
    module = importlib.import_module("drawn_faces")
    monkeypatch.setattr("animato.data.prepare.FaceFinder", lambda _engine: module.DrawnFinder())
    return module


def write_clips(drawn: ModuleType, folder: Path, count: int) -> None:
    """Write short videos, all different."""
    for number in range(count):
        drawn.write_clip(folder / f"p{number:02d}.mp4", 4, 20 + 3 * number)


def prepare_calmly(drawn: ModuleType, clips: Path, folder: Path) -> None:
    """Prepare in this process. Shards are smaller for more workers, so their number is that of the plan."""
    settings = PrepareSettings(**{**drawn.SETTINGS, "clips_per_shard": 4}, workers=2)
    prepare([clips], folder, settings, executor=SerialExecutor())


def files(folder: Path) -> dict[str, bytes]:
    """Everything that readers of a prepared folder use."""
    shards = [path for path in (folder / "shards").iterdir() if not path.name.startswith(".")]  # others are temporary
    return {path.name: path.read_bytes() for path in [folder / "manifest.json", *shards]}


@needs_ray
def test_an_address_where_no_cluster_is_is_refused(tmp_path: Path) -> None:
    assert program("absent", tmp_path) == "no Ray cluster can be used at nonsense"


def test_without_ray_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingPartError, match="animato\\[ray\\]"):
        list(RayExecutor("local", 1).run(None, ["item"], 1))  # type: ignore[arg-type]
