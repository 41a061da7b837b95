"""Renderer protocol: target in, layer out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from animato.motion.retarget import Target
from animato.runtime.stage_clock import StageClock
from animato.types import Frame, Plane


@dataclass(frozen=True, eq=False)
class Layer:
    """One head in one frame, ready to be laid over a base.

    Attributes:
        image: S x S x 3 uint8 RGB, the caller's own; what lies behind the head is in it.
        alpha: S x S float32 in [0, 1], opacity of the person; None where that is not known.
    """

    image: Frame
    alpha: Plane | None = None


Paint = Callable[[StageClock], Layer]
"""The second half of a frame's work."""


class Renderer(Protocol):
    """Renders one head in two halves, so that two frames can be in work at once.

    The halves of different frames may run in different threads; each half gets its frames in order.

    Attributes:
        name: as `model` in the settings calls it.
    """

    name: str

    def warp(self, target: Target, clock: StageClock) -> Paint:
        """Do the first half for a target face, in pixels of the square, and return the second."""
        ...
