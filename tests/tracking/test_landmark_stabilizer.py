"""Landmarks are held to the skin: errors of the landmark network do not let a mole wander over the face."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from animato.geometry.landmarks import BROW_LEFT, EYE_LEFT, EYE_RIGHT, LIPS_INNER, MESH_POINTS, OVAL
from animato.tracking.landmark_stabilizer import LandmarkStabilizer
from animato.types import Face, Frame

SKIN = [i for i in range(MESH_POINTS) if i not in {*LIPS_INNER, *EYE_LEFT, *EYE_RIGHT, *OVAL}]


def moved(picture: Frame, degrees: float, right: float, down: float, zoom: float) -> tuple[Frame, np.ndarray]:
    """Return the picture moved about the middle of its face, and the map that did so."""
    affine = cv2.getRotationMatrix2D((225.0, 125.0), degrees, zoom)
    affine[:, 2] += right, down
    size = picture.shape[1], picture.shape[0]
    return np.asarray(cv2.warpAffine(picture, affine, size, flags=cv2.INTER_CUBIC), np.uint8), affine


def placed(face: Face, affine: np.ndarray) -> Face:
    points = face.points.copy()
    points[:, :2] = points[:, :2] @ affine[:, :2].T + affine[:, 2]
    return replace(face, points=points)


def erring(face: Face, seed: int) -> Face:
    """Return the face as a landmark network might see it: off by about a pixel, alike in one part of the face."""
    random = np.random.default_rng(seed)
    low, size = face.points[:, :2].min(axis=0), np.ptp(face.points[:, :2], axis=0).max()
    waves = random.normal(0, 0.8, (3, 2)), random.uniform(1, 4, (3, 2)), random.uniform(0, 6, 3)
    phase = (face.points[:, :2] - low) / size @ waves[1].T + waves[2]
    points = face.points.copy()
    points[:, :2] += np.sin(phase) @ waves[0] + 0.5
    return replace(face, points=points)


def off(face: Face, truth: Face, indices: list[int] | tuple[int, ...] = tuple(SKIN)) -> float:
    """Return the mean distance of some landmarks from where they should be, pixels."""
    chosen = list(indices)
    return float(np.linalg.norm(face.points[chosen, :2] - truth.points[chosen, :2], axis=1).mean())


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_errors_of_the_network_shrink_to_a_fraction(portrait: Frame, portrait_face: Face, seed: int) -> None:
    anchor = LandmarkStabilizer(portrait, portrait_face)
    frame, affine = moved(portrait, 7.0, 11.3, -6.2, 1.08)
    truth = placed(portrait_face, affine)
    given = erring(truth, seed)
    assert off(given, truth) > 0.5
    assert off(anchor.correct(frame, given), truth) < 0.3 * off(given, truth)


def test_light_that_changes_does_not_matter(portrait: Frame, portrait_face: Face) -> None:
    anchor = LandmarkStabilizer(portrait, portrait_face)
    frame, affine = moved(portrait, 0.0, 5.4, 3.3, 1.0)
    across = np.linspace(0.5, 1.1, frame.shape[1])[None, :, None]
    lit = np.clip(frame * across + 12, 0, 255).astype(np.uint8)
    truth = placed(portrait_face, affine)
    given = erring(truth, 4)
    assert off(anchor.correct(lit, given), truth) < 0.5 * off(given, truth)


def test_the_anchor_itself_stays_as_it_is(portrait: Frame, portrait_face: Face) -> None:
    corrected = LandmarkStabilizer(portrait, portrait_face).correct(portrait, portrait_face)
    assert np.abs(corrected.points - portrait_face.points).max() < 1e-3
    assert np.array_equal(corrected.blendshapes, portrait_face.blendshapes)


def test_what_cannot_be_found_again_is_left_to_the_network(portrait: Frame, portrait_face: Face) -> None:
    anchor = LandmarkStabilizer(portrait, portrait_face)
    noise = np.random.default_rng(0).integers(0, 256, portrait.shape, np.uint8)
    assert off(anchor.correct(noise, portrait_face), portrait_face) < 0.15
    flat = np.full_like(portrait, 128)
    assert off(anchor.correct(flat, portrait_face), portrait_face) < 0.1


def test_a_hand_over_the_mouth_moves_no_brow(portrait: Frame, portrait_face: Face) -> None:
    anchor = LandmarkStabilizer(portrait, portrait_face)
    covered = portrait.copy()
    middle = portrait_face.points[[13, 14], 1].mean()
    covered[int(middle) - 12 :] = np.random.default_rng(1).integers(90, 130, covered[int(middle) - 12 :].shape)
    given = erring(portrait_face, 5)
    corrected = anchor.correct(covered, given)
    assert off(corrected, portrait_face, BROW_LEFT) < 0.4 * off(given, portrait_face, BROW_LEFT)
    assert np.isfinite(corrected.points).all()


def test_the_depth_of_landmarks_is_not_touched(portrait: Frame, portrait_face: Face) -> None:
    given = erring(portrait_face, 6)
    corrected = LandmarkStabilizer(portrait, portrait_face).correct(portrait, given)
    assert np.array_equal(corrected.points[:, 2], given.points[:, 2])
