"""W: one vector per training video (Zakharov et al. 2019, section 3.1), with sparse Adam updates.

The table is not a module parameter. A step reads the rows of its batch and updates them with their own moments and step
counts, so absent rows do not change. With several processes, each one holds the whole table and applies the gathered
gradients of all, so the copies stay equal.
differs: the rows are not spectrally normalised (the authors' later module normalises the whole table at every step).
"""

# ruff: noqa: N815  (names carry shapes)

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass
class EmbeddingTable:
    """Rows and their optimiser state.

    Shapes: N videos, E = length of the embedding.

    Attributes:
        rows_NE: the vectors.
        first_NE, second_NE: running means of gradient and squared gradient.
        steps_N: int64, number of updates of each row.
    """

    rows_NE: Tensor
    first_NE: Tensor
    second_NE: Tensor
    steps_N: Tensor

    @classmethod
    def create(cls, videos: int, embed: int, seed: int, device: torch.device) -> EmbeddingTable:
        """Return a new table, uniform in [-0.1, 0.1] (FSTH module)."""
        generator = torch.Generator().manual_seed(seed)
        rows = torch.empty(videos, embed).uniform_(-0.1, 0.1, generator=generator).to(device)
        steps = torch.zeros(videos, dtype=torch.int64, device=device)
        return cls(rows, torch.zeros_like(rows), torch.zeros_like(rows), steps)

    def read(self, rows_B: Tensor) -> Tensor:
        """Return the vectors of a batch, B E, as a new leaf tensor that requires gradients."""
        return self.rows_NE[rows_B].detach().requires_grad_()

    @torch.no_grad()
    def update(self, rows_B: Tensor, gradient_BE: Tensor, lr: float, betas: tuple[float, float], eps: float) -> None:
        """Take one Adam step (Kingma & Ba 2015, algorithm 1) on the rows of a batch.

        Args:
            rows_B: int64; a row that occurs twice gets the sum of its gradients.
            gradient_BE: gradient of the loss in each vector of the batch.
        """
        rows, where = torch.unique(rows_B, return_inverse=True)
        gradient = torch.zeros(len(rows), gradient_BE.shape[1], dtype=self.rows_NE.dtype, device=self.rows_NE.device)
        gradient.index_add_(0, where, gradient_BE.to(gradient))
        steps = self.steps_N[rows] + 1
        first = self.first_NE[rows].mul_(betas[0]).add_(gradient, alpha=1 - betas[0])
        second = self.second_NE[rows].mul_(betas[1]).addcmul_(gradient, gradient, value=1 - betas[1])
        count = steps.to(torch.float64)[:, None]
        step_size = (lr / (1 - betas[0] ** count)).to(gradient)
        correction = torch.sqrt(1 - betas[1] ** count).to(gradient)
        self.rows_NE[rows] -= step_size * first / (second.sqrt() / correction + eps)
        self.first_NE[rows], self.second_NE[rows], self.steps_N[rows] = first, second, steps

    def tensors(self) -> dict[str, Tensor]:
        """Return all state by name."""
        return {"rows": self.rows_NE, "first": self.first_NE, "second": self.second_NE, "steps": self.steps_N}
