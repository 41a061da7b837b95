"""Pixel error and perceptual distance in hair, neck and background, by labels of the true frame."""

from __future__ import annotations

import numpy as np

from animato.evaluation.metrics.base import FrameMean, Metric, MetricInfo, ScoredFrame, register
from animato.evaluation.metrics.perceptual import NET, Features, describe, distance
from animato.evaluation.metrics.pixels import psnr
from animato.evaluation.networks.package import network


class _RegionPsnr(FrameMean):
    def __init__(self, region: str) -> None:
        super().__init__()
        self._region = region

    def measure(self, scored: ScoredFrame) -> float | None:
        truth, mask = scored.reference.picture, scored.reference.labelled_region(self._region)
        return None if truth is None or mask is None else psnr(scored.output, truth, mask)


class _RegionPerceptual(FrameMean):
    def __init__(self, region: str) -> None:
        super().__init__()
        self._region = region
        network("efficientnet_lite").load()

    def measure(self, scored: ScoredFrame) -> float | None:
        picture, mask = scored.reference.picture, scored.reference.labelled_region(self._region)
        if picture is None or mask is None:
            return None
        output: Features = scored.cached(NET, lambda: describe(scored.output))
        truth: Features = scored.reference.cached(NET, lambda: describe(picture))
        return distance(output[0], truth[0], mask.astype(np.float32))


@register(MetricInfo("psnr-hair", "dB", "higher", "truth", "PSNR in the hair of the true frame.", digits=2))
def _psnr_hair() -> Metric:
    return _RegionPsnr("hair")


@register(MetricInfo("psnr-neck", "dB", "higher", "truth", "PSNR in neck and other skin of the body.", digits=2))
def _psnr_neck() -> Metric:
    return _RegionPsnr("neck")


@register(MetricInfo("psnr-background", "dB", "higher", "truth", "PSNR in the background of the true frame.", digits=2))
def _psnr_background() -> Metric:
    return _RegionPsnr("background")


def _info(region: str) -> MetricInfo:
    says = f"Perceptual distance averaged inside the {region} of the true frame only."
    return MetricInfo(f"perceptual-{region}", "", "lower", "truth", says, net=NET, sparse=True, digits=4)


@register(_info("hair"))
def _perceptual_hair() -> Metric:
    return _RegionPerceptual("hair")


@register(_info("neck"))
def _perceptual_neck() -> Metric:
    return _RegionPerceptual("neck")


@register(_info("background"))
def _perceptual_background() -> Metric:
    return _RegionPerceptual("background")
