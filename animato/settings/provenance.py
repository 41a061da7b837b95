"""Settings of the invisible watermark, the content credentials and `animato verify`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from animato.settings.base import check, setting


@dataclass(frozen=True, kw_only=True)
class MarkSettings:
    """Strength of the invisible watermark."""

    strength: float = setting(
        1.2,
        "Strength of the invisible watermark on ordinary texture, as the root mean square of its luma change. "
        "1.2 gives about 44 dB PSNR; higher values are more robust and more visible.",
        low=0.8,
        high=3.0,
        unit="levels",
    )

    def __post_init__(self) -> None:
        check(self, "mark")


@dataclass(frozen=True, kw_only=True)
class SigningSettings:
    """Certificate, key and time-stamp authority for signing the content credentials."""

    sign_cert: Path | None = setting(
        None,
        "PEM file with your certificate, followed by its chain. Default: a key generated on this computer.",
        group="Signing",
    )
    sign_key: Path | None = setting(
        None, "PEM file with the private key of `sign_cert` (EC P-256, unencrypted).", group="Signing"
    )
    tsa: str | None = setting(
        None,
        "URL of a time-stamp authority; off unless given, and the only part of signing that uses a network. "
        "Without a time-stamp, the signature stops validating when the certificate expires.",
        group="Signing",
    )

    keep_credentials: bool = setting(
        False,
        "Copy the content credentials and identifiers that inputs bring along into the output's. They may name authors "
        "and places and contain thumbnails, so by default only hash and validity of each input are recorded.",
        group="Signing",
    )

    def __post_init__(self) -> None:
        check(self, "signing")


@dataclass(frozen=True, kw_only=True)
class VerifySettings:
    """Limits of `animato verify`."""

    max_frames: int = setting(
        125, "Maximum number of video frames to check, spread evenly over the video.", low=1, high=250, unit="frames"
    )

    max_boxes: int = setting(
        20_000,
        "Maximum number of boxes of an mp4 or mov file; the C2PA library needs time in proportion to their square.",
        low=100,
        high=1_000_000,
        unit="boxes",
    )

    def __post_init__(self) -> None:
        check(self, "verify")
