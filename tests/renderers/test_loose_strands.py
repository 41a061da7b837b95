"""Loose strands: at rest the photo's; they go along with the head, fade as it turns, and leave a clean wall."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from animato.geometry.pose import HeadPose, points_from_local, rotation_exp
from animato.head.head import Head
from animato.head.view import HeadView
from animato.motion.neck_limits import PIVOT
from animato.pipeline.framing import frame_head
from animato.renderers.warp.warper import Warper, animated_warper
from animato.settings.animate import AnimateSettings
from animato.tracking.face_finder import FaceFinder
from animato.types import Frame

STRAND, DARK = ((196, 60), (244, 24)), (60, 50, 30)
INSIDE, OUTSIDE = np.s_[51:56, 204:209], np.s_[24:34, 232:244]
"""Parts of the strand inside the box around the head, and outside."""


@pytest.fixture(scope="module")
def bare(portrait: Frame, face_finder: FaceFinder) -> HeadView:
    head = Head.from_photos([portrait], finder=face_finder)
    return frame_head(head.photo, AnimateSettings(frame="crop", size=256)).view


@pytest.fixture(scope="module")
def view(bare: HeadView) -> HeadView:
    """The same photo with one strand that sticks out of the hair."""
    image = bare.image.copy()
    cv2.line(image, *STRAND, DARK, 1, cv2.LINE_AA)
    return replace(bare, image=image)


@pytest.fixture(scope="module")
def warper(view: HeadView) -> Warper:
    return animated_warper(view)


def _turned(view: HeadView, warper: Warper, yaw: float, shift: float = 0.0) -> Frame:
    rotation = rotation_exp(np.radians([0.0, yaw, 0.0])) @ view.pose.rotation
    moved = view.pose.scale * (view.pose.rotation @ PIVOT - rotation @ PIVOT)
    pose = HeadPose(rotation, view.pose.translation + moved + (shift, 0.0, 0.0), view.pose.scale)
    return warper.render(points_from_local(view.local, pose), pose).image


def _depth(bare: HeadView, image: Frame, part: tuple[slice, slice]) -> int:
    """How much darker than the wall the darkest pixel of a part is, levels of 255."""
    return int((bare.image[part].astype(int) - image[part]).max())


def test_the_plate_has_no_strand_and_at_rest_the_photo_has_it(view: HeadView, bare: HeadView, warper: Warper) -> None:
    assert view.layers is not None
    for part in (INSIDE, OUTSIDE):
        assert _depth(bare, view.image, part) > 60
        assert _depth(bare, view.layers.plate, part) < 20
    assert np.array_equal(warper.render(view.points, view.pose).image, view.image)


def test_a_strand_fades_as_the_head_turns(view: HeadView, bare: HeadView, warper: Warper) -> None:
    depths = [_depth(bare, _turned(view, warper, yaw), OUTSIDE) for yaw in (-2.0, -7.0, -11.0, -20.0)]
    assert depths[0] > 60
    assert depths[3] < 20
    assert np.diff(depths).max() < -5, "without a jump"
    clean = _turned(bare, animated_warper(bare), 30.0)[INSIDE]
    assert int((clean.astype(int) - _turned(view, warper, 30.0)[INSIDE]).max()) < 20


def test_the_wall_without_strands_stays_the_photos_to_the_last_bit(view: HeadView, warper: Warper) -> None:
    assert view.layers is not None
    wall = np.zeros(view.image.shape[:2], bool)
    wall[:60, 225:] = True
    wall &= view.layers.loose == 0
    assert wall.mean() > 0.01
    for yaw in (-30.0, -8.0, 8.0):
        assert np.array_equal(_turned(view, warper, yaw)[wall], view.image[wall])


def test_a_strand_beside_the_head_goes_along_with_it(view: HeadView, bare: HeadView, warper: Warper) -> None:
    shift = 6
    image = _turned(view, warper, 0.0, shift)
    rows, columns = INSIDE
    there = rows, slice(columns.start + shift - 2, columns.stop + shift - 4)
    assert _depth(bare, image, there) > 40


def test_the_wall_behind_a_turned_head_has_no_step_where_the_person_was(view: HeadView, warper: Warper) -> None:
    layers, layered = view.layers, warper.layered
    assert layers is not None and layered is not None
    plate, image = layered._far[0].astype(int), view.image.astype(int)
    apart = cv2.distanceTransform((layers.loose < 0.05).astype(np.uint8), cv2.DIST_L2, 3) / view.pose.scale
    assert np.abs(plate - image)[apart > 1.5].max() <= 1, "the photo's own, beyond the soft edge of the head"
    beside = (apart > 0) & (apart < 0.2)
    filled, kept = (np.abs(plate - other)[beside].mean() for other in (layers.plate, image))
    assert filled < 0.5 * kept, "next to the person the plate is what fills it"
