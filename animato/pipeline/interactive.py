"""Interactive: finished frames of one head, rendered on demand from single motion frames.

For editors and live use, where a motion frame arrives at any time and its picture is wanted at once. The stages are
those of a stream, without its smoothing, resampling and queues: retarget, warp, paint, composite, label, watermark,
nudity gate.
"""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack
from dataclasses import fields, replace
from typing import Any, Self

from animato.drivers.on_demand import OnDemandDriver, typical_neutral
from animato.errors import UsageError
from animato.head.head import Head
from animato.motion.dropouts import rest_frame
from animato.motion.motion_frame import MotionFrame, Neutral
from animato.motion.retarget import Target
from animato.pipeline.actor import Cast, Scene
from animato.pipeline.factory import build_scene
from animato.pipeline.frame_gate import FrameGate
from animato.pipeline.label import Label, label_warnings, scene_label
from animato.pipeline.nudity_gate import NudityGate, add_photos, check_art
from animato.pipeline.output import Watermarker
from animato.pipeline.signing import ground_of
from animato.renderers.base import Paint
from animato.runtime.engine import Engine
from animato.runtime.stage_clock import StageClock
from animato.runtime.thread_bound import bounded
from animato.settings.animate import AnimateSettings
from animato.settings.motion import MotionSettings
from animato.types import Frame

PendingFrame = Callable[[], Frame]
"""Second half of a frame, to be called once: it paints, composites, labels and marks."""


