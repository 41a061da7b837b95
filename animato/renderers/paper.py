"""The 2019 system in the pipeline: a personalised generator draws the head's square from landmarks alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from animato.errors import MissingPartError
from animato.geometry.affine import invert, move_points
from animato.geometry.crop import crop_from_frame, head_square
from animato.motion.retarget import Target
from animato.runtime.stage_clock import StageClock
from animato.types import Frame, Points

if TYPE_CHECKING:
    from animato.models.paper.runtime import PaperPerson


class PaperRenderer:
    """Draws a person with a personalised generator; the whole square is drawn, so it should be the generator's own.

    Args:
        person: from `load_paper_person`.
        square: S x S x 3 uint8 RGB, the square of the photo that is animated.
        points: 478 x 3, the photo's landmarks in pixels of the square.
    """

    name = "paper"

    def __init__(self, person: PaperPerson, square: Frame, points: Points) -> None:
        self._person = person
        self._side = square.shape[0]
        self._size = person.config.size
        self._model_from_square = crop_from_frame(head_square(points, person.config.margin), self._size)
        self._square_from_model = invert(self._model_from_square)

    def warp(self, target: Target, clock: StageClock) -> Target:  # noqa: ARG002
        """Return the target as it is: nothing is copied from a photo."""
        return target

    def paint(self, warped: Target, clock: StageClock) -> Frame:
        """Return the drawn head, S x S x 3 uint8 RGB."""
        with clock.stage("draw"):
            drawn = self._person.render_frame(move_points(self._model_from_square, warped.points), self._size)
        with clock.stage("composite"):
            side = (self._side, self._side)
            large = cv2.warpAffine(
                drawn, self._square_from_model, side, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
            )
            return np.asarray(large, np.uint8)


def load_paper_person(file: Path, threads: int) -> PaperPerson:
    """Return the personalised generator of a person file.

    Raises:
        InputError: the file cannot be read or is no person file.
        MissingPartError: torch is not installed.
    """
    from animato.weights.person import read_person

    record, arrays = read_person(file)
    try:
        import torch
    except ImportError as problem:
        raise MissingPartError(
            "the paper model needs torch, which is not installed",
            hint="pip install 'animato[training]', or leave out --model paper",
        ) from problem
    from animato.models.paper.runtime import PaperPerson

    torch.set_num_threads(threads)
    return PaperPerson.from_arrays(record.config, arrays, file.name)
