"""Detect occluded parts of a driver's face: by a hand, a cup, a microphone, or the edge of the picture.

Two cues must agree, because each alone has harmless causes. The coarse brightness pattern of a region (its normalised
correlation with the recent average and with the neutral frame) also changes with the lighting. Fine skin texture (mean
confidence of the neutral frame's patches, `tracking.landmark_stabilizer`) also changes with noise and rotation, so its
loss counts only in regions that used to have texture.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.geometry.affine import similarity
from animato.geometry.crop import cut, picture_from_frame
from animato.geometry.landmarks import EYE_LEFT, EYE_RIGHT, LIPS_INNER, LIPS_OUTER, MESH_POINTS, OVAL, canonical_face
from animato.geometry.region_weights import PARTS, part_weights
from animato.geometry.visibility import facing_ratio
from animato.tracking.landmark_stabilizer import LandmarkMatch, skin_patches
from animato.types import Affine, Face, Frame

SIDE = 128
"""Side, in pixels, of the face crop in which regions are compared."""
CROP_MARGIN = 1.3
"""Side of that crop relative to the longer side of the mesh's bounding box."""
BLUR = 2.0
"""Sigma of the blur, pixels, which removes noise and pores."""
LOG_OFFSET = 10.0
"""Offset added to brightness (of 255) before the logarithm."""
FACING = (0.3, 0.6)
"""Facing ratio (cosine of the tilt to the camera) at which the weight of skin is 0, and at which it is 1."""
MIN_TEXTURE = 0.45
"""Average patch confidence of a region from which loss of texture is a cue."""
TEXTURE_LOST, TEXTURE_RECOVERED = 0.3, 0.5
"""Texture relative to its average below which it is lost, and above which it is recovered."""
OCCLUDED_CORRELATION, VISIBLE_CORRELATION = 0.75, 0.8
"""Correlation below which a region without texture is occluded, and above which it is visible again."""
TIME_CONSTANT = 0.7
"""Time constant of a region's average appearance, seconds."""
TEXTURE_STILL_LOST = 0.85
"""Texture relative to its average below which an occluded region stays occluded."""
MOUTH_DISTANCE = 2.5
"""Distance from the lips, canonical centimetres, within which skin belongs to the mouth: a microphone leaves the
cheeks visible."""
MAX_OUTSIDE_SHARE = 0.3
"""Share of a region's outline outside the image from which it is occluded."""


class OcclusionDetector:
    """Compares each frame of a driver with its neutral frame, region by region.

    Args:
        frame: H x W x 3 uint8 RGB, the neutral frame.
        face: its landmarks.
    """

    def __init__(self, frame: Frame, face: Face) -> None:
        self._neutral_crop_from_frame = picture_from_frame(face.points, CROP_MARGIN, SIDE)
        points = face.points[:, :2].astype(np.float64)
        self._neutral_points = points @ self._neutral_crop_from_frame[:, :2].T + self._neutral_crop_from_frame[:, 2]
        self._facing = facing_ratio(face.points)
        self._neutral = _pattern(frame, self._neutral_crop_from_frame, self._neutral_points)
        self.reset()

    def reset(self) -> None:
        """Clear the averages; only the neutral frame is kept."""
        self._states = [_State(self._neutral) for _ in _regions()]
        self._time: float | None = None

    def occluded(self, frame: Frame, face: Face, match: LandmarkMatch, time: float) -> NDArray[np.bool_]:
        """Return which of `geometry.region_weights.PARTS` (mouth, eyes, brows) are occluded (3 bool).

        Args:
            frame: H x W x 3 uint8 RGB.
            face: its landmarks.
            match: skin patches of the neutral frame, tracked into this one.
            time: seconds; increases from call to call.
        """
        points = face.points[:, :2].astype(np.float64)
        crop_from_frame = similarity(points[:MESH_POINTS], self._neutral_points[:MESH_POINTS])
        pattern = _pattern(frame, crop_from_frame, points @ crop_from_frame[:, :2].T + crop_from_frame[:, 2])
        facing = np.minimum(facing_ratio(face.points), self._facing)
        facing_weight = np.clip((facing - FACING[0]) / (FACING[1] - FACING[0]), 0, 1)
        step = 0.0 if self._time is None else time - self._time
        self._time, rate = time, 1.0 - float(np.exp(-step / TIME_CONSTANT))
        cues = [
            self._cues(region, state, pattern, facing_weight, match)
            for region, state in zip(*self._pairs(), strict=True)
        ]
        parts = np.zeros(len(PARTS), bool)
        for index, (region, state) in enumerate(zip(*self._pairs(), strict=True)):
            other_texture = max(other.texture for number, other in enumerate(cues) if number != index)
            state.update(cues[index], pattern, other_texture, rate)
            parts |= region.parts & (state.occluded or outside_share(face, frame, region.outline) > MAX_OUTSIDE_SHARE)
        return parts

    def _pairs(self) -> tuple[tuple[_Region, ...], list[_State]]:
        return _regions(), self._states

    def _cues(
        self,
        region: _Region,
        state: _State,
        pattern: NDArray[np.float64],
        facing_weight: NDArray[np.float64],
        match: LandmarkMatch,
    ) -> _Cues:
        weight = facing_weight * region.vertices
        correlation = max(_correlation(pattern, before, weight) for before in (self._neutral, state.average_pattern))
        patches = weight[skin_patches()[0]]
        confidence = float(match.weight @ patches / max(patches.sum(), 1e-6))
        return _Cues(correlation, confidence, confidence / max(state.average_texture or confidence, 1e-6))


