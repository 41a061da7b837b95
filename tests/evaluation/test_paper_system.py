"""The 2019 system under test, with a network small enough to run in no time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from animato.errors import FileFormatError, MissingPartError
from animato.evaluation.systems.base import RenderRequest
from animato.geometry.crop import head_square
from animato.head.head import Head
from animato.pipeline.compositor import Compositor
from animato.pipeline.framing import frame_head
from animato.renderers.base import Layer
from animato.settings.adapt import AdaptSettings
from animato.settings.animate import AnimateSettings
from animato.settings.evaluation import EvaluateSettings
from animato.settings.training import TrainSettings
from animato.tracking.face_finder import FaceFinder

from .conftest import DrawnFootage

torch = pytest.importorskip("torch")
from animato.evaluation.systems.paper import Paper, adapting_of, build_paper  # noqa: E402
from animato.models.paper.config import PaperConfig  # noqa: E402
from animato.models.paper.discriminator import Discriminator  # noqa: E402
from animato.models.paper.embedder import Embedder  # noqa: E402
from animato.models.paper.generator import Generator  # noqa: E402
from animato.training.model import PaperModel  # noqa: E402


def small_model(**recipe: object) -> PaperModel:
    torch.manual_seed(0)
    torch.set_num_threads(1)
    config = PaperConfig(size=32, channels=4, max_channels=8, embed=8, down_blocks=2, residual_blocks=1, margin=1.6)
    settings = TrainSettings(size=32, channels=4, max_channels=8, embed=8, down_blocks=2, content="none")
    parts = Embedder(config).eval(), Generator(config).eval(), Discriminator(config).eval()
    return PaperModel("0" * 64, config, settings, 100, dict(recipe), *parts)


@pytest.fixture(scope="module")
def model() -> PaperModel:
    return small_model(people=["ann", "bob"])


@pytest.mark.parametrize("variant", ["paper-ff", "paper-ft"])
def test_it_draws_the_head_and_leaves_the_photo_around_it(
    model: PaperModel, variant: str, sliding: DrawnFootage, finder: FaceFinder
) -> None:
    clip = replace(sliding, count=5)
    adapting = AdaptSettings(iterations=1, threads=1)
    system = Paper(model, variant, adapting, finder=finder)  # type: ignore[arg-type]
    system.prepare([clip.picture(0)])
    made = list(system.render(RenderRequest(clip, (1, 4), (0.04, 0.16), (0.0,))))
    assert [picture.shape for picture in made] == [(512, 512, 3)] * 2, "as large as the main job makes it"
    person = Head.from_photos([clip.picture(0)], finder=finder)
    framing = frame_head(person.photo, AnimateSettings(), model.config.margin)
    untouched = Compositor(framing.base, [framing.placement]).compose([Layer(framing.view.image)])
    side = head_square(framing.view.points, model.config.margin)[2]
    changed = np.argwhere((made[0] != untouched).any(axis=2))
    assert len(changed) > 1000
    assert np.ptp(changed, axis=0).max() <= side + 2, "only the head's square"


def test_fine_tuning_has_the_settings_of_the_command() -> None:
    assert adapting_of(EvaluateSettings(threads=3, seed=5)) == AdaptSettings(threads=3, seed=5)
    assert adapting_of(EvaluateSettings(adapt_steps=7)).iterations == 7


def test_it_knows_whom_it_was_trained_on(model: PaperModel) -> None:
    system = Paper(model, "paper-ff", AdaptSettings())
    assert system.trained_on(frozenset({"eve", "bob"})) and not system.trained_on(frozenset({"eve"}))
    with pytest.raises(FileFormatError, match="the people it was trained on"):
        Paper(small_model(), "paper-ff", AdaptSettings())


def test_without_a_model_it_says_what_to_give() -> None:
    with pytest.raises(MissingPartError, match="needs a trained model") as caught:
        build_paper("paper-ff", EvaluateSettings(systems="paper-ff"))
    assert "`model`" in str(caught.value)
