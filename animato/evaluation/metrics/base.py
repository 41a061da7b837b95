"""What a measure is: a small class that takes one scored frame after another and gives one number at the end.

Every measure registers what it is called, its unit, which direction is better, the network it uses (if any) and what it
needs to compare with. One instance judges one system on one clip; a pooled measure judges one system on all clips.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from animato.errors import UsageError
from animato.evaluation.regions import Regions
from animato.types import Face, Frame

Direction = Literal["lower", "higher", "one"]
ARROWS: dict[Direction, str] = {"lower": "↓", "higher": "↑", "one": "→1"}
"""Which way is better, as tables show it."""

Needs = Literal["truth", "driver", "source"]


@dataclass(frozen=True)
class Reference:
    """What the systems are compared with in one frame; shared by all systems, so that its features are made once.

    Attributes:
        index: number of the driver's frame, from 0.
        picture: the true frame, S x S x 3 uint8 RGB, or None where there is none (another person drives).
        face: landmarks of the driver in pixels of the driver's own S x S crop; with a true frame, of that frame.
        source: the photos of the source person, crops of the same size.
        source_faces: their landmarks, in pixels of those crops.
        features: what networks computed of these pictures, by a key that each measure chooses.
        source_features: the same for the photos; lives as long as the clip is scored.
    """

    index: int
    picture: Frame | None
    face: Face
    source: tuple[Frame, ...] = ()
    source_faces: tuple[Face, ...] = ()
    features: dict[str, Any] = field(default_factory=dict)
    source_features: dict[str, Any] = field(default_factory=dict)

    def remember(self, key: str, compute: Callable[[], Any]) -> Any:
        """Return a value of this frame, computed at its first use."""
        if key not in self.features:
            self.features[key] = compute()
        return self.features[key]

    @property
    def regions(self) -> Regions:
        """Masks of the face, the inside of the mouth and the eyes, from the driver's landmarks."""
        regions: Regions = self.remember("regions", lambda: Regions.of(self.face.points, self.size))
        return regions

    @property
    def size(self) -> int:
        """Side of the crops, pixels."""
        picture = self.picture if self.picture is not None else self.source[0]
        return int(picture.shape[0])


@dataclass(frozen=True)
class ScoredFrame:
    """One frame of one system.

    Attributes:
        output: what the system made, S x S x 3 uint8 RGB.
        face: landmarks found in it, pixels of the crop, or None where no face was found.
        reference: what it is compared with.
        features: what networks computed of the output, shared by the measures.
    """

    output: Frame
    face: Face | None
    reference: Reference
    features: dict[str, Any] = field(default_factory=dict)

    def remember(self, key: str, compute: Callable[[], Any]) -> Any:
        """Return a value of the output, computed at its first use."""
        if key not in self.features:
            self.features[key] = compute()
        return self.features[key]

    @property
    def to_256(self) -> float:
        """Factor from pixels of the crop to pixels at 256."""
        return 256.0 / self.reference.size


@dataclass(frozen=True)
class MetricInfo:
    """What a measure says of itself.

    Attributes:
        name: word used on the command line, in the table and in the JSON.
        unit: unit of the value.
        direction: "lower" or "higher" is better, or "one": best at 1.
        needs: "truth" (a true frame), "driver" (landmarks of the driver) or "source" (photos of the source person).
        net: name of the network it uses, or None.
        says: one sentence, what is measured.
        sparse: read one frame of each group of consecutive ones, because it is costly.
        pooled: one value over all clips, not one a clip.
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
    """One instance of a measure."""

    def add(self, scored: ScoredFrame) -> None:
        """Take one frame."""
        ...

    def value(self) -> float | None:
        """Return the value over the frames taken, or None where it is not defined for them."""
        ...


class FrameMean:
    """A measure whose value is the mean of one number a frame."""

    def __init__(self) -> None:
        self._sum = 0.0
        self._count = 0

    def measure(self, scored: ScoredFrame) -> float | None:
        """Return the number of one frame, or None where it is not defined."""
        raise TypeError(f"{type(self).__name__} does not measure frame {scored.reference.index}")

    def add(self, scored: ScoredFrame) -> None:
        """Take one frame."""
        number = self.measure(scored)
        if number is not None:
            self._sum += number
            self._count += 1

    def value(self) -> float | None:
        """Return the mean over the frames for which the number is defined."""
        return self._sum / self._count if self._count else None


@dataclass(frozen=True)
class Registered:
    """A measure and how to make an instance."""

    info: MetricInfo
    build: Callable[[], Metric]


METRICS: dict[str, Registered] = {}
"""Every measure by name."""

C = TypeVar("C", bound=Callable[[], Metric])


def register(info: MetricInfo) -> Callable[[C], C]:
    """Return a decorator that enters a class (or a function that makes an instance) under a name."""

    def enter(build: C) -> C:
        if info.name in METRICS:
            raise ValueError(f"two measures are called {info.name}")
        METRICS[info.name] = Registered(info, build)
        return build

    return enter


def make(name: str) -> Metric:
    """Return a fresh instance of a measure.

    Raises:
        UsageError: no measure has that name.
        MissingPartError: its network is not installed.
    """
    if name not in METRICS:
        raise UsageError(f"there is no metric {name!r}", where=f"one of {', '.join(METRICS)}")
    return METRICS[name].build()


def mean_distance(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Return the mean Euclidean distance of points in the image plane.

    Args:
        a: n x (2 or 3), pixels; z is left out.
        b: the same.
    """
    return float(np.linalg.norm(a[:, :2].astype(np.float64) - b[:, :2], axis=1).mean())
