"""The body under a head, continued behind it: a neck, and hair that hangs."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.geometry.pose import HeadPose
from animato.geometry.smoothstep import smoothstep
from animato.head.clothes import is_like, skin_colour
from animato.head.foreground import OPAQUE, spread_colours
from animato.head.levels import CHIN_LEVELS, far_side, head_height
from animato.head.parts import Shares
from animato.types import Frame, Plane

NECK_HALF_CM, NECK_UP_CM = 6.5, 3.0
"""Half the width of the widest neck, and how far up behind the jaw it goes on, centimetres from the neck's pivot."""

CHIN_ABOVE_CM = -3.5
"""Height of what lies surely below the chin, centimetres from the neck's pivot."""

NECK_EDGE_CM = 0.8
"""Width of what shines in at the edge of a neck, on both sides together, centimetres."""

SKIN_SEEN_CM = 1.5
"""Side of the least square of skin, centimetres, by which a neck's colour is known."""

NECK_SHADE = 0.75
"""Brightness of a neck that is covered, in shares of the face's."""

COLLAR_CM, COLLAR_SOFT_CM = -1.5, 0.5
"""Height over the neck's pivot to which a collar reaches that is not seen, and over which it gives way to the skin
behind the jaw, centimetres."""

NECK = np.array([0.0, 6.0, 6.0])
"""Where a head turns on its neck, canonical centimetres (`motion.neck_limits.PIVOT`)."""

HAIR_UP_CM = 2.5
"""How far up hanging hair goes on behind the head, centimetres."""


def continued_body(
    image: Frame,
    alpha: Plane,
    head_alpha: Plane,
    body_alpha: Plane,
    pose: HeadPose,
    colours: tuple[Frame, Frame],
    shares: Shares,
) -> tuple[Frame, Plane]:
    """Return the body's colours and opacity, with a neck behind the jaw that comes into view when the head moves.

    Args:
        image: S x S x 3 uint8 RGB.
        alpha, head_alpha, body_alpha: S x S float32 in [0, 1], opacity of the person, of its head and of its body.
        pose: of the head, pixels.
        colours: S x S x 3 uint8, the foreground's and the plate's.
        shares: of the person's parts.
    """
    scale = pose.scale
    foreground, plate = colours
    across, above = _from_pivot(pose, image.shape[0])
    left, right = _neck_sides(across, above, (alpha > 0.5) & (shares.hair < 0.5), (alpha > 0.5) & (head_alpha < 0.5))
    between = (across > left) & (across < right)
    body_alpha = np.asarray(body_alpha * (1 - _far_jaw(shares, pose) * ~between), np.float32)
    # Its upper end is round: a corner would stand out behind a head that has turned away from it.
    up = np.maximum((above - CHIN_ABOVE_CM) / (NECK_UP_CM - CHIN_ABOVE_CM), 0)
    round_end = (2 * across - left - right) ** 2 / (right - left) ** 2 + up**2 < 1
    neck = cv2.GaussianBlur((between & round_end).astype(np.float32), (0, 0), 0.15 * scale)
    under = np.clip((head_alpha - 0.02) / 0.3, 0, 1) * alpha
    # Hair that hangs goes on behind the lower end of the head's, so that no gap opens between them.
    reach = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (round(2 * HAIR_UP_CM * scale) | 1,) * 2)
    hair = shares.hair * alpha
    behind_head = cv2.dilate((body_alpha * hair > 0.5).astype(np.uint8), reach) * (hair > 0.5)
    hanging = cv2.GaussianBlur(behind_head.astype(np.float32), (0, 0), 0.15 * scale) * alpha
    continued = np.maximum(np.maximum(body_alpha, under * neck), hanging).astype(np.float32)
    known = (body_alpha > OPAQUE) & (head_alpha < 0.05)
    if not known.any():
        return foreground, body_alpha
    colour = skin_colour(image, alpha * shares.face)
    like = is_like(image, colour)
    bare = (alpha > OPAQUE) & like & (shares.skin > 0.8) & (np.abs(across) < NECK_HALF_CM)
    edge = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (round(NECK_EDGE_CM * scale) | 1,) * 2)
    for skin in (bare & known, bare):  # a short neck is seen below the chin alone, where the head's skirt is
        skin = cv2.erode(skin.astype(np.uint8), edge) > 0
        seen = skin.sum() > (SKIN_SEEN_CM * scale) ** 2
        if seen:
            break
    # A neck is skin, whatever the clothes beside it.
    behind = spread_colours(image.astype(np.float32), skin if seen else known, 0.6 * scale)
    if colour is not None and not seen:  # a collar covers it: its skin is seen behind the jaw only
        clothes = (alpha > OPAQUE) & ~like & between & (shares.hair < 0.5) & (shares.face < 0.5)
        level = _collar(across[clothes], above[clothes])
        covered = smoothstep(above, level - COLLAR_SOFT_CM, level + COLLAR_SOFT_CM)[..., None]
        behind = np.asarray(behind + covered * (NECK_SHADE * colour - behind), np.float32)
    own = np.maximum(np.clip((0.999 - head_alpha) / 0.3, 0, 1), np.clip(2 * hanging, 0, 1))[..., None]
    # A body hardly moves, so its soft edge may hold the noise of exact unmixing.
    unmixed = (image - (1 - alpha[..., None]) * plate) / np.maximum(alpha[..., None], 0.05)
    mixed = np.where((alpha > OPAQUE)[..., None], foreground * own + behind * (1 - own), unmixed)
    return np.clip(np.rint(mixed), 0, 255).astype(np.uint8), continued


