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

MIN_MOUTH_RATIO = 1.5
"""The mouth interior is taken from another photo if its visible area is larger by this factor."""

MAX_SIDE_VIEWS = 2
"""Maximum number of source views for the sides of the head: one from the left and one from the right."""

MIN_FACING_GAIN = 0.06
"""Minimum gain in the cosine of the viewing angle for which a triangle is taken from another photo."""

MIN_FACING = 0.15
"""Cosine of the viewing angle below which a photo does not supply a triangle."""

MIN_TRIANGLE_SHARE = 0.02
"""Minimum share of the face's triangles for which another photo is used."""

COLOUR_SIDE, MIN_COLOUR_PIXELS = 64, 40
"""Side at which the colours of two photos are compared, and minimum number of shared pixels."""


def select_mouth_source(warpers: Sequence[Warper]) -> Warper:
    """Use the mouth interior of the photo that shows most of it, and return that photo's warper.

    Args:
        warpers: of one person's photos, the animated one first; that one is changed.
    """
    main, visible = warpers[0], [visible_area(warper.mouth) for warper in warpers]
    best = int(np.argmax(visible))
    main.mouth_override = None
    if visible[best] > MIN_MOUTH_RATIO * visible[0]:
        other = warpers[best]
        main.mouth_override = relit(other.mouth, light_gain(_skin(main), _skin(other)))
        return other
    return main


def select_side_sources(warpers: Sequence[Warper]) -> None:
    """Use other photos for the sides of the face that they show at a better angle.

    Args:
        warpers: of one person's photos, the animated one first; that one is changed.
    """
    main, others = warpers[0], list(warpers[1:])
    facing = [_visible_facing(other) for other in others]
    # Hair is no surface on which two photos agree, so the rings come from the animated photo.
    face = np.arange(len(main.topology.triangles)) < main.topology.face_triangles
    best = _visible_facing(main)
    owner = np.full(len(best), -1)
    for _ in range(min(MAX_SIDE_VIEWS, len(others))):
        better = [(cosine > best + MIN_FACING_GAIN) & face for cosine in facing]
        gains = [float((cosine - best)[mask].sum()) for cosine, mask in zip(facing, better, strict=True)]
        number = int(np.argmax(gains))
        if better[number].sum() < MIN_TRIANGLE_SHARE * face.sum():
            break
        owner[better[number]] = number
        best = np.where(better[number], facing[number], best)
    source_views = [
        _source_view(main, others[number], owner == number) for number in range(len(others)) if (owner == number).any()
    ]
    mirror = () if main.mirror is None else (main.mirror.without(owner >= 0),)
    main.source_views = (*mirror, *source_views)


def _visible_facing(warper: Warper) -> NDArray[np.float64]:
    """Return the cosine of the viewing angle of each triangle (T), -1 where it is hidden or edge-on."""
    vertices = np.concatenate([warper.visible, np.ones(len(warper.source_vertices) - MESH_POINTS, bool)])
    visible = vertices[warper.topology.triangles].all(axis=1) & (warper.facing_cosine > MIN_FACING)
    return np.where(visible, warper.facing_cosine, -1.0)


def _source_view(main: Warper, other: Warper, triangles: NDArray[np.bool_]) -> SourceView:
    """Return another photo as source view of some triangles (T bool), matched in size and colour."""
    scale = main.size / other.size
    resampler = other.resampler
    if scale != 1.0:
        method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        resampler = Resampler(
            np.asarray(cv2.resize(other.crop, (main.size, main.size), interpolation=method), np.uint8)
        )
    vertices = (other.source_vertices[:, :2] + 0.5) * scale - 0.5
    weight = np.append(triangles, False).astype(np.float32)
    return SourceView(resampler, vertices, weight, _gain(main, other, resampler, vertices), other.confidence)


def _gain(main: Warper, other: Warper, resampler: Resampler, vertices: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return another photo's colour gain (3 float32), from skin that both show, at the animated photo's pose."""
    _, validity, triangle_map = main.flow(main.points, main.pose)
    affine = affine_per_triangle(main.source_vertices, vertices, main.topology.triangles)
    warped = resampler.copy(flow_from_drawing(triangle_map, affine, main.size / triangle_map.shape[0]))
    on_face = (triangle_map >= 0) & (triangle_map < main.topology.face_triangles)
    both = (validity * np.take(other.confidence, triangle_map, mode="wrap") * on_face).astype(np.float32)
    small = (COLOUR_SIDE, COLOUR_SIDE)
    shared = cv2.resize(both, small, interpolation=cv2.INTER_AREA) > 0.9
    if shared.sum() < MIN_COLOUR_PIXELS:
        return light_gain(_skin(main), _skin(other)).astype(np.float32)
    a, b = (cv2.resize(picture, small, interpolation=cv2.INTER_AREA)[shared] + 1.0 for picture in (main.crop, warped))
    return light_gain(a, b).astype(np.float32)


def _skin(warper: Warper) -> NDArray[np.float64]:
    return skin_colour(warper.crop, warper.points, warper.pose)
