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

STAGE_PREFETCH = 2
"""Frames prefetched between two stages."""


def frames_of(scene: Scene, clock: StageClock) -> Generator[Frame]:
    """Yield the output frames of a scene, not yet watermarked; called only by `rendering` and `stream` of this package.

    The stages run concurrently: one thread reads the driver, one warps, one paints, and the caller's thread marks and
    encodes. With `threads=1` everything runs in the caller's thread. Closing the generator ends the threads.

    Yields:
        H x W x 3 uint8 RGB, or H x W x 4 uint8 RGBA without a background, each as a new array.
    """
    return prefetch(_composed(scene, clock), STAGE_PREFETCH, scene.threads)


def _composed(scene: Scene, clock: StageClock) -> Iterator[Frame]:
    with closing(scene.compositor.backdrops(scene.fps)) as backdrops:
        for layers in _layers(scene, clock):
            with clock.stage("composite"):
                frame = scene.compositor.compose(layers, next(backdrops))
            yield frame


def _layers(scene: Scene, clock: StageClock) -> Iterator[list[Layer]]:
    """Yield the layers of each frame; an actor repeats its last layer after its driver ends."""
    streams = [_painted_layers(actor, scene, clock) for actor in scene.actors]
    if len(streams) == 1:
        with closing(streams[0]) as stream:
            yield from ([layer] for layer in stream)
        return
    prefetched = [prefetch(stream, STAGE_PREFETCH, scene.threads) for stream in streams]
    last: list[Layer | None] = [None] * len(prefetched)
    try:
        for layers in zip_longest(*prefetched):
            last = [layer or previous for layer, previous in zip(layers, last, strict=True)]
            yield [layer for layer in last if layer is not None]
    finally:
        for stream in prefetched:
            stream.close()


def _painted_layers(actor: Actor, scene: Scene, clock: StageClock) -> Generator[Layer]:
    with closing(prefetch(_warped(actor, scene, clock), STAGE_PREFETCH, scene.threads)) as warped:
        for paint in warped:
            yield paint(clock)


def _warped(actor: Actor, scene: Scene, clock: StageClock) -> Iterator[Paint]:
    # Each stage closes its source explicitly: a stored exception may keep generator frames alive.
    with closing(prefetch(actor.driver.frames(clock), threads=scene.threads)) as motion:
        for motion_frame in retime(smooth_file(motion, actor.smooth), scene.fps, lambda: actor.driver.duration):
            with clock.stage("motion"):
                target = actor.retargeter(motion_frame)
                if motion_frame.tracked:
                    actor.jitter.add(target.points[:POINTS])
                else:
                    actor.jitter.interrupt()
            yield actor.renderer.warp(target, clock)
