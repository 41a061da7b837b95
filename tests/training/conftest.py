"""Drawn people and very small networks for the tests of training."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from drawn_cases import CASES, drawn_clips
from drawn_people import drawn_store
from smallest_recipe import SMALLEST

from animato.data.clips import MemoryClips
from animato.settings.training import TrainSettings, recipe_settings
from animato.training.portrait import system
from animato.training.portrait.samples import make_samples


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session", autouse=True)
def _few_range_batches() -> Iterator[None]:
    """A finished network's ranges are measured over 2 batches instead of 32: most of the time of a run of 6 steps."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(system, "RANGE_BATCHES", 2)
        yield


@pytest.fixture(scope="session")
def people() -> MemoryClips:
    """Four drawn people to train on and two held out, six frames each, 32 px."""
    return drawn_store(size=32)


@pytest.fixture
def smallest() -> TrainSettings:
    """Settings of the smallest networks that still have every part."""
    return recipe_settings("tiny", SMALLEST)


@pytest.fixture(scope="session")
def drawn_cases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the portrait renderer's cases of six drawn people; nobody may change it."""
    folder = tmp_path_factory.mktemp("cases")
    make_samples(drawn_clips(), folder, CASES)
    return folder
