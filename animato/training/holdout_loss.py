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
from animato.training.photos import concatenate_photos, probe_expressions, select_photos

MAX_PROBED_PHOTOS = 4
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

    def __init__(self, held_out: ClipFrames, training: ClipFrames, drawing: str, device: torch.device) -> None:
        count = len(held_out.images)
        self._batch = stack([make_episode(select_photos(held_out, [i]), drawing) for i in range(count)]).to(device)
        probe_photos = select_photos(training, range(min(MAX_PROBED_PHOTOS, len(training.images))))
        expressions = [probe_expressions(points) for points in probe_photos.points]
        variants = [probe_photos]
        for side in (0, 1):
            moved_points = np.stack([expression[side] for expression in expressions])
            variants.append(ClipFrames(probe_photos.images, moved_points, probe_photos.blendshapes))
        probe_drawings = concatenate_photos(variants)
        batch = stack(
            [make_episode(select_photos(probe_drawings, [i]), drawing) for i in range(len(probe_drawings.images))]
        ).to(device)
        self._probes, self._regions = batch.drawing_BCHW, batch.regions_BCHW[:, 1:2]

    @torch.no_grad()
    def score(self, person_generator: Callable[[Tensor], Tensor]) -> HoldoutScore:
        """Score a generator, a function from landmark drawings, B 3 S S, to images, B 3 S S."""
        batch = self._batch
        generated = person_generator(batch.drawing_BCHW).float()
        face = masked_distance(generated, batch.target_BCHW, batch.regions_BCHW[:, :1])
        parts = masked_distance(generated, batch.target_BCHW, batch.regions_BCHW[:, 1:2])
        neutral, opened, closed = person_generator(self._probes).float().chunk(3)
        region_neutral, region_open, region_closed = self._regions.chunk(3)
        responses = [
            masked_distance(opened, neutral, torch.maximum(region_neutral, region_open)).mean(),
            masked_distance(closed, neutral, torch.maximum(region_neutral, region_closed)).mean(),
        ]
        return HoldoutScore(float((face + parts).mean()), float(torch.stack(responses).mean()))
