"""Open media files with FFmpeg: explicit demuxer, local files only, allow-listed codecs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import av
import av.error

from animato.errors import InputError
from animato.media.probe import kind_of, read_head
from animato.media.structure import check_structure

VIDEO_DEMUXERS: Mapping[str, str] = {
    "video/mp4": "mov",
    "video/quicktime": "mov",
    "video/webm": "matroska",
    "video/x-matroska": "matroska",
    "video/x-msvideo": "avi",
    "image/gif": "gif",
}
"""Media type to demuxer for video. Playlists, image sequences and network streams are absent on purpose."""

AUDIO_DEMUXERS: Mapping[str, str] = {
    "audio/wav": "wav",
    "audio/mpeg": "mp3",
    "audio/aac": "aac",
    "audio/mp4": "mov",
    "audio/flac": "flac",
    "audio/ogg": "ogg",
}
"""Media type to demuxer for audio."""

VIDEO_CODECS = frozenset({"h264", "hevc", "vp8", "vp9", "av1", "mjpeg", "mpeg4", "gif", "prores"})
"""Video decoders allowed on untrusted files."""

AUDIO_CODECS = frozenset({"aac", "opus", "mp3", "flac", "vorbis", "alac"})
"""Audio decoders allowed on untrusted files, in addition to every `pcm_*` codec."""

_OPTIONS = {
    "protocol_whitelist": "file",
    "probesize": str(8 << 20),
    "analyzeduration": str(5_000_000),
    "max_streams": "64",
    "max_pixels": str(4096 * 4096),
}


@contextlib.contextmanager
def open_container(path: Path, demuxers: Mapping[str, str], error: type[InputError], content: str) -> Iterator[Any]:
    """Yield an opened `av.InputContainer` and close it at the end of the block.

    The demuxer is chosen from the file signature, not by FFmpeg's probing. Only the `file` protocol is allowed, so a
    file cannot make FFmpeg open other files or the network.

    Args:
        demuxers: media type to demuxer.
        error: the class of error to raise.
        content: the kind of stream required, "video" or "sound"; used in messages.

    Raises:
        InputError: unsupported type, too many parts (`media.structure`), damaged, or truncated before its index; raised
            as `error`.
    """
    kind = kind_of(read_head(path, error))
    if kind not in demuxers:
        raise _wrong_kind(path, kind, error, content)
    check_structure(path, error)
    try:
        container = av.open(f"file:{path.absolute()}", format=demuxers[kind], options=dict(_OPTIONS))
    except (av.error.FFmpegError, OSError, ValueError) as problem:
        raise _damaged(path, kind, error, problem) from problem
    try:
        yield container
    finally:
        container.close()


def codec_name(stream: Any) -> str:
    """Return the canonical codec name of a stream ("av1", not "libdav1d"), or "unknown" without a decoder."""
    context = stream.codec_context
    return str(context.codec.canonical_name) if context is not None else "unknown"


def allowed_sound(stream: Any) -> bool:
    """Return whether an audio stream is accepted: an allowed codec, 1 to 16 channels, 4 to 384 kHz."""
    name = codec_name(stream)
    if name not in AUDIO_CODECS and not name.startswith("pcm_"):
        return False
    return 0 < len(stream.codec_context.layout.channels) <= 16 and 4000 <= stream.codec_context.sample_rate <= 384_000


def _wrong_kind(path: Path, kind: str, error: type[InputError], content: str) -> InputError:
    listed = "mp4, mov, webm, mkv, avi or gif" if content == "video" else "mp4, m4a, wav, mp3, flac, ogg or webm"
    hints = {
        "application/vnd.apple.mpegurl": "playlists are never followed: give the video file itself",
        "text/x-ffconcat": "playlists are never followed: give the video file itself",
    }
    if kind.startswith("image/"):
        hints[kind] = "give a picture as a photo; `driver` moves"
    if kind.startswith("audio/") and content == "video":
        hints[kind] = "give a sound file as `driver` or `audio`"
    return error(
        f"{path} is not a {content} that animato reads" if content == "video" else f"{path} holds no {content}",
        where=f"the first bytes of the file: {kind}",
        hint=hints.get(kind, f"a file of type {listed}"),
    )


def _damaged(path: Path, kind: str, error: type[InputError], problem: Exception) -> InputError:
    reason = getattr(problem, "strerror", None) or problem
    size = path.stat().st_size if path.is_file() else 0
    return error(
        f"{path} is damaged or cut short and cannot be opened",
        where=f"{kind}, {size:,} bytes: {reason}",
        hint="copy or download it again to the end; a recording that was cut off needs repair first",
    )