@dataclass(frozen=True)
class _Cues:
    """Cues of one region in one frame.

    Attributes:
        correlation: the larger one of those with the neutral frame and with the recent average.
        confidence: mean confidence of its patches.
        texture: confidence relative to its average.
    """

    correlation: float
    confidence: float
    texture: float


class _State:
    """State of one region: average appearance and texture, and whether it is occluded."""

    def __init__(self, neutral: NDArray[np.float64]) -> None:
        self.average_pattern = neutral
        self.average_texture: float | None = None
        self.occluded = False

    def update(self, cues: _Cues, pattern: NDArray[np.float64], other_texture: float, rate: float) -> None:
        """Update the state with a frame.

        Args:
            cues: of the region.
            pattern: 468 float64, of the frame.
            other_texture: highest relative texture of the other regions.
            rate: update rate of the averages, in [0, 1].
        """
        average_texture = cues.confidence if self.average_texture is None else self.average_texture
        changed = cues.correlation < (VISIBLE_CORRELATION if self.occluded else OCCLUDED_CORRELATION)
        lost = TEXTURE_STILL_LOST if self.occluded else TEXTURE_LOST
        texture_lost = average_texture >= MIN_TEXTURE and cues.texture < lost
        # Changes of lighting and pose reduce the texture of all regions, a hand that of some.
        alone = self.occluded or other_texture > TEXTURE_LOST
        self.occluded = changed and texture_lost and alone
        if not self.occluded and (
            (cues.correlation > VISIBLE_CORRELATION and cues.texture > TEXTURE_LOST) or cues.texture > TEXTURE_RECOVERED
        ):
            self.average_pattern = self.average_pattern + rate * (pattern - self.average_pattern)
            self.average_texture = average_texture + rate * (cues.confidence - average_texture)


class _Region:
    """A region of the face that may be occluded.

    Attributes:
        vertices: 468 float64, 1 for vertices that are compared, else 0.
        outline: landmarks that must lie in the image.
        parts: 3 bool, which of `PARTS` are occluded with it.
    """

    def __init__(self, vertices: NDArray[np.bool_], outline: tuple[int, ...], parts: tuple[str, ...]) -> None:
        self.vertices = vertices.astype(np.float64)
        self.outline = np.array(outline)
        self.parts = np.array([part in parts for part in PARTS])


@functools.cache
def _regions() -> tuple[_Region, ...]:
    """Return the skin around the lips, the left eye with its brow, and the right eye with its brow."""
    x = canonical_face().vertices[:, 0]
    skin = np.ones(MESH_POINTS, bool)
    skin[[*LIPS_INNER, *OVAL, *EYE_LEFT, *EYE_RIGHT]] = False
    vertices = canonical_face().vertices
    lower = part_weights()[:, :MESH_POINTS].argmax(axis=0) == PARTS.index("mouth")
    to_lips = np.linalg.norm(vertices[:, None] - vertices[list(LIPS_OUTER)][None], axis=2).min(axis=1)
    upper = ~lower
    lower &= to_lips < MOUTH_DISTANCE
    return (
        _Region(skin & lower, LIPS_OUTER, ("mouth",)),
        _Region(skin & upper & (x < 0), EYE_LEFT, ("eyes", "brows")),
        _Region(skin & upper & (x > 0), EYE_RIGHT, ("eyes", "brows")),
    )


def face_pattern(frame: Frame, face: Face) -> NDArray[np.float64]:
    """Return the log of the blurred brightness at each of the 468 vertices of a face, 468 float64.

    Args:
        frame: H x W x 3 uint8 RGB.
        face: its landmarks.
    """
    crop_from_frame = picture_from_frame(face.points, CROP_MARGIN, SIDE)
    return _pattern(
        frame, crop_from_frame, face.points[:, :2].astype(np.float64) @ crop_from_frame[:, :2].T + crop_from_frame[:, 2]
    )


def outlier_frames(patterns: Sequence[NDArray[np.float64]]) -> NDArray[np.bool_]:
    """Return which of several frames of one face differ from their median in some region, as occluded ones do.

    Args:
        patterns: from `face_pattern`, 468 float64 each.
    """
    median = np.median(np.stack(patterns), axis=0)
    correlations = [[_correlation(pattern, median, region.vertices) for region in _regions()] for pattern in patterns]
    return np.asarray(np.min(correlations, axis=1) < OCCLUDED_CORRELATION)


def _pattern(frame: Frame, crop_from_frame: Affine, positions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the log of the blurred brightness at each of the 468 vertices; `positions` are pixels of the crop."""
    grey = cv2.GaussianBlur(cv2.cvtColor(cut(frame, crop_from_frame, SIDE), cv2.COLOR_RGB2GRAY), (0, 0), BLUR)
    xy = positions[:MESH_POINTS].astype(np.float32)
    sampled = cv2.remap(grey, xy[:, 0], xy[:, 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.log(sampled.reshape(-1).astype(np.float64) + LOG_OFFSET)


def _correlation(a: NDArray[np.float64], b: NDArray[np.float64], weight: NDArray[np.float64]) -> float:
    """Return the weighted normalised correlation of two patterns (N each), in [-1, 1]."""
    weight = weight / max(float(weight.sum()), 1e-9)
    a, b = a - weight @ a, b - weight @ b
    return float(weight @ (a * b) / max(float(np.sqrt((weight @ (a * a)) * (weight @ (b * b)))), 1e-9))


def outside_share(face: Face, frame: Frame, outline: NDArray[np.int64]) -> float:
    """Return the share of landmarks (indices) that lie outside the frame (H x W x 3 uint8 RGB)."""
    height, width = frame.shape[:2]
    xy = face.points[outline, :2]
    return float(((xy < 0) | (xy > (width - 1, height - 1))).any(axis=1).mean())
