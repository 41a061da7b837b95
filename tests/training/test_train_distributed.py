"""Two processes train as one does."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np

from animato.training.checkpoint import SCHEMA
from animato.training.meta_system import KIND
from animato.weights.io import read_arrays

HERE = Path(__file__).parent


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _train(folder: Path, world: int) -> None:
    port = str(_free_port())
    processes = []
    for rank in range(world):
        places = {"RANK": str(rank), "WORLD_SIZE": str(world), "LOCAL_RANK": str(rank)}
        address = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port} if world > 1 else {}
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo", **places, **address}
        command = [sys.executable, str(HERE / "endless_training.py"), str(folder), "16"]
        processes.append(subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL))
    assert [process.wait(timeout=120) for process in processes] == [0] * world


def test_two_processes_have_the_same_loss_as_one(tmp_path: Path) -> None:
    _train(tmp_path / "one", 1)
    _train(tmp_path / "two", 2)
    lines = {}
    for name in ("one", "two"):
        text = (tmp_path / name / "log.jsonl").read_text()
        lines[name] = [json.loads(line) for line in text.splitlines()]
    assert [line["episodes"] for line in lines["one"]] == [line["episodes"] for line in lines["two"]] == [4, 8, 12, 16]
    for one, two in zip(lines["one"], lines["two"], strict=True):
        for name in one:
            if name.startswith("loss_"):
                assert np.isclose(one[name], two[name], rtol=2e-3, atol=2e-4), (one["episodes"], name)
    # the first line comes before rounding has had time to grow
    for name in lines["one"][0]:
        if name.startswith(("loss_", "gradient_")):
            assert np.isclose(lines["one"][0][name], lines["two"][0][name], rtol=1e-4, atol=1e-5), name
    last = "checkpoints/episode-000000016.safetensors"
    one, two = (read_arrays(tmp_path / name / last, KIND, SCHEMA).arrays for name in ("one", "two"))
    assert np.array_equal(one["table.steps"], two["table.steps"])
    assert np.allclose(one["table.rows"], two["table.rows"], atol=2e-3)
