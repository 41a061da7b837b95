"""What a driver's open mouth shows is read from its picture, and the target's mouth is brought to it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from warp_material import Head

from animato.face.topology import LIPS_OUTER
from animato.motion.pose import fit_pose
from animato.types import Face, Frame
from animato.warp.inside import (
    COLUMNS,
    ROWS,
    USUAL_WHITE,
    WHITES,
    MouthWindow,
    look_inside,
    match_inside,
    matched,
    measure,
    white_over_skin,
)
from animato.warp.region import MOUTH, crop_from_patch, cut_patch

SIDE = 96
SKIN, TEETH, TONGUE, GAP = (190, 140, 120), (225, 215, 200), (150, 75, 75), (40, 25, 22)


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
    """Return a picture of a mouth whose inside is made of horizontal bands, upper first."""
    picture = np.full((SIDE, SIDE, 3), SKIN, np.uint8)
    picture[drawing[..., 1] > 127] = (170, 80, 80)
    opening = drawing[..., 0] > 127
    for x in np.flatnonzero(opening.any(axis=0)):
        column = np.flatnonzero(opening[:, x])
        for y in column:
            part = (y - column[0]) / len(column)
            picture[y, x] = rows[min(int(part * len(rows)), len(rows) - 1)]
    return picture


def levels(picture: np.ndarray, drawing: np.ndarray) -> np.ndarray:
    shown = measure(picture, drawing)
    assert shown is not None
    return shown.levels


def test_teeth_tongue_and_gap_are_told_apart_where_they_are() -> None:
    drawing = mouth(16)
    shown = levels(painted(drawing, [TEETH, TEETH, GAP, TONGUE, TONGUE]), drawing)
    assert shown.shape == (ROWS, COLUMNS)
    middle = shown[:, 1:-1].mean(axis=1)
    assert middle[0] > 1.4 and middle[2] < 0.5
    assert middle[2] < middle[4] < middle[0]
    turned = levels(painted(drawing, [TONGUE, TONGUE, GAP, TEETH, TEETH]), drawing)
    assert turned[4, 2] > 1.4 > turned[0, 2]


@pytest.mark.parametrize("light", [0.4, 0.7, 1.1])
def test_light_does_not_change_what_is_shown(light: float) -> None:
    drawing = mouth(14)
    picture = painted(drawing, [TEETH, GAP, TONGUE])
    lit = np.clip(picture * light, 0, 255).astype(np.uint8)
    assert np.abs(levels(picture, drawing) - levels(lit, drawing)).max() < 0.08


def test_touching_lips_and_darkness_show_nothing() -> None:
    assert measure(painted(mouth(16), [TEETH]), np.zeros((SIDE, SIDE, 3), np.uint8)) is None
    assert measure(np.zeros((SIDE, SIDE, 3), np.uint8), mouth(16)) is None
    black = np.zeros((SIDE, SIDE, 3), np.uint8)
    np.testing.assert_array_equal(matched(black, mouth(16), np.ones((ROWS, COLUMNS), np.float32)), black)


@pytest.mark.parametrize(("height", "width"), [(7.0, 26.0), (16.0, 20.0), (24.0, 30.0)])
def test_a_mouth_of_any_shape_is_brought_to_what_is_wanted(height: float, width: float) -> None:
    drawing = mouth(height, width)
    picture = painted(drawing, [GAP])
    wanted = np.linspace(0.3, 1.3, ROWS, dtype=np.float32)[:, None] + np.zeros((1, COLUMNS), np.float32)
    made = matched(picture, drawing, wanted)
    assert np.abs(levels(made, drawing) - wanted)[:, 1:-1].max() < 0.15
    outside = drawing[..., 0] == 0
    np.testing.assert_array_equal(made[outside], picture[outside])


def test_a_mouth_that_shows_what_is_wanted_stays_as_it_is() -> None:
    drawing = mouth(16)
    picture = painted(drawing, [TEETH, GAP, TONGUE])
    made = matched(picture, drawing, levels(picture, drawing))
    assert np.abs(made.astype(int) - picture).max() <= 1


def test_teeth_have_the_colour_of_the_light() -> None:
    drawing = mouth(16)
    wanted = np.full((ROWS, COLUMNS), 1.3, np.float32)
    by_candle = (painted(drawing, [GAP]) * (1.0, 0.85, 0.5)).astype(np.uint8)
    red, green, blue = matched(by_candle, drawing, wanted)[50, 48].astype(float)
    assert red > green > blue
    red, green, blue = matched(painted(drawing, [GAP]), drawing, wanted)[50, 48].astype(float)
    assert abs(red - green) < 40 and 0 <= green - blue < 40


def test_teeth_made_dark_become_tongue_and_not_grey() -> None:
    drawing = mouth(16)
    teeth = painted(drawing, [(205, 209, 219)])
    wanted = np.full((ROWS, COLUMNS), 0.45, np.float32)
    window = MouthWindow(np.eye(3)[:2], drawing, np.ones((SIDE, SIDE, 1), np.float32))
    made = teeth.copy()
    match_inside(made, window, wanted, 1.0, red=0.3)
    red, green, blue = made[50, 48].astype(float)
    assert red > 1.3 * green and blue <= green + 1
    kept = teeth.copy()
    match_inside(kept, window, levels(teeth, drawing), 1.0, red=0.3)
    assert kept[50, 48].min() > 150, "teeth that are wanted stay teeth"


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


def test_a_gain_of_nothing_changes_nothing(portrait: Frame, portrait_face: Face) -> None:
    pose = fit_pose(portrait_face.points)
    wanted = np.full((ROWS, COLUMNS), 0.2, np.float32)
    made, half, whole = (np.array(portrait) for _ in range(3))
    for picture, gain in ((made, 0.0), (half, 0.5), (whole, 1.0)):
        window = MouthWindow.of(portrait_face.points, pose, len(picture), np.zeros((64, 64), np.float32))
        match_inside(picture, window, wanted, gain)
    np.testing.assert_array_equal(made, portrait)
    change = [np.abs(picture.astype(int) - portrait).sum() for picture in (half, whole)]
    assert 0 < change[0] < change[1]
    far = np.ones(portrait.shape[:2], bool)
    low, high = portrait_face.points[list(LIPS_OUTER), :2].min(0), portrait_face.points[list(LIPS_OUTER), :2].max(0)
    far[int(low[1]) : int(high[1]) + 1, int(low[0]) : int(high[0]) + 1] = False
    np.testing.assert_array_equal(whole[far], np.asarray(portrait)[far])


def test_teeth_that_the_photo_shows_stay(portrait: Frame, portrait_face: Face) -> None:
    picture, pose = np.array(portrait), fit_pose(portrait_face.points)
    dark = np.zeros((ROWS, COLUMNS), np.float32)
    window = MouthWindow.of(portrait_face.points, pose, len(picture), np.ones((64, 64), np.float32))
    match_inside(picture, window, dark, 1.0)
    np.testing.assert_array_equal(picture, portrait)


def test_a_smile_with_teeth_is_bright_inside(portrait: Frame, portrait_face: Face) -> None:
    white = white_over_skin(portrait, portrait_face.points)
    assert WHITES[0] <= white <= WHITES[1]
    shown = look_inside(portrait, portrait_face, white)
    assert shown is not None
    assert shown[:3, 1:-1].mean() > 0.5
    assert ((shown >= 0) & (shown <= 1)).all()


def test_where_no_white_is_seen_the_usual_one_counts() -> None:
    blank, points = np.zeros((128, 128, 3), np.uint8), np.zeros((478, 3), np.float32)
    points[:, :2] = np.random.default_rng(0).uniform(40, 80, (478, 2))
    assert white_over_skin(blank, points) == USUAL_WHITE


def test_a_closed_mouth_shows_nothing(calm: Head) -> None:
    assert look_inside(calm.crop, Face(calm.points, np.zeros(52, np.float32), 1.0), 1.2) is None


def test_a_mouth_far_right_in_a_wide_frame_is_cut_as_in_a_square_one(smiling: Head) -> None:
    large = np.asarray(cv2.resize(smiling.crop, None, fx=3.0, fy=3.0, interpolation=cv2.INTER_CUBIC), np.uint8)
    points = smiling.points * 3.0 + np.array([1.0, 1.0, 0.0], np.float32)
    wide = np.concatenate([np.zeros((large.shape[0], 2 * large.shape[0], 3), np.uint8), large], axis=1)
    there = points + np.array([2.0 * large.shape[0], 0, 0], np.float32)
    square = cut_patch(large, crop_from_patch(MOUTH, points, fit_pose(points), 0), SIDE)
    cut = cut_patch(wide, crop_from_patch(MOUTH, there, fit_pose(there), 0), SIDE)
    assert np.abs(square.astype(int) - cut).mean() < 1.0
