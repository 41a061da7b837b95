"""Face detection with the bundled BlazeFace network (128 px, short range), the whole picture first, then tiles.

Source: Bazarevsky et al. 2019, "BlazeFace", section 3 (anchors, tie resolution by blending); the numbers are those of
the bundled model: 896 anchors, strides 8 and 16, coordinates in units of the 128 px input.
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
OVERLAP = 0.3
SMALLEST_EIGHTH = 240
"""Pixels: eighths of smaller pictures hold no face that is large enough to animate."""


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


class Detector:
    """Finds faces in a frame.

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
            tiles: when the whole picture shows no face, look again in overlapping tiles of a half, a quarter and, in
                a large picture, an eighth of its longer side: the network sees faces from an eighth of what it is
                shown, so this finds them down to a thirtieth, in a large picture a sixtieth, of the longer side.
            min_score: smallest score that counts.
        """
        found: list[Detection] = []
        for found in self.levels(frame, tiles=tiles, min_score=min_score):
            if found:
                break
        return found

    def levels(self, frame: Frame, *, tiles: bool = True, min_score: float = MIN_SCORE) -> Iterator[list[Detection]]:
        """Yield the faces of the whole picture, then of ever smaller tiles, each list largest first.

        A caller that refuses what one level shows goes on to the next: the pattern of a curtain must not hide a face.

        Args:
            frame: H x W x 3 uint8 RGB.
            tiles: go on to tiles; otherwise only the whole picture is looked at.
            min_score: smallest score that counts.
        """
        height, width = frame.shape[:2]
        longer = max(height, width)
        yield _largest_first(self._detect_window(frame, 0, 0, longer, min_score))
        for parts in (2, 4, 8) if tiles else ():
            side = max(64, int(np.ceil(longer / parts)))
            if side >= longer or (parts == 8 and side < SMALLEST_EIGHTH):
                return
            found = []
            for top in range(0, max(1, height - side // 2), side // 2):
                for left in range(0, max(1, width - side // 2), side // 2):
                    found += self._detect_window(frame, left, top, side, min_score)
            yield _largest_first(_blend(found))

    def _detect_window(self, frame: Frame, left: int, top: int, side: int, min_score: float) -> list[Detection]:
        """Run the network on a square window, black outside the frame."""
        window = frame[top : top + side, left : left + side]
        scale = INPUT_SIDE / side
        size = max(1, round(window.shape[1] * scale)), max(1, round(window.shape[0] * scale))
        small = cv2.resize(window, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        canvas = np.zeros((1, INPUT_SIDE, INPUT_SIDE, 3), np.float32)
        canvas[0, : size[1], : size[0]] = small
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
            corner = (centre[index, 0] - extent[index, 0] / 2) * side + offset
            far = (centre[index, 0] + extent[index, 0] / 2) * side + offset
            keypoints = (points[index] * side + offset).astype(np.float32)
            box = (float(corner[0]), float(corner[1]), float(far[0]), float(far[1]))
            detections.append(Detection(box, keypoints, float(score)))
        return _blend(detections)


def _largest_first(detections: list[Detection]) -> list[Detection]:
    return sorted(detections, key=lambda face: -face.width)


def _overlap(a: Detection, b: Detection) -> float:
    """Intersection over union of two boxes."""
    wide = min(a.box[2], b.box[2]) - max(a.box[0], b.box[0])
    high = min(a.box[3], b.box[3]) - max(a.box[1], b.box[1])
    if wide <= 0 or high <= 0:
        return 0.0
    area = [(d.box[2] - d.box[0]) * (d.box[3] - d.box[1]) for d in (a, b)]
    return wide * high / (area[0] + area[1] - wide * high)


def _blend(detections: list[Detection]) -> list[Detection]:
    """Merge overlapping detections into their score-weighted mean (BlazeFace, section 3.3, instead of suppression)."""
    rest = sorted(detections, key=lambda face: -face.score)
    merged = []
    while rest:
        best = rest[0]
        group = [face for face in rest if _overlap(best, face) > OVERLAP]
        rest = [face for face in rest if _overlap(best, face) <= OVERLAP]
        weights = np.array([face.score for face in group])
        box = np.average([face.box for face in group], axis=0, weights=weights)
        keypoints = np.average([face.keypoints for face in group], axis=0, weights=weights).astype(np.float32)
        corners = (float(box[0]), float(box[1]), float(box[2]), float(box[3]))
        merged.append(Detection(corners, keypoints, best.score))
    return merged
