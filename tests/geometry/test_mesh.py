"""The head's mesh: whole, facing the camera, fixed at the border; and which of it a photo shows."""

from __future__ import annotations

import numpy as np
import pytest
from head_material import SIZE, Head, drawn_head, head

from animato.geometry.landmarks import MESH_POINTS, NOSE_TIP, OVAL, canonical_face
from animato.geometry.mesh import (
    BORDER_START,
    COLUMNS,
    VERTICES,
    build_shell,
    extend,
    head_topology,
    move_rings,
    signed_area,
)
from animato.geometry.pose import HeadPose
from animato.geometry.raster import draw_triangles
from animato.geometry.visibility import (
    facing_cosine,
    interpolate_hidden,
    mesh_edges,
    mirrored_triangles,
    visible_vertices,
)


def test_the_mesh_uses_every_vertex_and_starts_with_the_face() -> None:
    topology = head_topology()
    assert np.array_equal(np.unique(topology.triangles), np.arange(VERTICES))
    assert np.array_equal(topology.triangles[: topology.face_triangles], canonical_face().triangles)
    assert topology.aperture.sum() > 30 and not topology.aperture[topology.face_triangles :].any()


def test_at_rest_the_mesh_covers_the_whole_crop_and_faces_the_camera(calm: Head) -> None:
    shell = calm.warper.shell.shell
    vertices = extend(calm.points, shell, shell.points)
    topology = head_topology()
    drawn = draw_triangles(vertices, topology.triangles, SIZE, topology.outward)
    assert (drawn >= 0).all()
    areas = signed_area(vertices, topology.triangles) * topology.outward
    assert (areas[topology.face_triangles :] > -1e-6).mean() > 0.97


def test_the_border_lies_on_the_edge_and_reaches_all_corners(calm: Head) -> None:
    border = calm.warper.shell.shell.border[:, :2]
    low, high = -0.5, SIZE - 0.5
    on_edge = np.isclose(border, low) | np.isclose(border, high)
    assert on_edge.any(axis=1).all()
    for corner in ((low, low), (low, high), (high, low), (high, high)):
        assert np.linalg.norm(border - corner, axis=1).min() < 1e-6


@pytest.mark.parametrize("side", ["left", "right", "top", "bottom"])
def test_a_head_at_the_edge_of_its_crop_still_gets_a_whole_mesh(calm: Head, side: str) -> None:
    shift = {"left": (-90, 0), "right": (90, 0), "top": (0, -90), "bottom": (0, 90)}[side]
    points = calm.points + np.float32([*shift, 0])
    photo = head(calm.crop, points)
    shell = photo.warper.shell.shell
    assert shell.points[:, :2].min() >= 1 and shell.points[:, :2].max() <= SIZE - 2
    made = photo.warper.render(points, photo.warper.pose)
    assert np.abs(made.image.astype(int) - calm.crop).mean() < 0.5


def test_rings_follow_the_head_fully_above_and_hardly_at_the_neck(calm: Head) -> None:
    warper = calm.warper
    old = warper.pose
    moved = HeadPose(old.rotation, old.translation + np.array([12.0, 0, 0]), old.scale)
    rings = move_rings(warper.shell.shell, old, moved, np.zeros((COLUMNS, 3))) - warper.shell.shell.points
    top, chin = 0, OVAL.index(152)
    inner, middle, outer = (rings[ring * COLUMNS : (ring + 1) * COLUMNS, 0] for ring in range(3))
    assert inner[top] == pytest.approx(12.0) and outer[top] < inner[top]
    assert inner[chin] < 9 and outer[chin] < 1.5
    assert (inner >= middle - 1e-9).all() and (middle >= outer - 1e-9).all()
    still = move_rings(warper.shell.shell, old, old, np.zeros((COLUMNS, 3)))
    assert np.allclose(still[:, :2], warper.shell.shell.points[:, :2])


def test_a_frontal_face_is_seen_whole(calm: Head, smiling: Head) -> None:
    assert calm.warper.visible.mean() > 0.99 and smiling.warper.visible.mean() > 0.99


