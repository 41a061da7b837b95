"""The library: one function per job, and `Animator` for several jobs. Front ends call only these.

The main path, from the command to the pixels:

    cli/animate.py: animate                     parse, show progress
    animator.py: Animator.run                   heads and drivers in, one output
    pipeline/flow.py: frames_of                 driver -> motion -> target -> renderer -> compositor
    renderers/warp/warper.py: Warper.render     flow, depth test, openings
    pipeline/output.py: Output                  watermark, encode, sign, rename
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from animato.animator import Animator
from animato.drivers.base import Driver
from animato.head.head import Head
from animato.head.report import HeadReport
from animato.motion.motion_file import MotionClip
from animato.motion.motion_frame import Neutral
from animato.pipeline.casting import Drivers, Photos, cast_input, shared_finder
from animato.pipeline.consent import consent_for_photos
from animato.pipeline.inputs import file_path, settings_of
from animato.pipeline.interactive import Interactive, open_interactive
from animato.pipeline.pose import expression_of_picture, pose_file
from animato.pipeline.rendering import Progress
from animato.pipeline.result import AnimateResult
from animato.pipeline.stream import Stream
from animato.settings.animate import AnimateSettings
from animato.settings.consent import Consent
from animato.trust.report import VerifyReport
from animato.types import Frame

__all__ = [
    "AnimateResult",
    "Animator",
    "Head",
    "HeadReport",
    "Interactive",
    "Progress",
    "Stream",
    "animate",
    "expression_of",
    "interactive",
    "pose",
    "record",
    "render",
    "verify",
]


def animate(
    photos: Photos,
    driver: Drivers,
    output: Path | str,
    settings: AnimateSettings | None = None,
    *,
    consent: Consent | str | None = None,
    **options: Any,
) -> AnimateResult:
    """Render a video of a person moved by a driver, in one call; see `Animator.animate`.

    Photos need a consent: `consent` is a `Consent`, or the name of its ground.

    Example:
        >>> import animato
        >>> result = animato.animate("me.jpg", "nod", "me.mp4", consent="self", mouth=0.7)  # doctest: +SKIP
    """
    with _animator(settings, options) as animator:
        return animator.animate(photos, driver, output, settings, consent=consent, **options)


def render(
    photos: Photos,
    driver: Drivers,
    settings: AnimateSettings | None = None,
    *,
    consent: Consent | str | None = None,
    **options: Any,
) -> Generator[Frame]:
    """Yield the watermarked frames of a person moved by a driver, in one call; see `Animator.stream`.

    Photos need a consent: `consent` is a `Consent`, or the name of its ground.

    Yields:
        H x W x 3 uint8 RGB (H x W x 4 RGBA with `background="none"`); each frame is a new, writable array.

    Example:
        >>> import animato
        >>> for frame in animato.render("me.jpg", "nod", consent="self"):  # doctest: +SKIP
        ...     show(frame)
    """
    animator = _animator(settings, options)
    head, opened = cast_input(photos, driver)
    person = settings_of(settings, options).person
    return _rendered(animator, head, opened, settings, consent_for_photos([head], consent, person), options)


def _rendered(
    animator: Animator,
    photos: Photos,
    driver: Driver | Path,
    settings: AnimateSettings | None,
    consent: Consent | None,
    options: dict[str, Any],
) -> Generator[Frame]:
    with animator, animator.stream(photos, driver, settings, consent=consent, **options) as stream:
        yield from stream


def interactive(
    head: Head,
    settings: AnimateSettings | None = None,
    *,
    animator: Animator | None = None,
    neutral: Neutral | None = None,
    **options: Any,
) -> Interactive:
    """Return a head that is rendered frame by frame, on demand: `Interactive.frame(motion)`.

    Args:
        head: to render.
        settings: those of motion, model and picture are used.
        animator: whose networks and threads are used; None for new ones.
        neutral: neutral measures of the motion (`Neutral`); by default those of a typical face.
        options: fields of `AnimateSettings`, overriding those of `settings`.

    Raises:
        RefusedError: the consent has expired or was revoked; a photo that looks like nudity is refused by `frame`.
        InputError: the head cannot be rendered so.

    Example:
        >>> with animato.interactive(head, frame="crop", size=512) as face:  # doctest: +SKIP
        ...     show(face.frame(face.rest()))
    """
    settings = settings_of(settings, options)
    engine = (animator or _animator(settings, {})).engine
    return open_interactive(head, replace(settings, threads=engine.threads), engine, neutral=neutral)


def pose(
    photos: Photos,
    controls: Mapping[str, float],
    output: Path | str,
    settings: AnimateSettings | None = None,
    *,
    like: Path | str | None = None,
    consent: Consent | str | None = None,
    overwrite: bool = False,
    **options: Any,
) -> AnimateResult:
    """Render a still of a person with an expression; it is labelled, watermarked, signed and written atomically.

    Args:
        photos: see `Photos`; photos need a consent.
        controls: name to value (`animato.motion.controls`), such as {"smile": 0.6, "yaw": 12}.
        output: a file ending in .png.
        settings: those of picture, model, label and signing are used.
        like: a picture of a face whose expression is taken over; `controls` replace single values of it.
        consent: ground for animating photos.
        overwrite: whether an existing output may be replaced.
        options: fields of `AnimateSettings`, overriding those of `settings`.

    Raises:
        InputError: a photo or picture cannot be used.
        UsageError: a control that is not allowed, or an output that exists or is no .png.
        OutputError: the output cannot be written.
        RefusedError: no valid consent, a picture looks like nudity, or the output cannot be signed.

    Example:
        >>> import animato
        >>> animato.pose("me.jpg", {"smile": 0.6, "yaw": 12}, "me.png", consent="self")  # doctest: +SKIP
    """
    settings = settings_of(settings, options)
    with _animator(settings, {}) as animator:
        return pose_file(
            photos,
            controls,
            file_path(output, "output"),
            settings,
            animator.engine,
            like=None if like is None else file_path(like, "picture"),
            consent=consent,
            overwrite=overwrite,
        )


def expression_of(picture: Path | str, face: str = "largest") -> dict[str, float]:
    """Return the control values of the expression of a face in a picture; controls at rest are left out.

    Args:
        picture: its path; no consent is needed, as nothing of the face but its expression is used.
        face: which one if there are several: "largest", "left", "right" or a number from the left.

    Raises:
        InputError: not a picture, or no face in it.

    Example:
        >>> import animato
        >>> animato.expression_of("laughing.jpg")  # doctest: +SKIP
    """
    with _animator(None, {}) as animator, animator.engine.bounded():
        found = expression_of_picture(file_path(picture, "picture"), face, shared_finder(animator.engine))
    return dict(found.controls)


def record(
    video: Path | str, output: Path | str, settings: AnimateSettings | None = None, **options: Any
) -> MotionClip:
    """Save the motion of a video or a sound as a motion file, in one call; see `Animator.record`."""
    with _animator(settings, options) as animator:
        return animator.record(video, output, settings, **options)


def _animator(settings: AnimateSettings | None, options: dict[str, Any]) -> Animator:
    """Return an animator with the engine of the settings."""
    named = {name: value for name, value in options.items() if name in ("threads", "device", "backend")}
    chosen = settings_of(settings, named)
    return Animator(threads=chosen.threads, device=chosen.device, backend=chosen.backend)


def verify(path: Path | str) -> VerifyReport:
    """Read the invisible watermark, content credentials and other declared signals of a file or a folder of PNG frames.

    Raises:
        InputError: the file or folder cannot be read.

    Example:
        >>> import animato
        >>> print(*animato.verify("me.mp4").sentences(), sep="\\n")  # doctest: +SKIP
    """
    from animato.trust.sealed_verify import Verifier

    return Verifier().verify_file(file_path(path, "file"))
