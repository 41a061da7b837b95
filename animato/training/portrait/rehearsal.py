"""Rehearsal cases: expressions that no photo of a person shows, for which adaptation should not change a network.

If no photo shows lowered eyelids, the validation cannot detect that the painter forgets them. Therefore the networks'
outputs for such expressions before adaptation are added to the training cases (Li, Hoiem 2016, "Learning without
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
from animato.training.portrait.batches import Batch, Batches
from animato.training.portrait.samples import CaseSet
from animato.types import Points

MOMENTS = 12
"""Rehearsal cases per network: with 72 pairs of photos, about a quarter of the samples."""

LOWERED, OPENED = 0.85, 1.15
"""Lids lower than this share of the lowest in any photo, a mouth wider than this of the widest, were not shown."""

FRAME_STEP = 3
"""Every how many frames of the bundled movements are considered."""


def moments_beyond(face: Points, faces: Sequence[Points]) -> dict[str, list[Target]]:
    """Return expressions of the bundled motions, retargeted to one face, that no photo shows.

    Args:
        face: 478 x 3, pixels of its crop: the target face.
        faces: of all photos, likewise.

    Returns:
        By network: "eye" with smaller eye openings, "mouth" with larger mouth openings than any photo; at most
        `MOMENTS` each, evenly spaced from the nearest to the most extreme.
    """
    shown = np.array([_openings(points) for points in faces])
    lids, mouth = float(shown[:, 0].min()), float(shown[:, 1].max())
    beyond: dict[str, list[tuple[float, Target]]] = {"eye": [], "mouth": []}
    for path in bundled().values():
        clip = load_motion(path, CHANNELS)
        retarget = Retargeter(face, clip.neutral, MotionSettings())
        for frame in clip.frames[::FRAME_STEP]:
            target = retarget(frame)
            low, wide = _openings(target.points)
            if low < LOWERED * lids:
                beyond["eye"].append((low, target))
            if wide > OPENED * mouth:
                beyond["mouth"].append((wide, target))
    return {name: _spread(sorted(moments, key=lambda moment: moment[0])) for name, moments in beyond.items()}


def _openings(points: Points) -> tuple[float, float]:
    """Return the apertures of the eyes (mean of both) and of the mouth."""
    left, right, mouth = face_apertures(points)
    return float(left + right) / 2, float(mouth)


def _spread(moments: list[tuple[float, Target]]) -> list[Target]:
    places = np.unique(np.linspace(0, len(moments) - 1, min(MOMENTS, len(moments))).round().astype(int))
    return [moments[index][1] for index in places]


@torch.no_grad()
def remembered(
    cases: CaseSet, numbers: NDArray[np.int64], name: str, paint: Callable[[Batch], torch.Tensor]
) -> CaseSet:
    """Replace the truth of rehearsal cases by the output of a network.

    Args:
        cases: of one network, in memory.
        numbers: N int64, indices of the rehearsal cases.
        name: of the network.
        paint: function from a batch to output images, B x 3 x S x S in [-1, 1].
    """
    if not len(numbers):
        return cases
    pictures = np.array(cases.pictures)
    batches = Batches(cases, "train", name, 0, augment=False)
    for number in numbers:
        output = (paint(batches.plain([int(number)]))[0].clamp(-1, 1) + 1) * 127.5
        pictures[number, ..., :3] = output.permute(1, 2, 0).round().byte().numpy()
    return replace(cases, pictures=pictures)
