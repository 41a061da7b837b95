"""The linear basis of expressions and the tables with which `motion.motion_codec` codes one frame.

Fitted by `scripts/fit_motion_basis.py` to tracked faces; the asset holds no person's motion.
"""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from animato.errors import MissingPartError
from animato.geometry.landmarks import POINTS
from animato.motion.entropy import Model

ASSET = Path(__file__).resolve().parents[1] / "assets" / "motion_basis.npz"

POSE_VALUES = 6
APERTURES = 3
SCORES = 52


@dataclass(frozen=True, eq=False)
class MotionBasis:
    """What sender and receiver of motion share.

    Attributes:
        project: (478 * 3) x K float32; expression, centimetres, to coefficients.
        restore: K x (478 * 3) float32, its inverse on the basis.
        apertures: K x 3 float32, change of the apertures per coefficient.
        scores: (K + 3) x 52 float32, expression scores per coefficient and change of an aperture.
        mean_scores: 52 float32, scores of a face at rest.
        steps: E float64, quantisation step of each coded value: 6 of the pose, K coefficients, 3 apertures, 52 scores.
        models: E models of their quantised values.
        change_models: E models of the changes of these values since the previous frame.
        digest: 4 bytes that tell one basis from another.
    """

    project: NDArray[np.float32]
    restore: NDArray[np.float32]
    apertures: NDArray[np.float32]
    scores: NDArray[np.float32]
    mean_scores: NDArray[np.float32]
    steps: NDArray[np.float64]
    models: tuple[Model, ...]
    change_models: tuple[Model, ...]
    digest: bytes

    @property
    def size(self) -> int:
        """Number of coefficients."""
        return len(self.restore)


@functools.cache
def motion_basis() -> MotionBasis:
    """Return the basis that ships with animato.

    Raises:
        MissingPartError: the file is missing or damaged.
    """
    try:
        content = ASSET.read_bytes()
        with np.load(ASSET, allow_pickle=False) as arrays:
            vectors = arrays["vectors"].astype(np.float32) * arrays["vector_scale"][:, None]
            weights = np.tile(arrays["weights"].astype(np.float32)[:, None], (1, 3))
            weights[:, 2] *= np.float32(arrays["depth_weight"])
            models = _models(arrays["tables"], arrays["table"], arrays["shift"])
            change_models = _models(arrays["tables"], arrays["follower_table"], arrays["follower_shift"])
            basis = MotionBasis(
                project=np.ascontiguousarray((vectors * weights.ravel()).T),
                restore=vectors / weights.ravel(),
                apertures=arrays["apertures"].astype(np.float32),
                scores=arrays["scores"].astype(np.float32),
                mean_scores=arrays["mean_scores"].astype(np.float32),
                steps=arrays["steps"].astype(np.float64),
                models=models,
                change_models=change_models,
                digest=hashlib.sha256(content).digest()[:4],
            )
    except (OSError, KeyError, ValueError) as problem:
        raise MissingPartError(
            "the basis of motion streams is missing or damaged", where=str(ASSET), hint="reinstall animato"
        ) from problem
    count = POSE_VALUES + basis.size + APERTURES + SCORES
    if (
        basis.project.shape != (POINTS * 3, basis.size)
        or not len(models) == len(change_models) == len(basis.steps) == count
    ):
        raise MissingPartError(
            "the basis of motion streams is missing or damaged", where=str(ASSET), hint="reinstall animato"
        )
    return basis


def _models(tables: NDArray[np.uint16], chosen: NDArray[np.uint8], shifts: NDArray[np.uint8]) -> tuple[Model, ...]:
    return tuple(Model.of(tables[table], int(shift)) for table, shift in zip(chosen, shifts, strict=True))
