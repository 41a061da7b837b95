"""Stop a run that has diverged or collapsed, with a message that contains the last good checkpoint."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from animato.errors import AnimatoError
from animato.training.distributed import ProcessGroup

GRACE_STEPS = 200
"""Steps before collapse is checked, as a new generator outputs grey images at first."""

PATIENCE = 3
"""Consecutive failed checks that count as a collapse."""

FLAT_RATIO = 0.05
"""Standard deviation relative to real images below which a generated image counts as one colour."""

BLACK_LEVEL = -0.96
"""Mean in [-1, 1] below which an image counts as black."""


class TrainingStoppedError(AnimatoError):
    """Training was stopped because it diverged or collapsed."""


@dataclass(frozen=True)
class PictureStatistics:
    """Statistics of images in [-1, 1].

    Attributes:
        mean: mean of all values.
        spread: standard deviation within an image, averaged over images.
        mean_colour: mean of red, green and blue.
    """

    mean: float
    spread: float
    mean_colour: tuple[float, float, float]

    def figures(self, name: str) -> dict[str, float]:
        """Return mean and spread as figures of the log."""
        return {f"{name}_mean": self.mean, f"{name}_spread": self.spread}


def picture_statistics(pictures_BCHW: Tensor, group: ProcessGroup | None = None) -> PictureStatistics:
    """Compute the statistics of a batch of images in [-1, 1], or of the batches of all processes."""
    pictures = pictures_BCHW.detach().float()
    values = torch.cat([pictures.mean()[None], pictures.std(dim=(2, 3)).mean()[None], pictures.mean((0, 2, 3))])
    if group is not None:
        values = group.mean(values)
    mean, spread, red, green, blue = values.tolist()
    return PictureStatistics(mean, spread, (red, green, blue))


@dataclass
class DivergenceGuard:
    """Checks every log line and raises if the run has diverged or collapsed.

    Attributes:
        last_good: name of the newest checkpoint, for the message.
        name: of the network, for the message, or "".
    """

    last_good: str | None = None
    name: str = ""
    _flat: int = field(default=0, init=False)

    def check(
        self,
        steps: int,
        figures: Mapping[str, float],
        generated: PictureStatistics | None = None,
        real: PictureStatistics | None = None,
        sick_step: int | None = None,
    ) -> None:
        """Check one log line.

        Args:
            steps: optimiser steps taken in this run.
            figures: every loss and gradient norm by name, means over the steps since the last line.
            generated: statistics of generated images; None for a network that generates none.
            real: statistics of the real images of the same batch.
            sick_step: the first step whose figures were not finite.

        Raises:
            TrainingStoppedError: a loss is not finite, or the images have been black or one colour for several checks.
        """
        non_finite = [name for name, value in figures.items() if not math.isfinite(value)]
        if non_finite or (generated is not None and not math.isfinite(generated.mean)):
            name = non_finite[0] if non_finite else "the output"
            where = f"step {steps if sick_step is None else sick_step}"
            raise self._stop(f"training{self._of()} diverged: {name} is not finite", where, "a lower learning rate")
        if generated is None or real is None:
            return
        flat = generated.spread < FLAT_RATIO * real.spread
        self._flat = self._flat + 1 if flat and steps > GRACE_STEPS else 0
        if self._flat >= PATIENCE:
            appearance = "black" if generated.mean < BLACK_LEVEL else "one colour"
            colour = ", ".join(f"{(value + 1) * 127.5:.0f}" for value in generated.mean_colour)
            raise self._stop(
                f"training{self._of()} collapsed: every output is {appearance}",
                f"step {steps}: spread {generated.spread:.4f}, real images {real.spread:.4f}, colour {colour}",
                "a lower learning rate for the discriminator, or another seed",
            )

    def check_before_saving(self, tensors: Mapping[str, Tensor]) -> None:
        """Check that all weights are finite.

        Raises:
            TrainingStoppedError: a weight is not finite.
        """
        for name, tensor in tensors.items():
            if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
                raise self._stop(
                    f"training{self._of()} diverged: {name} is not finite", "weights", "a lower learning rate"
                )

    def _of(self) -> str:
        return f" of {self.name!r}" if self.name else ""

    def _stop(self, what: str, where: str, hint: str) -> TrainingStoppedError:
        last_good = f"last good checkpoint: {self.last_good}" if self.last_good else "no checkpoint was saved before"
        return TrainingStoppedError(what, where=f"{where}; {last_good}", hint=hint, more="docs/training.md")
