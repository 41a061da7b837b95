"""Networks of the content loss: what they are fed, what they return, what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from animato.errors import FileFormatError, UsageError
from animato.models.features import VGG_LAYERS, VGG_MEANS_BGR, lite0_path, load_lite0, load_vgg
from animato.settings.training import LITE0_CONTENT, WEIGHTINGS, recipe_settings


def vgg_arrays(name: str) -> dict[str, np.ndarray]:
    widths, arrays, inputs = {"1": 64, "2": 128, "3": 256, "4": 512, "5": 512}, {}, 3
    random = np.random.default_rng(3)
    for label in VGG_LAYERS[name]:
        outputs = widths[label[0]]
        arrays[f"conv{label}.weight"] = random.normal(0, 0.02, (outputs, inputs, 3, 3)).astype(np.float32)
        arrays[f"conv{label}.bias"] = random.normal(0, 0.1, outputs).astype(np.float32)
        inputs = outputs
    return arrays


@pytest.mark.parametrize("name", sorted(VGG_LAYERS))
def test_vgg_sees_bgr_minus_mean_and_returns_every_relu(name: str) -> None:
    arrays = vgg_arrays(name)
    net = load_vgg({"net": name}, arrays, name, "file")
    picture = torch.rand(1, 3, 32, 32) * 2 - 1
    features = net(picture)
    assert len(features) == 13
    assert [f.shape[2] for f in features] == sorted((f.shape[2] for f in features), reverse=True)
    bgr = (picture[:, [2, 1, 0]] + 1) * 127.5 - torch.tensor(VGG_MEANS_BGR[name]).view(1, 3, 1, 1)
    weight, bias = torch.from_numpy(arrays["conv1_1.weight"]), torch.from_numpy(arrays["conv1_1.bias"])
    assert torch.allclose(features[0], F.relu(F.conv2d(bgr, weight, bias, padding=1)), atol=1e-3)
    assert not any(parameter.requires_grad for parameter in net.parameters())


def test_weights_of_another_network_or_of_no_said_network_are_refused() -> None:
    arrays = vgg_arrays("vgg19-caffe")
    with pytest.raises(FileFormatError, match="is not marked as"):
        load_vgg({}, arrays, "vgg19-caffe", "file")
    with pytest.raises(FileFormatError, match="is not marked as"):
        load_vgg({"net": "vgg19-caffe"}, arrays, "vggface-caffe", "file")
    del arrays["conv3_4.bias"]
    with pytest.raises(FileFormatError, match=r"conv3_4\.bias in file is missing"):
        load_vgg({"net": "vgg19-caffe"}, arrays, "vgg19-caffe", "file")


@pytest.mark.skipif(lite0_path() is None, reason="the package with EfficientNet-Lite0's weights is not installed")
def test_lite0_with_folded_norms_equals_the_stem_written_out() -> None:
    path = lite0_path()
    assert path is not None
    stored = torch.load(path, map_location="cpu", weights_only=True)
    picture = torch.rand(1, 3, 64, 64) * 2 - 1
    net = load_lite0()
    features = net(picture)
    assert [tuple(f.shape[1:]) for f in features] == [(32, 32, 32), (16, 32, 32), (24, 16, 16), (40, 8, 8), (80, 4, 4)]
    x = F.conv2d(F.pad(picture, (0, 1, 0, 1)), stored["_conv_stem.weight"], stride=2)
    norm = [stored[f"_bn0.{part}"] for part in ("running_mean", "running_var", "weight", "bias")]
    slow = F.relu6(F.batch_norm(x, *norm, training=False, eps=1e-3))
    assert torch.allclose(features[0], slow, atol=1e-4)


def test_both_published_weightings_are_recipes() -> None:
    v1, v2 = WEIGHTINGS["v1"], WEIGHTINGS["v2"]
    assert (v1.content, v1.face, v1.features, v1.match) == (1e-2, 2e-3, 10.0, 80.0)
    assert (v2.content, v2.face, v2.features, v2.match) == (1.5e-1, 2.5e-2, 10.0, 10.0)
    assert set(LITE0_CONTENT) == set(WEIGHTINGS)
    paper = recipe_settings("paper")
    assert (paper.lr_drawer, paper.lr_critic, paper.beta1, paper.critic_steps) == (5e-5, 2e-4, 0.0, 2)
    assert (paper.photos_low, paper.photos_high, paper.average) == (1, 8, 0.999)


def test_settings_refuse_what_cannot_be() -> None:
    for changes, word in (
        ({"photos_low": 9}, "photos_low"),
        ({"content": "vgg"}, "vgg19"),
        ({"size": 1000}, "size"),
        ({"weighting": "v3"}, "weighting"),
        ({"lr": 1.0}, "unknown setting"),
    ):
        with pytest.raises(UsageError, match=word):
            recipe_settings("tiny", changes)
    with pytest.raises(UsageError, match="recipe"):
        recipe_settings("huge")
