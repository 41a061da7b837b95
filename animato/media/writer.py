"""Open a writer for an output path; the suffix selects the format."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

from animato.errors import UsageError
from animato.media.audio import AudioSource
from animato.media.gif_writer import GifWriter
from animato.media.png_writer import PATTERN, PngWriter
from animato.media.video_writer import VideoWriter
from animato.media.writer_base import Writer
from animato.settings.media import WriterSettings

__all__ = ["AudioSource", "Writer", "check_alpha", "open_writer", "output_format"]

WITH_ALPHA = ("webm", "mov", "png")
"""Formats that store opacity."""

_MAX_SIDE = 16_384
_LONG_GIF = 12.0
"""Duration in seconds above which a gif is unexpectedly large."""


def output_format(path: Path) -> str:
    """Return the output format for a path: "mp4", "webm", "mov", "gif" or "png" (a folder of frames).

    A path without a suffix, an existing folder, and a numbered name such as frame_%05d.png select "png".

    Raises:
        UsageError: unsupported suffix.
    """
    suffix = path.suffix.lower()
    if suffix in (".mp4", ".m4v"):
        return "mp4"
    if suffix in (".webm", ".mov", ".gif"):
        return suffix[1:]
    if suffix == "" or path.is_dir():
        return "png"
    if suffix == ".png":
        if re.fullmatch(r"[^%]*%0?\d{0,2}d[^%]*", path.name):
            return "png"
        raise UsageError(
            f"{path.name} names one picture, and a video has many",
            hint=f"a folder ({path.stem}/) or numbered names ({path.stem}_%05d.png)",
        )
    raise UsageError(f"videos are not written as {suffix}", where=str(path), hint=".mp4, .webm, .mov, .gif or a folder")


def check_alpha(path: Path, form: str) -> None:
    """Check that a format stores opacity.

    Args:
        path: of the output, for the message.
        form: from `output_format`.

    Raises:
        UsageError: it does not.
    """
    if form in WITH_ALPHA:
        return
    # A gif knows only whole pixels: its edges would be jagged.
    raise UsageError(
        f"{form} stores no soft transparency, which `background=none` needs",
        where=str(path),
        hint=".webm (VP9), .mov (ProRes 4444), or a folder for PNG frames",
    )


def open_writer(
    path: Path,
    *,
    width: int,
    height: int,
    fps: Fraction,
    audio: AudioSource | None = None,
    settings: WriterSettings | None = None,
    comment: str | None = None,
    duration: float | None = None,
    alpha: bool = False,
) -> Writer:
    """Open a file or folder for writing frames, in the format given by `output_format`.

    Writes to `path` directly and overwrites an existing file; for an atomic write, pass a temporary path with the same
    suffix and rename it when it is complete.

    Args:
        width: of the frames, in pixels.
        height: of the frames, in pixels.
        fps: constant frame rate, frames per second.
        audio: audio source, cut at the end of the video; gif and PNG drop it with a warning.
        comment: text for the file's comment field.
        duration: expected duration in seconds, if known; only used to warn about large gifs.
        alpha: whether frames are height x width x 4 uint8 RGBA, not multiplied by the opacity.

    Raises:
        UsageError: unsupported suffix, size or rate.
        OutputError: no permission, no such folder, or the disk is full.
        InputError: the audio cannot be read.
    """
    settings = settings or WriterSettings()
    form = output_format(path)
    if not (1 <= width <= _MAX_SIDE and 1 <= height <= _MAX_SIDE):
        raise UsageError(f"frames of {width} x {height} cannot be written", where=f"1 to {_MAX_SIDE} pixels a side")
    if not Fraction(1, 100) <= fps <= 1000:
        raise UsageError(f"{float(fps):g} frames a second cannot be written", where="0.01 to 1000", hint="`fps=25`")
    if alpha:
        check_alpha(path, form)
    if form in ("mp4", "webm", "mov"):
        return VideoWriter(path, width, height, fps, form, settings, audio, comment, alpha)
    writer: Writer
    if form == "gif":
        writer = GifWriter(path, width, height, fps, settings, comment)
        if duration is not None and duration > _LONG_GIF:
            writer.add_warning(f"a gif of {duration:.0f} s is large; mp4 is about twenty times smaller")
    else:
        numbered = "%" in path.name
        folder, pattern = (path.parent, path.name) if numbered else (path, PATTERN)
        writer = PngWriter(folder, pattern, width, height, fps, comment, alpha)
    if audio is not None:
        writer.add_warning(f"{'a gif has' if form == 'gif' else 'PNG frames have'} no sound; it was left out")
    return writer
