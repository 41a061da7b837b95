"""Bringing the animated mouth to what the driver's shows between the lips."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from animato.face.topology import LIPS_INNER
from animato.motion.openness import openness
from animato.motion.retarget import Target
from animato.types import Face, Frame, Points
from animato.warp.aperture import departure
from animato.warp.inside import BRIGHTEST, MouthWindow, look_inside, match_inside, white_over_skin
from animato.warp.warper import Warped, Warper

RING = list(LIPS_INNER)

TEETH_FROM, TEETH_TO = 0.72, 0.9
"""Brightness, in whites of the eye, of the brightest fourth of a mouth's inside: from the second on a photo shows teeth
as clearly as portraits do (smiles have 0.89 to 1.16, blurred frames of videos 0.55 to 0.72), and they are kept."""

RED = 0.16
"""By how much a tongue's red exceeds its brightness, in units of the brightest."""


@dataclass(frozen=True)
class WantedMouth:
    """How the mouth of one frame should look.

    Attributes:
        window: where it is.
        levels: ROWS x COLUMNS float32, brightness in units of the skin's.
        gain: how much of the difference counts, in (0, 1].
        red: by how much a tongue's red exceeds its brightness, in units of the skin's.
    """

    window: MouthWindow
    levels: NDArray[np.float32]
    gain: float
    red: float


class MouthMatch:
    """Knows one person's white, how the animated photo has the mouth, and whether a photo shows the teeth.

    Args:
        main: the animated photo.
        lender: the photo whose mouth's inside is shown (`warp.lending`), that one or another.
    """

    def __init__(self, main: Warper, lender: Warper) -> None:
        self._brightest = np.float32(BRIGHTEST * white_over_skin(main.crop, main.points))
        self._local = main.local[RING]
        self._kept = np.float32(shows_teeth(lender.crop, lender.points))
        self._lent = lender is not main

    def wanted(self, warped: Warped, target: Target, local: NDArray[np.float64]) -> WantedMouth | None:
        """Return how the mouth should look, or None where nobody knows or the photo has it so.

        Args:
            warped: the animated photo.
            target: the face in it.
            local: 478 x 3, the same in the head's own frame.
        """
        gain = 0.0 if target.inside is None else departure(self._local, local[RING])
        if target.inside is None or gain <= 0:
            return None
        own = self._kept * warped.validity
        window = MouthWindow.of(target.points, target.pose, warped.image.shape[0], own)
        if self._lent:
            # In a smile the animated photo's own teeth stay; lent ones were seen in another moment.
            window = window.with_gaps(target.inside)
        return WantedMouth(window, target.inside * self._brightest, gain, float(RED * self._brightest))


def show(image: Frame, mouth: WantedMouth | None) -> None:
    """Let the mouth show what is wanted, in place.

    Args:
        image: S x S x 3 uint8 RGB, changed.
        mouth: from `MouthMatch.wanted`.
    """
    if mouth is not None:
        match_inside(image, mouth.window, mouth.levels, mouth.gain, mouth.red)


def shows_teeth(photo: Frame, points: Points) -> float:
    """Return how clearly a photo shows teeth, in [0, 1].

    Args:
        photo: S x S x 3 uint8 RGB.
        points: 478 x 3, its landmarks, pixels.
    """
    face = Face(points, np.zeros(52, np.float32), 1.0)
    shown = look_inside(photo, face, white_over_skin(photo, points))
    if shown is None:
        return 0.0
    return openness(float(np.percentile(shown, 75)) * BRIGHTEST, TEETH_FROM, TEETH_TO)
