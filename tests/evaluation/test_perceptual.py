from __future__ import annotations

import cv2
import numpy as np
import pytest

from animato.errors import MissingPartError
from animato.evaluation.metrics import METRICS, make
from animato.evaluation.metrics.perceptual import distance, face_box

from .conftest import scored

pytest.importorskip("torch")
from animato.evaluation.networks import efficientnet_lite


@pytest.fixture
def net() -> efficientnet_lite.EfficientNetLite:
    try:
        return efficientnet_lite.load()
    except MissingPartError:
        pytest.skip("the package with the perceptual network is not installed")


def test_the_distance_of_equal_features_is_zero_and_of_opposite_ones_four() -> None:
    maps = [np.random.default_rng(0).normal(0, 1, (7, 5, 5)).astype(np.float32)]
    assert distance(maps, maps) == 0.0
    assert distance(maps, [-maps[0]]) == pytest.approx(4.0, rel=1e-5)


def test_the_strength_of_a_feature_vector_does_not_count() -> None:
    maps = [np.random.default_rng(0).normal(0, 1, (7, 5, 5)).astype(np.float32)]
    assert distance(maps, [3 * maps[0]]) == pytest.approx(0.0, abs=1e-9)


def test_the_network_knows_a_cat(net: efficientnet_lite.EfficientNetLite) -> None:
    data = pytest.importorskip("skimage.data")
    cat = cv2.resize(data.chelsea()[:, 60:360], (260, 260), interpolation=cv2.INTER_AREA)
    *maps, pooled = net.features(efficientnet_lite.normalised(cat))
    assert [item.shape[2] for item in maps] == [130, 65, 33, 17, 9]
    scores = net._weights["_fc.weight"] @ pooled[0] + net._weights["_fc.bias"]
    assert int(scores.argmax()) in range(281, 287)  # the five domestic cats of ImageNet
    assert float(scores.softmax(0).max()) > 0.5


def test_more_blur_is_farther(net: efficientnet_lite.EfficientNetLite, astronaut: np.ndarray) -> None:
    truth = np.ascontiguousarray(astronaut[:256, 100:356])
    values = []
    for sigma in (0.5, 1.5, 4.0):
        metric = make("perceptual")
        metric.add(scored(cv2.GaussianBlur(truth, (0, 0), sigma), truth))
        values.append(metric.value() or 0.0)
    assert 0 < values[0] < values[1] < values[2]


def test_equal_pictures_have_no_distance_and_each_counts_once(net: efficientnet_lite.EfficientNetLite) -> None:
    perceptual, frechet = make("perceptual"), make("frechet")
    for seed in range(3):
        picture = np.random.default_rng(seed).integers(0, 256, (64, 64, 3), dtype=np.uint8)
        for metric in (perceptual, frechet):
            metric.add(scored(picture, picture, size=64))
    assert perceptual.value() == 0.0
    assert getattr(frechet, "count", 0) == 3
    assert frechet.value() is None, "too few pictures for a covariance"


def test_no_metric_uses_a_network_of_the_losses() -> None:
    nets = {item.info.net for item in METRICS.values() if item.info.net}
    assert nets == {"efficientnet-lite2", "dlib-face-resnet-v1"}


def test_the_face_s_distance_does_not_see_what_lies_around_the_face(
    net: efficientnet_lite.EfficientNetLite, astronaut: np.ndarray
) -> None:
    truth = np.ascontiguousarray(astronaut[:256, 100:356])
    mask = np.zeros((256, 256), bool)
    mask[60:160, 80:160] = True
    assert face_box(truth, mask).shape == (224, 224, 3)
    other = truth.copy()
    other[200:] = 0
    np.testing.assert_array_equal(face_box(truth, mask), face_box(other, mask))
    other[100:120, 100:120] = 0
    assert (face_box(truth, mask) != face_box(other, mask)).any()


def test_inside_the_outline_only_the_face_counts(
    net: efficientnet_lite.EfficientNetLite, astronaut: np.ndarray
) -> None:
    truth = np.ascontiguousarray(astronaut[:256, 100:356])
    face = scored(truth, truth).reference.regions.face
    assert face is not None
    around = cv2.erode((~face).astype(np.uint8), np.ones((25, 25), np.uint8)) > 0
    blurred, values = cv2.GaussianBlur(truth, (0, 0), 4), {}
    for place, where in {"around": around, "face": face}.items():
        other = np.where(where[..., None], blurred, truth)
        for name in ("perceptual-face", "perceptual-oval"):
            metric = make(name)
            metric.add(scored(other, truth))
            values[place, name] = metric.value() or 0.0
    assert values["around", "perceptual-oval"] < 0.5 * values["around", "perceptual-face"]
    assert values["face", "perceptual-oval"] > values["face", "perceptual-face"] > 0


def test_places_that_do_not_count_change_nothing() -> None:
    random = np.random.default_rng(0)
    a, b = (random.normal(0, 1, (7, 6, 6)).astype(np.float32) for _ in range(2))
    where = np.zeros((12, 12), np.float32)
    where[:, :6] = 1
    whole = distance([a], [b], where)
    b[:, :, 3:] = a[:, :, 3:]
    assert distance([a], [b], where) == pytest.approx(whole) == pytest.approx(2 * distance([a], [b]))
