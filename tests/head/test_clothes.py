"""Clothes beside a jaw are told from skin by their colour, and the neck behind a jaw is skin."""

from __future__ import annotations

import numpy as np
import pytest

from animato.geometry.pose import fit_pose
from animato.head.clothes import is_like, skin_colour, without_clothes
from animato.head.neck import continued_body
from animato.head.parts import Shares
from animato.types import Face

SKIN, CLOTH = (200, 150, 125), (30, 35, 60)


@pytest.fixture
def scene(portrait_face: Face) -> tuple[np.ndarray, Shares, float]:
    """A figure whose every pixel is labelled as skin, though it wears blue below the middle of its mouth."""
    size = 512
    image = np.full((size, size, 3), SKIN, np.uint8)
    pose = fit_pose(portrait_face.points)
    chin = float(portrait_face.points[152, 1])
    image[int(chin - 1.0 * pose.scale) :] = CLOTH
    ones, none = np.ones((size, size), np.float32), np.zeros((size, size), np.float32)
    face = ones.copy()
    face[int(chin - 1.0 * pose.scale) :] = 0
    return image, Shares(ones, face, none, none, ones, none), chin


def test_what_has_not_the_colour_of_skin_beside_the_jaw_is_clothes(
    scene: tuple[np.ndarray, Shares, float], portrait_face: Face
) -> None:
    image, shares, chin = scene
    pose = fit_pose(portrait_face.points)
    found = without_clothes(shares, image, portrait_face.points, pose, shares.head)
    row, middle = int(chin + 2 * pose.scale), int(portrait_face.points[152, 0])
    aside = int(middle + 8 * pose.scale)
    assert found.head[row, aside] < 0.1 and found.body[row, aside] > 0.9
    assert found.head[row, middle] == 1, "below the chin a beard or a shadow may be dark"
    assert found.head[int(chin - 12 * pose.scale), aside] == 1, "above, it is hair"


def test_skin_is_known_by_hue_and_light() -> None:
    image = np.array([[SKIN, (150, 112, 94), CLOTH, (20, 15, 12)]], np.uint8)
    assert is_like(image, np.array(SKIN, np.float64)).tolist() == [[True, True, False, False]]
    assert skin_colour(image, np.zeros((1, 4), np.float32)) is None


def test_a_neck_is_skin_down_to_the_collar(portrait_face: Face) -> None:
    size, pose = 512, fit_pose(portrait_face.points)
    middle, chin = portrait_face.points[152, :2]
    collar = int(chin + 1.0 * pose.scale)
    image = np.full((size, size, 3), SKIN, np.uint8)
    image[collar:] = CLOTH
    person = np.zeros((size, size), np.float32)
    person[:, int(middle - 6 * pose.scale) : int(middle + 6 * pose.scale)] = 1
    head, face = person.copy(), person.copy()
    head[int(collar + 0.5 * pose.scale) :], face[int(chin) :] = 0, 0
    none = np.zeros_like(person)
    shares = Shares(head, face, none, none, none, person - head)
    body, opacity = continued_body(image, person, head, person - head, pose, (image, image), shares)
    row = int(chin - 1.0 * pose.scale)
    assert opacity[row, int(middle)] > 0.9
    assert body[row, int(middle), 0] > 2 * CLOTH[0], "behind the jaw"
    assert body[int(collar + 1.5 * pose.scale), int(middle), 0] < 1.5 * CLOTH[0], "the collar"
