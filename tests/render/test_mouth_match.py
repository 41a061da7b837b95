"""Teeth that a photo shows are kept; a mouth whose inside nobody knows is brought to the driver's."""

from __future__ import annotations

import numpy as np

from animato.motion.pose import fit_pose, local_from_points
from animato.motion.retarget import Target
from animato.render.mouth_match import MouthMatch, show, shows_teeth
from animato.types import Face, Frame
from animato.warp.inside import COLUMNS, ROWS
from animato.warp.warper import Warper


def test_a_smile_shows_teeth_and_a_dark_picture_does_not(portrait: Frame, portrait_face: Face) -> None:
    assert shows_teeth(portrait, portrait_face.points) > 0.9
    assert shows_teeth(np.zeros_like(portrait), portrait_face.points) == 0.0


def test_a_mouth_opened_wider_keeps_its_teeth_and_takes_the_rest_from_the_driver(
    portrait: Frame, portrait_face: Face
) -> None:
    warper = Warper(np.array(portrait), portrait_face.points)
    wide = portrait_face.points.copy()
    lower = wide[:, 1] > wide[14, 1] - 1
    wide[lower, 1] += 14.0
    pose = fit_pose(wide)
    dark = np.zeros((ROWS, COLUMNS), np.float32)
    made = {}
    for name, inside in (("asked", dark), ("nobody looked", None)):
        warped = warper.render(wide, pose, warper.target_vertices(wide, pose))
        before = warped.image.copy()
        target = Target(wide, pose, None, inside)
        show(warped.image, MouthMatch(warper, warper).wanted(warped, target, local_from_points(wide, pose)))
        made[name] = (before, warped.image.copy(), warped.validity)
    before, after, _ = made["nobody looked"]
    np.testing.assert_array_equal(before, after)
    before, after, validity = made["asked"]
    changed = np.abs(after.astype(int) - before).max(axis=2)
    assert changed.max() > 20
    kept = np.kron(validity, np.ones((before.shape[0] // validity.shape[0],) * 2)) > 0.99
    assert changed[kept].mean() < 0.05 * changed[~kept].mean()