@pytest.mark.parametrize("yaw", [40.0, -40.0])
def test_of_a_turned_face_the_far_side_is_hidden(calm: Head, yaw: float) -> None:
    _, points = drawn_head(calm.local, yaw)
    shell = build_shell(points, calm.warper.pose, SIZE)
    visible = visible_vertices(extend(points, shell, shell.points), SIZE / 38, SIZE)
    side = canonical_face().vertices[:, 0] * np.sign(yaw)
    assert visible[side < 0].mean() > 0.98
    assert visible[side > 6].mean() < 0.1
    assert visible[NOSE_TIP]


def test_hidden_vertices_rest_between_their_neighbours(calm: Head) -> None:
    points = calm.points[:MESH_POINTS, :2].astype(float)
    visible = np.ones(MESH_POINTS, bool)
    visible[[234, 93, 132, 227, 137, 177, 116, 123]] = False
    pulled = interpolate_hidden(points, visible)
    assert np.array_equal(pulled[visible], points[visible])
    for vertex in np.flatnonzero(~visible):
        edges = mesh_edges()
        near = np.concatenate([edges[edges[:, 0] == vertex, 1], edges[edges[:, 1] == vertex, 0]])
        assert np.abs(pulled[vertex] - pulled[near].mean(axis=0)).max() < 0.01
    assert interpolate_hidden(points, np.ones(MESH_POINTS, bool)) is points


def test_a_turned_photo_is_copied_from_where_it_shows_skin(calm: Head) -> None:
    picture, points = drawn_head(calm.local, 45.0)
    warper = head(picture, points).warper
    used = warper.source_vertices[:MESH_POINTS, :2]
    assert np.array_equal(used[warper.visible], points[:MESH_POINTS, :2][warper.visible].astype(float))
    assert (~warper.visible).sum() > 60
    moved = np.linalg.norm(used - points[:MESH_POINTS, :2], axis=1)[~warper.visible]
    assert np.median(moved) > 2  # away from what lies in front of them


def test_edges_are_those_of_the_triangles_once_each() -> None:
    edges = mesh_edges()
    slow = {tuple(sorted(pair)) for a, b, c in canonical_face().triangles.tolist() for pair in ((a, b), (b, c), (c, a))}
    assert {tuple(edge) for edge in edges.tolist()} == slow and len(edges) == len(slow)


def test_the_mirror_swaps_sides_and_swaps_back() -> None:
    partner = head_topology().partner
    assert np.array_equal(partner[partner], np.arange(VERTICES))
    assert partner[33] == 263 and partner[61] == 291 and partner[NOSE_TIP] == NOSE_TIP
    assert np.array_equal(partner[BORDER_START:], np.arange(BORDER_START, VERTICES))


def test_squareness_is_the_cosine_of_the_tilt(calm: Head) -> None:
    local = np.concatenate([canonical_face().vertices, np.zeros((VERTICES - MESH_POINTS, 3))])
    for yaw in (0.0, 30.0, 60.0):
        pose = calm.posed(yaw)[1]
        cosines = facing_cosine(local, pose.rotation, head_topology())[: head_topology().face_triangles]
        a, b, c = (local[canonical_face().triangles[:, k]] @ pose.rotation.T for k in range(3))
        normal = np.cross(b - a, c - a)
        slow = -normal[:, 2] / np.linalg.norm(normal, axis=1)
        slow *= np.sign(np.median(slow)) if yaw == 0 else np.sign(np.corrcoef(slow, cosines)[0, 1])
        assert np.allclose(cosines, slow, atol=1e-6)


def test_only_the_hidden_half_of_a_turned_face_is_better_mirrored(calm: Head) -> None:
    faces = head_topology().face_triangles
    middle = canonical_face().vertices[canonical_face().triangles].mean(axis=1)[:, 0]
    for yaw in (40.0, -40.0):
        turned = head(*drawn_head(calm.local, yaw)).warper
        everywhere = mirrored_triangles(turned.shell.local, turned.pose.rotation, turned.visible, turned.topology)
        beyond = (head_topology().triangles >= MESH_POINTS + COLUMNS).any(axis=1)
        assert not everywhere[beyond].any(), "background would be mirrored"
        better = everywhere[:faces]
        assert better[middle * np.sign(yaw) > 2].mean() > 0.6
        assert better[middle * np.sign(yaw) < -0.5].mean() < 0.03
    assert not calm.warper.source_views
