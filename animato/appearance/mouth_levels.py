"""Measure the mouth interior of a driver: brightness and redness on a grid between the lips.

Neither a photo with closed lips nor landmarks contain teeth and tongue: at the same opening, one phoneme shows the
upper teeth and another the tongue. They are measured in the driver's picture as brightness and redness relative to a
tooth under the same light, which separate gap, tongue and teeth and are nearly independent of the light. The target's
mouth is matched to them before the network paints, and again afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.appearance.mouth_grid import MOUTH_GRID, ApertureGrid
from animato.appearance.teeth import (
    MAX_NOISE,
    ToothLight,
    green_blue_mean,
    mouth_skin_colour,
    relative_noise,
    tooth_colour,
)
from animato.geometry.affine import invert, move
from animato.geometry.composite import add_patch
from animato.geometry.patch import MOUTH, crop_from_patch, cut_patch, cut_validity, draw_region
from animato.geometry.pose import HeadPose, fit_pose
from animato.geometry.smoothstep import smoothstep
from animato.types import Affine, Face, Frame, Plane, Points

MAX_BRIGHTNESS = 1.4
"""Brightness that is stored as 1, relative to the white of the eye; teeth can be brighter than it."""

MAX_BLUE, MAX_BLUE_LEVEL = (0.82, 1.06), 1.0
"""Maximum blue over green relative to a tooth, for black and for the given brightness relative to the skin. Light from
deep inside a mouth is warm."""

GRID_BLUR, SHARPENING = np.array([0.125, 0.75, 0.125], np.float32), 2.0
"""Blur kernel of averaging into cells and interpolating between them, and factor on the lost contrast that is restored;
resampling of the patch blurs, too."""

REDNESS_DEADZONE = 0.05
"""Redness difference that is ignored, relative to brightness: the light's hue is only estimated from skin."""

MAX_REDNESS = (0.05, 1.0)
"""Maximum redness of a black cell, and its increase with brightness. Cameras and warm lamps make dark corners red,
which would appear orange under another light."""

DRIVER_TOOTH_RANGE = (0.3, 0.5)
"""Brightness minus redness, relative to the white of the eye, at which a driver's cell is no tooth, and may be one."""

SOURCE_TOOTH_RANGE = (0.5, 0.8)
"""Brightness, relative to the white of the eye, at which a cell of another photo is no tooth, and is one."""

EROSION = 3
"""Size of the neighbourhood, in cells, that must be teeth for a cell to be kept: gaps are thinner than a cell."""


def measure_mouth_interior(frame: Frame, face: Face, light: ToothLight) -> NDArray[np.float32] | None:
    """Return a driver's mouth interior, or None where the lips touch or the picture is too noisy.

    Args:
        frame: H x W x 3 uint8 RGB.
        face: its landmarks, pixels of the frame.
        light: tooth colour of that face, from its neutral frame.

    Returns:
        16 x 28 x 2 float32 in [0, 1], in units of `MAX_BRIGHTNESS` eye whites: brightness of each cell, from the upper
        to the lower lip and from left to right in the picture, and its excess of red over a tooth.
    """
    picture_from_patch = crop_from_patch(MOUTH, face.points, fit_pose(face.points), max(frame.shape[:2]))
    drawing = draw_region(MOUTH, move(invert(picture_from_patch), face.points))
    patch = cut_patch(frame, picture_from_patch, MOUTH.side)
    measured = measure(patch, drawing, light.redness)
    if measured is None or relative_noise(patch, drawing) >= 2 * MAX_NOISE:
        return None
    interior: NDArray[np.float32] = np.clip(measured.levels / (light.white * MAX_BRIGHTNESS), 0, 1).astype(np.float32)
    black, more = MAX_REDNESS
    interior[..., 1] = np.minimum(interior[..., 1], black + more * interior[..., 0])
    return interior


@dataclass(frozen=True)
class MouthMeasurement:
    """Mouth interior measured in one patch.

    Attributes:
        levels: 16 x 28 x 2 float32, brightness and redness (see `measure_mouth_interior`) relative to the skin's
            brightness.
        tooth: 3 float32, RGB of 255: colour of a tooth under the light on the skin, at the skin's brightness.
        grid: the cells.
    """

    levels: NDArray[np.float32]
    tooth: NDArray[np.float32]
    grid: ApertureGrid


def measure(patch: Frame, drawing: NDArray[np.uint8], redness: float) -> MouthMeasurement | None:
    """Measure the interior of a mouth's patch; None if the opening is too small or the skin too dark.

    Args:
        patch: S x S x 3 uint8 RGB.
        drawing: S x S x 3 uint8, from `draw_region`.
        redness: of a tooth, from `appearance.teeth`.
    """
    colour, grid = mouth_skin_colour(patch, drawing), ApertureGrid.from_mask(drawing[..., 0], MOUTH_GRID)
    if colour is None or grid is None:
        return None
    tooth, skin = tooth_colour(colour, redness), green_blue_mean(colour)
    brightness = green_blue_mean(patch) / skin
    levels = grid.sample(np.dstack([brightness, patch[..., 0] / tooth[0] - brightness]).astype(np.float32))
    return MouthMeasurement(levels, tooth, grid)


