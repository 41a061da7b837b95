"""Protocols of streams and of what opens them, so that `Head.animate` imports nothing above it."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self

from animato.settings.animate import AnimateSettings
from animato.types import Frame

if TYPE_CHECKING:
    from animato.head.head import Head


class FrameStream(Protocol):
    """Frames of an animation, one at a time; a context manager, whose end frees everything.

    Attributes:
        fps: frames a second.
        width: pixels.
        height: pixels.
    """

    fps: Fraction
    width: int
    height: int

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences about photos, driver and movement; complete once the frames are over."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *problem: object) -> None: ...

    def __iter__(self) -> Iterator[Frame]: ...

    def close(self) -> None:
        """End the stream."""
        ...


class Streams(Protocol):
    """Makes streams: an `Animator`."""

    def stream(
        self, head: Head, driver: Path | str, settings: AnimateSettings | None = None, **options: Any
    ) -> FrameStream:
        """Open a stream of a head moved by a driver."""
        ...
