"""A run that stops and goes on is the run that never stopped, and a killed one loses only what was not saved."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from animato.data.clips import MemoryClips
from animato.data.lock import FileLock
from animato.errors import FileFormatError, OutputError, UsageError
from animato.settings.training import TrainSettings
from animato.training.checkpoint import SCHEMA
from animato.training.meta import train
from animato.training.meta_system import KIND
from animato.weights.io import read_arrays, read_header

HERE = Path(__file__).parent


def _newest(folder: Path) -> Path:
    return max((folder / "checkpoints").glob("episode-*.safetensors"))


def _figures(folder: Path) -> list[dict[str, float]]:
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    return [{key: value for key, value in line.items() if key != "episodes_a_second"} for line in lines]


def test_resume_equals_unbroken_run(people: MemoryClips, smallest: TrainSettings, tmp_path: Path) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    schedule = dataclasses.replace(smallest, cooldown=0.0)
    train(schedule, people, whole)
    train(dataclasses.replace(schedule, episodes=8), people, parts)
    train(dataclasses.replace(schedule, episodes=16), people, parts)
    train(schedule, people, parts)
    one, other = (read_arrays(_newest(folder), KIND, SCHEMA) for folder in (whole, parts))
    assert one.header == other.header
    assert one.arrays.keys() == other.arrays.keys()
    for name, array in one.arrays.items():
        assert np.array_equal(array, other.arrays[name]), name
    assert _figures(whole) == _figures(parts)
    assert (whole / "model.safetensors").read_bytes()[-1000:] == (parts / "model.safetensors").read_bytes()[-1000:]


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_a_run_in_half_precision_resumes_exactly(
    people: MemoryClips, smallest: TrainSettings, tmp_path: Path, precision: str
) -> None:
    half = dataclasses.replace(smallest, precision=precision, cooldown=0.0, episodes=16)
    train(half, people, tmp_path / "whole")
    train(dataclasses.replace(half, episodes=8), people, tmp_path / "parts")
    train(half, people, tmp_path / "parts")
    one, other = (read_arrays(_newest(tmp_path / name), KIND, SCHEMA).arrays for name in ("whole", "parts"))
    assert one.keys() == other.keys() and ("scaler.drawer/scale" in one) == (precision == "fp16")
    assert all(np.array_equal(array, other[name]) for name, array in one.items())
    full = dataclasses.replace(half, precision="fp32", episodes=8)
    train(full, people, tmp_path / "full")
    losses = [_figures(tmp_path / name)[0]["loss_drawer"] for name in ("full", "whole")]
    assert losses[0] != losses[1] and losses[0] == pytest.approx(losses[1], rel=0.05)


def test_two_runs_with_another_seed_differ(people: MemoryClips, smallest: TrainSettings, tmp_path: Path) -> None:
    few = dataclasses.replace(smallest, episodes=8)
    train(few, people, tmp_path / "a")
    train(dataclasses.replace(few, seed=1), people, tmp_path / "b")
    a, b = (read_arrays(_newest(tmp_path / name), KIND, SCHEMA).arrays for name in "ab")
    assert not np.array_equal(a["drawer.embedder.stem.conv_in.weight"], b["drawer.embedder.stem.conv_in.weight"])


def test_a_run_folder_refuses_other_settings_and_other_data(
    people: MemoryClips, smallest: TrainSettings, tmp_path: Path
) -> None:
    few = dataclasses.replace(smallest, episodes=8)
    train(few, people, tmp_path)
    with pytest.raises(UsageError, match="`lr_drawer="):
        train(dataclasses.replace(few, lr_drawer=0.1), people, tmp_path)
    fewer = MemoryClips(people.clips[1:], people._frames)
    with pytest.raises(FileFormatError, match="other data"):
        train(few, fewer, tmp_path)


def test_only_the_newest_checkpoints_stay(people: MemoryClips, smallest: TrainSettings, tmp_path: Path) -> None:
    train(dataclasses.replace(smallest, save_episodes=4, keep=2), people, tmp_path)
    names = sorted(path.name for path in (tmp_path / "checkpoints").iterdir())
    assert names == ["episode-000000020.safetensors", "episode-000000024.safetensors"]


def test_a_damaged_checkpoint_is_passed_over(people: MemoryClips, smallest: TrainSettings, tmp_path: Path) -> None:
    train(dataclasses.replace(smallest, episodes=16, save_episodes=8), people, tmp_path)
    newest = _newest(tmp_path)
    newest.write_bytes(newest.read_bytes()[:5000])
    result = train(smallest, people, tmp_path)
    assert result.episodes == 24
    assert newest.name in result.notes[0]


def test_kill_minus_nine_leaves_whole_files_and_the_run_goes_on(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    command = [sys.executable, str(HERE / "endless_training.py"), str(folder)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        for _ in range(4):
            assert process.stdout.readline()
        process.send_signal(signal.SIGKILL)
    found = sorted((folder / "checkpoints").glob("episode-*.safetensors"))
    assert found
    seen = [read_arrays(path, KIND, SCHEMA).header["episodes"] for path in found]
    assert read_header(folder / "model.safetensors")["kind"] == "paper-model"
    (folder / "checkpoints" / ".episode-000000999.safetensors.abc.part").write_bytes(b"half")
    done = subprocess.run([*command, str(seen[-1] + 8)], capture_output=True, text=True, env=environment, check=True)
    assert f"finished {seen[-1] + 8}" in done.stdout
    assert not list((folder / "checkpoints").glob(".*.part"))


def test_two_processes_never_train_in_one_folder(people: MemoryClips, smallest: TrainSettings, tmp_path: Path) -> None:
    with (
        FileLock(tmp_path / "run.lock").acquire_or_raise("trains here"),
        pytest.raises(OutputError, match="another process"),
    ):
        train(smallest, people, tmp_path)
    assert not (tmp_path / "model.safetensors").exists()
    train(smallest, people, tmp_path)
    assert (tmp_path / "model.safetensors").is_file()
