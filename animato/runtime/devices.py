"""Which engine runs the renderer's networks, and on which device: chosen once, with the reasons in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from animato.errors import MissingPartError, UsageError
from animato.runtime.onnxruntime_network import onnxruntime_obstacle
from animato.runtime.torch_network import torch_obstacle

Device = Literal["auto", "cpu", "cuda", "coreml", "directml"]
"""Inference device of the renderer's networks."""

Backend = Literal["auto", "openvino", "onnxruntime", "torch"]
"""Library that runs the renderer's networks."""

ENGINES = ("openvino", "onnxruntime", "torch")
"""Libraries in the order in which "auto" tries them."""

AUTO_DEVICES = ("cuda", "cpu")
"""Devices in the order in which "auto" tries them; the others only by name, as nobody has measured them."""


@dataclass(frozen=True)
class Placement:
    """Where networks run.

    Attributes:
        device: never "auto".
        backend: never "auto".
        reasons: why each candidate before it was passed over, in words.
    """

    device: Device
    backend: Backend
    reasons: tuple[str, ...] = ()


def obstacle(backend: str, device: str) -> str:
    """Return why a library cannot run the networks on a device, in words; empty if it can.

    Args:
        backend: see `Backend`, not "auto".
        device: see `Device`, not "auto".
    """
    if backend == "openvino":
        return "" if device == "cpu" else f"animato uses OpenVINO on the CPU only, not on {device}"
    return onnxruntime_obstacle(device) if backend == "onnxruntime" else torch_obstacle(device)


def placed(device: Device = "auto", backend: Backend = "auto") -> Placement:
    """Return the first usable combination.

    Args:
        device: "auto" tries `AUTO_DEVICES`.
        backend: "auto" tries `ENGINES`.

    Raises:
        UsageError: an unknown device or backend.
        MissingPartError: no combination is usable; says why.
    """
    for name, value, known in (("device", device, get_args(Device)), ("backend", backend, get_args(Backend))):
        if value not in known:
            raise UsageError(f"{name} cannot be {value!r}", where=f"one of: {', '.join(known)}")
    reasons: list[str] = []
    for place in AUTO_DEVICES if device == "auto" else (device,):
        for engine in ENGINES if backend == "auto" else (backend,):
            reason = obstacle(engine, place)
            if not reason:
                return Placement(place, engine, tuple(reasons))  # type: ignore[arg-type]
            reasons.append(reason)
    raise MissingPartError(
        f"the networks cannot run on {device} with {backend}" if backend != "auto" else f"{device} cannot be used",
        where="; ".join(reasons),
        hint="animato doctor lists what can be used; --device cpu always can",
    )
