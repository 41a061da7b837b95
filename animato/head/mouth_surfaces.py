"""Inside of the mouth as surfaces of the head: upper teeth on the skull, lower teeth and tongue on the jaw."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.geometry.aperture_mask import smooth_outline, soft_mask, window_around
from animato.geometry.apertures import mouth_width
from animato.geometry.dental_arch import jaw_angle
from animato.geometry.landmarks import EYE_LEFT, EYE_RIGHT, LIPS_OUTER, MOUTH_CORNERS
from animato.geometry.pose import HeadPose, local_from_points
from animato.head.arch_bank import DentalArch, choose_arch, complete
from animato.head.arch_texture import (
    BEHIND_LIPS,
    COLUMNS,
    EDGE_ROW,
    HALF_WIDTH,
    RESOLUTION,
    ROWS,
    columns,
    measure_arch,
)
from animato.head.gamut import FaceGamut
from animato.motion.photo_expression import own_expression, remove_expression
from animato.types import Frame, Points

JAW_POINTS = (152, 148, 377, 176, 400, 175, 199, 200)
"""Landmarks of the chin, which move with the jaw."""
JAW_GAIN, SMILE_DROP = 1.3, 0.8
"""Movement of the jaw relative to that of the landmarks, and drop of the landmarks per centimetre by which a smile
widens the mouth, which is not the jaw's."""
LOWER_LIP, DISPLAY, SMILE_DISPLAY = 14, 0.35, 0.5
"""Landmark of the lower lip, maximum height of the lower teeth above it, canonical centimetres, and its increase per
centimetre by which a smile widens the mouth."""
EDGE_BELOW_SEAM = 0.27
"""Height of the upper incisors' edge below the seam of closed lips, canonical centimetres: the median of 41 people, a
neutral and a smiling photo each; deviation 0.17."""
OVERJET, LOWER_EDGE = 0.25, -0.2
"""Distance of the lower incisors behind the upper ones, and of their edge below theirs while the lips are closed (an
overbite of 2.5 mm less a gap of 2 mm at rest), canonical centimetres."""
LOWER_X, UPPER_X = (0.0, 0.53, 1.12, 1.8, 2.5, 2.8), (0.0, 0.85, 1.5, 2.2, 2.6, 2.6)
"""Limits of the lower teeth, and of the upper teeth from which their texture is taken, centimetres from the midline."""
LOWER_LEVEL = 1.05
"""Brightness of lower teeth relative to upper ones."""
CAVITY, CAVITY_HUE, TONGUE = (0.48, 0.22, 0.22), 0.1, (0.95, 0.74, 0.76)
"""Colour of the cavity relative to the brightness of the lips, plus their colour; colour of the tongue relative to
theirs."""
WHITE_PERCENTILE, MIN_WHITE_PIXELS = 80, 20
"""Percentile of brightness from which pixels of an eye count as its white, and minimum number of pixels."""
TOOTH_OVER_WHITE = (1.23, 1.27, 1.23)
"""Colour of teeth relative to the white of the eyes (44 smiling portraits and their neutral photos; deviation 0.15)."""
CHEEKS, TOOTH_OVER_SKIN = (50, 280, 205, 425), (1.35, 1.28, 1.22)
"""Landmarks of the cheeks, and colour of teeth relative to their brightness where no white of an eye is visible."""
MIN_OPENING, MIN_TOOTH, MAX_REDNESS = 0.05, 0.6, 0.12
"""Opening of the lips, in mouth widths, from which a photo may show teeth; minimum brightness of teeth relative to the
expected one, and maximum excess of their log redness: lips and tongue have 0.25 or more."""
BLUR_RATIOS, BLUR_SIGMAS, MIN_BLUR = (0.39, 0.435, 0.523, 0.577), (1.2, 0.8, 0.5, 0.0), 0.2
"""Detail within one pixel relative to that within two, and the blur that leaves it (23 blurred portraits); minimum blur
that is applied to the textures, pixels of them."""
OVERSAMPLING = 1.25
"""Pixels of a texture per pixel of the photo; more would alias."""


