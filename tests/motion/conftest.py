"""Fixtures of the movement tests."""

from __future__ import annotations

import numpy as np
import pytest
from motion_material import relaxed

from animato.motion.frames import factor
from animato.types import Face


@pytest.fixture(scope="session")
def face_local(portrait_face: Face) -> np.ndarray:
    """The portrait's face in its own frame, 478 x 3, canonical centimetres: a smile that shows teeth."""
    return factor(portrait_face, 0.0).local


@pytest.fixture(scope="session")
def calm_local(face_local: np.ndarray) -> np.ndarray:
    """The same face with its lips closed."""
    return relaxed(face_local)
