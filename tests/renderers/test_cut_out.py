"""The person alone: own colours and opacity, with nothing of the photo's background."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from animato.geometry.pose import HeadPose, points_from_local, rotation_exp
from animato.head.edge_matte import edge_matte
from animato.head.head import Head
from animato.head.view import HeadView
from animato.pipeline.framing import frame_head
from animato.renderers.warp.warper import Warped, Warper, animated_warper
from animato.settings.animate import AnimateSettings
from animato.tracking.face_finder import FaceFinder
from animato.types import Frame


@pytest.fixture(scope="module")
def view(portrait: Frame, face_finder: FaceFinder) -> HeadView:
    head = Head.from_photos([portrait], finder=face_finder)
    return frame_head(head.photo, AnimateSettings(frame="crop", size=256)).view


@pytest.fixture(scope="module")
def alone(view: HeadView) -> Warper:
    assert view.layers is not None, view.matte
    return animated_warper(view, cut_out=True)


def _turned(view: HeadView, warper: Warper, yaw: float) -> Warped:
    rotation = rotation_exp(np.array([0.0, np.radians(yaw), 0.0])) @ view.pose.rotation
    pose = HeadPose(rotation, view.pose.translation, view.pose.scale)
    return warper.render(points_from_local(view.local, pose), pose)


def test_a_picture_with_its_background_has_no_opacity(view: HeadView) -> None:
    assert animated_warper(view).render(view.points, view.pose).alpha is None


def test_at_rest_the_face_is_the_photo_to_the_last_bit_and_opaque(view: HeadView, alone: Warper) -> None:
    warped = alone.render(view.points, view.pose)
    assert warped.alpha is not None
    low, high = view.points[:468, :2].min(axis=0), view.points[:468, :2].max(axis=0)
    (x0, y0), (x1, y1) = (0.8 * low + 0.2 * high).astype(int), (0.2 * low + 0.8 * high).astype(int)
    assert np.array_equal(warped.image[y0:y1, x0:x1], view.image[y0:y1, x0:x1])
    assert (warped.alpha[y0:y1, x0:x1] == 255).all()
    assert (warped.alpha[:8, :8] == 0).all()


def test_at_rest_over_its_own_plate_it_is_about_the_photo(view: HeadView, alone: Warper) -> None:
    warped = alone.render(view.points, view.pose)
    assert warped.alpha is not None
    assert view.layers is not None
    alpha = warped.alpha[..., None] / 255
    again = alpha * warped.image + (1 - alpha) * view.layers.plate
    assert float(np.abs(again - view.image).mean()) < 1.5


@pytest.mark.parametrize("yaw", [0.0, 20.0])
def test_nothing_of_the_old_background_is_left(view: HeadView, yaw: float) -> None:
    """The same person before a green wall: the edge of the cut-out is no greener than before the grey one."""
    assert view.matte is not None
    alpha = view.matte.alpha[..., None]
    assert view.layers is not None
    green = np.array([30.0, 220.0, 40.0])
    wall = np.rint(view.image - (1 - alpha) * (view.layers.plate - green)).clip(0, 255).astype(np.uint8)
    before = replace(view, image=wall)
    warped = _turned(before, animated_warper(before, cut_out=True), yaw)
    assert warped.alpha is not None
    edge = (warped.alpha > 40) & (warped.alpha < 250)
    colours = warped.image[edge].astype(float)
    assert edge.sum() > 200
    # Of the wall, green exceeds red and blue by 185; hair, skin and orange cloth have none of that.
    greener = colours[:, 1] - np.maximum(colours[:, 0], colours[:, 2])
    assert float(np.percentile(greener, 98)) < 25


@pytest.mark.parametrize("yaw", [-20.0, 20.0])
def test_a_kept_background_is_the_photo_wherever_no_person_was_or_is(view: HeadView, alone: Warper, yaw: float) -> None:
    kept = _turned(view, animated_warper(view), yaw).image
    moved = _turned(view, alone, yaw)
    assert view.layers is not None
    assert moved.alpha is not None
    same = (view.layers.plate == view.image).all(axis=2)
    assert view.matte is not None
    person = ((view.matte.alpha > 0) | (moved.alpha > 0)).astype(np.uint8)
    outside = same & (cv2.dilate(person, np.ones((9, 9), np.uint8)) == 0)
    assert outside.mean() > 0.2
    assert np.array_equal(kept[outside], view.image[outside])


def test_a_light_earlobe_before_a_light_wall_is_no_hole(view: HeadView) -> None:
    """A spot of the wall's colour inside the person stays opaque, as the background does not reach it."""
    assert view.matte is not None
    assert view.layers is not None
    image, size = view.image.copy(), view.size
    x, y = np.rint(view.points[10, :2]).astype(int)
    image[y - 6 : y - 3, x - 1 : x + 2] = view.layers.plate[y - 6 : y - 3, x - 1 : x + 2]
    no_hair = np.zeros((size, size), np.float32)
    edge = edge_matte(image, view.matte.alpha, view.layers.plate, no_hair, view.pose.scale)
    assert (edge.alpha[y - 6 : y - 3, x - 1 : x + 2] > 0.9).all()
