"""Landmark stabilisation: correct landmarks by tracking skin patches of a reference frame (KLT).

The network processes each frame alone, with a pose-dependent error of a third to a half of a pixel at 256, so skin
texture would swim on the animated face. Skin patches of a reference frame are therefore tracked into every other frame,
starting at the landmarks (Lucas, Kanade 1981; Bouguet 2000). The residuals, weighted by patch similarity and smoothed
over the face, correct all landmarks. Each frame is matched to the reference frame itself, so errors do not accumulate.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.geometry.affine import invert, similarity
from animato.geometry.crop import cut, picture_from_frame
from animato.geometry.landmarks import (
    EYE_LEFT,
    EYE_RIGHT,
    IRIS_LEFT,
    IRIS_RIGHT,
    LIPS_INNER,
    MESH_POINTS,
    OVAL,
    POINTS,
    canonical_face,
)
from animato.tracking.patch_matching import PatchSearch
from animato.types import Affine, Face, Frame

SIDE = 160
"""Side, in pixels, of the face crop in which patches are tracked."""
CROP_MARGIN = 1.3
"""Side of that crop relative to the longer side of the mesh's bounding box."""
PATCHES = 140
"""Number of skin patches."""
WINDOW = 17
"""Side of a patch, pixels."""
NORMALISATION_SIDE = 11
"""Side, in pixels, of the box filter whose mean is subtracted for invariance to lighting."""
MAX_DISPLACEMENT = 3.5
"""Maximum displacement of a patch from its landmark, pixels; larger ones are mismatches."""
HALF_WEIGHT_DIFFERENCE = 10.0
"""Mean patch difference, in levels of the normalised crop, with weight one half."""
SMOOTHING = 0.8
"""Sigma of the spatial smoothing of corrections, canonical centimetres."""
ZERO_PRIOR = 0.1
"""Weight of the prior on zero correction, in patches."""
HALF_WEIGHT_OUTLIER = 0.5
"""Distance from its neighbours' correction, pixels, at which a patch has weight one half."""

SEARCH = PatchSearch(WINDOW, 10, MAX_DISPLACEMENT, HALF_WEIGHT_DIFFERENCE, ZERO_PRIOR, HALF_WEIGHT_OUTLIER)


@dataclass(frozen=True)
class LandmarkMatch:
    """Skin patches of the reference frame tracked into another frame.

    Attributes:
        displacement: N x 2 float64, offset of each patch from its landmark, pixels of the reference crop.
        weight: N float64 in [0, 1], confidence of each patch.
        crop_from_frame: 2 x 3, pixels of the reference crop from pixels of the frame.
    """

    displacement: NDArray[np.float64]
    weight: NDArray[np.float64]
    crop_from_frame: Affine


class LandmarkStabilizer:
    """Corrects landmarks of other frames by tracking the skin of a reference frame.

    Args:
        frame: H x W x 3 uint8 RGB.
        face: its landmarks.
    """

    def __init__(self, frame: Frame, face: Face) -> None:
        points = face.points[:, :2].astype(np.float64)
        crop_from_frame = picture_from_frame(points, CROP_MARGIN, SIDE)
        self._reference_points = points @ crop_from_frame[:, :2].T + crop_from_frame[:, 2]
        self._reference_crop = _normalised_crop(frame, crop_from_frame)

    def track(self, frame: Frame, face: Face) -> LandmarkMatch:
        """Track the reference frame's skin patches into a frame.

        Args:
            frame: H x W x 3 uint8 RGB, of the reference frame's size.
            face: landmarks of the network, pixels of the frame.
        """
        indices, _ = skin_patches()
        points = face.points[:, :2].astype(np.float64)
        crop_from_frame = similarity(points[indices], self._reference_points[indices])
        expected = points[indices] @ crop_from_frame[:, :2].T + crop_from_frame[:, 2]
        displacement, weight = SEARCH.track(
            self._reference_crop, _normalised_crop(frame, crop_from_frame), self._reference_points[indices], expected
        )
        return LandmarkMatch(displacement, weight, crop_from_frame)

    def correct(self, frame: Frame, face: Face) -> Face:
        """Return the face with stabilised landmarks; see `corrected`."""
        return corrected(face, self.track(frame, face))


def corrected(face: Face, match: LandmarkMatch) -> Face:
    """Return a face with stabilised landmarks.

    Where no patch is tracked (skin turned away or occluded) the landmarks are unchanged.

    Args:
        face: landmarks of the network, pixels of the frame.
        match: of the same face.
    """
    indices, kernel = skin_patches()
    correction = SEARCH.smooth(kernel, indices, match.weight, match.displacement)
    points = face.points.copy()
    points[:, :2] += correction @ invert(match.crop_from_frame)[:, :2].T
    return replace(face, points=points)


def _normalised_crop(frame: Frame, crop_from_frame: Affine) -> NDArray[np.uint8]:
    """Return a grey crop of the face, SIDE x SIDE uint8, with locally normalised contrast around 128."""
    grey = cv2.cvtColor(cut(frame, crop_from_frame, SIDE), cv2.COLOR_RGB2GRAY).astype(np.float32)
    grey -= cv2.blur(grey, (NORMALISATION_SIDE, NORMALISATION_SIDE))
    spread = cv2.sqrt(cv2.blur(grey * grey, (2 * NORMALISATION_SIDE + 1, 2 * NORMALISATION_SIDE + 1)) + 4.0)
    return np.asarray(cv2.addWeighted(grey / spread, 40.0, grey, 0.0, 128.0, dtype=cv2.CV_8U), np.uint8)


@functools.cache
def skin_patches() -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the landmarks at patch centres (PATCHES int64), and the smoothing kernel (478 x PATCHES float64).

    Patches are sampled evenly (farthest-point sampling), without lids and inner lips, whose appearance changes with
    motion, and without the oval, next to the background. For the kernel, an iris lies at the mean of its lids.
    """
    vertices = canonical_face().vertices
    excluded = {*LIPS_INNER, *EYE_LEFT, *EYE_RIGHT, *OVAL}
    usable = np.array([index for index in range(MESH_POINTS) if index not in excluded])
    sampled = [int(usable[0])]
    distance = np.linalg.norm(vertices[usable] - vertices[sampled[0]], axis=1)
    while len(sampled) < PATCHES:
        sampled.append(int(usable[int(distance.argmax())]))
        distance = np.minimum(distance, np.linalg.norm(vertices[usable] - vertices[sampled[-1]], axis=1))
    positions = np.zeros((POINTS, 3))
    positions[:MESH_POINTS] = vertices
    for iris, lids in ((IRIS_LEFT, EYE_LEFT), (IRIS_RIGHT, EYE_RIGHT)):
        positions[list(iris)] = vertices[list(lids)].mean(axis=0)
    indices = np.array(sorted(sampled))
    distance = np.linalg.norm(positions[:, None] - positions[indices][None], axis=2)
    return indices, np.exp(-0.5 * (distance / SMOOTHING) ** 2)
