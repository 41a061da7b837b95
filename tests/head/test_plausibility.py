"""Smileys and dogs are refused, and no real portrait is."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from drawn_pictures import cartoon, dog, smiley
from gallery_faces import PHOTOS, gallery_photo

from animato.errors import FaceError
from animato.head.head import Head
from animato.head.plausibility import plausibility
from animato.head.quality import is_drawn
from animato.media.image import load_picture
from animato.runtime.engine import Engine
from animato.tracking.face_finder import FaceFinder
from animato.types import Face, Frame

YELLOW, ORANGE, WHITE = (255, 217, 61), (255, 200, 60), (255, 255, 255)
NO_FACES = {
    "smiley, round mouth": smiley(YELLOW, wide_eyes=False, mouth="round"),
    "smiley, wide eyes": smiley(YELLOW, wide_eyes=True, mouth="arc"),
    "smiley, wide eyes, straight mouth": smiley(ORANGE, wide_eyes=True, mouth="line"),
    "smiley, white": smiley(WHITE, wide_eyes=True, mouth="round"),
    "dog, brown": dog((190, 140, 80), (230, 210, 180)),
    "dog, white": dog((230, 225, 215), (245, 240, 235)),
}


def refused(picture: Frame, finder: FaceFinder) -> FaceError | None:
    try:
        Head.from_photos([picture], finder=finder)
    except FaceError as problem:
        return problem
    return None


@pytest.mark.parametrize("name", NO_FACES)
def test_what_only_looks_like_a_face_is_refused(name: str, face_finder: FaceFinder) -> None:
    problem = refused(NO_FACES[name], face_finder)
    assert problem is not None and problem.exit_code == 3 and problem.hint and problem.more == "docs/photos.md"


def test_the_smiley_of_the_cases_is_refused(shared_data: Path, face_finder: FaceFinder) -> None:
    case = shared_data.parent / "cases" / "smiley.png"
    if not case.is_file():
        pytest.skip("the cases are not beside this checkout")
    problem = refused(load_picture(case).image, face_finder)
    assert problem is not None and "cannot be animated" in problem.what


def test_a_real_face_is_trusted_turned_dark_blurred_or_small(
    portrait: Frame, portrait_face: Face, face_finder: FaceFinder
) -> None:
    small = cv2.resize(portrait, (300, 300), interpolation=cv2.INTER_AREA)
    dark = (portrait * 0.3).astype(np.uint8)
    side = np.ascontiguousarray(np.rot90(portrait))
    for picture in (small, dark, cv2.GaussianBlur(portrait, (0, 0), 2), side):
        face = max(face_finder.find(np.asarray(picture, np.uint8)), key=lambda face: np.ptp(face.points[:, 0]))
        assert not plausibility(np.asarray(picture, np.uint8), face, face_finder).doubtful
    found = plausibility(portrait, portrait_face, face_finder)
    assert found.disagreement < 0.04 and found.score > 0.85


@pytest.mark.data
def test_no_real_portrait_is_refused_or_doubted(shared_data: Path, face_finder: FaceFinder) -> None:
    for path in sorted((shared_data / "portraits").glob("*.jpg"))[::14]:
        image = load_picture(path).image
        (face,) = face_finder.find(image)
        assert not plausibility(image, face, face_finder).doubtful, path.name
        assert not is_drawn(image, face), path.name


def test_no_real_person_of_the_gallery_is_refused_or_doubted(face_finder: FaceFinder) -> None:
    for sheet in PHOTOS:
        image = gallery_photo(sheet, 2.0)
        (face,) = face_finder.find(image)
        assert not plausibility(image, face, face_finder).doubtful, sheet
        assert not is_drawn(image, face), sheet


def test_a_face_drawn_in_flat_colours_is_known_as_such(portrait: Frame, portrait_face: Face) -> None:
    finder = FaceFinder(Engine(1))
    (face,) = finder.find(cartoon())
    assert is_drawn(cartoon(), face) and not is_drawn(portrait, portrait_face)
    assert not plausibility(cartoon(), face, finder).doubtful
