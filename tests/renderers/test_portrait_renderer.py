"""What the portrait renderer paints and what it leaves unchanged, with the shipped weights on a real face."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from animato.appearance.expression_light import LIGHT_VERTICES, ExpressionLight
from animato.appearance.mouth_grid import MOUTH_INTERIOR_SHAPE
from animato.drivers.reference_frame import Measurements, ReferenceFrame
from animato.geometry.affine import invert, move, move_points
from animato.geometry.crop import crop_from_frame, cut, head_square
from animato.geometry.landmarks import EYE_LEFT, EYE_RIGHT
from animato.geometry.patch import LEFT_EYE, MOUTH, RIGHT_EYE, crop_from_patch
from animato.geometry.pose import HeadPose, points_from_local, rotation_exp
from animato.head.view import HeadView
from animato.head.white_balance import white_balanced
from animato.motion.aperture_profile import scale_apertures
from animato.motion.retarget import Target
from animato.renderers.portrait.networks import PortraitNetworks, portrait_networks
from animato.renderers.portrait.renderer import PortraitRenderer
from animato.renderers.warp.warper import Warped, Warper
from animato.runtime.engine import Engine
from animato.runtime.stage_clock import StageClock
from animato.types import Face, Frame
from animato.weights.portrait import PortraitWeights, read_portrait

SIZE = 384
LIGHT_ERROR = 3.0
"""Of 255; without evening out the light it would be 6."""
LOWER_LIP = [14, 87, 178, 88, 95, 317, 402, 318, 324, 17, 84, 181, 91, 146, 314, 405, 321, 375, 152]
"""Of lips and chin, what goes down when the jaw does."""


@pytest.fixture(scope="module")
def renderer(portrait: Frame, portrait_face: Face) -> PortraitRenderer:
    crop_from_picture = crop_from_frame(head_square(portrait_face.points), SIZE)
    crop = cut(portrait, crop_from_picture, SIZE)
    points = move_points(crop_from_picture, portrait_face.points)
    return PortraitRenderer([HeadView(crop, points)], portrait_networks(Engine(1)))


def turned(warper: Warper, yaw: float) -> Target:
    pose = HeadPose(
        rotation_exp(np.radians([0, -yaw, 0])) @ warper.pose.rotation, warper.pose.translation, warper.pose.scale
    )
    return Target(points_from_local(warper.local, pose), pose)


def drawn(renderer: PortraitRenderer, target: Target) -> tuple[Frame, Warped]:
    """Return the rendered square, and the warped square of the same target."""
    clock = StageClock()
    made = renderer.warp(target, clock)(clock).image
    return made, renderer.warpers[0].render(target.points, target.pose)


def beside_the_windows(target: Target) -> np.ndarray:
    """Return S x S bool: pixels outside the patches of mouth and eyes."""
    y, x = np.mgrid[:SIZE, :SIZE]
    xy = np.stack([x, y], -1).reshape(-1, 2).astype(np.float64)
    free = np.ones(SIZE * SIZE, bool)
    for region in (MOUTH, LEFT_EYE, RIGHT_EYE):
        there = move(invert(crop_from_patch(region, target.points, target.pose, SIZE)), xy)
        free &= ~((there > -1.5).all(axis=1) & (there < region.side + 0.5).all(axis=1))
    return free.reshape(SIZE, SIZE)


def test_at_rest_the_photo_is_unchanged_eyes_and_mouth_included(renderer: PortraitRenderer) -> None:
    made, _ = drawn(renderer, turned(renderer.warpers[0], 0.0))
    assert np.abs(made.astype(int) - renderer.warpers[0].crop).max() <= 2


def test_painting_increases_with_motion_without_a_jump(renderer: PortraitRenderer) -> None:
    warper = renderer.warpers[0]
    changes = []
    for gap in np.linspace(0, 0.5, 11):
        local = warper.local.copy()
        local[LOWER_LIP, 1] += gap
        made, copied = drawn(renderer, Target(points_from_local(local, warper.pose), warper.pose))
        changes.append(np.abs(made.astype(int) - copied.image).mean())
    assert changes[0] == 0 and max(changes) > 0
    assert np.diff(changes).max() < 0.5 * max(changes)


def test_the_head_pass_paints_what_rotation_exposes(renderer: PortraitRenderer) -> None:
    target = turned(renderer.warpers[0], 32.0)
    made, copied = drawn(renderer, target)
    rows = np.arange(SIZE) * copied.validity.shape[0] // SIZE
    validity = copied.validity[np.ix_(rows, rows)]
    change = np.abs(made.astype(int) - copied.image).mean(axis=2)
    free = beside_the_windows(target)
    hidden, seen = free & (validity < 0.3), free & (validity > 0.9)
    assert hidden.mean() > 0.005, "the turn shows something that the photo hid"
    assert change[hidden].mean() > 2, "and it is painted"
    assert change[hidden].mean() > 5 * change[seen].mean(), "there, and not everywhere"


def opened(warper: Warper) -> Target:
    local = warper.local.copy()
    local[LOWER_LIP, 1] += 1.2
    return Target(points_from_local(local, warper.pose), warper.pose)


def test_int8_changes_little_in_a_real_frame(renderer: PortraitRenderer) -> None:
    weights = read_portrait()
    plain = {name: {**entry, "ranges": {}} for name, entry in weights.header["networks"].items()}
    header = {**weights.header, "networks": plain}
    exact = PortraitNetworks(
        PortraitWeights(weights.configs, weights.arrays, header, weights.where), Engine(1).compiler
    )
    warper = renderer.warpers[0]
    pictures = [
        drawn(one, opened(warper))[0].astype(int)
        for one in (renderer, PortraitRenderer([HeadView(warper.crop, warper.points)], exact))
    ]
    change = np.abs(pictures[0] - pictures[1])
    assert 0 < change.max() <= 8 and change[change.max(axis=2) > 0].mean() < 1.0


def test_painted_pixels_have_the_photos_light(renderer: PortraitRenderer) -> None:
    warper, light = renderer.warpers[0], np.array([0.8, 1.05, 0.9], np.float32)
    lit = PortraitRenderer([HeadView(white_balanced(warper.crop, light), warper.points)], portrait_networks(Engine(1)))
    target = opened(warper)
    plain, under_light = drawn(renderer, target)[0], drawn(lit, target)[0]
    y, x = np.mgrid[:SIZE, :SIZE]
    middle = target.points[[13, 14], :2].mean(axis=0)
    lips = np.hypot(x - middle[0], y - middle[1]) < 25
    assert np.abs(white_balanced(plain, light).astype(int) - under_light)[lips].mean() < LIGHT_ERROR


def with_light(target: Target) -> Target:
    """The target with a driver's mouth interior (bright and red above, dark below) and coloured expression light."""
    inside, shade = np.zeros(MOUTH_INTERIOR_SHAPE, np.float32), np.full((LIGHT_VERTICES, 3), 0.2, np.float32)
    inside[:6, :, 0], inside[:, :, 1], shade[:, 2] = 0.8, 0.3, 0.1
    return replace(target, channels={"mouth_interior": inside, "expression_light": shade})


