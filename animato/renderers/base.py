"""Renderer protocol: target in, layer out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from animato.motion.retarget import Target
from animato.runtime.stage_clock import StageClock
from animato.types import Frame


@dataclass(frozen=True, eq=False)
class Layer:
    """One rendered head of one frame, to be composited over the base picture.

    Attributes:
        image: S x S x 3 uint8 RGB, owned by the caller: with what lies behind the head, or the person's own colours,
            not multiplied by the opacity.
        alpha: S x S uint8, opacity of the person; None for a picture with what lies behind.
    """

    image: Frame
    alpha: NDArray[np.uint8] | None = None


Paint = Callable[[StageClock], Layer]
"""The second stage of rendering a frame, which returns the layer."""


class Renderer(Protocol):
    """Renders one head in two stages, so that two frames can be processed at once.

    The stages of different frames may run in different threads; each stage gets its frames in order.

    Attributes:
        name: value of the setting `model`.
    """

    name: str

    def warp(self, target: Target, clock: StageClock) -> Paint:
        """Run the first stage for a target face, in pixels of the square, and return the second."""
        ...
