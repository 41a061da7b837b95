"""Where the renderer's networks run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from animato.settings.base import check, setting


@dataclass(frozen=True, kw_only=True)
class EngineSettings:
    """Device and library of the renderer's networks; see `runtime.devices`."""

    device: Literal["auto", "cpu", "cuda", "coreml", "directml"] = setting(
        "cpu",
        "Where the renderer's networks run: auto takes a CUDA device if there is one, else the CPU; `animato doctor` "
        "says what can be used.",
        group="Advanced",
    )
    backend: Literal["auto", "openvino", "onnxruntime", "torch"] = setting(
        "auto", "Library that runs them: auto takes the first that can use the device.", group="Advanced"
    )

    def __post_init__(self) -> None:
        check(self, "engine")
