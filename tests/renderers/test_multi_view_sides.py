"""Sides that the animated photo hides come from another photo, matched to its light."""

from __future__ import annotations

import numpy as np
import pytest
from head_material import SIZE, Head, apart, drawn_head, head, inside

from animato.geometry.landmarks import OVAL
from animato.geometry.pose import points_from_local, rotation_exp
from animato.renderers.warp.multi_view import select_side_sources

AWAY = 45.0


@pytest.fixture
def photo(calm: Head) -> Head:
    """The drawn head turned away, half of it hidden."""
    return head(*drawn_head(calm.local, AWAY))


def seen_from(of: Head, yaw: float) -> tuple[np.ndarray, np.ndarray]:
    """Render the head at a yaw in degrees; return (image, mask of the face without its rim)."""
    truth, points = drawn_head(of.local, yaw)
    made = of.warper.render(points, head(truth, points).warper.pose)
    return apart(made.image, truth), inside(points, OVAL, SIZE, 6)


def test_the_far_side_comes_from_the_photo_that_shows_it(photo: Head, calm: Head) -> None:
    alone, face = seen_from(photo, -25.0)
    select_side_sources([photo.warper, head(*drawn_head(calm.local, -AWAY)).warper])
    lent, _ = seen_from(photo, -25.0)
    assert lent[face].mean() < 0.5 * alone[face].mean()


def test_at_its_own_pose_only_the_photo_is_used(photo: Head, calm: Head) -> None:
    select_side_sources([photo.warper, head(*drawn_head(calm.local, -AWAY)).warper])
    assert photo.warper.source_views
    made = photo.warper.render(photo.points, photo.warper.pose)
    assert apart(made.image, photo.crop)[inside(photo.points, OVAL, SIZE, 6)].mean() < 1.0


def test_source_views_raise_validity(photo: Head, calm: Head) -> None:
    _, points = drawn_head(calm.local, -25.0)
    pose = head(*drawn_head(calm.local, -25.0)).warper.pose
    before = photo.warper.render(points, pose).validity.mean()
    select_side_sources([photo.warper, head(*drawn_head(calm.local, -AWAY)).warper])
    assert photo.warper.render(points, pose).validity.mean() > before + 0.01


def test_a_darker_source_view_is_matched_in_brightness(photo: Head, calm: Head) -> None:
    side = drawn_head(calm.local, -AWAY)
    results = []
    for light in (1.0, 0.7):
        main = head(photo.crop, photo.points)
        select_side_sources([main.warper, head(np.asarray(side[0] * light, np.uint8), side[1]).warper])
        away, face = seen_from(main, -25.0)
        results.append(away[face].mean())
    assert results[1] < results[0] + 4.0


def test_photos_of_the_same_side_are_not_used(photo: Head, calm: Head) -> None:
    before = photo.warper.source_views
    select_side_sources([photo.warper, head(*drawn_head(calm.local, AWAY)).warper])
    assert len(photo.warper.source_views) == len(before)
    select_side_sources([photo.warper])
    assert len(photo.warper.source_views) == len(before), "source views are reset"


def test_a_side_is_blended_in_without_a_jump(photo: Head, calm: Head) -> None:
    select_side_sources([photo.warper, head(*drawn_head(calm.local, -AWAY)).warper])
    pictures = []
    for yaw in np.linspace(30, -25, 56):
        pose = head_pose(photo, yaw)
        pictures.append(photo.warper.render(points_from_local(photo.local, pose), pose).image)
    middle = [picture[SIZE // 3 : -SIZE // 3, SIZE // 3 : -SIZE // 3].astype(float) for picture in pictures]
    steps = [np.abs(a - b).mean() for a, b in zip(middle[1:], middle[:-1], strict=True)]
    assert max(steps) < 3 * np.median(steps)


def head_pose(of: Head, yaw: float):  # type: ignore[no-untyped-def]
    """Pose of the photo's head turned to an absolute yaw, degrees."""
    pose = of.warper.pose
    return type(pose)(rotation_exp(np.radians([0, -yaw, 0])), pose.translation, pose.scale)
