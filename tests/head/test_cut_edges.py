"""Edges that cut a head are found; a picture with room around it has none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from gallery_faces import gallery_photo

from animato.geometry.landmarks import CHIN, FOREHEAD
from animato.head.cut_edges import cut_edges, edge_warnings
from animato.media.image import load_picture
from animato.tracking.face_finder import FaceFinder
from animato.types import Face, Frame


def trimmed(portrait: Frame, face: Face, top: int, bottom: int) -> tuple[str, ...]:
    """Edges that cut the head when rows are cut away."""
    return cut_edges(np.ascontiguousarray(portrait[top:bottom]), face.points - np.array([0, top, 0], np.float32))


def test_a_head_with_room_around_it_is_not_cut(portrait: Frame, portrait_face: Face) -> None:
    assert cut_edges(portrait, portrait_face.points) == ()
    assert edge_warnings((), "me.jpg") == []


def test_an_edge_through_hair_or_chin_is_found(portrait: Frame, portrait_face: Face) -> None:
    forehead, chin = (int(portrait_face.points[index, 1]) for index in (FOREHEAD, CHIN))
    assert trimmed(portrait, portrait_face, forehead - 15, 512) == ("top",)
    assert trimmed(portrait, portrait_face, 0, chin + 4) == ("bottom",)
    (said,) = edge_warnings(("top", "bottom"), "me.jpg")
    assert "hair at the top and the chin at the bottom" in said and "more space" in said


@pytest.mark.data
def test_the_tight_case_is_cut_at_the_top_and_its_portrait_is_not(shared_data: Path, face_finder: FaceFinder) -> None:
    case = shared_data.parent / "cases" / "tight.png"
    if not case.is_file():
        pytest.skip("the cases are not beside this checkout")
    for path, cut in ((case, True), (shared_data / "portraits" / "l113_neutral.jpg", False)):
        image = load_picture(path).image
        (face,) = face_finder.find(image)
        assert ("top" in cut_edges(image, face.points)) == cut


def test_another_person_is_cut_where_rows_are_cut_away_and_not_before(face_finder: FaceFinder) -> None:
    photo = gallery_photo("portrait-l006", 2.0)
    (face,) = face_finder.find(photo)
    assert "top" not in cut_edges(photo, face.points)
    assert "top" in trimmed(photo, face, int(face.points[FOREHEAD, 1]) - 15, photo.shape[0])
