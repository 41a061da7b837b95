"""Render a cast to a file."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from animato.pipeline.actor import Cast, Scene
from animato.pipeline.consent import published_consents
from animato.pipeline.factory import build_scene
from animato.pipeline.flow import frames_of
from animato.pipeline.label import label_warnings, scene_label
from animato.pipeline.nudity_gate import NudityGate, SceneGate, check_art
from animato.pipeline.output import Output, Watermarker
from animato.pipeline.output_plan import plan_output, rate_warnings
from animato.pipeline.result import AnimateResult
from animato.pipeline.signing import ground_of, signer_for
from animato.pipeline.stream import scene_warnings
from animato.runtime.engine import Engine
from animato.runtime.stage_clock import StageClock
from animato.settings.animate import AnimateSettings

Progress = Callable[[int, int | None], None]
"""Called with (frames done, frames expected or None)."""


def render_file(
    cast: Sequence[Cast],
    target: Path,
    settings: AnimateSettings,
    engine: Engine,
    *,
    overwrite: bool,
    progress: Progress | None,
    clock: StageClock,
    started: float,
) -> AnimateResult:
    """Render a cast to a file or folder; it is watermarked, signed and written atomically.

    Args:
        cast: heads and opened drivers.
        target: .mp4, .webm, .mov, .gif, or a folder for PNG frames.
        settings: of the render.
        engine: runs the networks.
        overwrite: whether an existing output may be replaced.
        progress: called after every frame.
        clock: filled with the time spent per stage.
        started: `time.perf_counter()` at the start of the call, for the time to the first frame.

    Raises:
        OutputError: the output cannot be written.
        RefusedError: the output cannot be signed, or the nudity gate refuses a picture.
    """
    # Build.
    check_art(settings, ground_of(cast, settings))
    scene, framing_warnings = build_scene(cast, settings, engine)
    label = scene_label(scene, settings, ground_of(cast, settings))
    sign = signer_for(cast, settings, label, engine.parser)
    plan = plan_output(target, scene, settings, overwrite)
    expected = None if scene.duration is None else max(1, round(scene.duration * scene.fps))
    first = last = 0.0
    # Render, mark, write, sign.
    with (
        Output(plan, clock, Watermarker(label=label)) as out,
        NudityGate(engine, art=settings.art) as gate,
        closing(frames_of(scene, clock)) as frames,
    ):
        scene_gate = SceneGate(gate, cast, scene, settings)
        for frame in frames:
            out.write(frame)
            last = time.perf_counter() - started
            if out.frames == 1:
                first = last
            if progress is not None:
                progress(out.frames, expected)
            scene_gate.frame(frame)
        scene_gate.finish()
        out.finish(sign)
    return _result(cast, scene, settings, out, clock, (first, last), [*framing_warnings, *label_warnings(label)])


def _result(
    cast: Sequence[Cast],
    scene: Scene,
    settings: AnimateSettings,
    out: Output,
    clock: StageClock,
    times: tuple[float, float],
    framing_warnings: Sequence[str],
) -> AnimateResult:
    """Return the result; `times` are the seconds from the call to the first and to the last frame."""
    first, last = times
    report = cast[0].driver.report
    head_warnings = [warning for member in cast for warning in member.head.warnings]
    rates = [warning for member in cast for warning in rate_warnings(member.driver, scene.fps, settings)]
    return AnimateResult(
        path=out.plan.path,
        frames=out.frames,
        fps=scene.fps,
        width=scene.compositor.width,
        height=scene.compositor.height,
        mark_id=out.watermarker.payload.id_text,
        jitter=scene.actors[0].jitter.value,
        driver_jitter=report.jitter,
        driver_memory_mb=report.memory_mb,
        neutral_time=report.neutral_time,
        consents=published_consents([member.head for member in cast], settings.person),
        warnings=(*head_warnings, *framing_warnings, *scene_warnings(scene), *rates, *out.warnings),
        milliseconds=clock.milliseconds(out.frames),
        first_frame_seconds=first,
        frames_a_second=(out.frames - 1) / max(last - first, 1e-9),
    )
