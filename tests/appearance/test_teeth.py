"""Tooth colour under the light of a face is estimated from eyes, skin and lips."""

from __future__ import annotations

import numpy as np
import pytest

from animato.appearance.mouth_levels import measure_mouth_interior
from animato.appearance.teeth import (
    DEFAULT_WHITE,
    LIP_REDNESS_RANGE,
    TOOTH_REDNESS,
    WHITE_RANGE,
    ToothLight,
    green_blue_mean,
    tooth_colour,
    tooth_redness,
)
from animato.geometry.landmarks import EYE_LEFT, EYE_RIGHT
from animato.types import Face, Frame


def test_the_light_does_not_change_the_tooth_colour_of_a_face(portrait: Frame, portrait_face: Face) -> None:
    usual = ToothLight.from_frame(portrait, portrait_face.points)
    assert WHITE_RANGE[0] <= usual.white <= WHITE_RANGE[1]
    assert -TOOTH_REDNESS - 0.3 < usual.redness <= LIP_REDNESS_RANGE[1] - TOOTH_REDNESS
    for lamp in ((0.5, 0.5, 0.5), (1.0, 0.8, 0.6), (0.7, 0.85, 1.0)):
        lit = ToothLight.from_frame((portrait * np.array(lamp)).astype(np.uint8), portrait_face.points)
        assert abs(lit.redness - usual.redness) < 0.03
        assert abs(lit.white - usual.white) < 0.1


def test_without_visible_white_the_default_is_used() -> None:
    blank, points = np.zeros((128, 128, 3), np.uint8), np.zeros((478, 3), np.float32)
    points[:, :2] = np.random.default_rng(0).uniform(40, 80, (478, 2))
    assert ToothLight.from_frame(blank, points).white == DEFAULT_WHITE
    assert ToothLight.from_photos([(blank, points)] * 2).white == DEFAULT_WHITE


def test_of_several_photos_the_first_with_visible_white_is_used(portrait: Frame, portrait_face: Face) -> None:
    points, dim = portrait_face.points, (portrait * (0.8, 0.6, 0.5)).astype(np.uint8)
    shut = points.copy()
    for ring in (EYE_LEFT, EYE_RIGHT):
        shut[list(ring), 1] = points[list(ring), 1].mean()
    one, other = ToothLight.from_frame(portrait, points), ToothLight.from_frame(dim, points)
    assert ToothLight.from_photos([(portrait, points), (dim, points)]) == one
    assert ToothLight.from_photos([(dim, points), (portrait, points)]) == other != one
    assert ToothLight.from_frame(portrait, shut).white == DEFAULT_WHITE
    assert ToothLight.from_photos([(portrait, shut), (dim, points)]).white == other.white


def test_painted_and_pale_lips_are_clamped() -> None:
    patch, drawing = np.full((96, 96, 3), (200, 150, 125), np.uint8), np.zeros((96, 96, 3), np.uint8)
    drawing[..., 2] = 255
    drawing[36:62, 24:72, 1] = 255
    drawing[47:51, 30:66, 0] = 255
    redness = []
    for lips in ((190, 135, 118), (200, 20, 40), (150, 150, 140)):
        patch[36:62, 24:72] = lips
        redness.append(tooth_redness(patch, drawing))
    plain, painted, pale = redness
    assert LIP_REDNESS_RANGE[0] - TOOTH_REDNESS == pale < plain < painted == LIP_REDNESS_RANGE[1] - TOOTH_REDNESS
    skin = np.array([200, 150, 125], np.float32)
    red, green, blue = tooth_colour(skin, painted)
    assert green_blue_mean(np.array([red, green, blue])) == pytest.approx(green_blue_mean(skin), rel=1e-4)
    assert 0.95 < red / green < 1.3 and blue < green


def noisy(picture: Frame, brightness: float, sigma: float) -> Frame:
    """The picture darkened, with Gaussian noise, like a webcam in the dark."""
    noise = np.random.default_rng(0).normal(0, sigma, picture.shape)
    return np.clip(picture * brightness + noise, 0, 255).astype(np.uint8)


def test_a_dark_and_noisy_driver_gives_no_speckled_teeth(portrait: Frame, portrait_face: Face) -> None:
    points = portrait_face.points
    assert ToothLight.from_driver(portrait, points) == ToothLight.from_frame(portrait, points)
    assert ToothLight.from_driver(noisy(portrait, 0.5, 0.5), points) is not None, "darkness alone is accepted"
    assert ToothLight.from_driver(noisy(portrait, 0.2, 8.0), points) is None
    assert ToothLight.from_driver(noisy(portrait, 0.15, 0.0), points) is None, "compression artefacts"
    assert ToothLight.from_driver(noisy(portrait, 0.01, 0.0), points) is None, "below MIN_SKIN"


def test_a_very_noisy_frame_is_not_measured(portrait: Frame, portrait_face: Face) -> None:
    light = ToothLight.from_frame(portrait, portrait_face.points)
    assert measure_mouth_interior(portrait, portrait_face, light) is not None
    assert measure_mouth_interior(noisy(portrait, 0.2, 20.0), portrait_face, light) is None


@pytest.mark.parametrize("share", [0.0, 0.2])
def test_a_driver_without_colour_gives_no_pink_teeth(portrait: Frame, portrait_face: Face, share: float) -> None:
    grey = portrait.mean(axis=2, keepdims=True)
    faded = np.clip(grey + share * (portrait - grey), 0, 255).astype(np.uint8)
    assert ToothLight.from_driver(faded, portrait_face.points) is None
