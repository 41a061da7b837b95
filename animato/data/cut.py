"""Turn one source file into clips: track, crop, encode and write the tar members."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import cv2
import numpy as np
from safetensors.numpy import save as save_tensors

from animato.data.sources import SourceClip
from animato.data.tar import add_member
from animato.data.track import FrameCounts, Segment, segments
from animato.errors import AnimatoError, VideoError
from animato.geometry.affine import move_points
from animato.geometry.crop import crop_from_frame, cut
from animato.media.hash import sha256_file
from animato.media.image import load_picture
from animato.media.reader import open_video
from animato.settings.data import PrepareSettings
from animato.settings.media import ReaderSettings
from animato.tracking.face_finder import FaceFinder, choose_face
from animato.tracking.tracker import Tracker
from animato.types import Affine, Face, Frame, TimedFrame

READER = ReaderSettings(max_seconds=86_400.0, max_frames=10_000_000)
"""Allows videos of up to a day, as only the landmarks of one segment are held in memory."""


@dataclass
class CutClip:
    """Layout of one clip in a tar.

    Attributes:
        clip: name of the clip.
        frames: number of frames.
        picture_at, picture_size: offset and length of each JPEG, in bytes.
        data_at, data_size: offset and length of each safetensors member, in bytes.
        facts: crop, face size, start and end time.
    """

    clip: str
    frames: int = 0
    picture_at: list[int] = field(default_factory=list)
    picture_size: list[int] = field(default_factory=list)
    data_at: list[int] = field(default_factory=list)
    data_size: list[int] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass
class CutResult:
    """Result for one source file.

    Attributes:
        clips: the clips that were written.
        sha256: hash of the file, "" when it could not be read.
        dropped: (reason, detail) for the file or its rejected segments.
    """

    clips: list[CutClip] = field(default_factory=list)
    sha256: str = ""
    dropped: list[tuple[str, str]] = field(default_factory=list)


def cut_source(source: SourceClip, settings: PrepareSettings, finder: FaceFinder, out: BinaryIO) -> CutResult:
    """Write the clips of one file as tar members.

    An unreadable file or one without a usable face does not raise; the reason is in the result.

    Args:
        source: the file.
        settings: size, frames and limits.
        finder: the face networks.
        out: open binary file, at a multiple of 512 bytes.

    Raises:
        OSError: `out` cannot be written.
    """
    result = CutResult()
    writer = _ClipWriter(source, settings, out)
    try:
        result.sha256 = sha256_file(source.path)
        if source.kind == "photo":
            _cut_photo(source, settings, finder, writer, result)
        else:
            _cut_video(source, settings, finder, writer, result)
    except _WriteError as error:
        raise error.cause from error
    except AnimatoError as error:
        result.dropped.append(("unreadable", " ".join(part for part in (error.what, error.where) if part)))
    except Exception as error:  # a broken file can make the decoder raise anything, which must not end the job
        result.dropped.append(("unreadable", f"{type(error).__name__}: {error}"))
    return result


def _cut_photo(
    source: SourceClip, settings: PrepareSettings, finder: FaceFinder, writer: _ClipWriter, result: CutResult
) -> None:
    image = load_picture(source.path).image
    faces = finder.find(image)
    if not faces:
        result.dropped.append(("no face", f"{image.shape[1]} x {image.shape[0]} px"))
        return
    face = faces[choose_face(faces, image.shape[1], "largest")]
    segment = Segment()
    segment.add(0, 0.0, face, image)
    if segment.face_size < settings.min_face:
        result.dropped.append(("too small", f"the face is {segment.face_size:.0f} px"))
        return
    result.clips.append(writer.write(segment, [image]))


def _cut_video(
    source: SourceClip, settings: PrepareSettings, finder: FaceFinder, writer: _ClipWriter, result: CutResult
) -> None:
    counts = FrameCounts()
    tracker = Tracker(finder=finder)
    short_lengths: list[int] = []
    small_sizes: list[float] = []
    # The crop of a segment is only known at its end. If its images are too many to be kept until then, a second reader
    # follows the first, so that memory is limited, whatever the length of the video.
    with open_video(source.path, settings=READER) as reader, _SecondPass(source.path) as second_pass:
        for segment in segments(reader, tracker, settings, counts):
            if len(segment.numbers) < settings.min_frames:
                short_lengths.append(len(segment.numbers))
            elif segment.face_size < settings.min_face:
                small_sizes.append(segment.face_size)
            else:
                chosen = segment.subsampled(settings.max_frames)
                result.clips.append(writer.write(chosen, chosen.images or second_pass.images(chosen.numbers)))
    if small_sizes:
        result.dropped.append(("too small", f"the largest face is {max(small_sizes):.0f} px"))
    if not counts.with_face:
        result.dropped.append(("no face", f"none in {counts.frames} frames"))
    elif not result.clips and short_lengths:
        result.dropped.append(
            ("too short", f"at most {max(short_lengths)} consecutive frames of one face, of {counts.frames}")
        )


class _SecondPass:
    """Reads a video again, from the start and only if asked to."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stack = ExitStack()
        self._frames: Iterator[tuple[int, TimedFrame]] | None = None

    def __enter__(self) -> _SecondPass:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stack.close()

    def images(self, numbers: Sequence[int]) -> Iterator[Frame]:
        """Yield the frames of these numbers, which must be above those of earlier calls.

        Raises:
            VideoError: the video ends before.
        """
        if self._frames is None:
            self._frames = enumerate(self._stack.enter_context(open_video(self._path, settings=READER)))
        for number in numbers:
            for at, frame in self._frames:
                if at == number:
                    yield frame.image
                    break
            else:
                raise VideoError("the video has fewer frames on the second pass", where=f"frame {number}")


