"""Paper renderer: the personalised generator of the 2019 system synthesises the square from landmarks."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from animato.errors import MissingPartError
from animato.geometry.affine import invert, move_points
from animato.geometry.crop import crop_from_frame, head_square
from animato.head.view import HeadView
from animato.motion.retarget import Target
from animato.renderers.base import Layer, Paint
from animato.runtime.stage_clock import StageClock
from animato.runtime.torch_threads import torch_bounded

if TYPE_CHECKING:
    from animato.models.paper.runtime import PaperPerson


class PaperRenderer:
    """Renders a person with a personalised generator, which synthesises the whole square, background included.

    Args:
        person: from `load_paper_person`.
        view: the animated photo in its square.
        threads: CPU threads of torch during inference.
    """

    name = "paper"

    def __init__(self, person: PaperPerson, view: HeadView, threads: int = 2) -> None:
        self._person, self._threads = person, threads
        self._side = view.size
        self._size = person.config.size
        self._model_from_square = crop_from_frame(head_square(view.points, person.config.margin), self._size)
        self._square_from_model = invert(self._model_from_square)

    def warp(self, target: Target, clock: StageClock) -> Paint:  # noqa: ARG002
        """Defer all work to the second stage: nothing is warped."""
        return functools.partial(self._draw, target)

    def _draw(self, target: Target, clock: StageClock) -> Layer:
        with clock.stage("draw"), torch_bounded(self._threads):
            rendered = self._person.render_frame(move_points(self._model_from_square, target.points), self._size)
        with clock.stage("composite"):
            side = (self._side, self._side)
            square = cv2.warpAffine(
                rendered, self._square_from_model, side, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
            )
        return Layer(np.asarray(square, np.uint8))


def load_paper_person(file: Path) -> PaperPerson:
    """Return the personalised generator of a person file.

    Raises:
        InputError: the file cannot be read or is no person file.
        MissingPartError: torch is not installed.
    """
    from animato.weights.person import read_person

    record, arrays = read_person(file)
    try:
        from animato.models.paper.runtime import PaperPerson
    except ImportError as problem:
        raise MissingPartError(
            "the paper model needs torch, which is not installed",
            hint="pip install 'animato[training]', or leave out `model=paper`",
        ) from problem
    return PaperPerson.from_arrays(record.config, arrays, file.name)
