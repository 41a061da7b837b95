"""The driver's mouth interior is measured in its picture, and the target's mouth is matched to it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from head_material import Head

from animato.appearance.mouth_grid import MOUTH_GRID, MOUTH_INTERIOR_SHAPE
from animato.appearance.mouth_levels import (
    MAX_BRIGHTNESS,
    MouthPatch,
    match_mouth_interior,
    measure,
    measure_mouth_interior,
    with_mouth_interior,
)
from animato.appearance.teeth import ToothLight, tooth_redness
from animato.geometry.landmarks import LIPS_OUTER
from animato.geometry.patch import MOUTH, crop_from_patch, cut_patch
from animato.geometry.pose import fit_pose
from animato.types import Face, Frame

SIDE = 96
ROWS, COLUMNS = MOUTH_GRID
SKIN, LIPS, TEETH, TONGUE, GAP = (190, 150, 135), (170, 118, 118), (225, 215, 200), (150, 75, 75), (40, 25, 22)


def mouth(height: float, width: float = 26.0) -> np.ndarray:
    """Return a drawing of an open mouth, SIDE x SIDE x 3: opening, lips, face."""
    drawing = np.zeros((SIDE, SIDE, 3), np.uint8)
    for channel, (x, y) in enumerate(((width, height), (width + 8, height + 8))):
        plane = np.zeros((SIDE, SIDE), np.uint8)
        cv2.ellipse(plane, (48, 50), (round(x), round(y)), 0, 0, 360, 255, -1)
        drawing[..., channel] = plane
    drawing[..., 2] = 255
    return drawing


def painted(drawing: np.ndarray, rows: list[tuple[int, int, int]]) -> np.ndarray:
    """Return a picture of a mouth with an interior of horizontal bands, upper first."""
    picture = np.full((SIDE, SIDE, 3), SKIN, np.uint8)
    picture[drawing[..., 1] > 127] = LIPS
    opening = drawing[..., 0] > 127
    for x in np.flatnonzero(opening.any(axis=0)):
        column = np.flatnonzero(opening[:, x])
        for y in column:
            part = (y - column[0]) / len(column)
            picture[y, x] = rows[min(int(part * len(rows)), len(rows) - 1)]
    return picture


def levels(picture: np.ndarray, drawing: np.ndarray) -> np.ndarray:
    shown = measure(picture, drawing, tooth_redness(picture, drawing))
    assert shown is not None
    return shown.levels


def matched(picture: np.ndarray, drawing: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    return with_mouth_interior(picture, drawing, wanted, tooth_redness(picture, drawing))


def bright(level: float, redness: float = 0.0) -> np.ndarray:
    """Return a uniform mouth interior."""
    return np.full(MOUTH_INTERIOR_SHAPE, (level, redness), np.float32)


def test_teeth_tongue_and_gap_are_distinguished() -> None:
    drawing = mouth(16)
    shown = levels(painted(drawing, [TEETH, TEETH, GAP, TONGUE, TONGUE]), drawing)
    assert shown.shape == MOUTH_INTERIOR_SHAPE
    upper, gap, tongue = (shown[row, 4:-4].mean(axis=0) for row in (2, 8, 13))
    assert upper[0] > 1.4 and gap[0] < 0.5
    assert gap[0] < tongue[0] < upper[0]
    assert tongue[1] > 0.25 > 0.1 > abs(upper[1]), "a tongue is red, teeth are not"
    turned = levels(painted(drawing, [TONGUE, TONGUE, GAP, TEETH, TEETH]), drawing)
    assert turned[13, 10, 0] > 1.4 > turned[2, 10, 0]


def test_single_teeth_are_resolved() -> None:
    drawing = mouth(16)
    picture = painted(drawing, [TEETH])
    picture[:, ::5][drawing[:, ::5, 0] > 127] = GAP
    row = levels(picture, drawing)[ROWS // 2, 4:-4, 0]
    made = matched(painted(drawing, [TEETH]), drawing, levels(picture, drawing))
    assert np.ptp(row) > 0.4
    assert np.ptp(made[50, 30:66].astype(int).min(axis=1)) > 60, "and shown on another mouth"
    shown = levels(made, drawing)[ROWS // 2, 4:-4, 0]
    assert shown.std() > 0.9 * row.std(), "as sharp as measured"


@pytest.mark.parametrize("light", [0.4, 0.7, 1.1])
def test_brightness_of_the_light_does_not_change_the_levels(light: float) -> None:
    drawing = mouth(14)
    picture = painted(drawing, [TEETH, GAP, TONGUE])
    lit = np.clip(picture * light, 0, 255).astype(np.uint8)
    assert np.abs(levels(picture, drawing) - levels(lit, drawing)).max() < 0.08


def test_colour_of_the_light_does_not_change_the_levels() -> None:
    drawing = mouth(14)
    picture = painted(drawing, [TEETH, GAP, TONGUE])
    lit = (picture * (1.0, 0.8, 0.7)).astype(np.uint8)
    assert np.abs(levels(picture, drawing) - levels(lit, drawing)).max() < 0.12
    made = matched(picture, drawing, levels(lit, drawing))
    red, green, _ = made[drawing[..., 0] > 127][:40].astype(float).mean(axis=0)
    assert red < 1.15 * green, "teeth measured under warm light are not pink in daylight"


def test_touching_lips_and_darkness_are_not_measured() -> None:
    assert measure(painted(mouth(16), [TEETH]), np.zeros((SIDE, SIDE, 3), np.uint8), 0.0) is None
    assert measure(np.zeros((SIDE, SIDE, 3), np.uint8), mouth(16), 0.0) is None
    black = np.zeros((SIDE, SIDE, 3), np.uint8)
    np.testing.assert_array_equal(matched(black, mouth(16), bright(1.0)), black)


@pytest.mark.parametrize(("height", "width"), [(7.0, 26.0), (16.0, 20.0), (24.0, 30.0)])
def test_a_mouth_of_any_shape_is_matched_to_given_levels(height: float, width: float) -> None:
    drawing = mouth(height, width)
    picture = painted(drawing, [GAP])
    wanted = bright(0.0)
    wanted[..., 0] += np.linspace(0.3, 1.3, ROWS, dtype=np.float32)[:, None]
    wanted[..., 1] += np.linspace(0.3, 0.0, ROWS, dtype=np.float32)[:, None]
    made = matched(picture, drawing, wanted)
    # Within a pixel of the rim, samples include the lips.
    assert np.abs(levels(made, drawing) - wanted)[2:-2, 4:-4].max() < 0.15
    outside = drawing[..., 0] == 0
    np.testing.assert_array_equal(made[outside], picture[outside])


def test_a_mouth_with_the_given_levels_is_unchanged() -> None:
    drawing = mouth(16)
    picture = painted(drawing, [TEETH, GAP, TONGUE])
    made = matched(picture, drawing, levels(picture, drawing))
    assert np.abs(made.astype(int) - picture).max() <= 8


def test_teeth_have_the_colour_of_the_light() -> None:
    drawing = mouth(16)
    by_candle = (painted(drawing, [GAP]) * (1.0, 0.85, 0.5)).astype(np.uint8)
    red, green, blue = matched(by_candle, drawing, bright(1.3))[50, 48].astype(float)
    assert red > green > blue
    red, green, blue = matched(painted(drawing, [GAP]), drawing, bright(1.3))[50, 48].astype(float)
    assert abs(red - green) < 40 and 0 <= green - blue < 40


def test_teeth_made_dark_become_tongue_and_not_grey() -> None:
    drawing = mouth(16)
    teeth = painted(drawing, [(205, 209, 219)])
    patch = MouthPatch(np.eye(3)[:2], drawing, np.ones((SIDE, SIDE, 1), np.float32))
    light = ToothLight(1.0, tooth_redness(teeth, drawing))
    made = teeth.copy()
    match_mouth_interior(made, patch, bright(0.45, 0.3) / MAX_BRIGHTNESS, light, 1.0)
    red, green, blue = made[50, 48].astype(float)
    assert red > 1.3 * green and blue <= green + 5
    kept = teeth.copy()
    match_mouth_interior(kept, patch, levels(teeth, drawing) / MAX_BRIGHTNESS, light, 1.0)
    assert kept[50, 48].min() > 150, "teeth that are wanted stay teeth"


def test_source_teeth_are_kept_where_the_driver_shows_teeth() -> None:
    drawing = mouth(16)
    light = ToothLight(1.5, tooth_redness(painted(drawing, [TEETH]), drawing))
    patch = MouthPatch(np.eye(3)[:2], drawing, np.zeros((SIDE, SIDE, 1), np.float32))
    source, hollow = painted(drawing, [TEETH, TEETH, TEETH, GAP, GAP]), drawing[..., 0] > 250
    freed = {}
    for name, inside in (("teeth", bright(0.5)), ("gap", bright(0.1, 0.05)), ("tongue", bright(0.3, 0.15))):
        free = patch.with_source_teeth(source, inside, light).weight[..., 0]
        freed[name] = free[40:44][hollow[40:44]].mean(), free[60:64][hollow[60:64]].mean()
    assert freed["teeth"][0] < 0.1 and freed["teeth"][1] > 0.9, "a gap of the source has no teeth to keep"
    assert min(freed["gap"]) > 0.9 and min(freed["tongue"]) > 0.9


def test_a_thin_gap_between_source_teeth_is_released_with_its_neighbours() -> None:
    drawing = mouth(16)
    source = painted(drawing, [TEETH])
    source[50:52][drawing[50:52, :, 0] > 127] = GAP
    light = ToothLight(1.5, tooth_redness(source, drawing))
    patch = MouthPatch(np.eye(3)[:2], drawing, np.zeros((SIDE, SIDE, 1), np.float32))
    free = patch.with_source_teeth(source, bright(0.5), light).weight[:, 40:56, 0]
    assert free[50:52].mean() > 0.9 and free[48].mean() > 0.4 and free[54].mean() > 0.4
    assert free[40:44].mean() < 0.1 and free[58:62].mean() < 0.1


def test_a_small_redness_difference_is_ignored() -> None:
    drawing = mouth(16)
    picture = painted(drawing, [(240, 190, 175)])
    wanted = levels(picture, drawing)
    as_it_is = matched(picture, drawing, wanted)[50, 48].astype(int)
    for redder, moved in ((0.04, False), (0.3, True)):
        redder_levels = wanted.copy()
        redder_levels[..., 1] += redder * wanted[..., 0]
        made = matched(picture, drawing, redder_levels)
        assert bool(np.abs(made[50, 48] - as_it_is).max() > 2) is moved


@pytest.mark.parametrize("colour", [(150, 190, 230), (180, 215, 190)])
def test_nothing_between_the_lips_is_bluer_or_greener_than_a_tooth(colour: tuple[int, int, int]) -> None:
    drawing = mouth(16)
    picture = painted(drawing, [colour])
    red, green, blue = matched(picture, drawing, levels(picture, drawing))[50, 48].astype(float)
    assert red > green and blue < 1.05 * green


def test_blue_light_is_left_blue() -> None:
    drawing = mouth(16)
    by_night = (painted(drawing, [TEETH]) * (0.45, 0.7, 1.0)).astype(np.uint8)
    made = matched(by_night, drawing, levels(by_night, drawing))[50, 48].astype(float)
    assert made[2] > made[0]


def test_the_gain_scales_the_change_and_0_changes_nothing(portrait: Frame, portrait_face: Face) -> None:
    pose = fit_pose(portrait_face.points)
    light = ToothLight.from_frame(portrait, portrait_face.points)
    made, half, whole = (np.array(portrait) for _ in range(3))
    for picture, gain in ((made, 0.0), (half, 0.5), (whole, 1.0)):
        patch = MouthPatch.from_face(portrait_face.points, pose, len(picture), np.zeros((64, 64), np.float32))
        match_mouth_interior(picture, patch, bright(0.1), light, gain)
    np.testing.assert_array_equal(made, portrait)
    change = [np.abs(picture.astype(int) - portrait).sum() for picture in (half, whole)]
    assert 0 < change[0] < change[1]
    far = np.ones(portrait.shape[:2], bool)
    low, high = portrait_face.points[list(LIPS_OUTER), :2].min(0), portrait_face.points[list(LIPS_OUTER), :2].max(0)
    far[int(low[1]) : int(high[1]) + 1, int(low[0]) : int(high[0]) + 1] = False
    np.testing.assert_array_equal(whole[far], np.asarray(portrait)[far])


def test_teeth_of_the_photo_are_kept(portrait: Frame, portrait_face: Face) -> None:
    picture, pose = np.array(portrait), fit_pose(portrait_face.points)
    light = ToothLight.from_frame(portrait, portrait_face.points)
    patch = MouthPatch.from_face(portrait_face.points, pose, len(picture), np.ones((64, 64), np.float32))
    match_mouth_interior(picture, patch, bright(0.0), light, 1.0)
    np.testing.assert_array_equal(picture, portrait)


def test_a_smile_with_teeth_is_bright_inside(portrait: Frame, portrait_face: Face) -> None:
    shown = measure_mouth_interior(portrait, portrait_face, ToothLight.from_frame(portrait, portrait_face.points))
    assert shown is not None and shown.shape == MOUTH_INTERIOR_SHAPE
    assert shown[:9, 4:-4, 0].mean() > 0.5
    assert shown[2:9, 4:-4, 1].mean() < 0.15, "teeth are not red"
    assert ((shown >= 0) & (shown <= 1)).all()


def test_a_closed_mouth_is_not_measured(calm: Head) -> None:
    assert (
        measure_mouth_interior(calm.crop, Face(calm.points, np.zeros(52, np.float32), 1.0), ToothLight(1.2, -0.1))
        is None
    )


def test_the_redness_of_a_dark_corner_is_limited(portrait: Frame, portrait_face: Face) -> None:
    dark = (np.array(portrait) * (0.25, 0.05, 0.05)).astype(np.uint8)
    pose = fit_pose(portrait_face.points)
    patch = MouthPatch.from_face(portrait_face.points, pose, len(dark), np.zeros((64, 64), np.float32))
    picture = np.array(portrait)
    lips = cv2.warpAffine(patch.drawing[..., 0], patch.picture_from_patch, picture.shape[1::-1]) > 200
    picture[lips] = dark[lips]
    shown = measure_mouth_interior(picture, portrait_face, ToothLight.from_frame(portrait, portrait_face.points))
    assert shown is not None
    black = shown[..., 0] < 0.05
    assert black.sum() > 30 and shown[black, 1].max() <= 0.1


def test_a_mouth_at_the_right_of_a_wide_frame_is_cut_as_in_a_square_one(smiling: Head) -> None:
    large = np.asarray(cv2.resize(smiling.crop, None, fx=3.0, fy=3.0, interpolation=cv2.INTER_CUBIC), np.uint8)
    points = smiling.points * 3.0 + np.array([1.0, 1.0, 0.0], np.float32)
    wide = np.concatenate([np.zeros((large.shape[0], 2 * large.shape[0], 3), np.uint8), large], axis=1)
    there = points + np.array([2.0 * large.shape[0], 0, 0], np.float32)
    square = cut_patch(large, crop_from_patch(MOUTH, points, fit_pose(points), 0), SIDE)
    cut = cut_patch(wide, crop_from_patch(MOUTH, there, fit_pose(there), 0), SIDE)
    assert np.abs(square.astype(int) - cut).mean() < 1.0
