"""Generate the frames of a scene: driver -> motion -> target -> renderer -> compositor."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from itertools import zip_longest

from animato.geometry.landmarks import POINTS
from animato.motion.retime import retime
from animato.motion.smooth import smooth_file
from animato.pipeline.actor import Actor, Scene
from animato.pipeline.prefetch import prefetch
from animato.renderers.base import Layer, Paint
from animato.runtime.stage_clock import StageClock
from animato.types import Frame

RENDERED_AHEAD = 2
"""Prefetch depth between stages, in frames."""


def frames_of(scene: Scene, clock: StageClock) -> Generator[Frame]:
    """Yield the unmarked output frames of a scene; only `pipeline.output` and `pipeline.stream` call this.

    Threads share the cores: one reads the driver, one warps, one paints, and the caller's marks and encodes; with
    one thread, the caller's does everything. Closing the generator ends them all.

    Yields:
        H x W x 3 uint8 RGB, each as a new array.
    """
    return prefetch(_composed(scene, clock), RENDERED_AHEAD, scene.threads)


def _composed(scene: Scene, clock: StageClock) -> Iterator[Frame]:
    for layers in _together(scene, clock):
        with clock.stage("composite"):
            frame = scene.compositor.compose(layers)
        yield frame


def _together(scene: Scene, clock: StageClock) -> Iterator[list[Layer]]:
    """Yield the layers of each frame; an actor repeats its last layer after its driver ends."""
    streams = [_painted(actor, scene, clock) for actor in scene.actors]
    if len(streams) == 1:
        with closing(streams[0]) as only:
            yield from ([layer] for layer in only)
        return
    ahead = [prefetch(stream, RENDERED_AHEAD, scene.threads) for stream in streams]
    last: list[Layer | None] = [None] * len(ahead)
    try:
        for layers in zip_longest(*ahead):
            last = [now or before for now, before in zip(layers, last, strict=True)]
            yield [layer for layer in last if layer is not None]
    finally:
        for stream in ahead:
            stream.close()


def _painted(actor: Actor, scene: Scene, clock: StageClock) -> Generator[Layer]:
    with closing(prefetch(_warped(actor, scene, clock), RENDERED_AHEAD, scene.threads)) as warped:
        for paint in warped:
            yield paint(clock)


def _warped(actor: Actor, scene: Scene, clock: StageClock) -> Iterator[Paint]:
    # Each stage closes the one before it: a stored exception may keep generator frames alive.
    with closing(prefetch(actor.driver.frames(clock), threads=scene.threads)) as moving:
        for moment in retime(smooth_file(moving, actor.smooth), scene.fps, lambda: actor.driver.duration):
            with clock.stage("motion"):
                target = actor.retargeter(moment)
                if moment.tracked:
                    actor.jitter.add(target.points[:POINTS])
                else:
                    actor.jitter.interrupt()
            yield actor.renderer.warp(target, clock)
