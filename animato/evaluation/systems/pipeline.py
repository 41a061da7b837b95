"""Systems that render through the pipeline of the main job: the same person, driver, framing and frames.

This file is the only one of the evaluation that touches `head`, `drivers` and `pipeline`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from animato.drivers.video import VideoDriver
from animato.errors import UsageError
from animato.evaluation.systems.base import Drive
from animato.head.head import Head
from animato.pipeline.factory import one_actor
from animato.pipeline.flow import frames_of
from animato.pipeline.framing import Framing
from animato.renderers.base import Renderer
from animato.runtime.stage_clock import StageClock
from animato.settings.animate import AnimateSettings
from animato.tracking.face_finder import FaceFinder
from animato.types import Frame


class PipelineSystem(ABC):
    """Renders whole clips as `animato animate` does, without the invisible mark, and returns the wanted frames.

    Args:
        name: of the system.
        settings: of the main job. `neutral` is the moment of the animated photo where the driver shows it.
        finder: networks to use.
    """

    def __init__(self, name: str, settings: AnimateSettings, finder: FaceFinder) -> None:
        self.name = name
        self._settings, self._finder = settings, finder
        self._ready: tuple[int, Framing, Renderer] | None = None

    def prepare(self, photos: Sequence[Frame]) -> None:
        """Make the head of the photos and their renderer.

        Raises:
            FaceError: none of the photos shows a usable face.
        """
        head = Head.from_photos(list(photos), finder=self._finder)
        chosen = next(number for number, photo in enumerate(photos) if np.array_equal(photo, head.photo.image))
        self._ready = (chosen, *self._renderer(head))

    @abstractmethod
    def _renderer(self, head: Head) -> tuple[Framing, Renderer]:
        """Return what of the head is animated, and the renderer."""

    def render(self, drive: Drive) -> Iterator[Frame]:
        """Yield the whole frame of every wanted one.

        Raises:
            FaceError: the driver shows no face.
        """
        if self._ready is None:
            raise UsageError("a system is prepared before it renders")
        chosen, framing, renderer = self._ready
        settings = self._settings
        if drive.photo_times is not None:
            settings = replace(settings, neutral=drive.photo_times[chosen])
        driver = VideoDriver(Path(drive.clip.file), settings, self._finder, opener=drive.clip.open)
        scene = one_actor(framing, driver, renderer, settings)
        with closing(frames_of(scene, StageClock())) as frames:
            yield from picked(frames, [round(time * float(scene.fps)) for time in drive.times])

    @abstractmethod
    def trained_on(self, people: frozenset[str]) -> bool:
        """Return whether any of these people was in the training data."""

    @abstractmethod
    def about(self) -> Mapping[str, Any]:
        """Return what the report says of the system."""


def picked(frames: Iterable[Frame], numbers: Sequence[int]) -> Iterator[Frame]:
    """Yield the frames of some numbers, ascending; nothing is read beyond the last.

    Args:
        frames: from number 0 on.
        numbers: which, ascending; one that comes twice is yielded twice.
    """
    wanted = list(numbers)
    for number, frame in enumerate(frames):
        while wanted and wanted[0] == number:
            wanted.pop(0)
            yield frame
        if not wanted:
            return
