"""Baseline: the last photo, repeated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from animato.errors import UsageError
from animato.evaluation.systems.base import RenderRequest
from animato.types import Frame


class Still:
    """Returns the last photo for every frame; a lower bound for animation systems."""

    name = "still"

    def __init__(self) -> None:
        self._photo: Frame | None = None

    def prepare(self, photos: Sequence[Frame]) -> None:
        """Store the last photo."""
        self._photo = photos[-1]

    def render(self, request: RenderRequest) -> Iterator[Frame]:
        """Yield the photo for every requested frame."""
        if self._photo is None:
            raise UsageError("`prepare` must be called before `render`")
        for _ in request.frames:
            yield self._photo.copy()

    def trained_on(self, _people: frozenset[str]) -> bool:
        """Return False: there is no training."""
        return False

    def about(self) -> Mapping[str, Any]:
        """Return a description."""
        return {"what": "the last source photo, repeated"}
