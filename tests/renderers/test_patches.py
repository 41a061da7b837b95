"""Patches of a face: their maps, drawings, sampling grids and compositing."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from head_material import Head

from animato.geometry.affine import invert, move
from animato.geometry.composite import PatchOutput, composite_patch
from animato.geometry.landmarks import LIPS_INNER
from animato.geometry.mesh import head_topology
from animato.geometry.patch import (
    FACE_PATCHES,
    HEAD,
    LEFT_EYE,
    MOUTH,
    RIGHT_EYE,
    FacePatch,
    crop_from_patch,
    cut_patch,
    cut_validity,
    draw_region,
)
from animato.geometry.pose import fit_pose, points_from_local
from animato.head.view import HeadView
from animato.renderers.portrait.patch_sampling import photo_patch, sampling_grid, target_patch
from animato.renderers.warp.warper import Warper

NAMES = [region.name for region in FACE_PATCHES]
IRISES = ((468, 473), (469, 476), (470, 475), (471, 474), (472, 477))
"""Points of one iris and what they are in a mirror: centre, then the rim from the other side."""


def mirrored(head: Head) -> Head:
    """The same photo in a mirror, its landmarks renamed so that left stays left."""
    side = head.crop.shape[0]
    partner = np.arange(478)
    partner[:468] = head_topology().partner[:468]
    for one, other in IRISES:
        partner[one], partner[other] = other, one
    points = head.points[partner].copy()
    points[:, 0] = side - 1 - points[:, 0]
    crop = np.ascontiguousarray(head.crop[:, ::-1])
    return Head(crop, points, Warper(HeadView(crop, points)))


@pytest.mark.parametrize("region", FACE_PATCHES, ids=NAMES)
@pytest.mark.parametrize("roll", [-35.0, 0.0, 20.0])
def test_a_patchs_map_and_its_inverse_return_every_point(smiling: Head, region: FacePatch, roll: float) -> None:
    points, pose = smiling.posed(yaw=15, roll=roll)
    placed = crop_from_patch(region, points, pose, 320)
    there = move(invert(placed), points)
    np.testing.assert_allclose(move(placed, there), points[:, :2], atol=1e-6)


@pytest.mark.parametrize("region", [MOUTH, LEFT_EYE, RIGHT_EYE], ids=lambda region: region.name)
def test_a_patch_is_upright_in_the_head_and_contains_its_landmarks(smiling: Head, region: FacePatch) -> None:
    shapes = []
    for roll, zoom in ((0.0, 1.0), (30.0, 1.0), (-30.0, 1.5)):
        points, pose = smiling.posed(roll=roll, zoom=zoom)
        in_patch = move(invert(crop_from_patch(region, points, pose, 320)), points)
        np.testing.assert_allclose(in_patch[list(region.middle)].mean(axis=0), (region.side - 1) / 2, atol=1e-3)
        shapes.append(in_patch[list(region.middle)])
    np.testing.assert_allclose(shapes[1:], np.stack([shapes[0]] * 2), atol=0.3)


def test_the_heads_patch_is_the_crop_made_smaller(smiling: Head) -> None:
    placed = crop_from_patch(HEAD, smiling.points, smiling.warper.pose, 320)
    corners = move(placed, np.array([[-0.5, -0.5], [HEAD.side - 0.5, HEAD.side - 0.5]]))
    np.testing.assert_allclose(corners, [[-0.5, -0.5], [319.5, 319.5]], atol=1e-9)
    patch = cut_patch(smiling.crop, placed, HEAD.side)
    assert np.abs(patch.mean((0, 1)) - smiling.crop.mean((0, 1))).max() < 1


def test_the_right_eyes_patch_is_the_left_eyes_patch_of_the_mirrored_face(smiling: Head) -> None:
    twin = mirrored(smiling)
    for region, other in ((RIGHT_EYE, LEFT_EYE), (LEFT_EYE, RIGHT_EYE)):
        mine, theirs = photo_patch(region, smiling.warper), photo_patch(other, twin.warper)
        difference = np.abs(mine.picture.astype(int) - theirs.picture)
        assert difference.mean() < 1.0
        apart = np.abs(mine.drawing.astype(int) - theirs.drawing)
        assert apart.mean() < 1.5
        unmirrored = np.abs(mine.picture[:, ::-1].astype(int) - theirs.picture)
        assert unmirrored.mean() > 5 * max(difference.mean(), 0.2)


@pytest.mark.parametrize("region", FACE_PATCHES, ids=NAMES)
def test_sampling_a_photo_at_its_own_landmarks_is_the_identity(smiling: Head, region: FacePatch) -> None:
    warper = smiling.warper
    vertices = warper.target_vertices(warper.points, warper.pose)
    drawn = warper.flow(warper.points, warper.pose, vertices)[2]
    target = target_patch(region, warper.points, warper.pose, drawn, warper.size)
    grid, seen = sampling_grid(photo_patch(region, warper), warper, target, warper.map_mesh(vertices))
    assert grid.shape == (region.grid, region.grid, 2) and seen.shape == (region.grid, region.grid)
    position = (grid + 1) * region.grid / 2 - 0.5
    y, x = np.mgrid[: region.grid, : region.grid]
    error = np.hypot(position[..., 0] - x, position[..., 1] - y)
    assert (seen > 0.5).mean() > 0.5
    assert error[seen > 0.5].max() < 0.1


@pytest.mark.parametrize("region", FACE_PATCHES, ids=NAMES)
def test_features_are_sampled_where_the_frame_samples_its_pixels(smiling: Head, region: FacePatch) -> None:
    warper = smiling.warper
    points, pose = smiling.posed(yaw=12, roll=8)
    vertices = warper.target_vertices(points, pose)
    flow, _, drawn = warper.flow(points, pose, vertices)
    target = target_patch(region, points, pose, drawn, warper.size)
    photo = photo_patch(region, warper)
    grid, seen = sampling_grid(photo, warper, target, warper.map_mesh(vertices))
    in_photo = move(photo.crop_from_patch, ((grid + 1) * region.side / 2 - 0.5).reshape(-1, 2)).reshape(grid.shape)
    y, x = np.mgrid[: region.grid, : region.grid]
    here = move(target.crop_from_patch, np.stack([2 * x + 0.5, 2 * y + 0.5], -1).reshape(-1, 2)).astype(np.float32)
    step = warper.size / flow.shape[1]
    maps = ((here + 0.5) / step - 0.5).reshape(region.grid, region.grid, 2)
    copied = np.stack([cv2.remap(plane, maps[..., 0], maps[..., 1], cv2.INTER_LINEAR) for plane in flow], -1)
    skin = (seen > 0.9) & (target.opening < 0.05) & (np.abs(grid).max(axis=-1) < 0.95)
    assert skin.mean() > 0.2
    error = np.linalg.norm(in_photo - copied, axis=-1)[skin]
    assert np.median(error) < 0.3 and np.percentile(error, 95) < 2.0


def test_a_photo_with_closed_lips_has_no_validity_behind_them(smiling: Head, calm: Head) -> None:
    warper = calm.warper
    points = points_from_local(smiling.local, warper.pose)
    vertices = warper.target_vertices(points, warper.pose)
    target = target_patch(MOUTH, points, warper.pose, warper.flow(points, warper.pose, vertices)[2], warper.size)
    inside = target.opening > 0.9
    assert inside.sum() > 20
    for source, shows in ((calm, False), (smiling, True)):
        mesh = source.warper.map_mesh(vertices)
        _, seen = sampling_grid(photo_patch(MOUTH, source.warper), source.warper, target, mesh)
        assert bool(seen[inside].mean() > 0.8) is shows


@pytest.mark.parametrize("region", FACE_PATCHES, ids=NAMES)
def test_a_drawing_marks_the_opening_inside_its_surroundings(smiling: Head, region: FacePatch) -> None:
    drawing = photo_patch(region, smiling.warper).drawing
    assert drawing.shape == (region.side, region.side, 3) and drawing.dtype == np.uint8
    opening = drawing[..., 0] > 200
    assert 0.002 < opening.mean() < 0.3
    if region.network == "eye":
        assert not (drawing[..., 1] > drawing[..., 0]).any(), "the iris is seen through the opening only"
    else:
        assert (drawing[..., 2] > 200)[opening].all(), "an opening lies in the face"


def test_the_drawing_of_a_shut_mouth_has_no_opening(calm: Head) -> None:
    assert photo_patch(MOUTH, calm.warper).drawing[..., 0].max() < 60
    points, pose = calm.posed()
    in_patch = move(invert(crop_from_patch(MOUTH, points, pose, 320)), points)
    in_patch[list(LIPS_INNER)[11:], 1] += 12
    assert draw_region(MOUTH, in_patch)[..., 0].max() > 200


def test_a_patch_of_the_validity_map_has_its_values(smiling: Head) -> None:
    placed = crop_from_patch(MOUTH, smiling.points, smiling.warper.pose, 320)
    flat = np.full((256, 256), 0.25, np.float32)
    np.testing.assert_allclose(cut_validity(flat, placed, MOUTH.side, 320), 0.25, atol=1e-6)
    half = np.repeat([[1.0, 0.0]], 256, 0).repeat(128, 1).astype(np.float32)
    cut = cut_validity(half, placed, MOUTH.side, 320)
    y, x = np.mgrid[: MOUTH.side, : MOUTH.side]
    where = move(placed, np.stack([x.ravel(), y.ravel()], 1))[:, 0].reshape(cut.shape)
    assert (cut[where < 155] == 1).all() and (cut[where > 164] == 0).all()


def answer(region: FacePatch, layer: float = 0.0, mask: float = 0.0, flow: float = 0.0) -> PatchOutput:
    side = region.side
    whole = np.full((side, side, 4), layer, np.float32)
    whole[..., 3] = mask
    return PatchOutput(whole, np.full((side, side, 2), flow, np.float32))


@pytest.mark.parametrize("region", FACE_PATCHES, ids=NAMES)
def test_an_empty_output_leaves_the_picture_unchanged(smiling: Head, region: FacePatch) -> None:
    picture = smiling.crop.copy()
    placed = crop_from_patch(region, smiling.points, smiling.warper.pose, 320)
    for gain in (0.0, 1.0):
        composite_patch(picture, placed, answer(region), gain)
    composite_patch(picture, placed, answer(region, 200.0, 1.0), 0.0)
    assert np.array_equal(picture, smiling.crop)


@pytest.mark.parametrize("region", FACE_PATCHES, ids=NAMES)
def test_a_full_mask_gives_the_paint_inside_the_patch_and_nothing_outside(smiling: Head, region: FacePatch) -> None:
    picture = smiling.crop.copy()
    points, pose = smiling.posed(roll=12)
    placed = crop_from_patch(region, points, pose, 320)
    composite_patch(picture, placed, answer(region, 200.0, 1.0))
    y, x = np.mgrid[:320, :320]
    in_patch = move(invert(placed), np.stack([x.ravel(), y.ravel()], 1)).reshape(320, 320, 2)
    edge = np.minimum(in_patch, region.side - 1 - in_patch).min(axis=2)
    assert (edge > 1).any()
    assert np.abs(picture[edge > 1].astype(int) - 200).max() <= 1
    assert np.array_equal(picture[edge < -2], smiling.crop[edge < -2])


def test_half_a_gain_gives_half_the_paint_and_light_is_added(smiling: Head) -> None:
    placed = crop_from_patch(MOUTH, smiling.points, smiling.warper.pose, 320)
    x, y = (round(float(v)) for v in move(placed, np.array([[47.5, 47.5]]))[0])
    before = smiling.crop[y, x].astype(float)
    for given, gain, wanted in (
        (answer(MOUTH, 200.0, 1.0), 0.5, 0.5 * before + 100),
        (answer(MOUTH, 20.0), 1.0, before + 20),
    ):
        picture = smiling.crop.copy()
        composite_patch(picture, placed, given, gain)
        assert np.abs(picture[y, x] - np.clip(wanted, 0, 255)).max() <= 1


def test_a_flow_samples_the_warped_image_at_an_offset_in_patch_pixels() -> None:
    side = 320
    ramp = np.repeat(np.arange(side)[None, :, None] * 0.7, side, 0).repeat(3, 2).astype(np.uint8)
    placed = np.array([[2.0, 0, 60], [0, 2.0, 60]])
    composite_patch(ramp_moved := ramp.copy(), placed, answer(MOUTH, flow=3.0))
    middle = ramp_moved[140:160, 140:160].astype(int) - ramp[140:160, 140:160]
    assert np.abs(middle - 2 * 3 * 0.7).max() <= 1


def test_the_mirror_fixture_is_a_mirror(smiling: Head) -> None:
    again = mirrored(mirrored(smiling))
    assert np.array_equal(again.crop, smiling.crop)
    np.testing.assert_allclose(again.points, smiling.points, atol=1e-3)
    roll = fit_pose(mirrored(smiling).points).degrees()[2]
    assert roll == pytest.approx(-smiling.warper.pose.degrees()[2], abs=0.7)
