"""Stream: watermarked frames of a scene, for programs that display or transmit them."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import ExitStack, closing
from typing import Self

from animato.drivers.base import DriverReport
from animato.pipeline.actor import Cast, Scene
from animato.pipeline.factory import build_scene
from animato.pipeline.flow import frames_of
from animato.pipeline.label import Label, label_warnings, scene_label
from animato.pipeline.nudity_gate import NudityGate, SceneGate, check_art
from animato.pipeline.output import Watermarker
from animato.pipeline.signing import ground_of
from animato.runtime.engine import Engine
from animato.runtime.stage_clock import StageClock
from animato.runtime.thread_bound import bounded_items
from animato.settings.animate import AnimateSettings
from animato.types import Frame


class Stream:
    """Watermarked frames of a scene; a context manager and a single-pass iterator.

    Args:
        scene: what is rendered.
        warnings: sentences about photos and framing.
        resources: closed with the stream.
        label: the visible label, or None.
        gate: scores photos and frames.

    Attributes:
        fps: frames per second.
        width: pixels.
        height: pixels.
        mark_id: id of the invisible watermark, as `animato verify` prints it.
        report: tracking report of the first driver; complete after the last frame.
    """

    def __init__(
        self, scene: Scene, warnings: tuple[str, ...], resources: ExitStack, label: Label | None, gate: SceneGate
    ) -> None:
        self.fps, self.width, self.height = scene.fps, scene.compositor.width, scene.compositor.height
        self.report: DriverReport = scene.actors[0].driver.report
        self._scene, self._warnings, self._resources = scene, warnings, resources
        self._gate = gate
        self._watermarker = Watermarker(label=label)
        self.mark_id = self._watermarker.payload.id_text
        self._frames: Generator[Frame] = bounded_items(self._marked(), scene.threads)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences about photos, driver and motion; complete after the last frame."""
        return (*self._warnings, *scene_warnings(self._scene))

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Frame:
        """Return the next frame, H x W x 3 uint8 RGB, RGBA without a background: a new, writable array."""
        return next(self._frames)

    def _marked(self) -> Generator[Frame]:
        begun = False
        with closing(frames_of(self._scene, StageClock())) as frames:
            for frame in frames:
                marked = self._watermarker.frame(frame)
                self._gate.frame(frame)
                if not begun:  # nothing is handed out before the photos are judged
                    self._gate.finish()
                    begun = True
                yield marked
        self._gate.finish()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_problem: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the stream, its threads and the driver process."""
        self._frames.close()
        self._resources.close()


def scene_warnings(scene: Scene) -> tuple[str, ...]:
    """Return the warnings of the drivers and retargeters of a scene, without duplicates."""
    warnings = [(*actor.driver.report.warnings, *actor.retargeter.warnings()) for actor in scene.actors]
    return tuple(dict.fromkeys(warning for of_actor in warnings for warning in of_actor))


def open_stream(cast: Sequence[Cast], settings: AnimateSettings, engine: Engine, stack: ExitStack) -> Stream:
    """Return the stream of a cast of one head.

    Args:
        cast: a head and its opened driver.
        settings: of the render.
        engine: of the caller.
        stack: what the stream closes at its end; emptied.

    Raises:
        RefusedError: `art` for a real person, or a photo that looks like nudity.
        InputError: the head cannot be rendered.
    """
    with engine.bounded():
        check_art(settings, ground_of(cast, settings))
        scene, warnings = build_scene(cast, settings, engine)
    gate = stack.enter_context(NudityGate(engine, art=settings.art))
    scene_gate = SceneGate(gate, cast, scene, settings)
    label = scene_label(scene, settings, ground_of(cast, settings))
    sentences = (*cast[0].head.warnings, *warnings, *label_warnings(label))
    return Stream(scene, sentences, stack.pop_all(), label, scene_gate)
