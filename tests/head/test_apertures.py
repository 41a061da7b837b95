"""Openings: their outlines, masks and planes; eyes and mouth behind them."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from head_material import SIZE, Head, head, opened

from animato.geometry.aperture_mask import (
    Window,
    activation,
    blend,
    clear,
    plane_map,
    smooth_outline,
    soft_mask,
    window_around,
)
from animato.geometry.landmarks import EYE_LEFT, EYE_RIGHT, IRIS_LEFT, IRIS_RIGHT, LIPS_INNER
from animato.geometry.pose import HeadPose, fit_pose
from animato.head.eyeballs import build_eyeballs, render_eye
from animato.head.mouth import build_mouth, render_mouth
from animato.motion.aperture_profile import scale_apertures


def oval(width: float, height: float, middle: tuple[float, float] = (40.0, 30.0), count: int = 16) -> np.ndarray:
    """A pointed ring with its corners at 0 and count / 2, clockwise from the left."""
    angle = np.pi + np.arange(count) * 2 * np.pi / count
    return np.stack([middle[0] + width / 2 * np.cos(angle), middle[1] + height / 2 * np.sin(angle)], axis=1)


def test_an_outline_passes_through_its_points_and_is_finer() -> None:
    ring = oval(40, 16)
    outline = smooth_outline(ring, (0, 8), steps=5)
    assert len(outline) == 80
    assert np.allclose(outline[::5], ring)
    longest = np.linalg.norm(np.diff(outline, axis=0), axis=1).max()
    assert longest < np.linalg.norm(np.diff(ring, axis=0), axis=1).max() / 2


def test_a_mask_covers_what_a_slow_count_covers() -> None:
    outline = smooth_outline(oval(41.3, 17.7, (30.2, 20.6)), (0, 8))
    window = Window(4, 3, 60, 40)
    mask = soft_mask(outline, window, 0.0)
    contour = outline.astype(np.float32).reshape(-1, 1, 2)
    for y in range(window.top, window.bottom):
        for x in range(window.left, window.right):
            distance = cv2.pointPolygonTest(contour, (float(x), float(y)), True)
            if abs(distance) > 2.2:  # the border itself is drawn softly
                assert mask[y - window.top, x - window.left] == pytest.approx(float(distance > 0), abs=1e-6)


@pytest.mark.parametrize("blur", [0.0, 0.6])
def test_a_mask_vanishes_as_its_opening_closes(blur: float) -> None:
    window = Window(0, 0, 80, 60)
    sums = [
        float(soft_mask(smooth_outline(oval(40, h), (0, 8)), window, blur).sum()) for h in (8, 4, 2, 1, 0.5, 0.1, 0)
    ]
    assert sums == sorted(sums, reverse=True)
    assert sums[-1] == 0.0 and sums[-2] < 4.0
    assert sums[0] == pytest.approx(40 * 8 * np.pi / 4, rel=0.25)


def test_windows_stay_inside_the_picture() -> None:
    window = window_around(np.array([[-20.0, 5.0], [30.0, 90.0]]), 4.0, 64, 48)
    assert (window.left, window.top, window.right, window.bottom) == (0, 1, 35, 48)
    x, y = window.grid()
    assert x.shape == y.shape == (47, 35) and x.max() == 34 and y.min() == 1
    assert window_around(np.array([[200.0, 5.0], [230.0, 9.0]]), 4.0, 64, 48).empty


def pose(angle: float = 0.0, scale: float = 10.0) -> HeadPose:
    from animato.geometry.pose import rotation_exp

    return HeadPose(rotation_exp(np.array([0.0, angle, 0.0])), np.array([100.0, 120.0, 0.0]), scale)


def test_a_plane_follows_the_head_rigidly() -> None:
    centre, source, target = np.array([1.0, 2.0, -4.0]), pose(0.1), pose(0.5, 14.0)
    affine = plane_map(centre, source, target)
    for offset in ((0, 0, 0), (1, 0, 0), (0.3, -0.8, 0)):
        place = centre + np.array(offset)
        there = (target.scale * target.rotation @ place + target.translation)[:2]
        here = (source.scale * source.rotation @ place + source.translation)[:2]
        assert np.allclose(affine[:, :2] @ there + affine[:, 2], here, atol=1e-3)
    assert np.allclose(plane_map(centre, source, source), [[1, 0, 0], [0, 1, 0]], atol=1e-4)


def test_blending_is_weighted_by_the_mask_inside_the_window_only() -> None:
    picture = np.full((20, 30, 3), 100, np.uint8)
    window = Window(5, 4, 15, 12)
    mask = np.tile(np.linspace(0, 1, 10, dtype=np.float32), (8, 1))
    blend(picture, window, np.full((8, 10, 3), 200.0), mask)
    assert np.abs(picture[4:12, 5:15, 0] - (100 + 100 * mask)).max() <= 0.5
    picture[4:12, 5:15] = 100
    assert (picture == 100).all()


@pytest.mark.parametrize("corner", [(0, 0), (8, 6), (14, 10)])
def test_a_part_is_cleared_where_an_aperture_is(corner: tuple[int, int]) -> None:
    part = np.full((20, 20, 3), 100, np.uint8)
    mask = np.ones((6, 8), np.float32)
    mask[:, 0] = 0.25
    clear(part, corner, Window(10, 8, 18, 14), mask)
    whole = np.full((40, 40, 3), 100, np.uint8)
    whole[8:14, 10:18], whole[8:14, 10] = 0, 75
    np.testing.assert_array_equal(part, whole[corner[1] : corner[1] + 20, corner[0] : corner[0] + 20])


def test_an_opening_at_rest_shows_the_photo_and_a_moved_one_the_layer() -> None:
    ring = np.column_stack([oval(4.0, 1.6), np.zeros(16)])
    shares = [activation(ring, ring + np.array([0, shift, 0])) for shift in (0.0, 0.04, 0.1, 0.2, 0.3, 0.5, 3.0)]
    assert shares[0] == shares[1] == 0.0 and shares[-1] == shares[-2] == 1.0
    assert shares == sorted(shares) and 0 < shares[3] < 1
    assert activation(ring, ring + np.array([0, 0, 9.0])) == 0.0  # depth alone changes nothing that is seen


def test_closed_lids_show_no_eyeball(smiling: Head) -> None:
    shut = smiling.with_face(scale_apertures(smiling.local, (0.0, 0.0, 1.0)))
    for eye in smiling.warper.eyes:
        _, layer, mask, known = render_eye(eye, shut, smiling.warper.pose, smiling.warper.pose, SIZE)
        assert mask.max() < 0.02
        assert layer.shape[:2] == mask.shape == known.shape


def test_an_eyeball_has_no_lid_in_it(smiling: Head) -> None:
    # Where a lid hides the eyeball its picture continues the iris or the white: no skin comes along when lids open.
    for eye in smiling.warper.eyes:
        x0, y0 = eye.origin
        y, x = np.mgrid[: eye.white.shape[0], : eye.white.shape[1]]
        inside = np.hypot(x + x0 - eye.centre[0], y + y0 - eye.centre[1]) < 0.9 * eye.radius
        outline = smooth_outline(smiling.points[list(eye.ring), :2].astype(np.float64), (0, 8)) - eye.origin
        shown = soft_mask(outline, Window(0, 0, y.shape[1], len(y)), 0.0) > 0.9
        seen = smiling.crop[y0 : y0 + len(y), x0 : x0 + y.shape[1]][shown].astype(int)
        assert len(seen) > 20
        assert np.median(eye.iris[inside].mean(axis=1)) < eye.white.mean(axis=2).min() - 10
        low, high = seen.min(axis=0) - 30, seen.max(axis=0) + 30
        for layer in (eye.white, eye.iris):
            assert ((layer >= low) & (layer <= high)).all(axis=2).mean() > 0.9


def moved_gaze(head: Head, right: float, down: float) -> np.ndarray:
    """Return landmarks whose irises are moved by shares of the eye's width, 478 x 3."""
    points = head.points.copy()
    for ring, iris in ((EYE_LEFT, IRIS_LEFT), (EYE_RIGHT, IRIS_RIGHT)):
        width = np.linalg.norm(points[ring[0], :2] - points[ring[8], :2])
        points[list(iris), :2] += np.array([right, down], np.float32) * width
    return points


