"""The landmark network rebuilt for gradients sees what the one that tracks faces sees."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from animato.geometry.landmarks import read_asset
from animato.models.landmark_features import LEVELS, LandmarkFeatures
from animato.runtime.openvino_library import import_openvino, read_model


@pytest.fixture(scope="module")
def rebuilt() -> LandmarkFeatures:
    return LandmarkFeatures()


def test_its_maps_are_those_inside_the_network_that_tracks(rebuilt: LandmarkFeatures) -> None:
    openvino = import_openvino()
    picture = np.random.default_rng(1).random((1, 256, 256, 3)).astype(np.float32)
    with read_model(read_asset("face_landmarks_detector.tflite")) as (_, network):
        pools = [op.input_value(0) for op in network.get_ordered_ops() if op.get_type_name() == "MaxPool"]
        part = openvino.Model(pools[:LEVELS], network.get_parameters())
        compiled = openvino.Core().compile_model(part, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    wanted = compiled(picture)
    found = rebuilt(torch.from_numpy(picture).permute(0, 3, 1, 2) * 2 - 1)
    assert [map_.shape[-1] for map_ in found] == [128, 64, 32, 16]
    for level, features in enumerate(found):
        assert np.allclose(features.numpy(), wanted[level], atol=1e-4)


def test_gradients_reach_the_picture_and_nothing_else(rebuilt: LandmarkFeatures) -> None:
    picture = (torch.rand(2, 3, 48, 48) * 2 - 1).requires_grad_(True)
    torch.autograd.backward(torch.stack([features.mean() for features in rebuilt(picture)]).sum())
    assert picture.grad is not None and float(picture.grad.abs().max()) > 0
    assert not any(number.requires_grad for number in rebuilt.parameters())
