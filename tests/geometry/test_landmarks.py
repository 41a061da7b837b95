"""The bundled face model is the one that was checked, and its tables fit together."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from animato.errors import MissingPartError
from animato.geometry import landmarks as topology
from animato.geometry.landmarks import (
    ASSET,
    ASSET_SHA256,
    BLENDSHAPE_POINTS,
    BLENDSHAPES,
    EYE_LEFT,
    EYE_RIGHT,
    IRIS_LEFT,
    IRIS_RIGHT,
    LIP_PAIRS,
    LIPS_INNER,
    LIPS_OUTER,
    OVAL,
    canonical_face,
    read_asset,
)
from animato.geometry.visibility import mesh_edges
from animato.types import Face


def test_the_bundled_model_is_the_checked_one() -> None:
    assert hashlib.sha256(ASSET.read_bytes()).hexdigest() == ASSET_SHA256


def test_the_canonical_mesh_is_read_whole() -> None:
    face = canonical_face()
    assert face.vertices.shape == (468, 3) and face.triangles.shape == (898, 3)
    assert np.array_equal(np.unique(face.triangles), np.arange(468))
    assert face.rigid.shape == face.rigid_weights.shape == (33,)
    assert face.rigid_weights.min() > 0
    assert 14 < np.ptp(face.vertices[:, 0]) < 17  # a face is about fifteen centimetres wide


def test_the_canonical_face_looks_at_the_camera_upright() -> None:
    vertices = canonical_face().vertices
    assert vertices[topology.FOREHEAD, 1] < vertices[topology.NOSE_TIP, 1] < vertices[topology.CHIN, 1]
    assert vertices[topology.NOSE_TIP, 2] < vertices[list(OVAL), 2].min()  # nearer than everything at the rim
    assert vertices[topology.EYE_CORNERS[0], 0] < 0 < vertices[topology.EYE_CORNERS[1], 0]


def test_rings_run_along_edges_of_the_mesh() -> None:
    edges = {tuple(sorted(edge)) for edge in mesh_edges().tolist()}
    for ring in (OVAL, LIPS_OUTER, LIPS_INNER, EYE_LEFT, EYE_RIGHT):
        assert len(set(ring)) == len(ring)
        for a, b in zip(ring, ring[1:] + ring[:1], strict=True):
            assert tuple(sorted((a, b))) in edges


def test_lip_pairs_lie_one_above_the_other() -> None:
    vertices = canonical_face().vertices
    upper, lower = np.array(LIP_PAIRS).T
    assert (vertices[upper, 1] < vertices[lower, 1]).all()
    assert np.abs(vertices[upper, 0] - vertices[lower, 0]).max() < 0.3


def test_irises_lie_in_their_own_eyes(portrait_face: Face) -> None:
    points = portrait_face.points
    for ring, iris in ((EYE_LEFT, IRIS_LEFT), (EYE_RIGHT, IRIS_RIGHT)):
        low, high = points[list(ring), :2].min(axis=0), points[list(ring), :2].max(axis=0)
        assert ((points[iris[0], :2] > low) & (points[iris[0], :2] < high)).all()


def test_the_expression_network_gets_its_146_points_and_names_52_scores() -> None:
    assert len(BLENDSHAPE_POINTS) == len(set(BLENDSHAPE_POINTS)) == 146
    assert len(BLENDSHAPES) == len(set(BLENDSHAPES)) == 52


def test_a_missing_model_says_how_to_get_it_back(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for broken in (b"", b"not an archive"):
        path = tmp_path / "face_landmarker.task"
        path.write_bytes(broken)
        monkeypatch.setattr(topology, "ASSET", path)
        with pytest.raises(MissingPartError, match="missing or damaged") as caught:
            read_asset("face_detector.tflite")
        assert caught.value.hint == "pip install --force-reinstall animato" and caught.value.exit_code == 4
