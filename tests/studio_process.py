"""A studio in a process of its own, as `animato studio` starts it, and what the tests ask of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2

from animato.pipeline.demo import DEMO_PHOTO

SHORT: dict[str, Any] = {"frame": "crop", "size": 128, "end": 0.2, "model": "geometry"}
"""Settings of a render that takes a moment."""

LONG: dict[str, Any] = {"frame": "crop", "size": 1024, "fps": 120.0, "model": "geometry"}
"""Settings of a render that is still running when it is cancelled or killed."""

TIMEOUT = 120.0


def heeds_ctrl_c() -> None:
    """In a child before it runs: a shell that starts jobs in the background lets them ignore Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class StudioProcess:
    """A server that can be killed and started again with the same data.

    Args:
        folder: of data folder and keys.
        options: further options of the command.
    """

    def __init__(self, folder: Path, *options: str) -> None:
        self.data = folder / "data"
        self._home, self._options = folder / "home", options
        self.start()

    def start(self) -> None:
        """Start the server and wait until it listens."""
        command = [sys.executable, "-m", "animato.cli", "studio", "--data", str(self.data), *self._options]
        environment = {**os.environ, "ANIMATO_HOME": str(self._home), "OMP_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, env=environment, preexec_fn=heeds_ctrl_c
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert "http://127.0.0.1:" in line, line
        self.address, _, self.token = line.split()[1].partition("/?token=")
        self.client = self.new_client()

    def new_client(self) -> httpx2.Client:
        """Return another client that knows the token."""
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx2.Client(base_url=f"{self.address}/api/v1", headers=headers, timeout=TIMEOUT, trust_env=False)

    def kill(self) -> None:
        """Kill the server as `kill -9` does."""
        self.client.close()
        self.process.kill()
        self._waited()

    def stop(self) -> int:
        """End the server as Ctrl-C does, and return its exit code."""
        self.client.close()
        self.process.send_signal(signal.SIGINT)
        return self._waited()

    def _waited(self) -> int:
        assert self.process.stdout is not None
        code = self.process.wait(TIMEOUT)
        self.process.stdout.close()
        return code

    def children(self) -> list[int]:
        """Return the ids of the processes that the server has started (Linux)."""
        tasks = Path(f"/proc/{self.process.pid}/task")
        return [int(word) for task in tasks.iterdir() for word in (task / "children").read_text().split()]

    def upload(self, path: Path, name: str | None = None) -> str:
        """Upload a file and return its id."""
        answer = self.client.post("/files", params={"name": name or path.name}, content=path.read_bytes())
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def demo_head(self) -> str:
        """Make a head of the demo portrait and return its id."""
        wanted = {"photos": [self.upload(DEMO_PHOTO)], "consent": {"ground": "not-a-person"}, "name": "Demo"}
        answer = self.client.post("/heads", json=wanted)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def job(self, head: str, settings: dict[str, Any], **more: Any) -> str:
        """Queue a job and return its id."""
        answer = self.client.post("/jobs", json={"driver": "nod", "head": head, "settings": settings, **more})
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    @contextmanager
    def events(self) -> Iterator[Callable[[str, Callable[[dict[str, Any]], bool]], dict[str, Any]]]:
        """Listen, and yield a function that waits until a job fulfils a condition and returns it."""
        with self.new_client() as client, client.stream("GET", "/events") as stream:
            lines = stream.iter_lines()
            assert next(lines).startswith(":")

            def wait(number: str, reached: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
                for line in lines:
                    job = json.loads(line[6:]) if line.startswith("data: ") else {}
                    if job.get("id") == number and "state" in job and reached(job):
                        return job  # type: ignore[no-any-return]
                raise AssertionError("the stream ended")

            yield wait


def ended(job: dict[str, Any]) -> bool:
    """Return whether a job has ended."""
    return job["state"] in ("done", "failed", "cancelled", "interrupted")


def rendering(job: dict[str, Any]) -> bool:
    """Return whether the first frame of a job is there."""
    return job["state"] == "running" and job["frames"] > 0
