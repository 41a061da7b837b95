"""Embed the invisible watermark: an equal small change on every channel, so that only luma changes.

A fixed pattern is scaled by a gain that follows the local activity of the image (texture masks more than skin) and
added to each frame. Cost at 512 x 512 on one thread: about 0.45 ms for a luma plane, 0.6 ms for RGB.
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
"""Short side in pixels above which the tile grows with the frame, so that the mark survives downscaling."""

MIN_SIDE = 8
"""Short side in pixels below which a frame is too small for one period and is not marked."""

MIN_GAIN, MIN_GAIN_BRIGHT, MIN_GAIN_DARK, MAX_GAIN = 0.47, 0.36, 0.38, 1.4
"""Limits of the gain, in units of the strength: minimum (skin and walls), on bright and on dark areas, maximum (hair).

At the default strength of 1.4 the maximum keeps every frame above 42 dB, whatever it shows."""

BRIGHT_FROM, BRIGHT_TO = 170.0, 220.0
"""Luma levels between which the minimum gain falls; mottling is most visible on smooth bright walls."""

DARK_FROM, DARK_TO = 70.0, 30.0
"""Luma levels between which the minimum gain falls; smooth shadows show mottling on bright screens."""

ACTIVITY_SLOPE = 0.8
"""Gain per level of local activity."""

ACTIVITY_WINDOW = np.ones((5, 5), dtype=np.uint8)
"""Neighbourhood in quarter-size pixels; its minimum activity sets the gain, so a wall beside a head has a low gain."""

QUARTER = 4
"""Side in pixels of the blocks for which the gain is computed."""

REACH = 8 * QUARTER
"""Radius of the pixels on which a gain depends, at most, pixels."""

VIDEO_RANGE = 219 / 255
"""Size of one full-range level on a limited-range (16 to 235) luma plane."""


class Marker:
    """Embeds one payload into the frames of one output.

    Args:
        payload: payload of the mark.
        strength: root mean square of the luma change at gain 1, in levels.
        seed: seed of the random tile offset; None draws a new one, so that overlaid marks keep separate peaks.
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
        if min(frame.shape[:2]) < MIN_SIDE:
            return frame.copy()
        return self._marked(frame, self._pattern(*frame.shape[:2]))

    def embed_part(self, frame: Frame, box: tuple[int, int, int, int]) -> Frame:
        """Return a region of a frame, marked.

        Equal to the result of `embed` except within `REACH` of region edges that are not edges of the frame.

        Args:
            frame: H x W x 3 uint8 RGB, H and W multiples of `QUARTER`.
            box: left, top, right and bottom of the region, multiples of `QUARTER`.

        Returns:
            h x w x 3 uint8 RGB.
        """
        left, top, right, bottom = box
        pattern = self._pattern(*frame.shape[:2])[top:bottom, left:right]
        return self._marked(np.ascontiguousarray(frame[top:bottom, left:right]), pattern)

    def _marked(self, frame: Frame, pattern: Plane) -> Frame:
        quarter = np.asarray(cv2.cvtColor(_quarter(frame), cv2.COLOR_RGB2GRAY), dtype=np.uint8)
        up, down = _change(pattern, quarter, 1.0)
        return _shift(frame, _to_three_channels(up), _to_three_channels(down))

    def embed_luma(self, luma: NDArray[np.uint8], video_range: bool = False) -> NDArray[np.uint8]:
        """Return a marked copy of a luma plane, for an encoder's Y plane.

        Args:
            luma: H x W uint8.
            video_range: whether the plane is limited range (16 to 235); the change is scaled accordingly.

        Returns:
            H x W uint8.

        Raises:
            PictureError: the plane is not H x W uint8.
        """
        if luma.ndim != 2 or luma.dtype != np.uint8 or luma.size == 0:
            raise PictureError("a luma plane to mark must be H x W uint8", where=f"{luma.shape} {luma.dtype}")
        if min(luma.shape) < MIN_SIDE:
            return luma.copy()
        up, down = _change(self._pattern(*luma.shape), _quarter(luma), VIDEO_RANGE if video_range else 1.0)
        return _shift(luma, up, down)

    def _pattern(self, height: int, width: int) -> Plane:
        """Return the repeated tile times the strength for a frame size; cached."""
        pattern = self._patterns.get((height, width))
        if pattern is None:
            pattern = self._patterns[height, width] = self._draw_pattern(height, width)
        return pattern

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
    """Return the values to add and to subtract: two H x W uint8 planes, one of them 0 at every pixel.

    Two saturating uint8 operations are four times as fast as one mixed-type addition. Saturation also splits the change
    by sign: products below 0 become 0.
    """
    gain = gain_map(quarter, range_scale) * np.float32(range_scale)
    whole = cv2.resize(gain, pattern.shape[::-1], interpolation=cv2.INTER_LINEAR)
    up = cv2.multiply(pattern, whole, dtype=cv2.CV_8U)
    down = cv2.multiply(pattern, whole, scale=-1.0, dtype=cv2.CV_8U)
    return np.asarray(up, dtype=np.uint8), np.asarray(down, dtype=np.uint8)


