"""The animated face takes the driver's light and shade, in skin and eyes, and none where nobody looked."""

from __future__ import annotations

import numpy as np

from animato.face.topology import MESH_POINTS
from animato.motion.frames import EYE_PLACES, SHADE_PLACES
from animato.motion.retarget import Target
from animato.render.shade_match import ShadeMatch
from animato.types import Face, Frame
from animato.warp.region import LEFT_EYE
from animato.warp.shade import MOST, EyeWindow, white_of
from animato.warp.warper import Warper


def test_eyes_are_brought_to_what_geometry_and_the_driver_say_whatever_was_painted(
    portrait: Frame, portrait_face: Face
) -> None:
    warper = Warper(np.array(portrait), portrait_face.points)
    match = ShadeMatch(warper)
    vertices = warper.target_vertices(warper.points, warper.pose)
    window = EyeWindow.of(LEFT_EYE, warper.points, warper.pose, warper.size)
    shade = np.zeros((SHADE_PLACES, 3), np.float32)
    shade[MESH_POINTS : MESH_POINTS + EYE_PLACES[0] * EYE_PLACES[1]] = -0.3
    target = Target(warper.points, warper.pose, shade=shade)
    warped = warper.render(warper.points, warper.pose, vertices)
    geometry = window.read(warped.image)
    wanted = match.wanted(warped, target)
    assert len(wanted) == 2 and geometry is not None
    warped.image[:] = np.clip(warped.image * 0.8 + 20, 0, 255).astype(np.uint8)
    painted = warped.image.copy()
    match.apply(warped, target, vertices, wanted)
    made, was = window.read(warped.image), window.read(painted)
    assert made is not None and was is not None
    aim = geometry - 0.3 * MOST * white_of(geometry)
    assert np.abs(made - aim).mean() < 0.3 * np.abs(was - aim).mean()
    changed = np.abs(warped.image.astype(int) - painted).max(axis=2) > 1
    assert 0 < changed.mean() < 0.01, "skin without shade stays as it is"


def test_where_nobody_looked_nothing_changes(portrait: Frame, portrait_face: Face) -> None:
    warper = Warper(np.array(portrait), portrait_face.points)
    match = ShadeMatch(warper)
    vertices = warper.target_vertices(warper.points, warper.pose)
    warped = warper.render(warper.points, warper.pose, vertices)
    before = warped.image.copy()
    target = Target(warper.points, warper.pose)
    match.apply(warped, target, vertices, match.wanted(warped, target))
    np.testing.assert_array_equal(warped.image, before)
