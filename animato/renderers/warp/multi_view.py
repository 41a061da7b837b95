"""Combine several photos of a person: mouth interior, and sides of the head hidden in the animated photo."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.geometry.landmarks import MESH_POINTS
from animato.geometry.pose import points_from_local
from animato.geometry.raster import affine_per_triangle, flow_from_drawing
from animato.geometry.resample import Resampler
from animato.geometry.visibility import facing_cosine
from animato.head.closed_rings import with_perspective
from animato.head.foreground import OPAQUE
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

STEEP_AROUND = 0.6
"""The same of the animated photo, beyond the face, below which another one may supply a triangle."""

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
    # Hair is no surface on which two photos agree: beyond the face, others supply what the animated photo hides.
    face = np.arange(len(main.topology.triangles)) < main.topology.face_triangles
    best = _visible_facing(main)
    owner = np.full(len(best), -1)
    around = [_facing_around(main, other) for other in others] if main.layered is not None else []
    for _ in range(min(MAX_SIDE_VIEWS, len(others))):
        better = [(cosine > best + MIN_FACING_GAIN) & face for cosine in facing]
        gains = [float((cosine - best)[mask].sum()) for cosine, mask in zip(facing, better, strict=True)]
        number = int(np.argmax(gains))
        if better[number].sum() < MIN_TRIANGLE_SHARE * face.sum():
            break
        owner[better[number]] = number
        best = np.where(better[number], facing[number], best)
    used = set(owner[owner >= 0].tolist())
    if around:
        hidden = ~face & (best < STEEP_AROUND)
        used |= _sides_of_head(around, hidden, owner, MAX_SIDE_VIEWS - len(used))
    source_views = [_source_view(main, others[number], owner == number) for number in sorted(used)]
    mirror = () if main.mirror is None else (main.mirror.without(owner >= 0),)
    main.source_views = (*mirror, *source_views)


def _sides_of_head(
    around: Sequence[NDArray[np.float64]], hidden: NDArray[np.bool_], owner: NDArray[np.int64], more: int
) -> set[int]:
    """Assign hidden triangles beyond the face to the photos that show them best, and return the photos used.

    Args:
        around: for each other photo, T, cosine of the viewing angle where it shows the head, -1 elsewhere.
        hidden: T bool, triangles that the animated photo hides.
        owner: T, number of the photo that supplies each triangle, -1 for none; changed.
        more: how many photos may be used besides those that own some already.
    """
    used = set(owner[owner >= 0].tolist())
    best = np.full(len(hidden), MIN_FACING + MIN_FACING_GAIN)
    while True:
        gains = [
            float(np.maximum(cosine - best, 0)[hidden].sum()) if number in used or more > 0 else 0.0
            for number, cosine in enumerate(around)
        ]
        number = int(np.argmax(gains))
        if gains[number] < MIN_TRIANGLE_SHARE * hidden.sum():
            return used
        if number not in used:
            more -= 1
            used.add(number)
        better = hidden & (around[number] > best)
        owner[better] = number
        best[better] = around[number][better]
        around = [*around[:number], np.full(len(hidden), -1.0), *around[number + 1 :]]


def _facing_around(main: Warper, other: Warper) -> NDArray[np.float64]:
    """Return the cosine at which another photo sees each triangle of the head (T float64), -1 where it shows none."""
    vertices = _head_in(main, other)
    alpha = other.view.matte.alpha if other.view.matte is not None else np.ones((other.size, other.size), np.float32)
    columns, rows = np.rint(vertices).astype(int).T
    inside = (columns >= 0) & (rows >= 0) & (columns < other.size) & (rows < other.size)
    shown = np.zeros(len(vertices), bool)
    shown[inside] = alpha[rows[inside], columns[inside]] > OPAQUE
    cosine = facing_cosine(main.shell.local, other.pose.rotation, main.topology)
    return np.where(shown[main.topology.triangles].all(axis=1), cosine, -1.0)


def _head_in(main: Warper, other: Warper) -> NDArray[np.float64]:
    """Return where another photo shows the animated head's vertices, V x 2 pixels of that photo's square.

    The face is found there; what is around it is placed by the other photo's pose.
    """
    vertices = points_from_local(main.shell.local, other.pose).astype(np.float64)
    vertices = with_perspective(vertices, other.pose, -1.0)[:, :2]
    vertices[:MESH_POINTS] = other.source_vertices[:MESH_POINTS, :2]
    return np.asarray(vertices)


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
    in_other = other.source_vertices[:, :2] if main.layered is None else _head_in(main, other)
    vertices = (in_other + 0.5) * scale - 0.5
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