@dataclass(frozen=True)
class MouthSurfaces:
    """Surfaces behind the lips, in the light of one photo.

    Attributes:
        upper: h x w x 4 uint8, RGB and opacity of the upper teeth, seen from the front.
        lower: h x w x 4 uint8, of the lower teeth.
        resolution: pixels of the textures per canonical centimetre.
        origin: 3 float64, edge between the upper central incisors in the head's own frame, canonical centimetres.
        cavity: 3 float32, colour of the dark behind the teeth, RGB of 255.
        tongue: 3 float32, colour of the lit tongue, RGB of 255.
        rest: mean y and z of `JAW_POINTS`, and width of the mouth, while the lips are closed, canonical centimetres.
        own_teeth: whether the upper teeth are the photo's own.
    """

    upper: NDArray[np.uint8]
    lower: NDArray[np.uint8]
    resolution: float
    origin: NDArray[np.float64]
    cavity: NDArray[np.float32]
    tongue: NDArray[np.float32]
    rest: tuple[float, float, float]
    own_teeth: bool = False

    def angle(self, local: NDArray[np.float64]) -> float:
        """Return the angle of the jaw in radians, from 478 x 3 landmarks in the head's own frame."""
        (chin, depth, _), smile = self.rest, self.smile(local)
        drop = float(local[list(JAW_POINTS), 1].mean()) - chin - SMILE_DROP * smile
        lip = float(local[LOWER_LIP, 1] - self.origin[1]) - LOWER_EDGE - DISPLAY - SMILE_DISPLAY * smile
        return max(jaw_angle(JAW_GAIN * drop, depth), jaw_angle(lip, float(self.origin[2]) + OVERJET))

    def smile(self, local: NDArray[np.float64]) -> float:
        """Return the widening of the mouth in canonical centimetres, at least 0, from 478 x 3 canonical landmarks."""
        return max(0.0, mouth_width(local) - self.rest[2])

    def relit(self, gain: NDArray[np.floating]) -> MouthSurfaces:
        """Return the surfaces under the light of another photo.

        Args:
            gain: 3 float64, factor on red, green and blue.
        """
        factor = np.append(gain, 1.0)
        upper, lower = (np.clip(plane * factor + 0.5, 0, 255).astype(np.uint8) for plane in (self.upper, self.lower))
        cavity, tongue = ((colour * gain).astype(np.float32) for colour in (self.cavity, self.tongue))
        return replace(self, upper=upper, lower=lower, cavity=cavity, tongue=tongue)


def build_surfaces(
    photo: Frame, points: Points, pose: HeadPose, gamut: FaceGamut, blendshapes: NDArray[np.float32] | None
) -> MouthSurfaces:
    """Build the surfaces of a photo.

    Args:
        photo: S x S x 3 uint8 RGB.
        points: 478 x 3, its landmarks, pixels.
        pose: of the head.
        gamut: colour range of the face, to which the textures are clipped.
        blendshapes: 52 float32 in [0, 1], the photo's expression scores, or None.
    """
    local = local_from_points(points, pose)
    own = own_expression(local, pose, blendshapes)
    closed = remove_expression(local, own.opening * mouth_width(local), own.smile)
    arch, tooth = choose_arch(mouth_width(closed)), tooth_colour(photo, points)
    origin = np.array([
        closed[list(MOUTH_CORNERS), 0].mean(), closed[[13, 14], 1].mean() + EDGE_BELOW_SEAM, closed[13, 2] + BEHIND_LIPS
    ])  # fmt: skip
    measured = measure_arch(photo, points, pose) if own.opening > MIN_OPENING else None
    own_teeth = measured is not None and _is_enamel(measured.tooth, tooth)
    if measured is not None and own_teeth:
        arch, tooth, origin = complete(measured, arch), measured.tooth, measured.origin
    lips = np.median(_at(photo, points[list(LIPS_OUTER), :2]), axis=0)
    cavity = np.array(CAVITY) * lips.mean() + CAVITY_HUE * lips
    step = min(1.0, OVERSAMPLING * pose.scale / RESOLUTION)
    blur = photo_blur(photo, points) * RESOLUTION * step / pose.scale
    jaw = closed[list(JAW_POINTS)].mean(axis=0)
    return MouthSurfaces(
        _texture(arch, tooth, gamut, step, blur),
        _texture(lower_arch(arch), tooth * LOWER_LEVEL, gamut, step, blur),
        RESOLUTION * step,
        origin,
        gamut.clip(cavity),
        gamut.clip(lips * np.array(TONGUE)),
        (float(jaw[1]), float(jaw[2]), mouth_width(closed)),
        own_teeth,
    )


