"""The metrics, one file per family; importing this package registers all of them."""

from __future__ import annotations

from animato.evaluation.metrics import (
    expression,
    failures,
    following,
    frechet,
    identity,
    jitter,
    labelled,
    landmarks,
    perceptual,
    pixels,
    pose,
    silhouette,
)
from animato.evaluation.metrics.base import METRICS, Metric, MetricInfo, Reference, ScoredFrame, make

ORDER = (
    "akd", "akd-lips", "akd-lids", "akd-irises", "pose", "pose-motion", "expression", "expression-motion", "jaw-follow",
    "lids-follow", "jitter", "jitter-ratio", "csim", "csim-truth", "l1", "psnr", "ssim", "l1-face", "psnr-face",
    "ssim-face", "l1-mouth", "l1-eyes", "psnr-hair", "psnr-neck", "psnr-background", "perceptual", "perceptual-face",
    "perceptual-oval", "perceptual-hair", "perceptual-neck", "perceptual-background", "silhouette", "frechet",
    "failures",
)  # fmt: skip
"""All metrics, in the order of the tables."""

__all__ = [
    "METRICS",
    "ORDER",
    "Metric",
    "MetricInfo",
    "Reference",
    "ScoredFrame",
    "expression",
    "failures",
    "following",
    "frechet",
    "identity",
    "jitter",
    "labelled",
    "landmarks",
    "make",
    "perceptual",
    "pixels",
    "pose",
    "silhouette",
]