def _from_pivot(pose: HeadPose, size: int) -> tuple[Plane, Plane]:
    """Return how far each pixel lies across from the neck's pivot and above it, each size x size, centimetres."""
    y, x = np.mgrid[0:size, 0:size].astype(np.float32)
    up = -(pose.rotation @ np.array([0.0, 1.0, 0.0]))[:2]
    up /= np.linalg.norm(up)
    pivot = (pose.scale * pose.rotation @ NECK + pose.translation)[:2]
    across = (-(x - pivot[0]) * up[1] + (y - pivot[1]) * up[0]) / pose.scale
    above = ((x - pivot[0]) * up[0] + (y - pivot[1]) * up[1]) / pose.scale
    return across, above


def _far_jaw(shares: Shares, pose: HeadPose) -> Plane:
    """Return the edge of the jaw, S x S float32 in [0, 1]: on the far side of a turned face, no clothes and no hair."""
    size = len(shares.hair)
    above = 1 - head_height(pose, size, levels=CHIN_LEVELS)
    bare = (1 - shares.body + shares.skin) * (shares.hair < 0.5)
    return np.asarray(bare * above * far_side(pose, size), np.float32)


def _collar(across: NDArray[np.floating], above: NDArray[np.floating]) -> float:
    """Return how high a collar reaches, centimetres above the neck's pivot, from where clothes lie before the neck.

    Args:
        across, above: N, places of clothes between the sides of the neck, centimetres from its pivot.
    """
    place = np.rint(across[above < 0] * 2).astype(int)
    tops = [above[above < 0][place == number].max() for number in np.unique(place)]
    return float(np.median(tops)) if tops else COLLAR_CM


def _neck_sides(across: Plane, above: Plane, person: NDArray[np.bool_], body: NDArray[np.bool_]) -> tuple[float, float]:
    """Return where a neck begins and ends across, centimetres from its axis: where it is narrowest below the chin.

    Args:
        across, above: H x W float32, centimetres from the neck's pivot.
        person: H x W bool, where the person is seen, but for hair.
        body: H x W bool, where the body is seen: where a low collar hides the neck below the chin, it is looked for
            beside it.
    """
    widest = (-NECK_HALF_CM, NECK_HALF_CM)
    for seen, levels in ((person, np.arange(-6.0, CHIN_ABOVE_CM, 0.5)), (body, np.arange(CHIN_ABOVE_CM, 1.0, 0.5))):
        best = widest
        for level in levels:
            row = seen & (np.abs(above - level) < 0.25) & (np.abs(across) < 2 * NECK_HALF_CM)
            if row.sum() < 4:
                continue
            low, high = np.percentile(across[row], (1, 99))
            if low < -1.5 and high > 1.5 and high - low < best[1] - best[0]:
                best = (float(low), float(high))
        if best != widest:
            return best
    return widest
