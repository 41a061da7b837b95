"""The metric protocol: a class that accumulates scored frames and returns one number.

Every metric registers its name, unit, direction, network (if any) and the reference it needs. One instance scores one
system on one clip; a pooled metric scores one system on all clips.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from animato.errors import UsageError
from animato.evaluation.regions import Regions, labelled_region
from animato.types import Face, Frame

Direction = Literal["lower", "higher", "one"]
ARROWS: dict[Direction, str] = {"lower": "↓", "higher": "↑", "one": "→1"}
"""Symbols for the better direction in tables."""

Needs = Literal["truth", "driver", "source"]


@dataclass(frozen=True)
class Reference:
    """Reference data of one frame, shared by all systems so that its features are computed once.

    Attributes:
        index: frame number of the driver, from 0.
        picture: the true frame, S x S x 3 uint8 RGB, or None when another person drives.
        face: landmarks of the driver in pixels of the driver's own S x S crop; with a true frame, of that frame.
        source: the photos of the source person, crops of the same size.
        source_faces: their landmarks, in pixels of those crops.
        features: cached network outputs for this frame, by a key chosen by each metric.
        source_features: the same for the photos, shared by all frames of the clip.
        read_labels: returns the labels of the true frame's parts, S x S uint8 (`truth_labels`), or None where they are
            not scored.
    """

    index: int
    picture: Frame | None
    face: Face
    source: tuple[Frame, ...] = ()
    source_faces: tuple[Face, ...] = ()
    features: dict[str, Any] = field(default_factory=dict)
    source_features: dict[str, Any] = field(default_factory=dict)
    read_labels: Callable[[], NDArray[np.uint8] | None] = lambda: None

    def cached(self, key: str, compute: Callable[[], Any]) -> Any:
        """Return a cached value of this frame, computing it on first use."""
        if key not in self.features:
            self.features[key] = compute()
        return self.features[key]

    @property
    def regions(self) -> Regions:
        """Masks of the face, the mouth interior and the eyes, from the driver's landmarks."""
        regions: Regions = self.cached("regions", lambda: Regions.of(self.face.points, self.size))
        return regions

    def labelled_region(self, name: str) -> NDArray[np.bool_] | None:
        """Return a region of `REGION_LABELS` in the true frame, S x S bool; None if it is not known or too small."""
        labels = self.cached("labels", self.read_labels)
        return None if labels is None else labelled_region(labels, name)

    @property
    def size(self) -> int:
        """Side of the crops, pixels."""
        picture = self.picture if self.picture is not None else self.source[0]
        return int(picture.shape[0])


@dataclass(frozen=True)
class ScoredFrame:
    """One frame of one system.

    Attributes:
        output: output of the system, S x S x 3 uint8 RGB.
        face: its landmarks, pixels of the crop, or None when no face was found.
        reference: reference data of the frame.
        features: cached network outputs, shared by the metrics.
        head: S x S bool, silhouette of the head that the system rendered; None where it is not known.
    """

    output: Frame
    face: Face | None
    reference: Reference
    features: dict[str, Any] = field(default_factory=dict)
    head: NDArray[np.bool_] | None = None

    def cached(self, key: str, compute: Callable[[], Any]) -> Any:
        """Return a cached value of the output, computing it on first use."""
        if key not in self.features:
            self.features[key] = compute()
        return self.features[key]

    @property
    def to_256(self) -> float:
        """Factor from pixels of the crop to pixels at 256."""
        return 256.0 / self.reference.size


@dataclass(frozen=True)
class MetricInfo:
    """Description of a metric.

    Attributes:
        name: name on the command line, in the table and in the JSON.
        unit: unit of the value.
        direction: "lower" or "higher" is better, or "one": best at 1.
        needs: "truth" (a true frame), "driver" (landmarks of the driver) or "source" (photos of the source person).
        net: name of the network it uses, or None.
        says: definition in one sentence.
        sparse: computed on one frame per group of consecutive ones, because it is costly.
        pooled: one value over all clips instead of one per clip.
        digits: decimals in the table.
    """

    name: str
    unit: str
    direction: Direction
    needs: Needs
    says: str
    net: str | None = None
    sparse: bool = False
    pooled: bool = False
    digits: int = 3


class Metric(Protocol):
    """One instance of a metric."""

    def add(self, scored: ScoredFrame) -> None:
        """Add one frame."""
        ...

    def value(self) -> float | None:
        """Return the value over the added frames, or None if it is undefined."""
        ...


class FrameMean:
    """A metric that is the mean of one number per frame."""

    def __init__(self) -> None:
        self._sum = 0.0
        self._count = 0

    def measure(self, scored: ScoredFrame) -> float | None:
        """Return the value of one frame, or None if it is undefined."""
        raise TypeError(f"{type(self).__name__} does not measure frame {scored.reference.index}")

    def add(self, scored: ScoredFrame) -> None:
        """Add one frame."""
        number = self.measure(scored)
        if number is not None:
            self._sum += number
            self._count += 1

    def value(self) -> float | None:
        """Return the mean over the frames with a defined value."""
        return self._sum / self._count if self._count else None


@dataclass(frozen=True)
class Registered:
    """A metric and its factory."""

    info: MetricInfo
    build: Callable[[], Metric]


METRICS: dict[str, Registered] = {}
"""All metrics by name."""

C = TypeVar("C", bound=Callable[[], Metric])


def register(info: MetricInfo) -> Callable[[C], C]:
    """Return a decorator that registers a metric class or factory function."""

    def add(build: C) -> C:
        if info.name in METRICS:
            raise ValueError(f"metric {info.name} is already registered")
        METRICS[info.name] = Registered(info, build)
        return build

    return add


def make(name: str) -> Metric:
    """Create a new instance of a metric.

    Raises:
        UsageError: no metric has that name.
        MissingPartError: its network is not installed.
    """
    if name not in METRICS:
        raise UsageError(f"there is no metric {name!r}", where=f"one of {', '.join(METRICS)}")
    return METRICS[name].build()


def mean_distance(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Compute the mean Euclidean distance of points in the image plane.

    Args:
        a: n x (2 or 3), pixels; z is ignored.
        b: the same.
    """
    return float(np.linalg.norm(a[:, :2].astype(np.float64) - b[:, :2], axis=1).mean())
