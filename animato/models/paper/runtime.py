"""Torch runtime of the 2019 system: a personalised generator from landmarks to images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from animato.errors import FileFormatError
from animato.models.drawing import draw_landmarks
from animato.models.layers import fold_spectral
from animato.models.loading import arrays_of, load_strictly
from animato.models.paper.config import PaperConfig
from animato.models.paper.generator import Generator
from animato.types import Frame, Points

GENERATOR_PREFIX = "generator."
AFFINE_NAME = "affine"


class PaperPerson:
    """One person's generator with fixed AdaIN parameters and folded weights.

    Attributes:
        config: architecture of the generator; `config.size` is the side of its images, `config.margin` that of the
            crops in faces (`animato.geometry.crop.head_square(points, margin)`).
    """

    def __init__(self, generator: Generator, affine_1A: Tensor) -> None:
        """Take ownership of a generator (folded in place, without P) and its AdaIN parameters, 1 x A."""
        generator.project = nn.Identity()
        fold_spectral(generator)
        self.config = generator.config
        self._generator = generator.eval().requires_grad_(False)
        self._affine = affine_1A.detach().clone()

    @classmethod
    def from_arrays(
        cls, config: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], where: str, device: str = "cpu"
    ) -> PaperPerson:
        """Build from the content of a person file.

        Args:
            config: the header's entry `config`.
            arrays: the file's arrays.
            where: file name for messages.
            device: "cpu" or "cuda".

        Raises:
            FileFormatError: the arrays do not fit the configuration.
        """
        generator = Generator(PaperConfig.from_json(dict(config), where))
        count = generator.affine_count
        affine = arrays.get(AFFINE_NAME)
        if affine is None or affine.shape != (1, count):
            raise FileFormatError(
                f"{where} has no AdaIN parameters of the expected shape", where=f"expected 1 x {count}"
            )
        person = cls(generator, torch.from_numpy(affine.copy()))
        load_strictly(generator, arrays, where, GENERATOR_PREFIX)
        person._generator.to(device)
        person._affine = person._affine.to(device)
        return person

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the arrays for a person file: the folded generator, and `affine`, 1 x A."""
        return {**arrays_of(self._generator, GENERATOR_PREFIX), AFFINE_NAME: self._affine.cpu().numpy().copy()}

    @torch.inference_mode()
    def render_frame(self, points: Points, canvas: int) -> Frame:
        """Render the person with the given landmarks.

        Convention: points are pixels of a square crop, origin at the centre of the top-left pixel.

        Args:
            points: 478 x 2 or 478 x 3 float32, pixels of the crop.
            canvas: side of that crop, pixels.

        Returns:
            config.size x config.size x 3 uint8 RGB: the same square at the network's size.

        Raises:
            UsageError: too few points.
        """
        drawing = draw_landmarks(points, self.config.size, self.config.drawing, canvas)
        device = self._affine.device
        drawing_1CHW = torch.from_numpy(drawing).to(device).permute(2, 0, 1)[None].float() / 255
        picture_1CHW = self._generator.render(drawing_1CHW, self._affine)
        values = (picture_1CHW[0].permute(1, 2, 0).clamp(-1, 1) + 1) * 127.5
        frame: Frame = values.round().to(torch.uint8).cpu().numpy()
        return frame
