"""Preparation while workers are killed at random: the folder equals that of an undisturbed run, byte for byte."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
from pathlib import Path

import drawn_faces
import numpy as np
import pytest
from drawn_faces import SETTINGS, draw, open_drawn_finder
from PIL import Image

from animato.data.prepare import prepare
from animato.runtime.executors.base import Executor
from animato.runtime.executors.processes import ProcessExecutor
from animato.settings.data import PrepareSettings

CLIPS = 200
KILLS = 8


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty videos and 180 stills, all different."""
    folder = tmp_path_factory.mktemp("clips")
    for number in range(CLIPS):
        if number % 10 == 0:
            drawn_faces.write_clip(folder / f"p{number:03d}.mp4", 4, 20 + number)
        else:
            disc = (60 + number % 40, 50 + number % 17, 22)
            Image.fromarray(draw(disc, 20 + number)).save(folder / f"p{number:03d}.png", compress_level=1)
    return folder


def prepared(folder: Path, clips: Path, executor: Executor, kills: int, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Prepare the clips, killing that many workers on the way; return the ids of the processes killed."""
    monkeypatch.setattr("animato.data.prepare.open_worker_finder", open_drawn_finder)
    chance, killed = random.Random(7), []
    marks = set(np.linspace(10, CLIPS - 40, kills, dtype=int).tolist())

    def progress(done: int, _total: int) -> None:
        due = {mark for mark in marks if mark <= done}
        living = multiprocessing.active_children()
        if due and living:
            marks.difference_update(due)
            killed.append(chance.choice(living).pid or 0)
            os.kill(killed[-1], signal.SIGKILL)

    settings = PrepareSettings(**{**SETTINGS, "clips_per_shard": 4}, workers=2)  # type: ignore[arg-type]
    prepare([clips], folder, settings, progress=progress, executor=executor)
    return killed


def files(folder: Path) -> dict[str, bytes]:
    """Everything that readers of the folder use: not what a worker that was killed left, which the next run removes."""
    shards = [path for path in (folder / "shards").iterdir() if not path.name.startswith(".")]
    paths = [folder / "manifest.json", *shards]
    return {path.name: path.read_bytes() for path in paths}


def test_workers_killed_at_random_leave_the_folder_of_an_undisturbed_run(
    clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert prepared(tmp_path / "calm", clips, ProcessExecutor(2), 0, monkeypatch) == []
    killed = prepared(tmp_path / "chaos", clips, ProcessExecutor(2), KILLS, monkeypatch)
    assert len(killed) == KILLS
    calm, chaos = files(tmp_path / "calm"), files(tmp_path / "chaos")
    assert len(calm) == 1 + 2 * CLIPS // 4
    assert chaos == calm
    assert not list((tmp_path / "chaos").rglob(".*")), "nothing half-written is left"
