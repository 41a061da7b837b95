"""The closed head: a photo taken apart gives the photo again, and a turned head keeps its volume."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from animato.geometry.landmarks import MESH_POINTS, OVAL, canonical_face
from animato.geometry.mesh import signed_area
from animato.geometry.pose import HeadPose, fit_pose, local_from_points, points_from_local, rotation_exp
from animato.head.closed_head import fit_closed_head
from animato.head.closed_topology import COLUMNS, FRONT, RINGS, closed_topology
from animato.head.outline import JAW
from animato.types import Face, Frame


@pytest.fixture(scope="module")
def silhouette(portrait: Frame, portrait_face: Face) -> NDArray[np.float32]:
    """A disc around the face, as if it were the head."""
    mask = np.zeros(portrait.shape[:2], np.float32)
    oval = portrait_face.points[list(OVAL), :2]
    middle = oval.mean(axis=0)
    cv2.fillConvexPoly(mask, cv2.convexHull(np.rint(middle + 1.3 * (oval - middle)).astype(np.int32)), 1.0)
    return mask


def test_the_rings_reach_the_silhouette(portrait_face: Face, silhouette: NDArray[np.float32]) -> None:
    pose = fit_pose(portrait_face.points)
    shell = fit_closed_head(portrait_face.points, pose, silhouette, np.zeros_like(silhouette), silhouette)
    oval = portrait_face.points[list(OVAL), :2]
    rim = shell.points.reshape(RINGS, COLUMNS, 3)[FRONT - 1, :, :2]
    grown = np.linalg.norm(rim - oval.mean(axis=0), axis=1) / np.linalg.norm(oval - oval.mean(axis=0), axis=1)
    upper = oval[:, 1] < oval[:, 1].mean()
    assert np.abs(grown[upper] - 1.3).max() < 0.08


def test_a_collar_beside_the_jaw_is_no_skirt(portrait_face: Face, silhouette: NDArray[np.float32]) -> None:
    pose, all_around = fit_pose(portrait_face.points), np.ones_like(silhouette)
    oval = portrait_face.points[list(OVAL), :2]
    middle = oval.mean(axis=0)

    def width(bare: NDArray[np.float32], hair: NDArray[np.float32]) -> float:
        shell = fit_closed_head(portrait_face.points, pose, silhouette, hair, bare)
        rim = shell.points.reshape(RINGS, COLUMNS, 3)[FRONT - 1, :, :2]
        return float(np.ptp(rim[rim[:, 1] > middle[1] + 5 * pose.scale, 0]))

    jaw, none = abs(oval[JAW, 0] - oval[-JAW, 0]), np.zeros_like(silhouette)
    # Whether the clothes are known or taken for the person, there is no neck beside the jaw.
    assert width(silhouette, none) <= jaw + 1
    assert width(all_around, none) <= jaw + 1
    assert width(all_around, all_around) > jaw + 1, "hair hangs there"


def test_the_front_faces_the_camera_and_the_back_does_not(portrait_face: Face, silhouette: NDArray[np.float32]) -> None:
    topology = closed_topology()
    shell = fit_closed_head(
        portrait_face.points, fit_pose(portrait_face.points), silhouette, np.zeros_like(silhouette), silhouette
    )
    vertices = np.concatenate([portrait_face.points[:MESH_POINTS].astype(np.float64), shell.points])
    area = signed_area(vertices, topology.triangles) * topology.outward
    front = ~topology.back & ~topology.fringe
    front[: topology.face_triangles] = False
    assert (area[front] > -1).mean() > 0.95
    assert (area[topology.back] < 1).mean() > 0.8  # the crown may show, in front of nothing


def test_every_edge_of_the_back_has_two_sides_or_lies_at_the_neck() -> None:
    topology = closed_topology()
    triangles = topology.triangles[topology.back]
    edges = np.sort(np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]]), axis=1)
    _, count = np.unique(edges, axis=0, return_counts=True)
    assert set(count.tolist()) <= {1, 2}


def test_in_the_photo_the_back_lies_behind_the_silhouette(portrait_face: Face, silhouette: NDArray[np.float32]) -> None:
    shell = fit_closed_head(
        portrait_face.points, fit_pose(portrait_face.points), silhouette, np.zeros_like(silhouette), silhouette
    )
    rings = shell.points.reshape(RINGS, COLUMNS, 3)
    rim, back = rings[FRONT - 1], rings[FRONT + 2 :]
    assert (back[..., 0].max() <= rim[:, 0].max() + 1) and (back[..., 0].min() >= rim[:, 0].min() - 1)
    assert (back[..., 2] >= rim[:, 2].min() - 1).all()


def test_the_far_side_of_a_turned_photo_is_the_mirror_of_the_near_one(
    portrait_face: Face, silhouette: NDArray[np.float32]
) -> None:
    pose = fit_pose(portrait_face.points)
    none = np.zeros_like(silhouette)
    assert not fit_closed_head(portrait_face.points, pose, silhouette, none, silhouette).mirrored.any()
    turned = HeadPose(rotation_exp(np.radians([0.0, 35.0, 0.0])) @ pose.rotation, pose.translation, pose.scale)
    points = points_from_local(local_from_points(portrait_face.points, pose), turned)
    shell = fit_closed_head(points, turned, silhouette, none, silhouette)
    rings = shell.local.reshape(RINGS, COLUMNS, 3)
    far = np.flatnonzero(shell.mirrored)
    aside = canonical_face().vertices[list(OVAL), 0]
    assert len(far) >= 8
    assert len(set(np.sign(aside[far]).tolist())) == 1, "one side of the head"
    side = far[np.abs(aside[far]) > 4.0]
    np.testing.assert_allclose(rings[:, side], rings[:, -side % COLUMNS] * (-1, 1, 1), atol=1e-6)
    sources = shell.source.reshape(RINGS, COLUMNS, 2)[:FRONT]
    np.testing.assert_array_equal(sources[:, far], sources[:, -far % COLUMNS])


@pytest.mark.parametrize("yaw", [-35.0, -20.0, 20.0, 35.0])
def test_the_skull_of_a_turned_photo_reaches_no_farther_back_than_that_of_a_frontal_one(
    portrait_face: Face, silhouette: NDArray[np.float32], yaw: float
) -> None:
    none, pose = np.zeros_like(silhouette), fit_pose(portrait_face.points)

    def end(turn: float) -> float:
        turned = HeadPose(rotation_exp(np.radians([0.0, turn, 0.0])) @ pose.rotation, pose.translation, pose.scale)
        points = points_from_local(local_from_points(portrait_face.points, pose), turned)
        # A ball around the middle of the skull, as wide from everywhere.
        middle = turned.translation + turned.scale * turned.rotation @ np.array([0.0, -2.0, 8.0])
        y, x = np.mgrid[: silhouette.shape[0], : silhouette.shape[1]]
        ball = (np.hypot(x - middle[0], y - middle[1]) < 9.5 * turned.scale).astype(np.float32)
        rings = fit_closed_head(points, turned, ball, none, ball).local.reshape(RINGS, COLUMNS, 3)
        return float(rings[-1, :, 2].max())

    assert 10 < end(yaw) < end(0.0) + 0.5  # centimetres


@pytest.mark.parametrize("yaw", [-30.0, 0.0, 30.0])
def test_the_skirt_below_the_chin_leads_to_the_throat_and_not_beside_the_neck(
    portrait_face: Face, silhouette: NDArray[np.float32], yaw: float
) -> None:
    none, pose = np.zeros_like(silhouette), fit_pose(portrait_face.points)
    turned = HeadPose(rotation_exp(np.radians([0.0, yaw, 0.0])) @ pose.rotation, pose.translation, pose.scale)
    points = points_from_local(local_from_points(portrait_face.points, pose), turned)
    shell = fit_closed_head(points, turned, np.ones_like(silhouette), none, np.ones_like(silhouette))
    rings, chin = shell.local.reshape(RINGS, COLUMNS, 3), COLUMNS // 2
    assert shell.soft.reshape(RINGS, COLUMNS)[FRONT - 1, chin] == 1
    skirt = rings[:FRONT, chin - 1 : chin + 2]
    assert np.abs(skirt[..., 0]).max() < 3.0  # centimetres aside
    assert (skirt[-1, :, 2] - skirt[0, :, 2] > 2.0).all()  # farther back


@pytest.mark.parametrize("yaw", [-35.0, 35.0])
def test_the_crown_of_a_turned_photo_has_no_fold(
    portrait_face: Face, silhouette: NDArray[np.float32], yaw: float
) -> None:
    none, pose = np.zeros_like(silhouette), fit_pose(portrait_face.points)
    turned = HeadPose(rotation_exp(np.radians([0.0, yaw, 0.0])) @ pose.rotation, pose.translation, pose.scale)
    points = points_from_local(local_from_points(portrait_face.points, pose), turned)
    shell = fit_closed_head(points, turned, silhouette, none, silhouette)
    crown = shell.local.reshape(RINGS, COLUMNS, 3)[:FRONT, np.arange(-4, 5)]
    side = np.sign(crown[-1, -1, 0] - crown[-1, 0, 0])
    assert (side * np.diff(crown[..., 0], axis=1) > -0.1).all(), "columns lie beside each other from ear to ear"
