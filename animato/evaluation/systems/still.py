"""Baseline: the last photo, repeated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from animato.errors import UsageError
from animato.evaluation.systems.base import Drive
from animato.types import Frame


class Still:
    """Returns the last photo for every frame; a lower bound for systems that animate."""

    name = "still"

    def __init__(self) -> None:
        self._photo: Frame | None = None

    def prepare(self, photos: Sequence[Frame]) -> None:
        """Keep the last photo."""
        self._photo = photos[-1]

    def render(self, drive: Drive) -> Iterator[Frame]:
        """Yield the photo for every requested frame."""
        if self._photo is None:
            raise UsageError("a system is prepared before it renders")
        for _ in drive.wanted:
            yield self._photo.copy()

    def trained_on(self, _people: frozenset[str]) -> bool:
        """Return False: there is no training."""
        return False

    def about(self) -> Mapping[str, Any]:
        """Return a description."""
        return {"what": "the last source photo, repeated"}
