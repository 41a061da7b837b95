"""What one photo of a person lends another: the mouth's inside."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from animato.warp.mouth import in_other_light, shown_inside
from animato.warp.tint import LEAST, MOST, skin_colour
from animato.warp.warper import Warper

MORE_INSIDE = 1.5
"""A photo that shows this many times as much of the mouth's inside as the animated one lends it."""


def lend_mouth(warpers: Sequence[Warper]) -> Warper:
    """Let the animated photo show the mouth's inside of the photo that shows most of it: teeth, tongue.

    Args:
        warpers: of one person's photos, the animated one first; that one is changed.

    Returns:
        The warper of the photo whose inside is shown now.
    """
    main, shown = warpers[0], [shown_inside(warper.mouth) for warper in warpers]
    best = int(np.argmax(shown))
    main.borrowed_mouth = None
    if shown[best] > MORE_INSIDE * shown[0]:
        lender = warpers[best]
        gain = skin_colour(main.crop, main.points) / skin_colour(lender.crop, lender.points)
        main.borrowed_mouth = in_other_light(lender.mouth, np.clip(gain, LEAST, MOST))
        return lender
    return main
