"""Judge the parts network on cases that it was not trained on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from animato.models.parts.config import PARTS
from animato.training.parts.cases import SOME_PART, UNKNOWN
from animato.types import Frame

Predict = Callable[[Frame], tuple[NDArray[np.float32], NDArray[np.float32]]]
"""S x S x 3 uint8 -> (P x S x S probabilities, S x S depth in centimetres)."""


@dataclass(frozen=True)
class PartsScores:
    """Scores over a set of cases.

    Attributes:
        iou: part to intersection over union, counted over all pixels of all labelled cases.
        depth_cm: mean absolute error of depth over the person, centimetres; NaN without labelled depth.
        head_depth_cm: the same over face, hair and ears, each picture's median error taken off.
        matte_iou: intersection over union of the person, over labelled cases and photos before walls.
    """

    iou: dict[str, float]
    depth_cm: float
    head_depth_cm: float
    matte_iou: float

    @property
    def mean_iou(self) -> float:
        """Mean over the parts that occur."""
        return float(np.nanmean(list(self.iou.values())))

    def figures(self) -> dict[str, float]:
        """Return the scores as one mapping, for logs."""
        named = {f"iou-{name}": value for name, value in self.iou.items()}
        return {
            "iou": self.mean_iou,
            "matte": self.matte_iou,
            "depth": self.depth_cm,
            "head-depth": self.head_depth_cm,
            **named,
        }


def score_parts(predict: Predict, cases: Iterator[tuple[Frame, NDArray[np.uint8], NDArray[np.float32]]]) -> PartsScores:
    """Score a network on pictures, their labels (S x S) and depths (S x S, NaN where not known)."""
    both, either = np.zeros(len(PARTS)), np.zeros(len(PARTS))
    person_both = person_either = 0.0
    errors: list[float] = []
    head_errors: list[float] = []
    head = [PARTS.index(name) for name in ("face", "hair", "ear", "eyes")]
    for picture, labels, depth in cases:
        probabilities, far = predict(picture)
        found = probabilities.argmax(0)
        known = labels < SOME_PART
        if np.isfinite(depth).any():
            for part in range(len(PARTS)):
                here, there = (found == part) & known, labels == part
                both[part] += (here & there).sum()
                either[part] += (here | there).sum()
            wrong = far - depth
            errors.append(float(np.abs(wrong[np.isfinite(wrong)]).mean()))
            on_head = wrong[np.isin(labels, head) & np.isfinite(wrong)]
            if on_head.size:
                head_errors.append(float(np.abs(on_head - np.median(on_head)).mean()))
        certain = labels != UNKNOWN
        here, there = (probabilities[0] < 0.5) & certain, (labels != 0) & certain
        person_both += (here & there).sum()
        person_either += (here | there).sum()
    with np.errstate(invalid="ignore"):
        iou = {name: float(a / b) for name, a, b in zip(PARTS, both, either, strict=True)}
    return PartsScores(
        iou,
        float(np.mean(errors)) if errors else float("nan"),
        float(np.mean(head_errors)) if head_errors else float("nan"),
        person_both / max(person_either, 1.0),
    )
