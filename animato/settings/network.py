"""Settings of motion streams: to and from another animato, and to games and avatar programs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from animato.settings.base import check, setting


@dataclass(frozen=True, kw_only=True)
class NetworkSettings:
    """Where motion goes, and where it comes from."""

    send: str | None = setting(
        None,
        "Send the motion, not the picture, to HOST:PORT, where another animato receives it. About 10 kilobits per "
        "second at 25 frames per second; needs `key`.",
        group="Network",
    )
    receive: str | None = setting(
        None,
        "Follow motion that arrives at PORT of this computer, or at HOST:PORT, instead of a camera; 0.0.0.0:PORT also "
        "receives from other computers. Needs `key`.",
        group="Network",
    )
    key: Path | None = setting(
        None,
        "File with the secret of sender and receiver, made by: animato keys new-stream-key. Motion is encrypted with "
        "it, and nobody else can move the head.",
        group="Network",
    )
    keyless: bool = setting(
        False,
        "Send or receive without a key: whoever reaches the port moves the head, and whoever is on the way can watch.",
        group="Network",
    )
    max_delay: float = setting(
        0.3,
        "Longest time that received motion waits for what is slower; later motion is left out.",
        low=0.0,
        high=2.0,
        unit="seconds",
        group="Network",
    )
    osc: str | None = setting(
        None,
        "Send expression scores, gaze and head pose to HOST:PORT, for games and avatar programs that understand the "
        "VMC protocol; they usually listen at port 39539.",
        group="Network",
    )

    def __post_init__(self) -> None:
        check(self, "network")
