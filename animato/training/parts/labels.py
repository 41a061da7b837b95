"""Labels of the parts network's cases: depth in centimetres, ears, and what landmarks say of a photo."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.geometry.landmarks import EYE_LEFT, EYE_RIGHT, LIPS_INNER, MESH_POINTS, OVAL
from animato.geometry.pose import HeadPose
from animato.models.parts.config import PARTS
from animato.types import Face

STEPS_PER_CM = 5.5
"""Steps of stored depth for a centimetre; 128 is the camera's focus, smaller is nearer."""


def depth_in_cm(far: NDArray[np.uint8], labels: NDArray[np.uint8], face: Face, pose: HeadPose) -> NDArray[np.float32]:
    """Return depth in centimetres behind the middle of the face, H x W float32, NaN where there is nobody.

    Args:
        far: h x w uint8, stored depth.
        labels: H x W uint8, index into `PARTS`.
        face: landmarks, pixels.
        pose: fitted to them.
    """
    size = labels.shape[::-1]
    metric = (far.astype(np.float32) - 128) / STEPS_PER_CM
    metric[far == 0] = np.nan
    full = cv2.resize(metric, size, interpolation=cv2.INTER_NEAREST)
    full[labels == 0] = np.nan
    at = np.clip(np.rint(face.points[:MESH_POINTS, :2]), 0, np.array(size) - 1).astype(int)
    mesh = (face.points[:MESH_POINTS, 2] - pose.translation[2]) / pose.scale
    shown = labels[at[:, 1], at[:, 0]] == PARTS.index("face")
    offset = np.nanmedian((full[at[:, 1], at[:, 0]] - mesh)[shown]) if shown.any() else np.nan
    return np.asarray(full - offset, np.float32)


EAR_SIDE, EAR_HEIGHT, EAR_BEHIND = 5.8, 7.0, 3.0
"""Where a head's skin outside the face mesh is an ear: centimetres beside, above or below, and behind its origin."""


def with_ears(labels: NDArray[np.uint8], depth: NDArray[np.float32], face: Face, pose: HeadPose) -> NDArray[np.uint8]:
    """Return labels in which the skin at the sides of the head, outside the face mesh, is called ear.

    Args:
        labels: H x W uint8, index into `PARTS`.
        depth: H x W float32, from `depth_in_cm`.
        face: landmarks, pixels.
        pose: fitted to them.
    """
    rows, columns = np.nonzero(labels == PARTS.index("face"))
    xyz = np.column_stack([columns, rows, depth[rows, columns] * pose.scale + pose.translation[2]])
    local = (xyz - pose.translation) @ pose.rotation / pose.scale
    on_mesh = np.zeros(labels.shape, np.uint8)
    cv2.fillConvexPoly(on_mesh, cv2.convexHull(np.rint(face.points[list(OVAL), :2]).astype(np.int32)), 1)
    ear = (
        (on_mesh[rows, columns] == 0)
        & (np.abs(local[:, 0]) > EAR_SIDE)
        & (np.abs(local[:, 1]) < EAR_HEIGHT)
        & (local[:, 2] > EAR_BEHIND)
    )
    result = labels.copy()
    result[rows[ear], columns[ear]] = PARTS.index("ear")
    return result


def draw_face(labels: NDArray[np.uint8], face: Face, pose: HeadPose) -> None:
    """Mark what landmarks say, in place: the lower face, eyes and the open mouth; a fringe may hide the forehead.

    Args:
        labels: H x W uint8, changed.
        face: landmarks, pixels.
        pose: fitted to them.
    """
    xy = face.points[:, :2].astype(np.float64)
    oval = xy[list(OVAL)]
    lower = oval[(local_y := _local_y(face, pose))[list(OVAL)] > local_y[list(EYE_LEFT)].mean() + 1.0]
    middle = xy[[1, 4, 5, 195]].mean(axis=0)
    shrunk = middle + 0.9 * (np.concatenate([lower, xy[[*EYE_LEFT, *EYE_RIGHT]]]) - middle)
    cv2.fillConvexPoly(labels, cv2.convexHull(np.rint(shrunk).astype(np.int32)), PARTS.index("face"))
    for ring, part in ((EYE_LEFT, "eyes"), (EYE_RIGHT, "eyes"), (LIPS_INNER, "mouth_interior")):
        outline = np.rint(xy[list(ring)] * 16).astype(np.int32)
        if cv2.contourArea(xy[list(ring)].astype(np.float32)) > (0.4 * pose.scale) ** 2:
            cv2.fillPoly(labels, [outline], PARTS.index(part), shift=4)


def _local_y(face: Face, pose: HeadPose) -> NDArray[np.float64]:
    return np.asarray(((face.points - pose.translation) @ pose.rotation)[:, 1] / pose.scale)
