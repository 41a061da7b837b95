"""Check the quality of a photo: warnings that allow to continue, and errors."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.errors import FaceError
from animato.geometry.crop import crop_from_frame, cut, head_square
from animato.geometry.landmarks import LIPS_OUTER, MESH_POINTS
from animato.tracking.face_finder import face_width
from animato.types import Face, Frame

SIDE = 256
"""Side, in pixels, of the square in which light, focus and flat colour are measured."""
SMALLEST = 48
"""Pixels across a face below which there is nothing to animate."""
SMALL = 140
"""Pixels across a face below which the result will look soft."""
FARTHEST_TURN = 55.0
TURNED = 28.0
"""Degrees of yaw beyond which a photo is refused, and from which it is mentioned."""
CUT_SHARE = 0.12
"""Share of the mesh outside the picture from which the face counts as cut off."""
CUT_LIPS = 0.1
"""The same for the outline of the lips: a mouth at the edge cannot open."""
BLURRED = 14.0
"""Variance of the Laplacian over a 256 px face, below which a photo counts as blurred."""
DARK = 45.0
"""Mean grey value of the middle of the face; the darkest of 260 well-lit faces of many skin colours had 61."""
PATCHES = (151, 9, 168, 6, 101, 330, 50, 280, 205, 425, 199, 175, 18)
"""Points of bare skin from forehead to chin."""
OTHER_COLOUR = 12.0
"""Distance in the a, b plane of CIE Lab; the fourth-farthest patch of 154 free faces, some bearded, reached 7.8."""

FLAT, DRAWN = 0.8, 0.42
"""Grey levels of standard deviation in 5 x 5 pixels below which a place is of one colour, and the share of such places
from which a face counts as drawn: 0.5 and more in drawings, saved as JPEG or not, up to 0.3 in 430 photos, some dark,
blurred or compressed hard."""
CONTRAST, CLIPPED = 160.0, (4, 250)
"""Range of grey levels to which a face is brought before that, and levels outside which a place does not count."""


def check_photo_face(frame: Frame, face: Face, yaw: float, name: str) -> list[str]:
    """Return findings about the face of a photo.

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
    looked = f"{width} x {height}, face {size:.0f} px"
    if size < SMALLEST:
        raise FaceError(
            f"the face in {name} is too small: {size:.0f} px across, at least {SMALLEST} are needed",
            where=looked,
            hint="a photo taken closer, or a larger version of this one",
            more="docs/photos.md",
        )
    xy = face.points[:MESH_POINTS, :2]
    outside = (xy < -1).any(axis=1) | (xy[:, 0] > width) | (xy[:, 1] > height)
    if outside.mean() > CUT_SHARE or outside[list(LIPS_OUTER)].mean() > CUT_LIPS:
        raise FaceError(
            f"the face in {name} is cut off by the edge of the picture",
            where=f"{looked}; {outside.mean():.0%} of the face lies outside",
            hint="a photo that shows the whole head with some space around it",
            more="docs/photos.md",
        )
    if abs(yaw) > FARTHEST_TURN:
        raise FaceError(
            f"the face in {name} is turned away too far ({abs(yaw):.0f} degrees)",
            where=looked,
            hint="a photo in which both eyes are seen",
            more="docs/photos.md",
        )
    warnings = []
    if size < SMALL:
        warnings.append(
            f"the face in {name} is only {size:.0f} px across; the result will look soft: use a larger photo"
        )
    if abs(yaw) > TURNED:
        warnings.append(
            f"the face in {name} is turned by {abs(yaw):.0f} degrees; the hidden side is guessed from the visible one: "
            "a photo from the front works better"
        )
    warnings += _looks(frame, face, name)
    return warnings


