"""478 landmarks and 52 expression scores of one face in a rotated square region of a frame.

Source: the bundled `face_landmarker.task`: Kartynnik et al. 2019 (mesh), Ablavatski et al. 2020 (irises), and its
blendshape network, which reads 146 of the points. The mesh network returns pixels of its 256 px input, z to the same
scale.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.geometry.crop import shrink
from animato.geometry.landmarks import BLENDSHAPE_POINTS, EYE_CORNERS, MESH_POINTS, POINTS, read_asset
from animato.runtime.engine import Engine
from animato.tracking.detector import Detection
from animato.types import Face, Frame, Points

INPUT_SIDE = 256
REGION_SCALE = 1.5
"""The region is this much larger than the face's box, as the network was trained."""

LOOK_SHIFT, LOOK_SCALE, LOOK_TURN = 0.008, 0.015, 0.015
"""How far looks at one face lie apart: standard deviations in shares of the region's side, log of scale, radians."""


@dataclass(frozen=True)
class RegionOfInterest:
    """A rotated square in a frame.

    Attributes:
        x: centre, pixels.
        y: centre, pixels.
        side: pixels.
        angle: radians, clockwise in the image (y down); 0 is an upright face.
    """

    x: float
    y: float
    side: float
    angle: float

    def frame_from_region(self) -> NDArray[np.float64]:
        """Return the 2 x 3 map from pixels of the network's input to pixels of the frame."""
        scale = self.side / INPUT_SIDE
        cos, sin = np.cos(self.angle) * scale, np.sin(self.angle) * scale
        middle = (INPUT_SIDE - 1) / 2
        return np.array(
            [[cos, -sin, self.x - cos * middle + sin * middle], [sin, cos, self.y - sin * middle - cos * middle]]
        )


def region_from_detection(face: Detection) -> RegionOfInterest:
    """Return the region for a detected face: its box grown 1.5 times, turned so that the eyes lie level."""
    (x0, y0), (x1, y1) = face.keypoints[0], face.keypoints[1]
    left, top, right, bottom = face.box
    side = max(right - left, bottom - top) * REGION_SCALE
    return RegionOfInterest((left + right) / 2, (top + bottom) / 2, side, float(np.arctan2(y1 - y0, x1 - x0)))


def region_from_points(points: Points) -> RegionOfInterest:
    """Return the region for the next look: box of the mesh in the face's own upright frame, grown 1.5 times.

    Args:
        points: N >= 468 x (2 or 3), pixels.
    """
    left, right = points[EYE_CORNERS[0], :2], points[EYE_CORNERS[1], :2]
    angle = float(np.arctan2(right[1] - left[1], right[0] - left[0]))
    cos, sin = np.cos(-angle), np.sin(-angle)
    upright = points[:MESH_POINTS, :2].astype(np.float64) @ np.array([[cos, -sin], [sin, cos]]).T
    low, high = upright.min(axis=0), upright.max(axis=0)
    middle = (low + high) / 2
    x, y = np.array([[cos, sin], [-sin, cos]]) @ middle
    return RegionOfInterest(float(x), float(y), float((high - low).max()) * REGION_SCALE, angle)


class Landmarker:
    """Runs the mesh and the blendshape network on a region.

    Args:
        engine: runs the networks.
    """

    def __init__(self, engine: Engine) -> None:
        shape = (1, INPUT_SIDE, INPUT_SIDE, 3)
        self._mesh = engine.network(read_asset("face_landmarks_detector.tflite"), shape)
        self._blendshapes = engine.network(read_asset("face_blendshapes.tflite"), threads=1)
        self._subset = np.array(BLENDSHAPE_POINTS)

    def locate(self, frame: Frame, region: RegionOfInterest, *, blendshapes: bool = True, looks: int = 1) -> Face:
        """Return the landmarks of the face in a region; `score` says how sure the network is that one is there.

        Args:
            frame: H x W x 3 uint8 RGB.
            region: where to look; outside the frame is black.
            blendshapes: run the expression network too; otherwise the scores are zero.
            looks: regions that are looked at, this one and some beside it; the landmarks are their mean. What the
                network says changes by a few tenths of a pixel with where a face lies in its input.
        """
        found = [self._look(frame, near) for near in regions_around(region, looks)]
        points: Points = np.stack([points for points, _ in found]).mean(axis=0, dtype=np.float64).astype(np.float32)
        scores = np.zeros(52, np.float32)
        if blendshapes:
            scores = self._blendshapes(points[None, self._subset, :2])[0].reshape(52).copy()
        return Face(points, scores, found[0][1])

    def _look(self, frame: Frame, region: RegionOfInterest) -> tuple[Points, float]:
        """Return the landmarks that the network sees in one region, pixels of the frame, and how sure it is."""
        frame_from_region = region.frame_from_region()
        crop = cut_region(frame, region)
        outputs = self._mesh(crop[None].astype(np.float32) * (1.0 / 255.0))
        by_size = sorted(outputs, key=lambda array: -array.size)
        raw = by_size[0].reshape(POINTS, 3).astype(np.float64)
        presence = next(array for array in outputs if array.shape == (1, 1, 1, 1))
        points = np.empty((POINTS, 3), np.float32)
        points[:, :2] = raw[:, :2] @ frame_from_region[:, :2].T + frame_from_region[:, 2]
        points[:, 2] = raw[:, 2] * (region.side / INPUT_SIDE)
        return points, float(1.0 / (1.0 + np.exp(-np.clip(presence.reshape(-1)[0], -50, 50))))


def cut_region(frame: Frame, region: RegionOfInterest) -> Frame:
    """Return a region of a frame, upright, 256 x 256 x 3 uint8 RGB; outside the frame it is black.

    Args:
        frame: H x W x 3 uint8 RGB.
        region: what to cut out.
    """
    flags = cv2.WARP_INVERSE_MAP | (cv2.INTER_AREA if region.side > 2 * INPUT_SIDE else cv2.INTER_LINEAR)
    size = (INPUT_SIDE, INPUT_SIDE)
    shrunk_map = _shrunk_map(region.frame_from_region(), region)
    return np.asarray(cv2.warpAffine(_shrunk(frame, region), shrunk_map, size, flags=flags), np.uint8)


def regions_around(region: RegionOfInterest, count: int) -> list[RegionOfInterest]:
    """Return a region and others beside it: shifted, scaled and turned a little, in opposite pairs, always the same."""
    near = [region]
    random = np.random.default_rng(0)
    while len(near) < count:
        x, y, scale, turn = random.normal(0.0, (LOOK_SHIFT, LOOK_SHIFT, LOOK_SCALE, LOOK_TURN))
        near += [
            RegionOfInterest(
                region.x + sign * x * region.side,
                region.y + sign * y * region.side,
                region.side * float(np.exp(sign * scale)),
                region.angle + sign * turn,
            )
            for sign in (1, -1)
        ]
    return near[:count]


def _shrink_factor(region: RegionOfInterest) -> int:
    """Power of two by which the frame is reduced first, so that a large face is averaged, not aliased."""
    factor = 1
    while region.side / factor > 2.5 * INPUT_SIDE:
        factor *= 2
    return factor


def _shrunk(frame: Frame, region: RegionOfInterest) -> Frame:
    factor = _shrink_factor(region)
    return frame if factor == 1 else shrink(frame, factor)


def _shrunk_map(frame_from_region: NDArray[np.float64], region: RegionOfInterest) -> NDArray[np.float64]:
    factor = _shrink_factor(region)
    moved = frame_from_region.copy()
    moved[:, 2] += 0.5
    moved /= factor
    moved[:, 2] -= 0.5
    return moved
