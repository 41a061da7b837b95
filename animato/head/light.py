"""Light of a photo: how bright skin is by the direction that it faces, and so how it changes when the head turns.

The light stands still when a head turns. Logarithms of brightness are a function of the surface's normal, the first two
orders of spherical harmonics (Ramamoorthi, Hanrahan 2001, "An efficient representation for irradiance environment
maps"). A photo shows it on the front of a face only, and mixed with what the skin itself has of light and dark; a
linear map, fitted to turning heads by `scripts/fit_head_light.py`, leads from fits to the photo's skin to the light.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.errors import MissingPartError
from animato.geometry.landmarks import EYE_LEFT, EYE_RIGHT, LIPS_OUTER, MESH_POINTS
from animato.geometry.mesh import head_topology
from animato.types import Frame, Points

FITTED = Path(__file__).resolve().parents[1] / "assets" / "head_light.npy"
"""8 x 23 float32: from the statistics of a photo to the coefficients of its light."""

ORDERS = ((3, 0.05), (8, 0.02))
"""Number of harmonics of each fit to a photo's skin, without the constant, and its ridge."""

SKIN_CM = 0.35
"""Sigma over which skin is averaged, canonical centimetres: pores and lashes are no shading."""

DARK = 10.0
"""Added to colours of 255 before their logarithm: noise in dark colours counts less."""

LEAST_FACING = 0.25
"""Cosine of the angle to the camera below which a photo shows too little of a vertex."""

ROUNDS = 6
"""Rounds of reweighting, after which beards, brows and spectacles count little."""

MOST = 0.6
"""Largest logarithm of a change of brightness."""


def harmonics(normals: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the harmonics of the first two orders, N x 8, of unit normals, N x 3, without the constant."""
    x, y, z = normals.T
    return np.stack([x, y, z, x * y, x * z, y * z, x * x - y * y, 3 * z * z - 1], axis=1)


def vertex_normals(vertices: NDArray[np.floating], triangles: NDArray[np.int32], outward: float) -> NDArray[np.float64]:
    """Return unit normals of a mesh, V x 3, z away from the camera; 0 where no triangle is.

    Args:
        vertices: V x 3.
        triangles: T x 3.
        outward: sign of the signed area of a triangle that faces the camera.
    """
    a, b, c = (vertices[triangles[:, corner]].astype(np.float64) for corner in range(3))
    normal = np.cross(b - a, c - a) * -outward
    corners, count = triangles.T.reshape(-1), len(vertices)
    total = np.stack([np.bincount(corners, np.tile(axis, 3), count) for axis in normal.T], axis=1)
    return np.asarray(total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-9))


@functools.cache
def skin_vertices() -> NDArray[np.bool_]:
    """Return which of the 468 vertices are skin: all but those of lips and lids."""
    skin = np.ones(MESH_POINTS, bool)
    skin[[*EYE_LEFT, *EYE_RIGHT, *LIPS_OUTER]] = False
    return skin


@dataclass(frozen=True)
class Skin:
    """What a picture shows at the vertices of a face.

    Attributes:
        colours: 468 x 3 float64, logarithms of RGB.
        normals: 468 x 3 float64, unit normals.
        shown: 468 bool, where they are known.
    """

    colours: NDArray[np.float64]
    normals: NDArray[np.float64]
    shown: NDArray[np.bool_]

    @classmethod
    def of(cls, image: Frame, points: Points, pixels_per_cm: float) -> Skin:
        """Measure the skin of a face.

        Args:
            image: H x W x 3 uint8 RGB.
            points: 478 x 3 float32, its landmarks, pixels.
            pixels_per_cm: scale of its pose.
        """
        face = points[:MESH_POINTS]
        topology = head_topology()
        normals = vertex_normals(face, topology.triangles[: topology.face_triangles], topology.outward)
        soft = np.asarray(cv2.GaussianBlur(image, (0, 0), max(SKIN_CM * pixels_per_cm, 0.3)), np.float32)
        x, y = np.ascontiguousarray(face[:, :2].T)[:, :, None]
        colours = cv2.remap(soft, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)[:, 0]
        height, width = image.shape[:2]
        inside = ((face[:, :2] >= 0) & (face[:, :2] <= (width - 1, height - 1))).all(axis=1)
        shown = skin_vertices() & inside & (-normals[:, 2] > LEAST_FACING)
        return cls(np.log(colours.astype(np.float64) + DARK), normals, shown)


def statistics(skin: Skin) -> NDArray[np.float64]:
    """Return fits of harmonics to a photo's skin, 11 x 3; 0 where too little of it is seen."""
    if skin.shown.sum() < 2 * max(count for count, _ in ORDERS):
        return np.zeros((sum(count for count, _ in ORDERS), 3))
    base, colours = harmonics(skin.normals[skin.shown]), skin.colours[skin.shown]
    return np.concatenate([_robust_fit(base[:, :count], colours, ridge) for count, ridge in ORDERS])


def _robust_fit(base: NDArray[np.float64], colours: NDArray[np.float64], ridge: float) -> NDArray[np.float64]:
    """Return coefficients (K x 3) of N x K harmonics for N x 3 colours, without the constant's."""
    with_constant = np.column_stack([np.ones(len(base)), base])
    penalty = ridge * len(base) * np.diag([0.0] + [1.0] * base.shape[1])
    weight = np.ones(len(base))
    for _ in range(ROUNDS):
        weighted = with_constant.T * weight
        found = np.linalg.solve(weighted @ with_constant + penalty, weighted @ colours)
        error = np.abs(colours - with_constant @ found).mean(axis=1)
        weight = 1 / (1 + (error / (1.5 * np.median(error) + 1e-3)) ** 2)
    return np.asarray(found[1:])


def regressors(found: NDArray[np.float64], channel: int) -> NDArray[np.float64]:
    """Return what the light of a colour channel is computed from, 23: a constant, its statistics and their mean.

    Args:
        found: 11 x 3, from `statistics`.
        channel: 0 to 2, of RGB.
    """
    return np.concatenate([[1.0], found[:, channel], found.mean(axis=1)])


@functools.cache
def _fitted() -> NDArray[np.float64]:
    try:
        return np.asarray(np.load(FITTED, allow_pickle=False), np.float64)
    except (OSError, ValueError) as error:
        raise MissingPartError(
            "the bundled map for the light of heads is missing or damaged",
            where=FITTED.name,
            hint="pip install --force-reinstall animato",
        ) from error


@dataclass(frozen=True)
class HeadLight:
    """Light on a head in a photo.

    Attributes:
        coefficients: 8 x 3 float64, of the harmonics of each colour channel's logarithm.
    """

    coefficients: NDArray[np.float64]

    @classmethod
    def of(cls, image: Frame, points: Points, pixels_per_cm: float) -> HeadLight:
        """Estimate the light of a photo.

        Args:
            image: H x W x 3 uint8 RGB.
            points: 478 x 3 float32, landmarks of the face, pixels.
            pixels_per_cm: scale of its pose.

        Raises:
            MissingPartError: the bundled map is missing or damaged.
        """
        found = statistics(Skin.of(image, points, pixels_per_cm))
        return cls(np.stack([_fitted() @ regressors(found, channel) for channel in range(3)], axis=1))

    def log_gain(self, normals: NDArray[np.float64], turned: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the logarithm of the change of brightness, N x 3 in [-MOST, MOST].

        Args:
            normals: N x 3, unit normals in the photo.
            turned: N x 3, of the same places of the turned head.
        """
        change = (harmonics(turned) - harmonics(normals)) @ self.coefficients
        return np.asarray(MOST * np.tanh(change / MOST))