def _looks(frame: Frame, face: Face, name: str) -> list[str]:
    grey = _face_grey(frame, face)
    warnings = []
    middle = grey[SIDE // 4 : -SIDE // 4, SIDE // 4 : -SIDE // 4]
    if float(middle.mean()) < DARK:
        warnings.append(f"the face in {name} is very dark; use a photo with more light on the face")
    elif is_blurred(frame, face):  # the measure means nothing in the dark
        warnings.append(f"{name} is blurred; the result cannot be sharper: use a photo in focus")
    if float((middle > 250).mean()) > 0.15:
        warnings.append(f"the face in {name} is overexposed; use a photo without glare on the skin")
    if covered(frame, face):
        warnings.append(
            f"part of the face in {name} seems to be covered (hand, mask, hair); what covers it will move like skin: "
            "use a photo with a free face"
        )
    return warnings


def _face_grey(frame: Frame, face: Face) -> NDArray[np.uint8]:
    """Return the face's square in grey, SIDE x SIDE uint8."""
    crop = cut(frame, crop_from_frame(head_square(face.points, 1.1), SIDE), SIDE)
    return np.asarray(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY), np.uint8)


def is_blurred(frame: Frame, face: Face) -> bool:
    """Return whether a face (of a frame, H x W x 3 uint8 RGB) is out of focus."""
    return float(cv2.Laplacian(_face_grey(frame, face), cv2.CV_64F).var()) < BLURRED


def is_drawn(frame: Frame, face: Face) -> bool:
    """Return whether a face is drawn in flat colours, as no photo and no painting is.

    Args:
        frame: H x W x 3 uint8 RGB.
        face: found in it.
    """
    grey, edge = _face_grey(frame, face), 48
    middle = grey[edge:-edge, edge:-edge]
    low, high = np.percentile(middle, (2, 98))
    # A dark or a hazy photo has small differences everywhere, and clipped pixels have none.
    level = grey.astype(np.float32) * np.float32(CONTRAST / max(float(high - low), 1.0))
    variance = (cv2.blur(level * level, (5, 5)) - cv2.blur(level, (5, 5)) ** 2)[edge:-edge, edge:-edge]
    flat = (variance < FLAT**2) & (middle > CLIPPED[0]) & (middle < CLIPPED[1])
    return bool(flat.mean() > DRAWN)


def drawn_finding(name: str) -> str:
    """Return the sentence about a drawn face."""
    return (
        f"the face in {name} is drawn in flat colours; the networks know skin only, so it is moved without them, as "
        "`model=geometry` does: a photo or a painting gets painted lips and eyes"
    )


def covered(frame: Frame, face: Face) -> bool:
    """Return whether a good part of the face is of another colour than the rest: a mask, a scarf, a microphone.

    The median colours of patches on forehead, nose bridge, cheeks and chin are compared in CIE Lab: the skin of one
    face differs little in a and b, whatever the light does to L. They are compared with the patch closest to all
    others (their medoid), because a mean would lie between skin and cover. A cover of the skin's own colour, such as a
    hand, cannot be told this way.

    Args:
        frame: H x W x 3 uint8 RGB.
        face: tracked in it.
    """
    lab = cv2.cvtColor(frame, cv2.COLOR_RGB2LAB).astype(np.float32)
    radius = max(2, int(face_width(face) * 0.03))
    colours = []
    for index in PATCHES:
        x, y = np.rint(face.points[index, :2]).astype(int)
        patch = lab[max(0, y - radius) : max(0, y + radius + 1), max(0, x - radius) : max(0, x + radius + 1)]
        if patch.size:
            colours.append(np.median(patch.reshape(-1, 3), axis=0)[1:])
    if len(colours) < len(PATCHES) // 2:
        return False
    distance = np.linalg.norm(np.array(colours)[:, None] - np.array(colours)[None], axis=2)
    away = distance[distance.sum(axis=1).argmin()]
    return int((away > OTHER_COLOUR).sum()) >= 4


def no_face(name: str, width: int, height: int) -> FaceError:
    """Return the error for a picture in which no face was found."""
    return FaceError(
        f"no face found in {name}",
        where=f"{width} x {height}, whole picture and parts of it, also turned",
        hint="a photo where the face is larger, upright and seen from the front",
        more="docs/photos.md",
    )
