"""A picture that others are compared with is looked at more than once: its landmarks depend less on chance."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from animato.tracking.face_finder import REFERENCE_CROPS, FaceFinder
from animato.tracking.landmarker import RegionOfInterest, perturbed_regions, region_from_points
from animato.types import Face, Frame


def spread(faces: list[Face], shifts: list[tuple[float, float]]) -> float:
    """Return the root mean square, over landmarks, of where they fall once the pictures' shifts are undone, pixels."""
    places = np.stack([face.points[:, :2] - shift for face, shift in zip(faces, shifts, strict=True)])
    return float(np.sqrt((places.var(axis=0)).mean()))


def test_one_look_is_the_region_itself_and_others_come_in_opposite_pairs() -> None:
    region = RegionOfInterest(200.0, 100.0, 150.0, 0.2)
    assert perturbed_regions(region, 1) == [region]
    first, *others = perturbed_regions(region, REFERENCE_CROPS)
    assert first == region and len(others) == REFERENCE_CROPS - 1
    for one, other in zip(others[::2], others[1::2], strict=True):
        assert one != other
        assert (one.x + other.x) / 2 == pytest.approx(region.x)
        assert (one.y + other.y) / 2 == pytest.approx(region.y)
        assert math.sqrt(one.side * other.side) == pytest.approx(region.side)
        assert (one.angle + other.angle) / 2 == pytest.approx(region.angle)
    assert perturbed_regions(region, REFERENCE_CROPS) == [first, *others]


def test_a_settled_face_depends_less_on_where_it_lies_in_the_picture(portrait: Frame, face_finder: FaceFinder) -> None:
    shifts = [(0.0, 0.0), (2.3, 1.1), (-3.7, 2.9), (5.2, -4.4), (-1.4, -6.3), (7.9, 3.6)]
    once, refined = [], []
    for shift in shifts:
        move = np.array([[1.0, 0.0, shift[0]], [0.0, 1.0, shift[1]]])
        picture = np.asarray(cv2.warpAffine(portrait, move, (512, 512), flags=cv2.INTER_CUBIC), np.uint8)
        (face,) = face_finder.find(picture, quick=True)
        once.append(face)
        refined.append(face_finder.refined(picture, face))
    assert spread(refined, shifts) < 0.8 * spread(once, shifts)


def test_a_settled_face_is_the_same_face_with_its_expression(
    portrait: Frame, portrait_face: Face, face_finder: FaceFinder
) -> None:
    refined = face_finder.refined(portrait, portrait_face)
    width = float(np.ptp(portrait_face.points[:, 0]))
    assert np.linalg.norm((refined.points - portrait_face.points)[:, :2], axis=1).max() < 0.03 * width
    assert np.abs(refined.blendshapes - portrait_face.blendshapes).max() < 0.25
    assert refined.score > 0.9


def test_where_no_face_is_seen_the_landmarks_given_stay(portrait_face: Face, face_finder: FaceFinder) -> None:
    blank = np.full((512, 512, 3), 90, np.uint8)
    assert face_finder.refined(blank, portrait_face) is portrait_face


def test_the_mean_of_looks_is_what_is_returned(portrait: Frame, portrait_face: Face, face_finder: FaceFinder) -> None:
    region = region_from_points(portrait_face.points)
    landmarker = face_finder.landmarker
    single = [landmarker.locate(portrait, near).points for near in perturbed_regions(region, 3)]
    together = landmarker.locate(portrait, region, crops=3).points
    np.testing.assert_allclose(together, np.mean(single, axis=0), atol=1e-3)