def _to_three_channels(plane: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Repeat a plane to three channels."""
    return np.asarray(cv2.cvtColor(plane, cv2.COLOR_GRAY2RGB), dtype=np.uint8)


def _quarter(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Downscale an image to a quarter of its size, each value the mean of 4 x 4 pixels.

    Sides that are multiples of 4 are halved twice, for which OpenCV has vector code: a third of the time.
    """
    height, width = picture.shape[:2]
    size = (max(1, width // QUARTER), max(1, height // QUARTER))
    if height % QUARTER == 0 and width % QUARTER == 0:
        picture = np.asarray(cv2.resize(picture, (width // 2, height // 2), interpolation=cv2.INTER_AREA), np.uint8)
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _min_gain_of_luma(range_scale: float) -> Plane:
    """Return the minimum gain for each of the 256 levels of a full- or limited-range plane: 256 float32."""
    level = np.arange(256) if range_scale == 1.0 else (np.arange(256) - 16) / range_scale
    bright = np.clip((level - BRIGHT_FROM) / (BRIGHT_TO - BRIGHT_FROM), 0, 1)
    dark = np.clip((level - DARK_FROM) / (DARK_TO - DARK_FROM), 0, 1)
    gain = MIN_GAIN + (MIN_GAIN_BRIGHT - MIN_GAIN) * bright + (MIN_GAIN_DARK - MIN_GAIN) * dark
    return np.asarray(gain, dtype=np.float32)


_MIN_GAINS = {scale: _min_gain_of_luma(scale) for scale in (1.0, VIDEO_RANGE)}


def gain_map(quarter: NDArray[np.uint8], range_scale: float = 1.0) -> Plane:
    """Compute the gain of each quarter-size pixel: h x w float32 in [MIN_GAIN_BRIGHT, MAX_GAIN].

    Activity is the mean absolute difference from a local mean, both over 5 x 5 quarter-size pixels (20 px of the
    frame), in levels of a full-range image; the local minimum is used, because at edges the mark would otherwise extend
    onto the smooth side, where it is most visible.
    """
    activity = cv2.blur(cv2.absdiff(quarter, cv2.blur(quarter, (5, 5))).astype(np.float32), (5, 5))
    local_minimum = cv2.erode(activity, ACTIVITY_WINDOW)
    min_gain = _MIN_GAINS[range_scale][quarter]
    return np.minimum(min_gain + np.float32(ACTIVITY_SLOPE / range_scale) * local_minimum, np.float32(MAX_GAIN))


def _shift(picture: NDArray[np.uint8], up: NDArray[np.uint8], down: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return picture + up - down, clipped to 0..255."""
    return np.asarray(cv2.subtract(cv2.add(picture, up), down), dtype=np.uint8)
