"""Renderer that draws where the head is: the photo with its head white and the rest black, rendered like the photo."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from animato.head.parts import Shares
from animato.head.view import HeadView
from animato.motion.retarget import Target
from animato.renderers.base import Layer, Paint
from animato.renderers.warp.shell import ClosedShell
from animato.renderers.warp.warper import Warper
from animato.runtime.stage_clock import StageClock
from animato.types import Frame, Plane


class SilhouetteRenderer:
    """Warps the head's mask of one photo with the geometry and the opacities of its layers.

    What is head in the photo (face, ears and hair, hanging hair too) is white in every layer, so the result is the
    opacity of the head as it is composed; the invisible back of the head is white.

    Args:
        view: the photo in its square; its parts are known.
    """

    name = "silhouette"

    def __init__(self, view: HeadView) -> None:
        if view.parts is None or view.matte is None:
            raise ValueError("a silhouette needs the parts of the photo")
        share = Shares.of(view.parts, view.size).head
        mask = replace(view, image=_grey(share * view.matte.alpha))
        layers = view.layers
        if layers is None:
            self._warper = Warper(mask)
            return
        white = replace(
            layers,
            plate=np.zeros_like(layers.plate),
            body=_grey(share),
            head=_grey(share),
            side=np.full_like(layers.side, 255),
        )
        self._warper = Warper(mask, ClosedShell(view), white)

    def warp(self, target: Target, clock: StageClock) -> Paint:
        """Warp the mask to a target face; there is no second stage."""
        with clock.stage("warp"):
            vertices = self._warper.target_vertices(target.points, target.pose, target.channels.get("residual_flow"))
            layer = Layer(self._warper.render(target.points, target.pose, vertices).image)
        return lambda _clock: layer


def _grey(plane: Plane) -> Frame:
    """Return a plane (H x W float32 in [0, 1]) as a picture, H x W x 3 uint8."""
    return np.ascontiguousarray(np.repeat(np.rint(plane * 255).astype(np.uint8)[..., None], 3, axis=2))
