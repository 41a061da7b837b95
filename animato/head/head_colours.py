"""Colours of a head that turns: what the photo shows of it, without what is seen around and through it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.geometry.pose import HeadPose
from animato.geometry.smoothstep import smoothstep
from animato.head.closed_head import ClosedHead, upwards
from animato.head.closed_topology import COLUMNS, RINGS
from animato.head.edge_matte import between_strands
from animato.head.foreground import OPAQUE, spread_colours
from animato.types import Frame, Plane

OUTLINE_CM = 0.2
"""Width of a head's outline in the photo whose colours are not used when it turns, centimetres."""

SHINE = 150.0
"""Contrast of hair and background, levels of 255 (Euclidean), above which hair beside a face does not shine like it."""

ABOVE = (0.5, 0.75)
"""Cosine of the angle between a direction from the face and its axis, from which, and at which fully, it is above."""

MOST_CLOTHES = 0.3
"""Share of clothes up to which a pixel's colour is the head's."""


def seen_through(image: Frame, plate: Frame, alpha: Plane, hair: Plane) -> Plane:
    """Return where the background may be seen between strands of hair, S x S float32 in [0, 1].

    Args:
        image: S x S x 3 uint8 RGB, the photo.
        plate: S x S x 3 uint8, the photo without the person.
        alpha: S x S float32 in [0, 1], opacity of the person.
        hair: S x S float32 in [0, 1], opacity of the hair beside the face.
    """
    through, _ = between_strands(image.astype(np.float32), plate.astype(np.float32), hair, alpha > OPAQUE, SHINE)
    return through


def beside_face(shell: ClosedHead, pose: HeadPose, size: int) -> Plane:
    """Return where hair hangs beside the face, size x size float32 in [0, 1].

    There a turn stretches what is seen between strands; above, hair shines as brightly as a wall.
    """
    ring = shell.points.reshape(RINGS, COLUMNS, 3)[0, :, :2]
    face = np.zeros((size, size), np.float32)
    cv2.fillPoly(face, [np.rint(ring).astype(np.int32)], (1.0,))
    beside = 1 - smoothstep(upwards(ring.mean(axis=0), pose, size), *ABOVE)
    return np.asarray(beside * (1 - cv2.GaussianBlur(face, (0, 0), OUTLINE_CM * pose.scale)), np.float32)


def head_colours(
    foreground: Frame, alpha: Plane, clothes: Plane, ears: NDArray[np.bool_], pixels_per_cm: float
) -> tuple[Frame, NDArray[np.bool_]]:
    """Return the head's colours, S x S x 3 uint8: skin and hair, continued over clothes and beyond the outline.

    The second result is where they are the photo's own, S x S bool.

    A turned head shows what is now its outline from the side, so nothing of the light around it may be left there.

    Args:
        foreground: S x S x 3 uint8 RGB, the person's colours.
        alpha: S x S float32 in [0, 1], opacity of what may be used.
        clothes: S x S float32 in [0, 1].
        ears: S x S bool, where those of ears are the photo's own, nearer to the outline than others.
        pixels_per_cm: scale of the head's pose.
    """
    reach = max(1, round(OUTLINE_CM * pixels_per_cm))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    own = cv2.erode(((alpha > OPAQUE) & (clothes < MOST_CLOTHES)).astype(np.uint8), kernel) > 0
    own |= ears
    if not own.any():
        return foreground, own
    continued = np.rint(spread_colours(foreground.astype(np.float32), own, 0.3 * pixels_per_cm))
    return np.where(own[..., None], foreground, continued).astype(np.uint8), own
