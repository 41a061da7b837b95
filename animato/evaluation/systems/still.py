"""The baseline that does nothing: the last photo, repeated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from animato.errors import UsageError
from animato.evaluation.systems.base import Drive
from animato.types import Frame


class Still:
    """Shows the last photo for every frame. A system that does not beat it does not animate."""

    name = "still"

    def __init__(self) -> None:
        self._photo: Frame | None = None

    def prepare(self, photos: Sequence[Frame]) -> None:
        """Keep the last photo."""
        self._photo = photos[-1]

    def render(self, drive: Drive) -> Iterator[Frame]:
        """Yield it for every wanted frame."""
        if self._photo is None:
            raise UsageError("a system is prepared before it renders")
        for _ in drive.wanted:
            yield self._photo.copy()

    def trained_on(self, _people: frozenset[str]) -> bool:
        """Nothing was trained."""
        return False

    def about(self) -> Mapping[str, Any]:
        """Say what it is."""
        return {"what": "the last source photo, repeated"}
