"""Face detection with the bundled BlazeFace network (128 px, short range), on the whole image, then on tiles.

Source: Bazarevsky et al. 2019, "BlazeFace", section 3 (anchors, tie resolution by blending). The bundled
model has 896 anchors at strides 8 and 16, and coordinates relative to the 128 px input.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.geometry.landmarks import read_asset
from animato.runtime.engine import Engine
from animato.types import Frame, Points

INPUT_SIDE = 128
MIN_SCORE = 0.5
MIN_OVERLAP = 0.3
MIN_EIGHTH_SIDE = 240
"""Side in pixels below which tiles of an eighth are skipped: faces in them are too small to animate."""


@dataclass(frozen=True)
class Detection:
    """One detected face.

    Attributes:
        box: (left, top, right, bottom) in pixels of the frame; may reach outside it.
        keypoints: 6 x 2 float32, pixels: left eye, right eye, nose, mouth, left ear, right ear (sides of the image).
        score: float in [0, 1].
    """

    box: tuple[float, float, float, float]
    keypoints: Points
    score: float

    @property
    def width(self) -> float:
        """Width of the box in pixels."""
        return self.box[2] - self.box[0]


def _anchors() -> NDArray[np.float32]:
    rows = []
    for side, per_cell in ((16, 2), (8, 6)):
        centres = (np.arange(side) + 0.5) / side
        grid = np.stack(np.meshgrid(centres, centres), axis=-1).reshape(-1, 2)
        rows.append(np.repeat(grid, per_cell, axis=0))
    return np.concatenate(rows).astype(np.float32)


class FaceDetector:
    """Detects faces in a frame.

    Args:
        engine: runs the network.
    """

    def __init__(self, engine: Engine) -> None:
        self._network = engine.network(read_asset("face_detector.tflite"))
        self._anchors = _anchors()

    def detect(self, frame: Frame, *, tiles: bool = True, min_score: float = MIN_SCORE) -> list[Detection]:
        """Return the faces in a frame, largest first.

        Args:
            frame: H x W x 3 uint8 RGB.
            tiles: if the whole image has no face, search overlapping tiles of a half, a quarter and, in a large
                image, an eighth of its longer side. The network detects faces from an eighth of its input, so the
                smallest face is a thirtieth, in a large image a sixtieth, of the longer side.
            min_score: score threshold.
        """
        detections: list[Detection] = []
        for detections in self.levels(frame, tiles=tiles, min_score=min_score):
            if detections:
                break
        return detections

    def levels(self, frame: Frame, *, tiles: bool = True, min_score: float = MIN_SCORE) -> Iterator[list[Detection]]:
        """Yield the faces of the whole image, then of ever smaller tiles, each list largest first.

        A caller that rejects the detections of one level continues with the next, so that a false positive on a curtain
        does not hide a face.

        Args:
            frame: H x W x 3 uint8 RGB.
            tiles: search tiles too; otherwise only the whole image.
            min_score: score threshold.
        """
        height, width = frame.shape[:2]
        longer = max(height, width)
        yield _largest_first(self._detect_window(frame, 0, 0, longer, min_score))
        for parts in (2, 4, 8) if tiles else ():
            side = max(64, int(np.ceil(longer / parts)))
            if side >= longer or (parts == 8 and side < MIN_EIGHTH_SIDE):
                return
            detections = []
            for top in range(0, max(1, height - side // 2), side // 2):
                for left in range(0, max(1, width - side // 2), side // 2):
                    detections += self._detect_window(frame, left, top, side, min_score)
            yield _largest_first(_blend(detections))

    def _detect_window(self, frame: Frame, left: int, top: int, side: int, min_score: float) -> list[Detection]:
        """Run the network on a square window, black outside the frame."""
        window = frame[top : top + side, left : left + side]
        scale = INPUT_SIDE / side
        size = max(1, round(window.shape[1] * scale)), max(1, round(window.shape[0] * scale))
        resized = cv2.resize(window, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        canvas = np.zeros((1, INPUT_SIDE, INPUT_SIDE, 3), np.float32)
        canvas[0, : size[1], : size[0]] = resized
        canvas = canvas / 127.5 - 1.0
        regressors, logits = self._network(canvas)
        scores = 1.0 / (1.0 + np.exp(-np.clip(logits[0, :, 0], -80, 80)))
        keep = np.flatnonzero(scores >= min_score)
        raw = regressors[0, keep].reshape(-1, 8, 2) / INPUT_SIDE
        anchors = self._anchors[keep][:, None, :]
        centre, extent, points = raw[:, :1] + anchors, raw[:, 1:2], raw[:, 2:] + anchors
        detections = []
        offset = np.array([left, top], np.float32)
        for index, score in enumerate(scores[keep]):
            top_left = (centre[index, 0] - extent[index, 0] / 2) * side + offset
            bottom_right = (centre[index, 0] + extent[index, 0] / 2) * side + offset
            keypoints = (points[index] * side + offset).astype(np.float32)
            box = (float(top_left[0]), float(top_left[1]), float(bottom_right[0]), float(bottom_right[1]))
            detections.append(Detection(box, keypoints, float(score)))
        return _blend(detections)


def _largest_first(detections: list[Detection]) -> list[Detection]:
    return sorted(detections, key=lambda face: -face.width)


def _overlap(a: Detection, b: Detection) -> float:
    """Intersection over union of two boxes."""
    width = min(a.box[2], b.box[2]) - max(a.box[0], b.box[0])
    height = min(a.box[3], b.box[3]) - max(a.box[1], b.box[1])
    if width <= 0 or height <= 0:
        return 0.0
    areas = [(d.box[2] - d.box[0]) * (d.box[3] - d.box[1]) for d in (a, b)]
    return width * height / (areas[0] + areas[1] - width * height)


def _blend(detections: list[Detection]) -> list[Detection]:
    """Merge overlapping detections into their score-weighted mean (BlazeFace, section 3.3, instead of suppression)."""
    remaining = sorted(detections, key=lambda face: -face.score)
    merged = []
    while remaining:
        best = remaining[0]
        group = [face for face in remaining if _overlap(best, face) > MIN_OVERLAP]
        remaining = [face for face in remaining if _overlap(best, face) <= MIN_OVERLAP]
        weights = np.array([face.score for face in group])
        box = np.average([face.box for face in group], axis=0, weights=weights)
        keypoints = np.average([face.keypoints for face in group], axis=0, weights=weights).astype(np.float32)
        corners = (float(box[0]), float(box[1]), float(box[2]), float(box[3]))
        merged.append(Detection(corners, keypoints, best.score))
    return merged
