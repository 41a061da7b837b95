"""Writing the invisible mark into frames: the same small change on every channel, so that only luma moves.

Per frame the fixed pattern is scaled by a gain that follows the local activity of the picture (texture hides more than
skin) and added. Cost at 512 x 512 on one thread: about 0.45 ms for a luma plane, 0.8 ms for RGB.
"""

from __future__ import annotations

import secrets
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.errors import PictureError
from animato.settings.provenance import MarkSettings
from animato.trust.payload import MarkPayload
from animato.trust.tile import TILE, build_tile
from animato.types import Frame, Plane

REFERENCE_SIDE = 720
"""Frames with a longer short side get a proportionally larger tile, so that the mark survives being shown smaller."""

SMALLEST_SIDE = 8
"""Frames with a shorter side than this, in pixels, have no room for one period and stay as they are."""

FLOOR, BRIGHT_FLOOR, CEILING = 0.55, 0.42, 2.2
"""Limits of the gain, in units of the strength: the floors on skin and walls, the ceiling in hair and cloth."""

BRIGHT_FROM, BRIGHT_TO = 170.0, 220.0
"""Luma levels between which the floor sinks: smooth bright walls show mottling first."""

ACTIVITY_SLOPE = 0.4
"""Gain per level of local activity."""

CALM = np.ones((5, 5), dtype=np.uint8)
"""Neighbourhood, in quarter-size pixels, whose calmest place sets the gain: a wall beside a head stays a wall."""

QUARTER = 4
"""Side of the square of pixels that share a gain."""

REACH = 8 * QUARTER
"""How far a pixel's gain depends on the picture around it, at most, pixels."""

VIDEO_RANGE = 219 / 255
"""Size of one full-range level on a luma plane that runs from 16 to 235."""


