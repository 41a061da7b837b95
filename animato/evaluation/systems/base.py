"""Protocol of a system under test."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from animato.evaluation.footage import Footage
from animato.types import Frame


@dataclass(frozen=True)
class RenderRequest:
    """The driving clip and the frames to render.

    Attributes:
        clip: the driver.
        frames: frame numbers to return, ascending.
        times: presentation times of these frames, seconds of the clip.
        photo_times: for each photo, the time in the clip, in seconds, at which driver and source show the same pose and
            expression: the photo itself for self-reenactment, the same moment for twins. None for other clips: the
            driver's neutral frame is searched.
    """

    clip: Footage
    frames: tuple[int, ...]
    times: tuple[float, ...]
    photo_times: tuple[float, ...] | None


@runtime_checkable
class DrawsSilhouettes(Protocol):
    """A system that also draws where its heads are."""

    def silhouettes(self, request: RenderRequest) -> Iterator[Frame]:
        """Yield one full image per requested frame, in order: the head white, everything else black."""
        ...


class System(Protocol):
    """A system under test. `prepare` is called once per sample, then `render` once."""

    name: str

    def prepare(self, photos: Sequence[Frame]) -> None:
        """Set the source person.

        Args:
            photos: at least one, all of one person and one clip; H x W x 3 uint8 RGB.
        """
        ...

    def render(self, request: RenderRequest) -> Iterator[Frame]:
        """Yield one full image per requested frame, in order: h x w x 3 uint8 RGB, at least the size of the photos."""
        ...

    def trained_on(self, people: frozenset[str]) -> bool:
        """Return whether any of these people was in the training data."""
        ...

    def about(self) -> Mapping[str, Any]:
        """Return a description for the report: settings and hashes of the weights."""
        ...
