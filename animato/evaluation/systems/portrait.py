"""The main job as a system under test, by each of its renderers, driven by landmarks already known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from animato.errors import UsageError
from animato.evaluation.systems.base import Crop, Drive, Photo, Subject, find_neutral, movement
from animato.evaluation.systems.still import Still
from animato.head.head import Head
from animato.motion.motion_frame import factor, neutral_of
from animato.motion.retarget import Retargeter
from animato.motion.smooth import smooth_file
from animato.pipeline.compositor import Compositor
from animato.pipeline.factory import make_renderer, parameters_of
from animato.pipeline.framing import Framing, source_view
from animato.renderers.base import Renderer
from animato.renderers.portrait.networks import PersonParameters, portrait_networks
from animato.runtime.engine import Engine
from animato.runtime.stage_clock import StageClock
from animato.settings.animate import AnimateSettings
from animato.settings.base import as_json
from animato.settings.evaluation import EvaluateSettings
from animato.tracking.face_finder import FaceFinder
from animato.types import Frame


class MainJob:
    """Renders as `animato animate` does with its default settings, without the invisible mark.

    Only the wanted frames are rendered, but the whole movement is smoothed. When the photos come from the driving
    clip, its neutral frame is the photo itself; otherwise it is searched for as in the main job.

    Args:
        name: "geometry", "portrait" or "portrait-adapted" (adapted to the photos before it renders).
        settings: of the main job; the model follows from the name.
        threads: CPU threads of the networks.
        finder: existing networks to use, or None.
        weights: file of the portrait networks, or None for the shipped one.
    """

    def __init__(
        self,
        name: str,
        settings: AnimateSettings | None = None,
        threads: int = 2,
        finder: FaceFinder | None = None,
        weights: Path | None = None,
    ) -> None:
        self.name = name
        model: Literal["geometry", "portrait"] = "geometry" if name == "geometry" else "portrait"
        self._settings = replace(settings or AnimateSettings(threads=threads), model=model)
        self._finder = finder or FaceFinder(Engine(threads))
        self._networks = portrait_networks(self._finder.engine, weights) if model == "portrait" else None
        self._framing: Framing | None = None
        self._renderer: Renderer | None = None
        self._chosen: Photo | None = None
        self._crop: Crop | None = None
        self._adaptations: list[Mapping[str, Any]] = []

    def prepare(self, photos: Sequence[Photo], crop: Crop) -> None:
        """Choose the photo to animate, cut the square out of it, adapt where the system does.

        Raises:
            FaceError: none of the photos shows a usable face.
        """
        person = Head.from_photos([photo.image for photo in photos], finder=self._finder)
        self._chosen = next(photo for photo in photos if np.array_equal(photo.image, person.photo.image))
        numbers = self._adapted(person) if self.name == "portrait-adapted" else None
        self._framing, self._renderer = make_renderer(
            person, self._settings, self._finder.engine, self._networks, numbers
        )
        height, width = self._chosen.image.shape[:2]
        # The main job enlarges small photos; the judged square grows with them.
        self._compositor = Compositor(self._framing.base, [self._framing.placement])
        across = self._compositor.width / (width // 2 * 2)
        down = self._compositor.height / (height // 2 * 2)
        left, top, side = crop.square
        self._crop = Crop((left * across, top * down, side * across), crop.size)

    def _adapted(self, person: Head) -> PersonParameters:
        from animato.settings.portrait import PortraitAdaptSettings
        from animato.training.portrait.adapt import adapt_portrait

        assert self._networks is not None
        photos = [source_view(photo) for photo in person.photos]
        made = adapt_portrait(photos, self._networks.weights, PortraitAdaptSettings(threads=self._settings.threads))
        self._adaptations.append(made.report)
        return parameters_of(made.networks)

    def render(self, drive: Drive) -> Iterator[Frame]:
        """Yield the judged square of every wanted frame.

        Raises:
            FaceError: the photo cannot be rendered.
        """
        framing, renderer, crop, chosen = self._framing, self._renderer, self._crop, self._chosen
        if framing is None or renderer is None or crop is None or chosen is None:
            raise UsageError("a system is prepared before it renders")
        neutral = factor(chosen.face, 0.0) if drive.same_clip else find_neutral(drive)
        retargeter = Retargeter(
            framing.view.points, neutral_of(neutral), self._settings, framing.view.blendshapes, framing.view.edges
        )
        clock = StageClock()
        moments = smooth_file(movement(drive, neutral), self._settings.smooth)
        wanted = set(drive.wanted)
        for index, moment in enumerate(moments):
            if index in wanted:
                layer = renderer.warp(retargeter(moment), clock)(clock)
                yield crop.cut(self._compositor.compose([layer]))

    def trained_on(self, people: frozenset[str]) -> bool:
        """Return whether the networks saw any of these people in training; geometry learnt nothing."""
        return self._networks is not None and bool(people & self._networks.weights.people)

    def about(self) -> Mapping[str, Any]:
        """Say with which settings it renders, and with which weights."""
        if self._networks is None:
            return {"what": "the main job without learning, unmarked", "settings": as_json(self._settings)}
        networks = self._networks.weights.header["networks"]
        return {
            "what": "the main job, unmarked" + (", adapted to the photos" if self.name == "portrait-adapted" else ""),
            "settings": as_json(self._settings),
            "weights": self._networks.weights.where,
            "steps": {name: entry["recipe"].get("steps") for name, entry in networks.items()},
            "adaptations": self._adaptations,
        }


def build_subjects(settings: EvaluateSettings) -> list[Subject]:
    """Return the systems that an evaluation asks for, in its order.

    Raises:
        MissingPartError: the weights of a system are not given or not there.
    """
    subjects: list[Subject] = []
    for name in settings.system_list:
        if name == "still":
            subjects.append(Still())
        elif name in ("geometry", "portrait", "portrait-adapted"):
            weights = Path(settings.portrait) if settings.portrait else None
            subjects.append(MainJob(name, threads=settings.threads, weights=weights))
        else:
            from animato.evaluation.systems.paper import build_paper

            subjects.append(build_paper(name, settings))
    return subjects
