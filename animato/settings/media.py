"""Settings of the media layer: how files are read, what is refused, how video is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from animato.settings.base import check, setting


@dataclass(frozen=True, kw_only=True)
class PictureSettings:
    """Limits on a picture, held before any of it is decoded."""

    max_megapixels: float = setting(
        64.0,
        "Largest picture that is opened, in million pixels. Larger ones are refused before they are decoded.",
        low=0.01,
        high=178.0,
        unit="megapixels",
    )
    max_megabytes: float = setting(
        256.0, "Largest picture file that is opened.", low=0.01, high=4096.0, unit="megabytes"
    )

    def __post_init__(self) -> None:
        check(self, "picture")


@dataclass(frozen=True, kw_only=True)
class ReaderSettings:
    """How a video is decoded, and the limits on hostile or broken ones."""

    decode_threads: int = setting(
        2,
        "Threads of the video decoder. More help with large videos; at 512 px the decoder is not the slow part.",
        low=1,
        high=16,
    )
    max_pixels: int = setting(
        4096 * 4096, "Largest video frame that is decoded, in pixels.", low=16 * 16, high=8192 * 8192, unit="pixels"
    )
    max_seconds: float = setting(
        3600.0, "Longest stretch of video that is read.", low=0.1, high=86400.0, unit="seconds"
    )
    max_frames: int = setting(250_000, "Most frames read from one video.", low=1, high=10_000_000, unit="frames")
    max_fps: float = setting(
        120.0, "Fastest frame rate that is read; frames in excess of it are skipped.", low=1.0, high=1000.0, unit="fps"
    )
    max_errors: int = setting(50, "Damaged packets after which reading stops.", low=0, high=100_000, unit="packets")

    def __post_init__(self) -> None:
        check(self, "reader")


@dataclass(frozen=True, kw_only=True)
class WriterSettings:
    """How video, animation and frame folders are encoded."""

    crf: int = setting(
        18,
        "Quality of mp4 (h264 constant rate factor): lower is better and larger. 18 is hard to tell from the original.",
        low=0,
        high=40,
    )
    preset: Literal["ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow"] = setting(
        "veryfast",
        "Effort of the mp4 encoder: slower presets make smaller files of the same quality.",
    )
    webm_crf: int = setting(22, "Quality of webm (VP9): lower is better and larger.", low=4, high=63)
    encode_threads: int = setting(2, "Threads of the video encoder.", low=1, high=16)
    audio_kbps: int = setting(
        160, "Bit rate of sound that has to be encoded again.", low=32, high=320, unit="kilobits a second"
    )
    gif_dither: float = setting(
        4.0,
        "Strength of the fixed dot pattern that hides colour steps in gif, in levels of 255; 0 is none.",
        low=0.0,
        high=32.0,
        unit="levels",
    )

    def __post_init__(self) -> None:
        check(self, "writer")
