"""Select the photos that supply features for a patch: the most similar ones, faded in and out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from animato.geometry.patch import FacePatch
from animato.geometry.pose import local_from_points, rotation_log
from animato.motion.retarget import Target
from animato.renderers.warp.warper import Warper

ROTATION_WEIGHT = 1.0
"""Difference of expression, in centimetres, that counts as much as one radian of rotation."""

EPSILON = 1e-6


class PhotoSelector:
    """Selects photos for a patch.

    Args:
        region: patch definition.
        warpers: of all photos.
        limit: maximum number of photos per frame.
    """

    def __init__(self, region: FacePatch, warpers: Sequence[Warper], limit: int) -> None:
        self._limit = limit
        rings = [index for ring in region.rings for index in ring]
        self._points = rings or list(range(0, 468, 8))
        self._locals = np.stack([warper.local[self._points] for warper in warpers])
        self._rotations = [warper.pose.rotation for warper in warpers]

    def select(self, target: Target) -> tuple[list[int], NDArray[np.float32]]:
        """Return indices of photos, and the log weight of each (0: full weight).

        Up to the limit, all photos have full weight. Beyond it, the weight depends on how much more similar a photo is
        than the best omitted one, so that it reaches 0 when the two change ranks.
        """
        count = len(self._rotations)
        if count <= self._limit:
            return list(range(count)), np.zeros(count, np.float32)
        distance = self._distances(target)
        order = np.argsort(distance, kind="stable")
        selected, omitted = order[: self._limit], float(distance[order[self._limit]])
        weight = (omitted - distance[selected]) / max(omitted - float(distance[order[0]]), EPSILON)
        return [int(index) for index in selected], np.log(np.maximum(weight, EPSILON)).astype(np.float32)

    def _distances(self, target: Target) -> NDArray[np.float64]:
        local = local_from_points(target.points[self._points], target.pose)
        expression = np.linalg.norm(self._locals - local, axis=2).mean(axis=1)
        angle = [np.linalg.norm(rotation_log(target.pose.rotation @ rotation.T)) for rotation in self._rotations]
        return np.asarray(expression + ROTATION_WEIGHT * np.array(angle))
