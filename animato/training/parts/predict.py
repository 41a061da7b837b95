"""Apply a parts network to the cases of a split, and score it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from animato.models.parts.networks import PartsNetwork
from animato.settings.parts import PartsTrainSettings
from animato.training.parts.batches import PartsBatches
from animato.training.parts.cases import PartsCases
from animato.training.parts.validate import PartsScores, Predict, score_parts
from animato.types import Frame


def predictor(network: PartsNetwork) -> Predict:
    """Return the network as a function from a picture to probabilities and depth."""

    @torch.no_grad()
    def predict(picture: Frame) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        picture_13SS = torch.from_numpy(picture.transpose(2, 0, 1)[None].astype(np.float32) / 127.5 - 1)
        logits, depth = network(picture_13SS.to(next(network.parameters()).device))
        return torch.softmax(logits, 1)[0].cpu().numpy(), depth[0].cpu().numpy()

    return predict


def validate(network: PartsNetwork, cases: PartsCases, split: str) -> PartsScores:
    """Return the scores of a network on a split."""
    return score_parts(predictor(network), plain_cases(cases, split, network.config.side))


def plain_cases(
    cases: PartsCases, split: str, side: int
) -> Iterator[tuple[Frame, NDArray[np.uint8], NDArray[np.float32]]]:
    """Yield picture, labels and depth of a split's cases as the network sees them, without augmentation."""
    batches = PartsBatches(cases, side, PartsTrainSettings())
    for number in cases.numbers(split):
        batch = batches.plain(np.array([number]))
        picture = ((batch.picture_B3SS[0].numpy().transpose(1, 2, 0) + 1) * 127.5).round().astype(np.uint8)
        yield picture, batch.labels_BSS[0].numpy().astype(np.uint8), batch.depth_BSS[0].numpy()
