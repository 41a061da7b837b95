"""Feed mutated files to every loader: count foreign tracebacks, hangs and memory.

python scripts/fuzz.py [--cases 2000] [--seconds 120] [--seed 1] [--only motion,head] [--keep tests/fuzz/corpus]

A case is a function of seed and number, so a finding is repeated with the same `--seed`. Cases run in a child process
with limited memory; the parent kills it after ten seconds without a result. `--keep` stores findings under 20 kB.
The exit code is 1 if anything was found.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import resource
import select
import shutil
import sys
import tempfile
import time
import traceback
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

from fuzz_loaders import LOADERS, make_seeds

from animato.errors import AnimatoError

HANG_SECONDS = 10.0
MEMORY_MB = 1000
LIMIT_BYTES = 4 << 30
KEPT_BYTES = 20_000
ODD: tuple[Any, ...] = (None, True, -1, 0, 2**63, 10**400, 1.5, "", "x" * 300, [], {}, [[]], {"a": []}, [1, 0], "1/0")


def mutant(seed: bytes, other: bytes, suffix: str, rng: random.Random) -> bytes:
    """Return a mutated copy of a seed: inside its container where its format has one, else in its bytes."""
    if suffix == ".motion" and rng.random() < 0.7:
        return _in_archive(seed, rng)
    if suffix in (".animato", ".safetensors") and rng.random() < 0.7:
        return _in_tensor_header(seed, rng)
    if suffix == ".json" and rng.random() < 0.8:
        return json.dumps(_odd(json.loads(seed), rng)).encode()
    return _bytes(seed, other, rng)


def _bytes(seed: bytes, other: bytes, rng: random.Random) -> bytes:
    data = bytearray(seed)
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        place, length = rng.randrange(len(data) + 1), rng.choice((1, 2, 4, 8, 64, 512))
        kind = rng.randrange(6)
        if kind == 0 and place < len(data):
            data[place] ^= 1 << rng.randrange(8)
        elif kind == 1:
            data[place : place + length] = rng.choice((b"\0", b"\xff", b"\x7f")) * length
        elif kind == 2:
            data[place : place + length] = b""
        elif kind == 3:
            data[place:place] = data[place : place + length] * rng.choice((1, 2, 50))
        elif kind == 4:
            start = rng.randrange(len(other) + 1)
            data[place:place] = other[start : start + length]
        elif rng.random() < 0.3:
            del data[place:]
    return bytes(data)


def _odd(value: Any, rng: random.Random) -> Any:
    """Return a JSON value with one entry somewhere replaced, removed or nested deeply."""
    if isinstance(value, dict) and value and rng.random() < 0.85:
        key = rng.choice(sorted(value))
        if rng.random() < 0.1:
            return {name: item for name, item in value.items() if name != key}
        return {**value, key: _odd(value[key], rng)}
    if isinstance(value, list) and value and rng.random() < 0.85:
        place = rng.randrange(len(value))
        return [*value[:place], _odd(value[place], rng), *value[place + 1 :]]
    return rng.choice(ODD)


def _in_archive(seed: bytes, rng: random.Random) -> bytes:
    with tempfile.TemporaryFile() as file:
        file.write(seed)
        with zipfile.ZipFile(file) as source:
            members = {info.filename: source.read(info) for info in source.infolist()}
        name = rng.choice(sorted(members))
        if name.endswith(".json") and rng.random() < 0.8:
            members[name] = json.dumps(_odd(json.loads(members[name]), rng)).encode()
        else:
            members[name] = _bytes(members[name], b"", rng)
        file.truncate(0)
        file.seek(0)
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as target:
            for member, data in members.items():
                target.writestr(member, data)
        file.seek(0)
        return file.read()


def _in_tensor_header(seed: bytes, rng: random.Random) -> bytes:
    size = int.from_bytes(seed[:8], "little")
    header = json.loads(seed[8 : 8 + size])
    if rng.random() < 0.7:
        own = json.dumps(_odd(json.loads(header["__metadata__"]["animato"]), rng))
        if rng.random() < 0.02:
            own = "[" * 100_000
        header["__metadata__"]["animato"] = own
    else:
        name = rng.choice([key for key in header if key != "__metadata__"])
        header[name]["dtype"] = rng.choice(("BF16", "F8_E4M3", "F8_E5M2", "F16", "I16", "U16", "BOOL", "F64"))
    head = json.dumps(header).encode()
    return len(head).to_bytes(8, "little") + head + seed[8 + size :]


def run_case(loader: str, path: Path) -> str | None:
    """Read a file with all functions of a loader; return a description of a foreign exception, or None."""
    for read in LOADERS[loader][1]:
        try:
            read(path)
        except AnimatoError:
            continue
        except Exception as problem:
            last = traceback.extract_tb(problem.__traceback__)[-1]
            return f"{type(problem).__name__} at {Path(last.filename).name}:{last.lineno}: {str(problem)[:80]}"
    return None


def _child(numbers: range, seed: int, names: list[str], seeds: Path, work: Path, out: int) -> None:
    """Run cases and write a line for each to a pipe."""
    resource.setrlimit(resource.RLIMIT_AS, (LIMIT_BYTES, LIMIT_BYTES))
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    for number in numbers:
        rng = random.Random(f"{seed}-{number}")
        loader = names[number % len(names)]
        first, second = (rng.choice(LOADERS[loader][0]) for _ in range(2))
        data = mutant((seeds / first).read_bytes(), (seeds / second).read_bytes(), Path(first).suffix, rng)
        path = work / first
        path.write_bytes(data)
        os.write(out, f"{json.dumps([number, loader, str(path)])}\n".encode())
        problem = run_case(loader, path)
        megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        os.write(out, f"{json.dumps([problem, megabytes])}\n".encode())
        if megabytes > MEMORY_MB:
            os._exit(0)  # the peak of a process never falls: the next case needs a new one
    os._exit(0)


def fuzz(cases: int, seconds: float, seed: int, names: list[str], keep: Path | None) -> Counter[str]:
    """Run cases until their number or the time is reached; return the number of cases and of each finding."""
    found: Counter[str] = Counter()
    ends = time.monotonic() + seconds
    with tempfile.TemporaryDirectory(prefix="animato-fuzz-") as folder:
        seeds, work = Path(folder) / "seeds", Path(folder) / "work"
        os.environ["ANIMATO_HOME"] = str(Path(folder) / "home")
        make_seeds(seeds)
        number = 0
        while number < cases and time.monotonic() < ends:
            shutil.rmtree(work, ignore_errors=True)
            work.mkdir()
            number = _batch(range(number, cases), seed, names, (seeds, work), ends, found, keep)
    return found


def _batch(
    numbers: range,
    seed: int,
    names: list[str],
    folders: tuple[Path, Path],
    ends: float,
    found: Counter[str],
    keep: Path | None,
) -> int:
    """Run cases in one child until it ends, hangs or time is over; return the number of the next case."""
    source, sink = os.pipe()
    process = os.fork()
    if process == 0:
        os.close(source)
        _child(numbers, seed, names, *folders, sink)
    os.close(sink)
    case: list[Any] | None = None
    number = numbers.start
    with os.fdopen(source, "rb", buffering=0) as lines:  # unbuffered: `select` does not see a buffer
        while time.monotonic() < ends:
            if not select.select([lines], [], [], HANG_SECONDS)[0] or not (line := lines.readline()):
                break
            message = json.loads(line)
            if len(message) == 3:
                case, number = message, message[0] + 1
                continue
            problem, megabytes = message
            found["cases"] += 1
            if megabytes > MEMORY_MB:
                problem = f"memory: {megabytes} MB"
            if problem is not None and case is not None:
                _report(case, problem, found, keep)
            case = None
        if case is not None and time.monotonic() < ends:
            _report(case, "hang or crash", found, keep)
    os.kill(process, 9)
    os.waitpid(process, 0)
    return number


def _report(case: list[Any], problem: str, found: Counter[str], keep: Path | None) -> None:
    number, loader, name = case
    kind = f"{loader}: {problem}"
    found[kind] += 1
    if found[kind] == 1:
        print(f"case {number}: {kind}", flush=True)
        data = Path(name).read_bytes()
        if keep is not None and len(data) <= KEPT_BYTES:
            keep.mkdir(parents=True, exist_ok=True)
            digest = hashlib.sha256(data).hexdigest()[:8]
            (keep / f"{loader}-{digest}-{Path(name).name}").write_bytes(data)


def main() -> int:
    """Parse the command line, run, and print the counts."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default=",".join(LOADERS))
    parser.add_argument("--keep", type=Path)
    chosen = parser.parse_args()
    found = fuzz(chosen.cases, chosen.seconds, chosen.seed, chosen.only.split(","), chosen.keep)
    cases = found.pop("cases", 0)
    print(f"{cases} cases, {found.total()} findings of {len(found)} kinds, seed {chosen.seed}")
    for kind, count in found.most_common():
        print(f"{count:6}  {kind}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
