"""The 2019 system under test, with a network small enough to run in no time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from animato.errors import FileFormatError, MissingPartError
from animato.evaluation.systems.base import Crop, Drive, Photo
from animato.geometry.crop import crop_from_frame, head_square
from animato.settings.adapt import AdaptSettings
from animato.settings.evaluation import EvaluateSettings
from animato.settings.training import TrainSettings
from animato.types import Frame

from .conftest import drawn_points, face_of, noise

torch = pytest.importorskip("torch")
from animato.evaluation.systems.paper import Paper, build_paper, targets  # noqa: E402
from animato.models.paper.config import PaperConfig  # noqa: E402
from animato.models.paper.discriminator import Discriminator  # noqa: E402
from animato.models.paper.embedder import Embedder  # noqa: E402
from animato.models.paper.generator import Generator  # noqa: E402
from animato.training.model import PaperModel  # noqa: E402

PHOTO = Photo(noise(0, 320), face_of(drawn_points(6.0, 160, 160)))
MOVED = tuple(face_of(drawn_points(6.0, 160 + 3 * step, 160)) for step in range(4))


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


def pictures(system: Paper, drive: Drive, crop: Crop) -> Iterator[Frame]:
    system.prepare([PHOTO], crop)
    return system.render(drive)


@pytest.mark.parametrize("variant", ["paper-ff", "paper-ft"])
def test_it_draws_the_head_and_leaves_the_photo_around_it(model: PaperModel, variant: str) -> None:
    crop = Crop.around(PHOTO.face.points, 256, 320, 320)
    system = Paper(model, variant, AdaptSettings(iterations=1, threads=1))  # type: ignore[arg-type]
    made = list(pictures(system, Drive(MOVED, (1, 3), True, 25.0, 0), crop))
    assert [picture.shape for picture in made] == [(256, 256, 3)] * 2
    left, top, side = head_square(PHOTO.face.points, model.config.margin)
    corners = np.array([[left, top], [left + side, top + side]])
    inside = corners @ crop_from_frame(crop.square, 256)[:, :2].T + crop_from_frame(crop.square, 256)[:, 2]
    reach = np.ceil((inside[1, 0] - inside[0, 0]) / model.config.size)  # one pixel of the network, where the edge fades
    first, last = (inside[0] - reach).astype(int), (inside[1] + reach).astype(int) + 1
    around = np.ones((256, 256), bool)
    around[max(first[1], 0) : last[1], max(first[0], 0) : last[0]] = False
    assert around.sum() > 1000
    np.testing.assert_array_equal(made[0][around], crop.cut(PHOTO.image)[around])
    assert (made[0][100:150, 100:150] != crop.cut(PHOTO.image)[100:150, 100:150]).any()


def test_the_own_clips_landmarks_are_drawn_as_they_are() -> None:
    drawn = list(targets(PHOTO, Drive(MOVED, (1, 3), True, 25.0, 0)))
    np.testing.assert_array_equal(drawn[0], MOVED[1].points)
    np.testing.assert_array_equal(drawn[1], MOVED[3].points)


def test_another_persons_size_and_place_do_not_reach_the_drawing() -> None:
    others = tuple(face_of(drawn_points(14.0, 500 + 7 * step, 300)) for step in range(4))
    drawn = next(iter(targets(PHOTO, Drive(others, (0,), False, 25.0, 0))))
    assert np.abs(drawn[:468, :2].mean(axis=0) - PHOTO.face.points[:468, :2].mean(axis=0)).max() < 3
    assert np.ptp(drawn[:468, 0]) == pytest.approx(np.ptp(PHOTO.face.points[:468, 0]), rel=0.05)


def test_it_knows_whom_it_was_trained_on(model: PaperModel) -> None:
    system = Paper(model, "paper-ff", AdaptSettings())
    assert system.trained_on(frozenset({"eve", "bob"})) and not system.trained_on(frozenset({"eve"}))
    with pytest.raises(FileFormatError, match="whom it was trained on"):
        Paper(small_model(), "paper-ff", AdaptSettings())


def test_without_a_model_it_says_what_to_give() -> None:
    with pytest.raises(MissingPartError, match="needs a trained model") as caught:
        build_paper("paper-ff", EvaluateSettings(systems="paper-ff"))
    assert "`model`" in str(caught.value)
