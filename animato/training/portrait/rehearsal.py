"""Rehearsal samples: expressions that no photo of the person shows, for which adaptation should not change a network.

If no photo shows lowered eyelids, validation cannot detect that the painter forgets them. Therefore the networks'
outputs for such expressions before adaptation are added to the training samples (Li, Hoiem 2016, "Learning without
Forgetting").
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from animato.appearance.channels import CHANNELS
from animato.geometry.apertures import face_apertures
from animato.motion.bundled import bundled
from animato.motion.motion_file import load_motion
from animato.motion.retarget import Retargeter, Target
from animato.settings.motion import MotionSettings
from animato.training.portrait.batches import BatchSampler, PatchBatch
from animato.training.portrait.samples import SampleSet
from animato.training.portrait.sources import CaseSource
from animato.types import Points

MAX_EXPRESSIONS = 12
"""Rehearsal samples per network: with 72 pairs of photos, about a quarter of the samples."""

LOWERED_RATIO, OPENED_RATIO = 0.85, 1.15
"""Expressions count as unseen when the eyelids are below this ratio of the lowest, or the mouth above this ratio of the
widest, in any photo."""

FRAME_STEP = 3
"""Frame stride over the bundled motions."""


def unseen_expressions(face: Points, faces: Sequence[Points]) -> dict[str, list[Target]]:
    """Return expressions of the bundled motions, retargeted to one face, that no photo shows.

    Args:
        face: 478 x 3, pixels of its crop: the target face.
        faces: of all photos, likewise.

    Returns:
        By network: "eye" with smaller eye openings, "mouth" with larger mouth openings than any photo; at most
        `MAX_EXPRESSIONS` each, evenly spaced from the nearest to the most extreme.
    """
    shown = np.array([_apertures(points) for points in faces])
    lids, mouth = float(shown[:, 0].min()), float(shown[:, 1].max())
    unseen: dict[str, list[tuple[float, Target]]] = {"eye": [], "mouth": []}
    for path in bundled().values():
        clip = load_motion(path, CHANNELS)
        retarget = Retargeter(face, clip.neutral, MotionSettings())
        for frame in clip.frames[::FRAME_STEP]:
            target = retarget(frame)
            low, wide = _apertures(target.points)
            if low < LOWERED_RATIO * lids:
                unseen["eye"].append((low, target))
            if wide > OPENED_RATIO * mouth:
                unseen["mouth"].append((wide, target))
    return {
        name: _evenly_spaced(sorted(expressions, key=lambda moment: moment[0])) for name, expressions in unseen.items()
    }


def _apertures(points: Points) -> tuple[float, float]:
    """Return the apertures of the eyes (mean of both) and of the mouth."""
    left, right, mouth = face_apertures(points)
    return float(left + right) / 2, float(mouth)


def _evenly_spaced(expressions: list[tuple[float, Target]]) -> list[Target]:
    indices = np.unique(
        np.linspace(0, len(expressions) - 1, min(MAX_EXPRESSIONS, len(expressions))).round().astype(int)
    )
    return [expressions[index][1] for index in indices]


@torch.no_grad()
def replace_rehearsal_truth(
    samples: SampleSet, numbers: NDArray[np.int64], name: str, paint: Callable[[PatchBatch], torch.Tensor]
) -> SampleSet:
    """Replace the truth of rehearsal samples by the output of a network.

    Args:
        samples: of one network, in memory.
        numbers: N int64, indices of the rehearsal samples.
        name: of the network.
        paint: function from a batch to output images, B x 3 x S x S in [-1, 1].
    """
    if not len(numbers):
        return samples
    pictures = np.array(samples.pictures)
    batches = BatchSampler(CaseSource(samples, "train", name), 1, 0, augment=False)
    for number in numbers:
        output = (paint(batches.plain([int(number)]))[0].clamp(-1, 1) + 1) * 127.5
        pictures[number, ..., :3] = output.permute(1, 2, 0).round().byte().numpy()
    return replace(samples, pictures=pictures)
