"""Parts of drawings: told before a background without edges, in its own colours; otherwise the drawing is bent."""

from __future__ import annotations

import numpy as np
import pytest
from drawn_pictures import cartoon

from animato.geometry.pose import fit_pose
from animato.head.drawn_parts import read_drawn_parts
from animato.head.head import Head
from animato.head.parts import HeadParts, Shares
from animato.pipeline.factory import make_renderer
from animato.settings.animate import AnimateSettings
from animato.tracking.face_finder import FaceFinder
from animato.types import Frame

BACKGROUND, SIDE = (210, 220, 235), 640


def parts_of(picture: Frame, drawn: Head) -> HeadParts | None:
    points = drawn.photo.face.points
    return read_drawn_parts(picture, points, fit_pose(points))


@pytest.fixture(scope="module")
def drawn(face_finder: FaceFinder) -> Head:
    return Head.from_photos([cartoon()], finder=face_finder)


def at(plane: np.ndarray, x: int, y: int) -> float:
    return float(plane[y, x])


def test_hair_face_neck_and_clothes_are_where_they_are_drawn(drawn: Head) -> None:
    parts = parts_of(cartoon(), drawn)
    assert parts is not None
    shares = Shares.of(parts, SIDE)
    assert at(parts.person, 20, 20) == 0
    assert min(at(parts.person, x, y) for x, y in ((320, 100), (320, 350), (320, 510), (320, 600))) > 0.99
    assert min(at(shares.hair, x, y) for x, y in ((320, 100), (165, 270), (475, 270))) > 0.9
    assert min(at(shares.face, x, y) for x, y in ((320, 350), (262, 300), (320, 405))) > 0.9  # and its eyes and lips
    assert at(shares.skin, 320, 525) > 0.9
    assert at(shares.body, 320, 600) > 0.9 and at(shares.skin, 320, 600) < 0.1


def test_noise_of_compression_and_a_gradient_are_no_edges(drawn: Head) -> None:
    picture = cartoon().astype(np.float32)
    background = (picture == BACKGROUND).all(axis=2)
    picture[background] -= (np.linspace(0, 60, SIDE)[:, None, None] * np.ones((1, SIDE, 3)))[background]
    noisy = np.clip(picture + np.random.default_rng(0).normal(0, 2, picture.shape), 0, 255).astype(np.uint8)
    calm, found = parts_of(cartoon(), drawn), parts_of(noisy, drawn)
    assert calm is not None and found is not None
    assert (np.abs(calm.person - found.person) > 0.5).mean() < 0.01


def test_before_a_busy_background_nothing_is_told(drawn: Head) -> None:
    picture = cartoon()
    background = (picture == BACKGROUND).all(axis=2)
    leaves = (
        np.random.default_rng(0).integers(0, 255, (SIDE // 16, SIDE // 16, 3)).repeat(16, axis=0).repeat(16, axis=1)
    )
    picture[background] = leaves[background]
    assert parts_of(picture, drawn) is None


def test_a_face_of_the_backgrounds_colour_is_not_taken_apart(drawn: Head) -> None:
    assert parts_of(np.full((SIDE, SIDE, 3), 200, np.uint8), drawn) is None


def test_a_drawn_head_turns_as_a_closed_one(drawn: Head, face_finder: FaceFinder) -> None:
    framing, _ = make_renderer(drawn, AnimateSettings(frame="crop"), face_finder.engine)
    assert framing.view.layers is not None
    corner = framing.view.layers.plate[:40, :40].reshape(-1, 3)
    assert np.abs(corner.astype(int) - BACKGROUND).max() <= 1
