"""Drawn people and very small networks for the tests of training."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from drawn_people import drawn_store
from smallest_recipe import SMALLEST

from animato.data.clips import MemoryClips
from animato.settings.training import TrainSettings, recipe_settings


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def people() -> MemoryClips:
    """Four drawn people to train on and two held out, six frames each, 32 px."""
    return drawn_store(size=32)


@pytest.fixture
def smallest() -> TrainSettings:
    """Settings of the smallest networks that still have every part."""
    return recipe_settings("tiny", SMALLEST)
