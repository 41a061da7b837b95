"""What counts in the portrait renderer's losses."""

from __future__ import annotations

import torch

from animato.settings.portrait import PortraitTrainSettings
from animato.training.portrait.objective import RIM, importance

SETTINGS = PortraitTrainSettings(inside=4.0, around=1.5)


def _drawing() -> torch.Tensor:
    drawing = torch.zeros(1, 3, 48, 48)
    drawing[:, 0, 20:28, 18:30] = 1
    return drawing


def test_an_opening_counts_most_its_rim_more_than_skin() -> None:
    weight = importance(_drawing(), SETTINGS)[0, 0]
    assert weight[24, 24] == 1 + 4 + 1.5
    assert weight[20 - RIM // 2, 24] == 1 + 1.5
    assert weight[20 - RIM // 2 - 1, 24] == 1
    assert weight[0, 0] == 1


def test_closed_lips_count_although_nothing_is_open() -> None:
    drawing = torch.zeros(1, 3, 48, 48)
    drawing[:, 1, 22:26, 10:38] = 1
    weight = importance(drawing, SETTINGS)[0, 0]
    assert weight[24, 24] == 1 + 1.5 and weight[10, 24] == 1
