"""Training of the portrait renderer: exact resume, kills, learning by heart, the critic's share, the job."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import typer
from drawn_cases import CASES, TINY, drawn_clips
from typer.testing import CliRunner

from animato.cli.train_portrait import train_portrait as command
from animato.data.lock import FileLock
from animato.errors import FileFormatError, InterruptedRunError, OutputError, UsageError
from animato.models.portrait.config import PatchConfig
from animato.settings.portrait import NETWORKS, PortraitTrainSettings, SampleSettings
from animato.training.checkpoint import SCHEMA
from animato.training.content import ContentLoss
from animato.training.distributed import ProcessGroup
from animato.training.divergence_guard import TrainingStoppedError
from animato.training.loop import Progress
from animato.training.portrait import batches, job
from animato.training.portrait.batches import BatchSampler
from animato.training.portrait.samples import read_samples
from animato.training.portrait.sources import CaseSource
from animato.training.portrait.state import new_state
from animato.training.portrait.system import KIND, PatchSystem
from animato.training.portrait.train import build, case_data, checkpoints_of, train_network
from animato.training.portrait.validate import validate
from animato.weights.io import read_arrays
from animato.weights.portrait import KIND as MODEL_KIND
from animato.weights.portrait import read_portrait, save_network

STEPS, HALF = 6, 3
SETTINGS = PortraitTrainSettings(
    steps=STEPS, batch=2, warmup=2, critic_from=0.5, content=0.0, log_steps=1, validate_steps=0, save_minutes=60.0
)
NO_CONTENT = ContentLoss("none", None, None, (0.0, 0.0))


class Killed(BaseException):
    """Ends a run as kill -9 would: nothing more is written."""


def ended_at(step: int, end: type[BaseException]) -> Callable[[Progress], None]:
    def report(progress: Progress) -> None:
        if progress.done == step:
            raise end

    return report


ALONE = ProcessGroup(0, 1, torch.device("cpu"))


def system_of(
    samples: Path, name: str = "eye", settings: PortraitTrainSettings = SETTINGS, config: PatchConfig | None = None
) -> PatchSystem:
    return build(name, case_data(samples, name), settings, NO_CONTENT, ALONE, config or TINY[name])


def train_eye(
    samples: Path,
    folder: Path,
    report: Callable[[Progress], None] | None = None,
    settings: PortraitTrainSettings = SETTINGS,
) -> None:
    train_network(system_of(samples, settings=settings), settings, folder, report)


def checkpoints(folder: Path) -> list[int]:
    return [int(path.stem[-7:]) for path in checkpoints_of(SETTINGS, folder).paths()]


def log_of(folder: Path) -> list[dict[str, float]]:
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    return [{key: value for key, value in line.items() if key != "steps_a_second"} for line in lines]


def same_run(one: Path, other: Path, steps: int = STEPS) -> bool:
    for name, kind in ((f"step-{steps:07d}.safetensors", KIND), ("model.safetensors", MODEL_KIND)):
        first, second = (read_arrays(folder / name, kind, SCHEMA) for folder in (one, other))
        assert first.header == second.header and first.arrays.keys() == second.arrays.keys()
        for array in first.arrays:
            assert np.array_equal(first.arrays[array], second.arrays[array]), array
    assert log_of(one) == log_of(other)
    return True


@pytest.fixture(scope="module")
def unbroken(drawn_cases: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of the eye's network."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("unbroken")
    train_eye(drawn_cases, folder)
    torch.set_num_threads(before)
    return folder


def test_a_run_stopped_by_ctrl_c_goes_on_bit_for_bit(drawn_cases: Path, unbroken: Path, tmp_path: Path) -> None:
    for step in (2, 4):  # before the critic plays, and while it does
        with pytest.raises(InterruptedRunError, match=f"after {step} steps"):
            train_eye(drawn_cases, tmp_path, ended_at(step, KeyboardInterrupt))
        assert checkpoints(tmp_path)[-1] == step
    train_eye(drawn_cases, tmp_path)
    assert same_run(tmp_path, unbroken)


def test_a_killed_run_loses_only_the_steps_since_its_last_checkpoint(
    drawn_cases: Path, unbroken: Path, tmp_path: Path
) -> None:
    with pytest.raises(InterruptedRunError):
        train_eye(drawn_cases, tmp_path, ended_at(2, KeyboardInterrupt))
    with pytest.raises(Killed):
        train_eye(drawn_cases, tmp_path, ended_at(5, Killed))
    assert checkpoints(tmp_path) == [2]
    assert read_arrays(tmp_path / "step-0000002.safetensors", KIND, SCHEMA).header["steps"] == 2
    with (tmp_path / "log.jsonl").open("a") as log:
        log.write('{"what": "train", "ste')
    (tmp_path / ".step-0000004.safetensors.abc.part").write_bytes(b"half")
    taken: list[int] = []
    train_eye(drawn_cases, tmp_path, lambda progress: taken.append(progress.done))
    assert taken == [3, 4, 5, 6]
    assert same_run(tmp_path, unbroken)
    assert not list(tmp_path.glob(".*.part"))


def test_a_damaged_newest_checkpoint_is_passed_over(drawn_cases: Path, unbroken: Path, tmp_path: Path) -> None:
    often = dataclasses.replace(SETTINGS, save_minutes=0.0)
    with pytest.raises(Killed):
        train_eye(drawn_cases, tmp_path, ended_at(5, Killed), often)
    assert checkpoints(tmp_path) == [3, 4], "only the newest stay"
    newest = tmp_path / "step-0000004.safetensors"
    newest.write_bytes(newest.read_bytes()[:-1000])
    taken: list[int] = []
    train_eye(drawn_cases, tmp_path, lambda progress: taken.append(progress.done))
    assert taken == [4, 5, 6]
    assert same_run(tmp_path, unbroken)
    for path in tmp_path.glob("step-*"):
        path.write_bytes(b"nothing")
    with pytest.raises(FileFormatError, match="no checkpoint of this run can be read"):
        train_eye(drawn_cases, tmp_path)


def test_a_network_of_another_size_does_not_continue_a_run(drawn_cases: Path, unbroken: Path) -> None:
    other = system_of(drawn_cases, config=dataclasses.replace(TINY["eye"], embed=12))
    with pytest.raises(FileFormatError, match="another network"):
        checkpoints_of(SETTINGS, unbroken).restore_newest(other)


def test_the_critic_plays_after_its_share_of_the_run(unbroken: Path) -> None:
    lines = log_of(unbroken)
    assert [line["steps"] for line in lines] == list(range(1, STEPS + 1))
    plays = [{"adversarial", "features", "critic"} <= set(line) for line in lines]
    assert plays == [False] * HALF + [True] * HALF
    rows = read_arrays(unbroken / f"step-{STEPS:07d}.safetensors", KIND, SCHEMA).arrays["table.steps"]
    assert 0 < rows.sum() <= 2 * HALF, "W moves with the critic only"


def test_a_critic_that_never_plays_stays_as_it_was(drawn_cases: Path, tmp_path: Path) -> None:
    never = dataclasses.replace(SETTINGS, steps=2, critic_from=1.0)
    train_eye(drawn_cases, tmp_path, settings=never)
    arrays = read_arrays(tmp_path / "step-0000002.safetensors", KIND, SCHEMA).arrays
    start = new_state("eye", TINY["eye"], never, 4, torch.device("cpu"))
    assert all(
        np.array_equal(arrays[f"critic.{name}"], value) for name, value in start.discriminator.state_dict().items()
    )
    assert not any(name.startswith("adam.critic.") for name in arrays)
    moved = [not np.array_equal(arrays[f"network.{name}"], p.detach()) for name, p in start.network.named_parameters()]
    assert np.mean(moved) > 0.9


def test_a_handful_of_cases_is_learnt_by_heart(
    drawn_cases: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Without a hint of what the mouth shows: with it, geometry itself has half of what is to be learnt.
    monkeypatch.setattr(batches, "_match_interior", lambda pictures, random: None)
    monkeypatch.setattr(batches, "augmented", lambda sample, random, mirror: sample)
    config = dataclasses.replace(TINY["mouth"], widths=(12, 16, 24))
    settings = dataclasses.replace(
        SETTINGS, steps=60, batch=3, lr=3e-3, warmup=5, average=0.9, critic_from=1.0, log_steps=10, validate_steps=60
    )
    system = system_of(drawn_cases, "mouth", settings, config)
    train_network(system, settings, tmp_path, None)
    pixel = [line["pixel"] for line in log_of(tmp_path) if line["kind"] == "train"]
    assert pixel[-1] < 0.8 * pixel[0]
    samples = read_samples(drawn_cases, "mouth")
    found = validate(
        system.state.average, BatchSampler(CaseSource(samples, "train", "mouth"), 1, 0).fixed(12), NO_CONTENT
    )
    assert found.figures["inside"] < 0.6, "error behind the lips over that of geometry alone"
    assert found.figures["whole"] < 0.98, "and over the whole patch"
    (picture,) = (tmp_path / "pictures").iterdir()
    assert picture.read_bytes().startswith(b"\x89PNG")
    shown = [line for line in log_of(tmp_path) if line["kind"] == "validation"]
    assert [line["steps"] for line in shown] == [60] and {"mask", "whole"} <= set(shown[0])


def test_a_loss_that_is_no_number_ends_the_run_and_names_the_last_good_checkpoint(
    drawn_cases: Path, tmp_path: Path
) -> None:
    with pytest.raises(InterruptedRunError):
        train_eye(drawn_cases, tmp_path, ended_at(2, KeyboardInterrupt))
    before = (tmp_path / "step-0000002.safetensors").read_bytes()
    sick = dataclasses.replace(SETTINGS, lr=1.0, pixel=1e38, inside=1e38, save_minutes=0.0)
    with pytest.raises(TrainingStoppedError, match=r"(?s)not finite.*step-0000002"):
        train_eye(drawn_cases, tmp_path, settings=sick)
    assert (tmp_path / "step-0000002.safetensors").read_bytes() == before
    assert checkpoints(tmp_path) == [2]


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_a_run_in_half_precision_trains_and_resumes(drawn_cases: Path, tmp_path: Path, precision: str) -> None:
    settings = dataclasses.replace(SETTINGS, precision=precision, steps=3, batch=1, critic_from=0.3)
    train_eye(drawn_cases, tmp_path / "whole", settings=settings)
    with pytest.raises(InterruptedRunError):
        train_eye(drawn_cases, tmp_path / "broken", ended_at(2, KeyboardInterrupt), settings)
    train_eye(drawn_cases, tmp_path / "broken", settings=settings)
    assert same_run(tmp_path / "whole", tmp_path / "broken", 3)
    arrays = read_arrays(tmp_path / "whole" / "step-0000003.safetensors", KIND, SCHEMA).arrays
    assert ("scaler.network/scale" in arrays) == (precision == "fp16")
    assert all(array.dtype == np.float32 for key, array in arrays.items() if key.startswith("network."))
    assert all(np.isfinite(line["loss"]) for line in log_of(tmp_path / "whole"))


def test_weights_that_are_no_numbers_are_never_saved(drawn_cases: Path, tmp_path: Path) -> None:
    with pytest.raises(InterruptedRunError):
        train_eye(drawn_cases, tmp_path, ended_at(2, KeyboardInterrupt))
    system = system_of(drawn_cases, settings=dataclasses.replace(SETTINGS, log_steps=100))
    restore = system.restore

    def poisoned(*values: Any) -> None:
        restore(*values)
        with torch.no_grad():
            system.state.network.out.weight[0, 0] = float("nan")

    system.restore = poisoned  # type: ignore[method-assign]
    with pytest.raises(TrainingStoppedError, match=r"(?s)'eye' diverged: .*step-0000002"):
        train_network(system, SETTINGS, tmp_path, None)
    assert checkpoints(tmp_path) == [2]


@pytest.fixture
def run_folder(drawn_cases: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run folder with cases already made, and a prepared folder of drawn people."""
    folder = tmp_path / "run"
    shutil.copytree(drawn_cases, folder / "cases")
    rows = [{**dataclasses.asdict(entry), "sha256": "0"} for entry in drawn_clips().clips]
    monkeypatch.setattr(job, "read_clips", lambda data: iter(rows if data.name == "data" else rows[1:]))
    monkeypatch.setattr(job, "ShardClips", lambda data, size: drawn_clips())
    return folder


