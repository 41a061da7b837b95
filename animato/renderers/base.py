"""What every renderer offers."""

from __future__ import annotations

from typing import Any, Protocol

from animato.motion.retarget import Target
from animato.runtime.stage_clock import StageClock
from animato.types import Frame


class Renderer(Protocol):
    """Makes the animated square of one output frame, in two steps, so that two frames can be in work at once.

    The steps of different frames may run in different threads; each step sees its frames in order.

    Attributes:
        name: as `model` calls it.
    """

    name: str

    def warp(self, target: Target, clock: StageClock) -> Any:
        """Return what `paint` needs for a target face in pixels of the square."""
        ...

    def paint(self, warped: Any, clock: StageClock) -> Frame:
        """Return S x S x 3 uint8 RGB."""
        ...
