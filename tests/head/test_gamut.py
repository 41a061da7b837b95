"""What is painted on a photo without colour, with little or in one tone has no colour beyond the photo's own."""

from __future__ import annotations

import numpy as np
import pytest
from head_material import Head

from animato.head.eyeballs import build_eyeballs
from animato.head.gamut import FaceGamut
from animato.head.mouth import build_mouth
from animato.head.white_balance import LUMA
from animato.types import Frame

TURQUOISE, PINK = (120, 220, 225), (230, 110, 130)


def grey(picture: Frame) -> Frame:
    return np.repeat(np.rint(picture @ LUMA)[..., None], 3, axis=2).astype(np.uint8)


def faded(picture: Frame, share: float) -> Frame:
    """A picture with a share of its colour."""
    plain = (picture @ LUMA)[..., None]
    return np.clip(plain + share * (picture - plain) + 0.5, 0, 255).astype(np.uint8)


def sepia(picture: Frame) -> Frame:
    return np.clip((picture @ LUMA)[..., None] * (1.07, 0.95, 0.75) + 0.5, 0, 255).astype(np.uint8)


def toned(picture: Frame, black: tuple[int, ...], white: tuple[int, ...]) -> Frame:
    """A picture in one tone, between the colours of black and of white."""
    share = (picture @ LUMA)[..., None] / 255
    return np.clip(black + share * np.subtract(white, black) + 0.5, 0, 255).astype(np.uint8)


def painted(picture: Frame) -> Frame:
    """The picture with turquoise and pink patches."""
    made = picture.copy()
    made[100:140, 100:140], made[150:190, 100:140] = TURQUOISE, PINK
    return made


def test_what_is_painted_on_a_grey_photo_is_exactly_grey(calm: Head) -> None:
    photo = grey(calm.crop)
    made = painted(photo)
    FaceGamut.of(photo, calm.points).clip_painted(made, photo)
    assert np.ptp(made.astype(int), axis=2).max() == 0
    assert made[120, 120, 0] == pytest.approx(LUMA @ TURQUOISE, abs=1), "brightness stays"
    np.testing.assert_array_equal(made[:100], photo[:100])


def test_every_grey_keeps_its_brightness_and_no_colour() -> None:
    none = FaceGamut(np.zeros(2, np.float32), np.zeros(2, np.float32))
    colours = np.random.default_rng(0).integers(0, 256, (5000, 3), np.uint8)
    clipped = none.clipped(colours[None])[0].astype(int)
    assert np.ptp(clipped, axis=1).max() == 0
    assert np.abs(clipped[:, 0] - colours @ LUMA).max() <= 0.501


@pytest.mark.parametrize(
    ("black", "white"),
    [((10, 40, 90), (235, 245, 255)), ((20, 10, 25), (250, 240, 245)), ((25, 15, 8), (255, 230, 185))],
    ids=["cyanotype", "selenium", "sepia"],
)
def test_a_toned_photo_keeps_its_tone(calm: Head, black: tuple[int, ...], white: tuple[int, ...]) -> None:
    photo = toned(calm.crop, black, white)
    gamut, made = FaceGamut.of(photo, calm.points), painted(photo)
    made[200:240, 100:140] = (240, 238, 230)  # teeth
    gamut.clip_painted(made, photo)
    for y in (120, 170, 220):
        colour = made[y, 120].astype(float)
        share = (colour @ LUMA - LUMA @ black) / (LUMA @ white - LUMA @ black)
        wanted = np.clip(black + share * np.subtract(white, black), 0, 255)
        np.testing.assert_allclose(colour, wanted, atol=4)
    np.testing.assert_array_equal(made[:100], photo[:100])


def test_sepia_stays_sepia(calm: Head) -> None:
    photo = sepia(calm.crop)
    made = painted(photo)
    FaceGamut.of(photo, calm.points).clip_painted(made, photo)
    for y in (120, 170):
        wanted = (made[y, 120] @ LUMA) * np.array([1.07, 0.95, 0.75]) / (LUMA @ (1.07, 0.95, 0.75))
        assert np.abs(made[y, 120] - wanted).max() < 8


def test_a_faded_photo_has_no_colour_beyond_its_own(calm: Head) -> None:
    photo = faded(calm.crop, 0.25)
    made = painted(photo)
    FaceGamut.of(photo, calm.points).clip_painted(made, photo)
    turquoise, pink = made[120, 120].astype(int), made[170, 120].astype(int)
    assert turquoise[0] >= turquoise[2] - 2, "no bluish teeth"
    assert 0 < pink[0] - pink[1] < 40, "as red as the faded lips at most"


def test_an_ordinary_photo_is_left_as_it_is(calm: Head) -> None:
    gamut, made = FaceGamut.of(calm.crop, calm.points), painted(calm.crop)
    assert gamut.ordinary and gamut.clipped(made) is made
    gamut.clip_painted(made, calm.crop)
    np.testing.assert_array_equal(made, painted(calm.crop))


def test_colours_that_the_photo_has_beside_a_grey_face_stay(calm: Head) -> None:
    photo = grey(calm.crop)
    photo[:20] = TURQUOISE
    made = photo.copy()
    made[:20] = np.clip(photo[:20] * 0.95, 0, 255).astype(np.uint8)
    wanted = made.copy()
    FaceGamut.of(photo, calm.points).clip_painted(made, photo)
    assert np.abs(made.astype(int) - wanted).max() <= 1


def test_drawn_mouths_and_eyes_of_a_grey_photo_are_grey(calm: Head) -> None:
    photo, points = grey(calm.crop), calm.points
    gamut = FaceGamut.of(photo, points)
    mouth = build_mouth(photo, points, calm.warper.pose, gamut)
    for colour in (mouth.surfaces.cavity, mouth.surfaces.tongue):
        assert np.ptp(colour) < 1e-3
    for texture in (mouth.surfaces.upper, mouth.surfaces.lower):
        assert np.ptp(texture[..., :3].astype(int), axis=2).max() <= 1
    asleep = points.copy()
    for ring in (eye.ring for eye in calm.warper.eyes):
        asleep[list(ring), 1] = points[list(ring), 1].mean()
    for eye in build_eyeballs(photo, asleep, calm.warper.pose, gamut):
        assert np.ptp(np.stack([eye.white, eye.iris]).astype(int), axis=3).max() == 0
