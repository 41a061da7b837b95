"""The portrait renderer: geometry copies what the photos show, small networks paint what it cannot know.

Per frame (docs/architecture.md, "The portrait renderer"): the animated photo is warped to the target; then, for the
whole head where something hidden turns into view, and for each eye and the mouth, a network sees the warped patch, what
the mesh says of it, a drawing of the target and the features of the best photos, and answers with paint, a mask, a
correction of the flow and of the light. The answers are laid over the frame at its own resolution.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.face.topology import EYE_LEFT, EYE_RIGHT, LIPS_OUTER
from animato.motion.retarget import Target
from animato.render.choosing import PhotoChooser
from animato.render.clock import StageClock
from animato.runtime.portrait_graph import affine_of, build_encoder, build_painter
from animato.types import Frame, Plane, Points
from animato.warp.lay import Answer, lay
from animato.warp.region import HEAD, REGIONS, Region, cut_patch, cut_validity
from animato.warp.regional import PhotoPatch, TargetPatch, photo_patch, sampling_grid, target_patch
from animato.warp.warper import Warped, Warper
from animato.weights.portrait import PortraitWeights, read_portrait

MOST_AT_ONCE = 4
"""Photos whose features are fetched for one region of one frame; of more, the most similar ones take part."""

HIDDEN_FROM, HIDDEN_TO = 0.0015, 0.006
"""Share of the crop that is hidden in the photo, beyond what is at the photo's own pose: below the first the whole-head
pass rests, above the second it counts fully."""

Painter = Callable[..., list[NDArray[Any]]]


@dataclass(frozen=True)
class PersonNumbers:
    """What adaptation found for a person: network name to AdaIN numbers (1 x A float32) and weights that replace the
    shipped ones (name to array)."""

    affine: Mapping[str, NDArray[np.float32]]
    weights: Mapping[str, Mapping[str, NDArray[Any]]]


class PortraitNetworks:
    """The compiled networks of one weight file, shared by all who render with it.

    Args:
        weights: from `read_portrait`.
        threads: CPU threads.
    """

    def __init__(self, weights: PortraitWeights, threads: int) -> None:
        self.weights = weights
        self._threads = threads
        self._encoders: dict[str, Painter] = {}
        self._painters: dict[tuple[str, int], Painter] = {}

    def encode(self, patch: PhotoPatch) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return a photo's features (F x h x w) and embedding (E)."""
        name = patch.region.network
        if name not in self._encoders:
            config, arrays = self.weights.configs[name], self.weights.arrays[name]
            self._encoders[name] = build_encoder(config, arrays, self._threads)
        features, person = self._encoders[name](patch.picture[None], patch.drawing[None])
        return features[0].copy(), person[0].copy()

    def painter(self, name: str, photos: int) -> Painter:
        """Return the painter of a network for so many photos."""
        key = (name, photos)
        if key not in self._painters:
            config, arrays = self.weights.configs[name], self.weights.arrays[name]
            self._painters[key] = build_painter(config, arrays, photos, self._threads)
        return self._painters[key]

    def affine(self, name: str, embedding: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the AdaIN numbers (1 x A float32) of an embedding (E float32)."""
        return affine_of(self.weights.arrays[name], self.weights.configs[name], embedding)

    def replaced(self, numbers: PersonNumbers) -> PortraitNetworks:
        """Return networks with a person's own weights in place of the shipped ones."""
        if not any(numbers.weights.values()):
            return self
        arrays = {name: {**own, **numbers.weights.get(name, {})} for name, own in self.weights.arrays.items()}
        weights = PortraitWeights(self.weights.configs, arrays, self.weights.header, self.weights.where)
        return PortraitNetworks(weights, self._threads)


@functools.lru_cache(maxsize=4)
def load_networks(path: Path | None = None, threads: int = 2) -> PortraitNetworks:
    """Return the networks of a weight file, or of the shipped one; read and compiled once.

    Raises:
        MissingPartError: the shipped file, or OpenVINO, is not there.
        InputError, FileFormatError: the file is not there, damaged, or another kind.
    """
    return PortraitNetworks(read_portrait(path), threads)


class PortraitRenderer:
    """Renders one person from one to thirty-two photos.

    Args:
        photos: each a square crop (S x S x 3 uint8 RGB) and its 478 x 3 landmarks in pixels of it; the first is
            animated, the others lend what it does not show.
        networks: from `load_networks`.
        numbers: what adaptation found, or None.
    """

    name = "portrait"

    def __init__(
        self, photos: Sequence[tuple[Frame, Points]], networks: PortraitNetworks, numbers: PersonNumbers | None = None
    ) -> None:
        self.warpers = [Warper(square, points) for square, points in photos]
        networks = networks if numbers is None else networks.replaced(numbers)
        self._regions = [_RegionPainter(region, self.warpers, networks, numbers) for region in REGIONS]

    def render(self, target: Target, clock: StageClock) -> Frame:
        """Return the animated square for a target face."""
        with clock.stage("warp"):
            main = self.warpers[0]
            vertices = main.target_vertices(target.points, target.pose)
            warped = main.render(target.points, target.pose, vertices)
        with clock.stage("paint"):
            for region in self._regions:
                region.paint(warped, target, vertices)
        return warped.image


class _RegionPainter:
    """One region of one person."""

    def __init__(
        self, region: Region, warpers: Sequence[Warper], networks: PortraitNetworks, numbers: PersonNumbers | None
    ) -> None:
        self._region, self._warpers, self._networks = region, warpers, networks
        self._patches = [photo_patch(region, warper) for warper in warpers]
        encoded = [networks.encode(patch) for patch in self._patches]
        self._features = [features for features, _ in encoded]
        own = None if numbers is None else numbers.affine.get(region.network)
        mean = np.mean([person for _, person in encoded], axis=0)
        self._affine = networks.affine(region.network, mean) if own is None else own
        main = warpers[0]
        # What the photo hides at its own pose (nostrils, the rim of the face) is right as it is.
        self._hidden = hidden_share(main.flow(main.points, main.pose)[1], main.points, main.size)
        self._chooser = PhotoChooser(region, warpers, MOST_AT_ONCE)

    def paint(self, warped: Warped, target: Target, vertices: NDArray[np.float64]) -> None:
        """Paint the region over the warped frame, in place."""
        region, size = self._region, warped.image.shape[0]
        gain = 1.0
        if region is HEAD:
            more = hidden_share(warped.validity, target.points, size) - self._hidden
            gain = float(np.clip((more - HIDDEN_FROM) / (HIDDEN_TO - HIDDEN_FROM), 0, 1))
            if gain <= 0:
                return
        place = target_patch(region, target.points, target.pose, vertices, size)
        composite = cut_patch(warped.image, place.crop_from_patch, region.side)
        validity = cut_validity(warped.validity, place.crop_from_patch, region.side, size)
        chosen, prior = self._chooser.choose(target)
        grids, seen = self._fetch(chosen, place)
        run = self._networks.painter(region.network, len(chosen))
        features = np.stack([self._features[index] for index in chosen])
        layer, flow = run(
            composite[None],
            place.drawing[None],
            validity[None, ..., None],
            features,
            grids,
            seen[:, None],
            prior[:, None, None, None],
            self._affine,
        )
        lay(warped.image, place.crop_from_patch, Answer(layer[0], flow[0]), gain)

    def _fetch(self, chosen: Sequence[int], place: TargetPatch) -> tuple[NDArray[np.float32], Plane]:
        found = [sampling_grid(self._patches[index], self._warpers[index], place) for index in chosen]
        return np.stack([grid for grid, _ in found]), np.stack([seen for _, seen in found])


def hidden_share(validity: Plane, points: Points, size: int) -> float:
    """Return the share of the crop, in [0, 1], that the photo does not show, openings aside.

    Args:
        validity: h x w float32, of a warped frame.
        points: 478 x 3, the target, pixels of the crop.
        size: side of the crop in pixels.
    """
    step = size / validity.shape[0]
    aside = np.zeros(validity.shape, np.uint8)
    for ring in (EYE_LEFT, EYE_RIGHT, LIPS_OUTER):
        outline = (points[list(ring), :2] + 0.5) / step - 0.5
        cv2.fillConvexPoly(aside, cv2.convexHull(np.rint(outline).astype(np.int32)), 1)
    aside = np.asarray(cv2.dilate(aside, np.ones((7, 7), np.uint8)), np.uint8)
    return float(((validity < 0.5) & (aside == 0)).mean())
