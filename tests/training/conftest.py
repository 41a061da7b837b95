"""Drawn people and very small networks for the tests of training."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from drawn_people import drawn_store

from animato.data.clips import MemoryClips
from animato.settings.training import TrainSettings, recipe_settings

SMALLEST = {
    "size": 32,
    "channels": 4,
    "max_channels": 16,
    "embed": 16,
    "down_blocks": 2,
    "residual_blocks": 1,
    "content": "none",
    "batch": 4,
    "episodes": 24,
    "log_episodes": 8,
    "validate_episodes": 0,
    "save_minutes": 60.0,
    "device": "cpu",
    "threads": 1,
    "augment": True,
    "warmup": 8,
    "cooldown": 0.5,
}


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
