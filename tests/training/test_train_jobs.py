"""Training as a job: stated before it starts, stopped when sick, saved when interrupted, driven by commands."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
import torch
import typer
from drawn_people import drawn_store
from typer.testing import CliRunner

from animato.cli.models import models
from animato.cli.train import train as train_command
from animato.data.clips import MemoryClips
from animato.errors import InterruptedRunError, UsageError
from animato.settings.training import TrainSettings, recipe_settings
from animato.training import loop, meta
from animato.training.checkpoint import SCHEMA
from animato.training.distributed import ProcessGroup
from animato.training.divergence_guard import TrainingStoppedError
from animato.training.estimate import Machine
from animato.training.jobs import estimate_run
from animato.training.loop import Progress
from animato.training.meta import train
from animato.training.meta_system import KIND, MetaSystem
from animato.training.throughput import compare_throughput
from animato.weights.io import read_arrays, read_header


def test_a_run_keeps_what_it_was(people: MemoryClips, smallest: TrainSettings, tmp_path: Path) -> None:
    seen: list[Progress] = []
    settings = dataclasses.replace(smallest, validate_episodes=12, validate_people=2)
    result = train(settings, people, tmp_path, seen.append, margin=1.5)
    assert [progress.done for progress in seen if progress.kind == "train"] == [8, 16, 24]
    described = json.loads((tmp_path / "run.json").read_text())
    assert described["settings"]["size"] == 32
    assert described["content_network"] == "none"
    assert described["people"] == [f"person-{i}" for i in range(4)]
    header = read_header(result.model)
    assert header["config"]["margin"] == 1.5
    assert header["recipe"]["people"] == described["people"]
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    kinds = [line["kind"] for line in lines]
    assert kinds.count("train") == 3
    assert kinds.count("validation") >= 2
    wanted = {"loss_drawer", "loss_critic", "gradient_drawer", "gradient_critic", "critic_real_right"}
    assert wanted | {"critic_fake_right", "drawn_mean", "drawn_spread", "real_spread"} <= set(lines[0])
    parts = sum(value for name, value in lines[0].items() if name.startswith("loss_") and name[5:] not in _WHOLES)
    assert parts == pytest.approx(lines[0]["loss_drawer"], rel=1e-4)
    assert list((tmp_path / "tensorboard").iterdir())
    assert (tmp_path / "pictures" / "episode-000000012.png").read_bytes().startswith(b"\x89PNG")


_WHOLES = ("drawer", "critic")


def test_the_feed_forward_variant_has_no_match_loss(
    people: MemoryClips, smallest: TrainSettings, tmp_path: Path
) -> None:
    train(dataclasses.replace(smallest, variant="feed-forward", episodes=8), people, tmp_path)
    line = json.loads((tmp_path / "log.jsonl").read_text().splitlines()[0])
    assert "loss_match" not in line


def test_a_run_that_diverges_stops_and_names_the_last_good_checkpoint(
    people: MemoryClips, smallest: TrainSettings, tmp_path: Path
) -> None:
    train(dataclasses.replace(smallest, episodes=8, cooldown=0.0), people, tmp_path)
    state_file = tmp_path / "checkpoints" / "episode-000000008.safetensors"
    good = read_arrays(state_file, KIND, SCHEMA)
    real_step = loop.update

    def poisoned(system: MetaSystem, micro_batches: object) -> object:
        with torch.no_grad():
            system.state.embedder_generator.generator.to_rgb.weight.fill_(float("nan"))
        return real_step(system, micro_batches)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "update", poisoned)
        with pytest.raises(TrainingStoppedError, match=r"(?s)diverged.*step 3; .*episode-000000008"):
            train(dataclasses.replace(smallest, cooldown=0.0), people, tmp_path)
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == [state_file.name]
    assert read_arrays(state_file, KIND, SCHEMA).header == good.header


def test_ctrl_c_saves_and_says_how_to_go_on(people: MemoryClips, smallest: TrainSettings, tmp_path: Path) -> None:
    def stop(progress: Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(InterruptedRunError, match="after 8 episodes"):
        train(smallest, people, tmp_path, stop)
    assert (tmp_path / "checkpoints" / "episode-000000008.safetensors").is_file()
    assert train(smallest, people, tmp_path).episodes == 24


def test_the_dry_run_states_memory_time_and_cost_and_writes_nothing(
    people: MemoryClips, smallest: TrainSettings, tmp_path: Path
) -> None:
    found = estimate_run(smallest, people, tmp_path / "run", Machine(price=2.0))
    assert found.data == {"people": 4, "videos": 4, "frames": 24}
    assert found.steps == 6 and found.share == found.trial_share == 4
    assert found.hours == pytest.approx(6 * found.seconds_a_step / 3600)
    assert found.cost == pytest.approx(2.0 * found.hours)
    text = "\n".join(found.sentences())
    for word in ("memory", "time", "cost", "disk", "counted", "measured"):
        assert word in text
    assert not list(tmp_path.iterdir())
    train(smallest, people, tmp_path / "run")
    size = (tmp_path / "run" / "checkpoints" / "episode-000000024.safetensors").stat().st_size / 1e6
    assert found.checkpoint_mb == pytest.approx(size, rel=0.1)


def test_a_run_on_other_machines_is_planned_from_a_small_trial(
    people: MemoryClips, smallest: TrainSettings, tmp_path: Path
) -> None:
    here = estimate_run(smallest, people, tmp_path, Machine())
    there = estimate_run(smallest, people, tmp_path, Machine(processes=2, price=3.0, tflops=0.001))
    assert (there.share, there.trial_share) == (2, 1)
    assert there.tflop_a_step == pytest.approx(here.tflop_a_step / 2, rel=0.05)
    assert 0.95 * here.kept_mb / 2 < there.kept_mb < 0.7 * here.kept_mb, "no less: some is kept once for all samples"
    assert there.seconds_a_step >= there.tflop_a_step / 0.001
    assert "scaled from 1 of 2 samples" in "\n".join(there.sentences())
    with pytest.raises(UsageError, match="cannot be shared by 3"):
        estimate_run(smallest, people, tmp_path, Machine(processes=3))


def test_a_batch_that_cannot_be_shared_is_refused(
    people: MemoryClips, smallest: TrainSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(meta, "join_process_group", lambda device: ProcessGroup(0, 3, torch.device("cpu")))
    with pytest.raises(UsageError, match="cannot be shared by 3"):
        train(smallest, people, tmp_path)


def test_both_loops_of_the_speed_comparison_train(smallest: TrainSettings) -> None:
    found = compare_throughput(smallest, drawn_store(size=32), steps=2, rounds=1)
    assert found.ours > 0
    assert found.share > 0.2, "a loop that is five times slower than the plain one is broken"


def test_the_commands_list_every_setting_and_every_network() -> None:
    app = typer.Typer()
    app.command("train")(train_command)
    app.command("models")(models)
    text = CliRunner().invoke(app, ["train", "--help"], env={"COLUMNS": "250", "TERM": "dumb"}).output
    for field in dataclasses.fields(TrainSettings):
        assert f"--{field.name.replace('_', '-')}" in text, field.name
    refused = CliRunner().invoke(app, ["train", "--recipe", "huge", "--data", "x", "-o", "y"])
    assert isinstance(refused.exception, UsageError)


def test_listed_numbers_are_those_of_the_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    from animato.models import listing

    monkeypatch.setattr(listing, "RECIPES", {"tiny": {}})
    app = typer.Typer()
    app.command()(models)
    rows = json.loads(CliRunner().invoke(app, ["--json"]).output)
    assert [row["network"] for row in rows][:3] == ["face detector", "face landmarks", "blendshapes"]
    by_name = {row["network"]: row for row in rows}
    assert by_name["face landmarks"]["gmac"] == pytest.approx(0.113, rel=0.05)
    assert {"embedder", "generator", "discriminator"} <= set(by_name)
    assert by_name["generator"]["size"] == recipe_settings("tiny").size
