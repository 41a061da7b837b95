"""Put a live run together: camera, head, page, virtual camera, recording."""

from __future__ import annotations

import functools
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from animato.head.head import Head
from animato.live.camera_process import start_camera_process
from animato.live.camera_source import CameraSource
from animato.live.follow import FaceFollower, live_finder
from animato.live.loop import LiveLoop
from animato.live.page_sink import PageSink
from animato.live.performer import Performer
from animato.live.policy import FRAME_BUDGET, cheaper_levels
from animato.live.protocols import FrameSink, MotionSink, MotionSource
from animato.live.remote import ADJUSTABLE, Remote
from animato.live.report import Governor
from animato.media.camera import camera_frames
from animato.media.camera_output import CameraOutput, find_virtual_camera
from animato.pipeline.interactive import Interactive, open_interactive
from animato.pipeline.recording import Recording
from animato.runtime.engine import Engine
from animato.settings.live import LiveSettings
from animato.types import Frame


@dataclass(frozen=True)
class LiveRun:
    """An assembled live run.

    Attributes:
        loop: renders until `stop` is set.
        remote: applies commands.
        stop: ends the loop.
        face: renders the frames.
        page: the page, or None.
    """

    loop: LiveLoop
    remote: Remote
    stop: threading.Event
    face: Interactive
    page: PageSink | None


def open_live(
    head: Head,
    settings: LiveSettings,
    engine: Engine,
    stack: ExitStack,
    *,
    record: Path | None = None,
    overwrite: bool = False,
    source: MotionSource | None = None,
    frame_sinks: Sequence[FrameSink] = (),
    motion_sinks: Sequence[MotionSink] = (),
) -> LiveRun:
    """Assemble a live run; what it opens is closed by its loop, and by the stack if the loop does not begin.

    Args:
        head: with consent, which is checked here and once a second.
        settings: of the run.
        engine: runs the renderer's networks; tracking has its own.
        stack: of the caller.
        record: file that is written at the same time, or None.
        overwrite: whether an existing one may be replaced.
        source: of motion, instead of the camera.
        frame_sinks: get the finished frames, besides those of the settings.
        motion_sinks: get the motion that is rendered.

    Raises:
        RefusedError: no valid consent.
        MissingPartError: the virtual camera or a package is not installed.
        OutputError: an output cannot be opened.
        InputError: the head cannot be rendered.
    """
    render = settings.animate_settings(threads=engine.threads)
    levels = cheaper_levels(render) if settings.adapt else []
    face = stack.enter_context(open_interactive(head, render, engine, cheaper=levels))
    performer, stop = Performer(face.neutral), threading.Event()
    performer.switches.mirror = settings.mirror
    for level in reversed(range(face.levels)):  # every network is compiled, and every photo judged, before the camera
        face.level = level
        face.frame(face.rest())
    if source is None:
        source = open_camera(settings, engine, face)
        stack.callback(source.close)
    remote = Remote(
        performer, source.calibrate, face.adjust, lambda name: float(getattr(face.settings, name)), stop.set
    )
    sinks = list(frame_sinks)
    page = None
    if settings.page:
        page = PageSink(settings.port, remote.message, {name: remote.strength(name) for name in ADJUSTABLE})
        sinks.append(page)
        stack.callback(page.close)
    if settings.virtual_camera is not None:
        sinks.append(open_virtual_camera(settings))
        stack.callback(sinks[-1].close)
    if record is not None:
        sinks.append(Recording(face, record, Fraction(round(min(settings.camera_fps, 60))), overwrite=overwrite))
        stack.callback(sinks[-1].close)
    governor = Governor(face.levels, FRAME_BUDGET) if face.levels > 1 else None
    loop = LiveLoop(source, performer, face, sinks, motion_sinks, governor=governor, overlap=engine.threads > 1)
    return LiveRun(loop, remote, stop, face, page)


def open_camera(settings: LiveSettings, engine: Engine, face: Interactive | None = None) -> MotionSource:
    """Return the tracked camera of a run, in a process of its own where possible.

    Args:
        settings: camera, tracking and smoothing.
        engine: keeps the compiled networks of tracking, if it happens in this process.
        face: whose nudity gate judges the camera's picture; None if nothing is rendered here.
    """
    judge = (lambda _frame: None) if face is None else functools.partial(face.judge, "the camera")
    return start_camera_process(settings, judge) or open_camera_here(settings, engine, judge)


def open_camera_here(settings: LiveSettings, engine: Engine, judge: Callable[[Frame], None]) -> CameraSource:
    """Return the tracked camera of a run, in threads of this process.

    Args:
        settings: camera, tracking and smoothing.
        engine: keeps the compiled networks of tracking.
        judge: gets a thumbnail once a second, for the nudity gate.
    """
    follower = FaceFollower(settings.animate_settings(), live_finder(engine))
    follower.warm_up()
    width, height = settings.camera_shape
    opener = functools.partial(camera_frames, settings.camera, width, height, settings.camera_fps)
    is_file = Path(settings.camera).is_file()
    return CameraSource(opener, follower.motion, follower.calibrate, judge, once=is_file)


def open_virtual_camera(settings: LiveSettings) -> FrameSink:
    """Return the virtual camera of a run: v4l2loopback on Linux, pyvirtualcam elsewhere."""
    target = settings.virtual_camera
    if target == "auto" and sys.platform != "linux":
        from animato.live.other_camera import OtherCamera

        return OtherCamera(settings.camera_output_fps)
    path = find_virtual_camera() if target in (None, "auto") else Path(str(target))
    return CameraOutput(path, fps=settings.camera_output_fps).start()
