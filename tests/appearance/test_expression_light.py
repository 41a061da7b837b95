"""Expression light is measured on a driver and applied to another face, without other traits of the driver."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from head_material import Head

from animato.appearance.expression_light import LIGHT_VERTICES, MAX_LOG_RATIO, ExpressionLightReader
from animato.appearance.mouth_grid import ApertureGrid
from animato.appearance.skin_shading import _planes, apply_expression_light
from animato.geometry.landmarks import EYE_LEFT, EYE_RIGHT, LIPS_INNER, MESH_POINTS, OVAL
from animato.geometry.visibility import facing_ratio
from animato.head.view import HeadView
from animato.renderers.warp.warper import Warper
from animato.types import Face, Frame

CHEEK = 50
"""A vertex in the middle of a cheek."""

GRID = (5, 10)
"""Rows and columns of a grid."""


def face_of(head: Head) -> Face:
    return Face(head.points, np.zeros(52, np.float32), 1.0)


def spot(head: Head, vertex: int, gain: tuple[float, float, float], sigma: float) -> Frame:
    """Return the head's picture multiplied by a gain that fades with the distance from a vertex."""
    height, width = head.crop.shape[:2]
    x, y = head.points[vertex, :2]
    away = np.hypot(np.arange(width) - x, (np.arange(height) - y)[:, None])
    share = np.exp(-0.5 * (away / sigma) ** 2)[..., None]
    return np.clip(head.crop * (1 + share * (np.array(gain) - 1)) + 0.5, 0, 255).astype(np.uint8)


def logs(head: Head, now: Frame) -> np.ndarray:
    shade = ExpressionLightReader(head.crop, face_of(head)).read(now, face_of(head))
    assert shade.shape == (LIGHT_VERTICES, 3) and np.abs(shade).max() <= 1
    return shade * MAX_LOG_RATIO


@pytest.mark.parametrize("light", [1.0, 0.6])
def test_the_same_face_has_no_expression_light_under_any_light(calm: Head, light: float) -> None:
    found = logs(calm, np.clip(calm.crop * light, 0, 255).astype(np.uint8))
    assert np.abs(found[:MESH_POINTS]).mean() < 0.02
    if light == 1.0:
        assert np.abs(found).max() < 0.01


def test_a_darkened_fold_is_localised(calm: Head) -> None:
    found = logs(calm, spot(calm, CHEEK, (0.85, 0.85, 0.85), 12.0))[:MESH_POINTS].mean(axis=1)
    assert -0.17 < found[CHEEK] < -0.08
    away = np.linalg.norm(calm.points[:MESH_POINTS, :2] - calm.points[CHEEK, :2], axis=1)
    assert np.abs(found[away > 60]).max() < 0.03


def test_large_and_coloured_changes_are_down_weighted(calm: Head) -> None:
    dark = logs(calm, spot(calm, CHEEK, (0.3, 0.3, 0.3), 12.0))[CHEEK]
    assert np.abs(dark).max() < 0.05, "a strand of hair over a cheek"
    red = logs(calm, spot(calm, CHEEK, (1.1, 0.8, 0.8), 12.0))[CHEEK]
    assert np.ptp(red) < 0.05, "shading hardly changes colour"


def test_it_is_zero_at_the_outline_and_the_lips(calm: Head) -> None:
    found = logs(calm, spot(calm, LIPS_INNER[5], (0.8, 0.8, 0.8), 40.0))
    assert (found[[*OVAL, *LIPS_INNER]] == 0).all()


def test_skin_that_turned_away_has_no_weight(calm: Head) -> None:
    turned = calm.points.copy()
    middle = turned[:, :2].mean(axis=0)
    angle = np.radians(75)
    x, z = turned[:, 0] - middle[0], turned[:, 2].copy()
    turned[:, 0] = middle[0] + np.cos(angle) * x + np.sin(angle) * z
    turned[:, 2] = -np.sin(angle) * x + np.cos(angle) * z
    reader = ExpressionLightReader(calm.crop, face_of(calm))
    noise = np.random.default_rng(0).integers(0, 255, calm.crop.shape, np.uint8)
    frontal = np.abs(reader.read(noise, face_of(calm))[:MESH_POINTS]).max(axis=1) > 0
    left = np.abs(reader.read(noise, Face(turned, np.zeros(52, np.float32), 1.0))[:MESH_POINTS]).max(axis=1) > 0
    assert left.sum() < 0.6 * frontal.sum()
    steep = facing_ratio(turned) < 0.12
    assert steep.sum() > 50 and not left[:MESH_POINTS][steep].any()


def test_skin_outside_the_frame_has_no_weight(calm: Head) -> None:
    cut_off = int(calm.points[CHEEK, 0]) + 5
    lit = spot(calm, CHEEK, (1.2, 1.2, 1.2), 30.0)[:, cut_off:]
    moved = calm.points - np.array([cut_off, 0, 0], np.float32)
    reader = ExpressionLightReader(calm.crop, face_of(calm))
    found = reader.read(np.ascontiguousarray(lit), Face(moved, np.zeros(52, np.float32), 1.0))
    outside = moved[:MESH_POINTS, 0] < 0
    assert outside[CHEEK] and (found[:MESH_POINTS][outside] == 0).all()


