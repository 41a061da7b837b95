"""Behind a jaw the neck goes on as wide as it is seen below the chin, in the colour of skin."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest

from animato.geometry.pose import HeadPose, rotation_exp
from animato.head.neck import continued_body
from animato.head.parts import Shares
from animato.types import Frame, Plane

SIZE, LEFT, RIGHT, SHOULDERS = 240, 76, 124, 200
POSE = HeadPose(np.eye(3), np.array([100.0, 90.0, 0.0]), 8.0)
SKIN, SHIRT, WALL = (200, 150, 120), (40, 60, 140), (230, 230, 230)


class Person(NamedTuple):
    image: Frame
    alpha: Plane
    head: Plane
    body: Plane
    shares: Shares


def person(collar: int = SHOULDERS) -> Person:
    """A head over a neck over shoulders; a collar hides the neck from a row on."""
    y, x = np.mgrid[:SIZE, :SIZE]
    head = ((x - 100) / 45) ** 2 + ((y - 90) / 72) ** 2 < 1
    neck = (x >= LEFT) & (x < RIGHT) & (y > 90)
    shirt = (y >= SHOULDERS) | ((y >= collar) & neck)
    image = np.full((SIZE, SIZE, 3), WALL, np.uint8)
    image[neck | head], image[shirt & ~head] = SKIN, SHIRT
    alpha = (head | neck | shirt).astype(np.float32)
    skirt = head | (neck & (y < 175))  # the head's layer reaches over the neck
    body = alpha * ~skirt
    skin = (neck & ~head & ~shirt).astype(np.float32)
    clothes = (shirt & ~head).astype(np.float32)
    faces = head.astype(np.float32)
    none = np.zeros_like(alpha)
    shares = Shares(faces, faces, none, none, skin, np.maximum(skin, clothes))
    return Person(image, alpha, skirt.astype(np.float32), np.asarray(body, np.float32), shares)


def test_a_neck_goes_on_behind_the_jaw_as_wide_as_it_is_seen() -> None:
    image, alpha, head, body, shares = person()
    colours, opacity = continued_body(image, alpha, head, body, POSE, (image, np.full_like(image, WALL)), shares)
    inside = np.flatnonzero(opacity[156] > 0.5)  # behind the jaw
    assert abs(inside[0] - LEFT) <= 2 and abs(inside[-1] - (RIGHT - 1)) <= 2
    assert np.abs(colours[135, LEFT + 3 : RIGHT - 3].astype(int) - SKIN).max() <= 3
    assert 0.6 < (opacity[128] > 0.5).sum() / (RIGHT - LEFT) < 0.9, "with a round end"
    assert opacity[60].max() < 0.01, "not behind the face"


def test_a_neck_that_is_seen_below_the_chin_alone_gives_its_colour() -> None:
    image, alpha, head, body, shares = person(collar=176)
    colours, _ = continued_body(image, alpha, head, body, POSE, (image, np.full_like(image, WALL)), shares)
    assert np.abs(colours[135, LEFT + 3 : RIGHT - 3].astype(int) - SKIN).max() <= 3


@pytest.mark.parametrize(("yaw", "seen"), [(0.0, (True, True)), (35.0, (False, True))])
def test_skin_beside_the_neck_is_the_jaw_on_the_far_side_of_a_turned_face(yaw: float, seen: tuple[bool, bool]) -> None:
    image, alpha, head, body, shares = person()
    wider = np.zeros_like(alpha)
    wider[150:160, LEFT - 16 : LEFT - 6] = wider[150:160, RIGHT + 6 : RIGHT + 16] = 1
    image[wider > 0] = SKIN
    body, skin = np.maximum(body, wider * (head < 0.5)), np.maximum(shares.skin, wider)
    shares = replace(shares, skin=skin, body=np.maximum(shares.body, wider))
    turned = HeadPose(rotation_exp(np.radians([0.0, yaw, 0.0])), POSE.translation, POSE.scale)
    where = np.asarray(body * wider > 0.5)
    _, opacity = continued_body(image, np.maximum(alpha, wider), head, body, turned, (image, image), shares)
    for side, columns in zip(seen, (np.s_[:, :LEFT], np.s_[:, RIGHT:]), strict=True):
        assert where[columns].any()
        assert bool(opacity[columns][where[columns]].mean() > 0.5) is side
