"""Pixel errors: L1, PSNR and SSIM, over the whole crop and over the face, and L1 inside the mouth and the eyes."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.errors import MissingPartError
from animato.evaluation.metrics.base import FrameMean, Metric, MetricInfo, ScoredFrame, register
from animato.types import Frame

SSIM_WINDOW = 11
SSIM_SIGMA = 1.5
PSNR_CAP = 100.0
"""PSNR of identical images, dB."""


def l1(output: Frame, truth: Frame, mask: NDArray[np.bool_] | None = None) -> float:
    """Compute the mean absolute difference, in [0, 1].

    Args:
        output: H x W x 3 uint8 RGB.
        truth: the same shape.
        mask: H x W bool, pixels to include, or None for all.
    """
    difference = cv2.absdiff(output, truth)
    chosen = difference if mask is None else difference[mask]
    return float(chosen.mean(dtype=np.float64)) / 255.0


def psnr(output: Frame, truth: Frame, mask: NDArray[np.bool_] | None = None) -> float:
    """Compute the peak signal-to-noise ratio, 10 log10(255^2 / mean squared error), in dB, at most 100.

    Args:
        output: H x W x 3 uint8 RGB.
        truth: the same shape.
        mask: H x W bool, pixels to include, or None for all.
    """
    difference = cv2.absdiff(output, truth).astype(np.float32)
    chosen = difference if mask is None else difference[mask]
    error = float(np.square(chosen).mean(dtype=np.float64))
    return PSNR_CAP if error == 0 else min(PSNR_CAP, float(10 * np.log10(255.0**2 / error)))


def ssim_map(output: Frame, truth: Frame) -> NDArray[np.float32]:
    """Compute the structural similarity of every pixel, averaged over the three channels.

    Wang, Bovik, Sheikh, Simoncelli 2004, equation 13, with an 11 x 11 Gaussian window of 1.5 pixels, K1 = 0.01 and
    K2 = 0.03, on values of 0 to 255. The image is mirrored at the border of five pixels.

    Args:
        output: H x W x 3 uint8 RGB, at least 11 x 11.
        truth: the same shape.

    Raises:
        MissingPartError: scikit-image is not installed.
    """
    _, similarity = _structural_similarity()(
        output,
        truth,
        channel_axis=2,
        data_range=255,
        gaussian_weights=True,
        sigma=SSIM_SIGMA,
        use_sample_covariance=False,
        full=True,
    )
    return np.asarray(similarity.mean(axis=2), np.float32)


def _structural_similarity() -> Any:
    try:
        from skimage.metrics import structural_similarity
    except ImportError as error:
        raise MissingPartError(
            "SSIM needs scikit-image, which is not installed", hint="pip install 'animato[evaluation]'"
        ) from error
    return structural_similarity


def ssim(output: Frame, truth: Frame) -> float:
    """Compute the mean structural similarity, excluding a border of five pixels; 1 for identical images.

    Args:
        output: H x W x 3 uint8 RGB.
        truth: the same shape.
    """
    edge = SSIM_WINDOW // 2
    return float(ssim_map(output, truth)[edge:-edge, edge:-edge].mean(dtype=np.float64))


def _map_of(scored: ScoredFrame, truth: Frame) -> NDArray[np.float32]:
    """Return the cached similarity map, shared by the metrics of the crop and of the face."""
    similarity: NDArray[np.float32] = scored.cached("ssim", lambda: ssim_map(scored.output, truth))
    return similarity


class _L1(FrameMean):
    """L1 over a region ("" is the whole crop)."""

    def __init__(self, region: str = "") -> None:
        super().__init__()
        self._region = region

    def measure(self, scored: ScoredFrame) -> float | None:
        truth = scored.reference.picture
        mask = getattr(scored.reference.regions, self._region) if self._region else None
        if truth is None or (self._region and mask is None):
            return None
        return l1(scored.output, truth, mask)


class _Psnr(FrameMean):
    def __init__(self, face: bool) -> None:
        super().__init__()
        self._face = face

    def measure(self, scored: ScoredFrame) -> float | None:
        truth = scored.reference.picture
        mask = scored.reference.regions.face if self._face else None
        return None if truth is None or (self._face and mask is None) else psnr(scored.output, truth, mask)


class _Ssim(FrameMean):
    def __init__(self, face: bool) -> None:
        super().__init__()
        self._face = face

    def measure(self, scored: ScoredFrame) -> float | None:
        truth = scored.reference.picture
        mask = scored.reference.regions.face if self._face else None
        if truth is None or (self._face and mask is None):
            return None
        values, edge = _map_of(scored, truth), SSIM_WINDOW // 2
        chosen = values[edge:-edge, edge:-edge] if mask is None else values[mask]
        return float(chosen.mean(dtype=np.float64))


@register(MetricInfo("l1", "[0,1]", "lower", "truth", "Mean absolute difference of the pixels.", digits=4))
def _l1() -> Metric:
    return _L1()


@register(MetricInfo("psnr", "dB", "higher", "truth", "Peak signal-to-noise ratio.", digits=2))
def _psnr() -> Metric:
    return _Psnr(face=False)


@register(MetricInfo("ssim", "", "higher", "truth", "Structural similarity, 11 x 11 Gaussian window."))
def _ssim() -> Metric:
    _structural_similarity()
    return _Ssim(face=False)


@register(MetricInfo("l1-face", "[0,1]", "lower", "truth", "L1 inside the outline of the face.", digits=4))
def _l1_face() -> Metric:
    return _L1("face")


@register(MetricInfo("psnr-face", "dB", "higher", "truth", "PSNR inside the outline of the face.", digits=2))
def _psnr_face() -> Metric:
    return _Psnr(face=True)


@register(MetricInfo("ssim-face", "", "higher", "truth", "SSIM inside the outline of the face."))
def _ssim_face() -> Metric:
    _structural_similarity()
    return _Ssim(face=True)


@register(
    MetricInfo("l1-mouth", "[0,1]", "lower", "truth", "L1 inside the inner lips, where the mouth is open.", digits=4)
)
def _l1_mouth() -> Metric:
    return _L1("mouth")


@register(MetricInfo("l1-eyes", "[0,1]", "lower", "truth", "L1 inside the lids, where the eyes are open.", digits=4))
def _l1_eyes() -> Metric:
    return _L1("eyes")
