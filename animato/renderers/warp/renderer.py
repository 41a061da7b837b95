"""The geometry renderer: it copies what the photo shows and learns nothing."""

from __future__ import annotations

from animato.geometry.mesh import Extent
from animato.motion.retarget import Target
from animato.renderers.warp.warper import Warper
from animato.runtime.stage_clock import StageClock
from animato.types import Frame, Points


class GeometryRenderer:
    """Warps one photo.

    Args:
        square: S x S x 3 uint8 RGB.
        points: 478 x 3, its landmarks in pixels.
        extent: what the photo shows of the square (`geometry.mesh.Extent`), None for all of it.
    """

    name = "geometry"

    def __init__(self, square: Frame, points: Points, extent: Extent | None = None) -> None:
        self._warper = Warper(square, points, extent)

    def warp(self, target: Target, clock: StageClock) -> Frame:
        """Return the photo warped to a target face."""
        with clock.stage("warp"):
            vertices = self._warper.target_vertices(target.points, target.pose, target.channels.get("residual_flow"))
            return self._warper.render(target.points, target.pose, vertices).image

    def paint(self, warped: Frame, clock: StageClock) -> Frame:  # noqa: ARG002
        """Return it as it is."""
        return warped
