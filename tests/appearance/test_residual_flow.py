"""Residual flow: hair, ears, neck and shoulders move as the driver's do."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from head_material import SIZE, Head

from animato.appearance.channels import CHANNELS
from animato.appearance.residual_flow import RING_POINTS, ResidualFlowReader
from animato.drivers.reference_frame import Measurements, ReferenceFrame
from animato.geometry.landmarks import OVAL
from animato.geometry.mesh import COLUMNS, RINGS, move_rings
from animato.types import Face


def face_of(head: Head) -> Face:
    return Face(head.points, np.zeros(52, np.float32), 1.0)


def around_moved(head: Head, right: float, down: float) -> np.ndarray:
    """Return the photo with everything but the face translated, blended softly."""
    oval = head.points[list(OVAL), :2]
    inside = np.zeros((SIZE, SIZE), np.float32)
    cv2.fillConvexPoly(inside, cv2.convexHull(np.rint(oval).astype(np.int32)), 1.0)
    inside = cv2.GaussianBlur(inside, (0, 0), 3.0)[..., None]
    shifted = cv2.warpAffine(
        head.crop, np.array([[1.0, 0, right], [0, 1, down]]), (SIZE, SIZE), borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(inside * head.crop + (1 - inside) * shifted + 0.5, np.uint8)


def test_there_is_a_displacement_for_every_ring_vertex() -> None:
    assert RING_POINTS == COLUMNS * RINGS


def test_independent_motion_of_hair_and_shoulders_is_measured(smiling: Head) -> None:
    face = face_of(smiling)
    reader = ResidualFlowReader(smiling.crop, face)
    drift = reader.measure(around_moved(smiling, 2.5, -1.5), face) * smiling.warper.pose.scale
    outer = drift[COLUMNS : 2 * COLUMNS]
    assert drift.shape == (RING_POINTS, 2)
    found = np.linalg.norm(outer, axis=1) > 1.0  # where there is a pattern to follow
    assert found.mean() > 0.4
    assert np.median(outer[found], axis=0) == pytest.approx([2.5, -1.5], abs=0.6)


def test_the_neutral_frame_has_no_residual(smiling: Head) -> None:
    face = face_of(smiling)
    assert np.abs(ResidualFlowReader(smiling.crop, face).measure(smiling.crop, face)).max() < 0.01


def test_a_translated_picture_has_a_residual_only_where_the_rings_lag(smiling: Head) -> None:
    """The inner ring follows the head fully, so its top has no residual."""
    moved = np.array([[1.0, 0, 4.0], [0, 1, 0.0]])
    frame = np.asarray(cv2.warpAffine(smiling.crop, moved, (SIZE, SIZE), borderMode=cv2.BORDER_REPLICATE), np.uint8)
    face = replace(face_of(smiling), points=smiling.points + np.float32([4, 0, 0]))
    drift = ResidualFlowReader(smiling.crop, face_of(smiling)).measure(frame, face) * smiling.warper.pose.scale
    upper = [OVAL.index(index) for index in (10, 338, 297, 109, 67)]
    assert np.abs(drift[upper]).max() < 0.5
    neck = OVAL.index(152)
    assert drift[neck, 0] > 0.5, "the neck ring follows the head in part only; here the neck moved fully"


def test_where_tracking_fails_the_residual_is_zero(smiling: Head) -> None:
    face = face_of(smiling)
    reader = ResidualFlowReader(smiling.crop, face)
    flat = np.full_like(smiling.crop, 90)
    noise = np.random.default_rng(0).integers(0, 255, smiling.crop.shape).astype(np.uint8)
    assert np.abs(reader.measure(flat, face)).max() < 0.3
    assert np.abs(reader.measure(noise, face)).mean() < 0.15


def test_rings_take_the_residual_and_stay_in_the_crop(calm: Head) -> None:
    warper, still = calm.warper, np.zeros((COLUMNS, 3))
    drift = np.zeros((RING_POINTS, 2))
    drift[:COLUMNS] = 3.0, -2.0
    drift[-1] = 1e4, 1e4
    plain = move_rings(warper.shell.shell, warper.pose, warper.pose, still)
    moved = move_rings(warper.shell.shell, warper.pose, warper.pose, still, drift)
    assert np.allclose(moved[:COLUMNS, :2] - plain[:COLUMNS, :2], (3.0, -2.0))
    assert np.allclose(moved[COLUMNS:-1], plain[COLUMNS:-1])
    assert moved[-1, 0] == SIZE - 2 and 1 <= moved[-1, 1] <= SIZE - 2


def test_a_reference_frame_measures_the_requested_quantities(smiling: Head) -> None:
    given = replace(face_of(smiling), points=smiling.points + np.float32([1, 0, 0]))
    for skin, surroundings in ((True, True), (True, False), (False, True), (False, False)):
        reference = ReferenceFrame(smiling.crop, face_of(smiling), Measurements(skin, CHANNELS if surroundings else ()))
        measured = reference.measure(smiling.crop, given).face
        assert (np.abs(measured.points - given.points).max() > 0.3) == skin
        assert ("residual_flow" in measured.channels) == surroundings
