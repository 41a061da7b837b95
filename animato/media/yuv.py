"""Convert between RGB and 4:2:0 planes: BT.601, limited range.

Every output is encoded and tagged as BT.601 limited range at every size, because the invisible watermark is embedded
in these planes. Formulas: ITU-R BT.601-7, section 2.5.1 to 2.5.3, with 219 levels of luma and 224 of chroma.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.types import Box, Frame


def rgb_to_i420(image: Frame) -> NDArray[np.uint8]:
    """Convert an image to packed I420 planes, with chroma from the mean of 2 x 2 pixels.

    OpenCV samples the chroma of one pixel in four, which is 2 to 4 dB worse at coloured edges; here chroma is computed
    from a box-filtered image.

    Args:
        image: H x W x 3 uint8 RGB, H and W even.

    Returns:
        (H * 3 / 2) x W uint8, contiguous, luma in [16, 235], chroma in [16, 240].

    Raises:
        ValueError: H or W is odd (see `pad_to_even`).
    """
    height, width = image.shape[:2]
    if height % 2 or width % 2:
        raise ValueError(f"4:2:0 planes need even sides, not {width} x {height}")
    planes = cv2.cvtColor(image, cv2.COLOR_RGB2YUV_I420)
    averaged = cv2.boxFilter(image, -1, (2, 2), anchor=(0, 0), borderType=cv2.BORDER_REPLICATE)
    planes[height:] = cv2.cvtColor(averaged, cv2.COLOR_RGB2YUV_I420)[height:]
    return np.asarray(planes, dtype=np.uint8)


def update_i420(planes: NDArray[np.uint8], image: Frame, box: Box) -> None:
    """Convert a part of an image again, in place.

    Args:
        planes: (H * 3 / 2) x W uint8, from `rgb_to_i420`.
        image: H x W x 3 uint8 RGB, whose pixels outside the box are those of the planes.
        box: part of the image; an empty one changes nothing.
    """
    height, width = image.shape[:2]
    left, top, right, bottom = box
    left, top, right, bottom = left - left % 2, top - top % 2, right + right % 2, bottom + bottom % 2
    if left >= right or top >= bottom:
        return
    rows, columns = bottom - top, right - left
    part = rgb_to_i420(np.ascontiguousarray(image[top:bottom, left:right]))
    planes[top:bottom, left:right] = part[:rows]
    whole = planes[height:].reshape(2, height // 2, width // 2)
    whole[:, top // 2 : bottom // 2, left // 2 : right // 2] = part[rows:].reshape(2, rows // 2, columns // 2)


def i420_to_rgb(planes: NDArray[np.uint8]) -> Frame:
    """Convert packed I420 planes, (H * 3 / 2) x W uint8, to H x W x 3 uint8 RGB."""
    return np.asarray(cv2.cvtColor(planes, cv2.COLOR_YUV2RGB_I420), dtype=np.uint8)


def pad_to_even(image: Frame) -> Frame:
    """Pad an image to even sides by repeating its last column or row.

    Args:
        image: H x W x 3 uint8 RGB.
    """
    height, width = image.shape[:2]
    if height % 2 == 0 and width % 2 == 0:
        return np.ascontiguousarray(image)
    padded = cv2.copyMakeBorder(image, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE)
    return np.asarray(padded, dtype=np.uint8)
