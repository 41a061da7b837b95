"""How teeth look in the light on a face is judged by its eyes, skin and lips."""

from __future__ import annotations

import numpy as np
import pytest

from animato.appearance.mouth_levels import read_mouth_interior
from animato.appearance.teeth import (
    LESS_RED,
    LIP_REDDER,
    USUAL_WHITE,
    WHITES,
    ToothLight,
    cold,
    tooth_colour,
    tooth_redness,
)
from animato.geometry.landmarks import EYE_LEFT, EYE_RIGHT
from animato.types import Face, Frame


def test_light_and_its_colour_change_nothing_on_one_face(portrait: Frame, portrait_face: Face) -> None:
    usual = ToothLight.on(portrait, portrait_face.points)
    assert WHITES[0] <= usual.white <= WHITES[1]
    assert -LESS_RED - 0.3 < usual.redness <= LIP_REDDER[1] - LESS_RED
    for lamp in ((0.5, 0.5, 0.5), (1.0, 0.8, 0.6), (0.7, 0.85, 1.0)):
        lit = ToothLight.on((portrait * np.array(lamp)).astype(np.uint8), portrait_face.points)
        assert abs(lit.redness - usual.redness) < 0.03
        assert abs(lit.white - usual.white) < 0.1


def test_where_no_white_is_seen_the_usual_one_counts() -> None:
    blank, points = np.zeros((128, 128, 3), np.uint8), np.zeros((478, 3), np.float32)
    points[:, :2] = np.random.default_rng(0).uniform(40, 80, (478, 2))
    assert ToothLight.on(blank, points).white == USUAL_WHITE
    assert ToothLight.of([(blank, points)] * 2).white == USUAL_WHITE


def test_of_several_photos_the_first_counts_where_its_eyes_show_white(portrait: Frame, portrait_face: Face) -> None:
    points, dim = portrait_face.points, (portrait * (0.8, 0.6, 0.5)).astype(np.uint8)
    shut = points.copy()
    for ring in (EYE_LEFT, EYE_RIGHT):
        shut[list(ring), 1] = points[list(ring), 1].mean()
    one, other = ToothLight.on(portrait, points), ToothLight.on(dim, points)
    assert ToothLight.of([(portrait, points), (dim, points)]) == one
    assert ToothLight.of([(dim, points), (portrait, points)]) == other != one
    assert ToothLight.on(portrait, shut).white == USUAL_WHITE
    assert ToothLight.of([(portrait, shut), (dim, points)]).white == other.white


def test_neither_painted_nor_pale_lips_colour_teeth() -> None:
    patch, drawing = np.full((96, 96, 3), (200, 150, 125), np.uint8), np.zeros((96, 96, 3), np.uint8)
    drawing[..., 2] = 255
    drawing[36:62, 24:72, 1] = 255
    drawing[47:51, 30:66, 0] = 255
    redness = []
    for lips in ((190, 135, 118), (200, 20, 40), (150, 150, 140)):
        patch[36:62, 24:72] = lips
        redness.append(tooth_redness(patch, drawing))
    plain, painted, pale = redness
    assert LIP_REDDER[0] - LESS_RED == pale < plain < painted == LIP_REDDER[1] - LESS_RED
    skin = np.array([200, 150, 125], np.float32)
    red, green, blue = tooth_colour(skin, painted)
    assert cold(np.array([red, green, blue])) == pytest.approx(cold(skin), rel=1e-4)
    assert 0.95 < red / green < 1.3 and blue < green


def noisy(picture: Frame, brightness: float, sigma: float) -> Frame:
    """A picture as a webcam without light takes it: darker, with noise of so many levels."""
    noise = np.random.default_rng(0).normal(0, sigma, picture.shape)
    return np.clip(picture * brightness + noise, 0, 255).astype(np.uint8)


def test_a_dark_and_noisy_driver_gives_no_speckled_teeth(portrait: Frame, portrait_face: Face) -> None:
    points = portrait_face.points
    assert ToothLight.of_driver(portrait, points) == ToothLight.on(portrait, points)
    assert ToothLight.of_driver(noisy(portrait, 0.5, 0.5), points) is not None, "darker alone is no reason"
    assert ToothLight.of_driver(noisy(portrait, 0.2, 8.0), points) is None
    assert ToothLight.of_driver(noisy(portrait, 0.15, 0.0), points) is None, "coding leaves blotches"
    assert ToothLight.of_driver(noisy(portrait, 0.01, 0.0), points) is None, "too dark to tell"


def test_a_frame_that_drowns_in_noise_is_left_out(portrait: Frame, portrait_face: Face) -> None:
    light = ToothLight.on(portrait, portrait_face.points)
    assert read_mouth_interior(portrait, portrait_face, light) is not None
    assert read_mouth_interior(noisy(portrait, 0.2, 20.0), portrait_face, light) is None


@pytest.mark.parametrize("share", [0.0, 0.2])
def test_a_driver_without_colour_gives_no_pink_teeth(portrait: Frame, portrait_face: Face, share: float) -> None:
    grey = portrait.mean(axis=2, keepdims=True)
    faded = np.clip(grey + share * (portrait - grey), 0, 255).astype(np.uint8)
    assert ToothLight.of_driver(faded, portrait_face.points) is None