@pytest.mark.parametrize("gaze", [(-0.25, 0.0), (0.25, 0.0), (0.0, 0.14)])
def test_an_iris_that_moves_is_whole_and_leaves_white_behind(smiling: Head, gaze: tuple[float, float]) -> None:
    pose, points = smiling.warper.pose, moved_gaze(smiling, *gaze)
    for eye in smiling.warper.eyes:
        window, layer, mask, _ = render_eye(eye, points, pose, pose, SIZE)
        x, y = window.grid()
        shift = points[eye.iris_index, :2] - smiling.points[eye.iris_index, :2]
        now = np.hypot(*(np.stack([x, y]).T - eye.centre - shift).T)
        before = np.hypot(*(np.stack([x, y]).T - eye.centre).T)
        brightness, shown = layer.astype(float).mean(axis=2), mask > 0.95
        iris = brightness[shown & (now < 0.8 * eye.radius)]
        left_behind = brightness[shown & (before < eye.radius) & (now > 1.4 * eye.radius)]
        white = np.median(eye.white.mean(axis=2))
        assert np.percentile(iris, 90) < white - 10, "no white, lid or lash in the iris"
        assert not left_behind.size or left_behind.min() > np.percentile(iris, 90)


def test_eyes_of_a_drawing_without_a_round_iris_stay_as_drawn(smiling: Head) -> None:
    pose, flat = smiling.warper.pose, smiling.crop.copy()
    for ring in (EYE_LEFT, EYE_RIGHT):
        cv2.fillPoly(flat, [np.rint(smiling.points[list(ring), :2]).astype(np.int32)], (70, 110, 200))
    for eye in build_eyeballs(flat, smiling.points, pose, smiling.warper.gamut, drawing=True):
        window, layer, mask, _ = render_eye(eye, moved_gaze(smiling, 0.2, 0.0), pose, pose, SIZE)
        assert np.abs(layer.astype(int) - window.of(flat))[mask > 0.9].max() <= 1
    assert all(eye.moves for eye in build_eyeballs(smiling.crop, smiling.points, pose, smiling.warper.gamut))


