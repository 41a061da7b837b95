"""Compute the report card of a head (`head.report`) from its photos."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from animato.geometry.apertures import EYE_OPEN, apertures
from animato.head.quality import photo_quality
from animato.head.report import NOT_ANALYSED, HeadReport
from animato.motion.photo_expression import own_expression
from animato.motion.supported_turn import supported_turn

if TYPE_CHECKING:
    from animato.head.photo import HeadPhoto

SIDE = 512
"""Side of the squares in which photos are judged, pixels."""

NEUTRAL_GAINS = np.array([0.08, -0.02, -0.21])
"""Logarithm of the white balance of skin (`head.white_balance`) in neutral light, median of about 110 portraits."""


def head_report(photos: Sequence[HeadPhoto]) -> HeadReport:
    """Compute the report card of a head.

    Args:
        photos: of the head, the animated one first.
    """
    first = photos[0]
    view = first.square(SIDE)
    doubt = NOT_ANALYSED if view.matte is None else view.matte.doubt
    closed = not (doubt or first.drawn or {"top", "left", "right"} & set(first.cut_edges))
    own = own_expression(view.local, view.pose, first.face.blendshapes)
    return HeadReport(
        photo=first.name,
        photos=len(photos),
        turn=supported_turn([photo.pose.degrees()[:2] for photo in photos], closed),
        quality=photo_quality(first.image, first.face),
        colour_cast=_colour_cast(view.white_balance),
        colourful=view.gamut.ordinary,
        eyes_open=bool(apertures(view.local)[:2].mean() > EYE_OPEN),
        mouth_open=own.mouth_open,
        smiles=own.smiles,
        looks_aside=own.looks_aside,
        drawn=first.drawn,
        outline_doubt=doubt,
        cut=first.cut_edges,
        teeth=any(
            mouth.surfaces.own_teeth for mouth in (view.mouth, *(photo.square(SIDE).mouth for photo in photos[1:]))
        ),
    )


def _colour_cast(white_balance: NDArray[np.float32]) -> float:
    """Return the largest difference of the logarithm of a gain from that of skin in neutral light."""
    return float(np.abs(np.log(white_balance.astype(np.float64)) - NEUTRAL_GAINS).max())