@dataclass(frozen=True)
class MouthPatch:
    """The mouth's patch of a picture.

    Attributes:
        picture_from_patch: 2 x 3, maps pixels of the patch to the picture.
        drawing: S x S x 3 uint8, from `draw_region`.
        weight: S x S x 1 float32 in [0, 1], of the driver's interior; 0 where the photo's own teeth are kept.
    """

    picture_from_patch: Affine
    drawing: NDArray[np.uint8]
    weight: NDArray[np.float32]

    @classmethod
    def from_face(cls, points: Points, pose: HeadPose, size: int, kept: Plane) -> MouthPatch:
        """Return the patch of a face's mouth.

        Args:
            points: 478 x 3, the face, pixels of the picture.
            pose: of the face.
            size: longer side of the picture, pixels.
            kept: h x w float32 in [0, 1], where the photo's own teeth are kept.
        """
        picture_from_patch = crop_from_patch(MOUTH, points, pose, size)
        drawing = draw_region(MOUTH, move(invert(picture_from_patch), points))
        return cls(picture_from_patch, drawing, 1 - cut_validity(kept, picture_from_patch, MOUTH.side, size)[..., None])

    def with_source_teeth(self, image: Frame, interior: NDArray[np.float32], light: ToothLight) -> MouthPatch:
        """Return the patch with teeth of another photo, which are kept where the driver may show teeth too.

        Args:
            image: S x S x 3 uint8 RGB, with the other photo's teeth.
            interior: 16 x 28 x 2 float32 in [0, 1], from `measure_mouth_interior`.
            light: tooth colour of the face in the picture.
        """
        measured = measure(cut_patch(image, self.picture_from_patch, MOUTH.side), self.drawing, light.redness)
        if measured is None:
            return self
        driver_teeth = smoothstep((interior[..., 0] - interior[..., 1]) * MAX_BRIGHTNESS, *DRIVER_TOOTH_RANGE)
        source_teeth = cv2.erode(
            smoothstep(measured.levels[..., 0] / light.white, *SOURCE_TOOTH_RANGE),
            np.ones((EROSION, EROSION), np.uint8),
        )
        kept = measured.grid.interpolate(np.asarray(driver_teeth * source_teeth, np.float32))[..., None]
        return replace(self, weight=1 - (1 - self.weight) * kept)


def match_mouth_interior(
    image: Frame, mouth: MouthPatch, interior: NDArray[np.float32], light: ToothLight, gain: float
) -> None:
    """Match a mouth interior to a driver's, in place and at the picture's own resolution.

    Args:
        image: S x S x 3 uint8 RGB, changed.
        mouth: its mouth's patch.
        interior: 16 x 28 x 2 float32 in [0, 1], from `measure_mouth_interior`.
        light: tooth colour of the face in the picture.
        gain: share of the difference that is applied, in [0, 1].
    """
    patch = cut_patch(image, mouth.picture_from_patch, MOUTH.side)
    measured = measure(patch, mouth.drawing, light.redness)
    if measured is not None:
        added = _difference(patch, mouth.drawing, measured, interior * np.float32(MAX_BRIGHTNESS * light.white))
        added *= mouth.weight * np.float32(gain)
        add_patch(image, mouth.picture_from_patch, added, cv2.boundingRect(mouth.drawing[..., 0]))


def with_mouth_interior(patch: Frame, drawing: NDArray[np.uint8], levels: NDArray[np.float32], redness: float) -> Frame:
    """Return a mouth's patch (S x S x 3 uint8 RGB) with the given interior.

    Args:
        patch: S x S x 3 uint8 RGB.
        drawing: S x S x 3 uint8, from `draw_region`.
        levels: 16 x 28 x 2 float32, brightness and redness relative to the skin's brightness.
        redness: of a tooth, from `appearance.teeth`.
    """
    measured = measure(patch, drawing, redness)
    return (
        patch
        if measured is None
        else np.clip(patch + _difference(patch, drawing, measured, levels), 0, 255).astype(np.uint8)
    )


def _difference(
    patch: Frame, drawing: NDArray[np.uint8], measured: MouthMeasurement, levels: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return the difference between a mouth's patch with the given interior and the patch itself.

    Returns:
        S x S x 3 float32, RGB of 255, in the colour of a tooth under that light; 0 outside the lips.
    """
    change = levels - measured.levels
    deadzone = REDNESS_DEADZONE * np.maximum(levels[..., 0], measured.levels[..., 0])
    change[..., 1] -= np.clip(change[..., 1], -deadzone, deadzone)
    blurred = cv2.sepFilter2D(change, -1, GRID_BLUR, GRID_BLUR, borderType=cv2.BORDER_REPLICATE)
    interpolated = measured.grid.interpolate(change + np.float32(SHARPENING) * (change - blurred))
    added = interpolated[..., :1] * measured.tooth
    added[..., 0] += interpolated[..., 1] * measured.tooth[0]
    return _limit_blue(patch, added, measured.tooth, drawing[..., 0])


def _limit_blue(
    patch: Frame, added: NDArray[np.float32], tooth: NDArray[np.float32], opening: NDArray[np.uint8]
) -> NDArray[np.float32]:
    """Return a difference limited so that nothing between the lips is much bluer or greener than a tooth."""
    result = patch + added
    mask = opening.astype(np.float32) / np.float32(255)
    low, high = MAX_BLUE
    limit = low + (high - low) * np.clip(result[..., 1] / (tooth[1] * MAX_BLUE_LEVEL), 0, 1)
    added[..., 2] -= np.maximum(result[..., 2] - result[..., 1] * (limit * tooth[2] / tooth[1]), 0) * mask
    added[..., 0] += np.maximum(result[..., 1] * (tooth[0] / tooth[1]) - result[..., 0], 0) * mask
    return added
