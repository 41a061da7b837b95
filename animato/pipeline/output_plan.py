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
        target: path of the finished file or folder.
        scene: what is rendered.
        settings: quality, threads and audio.
        overwrite: whether an existing output may be replaced.
    """
    return OutputPlan(
        path=target,
        width=scene.compositor.width,
        height=scene.compositor.height,
        fps=scene.fps,
        audio=audio_source([actor.driver for actor in scene.actors], settings),
        crf=settings.crf,
        threads=settings.threads,
        duration=scene.duration,
        comment=comment_text(settings.composed),
        overwrite=overwrite,
        alpha=settings.background == "none",
    )


def audio_source(drivers: Sequence[Driver], settings: AnimateSettings) -> AudioSource | None:
    """Return the audio of an output: `settings.audio`, else that of the first driver with audio, else None."""
    if not settings.sound:
        return None
    if settings.audio is not None:
        return AudioSource(settings.audio)
    driver = next((each for each in drivers if each.has_audio), None)
    return None if driver is None else AudioSource(driver.path, settings.start)


def rate_warnings(driver: Driver, fps: Fraction, settings: AnimateSettings) -> list[str]:
    """Return a warning if the driver has a higher frame rate than the output and `fps` is not set.

    Args:
        driver: source of the motion.
        fps: frames per second of the output.
        settings: of the render.
    """
    if settings.fps is not None or driver.fps <= fps:
        return []
    rate = f"{float(driver.fps):.4g}"
    return [f"the driver has {rate} frames per second, the video {float(fps):.4g}; `fps={rate}` keeps all of them"]
