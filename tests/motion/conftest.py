"""Fixtures of the motion tests."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from motion_material import clip, neutral, relaxed, since

from animato.geometry.pose import rotation_exp
from animato.motion.motion_file import MotionClip, save_motion
from animato.motion.motion_frame import factor
from animato.types import Face


@pytest.fixture(scope="session")
def face_local(portrait_face: Face) -> np.ndarray:
    """Canonical landmarks of the portrait, 478 x 3, centimetres: a smile that shows teeth."""
    return factor(portrait_face, 0.0).local


@pytest.fixture(scope="session")
def calm_local(face_local: np.ndarray) -> np.ndarray:
    """The same face with its lips closed."""
    return relaxed(face_local)


@pytest.fixture(scope="session")
def recorded(calm_local: np.ndarray) -> MotionClip:
    """A short motion of one person, with head rotation."""
    rng = np.random.default_rng(8)
    frames = []
    for number, source in enumerate(clip("talk").frames[:24]):
        motion = since(calm_local, calm_local + source.expression, time=number / 25)
        frames.append(
            replace(
                motion,
                rotation=rotation_exp(rng.normal(size=3) * 0.2),
                translation=rng.normal(size=2),
                scale=float(np.exp(rng.normal() * 0.1)),
                blendshapes=rng.uniform(0, 1, 52).astype(np.float32),
                tracked=number % 7 != 3,
            )
        )
    title = ("A wave", "Somebody, who is owed credit", "CC BY 4.0")
    return MotionClip(*title, Fraction(25), neutral(calm_local), tuple(frames), 0.96)


@pytest.fixture(scope="session")
def saved(recorded: MotionClip, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("motion") / "wave.motion"
    save_motion(path, recorded)
    return path
