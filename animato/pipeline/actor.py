"""Actors (one head, one driver, one renderer) and the scene that contains them."""

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
from animato.renderers.base import Renderer
from animato.settings.animate import AnimateSettings


class Cast(NamedTuple):
    """Who is animated, and by what."""

    head: Head
    driver: Driver


@dataclass(frozen=True, eq=False)
class Actor:
    """One head at work.

    Attributes:
        view: the square that is animated.
        driver: where movement comes from.
        renderer: renders the square.
        retargeter: turns movement into target faces.
        smooth: strength of smoothing, 0 to 1.
        jitter: filled while it is rendered: jitter of the target landmarks.
    """

    view: HeadView
    driver: Driver
    renderer: Renderer
    retargeter: Retargeter
    smooth: float
    jitter: JitterMeter

    @classmethod
    def of(cls, view: HeadView, driver: Driver, renderer: Renderer, settings: AnimateSettings) -> Actor:
        """Connect a head to its driver.

        Args:
            view: the square that is animated.
            driver: opened.
            renderer: of this view.
            settings: of the movement.
        """
        retargeter = Retargeter(view.points, driver.neutral, settings, view.blendshapes, view.edges, view.pose)
        # The person's own head size is the unit, so that output and driver jitter compare.
        meter = JitterMeter(HEAD_CROP_CM * view.pose.scale / 256)
        return cls(view, driver, renderer, retargeter, settings.smooth, meter)


@dataclass(frozen=True, eq=False)
class Scene:
    """Everything one rendering needs, built once before the first frame.

    Attributes:
        actors: in the order in which they are laid over the base.
        compositor: lays them.
        fps: of the output.
        threads: CPU threads of the whole rendering.
    """

    actors: tuple[Actor, ...]
    compositor: Compositor
    fps: Fraction
    threads: int

    @property
    def duration(self) -> float | None:
        """Seconds of the longest driver; None where one of them is not known."""
        lengths = [actor.driver.duration for actor in self.actors]
        known = [length for length in lengths if length is not None]
        return max(known) if len(known) == len(lengths) else None


def output_rate(driver: Fraction, wanted: float | None) -> Fraction:
    """Return the output's frame rate: the one asked for, or the driver's up to 60 frames a second."""
    if wanted is not None:
        return Fraction(wanted).limit_denominator(1001)
    return min(driver, Fraction(60)).limit_denominator(1_000_000)
