"""`animato animate` as a system under test, with the renderers that need no user-supplied model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, Literal

from animato.evaluation.systems.base import System
from animato.evaluation.systems.pipeline import PipelineSystem
from animato.evaluation.systems.still import Still
from animato.head.head import Head
from animato.pipeline.factory import make_renderer, parameters_of
from animato.pipeline.framing import Framing
from animato.renderers.base import Renderer
from animato.renderers.portrait.networks import PersonParameters, portrait_networks
from animato.runtime.engine import Engine
from animato.settings.animate import AnimateSettings
from animato.settings.base import as_json
from animato.settings.evaluation import EvaluateSettings
from animato.settings.motion import MotionSettings
from animato.settings.portrait import PortraitAdaptSettings
from animato.tracking.face_finder import FaceFinder


class AnimateSystem(PipelineSystem):
    """`animato animate` with the portrait or the geometry renderer.

    Args:
        name: "geometry", "portrait" or "portrait-adapted" (adapted to the photos before it renders).
        settings: of `animato animate`; the model follows from the name.
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
        model: Literal["geometry", "portrait"] = "geometry" if name == "geometry" else "portrait"
        settings = replace(settings or AnimateSettings(threads=threads), model=model)
        super().__init__(name, settings, finder or FaceFinder(Engine(threads)))
        self._networks = portrait_networks(self._finder.engine, weights) if model == "portrait" else None
        self._adaptations: list[Mapping[str, Any]] = []

    def _renderer(self, head: Head) -> tuple[Framing, Renderer]:
        parameters = self._adapted(head) if self.name == "portrait-adapted" else None
        return make_renderer(head, self._settings, self._finder.engine, self._networks, parameters)

    def _adapted(self, head: Head) -> PersonParameters:
        from animato.training.personalise import adapt_portrait_person

        assert self._networks is not None
        settings = PortraitAdaptSettings(threads=self._settings.threads)
        adapted = adapt_portrait_person(head, self._networks.weights, settings)
        self._adaptations.append(adapted.report)
        return parameters_of(adapted.networks)

    def trained_on(self, people: frozenset[str]) -> bool:
        """Return whether any of these people was in the training data; the geometry renderer is not learned."""
        return self._networks is not None and bool(people & self._networks.weights.people)

    def about(self) -> Mapping[str, Any]:
        """Return the settings and the weights."""
        if self._networks is None:
            return {
                "what": "animato animate without learned networks, no watermark",
                "settings": as_json(self._settings),
            }
        networks = self._networks.weights.header["networks"]
        return {
            "what": "animato animate, no watermark"
            + (", adapted to the photos" if self.name == "portrait-adapted" else ""),
            "settings": as_json(self._settings),
            "weights": self._networks.weights.where,
            "steps": {name: entry["recipe"].get("steps") for name, entry in networks.items()},
            "adaptations": self._adaptations,
        }


def animate_settings(settings: EvaluateSettings) -> AnimateSettings:
    """Return the settings of `animato animate`: motion settings from the evaluation, defaults otherwise."""
    movement = {field.name: getattr(settings, field.name) for field in fields(MotionSettings)}
    return AnimateSettings(**movement, threads=settings.threads)


def build_systems(settings: EvaluateSettings) -> list[System]:
    """Create the systems listed in the settings, in order.

    Raises:
        MissingPartError: the weights of a system are missing.
    """
    systems: list[System] = []
    finder = FaceFinder(Engine(settings.threads))
    weights = Path(settings.portrait) if settings.portrait else None
    for name in settings.system_list:
        if name == "still":
            systems.append(Still())
        elif name in ("geometry", "portrait", "portrait-adapted"):
            systems.append(AnimateSystem(name, animate_settings(settings), settings.threads, finder, weights))
        else:
            from animato.evaluation.systems.paper import build_paper

            systems.append(build_paper(name, settings, animate_settings(settings), finder))
    return systems
