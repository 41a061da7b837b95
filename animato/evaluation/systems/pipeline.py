"""Systems that render through the pipeline of `animato animate`, with the same head, driver and framing.

Only this module of the evaluation depends on `drivers` and `pipeline`.
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
from animato.evaluation.systems.base import RenderRequest
from animato.evaluation.systems.silhouette import SilhouetteRenderer
from animato.head.head import Head
from animato.motion.retarget import Target
from animato.pipeline.actor import Scene
from animato.pipeline.factory import single_actor_scene
from animato.pipeline.flow import frames_of
from animato.pipeline.framing import Framing
from animato.renderers.base import Layer, Paint, Renderer
from animato.runtime.stage_clock import StageClock
from animato.settings.animate import AnimateSettings
from animato.settings.consent import Consent
from animato.tracking.face_finder import FaceFinder
from animato.types import Frame

MEASURED = Consent(
    "other",
    statement="These clips are published under a licence, or recorded with consent, that permits research; rendered "
    "frames are compared with the clip, and no video is made of them.",
    scope="evaluation",
)
"""Ground on which clips of an evaluation are re-enacted; the user chooses the clips and answers for it."""


class PipelineSystem(ABC):
    """Renders whole clips as `animato animate` does, without the watermark, and returns the requested frames.

    Args:
        name: of the system.
        settings: of `animato animate`; `neutral` is replaced by the time of the photo when the driver shows it.
        finder: networks to use.
    """

    def __init__(self, name: str, settings: AnimateSettings, finder: FaceFinder) -> None:
        self.name = name
        self._settings, self._finder = settings, finder
        self._ready: tuple[int, Framing, Renderer] | None = None

    def prepare(self, photos: Sequence[Frame]) -> None:
        """Build the head from the photos, and its renderer.

        Raises:
            FaceError: none of the photos shows a usable face.
        """
        head = Head.from_photos(list(photos), consent=MEASURED, finder=self._finder)
        chosen = next(number for number, photo in enumerate(photos) if np.array_equal(photo, head.photo.image))
        self._ready = (chosen, *self._renderer(head))

    @abstractmethod
    def _renderer(self, head: Head) -> tuple[Framing, Renderer]:
        """Return the framing of the head and its renderer."""

    def render(self, request: RenderRequest) -> Iterator[Frame]:
        """Yield the full image of every requested frame.

        Raises:
            FaceError: the driver shows no face.
        """
        if self._ready is None:
            raise UsageError("`prepare` must be called before `render`")
        chosen, framing, renderer = self._ready
        yield from self._frames(request, chosen, framing, renderer)

    def silhouettes(self, request: RenderRequest) -> Iterator[Frame]:
        """Yield the silhouette of the head in every requested frame; nothing if the photo's parts are not known.

        Raises:
            FaceError: the driver shows no face.
        """
        if self._ready is None:
            raise UsageError("`prepare` must be called before `silhouettes`")
        chosen, framing, _ = self._ready
        if framing.view.parts is not None:
            base = None if framing.base is None else np.zeros_like(framing.base)
            yield from self._frames(request, chosen, replace(framing, base=base), SilhouetteRenderer(framing.view))

    def _frames(self, request: RenderRequest, chosen: int, framing: Framing, renderer: Renderer) -> Iterator[Frame]:
        settings = self._settings
        if request.photo_times is not None:
            settings = replace(settings, neutral=request.photo_times[chosen])
        driver = VideoDriver(Path(request.clip.file), settings, self._finder, opener=request.clip.open)
        scene = single_actor_scene(framing, driver, renderer, settings)
        indices = [round(time * float(scene.fps)) for time in request.times]
        with closing(frames_of(_rendering_only(scene, frozenset(indices)), StageClock())) as frames:
            yield from select_frames(frames, indices)

    @abstractmethod
    def trained_on(self, people: frozenset[str]) -> bool:
        """Return whether any of these people was in the training data."""

    @abstractmethod
    def about(self) -> Mapping[str, Any]:
        """Return a description for the report."""


class _RequestedFrames:
    """Renders the requested frames; the others, which nobody looks at, are black. Renderers keep no state."""

    def __init__(self, renderer: Renderer, side: int, indices: frozenset[int]) -> None:
        self.name = renderer.name
        self._renderer, self._side, self._indices = renderer, side, indices
        self._index = -1

    def warp(self, target: Target, clock: StageClock) -> Paint:
        """See `Renderer`."""
        self._index += 1
        if self._index in self._indices:
            return self._renderer.warp(target, clock)
        return lambda _: Layer(np.zeros((self._side, self._side, 3), np.uint8))


def _rendering_only(scene: Scene, indices: frozenset[int]) -> Scene:
    """Return the scene of one actor, rendering only some of its frames."""
    (actor,) = scene.actors
    return replace(scene, actors=(replace(actor, renderer=_RequestedFrames(actor.renderer, actor.view.size, indices)),))


def select_frames(frames: Iterable[Frame], indices: Sequence[int]) -> Iterator[Frame]:
    """Yield the frames at the given indices and stop reading after the last one.

    Args:
        frames: all frames, from index 0.
        indices: ascending; a repeated index yields its frame repeatedly.
    """
    remaining = list(indices)
    for index, frame in enumerate(frames):
        while remaining and remaining[0] == index:
            remaining.pop(0)
            yield frame
        if not remaining:
            return
