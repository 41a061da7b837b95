"""The 2019 system as a system under test: feed-forward (FF) and fine-tuned on the photos (FT)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from animato.errors import FileFormatError, MissingPartError
from animato.evaluation.systems.pipeline import PipelineSystem
from animato.head.head import Head
from animato.pipeline.framing import Framing, frame_head
from animato.renderers.base import Renderer
from animato.renderers.paper import PaperRenderer
from animato.runtime.engine import Engine
from animato.settings.adapt import AdaptSettings
from animato.settings.animate import AnimateSettings
from animato.settings.base import as_json
from animato.settings.evaluation import EvaluateSettings
from animato.tracking.face_finder import FaceFinder

if TYPE_CHECKING:
    from animato.training.model import PaperModel

Variant = Literal["paper-ff", "paper-ft"]


class Paper(PipelineSystem):
    """A meta-learned model on new people, rendered as in `animato animate --model paper`.

    Args:
        model: result of meta-training.
        variant: "paper-ff" (psi = P e) or "paper-ft" (fine-tuned, `animato.training.adapt`).
        adapting: settings of the fine-tuning.
        settings: of `animato animate`.
        finder: existing networks to use, or None.

    Raises:
        FileFormatError: the model does not list the people it was trained on.
    """

    def __init__(
        self,
        model: PaperModel,
        variant: Variant,
        adapting: AdaptSettings,
        settings: AnimateSettings | None = None,
        finder: FaceFinder | None = None,
    ) -> None:
        # `model="paper"` would require a person file; the driver is read identically for both models.
        settings = replace(settings or AnimateSettings(), model="geometry")
        super().__init__(variant, settings, finder or FaceFinder(Engine(settings.threads)))
        if not isinstance(model.recipe.get("people"), list):
            raise FileFormatError(
                "the model does not list the people it was trained on, so they cannot be excluded",
                where="entry `people` of its recipe",
                hint="use a model trained with this version of `animato train`",
            )
        self._people = frozenset(model.recipe["people"])
        self._model, self._adapting = model, adapting

    def _renderer(self, head: Head) -> tuple[Framing, Renderer]:
        from animato.training.personalise import adapt_paper_person, embed_paper_person

        if self.name == "paper-ff":
            drawn = embed_paper_person(head, self._model)
        else:
            drawn = adapt_paper_person(head, self._model, self._adapting).person
        framing = frame_head(head.photo, self._settings, drawn.config.margin)
        return framing, PaperRenderer(drawn, framing.view, self._settings.threads)

    def trained_on(self, people: frozenset[str]) -> bool:
        """Return whether any of these people was in the meta-training data."""
        return bool(people & self._people)

    def about(self) -> Mapping[str, Any]:
        """Return the model and its training settings."""
        description = {
            "what": "the 2019 system, " + ("feed-forward" if self.name == "paper-ff" else "fine-tuned on the photos"),
            "model_sha256": self._model.sha256,
            "episodes": self._model.episodes,
            "size": self._model.config.size,
            "content_loss": self._model.recipe.get("content_network"),
        }
        return description if self.name == "paper-ff" else {**description, "adapt": as_json(self._adapting)}


def build_paper(
    name: str, settings: EvaluateSettings, animating: AnimateSettings | None = None, finder: FaceFinder | None = None
) -> Paper:
    """Create a paper system with the model given in the settings.

    Args:
        name: "paper-ff" or "paper-ft".
        settings: model, adapt_steps, threads and seed.
        animating: settings of `animato animate`.
        finder: existing networks to use, or None.

    Raises:
        MissingPartError: no model is given, or torch is not installed.
        InputError: the file is not a model.
    """
    if settings.model is None:
        raise MissingPartError(
            f"{name} needs a trained model",
            hint="set `model` to the run folder or model.safetensors of `animato train`",
        )
    try:
        from animato.training.model import load_model
    except ImportError as error:
        raise MissingPartError(
            f"{name} needs torch, which is not installed", where=str(error), hint="pip install 'animato[training]'"
        ) from error
    variant: Variant = "paper-ff" if name == "paper-ff" else "paper-ft"
    adapting = adapting_of(settings)
    return Paper(load_model(Path(settings.model)), variant, adapting, animating, finder)


def adapting_of(settings: EvaluateSettings) -> AdaptSettings:
    """Return the settings of `animato adapt` with the steps, threads and seed of the evaluation."""
    return AdaptSettings(iterations=settings.adapt_steps, threads=settings.threads, seed=settings.seed)
