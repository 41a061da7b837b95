"""Combine several photos of a person: mouth interior, and sides of the head hidden in the animated photo."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.geometry.landmarks import MESH_POINTS
from animato.geometry.raster import affine_per_triangle, flow_from_drawing
from animato.geometry.resample import Resampler
from animato.head.mouth import relit, visible_area
from animato.head.white_balance import light_gain, skin_colour
from animato.renderers.warp.source_views import SourceView
from animato.renderers.warp.warper import Warper

MORE_INSIDE = 1.5
"""The mouth's inside comes from another photo that shows this many times as much of it as the animated one."""

MOST_SIDES = 2
"""Most source views for the sides of the head: one from the left and one from the right."""

MORE_SQUARELY = 0.06
"""A triangle comes from another photo that shows it this much more squarely (difference of cosines)."""

SQUARE_ENOUGH = 0.15
"""Cosine below which no other photo is used for a triangle: it is seen edge-on."""

LEAST_SHARE = 0.02
"""Share of the face's triangles below which another photo is not used."""

COLOUR_SIDE, COLOUR_FEWEST = 64, 40
"""Side at which the colours of two photos are compared, and places that both must show."""


def share_mouth(warpers: Sequence[Warper]) -> Warper:
    """Let the animated photo show the mouth's inside of the photo that shows most of it: teeth, tongue.

    Args:
        warpers: of one person's photos, the animated one first; that one is changed.

    Returns:
        The warper of the photo whose inside is shown now.
    """
    main, shown = warpers[0], [visible_area(warper.mouth) for warper in warpers]
    best = int(np.argmax(shown))
    main.borrowed_mouth = None
    if shown[best] > MORE_INSIDE * shown[0]:
        other = warpers[best]
        main.borrowed_mouth = relit(other.mouth, light_gain(_skin(main), _skin(other)))
        return other
    return main


def share_sides(warpers: Sequence[Warper]) -> None:
    """Let the animated photo show those sides of the head that other photos show more squarely.

    Args:
        warpers: of one person's photos, the animated one first; that one is changed.
    """
    main, others = warpers[0], list(warpers[1:])
    shown = [_shown(other) for other in others]
    # The rings around the face are no surface that two photos could agree on: hair comes from the animated one.
    face = np.arange(len(main.topology.triangles)) < main.topology.face_triangles
    best = _shown(main)
    owner = np.full(len(best), -1)
    for _ in range(min(MOST_SIDES, len(others))):
        more = [(squarely > best + MORE_SQUARELY) & face for squarely in shown]
        worth = [float((squarely - best)[mask].sum()) for squarely, mask in zip(shown, more, strict=True)]
        number = int(np.argmax(worth))
        if more[number].sum() < LEAST_SHARE * face.sum():
            break
        owner[more[number]] = number
        best = np.where(more[number], shown[number], best)
    source_views = [
        _source_view(main, others[number], owner == number) for number in range(len(others)) if (owner == number).any()
    ]
    mirror = () if main.mirror is None else (main.mirror.without(owner >= 0),)
    main.source_views = (*mirror, *source_views)


def _shown(warper: Warper) -> NDArray[np.float64]:
    """Return how squarely a photo shows each triangle (T), -1 where it does not."""
    seen = np.concatenate([warper.visible, np.ones(len(warper.source_vertices) - MESH_POINTS, bool)])
    here = seen[warper.topology.triangles].all(axis=1) & (warper.facing_cosine > SQUARE_ENOUGH)
    return np.where(here, warper.facing_cosine, -1.0)


def _source_view(main: Warper, other: Warper, taken: NDArray[np.bool_]) -> SourceView:
    """Return another photo as source view of some triangles (T bool), in the size and light of the animated one."""
    scale = main.size / other.size
    resampler = other.resampler
    if scale != 1.0:
        method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        resampler = Resampler(
            np.asarray(cv2.resize(other.crop, (main.size, main.size), interpolation=method), np.uint8)
        )
    vertices = (other.source_vertices[:, :2] + 0.5) * scale - 0.5
    better = np.append(taken, False).astype(np.float32)
    return SourceView(resampler, vertices, better, _gain(main, other, resampler, vertices), other.confidence)


def _gain(main: Warper, other: Warper, resampler: Resampler, vertices: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return another photo's colour gain (3 float32): brought to the animated one's pose, on skin that both show."""
    _, validity, drawn = main.flow(main.points, main.pose)
    affine = affine_per_triangle(main.source_vertices, vertices, main.topology.triangles)
    moved = resampler.copy(flow_from_drawing(drawn, affine, main.size / drawn.shape[0]))
    on_face = (drawn >= 0) & (drawn < main.topology.face_triangles)
    both = (validity * np.take(other.confidence, drawn, mode="wrap") * on_face).astype(np.float32)
    small = (COLOUR_SIDE, COLOUR_SIDE)
    shared = cv2.resize(both, small, interpolation=cv2.INTER_AREA) > 0.9
    if shared.sum() < COLOUR_FEWEST:
        return light_gain(_skin(main), _skin(other)).astype(np.float32)
    a, b = (cv2.resize(picture, small, interpolation=cv2.INTER_AREA)[shared] + 1.0 for picture in (main.crop, moved))
    return light_gain(a, b).astype(np.float32)


def _skin(warper: Warper) -> NDArray[np.float64]:
    return skin_colour(warper.crop, warper.points, warper.pose)
