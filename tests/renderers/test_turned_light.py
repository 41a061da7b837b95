"""Light on a turned head changes on the head alone, not near the photo's pose, and without a jump."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from animato.geometry.pose import HeadPose, points_from_local, rotation_exp
from animato.head.head import Head
from animato.head.light import HeadLight
from animato.head.view import HeadView
from animato.pipeline.framing import frame_head
from animato.renderers.portrait.turned_light import LIT_DEGREES, TurnedLight
from animato.renderers.warp.warper import Warped, Warper, animated_warper
from animato.settings.animate import AnimateSettings
from animato.tracking.face_finder import FaceFinder
from animato.types import Frame

FROM_LEFT = HeadLight(np.array([[-0.5] * 3] + [[0.0] * 3] * 7))


@pytest.fixture(scope="module")
def warper(portrait: Frame, face_finder: FaceFinder) -> Warper:
    head = Head.from_photos([portrait], consent="not-a-person", finder=face_finder)
    return animated_warper(frame_head(head.photo, AnimateSettings(frame="crop", size=256)).view)


@pytest.fixture(scope="module")
def light(warper: Warper) -> TurnedLight:
    found = TurnedLight.of(warper)
    assert found is not None
    found._light = FROM_LEFT
    return found


def turned(warper: Warper, yaw: float) -> tuple[Warped, HeadPose]:
    rotation = rotation_exp(np.radians([0.0, yaw, 0.0])) @ warper.pose.rotation
    pose = HeadPose(rotation, warper.pose.translation, warper.pose.scale)
    return warper.render(points_from_local(warper.local, pose), pose), pose


def lit(light: TurnedLight, warped: Warped, pose: HeadPose) -> Frame:
    changed = replace(warped, image=warped.image.copy())
    light.apply(changed, pose)
    return changed.image


@pytest.mark.parametrize("yaw", [0.0, 3.0, -3.9])
def test_near_the_photos_pose_nothing_changes(warper: Warper, light: TurnedLight, yaw: float) -> None:
    warped, pose = turned(warper, yaw)
    assert abs(yaw) < LIT_DEGREES[0] and np.array_equal(lit(light, warped, pose), warped.image)


def test_what_is_not_head_is_the_same_to_the_last_bit(warper: Warper, light: TurnedLight) -> None:
    warped, pose = turned(warper, 28.0)
    assert warped.cover is not None
    outside = np.ones(warped.image.shape[:2], bool)
    outside[warped.cover.box] = warped.cover.alpha == 0
    after = lit(light, warped, pose)
    assert outside.mean() > 0.2 and np.array_equal(after[outside], warped.image[outside])
    assert (after != warped.image).any()


def test_a_face_that_turns_from_the_light_gets_darker(warper: Warper, light: TurnedLight) -> None:
    changes = []
    for yaw in (-25.0, 25.0):
        warped, pose = turned(warper, yaw)
        face = warped.triangle_map < 898
        face &= warped.triangle_map >= 0
        change = lit(light, warped, pose).astype(float) - warped.image
        changes.append(change[face].mean())
        aside = (pose.rotation @ np.array([0.0, 0.0, -1.0]))[0]
        assert np.sign(changes[-1]) == -np.sign(aside), yaw
    assert min(np.abs(changes)) > 3


def test_light_changes_without_a_jump(warper: Warper, light: TurnedLight) -> None:
    means = []
    for yaw in np.arange(0.0, 24.0, 1.0):
        warped, pose = turned(warper, float(yaw))
        means.append(np.abs(lit(light, warped, pose).astype(float) - warped.image).mean())
    assert np.diff(means).max() < 0.2 * max(means)


@pytest.mark.parametrize("size", [256, 300, 512])
def test_cells_and_pixels_meet_at_every_size(
    warper: Warper, portrait: Frame, size: int, face_finder: FaceFinder
) -> None:
    head = Head.from_photos([portrait], consent="not-a-person", finder=face_finder)
    other = animated_warper(frame_head(head.photo, AnimateSettings(frame="crop", size=size)).view)
    means = []
    for one in (warper, other):
        light = TurnedLight.of(one)
        assert light is not None
        light._light = FROM_LEFT
        warped, pose = turned(one, 25.0)
        change = lit(light, warped, pose).astype(np.float32) - warped.image
        means.append(cv2.resize(change, (32, 32), interpolation=cv2.INTER_AREA))
    assert np.corrcoef(means[0].ravel(), means[1].ravel())[0, 1] > 0.97


def test_a_cut_out_head_is_lit_and_keeps_its_opacity(warper: Warper) -> None:
    alone = animated_warper(warper.view, cut_out=True)
    light = TurnedLight.of(alone)
    assert light is not None
    light._light = FROM_LEFT
    warped, pose = turned(alone, 25.0)
    assert warped.alpha is not None and warped.cover is not None
    before = warped.alpha.copy()
    after = lit(light, warped, pose)
    assert np.array_equal(warped.alpha, before)
    inside = warped.cover.alpha > 0.9
    assert (after != warped.image)[warped.cover.box][inside].mean() > 0.5


def test_rings_are_not_lit(warper: Warper) -> None:
    assert TurnedLight.of(Warper(HeadView(warper.crop, warper.points))) is None
