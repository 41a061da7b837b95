"""The only exit for frames: `Watermarker` labels and marks frames, `Output` encodes, signs and renames files."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType

import cv2
import numpy as np

from animato.errors import OutputError, UsageError
from animato.media.audio import AudioSource
from animato.media.disk import check_not_input, output_error
from animato.media.pixels import with_opacity
from animato.media.writer import Writer, check_alpha, open_writer, output_format
from animato.pipeline.frame_folder import FrameFolder
from animato.pipeline.label import Label
from animato.runtime.partial_files import partial_path, sweep_partials
from animato.runtime.stage_clock import StageClock
from animato.settings.media import WriterSettings
from animato.trust.credentials import BESIDE, sidecar_of
from animato.trust.moving_watermark import MovingMarker
from animato.trust.payload import MarkKind, MarkPayload
from animato.trust.watermark import Marker
from animato.types import Box, Frame

Signer = Callable[[Path, Path, MarkPayload], None]
"""Signs a file or folder: (unsigned path, path of the signed copy to write, payload of the watermark)."""


BEYOND_EDGE = 8
"""Pixels over which the colours of a transparent frame go on beyond what is seen."""


class Watermarker:
    """Draws the label and embeds the invisible watermark; one instance per output: all its frames carry the same id.

    Args:
        kind: of the output, in the watermark.
        label: the visible label, or None.
    """

    def __init__(self, kind: MarkKind = MarkKind.DRIVEN, label: Label | None = None) -> None:
        self.label = label
        self.payload = MarkPayload.random(kind)
        self._marker = MovingMarker(Marker(self.payload))

    @property
    def touched(self) -> Box | None:
        """Where the last frame differs from the one before it, at most; None for everywhere."""
        return self._marker.touched

    def frame(self, frame: Frame) -> Frame:
        """Return the marked frame as a new array.

        Args:
            frame: H x W x 3 uint8 RGB, or H x W x 4 uint8 RGBA, which is marked where it is seen. The label is drawn
                into it.
        """
        if self.label is not None:
            self.label.draw(frame)
        if frame.shape[2] == 3:
            return self._marker.embed(frame)
        marked = self._marker.embed(np.asarray(cv2.cvtColor(frame, cv2.COLOR_RGBA2RGB), np.uint8))
        # Colours go on a little beyond the edge, for codecs and filters that mix neighbours; farther out is nothing.
        near = cv2.dilate(frame[..., 3], np.ones((2 * BEYOND_EDGE + 1,) * 2, np.uint8))
        return with_opacity(np.asarray(cv2.bitwise_and(marked, marked, mask=near), np.uint8), frame[..., 3])


@dataclass(frozen=True)
class OutputPlan:
    """Parameters of an output.

    Attributes:
        path: of the finished file or folder.
        width: pixels.
        height: pixels.
        fps: frames per second.
        audio: audio source, or None.
        crf: constant rate factor of the encoder; lower is better.
        threads: of the encoder.
        duration: expected duration in seconds, or None.
        comment: text of the file's comment field.
        overwrite: whether an existing file may be replaced.
        alpha: whether frames are RGBA.
    """

    path: Path
    width: int
    height: int
    fps: Fraction
    audio: AudioSource | None
    crf: int
    threads: int
    duration: float | None
    comment: str
    overwrite: bool = False
    alpha: bool = False


class Output:
    """Writes one output: marked frames and audio into a hidden temporary file, which is then signed and renamed.

    A context manager. Leaving the block removes the temporary files, also after an exception or Ctrl-C; the output
    exists only if `finish` was called.
    """

    def __init__(self, plan: OutputPlan, clock: StageClock, watermarker: Watermarker | None = None) -> None:
        self.plan, self.clock = plan, clock
        self.watermarker = watermarker or Watermarker()
        self.format = _format(plan.path)
        check_target(plan.path, self.format, plan.overwrite)
        self._frames = FrameFolder(plan.path) if self.format == "png" else None
        suffix, self._scratch = plan.path.suffix, plan.path.parent
        if self._frames is not None:
            suffix, self._scratch = "", self._frames.scratch
        beside = self._scratch / plan.path.name
        self._unsigned, self._signed = (partial_path(beside, f".{part}{suffix}") for part in ("part", "signed"))
        self._replaced = partial_path(beside, ".old")
        self._temporary = [self._unsigned, self._signed, self._signed.with_suffix(".c2pa")]
        self._writer: Writer | None = None
        self.warnings: list[str] = []

    @staticmethod
    def check(path: Path, overwrite: bool, alpha: bool = False) -> None:
        """Check that the output can be written, before anything is rendered.

        Args:
            path: of the finished file or folder.
            overwrite: whether an existing output may be replaced.
            alpha: whether its frames are transparent.

        Raises:
            OutputError: the folder does not exist or is not writable.
            UsageError: the suffix is not supported, or the output exists and may not be replaced.
        """
        file_format = _format(path)
        if alpha:
            check_alpha(path, file_format)
        check_target(path, file_format, overwrite)

    def __enter__(self) -> Output:
        sweep_partials(self._scratch)
        try:
            if self._frames is not None:
                self._unsigned.mkdir()
            self._writer = self._open()
        except OSError as problem:
            self._clean()
            raise output_error(self.plan.path, problem) from problem
        except BaseException:
            self._clean()
            raise
        return self

    def _open(self) -> Writer:
        plan = self.plan
        settings = WriterSettings(crf=plan.crf, webm_crf=plan.crf + 4, encode_threads=min(plan.threads, 16))
        numbered = self._frames is not None and self._frames.numbered
        target = self._unsigned / plan.path.name if numbered else self._unsigned
        return open_writer(
            target,
            width=plan.width,
            height=plan.height,
            fps=plan.fps,
            audio=plan.audio,
            settings=settings,
            comment=plan.comment,
            duration=plan.duration,
            alpha=plan.alpha,
        )

    def write(self, frame: Frame) -> None:
        """Mark a frame and write it."""
        assert self._writer is not None
        with self.clock.stage("mark"):
            marked = self.watermarker.frame(frame)
        with self.clock.stage("encode"):
            self._writer.write(marked, None if self.plan.alpha else self.watermarker.touched)

    @property
    def frames(self) -> int:
        """Number of frames written."""
        return self._writer.frames if self._writer else 0

    def finish(self, sign: Signer) -> None:
        """Close the file, sign it and rename it to its target.

        Raises:
            OutputError: the file cannot be written or renamed.
            RefusedError: the file cannot be signed.
        """
        assert self._writer is not None
        with self.clock.stage("encode"):
            self._writer.close()
        self.warnings += self._writer.warnings
        with self.clock.stage("sign"):
            sign(self._unsigned, self._signed, self.watermarker.payload)
        try:
            self._publish()
        except OSError as problem:
            raise output_error(self.plan.path, problem) from problem

    def _publish(self) -> None:
        target = self.plan.path
        if self._frames is not None:
            self._frames.publish(self._signed, self._replaced)
            self._temporary.append(self._replaced)  # only now: remove the old frames once the new ones are in place
            return
        sidecar = self._signed.with_suffix(".c2pa")
        if sidecar.exists():  # the format cannot embed credentials
            sidecar.replace(target.with_suffix(".c2pa"))
        self._signed.replace(target)

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._writer is not None:
                self._writer.__exit__(kind, problem, trace)
        finally:
            self._clean()

    def _clean(self) -> None:
        for path in self._temporary:
            _remove(path)


def check_target(path: Path, file_format: str, overwrite: bool) -> None:
    """Check that an output can be written.

    Raises:
        OutputError: the folder does not exist or is not writable.
        UsageError: the file or frames exist and may not be replaced.
    """
    parent = path.parent
    if not parent.is_dir():
        raise OutputError(
            f"the folder {parent} does not exist", where=str(path), hint=f"create it first: mkdir -p {parent}"
        )
    if file_format == "png" and path.exists() and not path.is_dir():
        raise OutputError(f"{path} is a file, not a folder for frames", hint="another name, or one ending in .mp4")
    if file_format != "png" and path.is_dir():
        raise OutputError(f"{path} is a folder", hint=f"the name of a file ending in {path.suffix}")
    try:
        if file_format == "png":
            frames = FrameFolder(path)
            frames.check(overwrite)
            parent = frames.scratch
        elif not overwrite:
            for existing in (path, *([sidecar_of(path)] if path.suffix.lower() in BESIDE else [])):
                if existing.exists():
                    raise UsageError(f"{existing} exists already", hint="`overwrite=True`, or another name")
        with tempfile.TemporaryFile(dir=parent):  # unnamed where the system supports it, so nothing is left behind
            pass
    except OSError as problem:
        raise output_error(path, problem) from problem


def _format(path: Path) -> str:
    try:
        path.exists()  # raises for a name that is too long
        return output_format(path)
    except OSError as problem:
        raise output_error(path, problem) from problem


def check_replaces_no_input(output: Path, inputs: Iterable[Path | None]) -> None:
    """Check that writing the output does not replace or remove an input.

    Args:
        output: a file, a folder for frames, or a numbered name.
        inputs: files that are read; None is skipped.

    Raises:
        UsageError: the output would replace an input.
    """
    if _format(output) != "png":
        check_not_input(output, inputs)
        return
    frames = FrameFolder(output)
    for path in inputs:
        with contextlib.suppress(OSError):  # a missing file is reported where it is read
            if path is not None and frames.replaces(path):
                raise UsageError(f"the output would replace {path}, which is an input", hint="another name")


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
