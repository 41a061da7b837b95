"""Geometry renderer: warps the photo, without networks."""

from __future__ import annotations

from animato.head.view import HeadView
from animato.motion.retarget import Target
from animato.renderers.base import Layer, Paint
from animato.renderers.warp.warper import animated_warper
from animato.runtime.stage_clock import StageClock


class GeometryRenderer:
    """Warps one photo.

    Args:
        view: the photo in its square.
        cut_out: whether to render the person alone, with opacity.
    """

    name = "geometry"

    def __init__(self, view: HeadView, cut_out: bool = False) -> None:
        self._warper = animated_warper(view, cut_out)

    def warp(self, target: Target, clock: StageClock) -> Paint:
        """Warp the photo to a target face; there is no second stage."""
        with clock.stage("warp"):
            vertices = self._warper.target_vertices(target.points, target.pose, target.channels.get("residual_flow"))
            warped = self._warper.render(target.points, target.pose, vertices)
        layer = Layer(warped.image, warped.alpha)
        return lambda _clock: layer
