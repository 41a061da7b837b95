"""Protocols of frame streams and their factory, so that `Head.animate` imports nothing from higher layers."""

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
    """Iterator over the frames of an animation; a context manager that frees its resources on exit.

    Attributes:
        fps: frames per second.
        width: pixels.
        height: pixels.
    """

    fps: Fraction
    width: int
    height: int

    @property
    def warnings(self) -> tuple[str, ...]:
        """Warnings about photos, driver and motion; complete after the last frame."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *problem: object) -> None: ...

    def __iter__(self) -> Iterator[Frame]: ...

    def close(self) -> None:
        """Close the stream."""
        ...


class Streams(Protocol):
    """Factory of streams; implemented by `Animator`."""

    def stream(
        self, head: Head, driver: Path | str, settings: AnimateSettings | None = None, **options: Any
    ) -> FrameStream:
        """Open a stream of a head animated by a driver."""
        ...
