"""Actor (one head, one driver, one renderer) and Scene (all actors of one output)."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from animato.drivers.base import Driver
from animato.head.head import Head
from animato.head.view import HeadView
from animato.motion.jitter import HEAD_CROP_CM, JitterMeter
from animato.motion.retarget import Retargeter
from animato.pipeline.compositor import Compositor
from animato.pipeline.framing import Framing
from animato.renderers.base import Renderer
from animato.settings.animate import AnimateSettings


class Cast(NamedTuple):
    """A head and the driver that moves it.

    Attributes:
        head: the person.
        driver: opened.
        made: framing and renderer of the head, if they were made while the driver was opened.
    """

    head: Head
    driver: Driver
    made: tuple[Framing, Renderer] | None = None


@dataclass(frozen=True, eq=False)
class Actor:
    """A head with its driver and renderer.

    Attributes:
        view: the square that is animated.
        driver: source of the motion.
        renderer: renders the square.
        retargeter: maps motion to target landmarks.
        smooth: strength of temporal smoothing, 0 to 1.
        jitter: jitter of the target landmarks, accumulated during rendering.
    """

    view: HeadView
    driver: Driver
    renderer: Renderer
    retargeter: Retargeter
    smooth: float
    jitter: JitterMeter

    @classmethod
    def of(cls, framing: Framing, driver: Driver, renderer: Renderer, settings: AnimateSettings) -> Actor:
        """Return an actor for one head.

        Args:
            framing: of the head.
            driver: an opened driver.
            renderer: made for the framing's view.
            settings: motion settings.
        """
        view = framing.view
        retargeter = Retargeter(
            view.points, driver.neutral, settings, view.blendshapes, view.edges, view.pose, framing.turn
        )
        # Normalised by the size of the head, so that output and driver jitter are comparable.
        meter = JitterMeter(HEAD_CROP_CM * view.pose.scale / 256)
        return cls(view, driver, renderer, retargeter, settings.smooth, meter)


@dataclass(frozen=True, eq=False)
class Scene:
    """Everything that one output is rendered from, built once before the first frame.

    Attributes:
        actors: in compositing order.
        compositor: combines their layers.
        fps: of the output.
        threads: CPU threads of the whole render.
    """

    actors: tuple[Actor, ...]
    compositor: Compositor
    fps: Fraction
    threads: int

    @property
    def duration(self) -> float | None:
        """Duration of the longest driver in seconds; None if the duration of any driver is unknown."""
        durations = [actor.driver.duration for actor in self.actors if actor.driver.duration is not None]
        return max(durations) if len(durations) == len(self.actors) else None


def output_rate(driver_fps: Fraction, fps: float | None) -> Fraction:
    """Return the frame rate of the output: `fps` if set, otherwise the driver's, up to 60 frames per second."""
    if fps is not None:
        return Fraction(fps).limit_denominator(1001)
    return min(driver_fps, Fraction(60)).limit_denominator(1_000_000)
