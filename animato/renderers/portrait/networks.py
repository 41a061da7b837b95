"""Networks of the portrait renderer, compiled once per engine and shared by all heads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from animato.geometry.patch import FACE_PATCHES
from animato.models.portrait.graphs import affine_of, encoder_graph, painter_graph
from animato.renderers.portrait.patch_sampling import PhotoPatch
from animato.runtime.engine import Compiler, Engine
from animato.runtime.network import Graph, Network
from animato.weights.portrait import PortraitWeights, read_portrait

MAX_PHOTOS = 4
"""Maximum number of photos sampled per patch and frame; of more photos, the most similar ones are selected."""

ORDER = tuple(dict.fromkeys(patch.network for patch in FACE_PATCHES))
"""Networks in the order in which they are applied."""


@dataclass(frozen=True)
class PersonParameters:
    """Result of adaptation to a person.

    Attributes:
        affine: network name to AdaIN parameters, 1 x A float32.
        weights: network name to replacements of the shipped weights (name to array).
    """

    affine: Mapping[str, NDArray[np.float32]]
    weights: Mapping[str, Mapping[str, NDArray[Any]]]


class PortraitNetworks:
    """The compiled networks of one set of weights; any number of threads may use them at once.

    Args:
        weights: from `read_portrait`.
        compiler: of the engine that runs them.
    """

    def __init__(self, weights: PortraitWeights, compiler: Compiler) -> None:
        self.weights = weights
        self._compiler = compiler  # not the engine, which caches this object: a reference cycle would delay its release
        self._lock = threading.RLock()
        self._compiled: dict[tuple[object, ...], Network] = {}

    def encode(self, patch: PhotoPatch) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return a photo's features (F x h x w) and embedding (E)."""
        features, embedding = self._encoder(patch.region.network)(patch.picture[None], patch.drawing[None])
        return features[0], embedding[0]

    def _encoder(self, name: str) -> Network:
        return self._network(("encoder", name), lambda: encoder_graph(self.weights, name))

    def painter(self, name: str, photos: int, targets: int) -> Network:
        """Return the painter of a network, compiled for a number of photos and of target patches."""
        key = ("painter", name, photos, targets)
        return self._network(key, lambda: painter_graph(self.weights, name, photos, targets))

    def compile_all(self, photos: int) -> None:
        """Compile all networks that a head needs.

        Args:
            photos: number of photos of the head.
        """
        count = min(photos, MAX_PHOTOS)
        for name in ORDER:
            self._encoder(name)
            self.painter(name, count, sum(patch.network == name for patch in FACE_PATCHES))

    def _network(self, key: tuple[object, ...], graph: Callable[[], Graph]) -> Network:
        with self._lock:
            if key not in self._compiled:
                self._compiled[key] = self._compiler.compile(graph())
            return self._compiled[key]

    def affine(self, name: str, embedding: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the AdaIN parameters (1 x A float32) of an embedding (E float32)."""
        return affine_of(self.weights.arrays[name], self.weights.configs[name], embedding)

    def replaced(self, parameters: PersonParameters) -> PortraitNetworks:
        """Return networks with a person's own weights in place of the shipped ones."""
        if not any(parameters.weights.values()):
            return self
        arrays = {name: {**own, **parameters.weights.get(name, {})} for name, own in self.weights.arrays.items()}
        weights = PortraitWeights(self.weights.configs, arrays, self.weights.header, self.weights.where)
        return PortraitNetworks(weights, self._compiler)


def portrait_networks(engine: Engine, path: Path | None = None) -> PortraitNetworks:
    """Return the networks of a weight file, or of the shipped one; read and compiled once per engine.

    Raises:
        MissingPartError: the shipped file or OpenVINO is missing.
        InputError, FileFormatError: the file is missing, damaged or of another kind.
    """
    return engine.shared(("portrait", path), lambda: PortraitNetworks(read_portrait(path), engine.compiler))
