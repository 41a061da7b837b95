"""Select the photos that supply features for a patch: the most similar ones, faded in and out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from animato.geometry.patch import FacePatch
from animato.geometry.pose import local_from_points, rotation_log
from animato.motion.retarget import Target
from animato.renderers.warp.warper import Warper

PER_RADIAN = 1.0
"""Centimetres of another expression that weigh as much as a radian of another pose."""

FARTHEST = 1e-6


class PhotoSelector:
    """Chooses photos for a region.

    Args:
        region: which window.
        warpers: of all photos.
        most: how many take part at once.
    """

    def __init__(self, region: FacePatch, warpers: Sequence[Warper], most: int) -> None:
        self._most = most
        rings = [index for ring in region.rings for index in ring]
        self._points = rings or list(range(0, 468, 8))
        self._locals = np.stack([warper.local[self._points] for warper in warpers])
        self._rotations = [warper.pose.rotation for warper in warpers]

    def choose(self, target: Target) -> tuple[list[int], NDArray[np.float32]]:
        """Return numbers of photos, and the logarithm of how much each counts (0: fully).

        With no more photos than may take part, all of them count fully. Of more, each counts by how much more similar
        it is than the best one left out, so that its weight is 0 at the moment in which it changes places with it.
        """
        count = len(self._rotations)
        if count <= self._most:
            return list(range(count)), np.zeros(count, np.float32)
        distance = self._distances(target)
        order = np.argsort(distance, kind="stable")
        chosen, left_out = order[: self._most], float(distance[order[self._most]])
        share = (left_out - distance[chosen]) / max(left_out - float(distance[order[0]]), FARTHEST)
        return [int(index) for index in chosen], np.log(np.maximum(share, FARTHEST)).astype(np.float32)

    def _distances(self, target: Target) -> NDArray[np.float64]:
        local = local_from_points(target.points[self._points], target.pose)
        moved = np.linalg.norm(self._locals - local, axis=2).mean(axis=1)
        turned = [np.linalg.norm(rotation_log(target.pose.rotation @ rotation.T)) for rotation in self._rotations]
        return np.asarray(moved + PER_RADIAN * np.array(turned))
