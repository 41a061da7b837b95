"""Measure the mouth interior of a driver: brightness and redness on a grid between the lips.

One photo with closed lips says nothing of teeth and tongue, and landmarks do not either: the same opening shows the
upper teeth in one sound and the tongue in another. The driver's picture knows. Brightness and redness, in units of a
tooth in the light on that face, tell dark gap, tongue and teeth, and hardly say whose light it was; they are fine
enough to show the driver's own teeth. The target's mouth is brought to them before the network paints, and after it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.appearance.mouth_grid import INSIDE_PLACES, Places
from animato.appearance.teeth import NOISY, ToothLight, cold, noise, skin_around, tooth_colour
from animato.geometry.affine import invert, move
from animato.geometry.composite import add_patch
from animato.geometry.patch import MOUTH, crop_from_patch, cut_patch, cut_validity, draw_region
from animato.geometry.pose import HeadPose, fit_pose
from animato.geometry.smoothstep import smoothstep
from animato.types import Affine, Face, Frame, Plane, Points

BRIGHTEST = 1.4
"""Brightness that counts as 1, in whites of the eye: teeth catch more light."""

BLUER, BRIGHT_AS = (0.82, 1.06), 1.0
"""Most blue between the lips, over what a tooth as green has: where it is black, and where it is as bright as the
latter, in units of the skin. Light that comes from deep in a mouth is warm."""

SOFTENED, GIVEN_BACK = np.array([0.125, 0.75, 0.125], np.float32), 2.0
"""What averaging over a place and interpolating between places does to a row of places, and how many times the loss is
given back: cutting out and laying on soften, too."""

HUE_DOUBT = 0.05
"""Difference of redness that is not believed, in units of the brightness: the light's colour is judged by skin."""

REDDEST = (0.05, 1.0)
"""Most redness of a place, in units of the brightest: where it is black, and what it may have more for its brightness.
Cameras and warm lamps make dark corners red, which in another light would be orange."""

TOOTH = (0.3, 0.5)
"""Brightness less redness, in whites of the eye: a driver's place shows no tooth at the first, and from the second on
maybe one in a dim picture."""

LENT_TOOTH = (0.5, 0.8)
"""Brightness, in whites of the eye, of lent teeth: a place as dark as the first is none."""

WITHIN = 3
"""Places, down and across, that must all show lent teeth for the middle one to stay: a gap is thinner than a place."""


def read_mouth_interior(frame: Frame, face: Face, light: ToothLight) -> NDArray[np.float32] | None:
    """Return what the inside of a driver's mouth shows, or None where the lips touch or the picture is mostly noise.

    Args:
        frame: H x W x 3 uint8 RGB.
        face: its landmarks, pixels of the frame.
        light: on that face, from its neutral frame.

    Returns:
        16 x 28 x 2 float32 in [0, 1], in units of `BRIGHTEST` whites: brightness at each place between the lips, from
        the upper to the lower one and from left to right in the picture, and how much more red it has than a tooth.
    """
    placed = crop_from_patch(MOUTH, face.points, fit_pose(face.points), max(frame.shape[:2]))
    drawing = draw_region(MOUTH, move(invert(placed), face.points))
    patch = cut_patch(frame, placed, MOUTH.side)
    shown = measure(patch, drawing, light.redness)
    if shown is None or noise(patch, drawing) >= 2 * NOISY:
        return None
    inside: NDArray[np.float32] = np.clip(shown.levels / (light.white * BRIGHTEST), 0, 1).astype(np.float32)
    black, more = REDDEST
    inside[..., 1] = np.minimum(inside[..., 1], black + more * inside[..., 0])
    return inside


@dataclass(frozen=True)
class Shown:
    """What a mouth's patch shows between the lips.

    Attributes:
        levels: 16 x 28 x 2 float32, brightness and redness (see `read_mouth_interior`) in units of the skin's
            brightness.
        white: 3 float32, RGB of 255: colour of a tooth in the light on the skin, as bright as the skin.
        places: where that was read.
    """

    levels: NDArray[np.float32]
    white: NDArray[np.float32]
    places: Places


def measure(patch: Frame, drawing: NDArray[np.uint8], redness: float) -> Shown | None:
    """Return what a mouth's patch shows between the lips, or None where too little is open, or it is too dark to tell.

    Args:
        patch: S x S x 3 uint8 RGB.
        drawing: S x S x 3 uint8, from `draw_region`.
        redness: of a tooth, from `appearance.teeth`.
    """
    colour, places = skin_around(patch, drawing), Places.behind(drawing[..., 0], INSIDE_PLACES)
    if colour is None or places is None:
        return None
    white, skin = tooth_colour(colour, redness), cold(colour)
    bright = cold(patch) / skin
    seen = places.read(np.dstack([bright, patch[..., 0] / white[0] - bright]).astype(np.float32))
    return Shown(seen, white, places)