def test_eyes_at_rest_show_the_photo(smiling: Head) -> None:
    pose = smiling.warper.pose
    for eye in smiling.warper.eyes:
        window, layer, mask, _ = render_eye(eye, smiling.points, pose, pose, SIZE)
        same = cv2.erode(mask, np.ones((5, 5))) > 0.95
        assert same.sum() > 20
        assert np.abs(layer.astype(int) - window.of(smiling.crop))[same].mean() < 4


def test_an_eye_that_the_photo_shows_closed_is_drawn_and_known_to_be_a_guess(smiling: Head) -> None:
    shut = smiling.with_face(scale_apertures(smiling.local, (0.0, 0.0, 1.0)))
    asleep = smiling.warper.render(shut, smiling.warper.pose).image
    for eye in build_eyeballs(asleep, shut, smiling.warper.pose, smiling.warper.gamut):
        _, layer, mask, known = render_eye(eye, smiling.points, smiling.warper.pose, smiling.warper.pose, SIZE)
        assert known.max() == 0.0
        lit = layer[mask > 0.8].astype(float).mean(axis=1)
        assert lit.max() - lit.min() > 60  # white and pupil


def test_the_teeth_of_the_photo_stay_on_the_skull_while_the_jaw_drops(smiling: Head) -> None:
    rest = render_mouth(smiling.warper.mouth, smiling.points, smiling.warper.pose, SIZE)
    wide = smiling.with_face(opened(smiling.local, 2.2))
    dropped = render_mouth(smiling.warper.mouth, wide, smiling.warper.pose, SIZE)
    pictures = []
    for window, layer, _, known in (rest, dropped):
        canvas, weight = np.zeros((SIZE, SIZE, 3)), np.zeros((SIZE, SIZE))
        canvas[window.top : window.bottom, window.left : window.right] = layer
        weight[window.top : window.bottom, window.left : window.right] = known
        pictures.append((canvas, weight))
    both = (pictures[0][1] > 0.95) & (pictures[1][1] > 0.95)
    assert both.sum() > 60
    assert np.abs(pictures[0][0] - pictures[1][0])[both].mean() < 6


def test_a_closed_mouth_knows_nothing_of_its_inside(calm: Head) -> None:
    mouth = build_mouth(calm.crop, calm.points, calm.warper.pose, calm.warper.gamut)
    assert mouth.confidence.max() == 0.0
    window, layer, mask, _ = render_mouth(mouth, calm.points, calm.warper.pose, SIZE)
    assert mask.max(initial=0) < 0.05 and layer.shape[:2] == mask.shape
    assert not window.empty


@pytest.mark.parametrize("ring", [EYE_LEFT, LIPS_INNER])
def test_an_opening_outside_the_picture_is_left_out(smiling: Head, ring: tuple[int, ...]) -> None:
    points = smiling.points + np.float32([5 * SIZE, 0, 0])
    made = smiling.warper.render(points, smiling.warper.pose)
    assert made.image.shape == smiling.crop.shape
    if ring is EYE_LEFT:
        mask = render_eye(smiling.warper.eyes[0], points, smiling.warper.pose, smiling.warper.pose, SIZE)[2]
    else:
        mask = render_mouth(smiling.warper.mouth, points, smiling.warper.pose, SIZE)[2]
    assert mask.size == 0


def test_a_grey_photo_makes_grey_eyes_and_a_nearly_grey_mouth(smiling: Head) -> None:
    grey = np.repeat(smiling.crop.mean(axis=2, keepdims=True), 3, axis=2).astype(np.uint8)
    photo = head(grey, smiling.points)
    for eye in photo.warper.eyes:
        assert np.ptp(np.stack([eye.white, eye.iris]).astype(int), axis=3).max() <= 1
    made = photo.warper.render(photo.with_face(opened(photo.local, 1.8)), photo.warper.pose).image
    assert np.ptp(made.astype(int), axis=2).max() < 60


def test_open_eyes_are_known_in_a_photo_lying_on_its_side(calm: Head) -> None:
    side = np.ascontiguousarray(np.rot90(calm.crop))
    points = calm.points.copy()
    points[:, 0], points[:, 1] = calm.points[:, 1], len(side) - 1 - calm.points[:, 0]
    for eye in build_eyeballs(side, points, fit_pose(points), calm.warper.gamut):
        assert eye.confidence == 1