def lower_arch(upper: DentalArch) -> DentalArch:
    """Return lower teeth that match upper ones: their texture upside down, in the widths of lower teeth.

    Rows are counted from the edge upwards, so row 0 of the result is the lowest of the gums.
    """
    x = np.sign(columns()) * np.interp(np.abs(columns()), LOWER_X, UPPER_X)
    at = np.broadcast_to(((x + HALF_WIDTH) * RESOLUTION - 0.5).astype(np.float32), (ROWS, COLUMNS))
    edge = (upper.alpha > 0.5).sum(axis=0).astype(np.float32)
    # Lower teeth end on a nearly level line.
    down = np.arange(ROWS, dtype=np.float32)[:, None] + 0.7 * (np.interp(x, columns(), edge) - EDGE_ROW)
    down = np.ascontiguousarray(down, np.float32)
    colour, alpha = (
        cv2.remap(plane, np.ascontiguousarray(at), down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        for plane in (upper.colour, upper.alpha)
    )
    return DentalArch(np.asarray(colour, np.float32), np.asarray(alpha, np.float32))


def tooth_colour(photo: Frame, points: Points) -> NDArray[np.float32]:
    """Return the expected colour of lit teeth, 3 float32, RGB of 255, from the white of the eyes.

    Args:
        photo: H x W x 3 uint8 RGB.
        points: 478 x 3, its landmarks, pixels.
    """
    whites = []
    for ring in (EYE_LEFT, EYE_RIGHT):
        outline = points[list(ring), :2].astype(np.float64)
        window = window_around(outline, 1.0, photo.shape[1], photo.shape[0])
        if window.empty:
            continue
        pixels = window.of(photo)[soft_mask(smooth_outline(outline, (0, 8)), window, 0.0) > 0.9].astype(np.float64)
        if len(pixels) >= MIN_WHITE_PIXELS:
            brightness = pixels.mean(axis=1)
            bright = brightness >= np.percentile(brightness, WHITE_PERCENTILE)
            whites.append(np.median(pixels[bright], axis=0))
    if whites:
        colour = np.mean(whites, axis=0) * TOOTH_OVER_WHITE
    else:
        skin = np.median(_at(np.asarray(cv2.blur(photo, (5, 5)), np.uint8), points[list(CHEEKS), :2]), axis=0)
        colour = skin.mean() * np.array(TOOTH_OVER_SKIN)
    return np.asarray(np.minimum(colour, 240), np.float32)


def photo_blur(photo: Frame, points: Points) -> float:
    """Return the blur of a face relative to a sharp portrait, as the sigma of a Gaussian in pixels.

    Args:
        photo: H x W x 3 uint8 RGB.
        points: 478 x 3, its landmarks, pixels.
    """
    face = window_around(points[:, :2].astype(np.float64), 0.0, photo.shape[1], photo.shape[0])
    if face.empty:
        return 0.0
    grey = cv2.cvtColor(face.of(photo), cv2.COLOR_RGB2GRAY).astype(np.float32)
    fine, coarse = (float(np.abs(grey - cv2.GaussianBlur(grey, (0, 0), sigma)).mean()) for sigma in (1.0, 2.0))
    return float(np.interp(fine / max(coarse, 1e-3), BLUR_RATIOS, BLUR_SIGMAS))


def _is_enamel(colour: NDArray[np.float32], expected: NDArray[np.float32]) -> bool:
    """Return whether the brightest pixels between the lips are teeth: neither much darker nor redder than expected."""
    red = np.log(colour[0] / colour[1:].mean()) - np.log(expected[0] / expected[1:].mean())
    return bool(colour[1:].mean() > MIN_TOOTH * expected[1:].mean() and red < MAX_REDNESS)


def _texture(
    arch: DentalArch, tooth: NDArray[np.float32], gamut: FaceGamut, step: float, blur: float
) -> NDArray[np.uint8]:
    colour = np.clip(arch.colour * tooth, 0, 255)
    colour = gamut.clip(colour.reshape(-1, 3)).reshape(colour.shape)
    pixels = np.dstack([np.clip(colour, 0, 255), arch.alpha * 255]).astype(np.float32)
    size = max(8, round(COLUMNS * step)), max(4, round(ROWS * step))
    pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.float32)
    if blur > MIN_BLUR:
        pixels = np.asarray(cv2.GaussianBlur(pixels, (0, 0), blur), np.float32)
    return np.rint(pixels).clip(0, 255).astype(np.uint8)


def _at(photo: Frame, points: NDArray[np.floating]) -> NDArray[np.float64]:
    xy = np.clip(np.rint(points), 0, (photo.shape[1] - 1, photo.shape[0] - 1)).astype(int)
    return np.asarray(photo[xy[:, 1], xy[:, 0]], np.float64)
