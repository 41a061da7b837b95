"""The layered head: at rest the photo to the last bit; turned, the background stays where it was."""

from __future__ import annotations

import numpy as np
import pytest

from animato.geometry.pose import HeadPose, points_from_local, rotation_exp
from animato.head.head import Head
from animato.head.view import HeadView
from animato.pipeline.framing import frame_head
from animato.renderers.warp.warper import Warper, animated_warper
from animato.settings.animate import AnimateSettings
from animato.tracking.face_finder import FaceFinder
from animato.types import Frame


@pytest.fixture(scope="module")
def view(portrait: Frame, face_finder: FaceFinder) -> HeadView:
    head = Head.from_photos([portrait], finder=face_finder)
    return frame_head(head.photo, AnimateSettings(frame="crop", size=256)).view


@pytest.fixture(scope="module")
def warper(view: HeadView) -> Warper:
    assert view.layers is not None, view.matte
    return animated_warper(view)


def _turned(view: HeadView, yaw: float) -> HeadPose:
    rotation = rotation_exp(np.array([0.0, np.radians(yaw), 0.0])) @ view.pose.rotation
    return HeadPose(rotation, view.pose.translation, view.pose.scale)


def test_at_rest_the_layers_are_the_photo_to_the_last_bit(view: HeadView, warper: Warper) -> None:
    assert np.array_equal(warper.render(view.points, view.pose).image, view.image)


@pytest.mark.parametrize("yaw", [-30.0, 30.0])
def test_the_background_of_a_turned_head_is_the_photo_to_the_last_bit(
    view: HeadView, warper: Warper, yaw: float
) -> None:
    assert view.layers is not None
    pose = _turned(view, yaw)
    image = warper.render(points_from_local(view.local, pose), pose).image
    # Far from the person nothing may change: neither where the head was, nor where it is now.
    far = np.zeros(image.shape[:2], bool)
    far[:20, :20] = far[:20, -20:] = True
    assert np.array_equal(image[far], view.image[far])
    assert np.array_equal(view.layers.plate[far], view.image[far])


@pytest.mark.parametrize("yaw", [-35.0, 35.0])
def test_a_turned_head_keeps_its_width(view: HeadView, warper: Warper, yaw: float) -> None:
    """A mask would become as narrow as the cosine of the turn; a skull has its back."""

    def width(turn: float) -> int:
        pose = _turned(view, turn)
        points = points_from_local(view.local, pose)
        triangles = warper.flow(points, pose)[2]
        row = int(points[10, 1] * triangles.shape[0] / view.size)  # the forehead
        return int((triangles[row] >= 0).sum())

    assert width(yaw) > 0.86 * width(0.0)


def test_a_grey_photo_stays_grey(portrait: Frame, face_finder: FaceFinder) -> None:
    grey = np.repeat(portrait.mean(axis=2, keepdims=True).astype(np.uint8), 3, axis=2)
    head = Head.from_photos([grey], finder=face_finder)
    view = frame_head(head.photo, AnimateSettings(frame="crop", size=256)).view
    assert view.layers is not None
    for picture in (view.layers.plate, view.layers.body, view.layers.head, view.layers.back):
        assert int(np.ptp(picture.astype(np.int16), axis=2).max()) <= 1


def test_an_outline_that_is_unsure_falls_back_to_rings(view: HeadView) -> None:
    from dataclasses import replace

    assert view.parts is not None
    vague = replace(view.parts, probabilities=np.full_like(view.parts.probabilities, 32))
    assert replace(view, parts=vague).layers is None
    assert replace(view, parts=None).layers is None
    assert replace(view, cut=("top",)).layers is None
