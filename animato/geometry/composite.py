"""Composite a network's output over a frame at the frame's resolution."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.geometry.affine import invert, move
from animato.types import Affine, Frame


@dataclass(frozen=True)
class PatchOutput:
    """Output of a patch network, all float32.

    Attributes:
        layer: S x S x 4: m paint + (1 - m) light, RGB in 0..255, and the mask m in [0, 1].
        flow: S x S x 2, displacement d at which the copy is sampled, pixels of the patch.
    """

    layer: NDArray[np.float32]
    flow: NDArray[np.float32]


MIN_COLOUR, MIN_FLOW = 0.4, 0.06
"""Changes below these (of 255, and pixels of the patch) are not composited."""


def composite_patch(image: Frame, crop_from_patch: Affine, output: PatchOutput, gain: float = 1.0) -> None:
    """Composite a network output over a frame, in place: (1 - m) copy(x + d) + layer.

    Args:
        image: H x W x 3 uint8 RGB, changed.
        crop_from_patch: 2 x 3, pixels of the image from pixels of the patch.
        output: of the network.
        gain: factor on layer, mask and flow, in [0, 1].
    """
    box = _changed_box(output)
    if box is None:
        return
    height, width = image.shape[:2]
    corners = box @ crop_from_patch[:, :2].T + crop_from_patch[:, 2]
    left, top = np.maximum(np.floor(corners.min(axis=0)), 0).astype(int)
    right, bottom = np.minimum(np.ceil(corners.max(axis=0)) + 1, (width, height)).astype(int)
    if right - left < 2 or bottom - top < 2:
        return
    window = int(right - left), int(bottom - top)
    patch_from_window = invert(crop_from_patch)
    patch_from_window[:, 2] += patch_from_window[:, :2] @ (left, top)
    linear = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    layer = cv2.warpAffine(output.layer, patch_from_window, window, flags=linear)
    flow = cv2.warpAffine(output.flow, patch_from_window, window, flags=linear)
    shift = cv2.transform(flow, gain * crop_from_patch[:, :2])
    x = np.arange(left, right, dtype=np.float32)
    y = np.arange(top, bottom, dtype=np.float32)[:, None]
    border = cv2.BORDER_REPLICATE
    copied = cv2.remap(image, shift[..., 0] + x, shift[..., 1] + y, cv2.INTER_CUBIC, borderMode=border)
    colour, mask = layer[..., :3], layer[..., 3:]
    if gain < 1:
        colour, mask = colour * np.float32(gain), mask * np.float32(gain)
    blended = copied * (1 - mask) + colour + np.float32(0.5)
    image[top:bottom, left:right] = np.clip(blended, 0, 255).astype(np.uint8)


def _changed_box(output: PatchOutput) -> NDArray[np.float64] | None:
    """Return the corners (4 x 2) of the box of the patch with changes above the thresholds, or None."""
    rows, columns = (
        np.flatnonzero(
            (_largest(output.layer, axis) > np.array([MIN_COLOUR] * 3 + [MIN_COLOUR / 255], np.float32)).any(axis=1)
            | (_largest(output.flow, axis) > MIN_FLOW).any(axis=1)
        )
        for axis in (1, 0)
    )
    if not rows.size:
        return None
    # One more pixel on every side, over which the output is interpolated to 0.
    left, right, top, bottom = columns[0] - 1, columns[-1] + 1, rows[0] - 1, rows[-1] + 1
    return np.array([[left, top], [right, top], [left, bottom], [right, bottom]], np.float64)


def _largest(values: NDArray[np.float32], axis: int) -> NDArray[np.float32]:
    """Return the largest magnitude along rows (axis 1) or columns (axis 0) of h x w x c, (h or w) x c."""
    return np.asarray(cv2.reduce(np.abs(values), axis, cv2.REDUCE_MAX).reshape(-1, values.shape[2]), np.float32)


def add_patch(image: Frame, placed: Affine, added: NDArray[np.float32], box: Sequence[int]) -> None:
    """Add a patch to the picture that it was cut from, in place and at the picture's own resolution.

    Args:
        image: H x W x 3 uint8 RGB, changed.
        placed: from pixels of the patch to those of the picture.
        added: S x S x 3 float32, RGB of 255.
        box: x, y, width, height of the part of the patch that holds all that is not 0.
    """
    left, top, right, bottom = box[0] - 1, box[1] - 1, box[0] + box[2], box[1] + box[3]
    corners = move(placed, np.array([[left, top], [right, top], [left, bottom], [right, bottom]], np.float64))
    height, width = image.shape[:2]
    x0, y0 = np.maximum(np.floor(corners.min(axis=0)), 0).astype(int)
    x1, y1 = np.minimum(np.ceil(corners.max(axis=0)) + 1, (width, height)).astype(int)
    if x1 - x0 < 1 or y1 - y0 < 1:
        return
    patch_from_window = invert(placed)
    patch_from_window[:, 2] += patch_from_window[:, :2] @ (x0, y0)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    there = cv2.warpAffine(added, patch_from_window, (int(x1 - x0), int(y1 - y0)), flags=flags)
    part = image[y0:y1, x0:x1]
    part[:] = np.clip(part + there + np.float32(0.5), 0, 255).astype(np.uint8)
