"""Factorisation of landmarks into a rigid head pose and a face in its own frame.

    landmarks = scale * rotation @ local + translation                                     (weak perspective)

`local` is the frontalised face, in canonical centimetres: person shape plus expression. The rotation, scale and
translation are the weighted similarity that best maps the canonical rigid points onto the landmarks: the weighted
orthogonal Procrustes problem, solved by the SVD (Umeyama 1991, "Least-squares estimation of transformation parameters
between two point patterns", equations 40 to 42).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.geometry.landmarks import canonical_face
from animato.types import Points


@dataclass(frozen=True)
class HeadPose:
    """A rigid head pose with scale.

    Attributes:
        rotation: 3 x 3 float64, image axes (x right, y down, z away) from canonical axes; identity faces the camera.
        translation: 3 float64, pixels; position of the canonical origin (z is arbitrary in weak perspective).
        scale: pixels per canonical centimetre.
    """

    rotation: NDArray[np.float64]
    translation: NDArray[np.float64]
    scale: float

    def degrees(self) -> tuple[float, float, float]:
        """Return (yaw, pitch, roll) in degrees; positive is to the image's right, down, and clockwise."""
        r = self.rotation
        # The face points along -z; its direction gives yaw and pitch, the remaining rotation is roll.
        yaw = np.degrees(np.arctan2(-r[0, 2], r[2, 2]))
        pitch = np.degrees(np.arcsin(np.clip(-r[1, 2], -1, 1)))
        roll = np.degrees(np.arctan2(r[1, 0], r[1, 1]))
        return float(yaw), float(pitch), float(roll)


def fit_pose(points: Points) -> HeadPose:
    """Fit the head pose of 478 (or 468) landmarks.

    Args:
        points: N >= 468 x 3 float32, pixels.
    """
    face = canonical_face()
    source = face.vertices[face.rigid]
    target = points[face.rigid].astype(np.float64)
    return fit_similarity(source, target, face.rigid_weights)


def fit_similarity(source: NDArray[np.float64], target: NDArray[np.float64], weights: NDArray[np.float64]) -> HeadPose:
    """Return the similarity that maps source points onto target points with the least weighted squared error.

    Args:
        source: N x 3.
        target: N x 3.
        weights: N, non-negative, not all zero.
    """
    weights = weights / weights.sum()
    source_mean, target_mean = weights @ source, weights @ target
    a, b = source - source_mean, target - target_mean
    u, d, vt = np.linalg.svd((b * weights[:, None]).T @ a)
    sign = np.diag([1.0, 1.0, float(np.sign(np.linalg.det(u @ vt)))])
    rotation = u @ sign @ vt
    scale = float((d * np.diag(sign)).sum() / (weights @ (a * a).sum(axis=1)))
    return HeadPose(rotation, target_mean - scale * rotation @ source_mean, scale)


def local_from_points(points: Points, pose: HeadPose) -> NDArray[np.float64]:
    """Return landmarks in the head's own frame, in canonical centimetres.

    Args:
        points: N x 3, pixels.
        pose: the pose of these landmarks.
    """
    return np.asarray((points.astype(np.float64) - pose.translation) @ pose.rotation / pose.scale)


def points_from_local(local: NDArray[np.float64], pose: HeadPose) -> Points:
    """Return landmarks in pixels; the exact inverse of `local_from_points`.

    Args:
        local: N x 3, canonical centimetres.
        pose: of the head.
    """
    return np.asarray(pose.scale * local @ pose.rotation.T + pose.translation, np.float32)


def rotation_log(rotation: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the rotation vector (axis times angle in radians) of a 3 x 3 rotation (Rodrigues)."""
    # cv2.Rodrigues returns zero for angles below 1e-5 and is inexact near pi.
    cos = np.clip((np.trace(rotation) - 1) / 2, -1, 1)
    angle = float(np.arccos(cos))
    skew = np.array([rotation[2, 1] - rotation[1, 2], rotation[0, 2] - rotation[2, 0], rotation[1, 0] - rotation[0, 1]])
    if angle < 1e-6:
        return np.asarray(skew / 2)
    if angle > np.pi - 1e-3:
        # Near pi the skew part vanishes; the axis follows from the symmetric part, (1 - cos) a a^T + cos I.
        outer = (rotation + rotation.T) / 2 - cos * np.eye(3)
        column = outer[:, int(np.argmax(np.diag(outer)))]
        axis = column / np.linalg.norm(column) * (-1.0 if column @ skew < 0 else 1.0)
        return np.asarray(axis * np.arctan2(np.linalg.norm(skew) / 2, cos))
    return np.asarray(skew * (angle / (2 * np.sin(angle))))


def rotation_exp(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the 3 x 3 rotation of a rotation vector (Rodrigues); the inverse of `rotation_log`."""
    return np.asarray(cv2.Rodrigues(np.asarray(vector, np.float64))[0], np.float64)


def degrees_between(a: HeadPose, b: HeadPose) -> float:
    """Return the angle of the rotation from one pose to another, degrees in [0, 180]."""
    cosine = (np.trace(a.rotation @ b.rotation.T) - 1) / 2
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))
