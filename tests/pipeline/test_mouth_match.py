"""Teeth of the photo are kept; elsewhere the mouth interior is matched to the driver's."""

from __future__ import annotations

import cv2
import numpy as np

from animato.appearance.mouth_grid import MOUTH_INTERIOR_SHAPE
from animato.appearance.mouth_levels import MAX_BRIGHTNESS
from animato.geometry.affine import move_points
from animato.geometry.crop import crop_from_frame, cut, fit_square, head_square
from animato.geometry.pose import HeadPose, fit_pose, local_from_points
from animato.head.view import HeadView
from animato.motion.retarget import Target
from animato.renderers.portrait.mouth_interior import LIP_RING, MouthMatcher, match_mouth, teeth_visibility
from animato.renderers.warp.warper import Warper
from animato.types import Face, Frame, Points


def shown_in(points: Points, pose: HeadPose, inside: np.ndarray | None) -> Target:
    """A target with a mouth interior, or without one."""
    return Target(points, pose, {} if inside is None else {"mouth_interior": inside})


def test_a_smile_shows_teeth_and_a_dark_picture_does_not(portrait: Frame, portrait_face: Face) -> None:
    assert teeth_visibility(portrait, portrait_face.points) > 0.9
    assert teeth_visibility(np.zeros_like(portrait), portrait_face.points) == 0.0


def test_a_mouth_opened_wider_keeps_its_teeth_and_matches_the_rest(portrait: Frame, portrait_face: Face) -> None:
    warper = Warper(HeadView(np.array(portrait), portrait_face.points))
    wide = portrait_face.points.copy()
    lower = wide[:, 1] > wide[14, 1] - 1
    wide[lower, 1] += 14.0
    pose = fit_pose(wide)
    dark = np.zeros(MOUTH_INTERIOR_SHAPE, np.float32)
    made = {}
    for name, inside in (("present", dark), ("absent", None)):
        warped = warper.render(wide, pose, warper.target_vertices(wide, pose))
        before = warped.image.copy()
        target = shown_in(wide, pose, inside)
        match_mouth(warped.image, MouthMatcher([warper], warper).target(warped, target, local_from_points(wide, pose)))
        made[name] = (before, warped.image.copy(), warped.validity)
    before, after, _ = made["absent"]
    np.testing.assert_array_equal(before, after)
    before, after, validity = made["present"]
    changed = np.abs(after.astype(int) - before).max(axis=2)
    assert changed.max() > 20
    kept = np.kron(validity, np.ones((before.shape[0] // validity.shape[0],) * 2)) > 0.99
    assert changed[kept].mean() < 0.05 * changed[~kept].mean()


def test_source_teeth_are_hidden_by_a_gap_and_never_turn_grey(portrait: Frame, portrait_face: Face) -> None:
    crop_from_photo = crop_from_frame(fit_square(head_square(portrait_face.points), 512, 512), 512)
    points = move_points(crop_from_photo, portrait_face.points)
    main, other = (Warper(HeadView(cut(portrait, crop_from_photo, 512), points)) for _ in range(2))
    wide = points.copy()
    wide[wide[:, 1] > wide[14, 1] - 1, 1] += 25.0
    pose = fit_pose(wide)
    local = local_from_points(wide, pose)
    changed = {}
    for name, whites in (("gap", 0.1), ("dim teeth", 0.55)):
        for whose in (main, other):
            warped = main.render(wide, pose, main.target_vertices(wide, pose))
            before = warped.image.copy()
            inside = np.full(MOUTH_INTERIOR_SHAPE, (whites / MAX_BRIGHTNESS, 0.0), np.float32)
            match_mouth(
                warped.image, MouthMatcher([main, other], whose).target(warped, shown_in(wide, pose, inside), local)
            )
            valid = cv2.resize(warped.validity, before.shape[1::-1]) > 0.9
            lips = cv2.fillPoly(np.zeros(before.shape[:2], np.uint8), [np.rint(wide[LIP_RING, :2]).astype(np.int32)], 1)
            teeth = valid & (lips > 0) & (before.min(axis=2) > 100)
            assert teeth.sum() > 50
            changed[name, whose is other] = np.abs(warped.image.astype(int) - before).max(axis=2)[teeth].mean()
    assert changed["gap", True] > 30, "source teeth are hidden by a gap"
    assert changed["gap", False] < 0.2 * changed["gap", True], "a smile's own teeth stay"
    assert changed["dim teeth", True] < 0.2 * changed["gap", True], "a dim picture does not make them grey"
