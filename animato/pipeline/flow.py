"""Frames in, frames out: driver -> movement -> target -> renderer -> composite, one frame at a time."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from animato.drivers.base import Driver
from animato.geometry.landmarks import POINTS
from animato.motion.jitter import HEAD_CROP_CM, JitterMeter
from animato.motion.retarget import Retargeter
from animato.motion.retime import retime
from animato.motion.smooth import smooth_file
from animato.pipeline.framing import Framing
from animato.pipeline.prefetch import prefetch
from animato.renderers.base import Renderer
from animato.runtime.stage_clock import StageClock
from animato.settings.animate import AnimateSettings
from animato.types import Frame


@dataclass(frozen=True)
class Job:
    """Everything one rendering needs, built once before the first frame.

    Attributes:
        framing: what is animated and where it goes.
        renderer: makes the animated square.
        retargeter: turns movement into target faces.
        driver: where movement comes from.
        fps: of the output.
        smooth: strength of smoothing.
        threads: CPU threads of the whole render.
        jitter: filled while the job runs: jitter of the target landmarks.
    """

    framing: Framing
    renderer: Renderer
    retargeter: Retargeter
    driver: Driver
    fps: Fraction
    smooth: float
    threads: int
    jitter: JitterMeter


def build_job(framing: Framing, renderer: Renderer, driver: Driver, settings: AnimateSettings) -> Job:
    """Connect the parts of a job."""
    retargeter = Retargeter(framing.points, driver.neutral, settings, framing.blendshapes, framing.edges)
    fps = output_rate(driver.fps, settings.fps)
    # The person's own head size is the unit, so that output and driver jitter compare.
    meter = JitterMeter(HEAD_CROP_CM * retargeter.pose.scale / 256)
    return Job(framing, renderer, retargeter, driver, fps, settings.smooth, settings.threads, meter)


def output_rate(driver: Fraction, wanted: float | None) -> Fraction:
    """Return the output's frame rate: the one asked for, or the driver's up to 60 frames a second."""
    if wanted is not None:
        return Fraction(wanted).limit_denominator(1001)
    return min(driver, Fraction(60)).limit_denominator(1_000_000)


RENDERED_AHEAD = 2
"""Frames that one stage is ahead of the next."""


def frames_of(job: Job, clock: StageClock) -> Generator[Frame]:
    """Yield the unmarked output frames of a job; only `pipeline.output` calls this.

    Four threads share the cores: one reads and tracks the driver, one warps, one paints, and the caller's marks and
    encodes; with `--threads 1` the caller's does all. Closing the generator ends them all.

    Yields:
        H x W x 3 uint8 RGB.
    """
    return prefetch(_painted(job, clock), RENDERED_AHEAD, job.threads)


def _painted(job: Job, clock: StageClock) -> Iterator[Frame]:
    # Closed by name: the traceback of an error that somebody keeps would keep their threads.
    with closing(prefetch(_warped(job, clock), RENDERED_AHEAD, job.threads)) as every:
        for warped in every:
            animated = job.renderer.paint(warped, clock)
            with clock.stage("composite"):
                frame = job.framing.compose(animated)
            yield frame


def _warped(job: Job, clock: StageClock) -> Iterator[Any]:
    with closing(prefetch(job.driver.frames(clock), threads=job.threads)) as read:
        for moment in retime(smooth_file(read, job.smooth), job.fps, lambda: job.driver.duration):
            with clock.stage("motion"):
                target = job.retargeter(moment)
                if moment.seen:
                    job.jitter.add(target.points[:POINTS])
                else:
                    job.jitter.interrupt()
            yield job.renderer.warp(target, clock)