def test_a_grey_photo_stays_exactly_grey(renderer: PortraitRenderer) -> None:
    colour = renderer.warpers[0]
    photo = np.repeat(colour.crop.mean(axis=2, keepdims=True), 3, axis=2).astype(np.uint8)
    # The second photo has colours, and shows the mouth and the side that the first one hides.
    photos = [HeadView(photo, colour.points), HeadView(colour.crop, turned(colour, 20.0).points)]
    grey = PortraitRenderer(photos, portrait_networks(Engine(1)))
    blinking = Target(points_from_local(scale_apertures(colour.local, (0.3, 0.0, 1.0)), colour.pose), colour.pose)
    for target in (opened(colour), with_light(opened(colour)), turned(colour, 32.0), blinking):
        made, _ = drawn(grey, target)
        assert np.abs(made.astype(int) - photo).max() > 20, "it moves"
        assert np.ptp(made.astype(int), axis=2).max() == 0


def test_automatic_exposure_leaves_no_holes_in_the_eyes(portrait: Frame, portrait_face: Face) -> None:
    neutral, bright = np.array(portrait), np.clip(portrait * 0.35, 0, 255).astype(np.uint8)
    reference = ReferenceFrame(neutral, portrait_face, Measurements(channels=[ExpressionLight()]))
    shade = reference.measure(bright, portrait_face).face.channels["expression_light"]
    head = PortraitRenderer([HeadView(neutral, portrait_face.points)], portrait_networks(Engine(1)))
    target = turned(head.warpers[0], 6.0)
    assert shade is not None
    plain, lit = drawn(head, target)[0], drawn(head, replace(target, channels={"expression_light": shade}))[0]
    eyes = np.zeros(neutral.shape[:2], np.uint8)
    for ring in (EYE_LEFT, EYE_RIGHT):
        cv2.fillPoly(eyes, [np.rint(target.points[list(ring), :2]).astype(np.int32)], 1)
    assert np.abs(plain.astype(int) - lit)[eyes > 0].mean() < 2


def test_an_opened_mouth_is_painted_inside_the_lips(renderer: PortraitRenderer) -> None:
    target = opened(renderer.warpers[0])
    made, copied = drawn(renderer, target)
    change = np.abs(made.astype(int) - copied.image).mean(axis=2)
    x, y = np.rint((target.points[13, :2] + target.points[14, :2]) / 2).astype(int)
    assert change[y - 3 : y + 4, x - 6 : x + 7].mean() > 4


def test_lids_of_a_sharp_photo_close_over_the_painted_eyes(portrait: Frame, portrait_face: Face) -> None:
    # At the picture's own size the face is sharp; enlarged, as in the other tests, it is not.
    side = 230
    crop_from_picture = crop_from_frame(head_square(portrait_face.points), side)
    crop, points = cut(portrait, crop_from_picture, side), move_points(crop_from_picture, portrait_face.points)
    renderer = PortraitRenderer([HeadView(crop, points)], portrait_networks(Engine(1)))
    warper, clock = renderer.warpers[0], StageClock()
    shut = Target(points_from_local(scale_apertures(warper.local, (0.0, 0.0, 1.0)), warper.pose), warper.pose)
    assert len(renderer._lids) == 2
    unrolled = renderer.warp(shut, clock)(clock).image
    renderer._lids = ()
    painted = renderer.warp(shut, clock)(clock).image
    changed = np.argwhere((unrolled != painted).any(axis=2))[:, ::-1]
    eyes = points[[33, 133, 362, 263], :2]
    assert len(changed) > 100
    assert np.abs(changed[:, None] - eyes[None]).max(axis=2).min(axis=1).max() < 0.2 * side
