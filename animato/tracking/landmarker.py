"""478 landmarks and 52 expression scores of one face in a rotated square region of a frame.

Source: the bundled `face_landmarker.task`: Kartynnik et al. 2019 (mesh), Ablavatski et al. 2020 (irises), and its
blendshape network, whose input is 146 of the points. The mesh network returns pixels of its 256 px input, with z to the
same scale.
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
"""Side of the region relative to the face's bounding box, as in the training of the network."""

CROP_SHIFT, CROP_SCALE, CROP_ROTATION = 0.008, 0.015, 0.015
"""Perturbation of averaged crops: standard deviations relative to the region's side, of log scale, and in radians."""


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
    """Return the region of a detected face: its box scaled by `REGION_SCALE`, rotated so that the eyes are level."""
    (x0, y0), (x1, y1) = face.keypoints[0], face.keypoints[1]
    left, top, right, bottom = face.box
    side = max(right - left, bottom - top) * REGION_SCALE
    return RegionOfInterest((left + right) / 2, (top + bottom) / 2, side, float(np.arctan2(y1 - y0, x1 - x0)))


def region_from_points(points: Points) -> RegionOfInterest:
    """Return the region for the next pass: the upright bounding box of the mesh, scaled by `REGION_SCALE`.

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

    def locate(self, frame: Frame, region: RegionOfInterest, *, blendshapes: bool = True, crops: int = 1) -> Face:
        """Return the landmarks of the face in a region; `score` is the network's presence probability.

        Args:
            frame: H x W x 3 uint8 RGB.
            region: input of the network; outside the frame is black.
            blendshapes: run the expression network too; otherwise the scores are zero.
            crops: number of crops, the region and perturbed copies, over which landmarks are averaged: the output of
                the network varies by a few tenths of a pixel with the position of the face in its input.
        """
        results = [self._run_mesh(frame, perturbed) for perturbed in perturbed_regions(region, crops)]
        points: Points = np.stack([points for points, _ in results]).mean(axis=0, dtype=np.float64).astype(np.float32)
        scores = np.zeros(52, np.float32)
        if blendshapes:
            scores = self._blendshapes(points[None, self._subset, :2])[0].reshape(52).copy()
        return Face(points, scores, results[0][1])

    def _run_mesh(self, frame: Frame, region: RegionOfInterest) -> tuple[Points, float]:
        """Return the landmarks of one region, pixels of the frame, and the presence probability."""
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
    """Crop a region of a frame upright: 256 x 256 x 3 uint8 RGB, black outside the frame.

    Args:
        frame: H x W x 3 uint8 RGB.
        region: the square to crop.
    """
    flags = cv2.WARP_INVERSE_MAP | (cv2.INTER_AREA if region.side > 2 * INPUT_SIDE else cv2.INTER_LINEAR)
    size = (INPUT_SIDE, INPUT_SIDE)
    shrunk_map = _shrunk_map(region.frame_from_region(), region)
    return np.asarray(cv2.warpAffine(_shrunk(frame, region), shrunk_map, size, flags=flags), np.uint8)


def perturbed_regions(region: RegionOfInterest, count: int) -> list[RegionOfInterest]:
    """Return a region and perturbed copies (translation, scale, rotation) in opposite pairs, with a fixed seed."""
    regions = [region]
    rng = np.random.default_rng(0)
    while len(regions) < count:
        x, y, scale, rotation = rng.normal(0.0, (CROP_SHIFT, CROP_SHIFT, CROP_SCALE, CROP_ROTATION))
        regions += [
            RegionOfInterest(
                region.x + sign * x * region.side,
                region.y + sign * y * region.side,
                region.side * float(np.exp(sign * scale)),
                region.angle + sign * rotation,
            )
            for sign in (1, -1)
        ]
    return regions[:count]


def _shrink_factor(region: RegionOfInterest) -> int:
    """Return the power of two by which the frame is reduced before sampling, against aliasing."""
    factor = 1
    while region.side / factor > 2.5 * INPUT_SIDE:
        factor *= 2
    return factor


def _shrunk(frame: Frame, region: RegionOfInterest) -> Frame:
    factor = _shrink_factor(region)
    return frame if factor == 1 else shrink(frame, factor)


def _shrunk_map(frame_from_region: NDArray[np.float64], region: RegionOfInterest) -> NDArray[np.float64]:
    factor = _shrink_factor(region)
    shrunk_map = frame_from_region.copy()
    shrunk_map[:, 2] += 0.5
    shrunk_map /= factor
    shrunk_map[:, 2] -= 0.5
    return shrunk_map
