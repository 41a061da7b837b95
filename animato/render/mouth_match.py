"""Bringing the animated mouth to what the driver's shows between the lips."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from animato.face.topology import LIPS_INNER
from animato.motion.openness import apertures, openness
from animato.motion.retarget import Target
from animato.types import Face, Frame, Points
from animato.warp.aperture import departure
from animato.warp.inside import BRIGHTEST, look_inside, match_inside, white_over_skin
from animato.warp.warper import Warped, Warper

RING = list(LIPS_INNER)

TEETH_FROM, TEETH_TO = 0.72, 0.9
"""Brightness, in whites of the eye, of the brightest fourth of a mouth's inside: from the second on a photo shows teeth
as clearly as portraits do (smiles have 0.89 to 1.16, blurred frames of videos 0.55 to 0.72), and they are kept."""


class MouthMatch:
    """Knows one person's white, how the animated photo has the mouth, and whether a photo shows the teeth.

    Args:
        warpers: of all photos, the animated one first.
    """

    def __init__(self, warpers: Sequence[Warper]) -> None:
        main = warpers[0]
        self._brightest = np.float32(BRIGHTEST * white_over_skin(main.crop, main.points))
        self._local = main.local[RING]
        # It is the one that lends its inside (`warp.lending`).
        widest = max(warpers, key=lambda warper: float(apertures(warper.local)[2]))
        self._kept = np.float32(shows_teeth(widest.crop, widest.points))

    def apply(self, warped: Warped, target: Target, local: NDArray[np.float64]) -> None:
        """Let the mouth show what the driver's does, in place, as far as it is not as the photo has it.

        Args:
            warped: the animated photo; its picture is changed.
            target: the face in it.
            local: 478 x 3, the same in the head's own frame.
        """
        if target.inside is not None:
            gain = departure(self._local, local[RING])
            own = self._kept * warped.validity
            match_inside(warped.image, own, target.points, target.pose, target.inside * self._brightest, gain)


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
