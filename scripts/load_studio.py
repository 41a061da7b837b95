"""Measure what browsing clients cost a render in the studio, and its memory while a large file arrives (Linux).

    python scripts/load_studio.py [--clients 50] [--rounds 3] [--gigabytes 2]

Each round renders the same job alone and beside the clients. A client asks for page, lists and pictures, one after
another, with a pause of a second, as a person does. Prints JSON.
"""

from __future__ import annotations

import argparse
import http.client
import json
import random
import statistics
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from fuzz_studio import PHOTO, Studio

PAUSE = 1.0
"""Mean seconds between two requests of a client."""

LISTS = ("/", "/api/v1/status", "/api/v1/heads", "/api/v1/drivers", "/api/v1/jobs", "/api/v1/results", "/api/v1/files")
BLOCK = bytes(1 << 20)


class Clients:
    """Clients that browse until they are told to end; a context manager.

    Args:
        studio: the server.
        count: number of clients.
        paths: that they ask for.
    """

    def __init__(self, studio: Studio, count: int, paths: list[str]) -> None:
        self._studio, self._paths = studio, paths
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._browse, args=(seed,)) for seed in range(count)]
        self.seconds: list[float] = []
        self.errors: list[str] = []

    def __enter__(self) -> Clients:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_problem: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _browse(self, seed: int) -> None:
        chance = random.Random(seed)
        host = self._studio.address.removeprefix("http://")
        line = http.client.HTTPConnection(host, timeout=60)
        while not self._ended.wait(chance.expovariate(1 / PAUSE)):
            path = chance.choice(self._paths)
            started = time.perf_counter()
            try:
                line.request("GET", path, headers={"Authorization": f"Bearer {self._studio.token}"})
                answer = line.getresponse()
                answer.read()
                if answer.status != 200:
                    self.errors.append(f"{path}: {answer.status}")
            except (OSError, http.client.HTTPException) as problem:
                self.errors.append(f"{path}: {problem!r}")
                line.close()
            self.seconds.append(time.perf_counter() - started)


def rendered(studio: Studio, head: str) -> float:
    """Return the seconds of one job."""
    job = studio.post("/jobs", {"head": head, "driver": "talk", "settings": {"frame": "crop", "size": 512}})["id"]
    studio.wait(job)
    ended = studio.get(f"/jobs/{job}")
    return float(ended["ended"] - ended["started"])


def memory(process: int) -> float:
    """Return the resident memory of a process, megabytes."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1000 for line in lines if line.startswith("VmRSS"))


def upload(studio: Studio, gigabytes: float, *, stated: bool) -> dict[str, Any]:
    """Send zeros, with or without stating how many, and return status, sentence, seconds and the growth of memory."""
    before, most, sent, total = memory(studio.process.pid), 0.0, 0, round(gigabytes * 1e9)
    line = http.client.HTTPConnection(studio.address.removeprefix("http://"), timeout=60)
    started = time.perf_counter()
    line.putrequest("POST", "/api/v1/files?name=big.mp4")
    line.putheader("Authorization", f"Bearer {studio.token}")
    line.putheader(*(("Content-Length", str(total)) if stated else ("Transfer-Encoding", "chunked")))
    line.endheaders()
    try:
        while sent < total:
            line.send(BLOCK if stated else b"%x\r\n%b\r\n" % (len(BLOCK), BLOCK))
            sent += len(BLOCK)
            most = max(most, memory(studio.process.pid))
        if not stated:
            line.send(b"0\r\n\r\n")
    except OSError:
        pass  # refused while it is sent: the answer is there
    answer = line.getresponse()
    body = json.loads(answer.read())
    said = body["error"]["what"] if "error" in body else body["bytes"]
    seconds = round(time.perf_counter() - started, 2)
    grown = round(max(most, memory(studio.process.pid)) - before, 1)
    return {"status": answer.status, "said": said, "sent_mb": sent // 10**6, "seconds": seconds, "grown_mb": grown}


def load(studio: Studio, clients: int, rounds: int) -> dict[str, Any]:
    """Return the seconds of renders alone and beside clients, and how the clients fared."""
    photo = studio.post("/files?name=photo.png", PHOTO.read_bytes())["id"]
    head = studio.post("/heads", {"photos": [photo], "consent": {"ground": "not-a-person"}})["id"]
    paths = [*LISTS, f"/api/v1/heads/{head}", f"/api/v1/heads/{head}/thumbnail", f"/api/v1/files/{photo}/content"]
    rendered(studio, head)  # compiles the networks
    alone, beside, seconds, errors = [], [], [], []
    for _ in range(rounds):
        alone.append(rendered(studio, head))
        with Clients(studio, clients, paths) as browsing:
            beside.append(rendered(studio, head))
        seconds += browsing.seconds
        errors += browsing.errors
    seconds.sort()
    slower = statistics.median(b / a for a, b in zip(alone, beside, strict=True)) - 1
    return {
        "alone_s": [round(value, 2) for value in alone],
        "beside_s": [round(value, 2) for value in beside],
        "slower": round(slower, 3),
        "requests": len(seconds),
        "errors": errors,
        "median_ms": round(1000 * statistics.median(seconds), 1),
        "p95_ms": round(1000 * seconds[int(0.95 * len(seconds))], 1),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--gigabytes", type=float, default=2.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        studio = Studio(Path(folder), 1500)
        try:
            found = {"upload_stated": upload(studio, options.gigabytes, stated=True)}
            found["upload_counted"] = upload(studio, options.gigabytes, stated=False)
            found["upload_taken"] = upload(studio, 1.4, stated=True)
            found["load"] = load(studio, options.clients, options.rounds)
            print(json.dumps(found, indent=1))
        finally:
            studio.process.kill()
            studio.process.wait()


if __name__ == "__main__":
    main()
