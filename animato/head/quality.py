"""Check the quality of a photo: warnings, and errors for unusable ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.errors import FaceError
from animato.geometry.crop import crop_from_frame, cut, head_square
from animato.geometry.landmarks import LIPS_OUTER, MESH_POINTS
from animato.tracking.face_finder import face_width
from animato.types import Face, Frame

SIDE = 256
"""Side, in pixels, of the face crop in which exposure, focus and flat colour are measured."""
MIN_FACE_WIDTH = 48
"""Face width, pixels, below which a photo is rejected."""
SOFT_FACE_WIDTH = 140
"""Face width, pixels, below which the result is soft."""
MAX_YAW = 55.0
WARN_YAW = 28.0
"""Yaw, degrees, above which a photo is rejected, and above which there is a warning."""
MAX_OUTSIDE_SHARE = 0.12
"""Share of the mesh outside the image above which a photo is rejected."""
MAX_LIPS_OUTSIDE = 0.1
"""The same for the outline of the lips."""
MIN_SHARPNESS = 14.0
"""Variance of the Laplacian of the face crop below which a photo is blurred."""
MIN_BRIGHTNESS = 45.0
"""Mean grey level at the centre of the face crop below which it is dark; the minimum of 260 well-lit faces of many skin
colours is 61."""
MAX_GLARE = 0.15
"""Share of white pixels above which a face is overexposed."""
MAX_SIDE_LIGHT = 0.5
"""Logarithm of the ratio between the cheeks' brightness above which the light is uneven; at most 0.29 in about 110
portraits taken in even light."""
CHEEK_PAIRS, GREY_OFFSET = ((50, 280), (101, 330), (205, 425)), 8.0
"""Landmarks on the left and the right cheek that are compared, and grey levels added to both."""
SKIN_POINTS = (151, 9, 168, 6, 101, 330, 50, 280, 205, 425, 199, 175, 18)
"""Landmarks on skin from forehead to chin."""
MAX_CHROMA_DISTANCE = 12.0
"""Distance in the a, b plane of CIE Lab; the fourth-largest of 154 unoccluded faces, some bearded, is at most 7.8."""

FLAT_DEVIATION, DRAWN_SHARE = 0.8, 0.42
"""Standard deviation of 5 x 5 pixels, grey levels, below which they are flat, and share of flat pixels above which a
face is a drawing: 0.5 and more in drawings, JPEG or not, up to 0.3 in 430 photos, some of them dark, blurred or
strongly compressed."""
NORMALISED_CONTRAST, UNCLIPPED = 160.0, (4, 250)
"""Contrast to which the crop is normalised for that, and range of grey levels outside which pixels are ignored."""


def check_photo_face(frame: Frame, face: Face, yaw: float, name: str) -> list[str]:
    """Return warnings about the face of a photo.

    Args:
        frame: H x W x 3 uint8 RGB, the photo.
        face: the chosen face.
        yaw: of the head, degrees.
        name: of the photo, for messages.

    Raises:
        FaceError: the face is too small, cut off or turned too far.
    """
    height, width = frame.shape[:2]
    size = face_width(face)
    context = f"{width} x {height}, face {size:.0f} px"
    if size < MIN_FACE_WIDTH:
        raise FaceError(
            f"the face in {name} is too small: {size:.0f} px across, at least {MIN_FACE_WIDTH} are needed",
            where=context,
            hint="a photo taken closer, or a larger version of this one",
            more="docs/photos.md",
        )
    xy = face.points[:MESH_POINTS, :2]
    outside = (xy < -1).any(axis=1) | (xy[:, 0] > width) | (xy[:, 1] > height)
    if outside.mean() > MAX_OUTSIDE_SHARE or outside[list(LIPS_OUTER)].mean() > MAX_LIPS_OUTSIDE:
        raise FaceError(
            f"the face in {name} is cut off by the edge of the picture",
            where=f"{context}; {outside.mean():.0%} of the face lies outside",
            hint="a photo that shows the whole head with some space around it",
            more="docs/photos.md",
        )
    if abs(yaw) > MAX_YAW:
        raise FaceError(
            f"the face in {name} is turned away too far ({abs(yaw):.0f} degrees)",
            where=context,
            hint="a photo in which both eyes are visible",
            more="docs/photos.md",
        )
    return _warnings(photo_quality(frame, face), name)


@dataclass(frozen=True)
class PhotoQuality:
    """Measures of the face in a photo, and judgements on them.

    Attributes:
        face_width: longer side of the face, pixels.
        sharpness: variance of the Laplacian of the face crop, squared grey levels.
        brightness: mean grey level at the centre of the face crop, 0 to 255.
        glare: share of white pixels there, 0 to 1.
        side_light: natural logarithm of how much brighter one cheek is than the other, not negative.
        covered: whether something covers part of the face (`is_covered`).
    """

    face_width: float
    sharpness: float
    brightness: float
    glare: float
    side_light: float
    covered: bool

    @property
    def small(self) -> bool:
        """Whether the result is soft because the face is small."""
        return self.face_width < SOFT_FACE_WIDTH

    @property
    def dark(self) -> bool:
        """Whether the face is too dark."""
        return self.brightness < MIN_BRIGHTNESS

    @property
    def blurred(self) -> bool:
        """Whether the face is out of focus; not judged in dark photos, where the measure is unreliable."""
        return not self.dark and self.sharpness < MIN_SHARPNESS

    @property
    def overexposed(self) -> bool:
        """Whether much of the face is white."""
        return self.glare > MAX_GLARE

    @property
    def uneven(self) -> bool:
        """Whether the light comes from one side."""
        return self.side_light > MAX_SIDE_LIGHT


def photo_quality(frame: Frame, face: Face) -> PhotoQuality:
    """Measure the face of a photo.

    Args:
        frame: H x W x 3 uint8 RGB.
        face: found in it.
    """
    grey = _face_grey(frame, face)
    centre = grey[SIDE // 4 : -SIDE // 4, SIDE // 4 : -SIDE // 4]
    return PhotoQuality(
        face_width(face),
        _sharpness(grey),
        float(centre.mean()),
        float((centre > 250).mean()),
        _side_light(frame, face),
        is_covered(frame, face),
    )


def _warnings(quality: PhotoQuality, name: str) -> list[str]:
    warnings = []
    if quality.small:
        warnings.append(
            f"the face in {name} is only {quality.face_width:.0f} px across; the result will look soft: "
            "use a larger photo"
        )
    if quality.dark:
        warnings.append(f"the face in {name} is very dark; use a photo with more light on the face")
    if quality.blurred:
        warnings.append(f"{name} is blurred; the result cannot be sharper: use a photo in focus")
    if quality.overexposed:
        warnings.append(f"the face in {name} is overexposed; use a photo without glare on the skin")
    if quality.covered:
        warnings.append(
            f"part of the face in {name} seems to be covered (hand, mask, hair) and will move like skin: "
            "use a photo of an uncovered face"
        )
    return warnings


def turned_warnings(yaw: float, name: str) -> list[str]:
    """Return a warning if the animated photo hides one side of the face; other photos may be turned.

    Args:
        yaw: of the head, degrees.
        name: of the photo.
    """
    if abs(yaw) <= WARN_YAW:
        return []
    return [
        f"the face in {name} is turned by {abs(yaw):.0f} degrees; the hidden side is synthesised: "
        "a photo from the front works better"
    ]


def _face_grey(frame: Frame, face: Face) -> NDArray[np.uint8]:
    """Return the face crop in grey, SIDE x SIDE uint8."""
    crop = cut(frame, crop_from_frame(head_square(face.points, 1.1), SIDE), SIDE)
    return np.asarray(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY), np.uint8)


def is_blurred(frame: Frame, face: Face) -> bool:
    """Return whether a face (of a frame, H x W x 3 uint8 RGB) is out of focus."""
    return _sharpness(_face_grey(frame, face)) < MIN_SHARPNESS


def _sharpness(grey: NDArray[np.uint8]) -> float:
    return float(cv2.Laplacian(grey, cv2.CV_64F).var())


def _side_light(frame: Frame, face: Face) -> float:
    """Return the logarithm of how much brighter one cheek is than the other (see `PhotoQuality`)."""
    grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
    ratios = []
    for pair in CHEEK_PAIRS:
        left, right = (_patch(grey, face, index) for index in pair)
        if left.size and right.size:
            ratios.append(np.log((np.median(left) + GREY_OFFSET) / (np.median(right) + GREY_OFFSET)))
    return abs(float(np.mean(ratios))) if ratios else 0.0


def _patch(picture: NDArray[Any], face: Face, index: int) -> NDArray[Any]:
    """Return the pixels of a picture (H x W or H x W x C) around a landmark; empty outside of it."""
    radius = max(2, int(face_width(face) * 0.03))
    x, y = np.rint(face.points[index, :2]).astype(int)
    return picture[max(0, y - radius) : max(0, y + radius + 1), max(0, x - radius) : max(0, x + radius + 1)]


def is_drawn(frame: Frame, face: Face) -> bool:
    """Return whether a face is drawn in flat colours, unlike a photo or a painting.

    Args:
        frame: H x W x 3 uint8 RGB.
        face: found in it.
    """
    grey, margin = _face_grey(frame, face), 48
    centre = grey[margin:-margin, margin:-margin]
    low, high = np.percentile(centre, (2, 98))
    # Normalise, because dark and hazy photos have low contrast; clipped pixels are always flat.
    normalised = grey.astype(np.float32) * np.float32(NORMALISED_CONTRAST / max(float(high - low), 1.0))
    variance = (cv2.blur(normalised * normalised, (5, 5)) - cv2.blur(normalised, (5, 5)) ** 2)[
        margin:-margin, margin:-margin
    ]
    flat = (variance < FLAT_DEVIATION**2) & (centre > UNCLIPPED[0]) & (centre < UNCLIPPED[1])
    return bool(flat.mean() > DRAWN_SHARE)


def drawn_warning(name: str) -> str:
    """Return the warning about a drawn face."""
    return (
        f"the face in {name} is drawn in flat colours; it is animated without the networks, which are trained on skin, "
        "as with `model=geometry`"
    )


def is_covered(frame: Frame, face: Face) -> bool:
    """Return whether a large part of the face differs in colour from the rest: a mask, a scarf, a microphone.

    The median colours of patches on forehead, nose bridge, cheeks and chin are compared in CIE Lab: a and b vary little
    over the skin of one face, while L depends on the light. The reference is the patch closest to all others (the
    medoid), because a mean would lie between skin and cover. Skin-coloured covers, such as a hand, are not detected.

    Args:
        frame: H x W x 3 uint8 RGB.
        face: tracked in it.
    """
    lab = cv2.cvtColor(frame, cv2.COLOR_RGB2LAB).astype(np.float32)
    colours = []
    for index in SKIN_POINTS:
        patch = _patch(lab, face, index)
        if patch.size:
            colours.append(np.median(patch.reshape(-1, 3), axis=0)[1:])
    if len(colours) < len(SKIN_POINTS) // 2:
        return False
    distance = np.linalg.norm(np.array(colours)[:, None] - np.array(colours)[None], axis=2)
    from_medoid = distance[distance.sum(axis=1).argmin()]
    return int((from_medoid > MAX_CHROMA_DISTANCE).sum()) >= 4


def no_face(name: str, width: int, height: int) -> FaceError:
    """Return the error for an image without a detected face."""
    return FaceError(
        f"no face found in {name}",
        where=f"{width} x {height}, whole picture and tiles, also rotated",
        hint="a photo where the face is larger, upright and seen from the front",
        more="docs/photos.md",
    )
