"""State of one frame of the portrait renderer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from animato.geometry.pose import local_from_points
from animato.motion.retarget import Target
from animato.renderers.warp.warper import MeshMap, Warped, Warper


class PortraitFrame:
    """One frame, with the maps from its mesh to the photos used."""

    def __init__(
        self, target: Target, warped: Warped, vertices: NDArray[np.float64], warpers: Sequence[Warper]
    ) -> None:
        self.target, self.warped = target, warped
        self.vertices, self._warpers = vertices, warpers
        self._meshes = {0: warped.mesh}
        self.local = local_from_points(target.points, target.pose)

    def mesh(self, photo: int) -> MeshMap:
        """Return the maps from the target's triangles to a photo, computed on first use."""
        if photo not in self._meshes:
            self._meshes[photo] = self._warpers[photo].map_mesh(self.vertices)
        return self._meshes[photo]
