"""Rehearsal: movements that no photo of a person shows, in which adaptation shall leave a network as it was.

Somebody who looks down has half-shut lids; if all photos look up, no validation there says what lowering them
should look like, and a painter that learns from the photos may forget it. So the networks' own pictures of such
moments, made before adapting, are learnt from along with the photos (Li, Hoiem 2016, Learning without Forgetting).
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
"""Moments rehearsed by each network: with 72 pairs of photos, about a fourth of what is drawn."""

LOWERED, OPENED = 0.85, 1.15
"""Lids lower than this share of the lowest in any photo, a mouth wider than this of the widest, were not shown."""

EVERY = 3
"""Every how many frames of the bundled movements are considered."""


def moments_beyond(face: Points, faces: Sequence[Points]) -> dict[str, list[Target]]:
    """Return moments of the bundled movements, on one face, that none of the photos shows.

    Args:
        face: 478 x 3, pixels of its crop: the face that moves.
        faces: of all photos, likewise.

    Returns:
        By network: "eye", lids lower than in any photo, "mouth", a mouth wider open; at most `MOMENTS` each, spread
        evenly from just beyond the photos to the farthest.
    """
    shown = np.array([_openings(points) for points in faces])
    lids, mouth = float(shown[:, 0].min()), float(shown[:, 1].max())
    found: dict[str, list[tuple[float, Target]]] = {"eye": [], "mouth": []}
    for path in bundled().values():
        clip = load_motion(path, CHANNELS)
        retarget = Retargeter(face, clip.neutral, MotionSettings())
        for frame in clip.frames[::EVERY]:
            target = retarget(frame)
            low, wide = _openings(target.points)
            if low < LOWERED * lids:
                found["eye"].append((low, target))
            if wide > OPENED * mouth:
                found["mouth"].append((wide, target))
    return {name: _spread(sorted(moments, key=lambda moment: moment[0])) for name, moments in found.items()}


def _openings(points: Points) -> tuple[float, float]:
    """Return how far the lids, in the mean of both eyes, and the lips are open."""
    left, right, mouth = face_apertures(points)
    return float(left + right) / 2, float(mouth)


def _spread(moments: list[tuple[float, Target]]) -> list[Target]:
    places = np.unique(np.linspace(0, len(moments) - 1, min(MOMENTS, len(moments))).round().astype(int))
    return [moments[index][1] for index in places]


@torch.no_grad()
def remembered(
    cases: CaseSet, numbers: NDArray[np.int64], name: str, paint: Callable[[Batch], torch.Tensor]
) -> CaseSet:
    """Return the cases with what a network paints of some of them in the place of the truth.

    Args:
        cases: of one network, in memory.
        numbers: N int64, of the cases rehearsed.
        name: of the network.
        paint: from a batch to finished pictures, B x 3 x S x S in [-1, 1].
    """
    if not len(numbers):
        return cases
    pictures = np.array(cases.pictures)
    batches = Batches(cases, "train", name, 0, augment=False)
    for number in numbers:
        made = (paint(batches.plain([int(number)]))[0].clamp(-1, 1) + 1) * 127.5
        pictures[number, ..., :3] = made.permute(1, 2, 0).round().byte().numpy()
    return replace(cases, pictures=pictures)
