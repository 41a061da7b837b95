from __future__ import annotations

import numpy as np
import pytest

from animato.evaluation.frames import (
    Band,
    groups,
    select_by_turn,
    select_cross,
    select_self,
    select_spread,
    select_views,
    spread,
)
from animato.geometry.landmarks import canonical_face
from animato.geometry.pose import rotation_exp
from animato.types import Face

from .conftest import drawn_points, face_of


def faces(count: int, missing: tuple[int, ...] = ()) -> list[Face | None]:
    """Faces that move to the right, one pixel a frame."""
    return [None if index in missing else face_of(drawn_points() + np.float32([index, 0, 0])) for index in range(count)]


def test_one_photo_is_the_first_frame_with_a_face_and_the_rest_is_scored() -> None:
    selection = select_self(faces(20, missing=(0, 7)), 1, 1, 1)
    assert selection is not None
    assert selection.photos == (1,)
    assert [index for index, _ in selection.scored] == [index for index in range(2, 20) if index != 7]


@pytest.mark.parametrize("shots", [1, 8, 32])
def test_every_number_of_photos_is_scored_on_the_same_frames_and_never_on_a_photo(shots: int) -> None:
    selection, largest = select_self(faces(75), shots, 32, 3), select_self(faces(75), 32, 32, 3)
    assert selection is not None and largest is not None
    assert len(set(selection.photos)) == shots
    assert selection.scored == largest.scored
    assert max(largest.photos) < min(index for index, _ in largest.scored)


def test_a_clip_too_short_for_that_many_photos_is_not_used() -> None:
    assert select_self(faces(40), 32, 32, 1) is None
    assert select_self(faces(3), 1, 1, 1) is None


def test_scored_frames_come_in_threes_that_lie_apart() -> None:
    chosen = groups(range(10, 40), 3)
    assert [index for index, _ in chosen] == [10, 11, 12, 19, 20, 21, 28, 29, 30, 37, 38, 39]
    assert [run for _, run in chosen] == [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]


def test_every_frame_is_scored_when_asked_and_gaps_start_new_runs() -> None:
    assert groups([4, 5, 6, 7, 9, 10], 1) == ((4, 0), (5, 0), (6, 0), (7, 0), (9, 1), (10, 1))


@pytest.mark.parametrize(("count", "wanted"), [(32, 32), (37, 32), (100, 8), (5, 1), (9, 2)])
def test_spread_places_differ_and_reach_both_ends(count: int, wanted: int) -> None:
    places = spread(count, wanted)
    assert len(set(places)) == wanted and places == sorted(places)
    assert places[0] == 0 and (wanted == 1 or places[-1] == count - 1)


def test_the_2019_holdout_is_thirty_two_frames_and_never_a_photo() -> None:
    chosen = [select_spread(faces(90), shots, 32, 32) for shots in (1, 8, 32)]
    assert all(selection is not None for selection in chosen)
    for selection in chosen:
        assert selection is not None and chosen[0] is not None
        scored = {index for index, _ in selection.scored}
        assert len(scored) == 32 and not scored & set(selection.photos)
        assert selection.scored == chosen[0].scored
    assert select_spread(faces(63), 1, 32, 32) is None


def test_the_page_shows_a_usual_frame_and_the_farthest() -> None:
    selection = select_self(faces(21), 1, 1, 1)
    assert selection is not None and selection.shown == (11, 20)


def test_another_drivers_frames_are_scored_from_its_first_face() -> None:
    selection = select_cross(faces(5), faces(12, missing=(0, 1)), 1, 1)
    assert selection is not None and selection.photos == (0,) and selection.scored[0] == (2, 0)


def turned(degrees: float) -> Face:
    """The average face turned to a side."""
    mesh = canonical_face().vertices @ rotation_exp(np.array([0.0, np.radians(degrees), 0.0])).T * 9.0 + (128, 128, 0)
    return face_of(np.concatenate([mesh, mesh[:10]]))


def test_twins_are_scored_in_two_bands_of_turn_from_the_photo() -> None:
    source: list[Face | None] = [turned(degrees) for degrees in (5, 5, 20, -10, -20, 40, 24, 12)]
    driver = faces(8, missing=(1,))
    bands = Band("near", 0.0, 18.0), Band("far", 18.0, 360.0)
    selection = select_by_turn(source, driver, 1, 1, 1, bands)
    assert selection is not None and selection.photos == (0,)
    assert selection.scored == ((2, 0), (3, 0), (4, 1), (5, 1), (6, 1), (7, 2)), "a run lies in one band"
    assert selection.bands == {2: "near", 3: "near", 4: "far", 5: "far", 6: "far", 7: "near"}
    assert select_by_turn(source, driver, 1, 1, 1, [Band("", 60.0, 360.0)]) is None


def test_of_twins_with_several_photos_the_nearest_one_counts() -> None:
    source: list[Face | None] = [turned(degrees) for degrees in (0, 10, 20, 30, 45, 10, -17, 49)]
    selection = select_by_turn(source, faces(8), 2, 2, 1, [Band("", 0.0, 18.0)])
    assert selection is not None and selection.photos == (0, 3)
    assert [index for index, _ in selection.scored] == [4, 5, 6]


def turned_faces(*yaws: float) -> list[Face | None]:
    """The drawn face, turned by degrees."""
    mesh = drawn_points().astype(np.float64)
    middle = mesh.mean(axis=0)
    rotations = (rotation_exp(np.radians([0.0, yaw, 0.0])) for yaw in yaws)
    return [face_of(((mesh - middle) @ rotation.T + middle).astype(np.float32)) for rotation in rotations]


VIEWS = (Band("near", 0.0, 18.0), Band("far", 30.0, 45.0))


def test_the_most_frontal_view_is_the_photo_and_the_others_are_scored_by_their_turn_from_it() -> None:
    selection = select_views(turned_faces(20, 9, -2, 30, -36, 70), 1, [0, 1, 2, 3, 4, 5], VIEWS)
    assert selection is not None
    assert selection.photos == (2,) and selection.centre == 0
    assert dict(selection.bands) == {1: "near", 3: "far", 4: "far"}, "22 and 72 degrees lie in no band"
    assert [run for _, run in selection.scored] == [0, 1, 2], "views are no runs"


def test_more_photos_are_frames_between_the_views_and_change_neither_photo_nor_scored_views() -> None:
    faces = turned_faces(20, 15, 10, 5, 1, -4, -9, -14)
    one, four = (select_views(faces, shots, [0, 4, 7], VIEWS) for shots in (1, 4))
    assert one is not None and four is not None
    assert len(four.photos) == 4 and set(four.photos) & {0, 4, 7} == {4} == {four.photos[four.centre]}
    assert (four.scored, four.bands) == (one.scored, one.bands)
    assert select_views(faces, 7, [0, 4, 7], VIEWS) is None, "five frames are no views"
    assert select_views(faces, 1, [4], VIEWS) is None, "nothing is left to score"
