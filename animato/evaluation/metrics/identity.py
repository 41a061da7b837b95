"""Identity similarity (CSIM): the cosine of two face embeddings.

Network: dlib's face ResNet. Its embeddings are not centred, so cosines are high for any pair: compare systems, and see
docs/evaluation.md for the values of equal and different people measured with the same code.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.evaluation.metrics.base import FrameMean, Metric, MetricInfo, ScoredFrame, register
from animato.evaluation.networks.package import network
from animato.types import Affine, Face, Frame, Points

NET = "dlib-face-resnet-v1"
CHIP = 150
ALIGNMENT_POINTS = (33, 133, 362, 263, 2)
"""Outer and inner corners of both eyes and the base of the nose."""
ALIGNMENT_TEMPLATE = ((37.4, 46.3), (60.8, 48.3), (88.4, 48.3), (111.9, 46.1), (74.2, 86.0))
"""Positions of the anchors in the aligned chip, pixels of 150."""


def chip_from_frame(points: Points) -> Affine:
    """Fit the similarity from five landmarks to the template by least squares (Umeyama 1991, eq. 40 to 42).

    Args:
        points: 478 x (2 or 3) float32, pixels.
    """
    source = points[list(ALIGNMENT_POINTS), :2].astype(np.float64)
    target = np.array(ALIGNMENT_TEMPLATE)
    a, b = source - source.mean(axis=0), target - target.mean(axis=0)
    # In 2D the optimal similarity is a quotient of complex numbers.
    turn = np.vdot(a[:, 0] + 1j * a[:, 1], b[:, 0] + 1j * b[:, 1]) / max(float((a * a).sum()), 1e-12)
    linear = np.array([[turn.real, -turn.imag], [turn.imag, turn.real]])
    shift = target.mean(axis=0) - linear @ source.mean(axis=0)
    return np.column_stack([linear, shift])


def align(frame: Frame, points: Points) -> Frame:
    """Crop the aligned 150 x 150 image of a face.

    Args:
        frame: H x W x 3 uint8 RGB.
        points: 478 x (2 or 3) float32, pixels of the frame.
    """
    chip = cv2.warpAffine(frame, chip_from_frame(points), (CHIP, CHIP), flags=cv2.INTER_LINEAR)
    return np.asarray(chip, np.uint8)


def embedding(frame: Frame, face: Face) -> NDArray[np.float64]:
    """Compute the embedding of a face, normalised to length 1.

    Args:
        frame: H x W x 3 uint8 RGB.
        face: its landmarks.

    Raises:
        MissingPartError: the network or torch is not installed.
    """
    vector = network("dlib_face").embed(align(frame, face.points)).astype(np.float64)
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-12), np.float64)


class _Similarity(FrameMean):
    """Cosine with the mean embedding of the photos ("source") or with the true frame ("truth")."""

    def __init__(self, other: str) -> None:
        super().__init__()
        self._other = other
        network("dlib_face").load()

    def measure(self, scored: ScoredFrame) -> float | None:
        if scored.face is None:
            return None
        face, reference = scored.face, scored.reference
        output: NDArray[np.float64] = scored.cached(NET, lambda: embedding(scored.output, face))
        if self._other == "source":
            if NET not in reference.source_features:
                reference.source_features[NET] = mean_embedding(reference.source, reference.source_faces)
            return float(output @ reference.source_features[NET])
        picture = reference.picture
        if picture is None:
            return None
        truth: NDArray[np.float64] = reference.cached(NET, lambda: embedding(picture, reference.face))
        return float(output @ truth)


def mean_embedding(frames: tuple[Frame, ...], faces: tuple[Face, ...]) -> NDArray[np.float64]:
    """Compute the mean embedding of several photos of one person, normalised to length 1.

    Args:
        frames: pictures, H x W x 3 uint8 RGB.
        faces: the landmarks of the person in each.
    """
    total = np.sum([embedding(frame, face) for frame, face in zip(frames, faces, strict=True)], axis=0)
    return np.asarray(total / max(float(np.linalg.norm(total)), 1e-12), np.float64)


@register(
    MetricInfo("csim", "cosine", "higher", "source", "Identity similarity to the source photos.", net=NET, sparse=True)
)
def _csim() -> Metric:
    return _Similarity("source")


@register(
    MetricInfo(
        "csim-truth", "cosine", "higher", "truth", "Identity similarity to the true frame.", net=NET, sparse=True
    )
)
def _csim_truth() -> Metric:
    return _Similarity("truth")
