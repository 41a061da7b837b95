"""Surface of a dental arch in the head's own frame: a parabolic cylinder, upright behind the lips."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from animato.geometry.aperture_mask import Window
from animato.geometry.pose import HeadPose, rotation_exp
from animato.types import Plane

CURVATURE = 0.3
"""Depth over squared distance from the midline, per centimetre: canines lie 0.9 cm behind the incisors at 1.75 cm from
the midline, first molars 2 cm behind them at 2.6 cm."""

JAW_AXIS = (0.5, 2.0)
"""y and z of the axis on which the jaw rotates, canonical centimetres: the joints in front of the ears (mesh points 234
and 454 lie at y -0.7, z 2.4)."""


@dataclass(frozen=True)
class Rays:
    """Lines of sight of the pixels of a window, in the head's own frame: start + t direction.

    Attributes:
        start: x, y and z, each h x w float32, canonical centimetres.
        direction: 3 float64, of unit length, away from the camera.
    """

    start: tuple[Plane, Plane, Plane]
    direction: NDArray[np.float64]

    @classmethod
    def of(cls, window: Window, pose: HeadPose) -> Rays:
        """Return the lines of sight of a window under a pose."""
        to_head = pose.rotation.T / pose.scale
        x = np.arange(window.left, window.right) - pose.translation[0]
        y = np.arange(window.top, window.bottom) - pose.translation[1]
        start = (to_head[axis, 0] * x + (to_head[axis, 1] * y - to_head[axis, 2] * pose.translation[2])[:, None]
                 for axis in range(3))  # fmt: skip
        first, second, third = (np.asarray(plane, np.float32) for plane in start)
        return cls((first, second, third), np.asarray(pose.rotation[2], np.float64))

    def on_plane(self, origin: NDArray[np.float64]) -> tuple[Plane, Plane]:
        """Return where the rays meet the frontal plane through a point: x and y from that point, each h x w float32."""
        t = (origin[2] - self.start[2]) / np.float32(max(self.direction[2], 0.2))
        return self._at(t, origin)

    def on_arch(self, origin: NDArray[np.float64]) -> tuple[Plane, Plane]:
        """Return where the rays first meet an arch; rays that miss it get the nearest point.

        Args:
            origin: 3 float64, the point of the arch between the central incisors.

        Returns:
            (x, y): from the origin, each h x w float32, canonical centimetres.
        """
        dx, _, dz = self.direction
        u = self.start[0] - np.float32(origin[0])
        linear = np.float32(dz) - np.float32(2 * CURVATURE * dx) * u
        constant = np.float32(CURVATURE) * u * u - (self.start[2] - np.float32(origin[2]))
        root = np.sqrt(np.maximum(linear * linear - np.float32(4 * CURVATURE * dx * dx) * constant, 0))
        # This form of the smaller solution is stable where the parabola degenerates to a line.
        return self._at(2 * constant / np.maximum(linear + root, np.float32(0.05)), origin)

    def _at(self, t: Plane, origin: NDArray[np.float64]) -> tuple[Plane, Plane]:
        x, y = (self.start[axis] + np.float32(self.direction[axis]) * t - np.float32(origin[axis]) for axis in (0, 1))
        return np.asarray(x, np.float32), np.asarray(y, np.float32)


def arch_points(origin: NDArray[np.float64], x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return points of an arch in the head's own frame, R x C x 3.

    Args:
        origin: 3 float64, the point of the arch between the central incisors.
        x: C, distances to the right of it, canonical centimetres.
        y: R, distances below it.
    """
    across, down = np.broadcast_arrays(x[None], y[:, None])
    return np.stack([across, down, CURVATURE * across**2], axis=-1) + origin


def jaw_pose(pose: HeadPose, angle: float) -> HeadPose:
    """Return the pose of the lower jaw, opened by an angle (radians) about its joints.

    Points of the jaw are given where they lie while it is closed, in the head's own frame.
    """
    axis = np.array([0.0, *JAW_AXIS])
    turn = rotation_exp(np.array([angle, 0.0, 0.0]))
    rotation = pose.rotation @ turn
    return HeadPose(rotation, pose.translation + pose.scale * (pose.rotation @ axis - rotation @ axis), pose.scale)


def jaw_angle(drop: float, depth: float) -> float:
    """Return the jaw's angle in radians, at least 0, from the distance by which its points sank.

    Args:
        drop: mean distance downwards in the head's own frame, canonical centimetres.
        depth: mean z of the points while the jaw is closed.
    """
    return max(0.0, drop / (JAW_AXIS[1] - depth))
