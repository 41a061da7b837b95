"""Settings of the media layer: reading, limits, and encoding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from animato.settings.base import check, setting


@dataclass(frozen=True, kw_only=True)
class PictureSettings:
    """Limits on images, checked before decoding."""

    max_megapixels: float = setting(
        64.0,
        "Maximum image size in megapixels; larger images are rejected before decoding.",
        low=0.01,
        high=178.0,
        unit="megapixels",
    )
    max_megabytes: float = setting(256.0, "Maximum size of an image file.", low=0.01, high=4096.0, unit="megabytes")
    max_scans: int = setting(
        100,
        "Maximum number of scans of a JPEG, each of which costs a pass over the image; encoders write about 10.",
        low=1,
        high=10_000,
        unit="scans",
    )

    def __post_init__(self) -> None:
        check(self, "picture")


@dataclass(frozen=True, kw_only=True)
class ReaderSettings:
    """Video decoding, and limits for malicious or broken files."""

    decode_threads: int = setting(
        2,
        "Threads of the video decoder. More threads help with large videos; at 512 px decoding is not the bottleneck.",
        low=1,
        high=16,
    )
    max_pixels: int = setting(
        4096 * 4096, "Maximum size of a video frame, in pixels.", low=16 * 16, high=8192 * 8192, unit="pixels"
    )
    max_seconds: float = setting(3600.0, "Maximum duration of video to read.", low=0.1, high=86400.0, unit="seconds")
    max_frames: int = setting(
        250_000, "Maximum number of frames to read from one video.", low=1, high=10_000_000, unit="frames"
    )
    max_fps: float = setting(120.0, "Maximum frame rate; excess frames are skipped.", low=1.0, high=1000.0, unit="fps")
    max_boxes: int = setting(
        200_000,
        "Maximum number of boxes of an mp4 or mov file; an hour in fragments of one second has about 50,000.",
        low=100,
        high=10_000_000,
        unit="boxes",
    )
    max_gif_megapixels: float = setting(
        4000.0,
        "Maximum size of all frames of a GIF together; a GIF has no key frames, so seeking decodes all before.",
        low=1.0,
        high=1e6,
        unit="megapixels",
    )
    max_errors: int = setting(
        50, "Number of damaged packets after which reading stops.", low=0, high=100_000, unit="packets"
    )

    def __post_init__(self) -> None:
        check(self, "reader")


@dataclass(frozen=True, kw_only=True)
class MotionFileSettings:
    """Limits on motion files, checked before anything is unpacked or rendered."""

    max_motion_megabytes: float = setting(
        256.0, "Maximum size of a motion file's arrays, unpacked.", low=0.01, high=4096.0, unit="megabytes"
    )
    max_motion_frames: int = setting(
        50_000, "Maximum number of frames of a motion file.", low=1, high=1_000_000, unit="frames"
    )
    max_motion_seconds: float = setting(
        3600.0, "Maximum duration of a motion file.", low=0.1, high=86400.0, unit="seconds"
    )

    def __post_init__(self) -> None:
        check(self, "motion_file")


@dataclass(frozen=True, kw_only=True)
class WriterSettings:
    """Encoding of videos, animated images and frame folders."""

    crf: int = setting(
        18,
        "Constant rate factor of H.264 in mp4; lower is better and larger. 18 is visually near lossless.",
        low=0,
        high=40,
    )
    preset: Literal["ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow"] = setting(
        "veryfast",
        "Preset of the H.264 encoder; slower presets give smaller files of the same quality.",
    )
    webm_crf: int = setting(22, "Constant rate factor of VP9 in webm; lower is better and larger.", low=4, high=63)
    encode_threads: int = setting(2, "Threads of the video encoder.", low=1, high=16)
    audio_kbps: int = setting(160, "Bit rate of re-encoded audio.", low=32, high=320, unit="kilobits per second")
    gif_dither: float = setting(
        4.0,
        "Strength of ordered dithering in gif, in levels of 255; 0 disables it.",
        low=0.0,
        high=32.0,
        unit="levels",
    )

    def __post_init__(self) -> None:
        check(self, "writer")