class Interactive:
    """Renders single motion frames of one head; safe to call from any number of threads. A context manager.

    Every frame is labelled and watermarked, and none is returned before the photos have passed the nudity gate.

    Args:
        scenes: of the head, from the best to the cheapest, all of one output size.
        cast: the head and the driver of the scenes.
        settings: of the first scene.
        warnings: sentences about photos and framing.
        label: the visible label, or None.
        gate: scores photos and frames.
        resources: closed with this object; the gate is among them.
        now: returns seconds; for the interval between scored frames.

    Attributes:
        width: pixels.
        height: pixels.
        cast: as given.
        label: as given.
        watermarker: of all frames.
        levels: number of scenes.
        level: index of the scene that renders the next frame; may be set.
        target: of the frame that was begun last, or None; its points are in pixels of the animated square.
    """

    def __init__(
        self,
        scenes: Sequence[Scene],
        cast: Cast,
        settings: AnimateSettings,
        warnings: tuple[str, ...],
        label: Label | None,
        gate: NudityGate,
        resources: ExitStack,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._scenes, self.cast, self._settings = tuple(scenes), cast, settings
        self.width, self.height = scenes[0].compositor.width, scenes[0].compositor.height
        self.levels, self.level = len(scenes), 0
        self.target: Target | None = None
        self.label, self.watermarker = label, Watermarker(label=label)
        self._warnings, self._gate, self._resources = warnings, FrameGate(gate, cast.head, now), resources
        self._backdrops = [self._opened_backdrops(scene) for scene in scenes]
        self._neutral, self._retargeters = cast.driver.neutral, [scene.actors[0].retargeter for scene in scenes]
        self._warping, self._finishing = threading.Lock(), threading.Lock()
        self._closed = False

    def _opened_backdrops(self, scene: Scene) -> Generator[Frame | None]:
        backdrops = scene.compositor.backdrops(scene.fps)
        self._resources.callback(backdrops.close)
        return backdrops

    @property
    def mark_id(self) -> str:
        """Id of the invisible watermark, as `animato verify` prints it."""
        return self.watermarker.payload.id_text

    @property
    def settings(self) -> AnimateSettings:
        """The settings in use; see `adjust`."""
        return self._settings

    @property
    def neutral(self) -> Neutral:
        """Neutral measures to which motion frames are relative; see `adjust`."""
        return self._neutral

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences about photos and framing, and about motion beyond what photos or neck allow."""
        return tuple(dict.fromkeys((*self._warnings, *self._retargeters[0].warnings())))

    def rest(self, at: float = 0.0) -> MotionFrame:
        """Return the motion frame of the neutral pose and expression.

        Args:
            at: its time, seconds.
        """
        return rest_frame(self._neutral, at)

    def frame(self, motion: MotionFrame, clock: StageClock | None = None) -> Frame:
        """Render one motion frame.

        Args:
            motion: relative to `neutral`.
            clock: accumulates the time spent per stage.

        Returns:
            H x W x 3 uint8 RGB, RGBA without a background: a new, writable array.

        Raises:
            RefusedError: a photo or a frame looks like nudity, or the consent has ended.
            UsageError: this object is closed.
        """
        return self.begin(motion, clock)()

    def begin(self, motion: MotionFrame, clock: StageClock | None = None) -> PendingFrame:
        """Run the first half of `frame`, retargeting and warping, and return the second.

        One frame can then be warped while the previous one is painted.

        Raises:
            UsageError: this object is closed.
        """
        clock = clock or StageClock()
        with self._warping, bounded(self._scenes[0].threads):
            self._check_usable()
            level = self.level
            with clock.stage("motion"):
                self.target = target = self._retargeters[level](motion)
            paint = self._scenes[level].actors[0].renderer.warp(target, clock)
        return functools.partial(self._finish, level, paint, clock)

    def _finish(self, level: int, paint: Paint, clock: StageClock) -> Frame:
        with self._finishing, bounded(self._scenes[0].threads):
            self._check_usable()
            layer = paint(clock)
            with clock.stage("composite"):
                frame = self._scenes[level].compositor.compose([layer], next(self._backdrops[level]))
            with clock.stage("mark"):
                marked = self.watermarker.frame(frame)
            self._gate.score(frame)
        return marked

    def _check_usable(self) -> None:
        """Check that frames may still be rendered: after a refusal none is returned any more."""
        self._gate.check()
        if self._closed:
            raise UsageError("this Interactive is closed", hint="open a new one")

    def finish(self) -> None:
        """Wait until all pictures are scored; call it before a recording of the frames is published.

        Raises:
            RefusedError: a picture looked like nudity, or the consent has ended.
        """
        with self._finishing:
            self._gate.check()
            if not self._closed:
                self._gate.finish()

    def judge(self, name: str, picture: Frame) -> None:
        """Pass a picture of the driver to the nudity gate; a refusal is raised by the next frame.

        Args:
            name: for the message, such as "the camera".
            picture: H x W x 3 uint8 RGB.
        """
        with self._finishing:
            if not self._closed:
                self._gate.judge(name, picture)

    def add_level(self, settings: AnimateSettings, engine: Engine) -> None:
        """Add a cheaper level of quality; frames may be rendered while it is built.

        Args:
            settings: of the render, which gives frames of the same size.
            engine: runs the networks.

        Raises:
            ValueError: it has another size.
            UsageError: this object was closed meanwhile.
        """
        with engine.bounded():
            scene, _ = build_scene([self.cast], settings, engine)
        if (scene.compositor.width, scene.compositor.height) != (self.width, self.height):
            raise ValueError("all levels need frames of the same size")
        with self._warping, self._finishing:
            self._check_usable()
            self._scenes = (*self._scenes, scene)
            self._backdrops.append(self._opened_backdrops(scene))
            self._retargeters.append(scene.actors[0].retargeter.adjusted(self._neutral, self._settings))
            self.levels += 1

    def adjust(self, settings: MotionSettings | None = None, *, neutral: Neutral | None = None, **options: Any) -> None:
        """Change strengths or the neutral measures; from the next frame on.

        Args:
            settings: motion settings to use instead.
            neutral: neutral measures to which motion frames are relative from now on.
            options: fields of `MotionSettings` by name.

        Raises:
            UsageError: a setting that is not one of motion, or a value out of range.
        """
        names = {field.name for field in fields(MotionSettings)}
        for name in options:
            if name not in names:
                raise UsageError(f"`{name}` cannot be changed between frames", where=", ".join(sorted(names)))
        chosen = {} if settings is None else {name: getattr(settings, name) for name in names}
        changed = replace(self._settings, **{**chosen, **options})
        with self._warping:
            self._settings, self._neutral = changed, neutral or self._neutral
            self._retargeters = [retargeter.adjusted(self._neutral, changed) for retargeter in self._retargeters]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_problem: object) -> None:
        self.close()

    def close(self) -> None:
        """Free the gate's thread and the backdrop; waits for frames in progress."""
        with self._warping, self._finishing:
            self._closed = True
            self._resources.close()


def open_interactive(
    head: Head,
    settings: AnimateSettings,
    engine: Engine,
    *,
    neutral: Neutral | None = None,
    cheaper: Sequence[AnimateSettings] = (),
) -> Interactive:
    """Return the interactive rendering of a head.

    Args:
        head: with consent.
        settings: of the render; those of driver, audio and files are ignored.
        engine: runs the networks.
        neutral: neutral measures of the motion; by default those of a typical face.
        cheaper: settings of further levels of quality, which give frames of the same size.

    Raises:
        RefusedError: no valid consent, or `art` for a real person.
        InputError: the head cannot be rendered.
        ValueError: a level has another size.
    """
    cast = Cast(head, OnDemandDriver(neutral or typical_neutral()))
    check_art(settings, ground_of([cast], settings))
    with ExitStack() as stack:
        with engine.bounded():
            scene, warnings = build_scene([cast], settings, engine)
            scenes = [scene, *(build_scene([cast], level, engine)[0] for level in cheaper)]
        if len({(item.compositor.width, item.compositor.height) for item in scenes}) != 1:
            raise ValueError("all levels need frames of the same size")
        label = scene_label(scene, settings, ground_of([cast], settings))
        gate = stack.enter_context(NudityGate(engine, art=settings.art))
        add_photos(gate, [cast], scene, settings)
        gate.start()
        sentences = (*head.warnings, *warnings, *label_warnings(label))
        return Interactive(scenes, cast, settings, sentences, label, gate, stack.pop_all())
