"""What the evaluation asks of a system under test."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from animato.evaluation.footage import Footage
from animato.types import Frame


@dataclass(frozen=True)
class Drive:
    """What moves the source.

    Attributes:
        clip: the driver.
        wanted: numbers of its frames to return, ascending.
        times: the seconds of the clip at which they are shown.
        photo_times: for each photo, the seconds of the clip at which the driver moves as the source did in it: of the
            photo itself where the clip drives itself, of the same moment where a twin drives. None for another
            movement: the driver's neutral frame is searched for.
    """

    clip: Footage
    wanted: tuple[int, ...]
    times: tuple[float, ...]
    photo_times: tuple[float, ...] | None


class System(Protocol):
    """A system under test. `prepare` is called once for a sample, then `render` once."""

    name: str

    def prepare(self, photos: Sequence[Frame]) -> None:
        """Take the source person.

        Args:
            photos: at least one, all of one person and one clip; H x W x 3 uint8 RGB.
        """
        ...

    def render(self, drive: Drive) -> Iterator[Frame]:
        """Yield one whole picture for each wanted frame, in order: h x w x 3 uint8 RGB, the photos' or larger."""
        ...

    def trained_on(self, people: frozenset[str]) -> bool:
        """Return whether any of these people was in the training data."""
        ...

    def about(self) -> Mapping[str, Any]:
        """Return what the report says of the system: settings and hashes of its weights."""
        ...
