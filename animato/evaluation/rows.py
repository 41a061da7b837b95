"""What a run leaves of each sample: a row of numbers for each system, and a few pictures."""

from __future__ import annotations

from dataclasses import dataclass, field

from animato.types import Frame


@dataclass
class Row:
    """What one system reached in one sample.

    Attributes:
        part, sample, person, driver, system: where it belongs.
        values: metric name to value; None where the metric is not defined.
        frames: scored frames.
        lost: of these, frames in which no face was found in the output.
        skipped: wanted frames that could not be scored because the true frame showed no face at the size of the crop.
        prepare_seconds: time spent in `prepare`.
        problem: why the system gave nothing, or None.
    """

    part: str
    sample: str
    person: str
    driver: str
    system: str
    values: dict[str, float | None] = field(default_factory=dict)
    frames: int = 0
    lost: int = 0
    skipped: int = 0
    prepare_seconds: float = 0.0
    problem: str | None = None


@dataclass(frozen=True)
class Comparison:
    """One line of the page: what every system made of one frame.

    Attributes:
        part, sample, index: where it belongs; index is the driver's frame.
        source: the first photo.
        driver: the true frame, or the driver's.
        outputs: system name to picture; all S x S x 3 uint8 RGB.
        has_truth: whether `driver` is the true frame.
    """

    part: str
    sample: str
    index: int
    source: Frame
    driver: Frame
    outputs: dict[str, Frame]
    has_truth: bool