def run_job(
    folder: Path,
    settings: PortraitTrainSettings,
    samples: SampleSettings = CASES,
    data: str = "data",
    report: Callable[[Progress], None] | None = None,
) -> job.PortraitResult:
    return job.train_portrait_on_folder(settings, samples, folder.parent / data, folder, report, None, TINY)


def test_networks_may_be_trained_one_by_one_and_are_joined_when_all_are_there(run_folder: Path) -> None:
    short = dataclasses.replace(SETTINGS, steps=1, batch=1, networks="eye")
    first = run_job(run_folder, short)
    assert first.model is None and first.missing == ("mouth", "head")
    last = run_job(run_folder, dataclasses.replace(short, networks="mouth, head"))
    assert last.model == run_folder / "portrait.safetensors" and last.missing == ()
    weights = read_portrait(last.model)
    assert set(weights.configs) == set(NETWORKS)
    assert weights.people == {"person-0", "person-1", "person-2"}
    assert all(weights.ranges(name) for name in NETWORKS), "a finished network can be run with 8-bit numbers"
    assert {"run.json", "cases", "mouth", "eye", "head"} <= {path.name for path in run_folder.iterdir()}


def test_two_processes_never_train_one_network_in_one_folder(run_folder: Path) -> None:
    short = dataclasses.replace(SETTINGS, steps=1, batch=1, networks="eye")
    (run_folder / "eye").mkdir(parents=True)
    lock = FileLock(run_folder / "eye" / "run.lock")
    with (
        lock.acquire_or_raise("trains here"),
        pytest.raises(OutputError, match="another process trains the network 'eye'"),
    ):
        run_job(run_folder, short)
    assert not (run_folder / "eye" / "run.json").exists(), "who is refused writes nothing"
    run_job(run_folder, short)
    assert (run_folder / "eye" / "model.safetensors").is_file()


