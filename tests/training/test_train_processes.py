"""Two processes train as one does, and micro-batches as a whole batch, for both systems."""

from __future__ import annotations

import dataclasses
import json
import multiprocessing
import os
import socket
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from drawn_cases import TINY
from drawn_people import drawn_store
from smallest_recipe import SMALLEST

from animato.errors import UsageError
from animato.settings.portrait import PortraitTrainSettings
from animato.settings.training import TrainSettings, recipe_settings
from animato.training import meta_system
from animato.training.checkpoint import SCHEMA
from animato.training.meta import train
from animato.training.portrait import system
from animato.training.portrait.train import case_data, train_portrait
from animato.weights.io import read_arrays

PAPER = {**SMALLEST, "episodes": 16, "log_episodes": 4, "cooldown": 0.0}
PORTRAIT = PortraitTrainSettings(
    networks="eye",
    steps=3,
    batch=4,
    warmup=2,
    critic_from=0.4,
    content=0.0,
    log_steps=1,
    validate_steps=0,
    save_minutes=60.0,
)


def paper_settings(**changes: Any) -> TrainSettings:
    return recipe_settings("tiny", {**PAPER, **changes})


def run_paper(folder: Path, **changes: Any) -> None:
    train(paper_settings(**changes), drawn_store(size=32), folder / "paper")


def run_portrait(folder: Path, cases: Path, **changes: Any) -> None:
    train_portrait(dataclasses.replace(PORTRAIT, **changes), partial(case_data, cases), folder / "portrait", None, TINY)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def run_rank(rank: int, world: int, port: int, job: Callable[..., None], values: tuple[Any, ...]) -> None:
    places = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": world, "MASTER_PORT": port}
    os.environ |= {name: str(value) for name, value in places.items()}
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "GLOO_SOCKET_IFNAME": "lo"}
    torch.set_num_threads(1)
    job(*values)


def run_processes(world: int, job: Callable[..., None], *values: Any) -> None:
    """Run a job as torchrun starts it, in processes that never shared a thread with this one.

    A fork of this process would keep locks whose threads it does not have (of OpenVINO, torch, servers of other tests)
    and wait for them for ever, some time or other. The server that starts them imports the trainers once.
    """
    clean, port = multiprocessing.get_context("forkserver"), free_port()
    clean.set_forkserver_preload([train.__module__, train_portrait.__module__])
    processes = [
        clean.Process(target=run_rank, args=(rank, world, port, job, values), daemon=True) for rank in range(world)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    for process in processes:
        process.kill()
        process.join()
    assert [process.exitcode for process in processes] == [0] * world


@pytest.fixture(scope="module")
def runs(drawn_cases: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same runs by one process, by two, and by one with two micro-batches a step."""
    folder = tmp_path_factory.mktemp("runs")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    run_processes(2, run_paper, folder / "two")
    run_processes(2, run_portrait, folder / "two", drawn_cases)
    for name, count in (("one", 1), ("parts", 2)):
        run_paper(folder / name, accumulate=count)
        run_portrait(folder / name, drawn_cases, accumulate=count)
    torch.set_num_threads(before)
    return folder


def lines_of(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


SYSTEMS = {
    "paper": ("paper", "paper/checkpoints/episode-000000016.safetensors", meta_system.KIND),
    "portrait": ("portrait/eye", "portrait/eye/step-0000003.safetensors", system.KIND),
}


@pytest.mark.parametrize("name", SYSTEMS)
@pytest.mark.parametrize("other", ["two", "parts"])
def test_a_shared_batch_gives_the_losses_and_weights_of_the_whole_one(runs: Path, name: str, other: str) -> None:
    log, checkpoint, kind = SYSTEMS[name]
    whole, shared = (lines_of(runs / run / log) for run in ("one", other))
    assert len(whole) == len(shared) >= 3
    for line, twin in zip(whole, shared, strict=True):
        assert line.keys() == twin.keys()
        for figure in line:
            if figure.startswith("loss_") or figure in ("loss", "critic", "pixel", "adversarial", "features"):
                assert np.isclose(line[figure], twin[figure], rtol=2e-3, atol=2e-4), (line, figure)
    # The first line comes before rounding has had time to grow.
    for figure in whole[0]:
        if figure.startswith(("loss", "gradient_")):
            assert np.isclose(whole[0][figure], shared[0][figure], rtol=1e-4, atol=1e-5), figure
    one, two = (read_arrays(runs / run / checkpoint, kind, SCHEMA).arrays for run in ("one", other))
    assert one.keys() == two.keys()
    assert np.array_equal(one["table.steps"], two["table.steps"])
    weights = [key for key in one if not key.startswith(("adam.", "random.", "table.s"))]
    for key in weights:
        # Adam moves a weight by about the rate, whatever its gradient: rounding may turn single ones round.
        assert np.abs(one[key] - two[key]).mean() < 3e-4, key


def test_every_network_takes_part_in_every_backward_pass(drawn_cases: Path, tmp_path: Path) -> None:
    """DDP waits for the gradient of each parameter, also of the networks that paint hidden places only."""
    settings = dataclasses.replace(PORTRAIT, networks="mouth,head", steps=2, batch=2)
    run_processes(2, train_portrait, settings, partial(case_data, drawn_cases), tmp_path, None, TINY)
    assert [len(lines_of(tmp_path / name)) for name in ("mouth", "head")] == [2, 2]


def test_a_batch_that_cannot_be_shared_is_refused(drawn_cases: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="`batch=4` cannot be shared by 1 processes with `accumulate=3`"):
        run_portrait(tmp_path, drawn_cases, accumulate=3)
