"""Results of a sample: a row of values per system, and images for the page."""

from __future__ import annotations

from dataclasses import dataclass, field

from animato.types import Frame


@dataclass
class Row:
    """Result of one system on one sample.

    Attributes:
        part, sample, person, driver, system: identify the row.
        values: metric name to value; None where the metric is not defined.
        frames: scored frames.
        lost: of these, frames in which no face was found in the output.
        skipped: frames not scored because no face was found in the true frame at the size of the crop.
        prepare_seconds: time spent in `prepare`.
        problem: reason for missing values, or None.
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
    """One line of the page: the outputs of all systems for one frame.

    Attributes:
        part, sample, index: identify the frame; index is that of the driver.
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
