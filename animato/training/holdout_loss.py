"""Validate an adaptation on held-out photos: reconstruction error and response to expression landmarks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from animato.data.clips import ClipFrames
from animato.training.episodes import make_episode, stack
from animato.training.losses import masked_distance
from animato.training.photos import joined, picked, probe_faces

PROBED = 4
"""Maximum number of photos used to probe expression."""


@dataclass(frozen=True)
class HoldoutScore:
    """One validation.

    Attributes:
        error: mean absolute difference on the held-out photos, inside the face plus inside mouth and eyes, in units of
            the range [-1, 1]; lower is better.
        expression: mean absolute change of mouth and eyes, same units, when the landmarks open the mouth or close the
            eyes; over-fitting reduces it.
    """

    error: float
    expression: float


class HoldoutValidator:
    """Holds the held-out photos and the expression probes as tensors."""

    def __init__(self, held_out: ClipFrames, learnt: ClipFrames, drawing: str, device: torch.device) -> None:
        count = len(held_out.images)
        self._batch = stack([make_episode(picked(held_out, [i]), drawing) for i in range(count)]).to(device)
        probed = picked(learnt, range(min(PROBED, len(learnt.images))))
        pairs = [probe_faces(points) for points in probed.points]
        drawn = [probed]
        for side in (0, 1):
            moved = np.stack([pair[side] for pair in pairs])
            drawn.append(ClipFrames(probed.images, moved, probed.blendshapes))
        everything = joined(drawn)
        batch = stack([make_episode(picked(everything, [i]), drawing) for i in range(len(everything.images))]).to(
            device
        )
        self._probes, self._regions = batch.drawing_BCHW, batch.regions_BCHW[:, 1:2]

    @torch.no_grad()
    def score(self, person_generator: Callable[[Tensor], Tensor]) -> HoldoutScore:
        """Score a generator, a function from landmark drawings, B 3 S S, to images, B 3 S S."""
        batch = self._batch
        drawn = person_generator(batch.drawing_BCHW).float()
        face = masked_distance(drawn, batch.target_BCHW, batch.regions_BCHW[:, :1])
        parts = masked_distance(drawn, batch.target_BCHW, batch.regions_BCHW[:, 1:2])
        still, opened, closed = person_generator(self._probes).float().chunk(3)
        region_still, region_open, region_closed = self._regions.chunk(3)
        answers = [
            masked_distance(opened, still, torch.maximum(region_still, region_open)).mean(),
            masked_distance(closed, still, torch.maximum(region_still, region_closed)).mean(),
        ]
        return HoldoutScore(float((face + parts).mean()), float(torch.stack(answers).mean()))