def test_a_run_folder_refuses_other_settings_other_data_and_fewer_steps(run_folder: Path) -> None:
    short = dataclasses.replace(SETTINGS, steps=2, batch=1, networks="eye")
    run_job(run_folder, short)
    with pytest.raises(UsageError, match="`lr="):
        run_job(run_folder, dataclasses.replace(short, lr=0.1))
    with pytest.raises(UsageError, match="`steps=2`"):
        run_job(run_folder, dataclasses.replace(short, steps=1))
    with pytest.raises(UsageError, match="`frames="):
        run_job(run_folder, short, dataclasses.replace(CASES, frames=5))
    with pytest.raises(UsageError, match="other data"):
        run_job(run_folder, short, data="other")
    taken: list[int] = []
    longer = dataclasses.replace(short, steps=3, log_steps=1, keep=5)
    run_job(run_folder, longer, report=lambda progress: taken.append(progress.done))
    assert taken == [3]
    assert json.loads((run_folder / "eye" / "run.json").read_text())["settings"]["steps"] == 3


def test_the_command_offers_every_setting_once_and_hands_them_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[object] = []

    def instead(*values: object) -> job.PortraitResult:
        given.extend(values)
        return job.PortraitResult(tmp_path, 7, tmp_path / "portrait.safetensors", ())

    monkeypatch.setattr(job, "train_portrait_on_folder", instead)
    app = typer.Typer()
    app.command()(command)
    text = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "250", "TERM": "dumb"}).output
    for kind in (PortraitTrainSettings, SampleSettings):
        for field in dataclasses.fields(kind):
            assert text.count(f"--{field.name.replace('_', '-')} ") == 1, field.name
    words = ["--data", "d", "-o", "r", "--steps", "9", "--crop", "256", "--seed", "4"]
    done = CliRunner().invoke(app, words)
    assert done.output.strip().endswith("portrait.safetensors")
    assert given[:4] == [PortraitTrainSettings(steps=9, seed=4), SampleSettings(crop=256, seed=4), Path("d"), Path("r")]
    assert json.loads(CliRunner().invoke(app, [*words, "--json"]).stdout)["cases"] == 7


