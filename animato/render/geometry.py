"""The geometry renderer: it copies what the photo shows and learns nothing."""

from __future__ import annotations

from typing import Any, Protocol

from animato.motion.retarget import Target
from animato.render.clock import StageClock
from animato.types import Frame, Points
from animato.warp.mesh import Extent
from animato.warp.warper import Warper


class Renderer(Protocol):
    """Makes the animated square of one output frame, in two steps, so that two frames can be in work at once.

    The steps of different frames may run in different threads; each step sees its frames in order.

    Attributes:
        name: as `--model` calls it.
    """

    name: str

    def warp(self, target: Target, clock: StageClock) -> Any:
        """Return what `paint` needs for a target face in pixels of the square."""
        ...

    def paint(self, warped: Any, clock: StageClock) -> Frame:
        """Return S x S x 3 uint8 RGB."""
        ...


class GeometryRenderer:
    """Warps one photo.

    Args:
        square: S x S x 3 uint8 RGB.
        points: 478 x 3, its landmarks in pixels.
        extent: what the photo shows of the square (`warp.mesh.Extent`), None for all of it.
    """

    name = "geometry"

    def __init__(self, square: Frame, points: Points, extent: Extent | None = None) -> None:
        self._warper = Warper(square, points, extent)

    def warp(self, target: Target, clock: StageClock) -> Frame:
        """Return the photo warped to a target face."""
        with clock.stage("warp"):
            vertices = self._warper.target_vertices(target.points, target.pose, target.drift)
            return self._warper.render(target.points, target.pose, vertices).image

    def paint(self, warped: Frame, clock: StageClock) -> Frame:  # noqa: ARG002
        """Return it as it is."""
        return warped