class _WriteError(Exception):
    """Distinguishes an error writing the output from a broken clip."""

    def __init__(self, cause: OSError) -> None:
        super().__init__(str(cause))
        self.cause = cause


class _ClipWriter:
    """Writes the frames of segments as members: `<clip>__<number>.jpg`, `.safetensors` and `.json`."""

    def __init__(self, source: SourceClip, settings: PrepareSettings, out: BinaryIO) -> None:
        self._source, self._settings, self._out = source, settings, out
        self._written = 0

    def write(self, segment: Segment, images: Iterable[Frame]) -> CutClip:
        self._written += 1
        # "+" does not occur in clip names, so further segments of a file cannot collide with another file.
        name = self._source.clip if self._written == 1 else f"{self._source.clip}+{self._written}"
        size = self._settings.size
        square = segment.square(self._settings.margin)
        crop_from_video = crop_from_frame(square, size)
        clip = CutClip(name, facts=_segment_metadata(segment, square))
        start = self._out.tell()
        try:
            for index, image in enumerate(images):
                crop = cut(image, crop_from_video, size)
                self._add(clip, index, crop, _face_in_crop(segment.faces[index], crop_from_video), segment.times[index])
        except BaseException:
            # Remove the members of an incomplete clip.
            self._out.seek(start)
            self._out.truncate()
            raise
        return clip

    def _add(self, clip: CutClip, index: int, crop: Frame, face: Face, time: float) -> None:
        key = f"{clip.clip}__{index:06d}"
        picture = encode_jpeg(crop, self._settings.quality)
        data = save_tensors({"points": face.points, "blendshapes": face.blendshapes})
        meta = {"person": self._source.person, "clip": clip.clip, "index": index, "time": round(time, 4)}
        try:
            clip.picture_at.append(add_member(self._out, f"{key}.jpg", picture))
            clip.data_at.append(add_member(self._out, f"{key}.safetensors", data))
            add_member(self._out, f"{key}.json", json.dumps(meta).encode())
        except OSError as error:
            raise _WriteError(error) from error
        clip.picture_size.append(len(picture))
        clip.data_size.append(len(data))
        clip.frames += 1


def encode_jpeg(image: Frame, quality: int) -> bytes:
    """Encode an image as JPEG 4:4:4, because lips and eyes are only a few pixels wide in a crop.

    Args:
        image: H x W x 3 uint8 RGB.
        quality: 0..100.
    """
    options = [cv2.IMWRITE_JPEG_QUALITY, quality]
    options += [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]
    _, data = cv2.imencode(".jpg", image[:, :, ::-1], options)
    return bytes(data)


def _face_in_crop(face: Face, target_from_video: Affine) -> Face:
    return Face(
        np.ascontiguousarray(move_points(target_from_video, face.points), np.float32),
        np.ascontiguousarray(face.blendshapes, np.float32),
        face.score,
    )


def _segment_metadata(segment: Segment, square: tuple[float, float, float]) -> dict[str, Any]:
    return {
        "crop": [round(value, 2) for value in square],
        "face_px": round(segment.face_size, 1),
        "start": round(segment.times[0], 4),
        "end": round(segment.times[-1], 4),
    }
