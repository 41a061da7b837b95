"""Test the studio's API against its own description with schemathesis, on a server with a head, files and results.

    python scripts/fuzz_studio.py SCHEMATHESIS [--cases 20] [--seed 1]

SCHEMATHESIS is its executable; `make studio-fuzz` installs it in an environment of its own. Exits with its exit code.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PHOTO = ROOT / "animato" / "assets" / "demo_portrait.png"

EXCLUDED = "/api/v1/events"
"""A stream without an end."""

ACCEPTED = ["2xx", "401", "403", "404", "409", "422", "429"]
"""Statuses that a request in the right form may get: 422 if the file it names, or a combination of settings, cannot be
used, which a schema cannot express."""


class Studio:
    """A server with a data folder of its own.

    Args:
        folder: of data and keys.
        megabytes: largest upload.
    """

    def __init__(self, folder: Path, megabytes: int = 1) -> None:
        environment = {**os.environ, "ANIMATO_HOME": str(folder / "home"), "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "animato.cli", "studio", "--data", str(folder / "data")]
        command += ["--max-upload", str(megabytes)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        assert self.process.stdout is not None
        self.address, _, self.token = self.process.stdout.readline().split()[1].partition("/?token=")

    def post(self, path: str, body: Any) -> dict[str, Any]:
        """Send JSON or bytes and return the answer."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        kind = "application/octet-stream" if isinstance(body, bytes) else "application/json"
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": kind}
        request = urllib.request.Request(f"{self.address}/api/v1{path}", data, headers)
        with urllib.request.urlopen(request) as answer:
            return dict(json.load(answer))

    def get(self, path: str) -> dict[str, Any]:
        """Return an object."""
        headers = {"Authorization": f"Bearer {self.token}"}
        with urllib.request.urlopen(urllib.request.Request(f"{self.address}/api/v1{path}", headers=headers)) as answer:
            return dict(json.load(answer))

    def wait(self, job: str) -> str:
        """Wait for a job and return the id of its result."""
        headers = {"Authorization": f"Bearer {self.token}"}
        request = urllib.request.Request(f"{self.address}/api/v1/events", headers=headers)
        with urllib.request.urlopen(request) as events:
            for line in events:
                if line.startswith(b"data: ") and (told := json.loads(line[6:]))["id"] == job and told.get("result"):
                    return str(told["result"])
        raise SystemExit("the studio ended")


def parameters(studio: Studio) -> dict[str, dict[str, str]]:
    """Make one of everything, and return the path parameters that name it, by path."""
    photo = studio.post("/files?name=photo.png", PHOTO.read_bytes())["id"]
    consent = {"ground": "not-a-person"}
    head = studio.post("/heads", {"photos": [photo], "consent": consent})["id"]
    driver = studio.post("/motions", {"name": "Smile", "keyframes": [{"time": 0.2, "controls": {"smile": 1.0}}]})["id"]
    expression = studio.post("/expressions", {"name": "Smile", "controls": {"smile": 1.0}})["id"]
    settings = {"frame": "crop", "size": 128, "model": "geometry"}
    job = studio.post("/jobs", {"head": head, "driver": driver, "settings": settings})["id"]
    ids = {"files": photo, "heads": head, "drivers": driver, "expressions": expression, "jobs": job}
    return {name: {"number": number} for name, number in {**ids, "results": studio.wait(job)}.items()}


def configuration(known: dict[str, dict[str, str]], paths: list[str]) -> str:
    """Return the configuration file: an existing object for each path, and the statuses that are no failure."""
    rows = ["[checks.positive_data_acceptance]", f"expected-statuses = {json.dumps(ACCEPTED)}"]
    for path in paths:
        place = path.split("/")[3]
        if "{number}" in path:
            rows += ["", "[[operations]]", f'include-path = "{path}"', 'include-method = "GET"']
            rows.append(f'parameters = {{ "path.number" = "{known[place]["number"]}" }}')
    return "\n".join(rows) + "\n"


def main() -> int:
    """Run and return the exit code of schemathesis."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("schemathesis", type=Path)
    parser.add_argument("--cases", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        studio = Studio(Path(folder))
        try:
            known = parameters(studio)
            headers = {"Authorization": f"Bearer {studio.token}"}
            schema = f"{studio.address}/api/v1/openapi.json"
            with urllib.request.urlopen(urllib.request.Request(schema, headers=headers)) as answer:
                paths = list(json.load(answer)["paths"])
            config = Path(folder) / "schemathesis.toml"
            config.write_text(configuration(known, paths), encoding="utf-8")
            command = [str(options.schemathesis.absolute()), "--config-file", str(config), "run", schema]
            command += ["--header", f"Authorization: Bearer {studio.token}", "--exclude-path", EXCLUDED]
            command += ["--continue-on-failure", "--request-timeout", "60"]
            command += ["--max-examples", str(options.cases), "--seed", str(options.seed)]
            return subprocess.run(command, cwd=folder, check=False).returncode
        finally:
            studio.process.kill()
            studio.process.wait()


if __name__ == "__main__":
    raise SystemExit(main())