def test_eyes_have_no_expression_light(calm: Head) -> None:
    lids = np.zeros(calm.crop.shape[:2], np.uint8)
    cv2.fillPoly(lids, [np.rint(calm.points[list(EYE_LEFT), :2]).astype(np.int32)], 1)
    glare = np.where(lids[..., None] > 0, 255, calm.crop).astype(np.uint8)
    assert (logs(calm, glare)[list(EYE_LEFT)] == 0).all()


def with_spectacles(head: Head, slip: float, glare: float) -> Frame:
    """Return the head's picture with dark rims, lower by `slip`, and a bright band across the lenses at `glare`."""
    height, width = head.crop.shape[:2]
    unit = float(np.linalg.norm(head.points[33, :2] - head.points[263, :2]))
    x, y = np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)[:, None]
    picture = head.crop.astype(np.float32)
    for ring in (EYE_LEFT, EYE_RIGHT):
        centre = head.points[list(ring), :2].mean(axis=0) + np.array([0, (0.03 + slip) * unit])
        u, v = (x - centre[0]) / (0.24 * unit), (y - centre[1]) / (0.19 * unit)
        distance = np.hypot(u, v)
        band = 0.7 * np.exp(-0.5 * ((u + 0.5 * v - glare) / 0.35) ** 2) * (distance < 1)
        picture += (255 - picture) * band[..., None]
        picture *= 1 - 0.85 * np.exp(-0.5 * ((distance - 1) / 0.08) ** 2)[..., None]
    return np.asarray(np.clip(picture + 0.5, 0, 255), np.uint8)


def test_spectacles_that_slip_and_glare_are_not_read_as_light(calm: Head) -> None:
    reader = ExpressionLightReader(with_spectacles(calm, 0.0, -0.6), face_of(calm))
    for slip, glare in ((0.0, 0.6), (0.02, 0.0), (0.01, -0.2)):
        found = reader.read(with_spectacles(calm, slip, glare), face_of(calm)) * MAX_LOG_RATIO
        assert np.abs(found.mean(axis=1)).max() < 0.03


def test_the_border_of_a_large_change_has_no_weight(calm: Head) -> None:
    strand = logs(calm, spot(calm, CHEEK, (0.2, 0.2, 0.2), 12.0)).mean(axis=1)
    assert np.abs(strand).max() < 0.06


def test_a_closed_eye_has_no_grid() -> None:
    shut = np.zeros((64, 64), np.uint8)
    assert ApertureGrid.from_mask(shut, GRID) is None


def test_interpolated_cells_are_sampled_back() -> None:
    lids = np.zeros((64, 64), np.uint8)
    cv2.ellipse(lids, (31, 30), (22, 12), 0, 0, 360, 255, -1)
    grid = ApertureGrid.from_mask(lids, GRID)
    assert grid is not None
    values = np.linspace(20, 80, GRID[1], dtype=np.float32)[None, :, None] * np.ones((GRID[0], 1, 3))
    picture = grid.interpolate(values.astype(np.float32))
    assert (picture[lids == 0] == 0).all()
    assert np.abs(grid.sample(picture) - values)[:, 1:-1].max() < 6


def test_light_is_interpolated_between_vertices_and_ends_with_the_face(calm: Head) -> None:
    warper = Warper(HeadView(calm.crop, calm.points))
    vertices = warper.target_vertices(calm.points, warper.pose)
    triangle_map = warper.render(calm.points, warper.pose, vertices).triangle_map
    size = calm.crop.shape[0]
    slope = np.array([0.2, -0.1, 0.05]) / size
    shade = (vertices[:MESH_POINTS, :1] * slope + vertices[:MESH_POINTS, 1:2] * 0.1 / size - 0.1).astype(np.float32)
    made = np.full((size, size, 3), 120, np.uint8)
    apply_expression_light(made, triangle_map, vertices, shade)
    y, x = np.mgrid[:size, :size]
    wanted = 120 * np.exp(x[..., None] * slope + y[..., None] * 0.1 / size - 0.1)
    face = np.zeros((size, size), np.uint8)
    cv2.fillPoly(face, [np.rint(calm.points[list(OVAL), :2]).astype(np.int32)], 1)
    inner = cv2.erode(face, np.ones((9, 9), np.uint8)) > 0
    assert np.abs(made - wanted)[inner].max() <= 1.0
    outer = cv2.dilate(face, np.ones((9, 9), np.uint8)) == 0
    assert (made[outer] == 120).all()


def test_a_triangle_thinner_than_a_pixel_leaves_no_coloured_dot() -> None:
    # Where lips close, nearly coincident corners may differ: extrapolated values must stay between theirs.
    vertices = np.array([[20.0, 30.0], [44.0, 30.0], [32.0, 30.02]])
    values = np.array([[0.1, 0.1, 0.1], [0.0, 0.02, 0.0], [-0.1, -0.12, -0.1]], np.float32)
    plane = _planes(vertices, values, np.array([[0, 1, 2]], np.int32), 2.0)[0]
    for x, y in ((32.0, 33.0), (22.0, 27.0), (44.0, 31.0)):
        found = plane[0] * x + plane[1] * y + plane[2]
        assert (np.abs(found - values.mean(axis=0)) < 0.1).all()
    wide = np.array([[20.0, 20.0], [44.0, 20.0], [20.0, 44.0]])
    plane = _planes(wide, values, np.array([[0, 1, 2]], np.int32), 2.0)[0]
    np.testing.assert_allclose(wide @ plane[:2] + plane[2], values, atol=1e-6)
