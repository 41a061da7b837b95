"""Convert decoded frames to upright RGB images with square pixels."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from animato.media.pixels import BACKDROP
from animato.types import Frame

_MPEG_RANGE, _FULL_RANGE = 1, 2
_UNSPECIFIED = 2
_BT709, _BT601 = 1, 5
_BT601_CODES = frozenset({4, 5, 6})
_SCALER_MATRICES = {1: 1, 4: 4, 5: 5, 6: 5, 7: 7, 9: 9, 10: 9}
"""Matrix coefficients of the stream (ITU-T H.273, table 4) to the constants of FFmpeg's scaler."""

_HDR_TRANSFERS = frozenset({16, 18})
_HD_HEIGHT = 720


class Upright:
    """Converts the frames of one video; configured from its first frame, as all frames share one format.

    Applies the display matrix and the pixel aspect ratio, and composites transparency over light grey. Colours use the
    matrix stated in the file; without one, BT.709 from 720 lines up and BT.601 below, as players do.

    Args:
        frame: the first decoded frame (an `av.VideoFrame`).
        max_side: longest side of the result in pixels; larger frames are downscaled.
        aspect: width of a pixel over its height.
    """

    def __init__(self, frame: Any, max_side: int | None, aspect: float) -> None:
        self.coded = (frame.width, frame.height, frame.format.name)
        self.hdr = getattr(frame, "color_trc", _UNSPECIFIED) in _HDR_TRANSFERS
        self._swap, self._flip = _orientation(frame)
        self._alpha = any(component.is_alpha for component in frame.format.components)
        width, height = frame.width * (aspect if 0.2 < aspect < 5.0 else 1.0), float(frame.height)
        scale = min(1.0, max_side / max(width, height)) if max_side else 1.0
        self._target = (max(1, round(width * scale)), max(1, round(height * scale)))
        self._smaller = self._target[0] * self._target[1] < 0.8 * frame.width * frame.height
        matrix = frame.colorspace
        if matrix == _UNSPECIFIED or matrix not in _SCALER_MATRICES:
            matrix = _BT709 if frame.height >= _HD_HEIGHT else _BT601
        self._matrix = _SCALER_MATRICES[matrix]
        full = frame.color_range == _FULL_RANGE or frame.format.name.startswith("yuvj")
        self._range = _FULL_RANGE if full else _MPEG_RANGE
        self._plain = (
            frame.format.name == "yuv420p"
            and matrix in _BT601_CODES
            and not full
            and self._target == (frame.width, frame.height)
            and frame.width % 2 == 0
            and frame.height % 2 == 0
        )

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the result, in pixels."""
        return self._target[::-1] if self._swap else self._target

    def same(self, frame: Any) -> bool:
        """Return whether a frame has the size and pixel format of the first one."""
        return (frame.width, frame.height, frame.format.name) == self.coded

    def __call__(self, frame: Any) -> Frame:
        """Convert an `av.VideoFrame` to a new H x W x 3 uint8 RGB array."""
        image = self.by_table(frame) if self._plain else self.by_scaler(frame)
        if self._swap:
            image = np.asarray(cv2.transpose(image), dtype=np.uint8)
        if self._flip is not None:
            image = np.asarray(cv2.flip(image, self._flip), dtype=np.uint8)
        return np.ascontiguousarray(image)

    def by_table(self, frame: Any) -> Frame:
        """Convert BT.601 4:2:0 video with OpenCV: more exact than the scaler's fast path, and equally fast."""
        return np.asarray(cv2.cvtColor(frame.to_ndarray(), cv2.COLOR_YUV2RGB_I420), dtype=np.uint8)

    def by_scaler(self, frame: Any) -> Frame:
        """Convert and resize with FFmpeg's scaler, in the calling thread.

        The destination matrix has no meaning for RGB; it is set to a different value because older PyAV ignores the
        source matrix when the two are equal.
        """
        width, height = self._target
        if self._smaller and frame.format.name.startswith("yuv") and not self._alpha:
            # Downscaling before the conversion takes a third of the time of doing both at once.
            frame = frame.reformat(width=width, height=height, interpolation="AREA", **_ONE_THREAD)
        converted = frame.reformat(
            width=width,
            height=height,
            format="rgba" if self._alpha else "rgb24",
            src_colorspace=self._matrix,
            dst_colorspace=_BT709 if self._matrix != _BT709 else _BT601,
            src_color_range=self._range,
            dst_color_range=_FULL_RANGE,
            interpolation="AREA" if self._smaller else "BICUBIC",
            **_ONE_THREAD,
        )
        image = np.asarray(converted.to_ndarray(), dtype=np.uint8)
        return _on_backdrop(image) if self._alpha else image


def _on_backdrop(image: Frame) -> Frame:
    """Composite an H x W x 4 RGBA image over light grey."""
    alpha = image[..., 3:]
    if alpha.min() == 255:
        return image[..., :3]
    weight = alpha.astype(np.uint16)
    mixed = image[..., :3] * weight + BACKDROP * (255 - weight)
    return ((mixed + 127) // 255).astype(np.uint8)


def _orientation(frame: Any) -> tuple[bool, int | None]:
    """Return whether to swap x and y, and the `cv2.flip` code or None, from a frame's display matrix.

    The matrix (ISO/IEC 14496-12, section 8.3.2) maps (x, y) to (a x + c y, b x + d y); it is rounded to the nearest of
    the eight axis-aligned orientations.
    """
    for item in frame.side_data:
        if getattr(getattr(item, "type", None), "name", "") != "DISPLAYMATRIX":
            continue
        a, b, _, c, d = (int(value) for value in np.frombuffer(bytes(item)[:20], np.int32))
        swap = abs(a) + abs(d) < abs(b) + abs(c)
        flip_x, flip_y = (c < 0, b < 0) if swap else (a < 0, d < 0)
        code = {(True, True): -1, (True, False): 1, (False, True): 0}.get((flip_x, flip_y))
        return swap, code
    return False, None


def _threads_option() -> dict[str, int]:
    """Return the option that limits the scaler to one thread; older PyAV has neither the threads nor the option."""
    import av

    try:
        av.VideoFrame(16, 16, "yuv420p").reformat(format="rgb24", threads=1)
    except TypeError:
        return {}
    return {"threads": 1}


_ONE_THREAD = _threads_option()
