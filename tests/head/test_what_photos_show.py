"""What a photo shows behind lids and lips: nothing through a slit, and nothing of the lips themselves."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from head_material import Head, inside

from animato.geometry.apertures import apertures
from animato.geometry.landmarks import LIPS_INNER, LIPS_OUTER
from animato.geometry.pose import local_from_points
from animato.head.eyeballs import build_eyeballs
from animato.head.mouth import build_mouth
from animato.motion.aperture_profile import scale_apertures
from animato.types import Frame, Points

ENLARGED = 3
"""A large photo, in which even a slit has pixels."""


@pytest.fixture(scope="module")
def large(smiling: Head) -> tuple[Frame, np.ndarray]:
    """The portrait enlarged, and its landmarks there."""
    picture = cv2.resize(smiling.crop, None, fx=ENLARGED, fy=ENLARGED, interpolation=cv2.INTER_CUBIC)
    return np.asarray(picture, np.uint8), smiling.points * np.float32(ENLARGED)


def with_apertures(head: Head, eyes: float, mouth: float) -> Points:
    """The face with eyes and mouth of an aperture, on the enlarged photo."""
    now = apertures(head.local)
    local = scale_apertures(head.local, (eyes / now[0], eyes / now[1], mouth / now[2]))
    return head.with_face(local) * np.float32(ENLARGED)


def test_eyes_nearly_shut_show_no_eyeball(smiling: Head, large: tuple[Frame, Points]) -> None:
    picture, _ = large
    pose, gamut = smiling.warper.view.pose, smiling.warper.gamut
    shown = {}
    for eyes in (0.06, 0.16):
        points = with_apertures(smiling, eyes, 0.1)
        assert local_from_points(points, pose).shape == (478, 3)
        shown[eyes] = [eye.confidence for eye in build_eyeballs(picture, points, pose, gamut)]
    assert shown == {0.06: [0.0, 0.0], 0.16: [1.0, 1.0]}


def test_lips_nearly_shut_show_no_mouth(smiling: Head, large: tuple[Frame, Points]) -> None:
    picture, _ = large
    pose, gamut = smiling.warper.view.pose, smiling.warper.gamut
    slit, open_mouth = (
        build_mouth(picture, with_apertures(smiling, 0.16, mouth), pose, gamut).confidence for mouth in (0.033, 0.12)
    )
    assert slit.max() == 0.0 and open_mouth.max() > 0.9


def test_what_is_shown_of_a_mouth_holds_nothing_of_its_lips(smiling: Head) -> None:
    points = with_apertures(smiling, 0.16, 0.12) / np.float32(ENLARGED)
    size = smiling.crop.shape[0]
    picture = smiling.crop.copy()
    lips = inside(points, LIPS_OUTER, size, 0)
    picture[lips] = (255, 0, 0)
    picture[inside(points, LIPS_INNER, size, 0)] = 128
    picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), 1.0), np.uint8)  # a photo's edges are soft
    mouth = build_mouth(picture, points, smiling.warper.pose, smiling.warper.gamut)
    red = (mouth.texture[..., 0].astype(float) - mouth.texture[..., 1]) * mouth.confidence
    assert mouth.confidence.max() > 0.5
    assert red.max() < 60
