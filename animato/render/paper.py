"""The 2019 system in the pipeline: a personalised generator draws the head from landmarks; the photo stays around it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np

from animato.errors import MissingPartError
from animato.face.crop import crop_from_frame, head_square, invert, move_points
from animato.motion.retarget import Target
from animato.render.clock import StageClock
from animato.types import Frame, Points
from animato.warp.paste import soft_square


class PaperRenderer:
    """Draws a person from a person file of the 2019 system.

    Args:
        square: S x S x 3 uint8 RGB, the square of the photo that is animated.
        points: 478 x 3, the photo's landmarks in pixels of the square.
        file: the person file (`animato adapt`).
        threads: CPU threads.

    Raises:
        InputError: the file cannot be read or is no person file.
        MissingPartError: torch is not installed.
    """

    name = "paper"

    def __init__(self, square: Frame, points: Points, file: Path, threads: int) -> None:
        self._square = square
        self._person = load_paper_person(file, threads)
        size = self._person.config.size
        self._model_from_square = crop_from_frame(head_square(points, self._person.config.margin), size)
        self._square_from_model = invert(self._model_from_square)
        side = (square.shape[1], square.shape[0])
        mask = cv2.warpAffine(soft_square(size), self._square_from_model, side, flags=cv2.INTER_LINEAR)
        self._mask = np.asarray(mask, np.float32)

    def render(self, target: Target, clock: StageClock) -> Frame:
        """Return the photo's square with the drawn head in it."""
        with clock.stage("draw"):
            drawn = self._person.render_frame(
                move_points(self._model_from_square, target.points), self._person.config.size
            )
        with clock.stage("composite"):
            side = (self._square.shape[1], self._square.shape[0])
            large = cv2.warpAffine(
                drawn, self._square_from_model, side, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
            )
            return np.asarray(cv2.blendLinear(large, self._square, self._mask, 1 - self._mask), np.uint8)


def load_paper_person(file: Path, threads: int) -> Any:
    """Return the personalised generator of a person file (a `models.paper.runtime.PaperPerson`).

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