class Marker:
    """Writes one payload into the frames of one output.

    Args:
        payload: what the mark says.
        strength: root mean square of the luma change at gain 1, in levels.
        seed: fixes the random place of the tile; None draws a new one. Two marks laid over each other then keep
            separate peaks.
    """

    def __init__(self, payload: MarkPayload, strength: float | None = None, seed: int | None = None) -> None:
        self.payload = payload
        self.strength = MarkSettings().strength if strength is None else MarkSettings(strength=strength).strength
        rng = np.random.default_rng(secrets.randbits(64) if seed is None else seed)
        self._offset = tuple(int(v) for v in rng.integers(0, TILE, 2))
        self._tile = build_tile(payload)
        self._patterns: dict[tuple[int, int], Plane] = {}

    def embed(self, frame: Frame) -> Frame:
        """Return a marked copy of a frame.

        Args:
            frame: H x W x 3 uint8 RGB, any size; the mark is readable from about 160 px upwards.

        Returns:
            H x W x 3 uint8 RGB; R, G and B change by the same amount except where a channel is already 0 or 255.

        Raises:
            PictureError: the frame is not H x W x 3 uint8.
        """
        if frame.ndim != 3 or frame.shape[2] != 3 or frame.dtype != np.uint8 or frame.size == 0:
            raise PictureError("a frame to mark must be H x W x 3 uint8", where=f"{frame.shape} {frame.dtype}")
        if min(frame.shape[:2]) < SMALLEST_SIDE:
            return frame.copy()
        return self._marked(frame, self._pattern(*frame.shape[:2]))

    def embed_part(self, frame: Frame, box: tuple[int, int, int, int]) -> Frame:
        """Return a part of a frame, marked; further than `REACH` inside, or where it ends with the frame, it is as
        `embed` makes it.

        Args:
            frame: H x W x 3 uint8 RGB, H and W multiples of `QUARTER`.
            box: left, top, right and bottom of the part, multiples of `QUARTER`.

        Returns:
            h x w x 3 uint8 RGB.
        """
        left, top, right, bottom = box
        pattern = self._pattern(*frame.shape[:2])[top:bottom, left:right]
        return self._marked(np.ascontiguousarray(frame[top:bottom, left:right]), pattern)

    def _marked(self, frame: Frame, pattern: Plane) -> Frame:
        quarter = np.asarray(cv2.cvtColor(_quarter(frame), cv2.COLOR_RGB2GRAY), dtype=np.uint8)
        up, down = _change(pattern, quarter, 1.0)
        return _shift(frame, _three(up), _three(down))

    def embed_luma(self, luma: NDArray[np.uint8], video_range: bool = False) -> NDArray[np.uint8]:
        """Return a marked copy of a luma plane: the cheap path for an encoder's Y plane.

        Args:
            luma: H x W uint8.
            video_range: True when the plane runs from 16 to 235, as most encoders want it; the change is then scaled
                to mean the same in the shown picture.

        Returns:
            H x W uint8.

        Raises:
            PictureError: the plane is not H x W uint8.
        """
        if luma.ndim != 2 or luma.dtype != np.uint8 or luma.size == 0:
            raise PictureError("a luma plane to mark must be H x W uint8", where=f"{luma.shape} {luma.dtype}")
        if min(luma.shape) < SMALLEST_SIDE:
            return luma.copy()
        up, down = _change(self._pattern(*luma.shape), _quarter(luma), VIDEO_RANGE if video_range else 1.0)
        return _shift(luma, up, down)

    def _pattern(self, height: int, width: int) -> Plane:
        """Return the repeated tile for a frame size, times the strength; kept for the next frame."""
        found = self._patterns.get((height, width))
        if found is None:
            found = self._patterns[height, width] = self._draw_pattern(height, width)
        return found

    def _draw_pattern(self, height: int, width: int) -> Plane:
        zoom = max(1.0, min(height, width) / REFERENCE_SIDE)
        rows, columns = int(np.ceil(height / zoom)) + TILE + 2, int(np.ceil(width / zoom)) + TILE + 2
        repeats = (-(-rows // TILE) + 1, -(-columns // TILE) + 1)
        field: NDArray[Any] = np.tile(self._tile, repeats)[self._offset[1] :, self._offset[0] :][:rows, :columns]
        if zoom > 1.0:
            shrink = np.array([[1 / zoom, 0, 0], [0, 1 / zoom, 0]])
            flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
            field = cv2.warpAffine(field, shrink, (width, height), flags=flags, borderMode=cv2.BORDER_WRAP)
        return np.ascontiguousarray(field[:height, :width] * np.float32(self.strength), dtype=np.float32)


def _change(
    pattern: Plane, quarter: NDArray[np.uint8], range_scale: float
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return what to add and what to take away: two H x W uint8 planes, of which one is 0 at every pixel.

    Two saturating uint8 operations are four times as fast as one mixed-type addition.
    """
    gain = gain_map(quarter, range_scale)
    whole = cv2.resize(gain * range_scale, pattern.shape[::-1], interpolation=cv2.INTER_LINEAR)
    change = cv2.multiply(np.ascontiguousarray(pattern), whole, dtype=cv2.CV_8S)
    up = np.maximum(change, 0)
    return up.view(np.uint8), np.asarray(cv2.subtract(up, change)).view(np.uint8)


def _three(plane: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a plane as three equal channels."""
    return np.asarray(cv2.cvtColor(plane, cv2.COLOR_GRAY2RGB), dtype=np.uint8)


def _quarter(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the picture at a quarter of its size, each value the mean of 4 x 4 pixels."""
    size = (max(1, picture.shape[1] // QUARTER), max(1, picture.shape[0] // QUARTER))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _floor_of_luma(range_scale: float) -> Plane:
    """Return the gain's floor for each of the 256 levels of a plane, full range or 16 to 235: 256 float32."""
    level = np.arange(256) if range_scale == 1.0 else (np.arange(256) - 16) / range_scale
    bright = np.clip((level - BRIGHT_FROM) / (BRIGHT_TO - BRIGHT_FROM), 0, 1)
    return np.asarray(FLOOR + (BRIGHT_FLOOR - FLOOR) * bright, dtype=np.float32)


_FLOORS = {scale: _floor_of_luma(scale) for scale in (1.0, VIDEO_RANGE)}


def gain_map(quarter: NDArray[np.uint8], range_scale: float = 1.0) -> Plane:
    """Return the gain of each quarter-size pixel: h x w float32 in [BRIGHT_FLOOR, CEILING].

    Activity is the mean absolute difference from a local mean, both over 5 x 5 quarter-size pixels (20 px of the
    frame), in levels of a full-range picture; the smallest value nearby counts, or edges would pull the mark out onto
    the smooth side, where it shows first.
    """
    rough = cv2.blur(cv2.absdiff(quarter, cv2.blur(quarter, (5, 5))).astype(np.float32), (5, 5))
    calm = cv2.erode(rough, CALM)
    floor = _FLOORS[range_scale][quarter]
    return np.minimum(floor + np.float32(ACTIVITY_SLOPE / range_scale) * calm, np.float32(CEILING))


def _shift(picture: NDArray[np.uint8], up: NDArray[np.uint8], down: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return picture + up - down, staying within 0..255."""
    return np.asarray(cv2.subtract(cv2.add(picture, up), down), dtype=np.uint8)
