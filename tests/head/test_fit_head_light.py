"""The script that fits the map from skin to light finds the light that pictures of a turning face were drawn with."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from animato.geometry.landmarks import canonical_face
from animato.geometry.mesh import head_topology
from animato.geometry.pose import rotation_exp
from animato.head.light import FITTED, Skin, harmonics, skin_vertices, vertex_normals

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "fit_head_light.py"


@pytest.fixture(scope="module")
def fit() -> Iterator[ModuleType]:
    spec = importlib.util.spec_from_file_location("fit_head_light", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look themselves up
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def turning(fit: ModuleType, light: np.ndarray, random: np.random.Generator) -> list[object]:
    """Return frames of a face that turns under a light of 8 x 3 coefficients."""
    topology = head_topology()
    still = vertex_normals(canonical_face().vertices, topology.triangles[: topology.face_triangles], topology.outward)
    albedo = random.normal(0, 0.02, (468, 3)) + 5
    frames = []
    for yaw, pitch in ((0, 0), (15, 5), (-15, -5), (30, -8), (-30, 8), (22, 0), (-8, 10)):
        rotation = rotation_exp(np.radians([pitch, yaw, 0.0]))
        normals = still @ rotation.T
        shown = skin_vertices() & (normals[:, 2] < -0.25)
        frames.append(fit.Seen(Skin(albedo + harmonics(normals) @ light, normals, shown), rotation))
    return frames


def test_a_light_that_was_not_seen_is_explained(fit: ModuleType) -> None:
    random = np.random.default_rng(4)
    cases = []
    for number in range(24):
        light = random.normal(0, 1, (8, 1)) * np.array([0.2, 0.2, 0.2] + [0.03] * 5)[:, None] * np.ones(3)
        cases += fit.cases_of(turning(fit, light, random), f"head {number}")
    shares = fit.held_out_shares(cases)
    assert np.median(shares) > 0.8 and (shares < 0).mean() < 0.05


def test_a_mirror_image_turns_the_other_way(fit: ModuleType) -> None:
    frame = turning(fit, np.zeros((8, 3)), np.random.default_rng(1))[1]
    other = fit.mirrored(frame)
    assert np.allclose(other.rotation, rotation_exp(np.radians([5, -15, 0.0])), atol=0.05)
    assert np.allclose(fit.mirrored(other).skin.normals, frame.skin.normals, atol=1e-6)


def test_the_shipped_map_has_the_shape_that_the_head_reads() -> None:
    assert np.load(FITTED).shape == (8, 23) and np.isfinite(np.load(FITTED)).all()