@dataclass(frozen=True)
class MouthWindow:
    """Where the mouth's patch lies in a picture.

    Attributes:
        placed: from pixels of the patch to those of the picture.
        drawing: S x S x 3 uint8, from `draw_region`.
        free: S x S x 1 float32 in [0, 1], 0 where the picture shows a photo's own teeth, which stay.
    """

    placed: Affine
    drawing: NDArray[np.uint8]
    free: NDArray[np.float32]

    @classmethod
    def of(cls, points: Points, pose: HeadPose, size: int, own: Plane) -> MouthWindow:
        """Find a mouth.

        Args:
            points: 478 x 3, the face, pixels of the picture.
            pose: of the face.
            size: longer side of the picture, pixels.
            own: h x w float32 in [0, 1], where the picture shows a photo's own teeth.
        """
        placed = crop_from_patch(MOUTH, points, pose, size)
        drawing = draw_region(MOUTH, move(invert(placed), points))
        return cls(placed, drawing, 1 - cut_validity(own, placed, MOUTH.side, size)[..., None])

    def with_lent_teeth(self, image: Frame, inside: NDArray[np.float32], light: ToothLight) -> MouthWindow:
        """Return the window with teeth that another photo lends: seen in another moment, they stay where the driver
        shows teeth, too.

        Args:
            image: S x S x 3 uint8 RGB, with the lent teeth.
            inside: 16 x 28 x 2 float32 in [0, 1], from `read_mouth_interior`.
            light: on the face in the picture.
        """
        shown = measure(cut_patch(image, self.placed, MOUTH.side), self.drawing, light.redness)
        if shown is None:
            return self
        teeth = smoothstep((inside[..., 0] - inside[..., 1]) * BRIGHTEST, *TOOTH)
        lent = cv2.erode(
            smoothstep(shown.levels[..., 0] / light.white, *LENT_TOOTH), np.ones((WITHIN, WITHIN), np.uint8)
        )
        stays = shown.places.spread(np.asarray(teeth * lent, np.float32))[..., None]
        return replace(self, free=1 - (1 - self.free) * stays)


def match_inside(
    image: Frame, window: MouthWindow, inside: NDArray[np.float32], light: ToothLight, gain: float
) -> None:
    """Let a mouth show between its lips what a driver's shows, in place and at the picture's own resolution.

    Somebody's own teeth are not made dark because a driver's tongue lies before the driver's.

    Args:
        image: S x S x 3 uint8 RGB, changed.
        window: where its mouth is.
        inside: 16 x 28 x 2 float32 in [0, 1], from `read_mouth_interior`.
        light: on the face in the picture.
        gain: how much of the difference counts, in [0, 1].
    """
    patch = cut_patch(image, window.placed, MOUTH.side)
    shown = measure(patch, window.drawing, light.redness)
    if shown is not None:
        added = _added(patch, window.drawing, shown, inside * np.float32(BRIGHTEST * light.white))
        added *= window.free * np.float32(gain)
        add_patch(image, window.placed, added, cv2.boundingRect(window.drawing[..., 0]))


def matched(patch: Frame, drawing: NDArray[np.uint8], wanted: NDArray[np.float32], redness: float) -> Frame:
    """Return a mouth's patch (S x S x 3 uint8 RGB) that shows between the lips what is wanted.

    Args:
        patch: S x S x 3 uint8 RGB.
        drawing: S x S x 3 uint8, from `draw_region`.
        wanted: 16 x 28 x 2 float32, brightness and redness in units of the skin's brightness.
        redness: of a tooth, from `appearance.teeth`.
    """
    shown = measure(patch, drawing, redness)
    return patch if shown is None else np.clip(patch + _added(patch, drawing, shown, wanted), 0, 255).astype(np.uint8)


def _added(patch: Frame, drawing: NDArray[np.uint8], shown: Shown, wanted: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return what must be added to a mouth's patch so that it shows between the lips what is wanted.

    Returns:
        S x S x 3 float32, RGB of 255, in the colour of a tooth in that light: teeth are not grey by a candle. 0 outside
        the lips.
    """
    change = wanted - shown.levels
    doubt = HUE_DOUBT * np.maximum(wanted[..., 0], shown.levels[..., 0])
    change[..., 1] -= np.clip(change[..., 1], -doubt, doubt)
    soft = cv2.sepFilter2D(change, -1, SOFTENED, SOFTENED, borderType=cv2.BORDER_REPLICATE)
    spread = shown.places.spread(change + np.float32(GIVEN_BACK) * (change - soft))
    added = spread[..., :1] * shown.white
    added[..., 0] += spread[..., 1] * shown.white[0]
    return _no_bluer(patch, added, shown.white, drawing[..., 0])


def _no_bluer(
    patch: Frame, added: NDArray[np.float32], white: NDArray[np.float32], opening: NDArray[np.uint8]
) -> NDArray[np.float32]:
    """Return what is to be added to a patch so that nothing between the lips is much bluer or greener than a tooth."""
    made = patch + added
    soft = opening.astype(np.float32) / np.float32(255)
    low, high = BLUER
    most = low + (high - low) * np.clip(made[..., 1] / (white[1] * BRIGHT_AS), 0, 1)
    added[..., 2] -= np.maximum(made[..., 2] - made[..., 1] * (most * white[2] / white[1]), 0) * soft
    added[..., 0] += np.maximum(made[..., 1] * (white[0] / white[1]) - made[..., 0], 0) * soft
    return added
