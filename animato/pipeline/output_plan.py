"""Parameters of an output: size, frame rate, audio and quality."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from animato.drivers.base import Driver
from animato.media.audio import AudioSource
from animato.pipeline.actor import Scene
from animato.pipeline.output import OutputPlan
from animato.settings.animate import AnimateSettings
from animato.trust.metadata import comment_text


def plan_output(target: Path, scene: Scene, settings: AnimateSettings, overwrite: bool) -> OutputPlan:
    """Return the plan of an output.

    Args:
        target: where the finished file or folder goes.
        scene: what is rendered.
        settings: quality, threads and sound.
        overwrite: whether an existing file may be replaced.
    """
    return OutputPlan(
        path=target,
        width=scene.compositor.width,
        height=scene.compositor.height,
        fps=scene.fps,
        audio=sound_of([actor.driver for actor in scene.actors], settings),
        crf=settings.crf,
        threads=settings.threads,
        duration=scene.duration,
        comment=comment_text(settings.frame == "photo"),
        overwrite=overwrite,
    )


def sound_of(drivers: Sequence[Driver], settings: AnimateSettings) -> AudioSource | None:
    """Return the sound of an output: the given file, else that of the first driver with sound, else None."""
    if not settings.sound:
        return None
    if settings.audio is not None:
        return AudioSource(settings.audio)
    heard = next((driver for driver in drivers if driver.has_audio), None)
    return None if heard is None else AudioSource(heard.path, settings.start)


def rate_warnings(driver: Driver, fps: Fraction, settings: AnimateSettings) -> list[str]:
    """Return a sentence about a driver that is faster than its video, unless the video's rate was asked for.

    Args:
        driver: where movement comes from.
        fps: frames a second of the video.
        settings: of the job.
    """
    if settings.fps is not None or driver.fps <= fps:
        return []
    faster = f"`fps={float(driver.fps):.4g}`"
    return [f"the driver has {float(driver.fps):.4g} frames a second, the video {float(fps):.4g}: {faster} keeps all"]
