"""The layered head: at rest the photo to the last bit; turned, the background stays where it was."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from animato.geometry.aperture_mask import window_around
from animato.geometry.carried import CarriedPlaces
from animato.geometry.landmarks import FOREHEAD, LIPS_OUTER, MESH_POINTS, OVAL
from animato.geometry.mesh import build_shell
from animato.geometry.pose import HeadPose, points_from_local, rotation_exp
from animato.head.body_places import CHIN_CM, GRID
from animato.head.closed_head import CROWN_CM
from animato.head.closed_topology import COLUMNS, SILHOUETTE, closed_topology
from animato.head.head import Head
from animato.head.matte import Matte
from animato.head.view import HeadView
from animato.motion.neck_limits import PIVOT
from animato.pipeline.framing import frame_head
from animato.renderers.warp.layered import HeadWarp, LayeredHead
from animato.renderers.warp.moving_body import SURROUNDINGS, MovingBody
from animato.renderers.warp.multi_view import MIN_FACING, STEEP_AROUND, select_side_sources
from animato.renderers.warp.shell import ClosedShell
from animato.renderers.warp.still_neck import BODY_SHARE, carrying_oval
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


def test_what_the_layers_lack_of_the_photo_never_passes_the_photos_own_colours(view: HeadView, warper: Warper) -> None:
    # Where a turn shows hair in front of what was background, subtracting the background's excess made black bands.
    assert view.layers is not None
    layered = LayeredHead(view.layers, view.image, view.pose)
    flow, _, drawn = warper.flow(view.points, view.pose)
    vertices = warper.target_vertices(view.points, view.pose)
    head = HeadWarp(view.layers.head, flow, drawn, vertices, warper.map_mesh(vertices).affine)
    layered.keep_residual(view.image, np.full_like(view.image, 128))
    other = replace(head, image=np.full_like(view.image, 60))
    shown = layered.compose(other, view.pose).image
    plain = LayeredHead(view.layers, view.image, view.pose).compose(other, view.pose).image
    inside = view.layers.head_alpha > 0.99
    assert (shown[inside] >= np.minimum(plain, view.image)[inside]).mean() > 0.999
    assert (shown[inside] <= np.maximum(plain, view.image)[inside]).mean() > 0.999
    assert (shown != plain)[inside].mean() > 0.5


def test_what_the_layers_lack_of_the_photo_is_not_stretched_over_an_open_mouth(view: HeadView) -> None:
    assert view.layers is not None
    vertices = animated_warper(view).target_vertices(view.points, view.pose)
    layered = LayeredHead(view.layers, view.image, view.pose)
    grid = np.mgrid[: view.size, : view.size][::-1].astype(np.float32)
    drawn = np.zeros((view.size, view.size), np.int16)
    mouth = window_around(view.points[list(LIPS_OUTER), :2], 0.0, view.size, view.size)
    mask = np.ones((mouth.bottom - mouth.top, mouth.right - mouth.left), np.float32)
    mask[0] = 0.5
    head = HeadWarp(np.full_like(view.image, 90), grid, drawn, vertices, np.zeros((6, 1), np.float32))
    plain = layered.compose(head, view.pose).image
    layered.keep_residual(np.clip(plain.astype(int) + 40, 0, 255).astype(np.uint8), plain)
    found = mouth.of(layered.compose(replace(head, apertures=((mouth, mask),)), view.pose).image).astype(int)
    assert np.abs(found - mouth.of(plain))[1:].max() == 0
    assert np.abs(found - mouth.of(plain) - 20)[0].max() <= 1
    assert (
        layered.compose(head, view.pose).image[mouth.top : mouth.bottom, mouth.left] == mouth.of(plain)[:, 0] + 40
    ).all()


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


@pytest.mark.parametrize("yaw", [-40.0, 40.0])
def test_the_end_of_the_skirt_goes_where_the_neck_goes(view: HeadView, warper: Warper, yaw: float) -> None:
    # It stood still while the body's neck moved with the rings: a flap of skin stuck out below a turned jaw.
    assert view.layers is not None and isinstance(warper.shell, ClosedShell)
    pose = _turned(view, yaw)
    vertices = warper.target_vertices(points_from_local(view.local, pose), pose)
    head = warper.shell.head
    skirt = np.flatnonzero(head.follow < head.follow.min() + 0.05)
    rings = build_shell(view.points, view.pose, view.size, view.extent)
    body = vertices[SURROUNDINGS:]
    places = CarriedPlaces(head.points[:, :2], view.points, rings)
    carried = places.movement(carrying_oval(places.oval, vertices[list(OVAL)], pose, view.pose), body)
    moved = vertices[MESH_POINTS:SURROUNDINGS, :2] - head.points[:, :2]
    assert np.abs(moved - carried)[skirt].max() < 0.35 * view.pose.scale
    assert np.abs(moved).max() > 2 * view.pose.scale


@pytest.mark.parametrize("yaw", [-40.0, 40.0])
def test_a_neck_behind_the_jaw_does_not_turn_out_with_it(view: HeadView, yaw: float) -> None:
    assert view.layers is not None
    pose = _turned(view, yaw)
    vertices = animated_warper(view).target_vertices(points_from_local(view.local, pose), pose)
    places = view.layers.body_places
    oval = carrying_oval(places.oval, vertices[list(OVAL)], pose, view.pose)
    shift = places.movement(oval, vertices[SURROUNDINGS:]).reshape(GRID, GRID, 2)
    middle = round(view.pose.translation[0] / view.size * GRID)
    chin = int((view.pose.translation[1] + CHIN_CM * view.pose.scale) / view.size * GRID)
    behind = shift[chin - 3 : chin, middle - 2 : middle + 3]
    assert np.ptp(behind[..., 0], axis=0).max() < 0.2 * view.pose.scale


@pytest.mark.parametrize("centimetres", [0.0, 2.0])
def test_a_head_that_turns_on_its_neck_leaves_the_neck_where_it_is_and_takes_it_along_aside(
    view: HeadView, centimetres: float
) -> None:
    """Beside a neck that turned with the head, background was seen where a nape should be."""
    assert view.layers is not None
    photo, aside = view.pose, centimetres * view.pose.scale
    rotation = _turned(view, 30.0).rotation
    place = photo.translation + photo.scale * (photo.rotation - rotation) @ PIVOT
    pose = HeadPose(rotation, place + np.array([aside, 0.0, 0.0]), photo.scale)
    vertices = animated_warper(view).target_vertices(points_from_local(view.local, pose), pose)
    places = view.layers.body_places
    oval = carrying_oval(places.oval, vertices[list(OVAL)], pose, view.pose)
    moved = np.tile([BODY_SHARE * aside, 0.0], (len(oval), 1))
    np.testing.assert_allclose(oval - places.oval, moved, atol=0.05 * view.pose.scale)
    shift = places.movement(oval, vertices[SURROUNDINGS:]).reshape(GRID, GRID, 2)
    assert 0.9 * BODY_SHARE * aside - 0.5 < shift[..., 0].max() < 1.05 * BODY_SHARE * aside + 0.5


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


@pytest.mark.parametrize("yaw", [-30.0, 30.0])
def test_solid_hair_beyond_the_columns_ends_does_not_fade(view: HeadView, yaw: float) -> None:
    # Straight edges between the columns cut a round crown short, and what was left of it faded as the head turned.
    assert view.layers is not None
    solid = replace(view.layers, head_alpha=np.ones_like(view.layers.head_alpha))
    pose = _turned(view, yaw)
    warped = Warper(view, ClosedShell(view), solid).render(points_from_local(view.local, pose), pose)
    assert warped.cover is not None
    box, alpha = warped.cover
    topology = closed_topology()
    haired = (view.layers.shell.hairless < 0.01)[(topology.triangles - MESH_POINTS) % COLUMNS].all(axis=1)
    hair = np.take(np.append(topology.fringe & haired, False), warped.triangle_map[box], mode="wrap")
    inside = cv2.erode(hair.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    assert inside.sum() > 100
    assert np.percentile(alpha[inside], 10) > 0.8


def test_a_grey_photo_stays_grey(portrait: Frame, face_finder: FaceFinder) -> None:
    grey = np.repeat(portrait.mean(axis=2, keepdims=True).astype(np.uint8), 3, axis=2)
    head = Head.from_photos([grey], finder=face_finder)
    view = frame_head(head.photo, AnimateSettings(frame="crop", size=256)).view
    assert view.layers is not None
    for picture in (view.layers.plate, view.layers.body, view.layers.head, view.layers.side):
        assert int(np.ptp(picture.astype(np.int16), axis=2).max()) <= 1


def test_an_outline_that_is_unsure_falls_back_to_rings(view: HeadView) -> None:
    assert view.parts is not None
    vague = replace(view.parts, probabilities=np.full_like(view.parts.probabilities, 32))
    assert replace(view, parts=vague).layers is None
    assert replace(view, parts=None).layers is None
    assert replace(view, cut=("left",)).layers is None


def test_a_head_whose_crown_the_picture_cuts_is_closed_and_at_rest_the_photo(view: HeadView) -> None:
    rows = view.image.copy()
    first = round(float(view.points[FOREHEAD, 1]) - 1.5 * view.pose.scale)
    extent = (-0.5, first - 0.5, view.size - 0.5, view.size - 0.5)
    rows[:first] = rows[first]
    cut = replace(view, image=rows, cut=("top",), extent=extent)
    assert cut.layers is not None
    crown = cut.closed_head.local[SILHOUETTE * COLUMNS]
    assert crown[1] == pytest.approx(-CROWN_CM, abs=1.0), "it goes on beyond the edge"
    assert cut.layers.head_seen[: first + 1].max() < 0.6, "with a texture of its own"
    main = animated_warper(cut)
    assert np.array_equal(main.render(cut.points, cut.pose).image[first:], rows[first:])


def test_a_body_at_the_edge_of_the_photo_stands_still_at_rest(view: HeadView) -> None:
    cut = replace(view, extent=(20.0, -0.5, 235.5, 200.0))
    assert cut.layers is not None
    rings = ClosedShell(cut).vertices[-len(build_shell(cut.points, cut.pose, cut.size).points) :]
    assert np.abs(cut.layers.body_places.movement(cut.layers.body_places.oval, rings)).max() < 1e-6


def test_another_photo_supplies_the_side_of_the_head_that_the_animated_one_hides(view: HeadView) -> None:
    main = animated_warper(view)
    pose = _turned(view, 40.0)
    points = points_from_local(view.local, pose)
    alone = main.render(points, pose).image
    # A photo of the turned head in green light: what comes from it is seen.
    side = replace(view, image=np.asarray(alone * (0.4, 1.0, 0.4), np.uint8), points=points)
    side.__dict__["matte"] = Matte(np.ones((view.size, view.size), np.float32), "")  # a cached property
    select_side_sources([main, Warper(side, ClosedShell(side))])
    beyond = np.arange(len(main.topology.triangles)) >= main.topology.face_triangles
    lent = np.max([source.weight[:-1] for source in main.source_views], axis=0) > 0
    assert (lent & beyond & (main.facing_cosine <= MIN_FACING)).any(), "what it hides"
    assert (lent & beyond & (main.facing_cosine > MIN_FACING)).any(), "and what it shows steeply"
    assert not (lent & beyond & (main.facing_cosine > STEEP_AROUND)).any()
    both = main.render(points, pose)
    back = np.append(beyond, False)[both.triangle_map]
    changed = np.abs(both.image.astype(int) - alone).max(axis=2) > 20
    changed = cv2.resize(changed.astype(np.uint8), back.shape[::-1], interpolation=cv2.INTER_NEAREST) > 0
    assert changed[back].mean() > 0.05
    assert np.array_equal(main.render(view.points, view.pose).image, view.image), "at rest only the photo is used"


def test_hanging_hair_turns_with_the_head(view: HeadView) -> None:
    assert view.layers is not None
    rotation = _turned(view, 20.0).rotation  # about the neck's pivot, which stays
    place = view.pose.translation + view.pose.scale * (view.pose.rotation - rotation) @ PIVOT
    vertices, pose = ClosedShell(view).vertices, HeadPose(rotation, place, view.pose.scale)
    still, moved = (
        MovingBody(replace(view.layers, hair_follow=follow), view.pose, view.size).over(
            view.layers.plate, view.layers.plate, vertices, pose
        )[1]
        for follow in (np.zeros(len(view.layers.hair_places)), np.ones(len(view.layers.hair_places)))
    )
    assert np.array_equal(still, view.layers.body_alpha), "no ring has moved, and nothing hangs"
    assert np.abs(moved - still).max() > 0.5
