"""Result of a render."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class AnimateResult:
    """Result of `animate`.

    Attributes:
        path: the finished file or folder.
        frames: number of frames.
        fps: frames per second.
        width: pixels.
        height: pixels.
        mark_id: id of the invisible watermark, as `animato verify` prints it.
        jitter: mean absolute second difference of the target landmarks, px at 256; None for fewer than three frames.
        driver_jitter: the same for the driver's landmarks; None for a motion file.
        driver_memory_mb: peak memory of the driver process in megabytes; None without one.
        neutral_time: time of the driver's neutral frame in seconds; None for a motion file.
        warnings: sentences about photos, driver and output, for the user.
        milliseconds: stage to milliseconds per frame.
        first_frame_seconds: from the call to the first finished frame.
        consents: of each head: ground, hash of the statement and date, as in the content credentials.
        frames_a_second: throughput after the first frame, encoding included. Stages overlap, so it is not derived from
            `milliseconds`.
    """

    path: Path
    frames: int
    fps: Fraction
    width: int
    height: int
    mark_id: str
    jitter: float | None
    driver_jitter: float | None
    driver_memory_mb: float | None
    neutral_time: float | None
    consents: tuple[dict[str, str], ...]
    warnings: tuple[str, ...]
    milliseconds: dict[str, float]
    first_frame_seconds: float
    frames_a_second: float

    def to_json(self) -> dict[str, Any]:
        """Return the result as plain JSON types."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        lists = {"consents": list(self.consents), "warnings": list(self.warnings)}
        return {**values, **lists, "path": str(self.path), "fps": float(self.fps)}