def test_a_run_begins_from_finished_weights_and_says_so(drawn_cases: Path, unbroken: Path, tmp_path: Path) -> None:
    start = unbroken / "model.safetensors"
    begun = dataclasses.replace(SETTINGS, start=str(start), lr=0.0, lr_critic=0.0, average=0.0)
    train_eye(drawn_cases, tmp_path, settings=begun)
    first, second = read_portrait(start), read_portrait(tmp_path / "model.safetensors")
    for name, array in first.arrays["eye"].items():
        assert np.allclose(array, second.arrays["eye"][name], atol=1e-7), "at a rate of 0 nothing is learnt"
    recipe = second.header["networks"]["eye"]["recipe"]
    assert recipe["settings"]["start"] == {"file": "model.safetensors", "sha256": first.sha256}
    assert set(recipe["people"]) >= first.people


def test_people_whom_the_first_weights_knew_stay_known(drawn_cases: Path, unbroken: Path, tmp_path: Path) -> None:
    old = read_portrait(unbroken / "model.safetensors")
    entry = old.header["networks"]["eye"]
    recipe = {**entry["recipe"], "people": ["somebody-else"]}
    start = tmp_path / "other.safetensors"
    save_network(start, "eye", entry["config"], old.arrays["eye"], recipe)
    train_eye(drawn_cases, tmp_path / "run", settings=dataclasses.replace(SETTINGS, start=str(start), steps=1))
    assert {"somebody-else", *old.people} <= read_portrait(tmp_path / "run" / "model.safetensors").people


def test_weights_of_another_size_are_no_beginning(drawn_cases: Path, tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match="no network 'eye' of this size"):
        train_eye(drawn_cases, tmp_path, settings=dataclasses.replace(SETTINGS, start="shipped"))


def test_what_the_landmark_network_sees_is_a_loss_of_mouth_and_eye_alone(drawn_cases: Path, tmp_path: Path) -> None:
    train_eye(
        drawn_cases, tmp_path / "with", settings=dataclasses.replace(SETTINGS, steps=1, validate_steps=1, landmarks=1.0)
    )
    lines = log_of(tmp_path / "with")
    assert lines[0]["landmarks"] > 0 and lines[1]["landmarks"] > 0
    train_eye(drawn_cases, tmp_path / "without", settings=dataclasses.replace(SETTINGS, steps=1))
    assert "landmarks" not in log_of(tmp_path / "without")[0]
    settings = dataclasses.replace(SETTINGS, steps=1, landmarks=1.0)
    train_network(system_of(drawn_cases, "head", settings), settings, tmp_path / "head", None)
    assert "landmarks" not in log_of(tmp_path / "head")[0]
