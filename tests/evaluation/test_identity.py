"""The identity network: read from its own format, computed as a plain twin computes it, and as its makers do."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from animato.errors import FileFormatError, MissingPartError
from animato.evaluation.metrics import make
from animato.evaluation.metrics.identity import ALIGNMENT_POINTS, ALIGNMENT_TEMPLATE, align, chip_from_frame
from animato.geometry.affine import move_points
from animato.tracking.face_finder import FaceFinder

from .conftest import drawn_points, scored

pytest.importorskip("torch")
from animato.evaluation.networks import dlib_face

SHAPES = [(32, 3, 7)]
for width in dlib_face.WIDTHS:
    SHAPES += [(width, SHAPES[-1][0], 3), (width, width, 3)]


def whole(value: int) -> bytes:
    size = max(1, (value.bit_length() + 7) // 8)
    return bytes([size]) + value.to_bytes(size, "little")


def tensor(values: np.ndarray) -> bytes:
    return whole(2) + whole(values.size) + whole(1) * 3 + values.astype("<f4").tobytes()


@pytest.fixture(scope="module")
def made() -> tuple[list[np.ndarray], list[np.ndarray], np.ndarray]:
    """Random parameters of the right shapes, scaled so that no layer dies or explodes."""
    rough = np.random.default_rng(0)
    convs, affines = [], []
    for outputs, inputs, side in SHAPES:
        spread = (2 / (inputs * side * side)) ** 0.5
        convs.append(
            np.concatenate([rough.normal(0, spread, outputs * inputs * side * side), rough.normal(0, 0.1, outputs)])
        )
        affines.append(np.concatenate([rough.uniform(0.3, 0.7, outputs), rough.normal(0, 0.1, outputs)]))
    return (
        [x.astype(np.float32) for x in convs],
        [x.astype(np.float32) for x in affines],
        rough.normal(0, 0.1, (256, 128)).astype(np.float32),
    )


@pytest.fixture(scope="module")
def written(made: tuple[list[np.ndarray], list[np.ndarray], np.ndarray]) -> bytes:
    """The same parameters in the file's own format, with other layers' bytes between them."""
    convs, affines, head = made
    data = bytes([1, 13]) + b"loss_metric_2" + bytes(9)
    for conv, affine in zip(convs, affines, strict=True):
        data += bytes([1, 5]) + b"con_4" + tensor(conv) + whole(3) * 4
        data += bytes([1, 7]) + b"affine_" + tensor(affine) + bytes([1, 6]) + b"relu_1" + bytes(12)
    return data + bytes([1, 4]) + b"fc_2" + whole(128) + whole(256) + tensor(head) + bytes(20)


def plain_embedding(chip: np.ndarray, made: tuple[list[np.ndarray], list[np.ndarray], np.ndarray]) -> np.ndarray:
    """The network in plain numpy: every convolution is a sum over windows."""
    convs, affines, head = made

    def conv(x: np.ndarray, index: int, stride: int) -> np.ndarray:
        outputs, inputs, side = SHAPES[index]
        flat, count = convs[index], outputs * inputs * side * side
        weight = flat[:count].reshape(outputs, inputs, side, side)
        padding = side // 2 if stride == 1 else 0
        x = np.pad(x, ((0, 0), (padding, padding), (padding, padding)))
        windows = sliding_window_view(x, (side, side), axis=(1, 2))[:, ::stride, ::stride]
        y = np.tensordot(weight, windows, axes=([1, 2, 3], [0, 3, 4])) + flat[count:, None, None]
        scale, shift = affines[index][:outputs], affines[index][outputs:]
        return y * scale[:, None, None] + shift[:, None, None]

    def pool(x: np.ndarray, side: int, reduce: str) -> np.ndarray:
        windows = sliding_window_view(x, (side, side), axis=(1, 2))[:, ::2, ::2]
        return getattr(windows, reduce)(axis=(3, 4))

    x = (chip.astype(np.float64).transpose(2, 0, 1) - np.array(dlib_face.MEAN)[:, None, None]) / 256
    x = pool(np.maximum(conv(x, 0, 2), 0), 3, "max")
    for block, _ in enumerate(dlib_face.WIDTHS):
        down = block in dlib_face.DOWN
        y = conv(np.maximum(conv(x, 1 + 2 * block, 2 if down else 1), 0), 2 + 2 * block, 1)
        skip = pool(x, 2, "mean") if down else x
        total = np.zeros((y.shape[0], *(max(a, b) for a, b in zip(y.shape[1:], skip.shape[1:], strict=True))))
        total[: y.shape[0], : y.shape[1], : y.shape[2]] += y
        total[: skip.shape[0], : skip.shape[1], : skip.shape[2]] += skip
        x = np.maximum(total, 0)
    return x.mean(axis=(1, 2)) @ head


def test_every_parameter_is_read_back_bit_for_bit(
    written: bytes, made: tuple[list[np.ndarray], list[np.ndarray], np.ndarray]
) -> None:
    weights = dlib_face.parse(written)
    for (weight, bias), flat in zip(weights.convs, made[0], strict=True):
        np.testing.assert_array_equal(np.concatenate([weight.numpy().ravel(), bias.numpy()]), flat)
    for (scale, shift), flat in zip(weights.affines, made[1], strict=True):
        np.testing.assert_array_equal(np.concatenate([scale.numpy(), shift.numpy()]), flat)
    np.testing.assert_array_equal(weights.head.numpy(), made[2])


def test_the_embedding_equals_the_plain_twin(
    written: bytes, made: tuple[list[np.ndarray], list[np.ndarray], np.ndarray]
) -> None:
    chip = np.random.default_rng(1).integers(0, 256, (150, 150, 3), dtype=np.uint8)
    wanted = plain_embedding(chip, made)
    found = dlib_face.FaceNet(dlib_face.parse(written)).embed(chip[None])[0]
    assert np.abs(wanted).max() > 1e-3
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-4 * np.abs(wanted).max())


@pytest.mark.parametrize("cut", [5, 1000, 400_000])
def test_a_file_cut_short_is_refused_in_words(written: bytes, cut: int) -> None:
    with pytest.raises(FileFormatError, match="identity network"):
        dlib_face.parse(written[:-cut] if cut > 1000 else written[:cut])


def test_alignment_brings_a_turned_and_scaled_face_to_the_same_chip() -> None:
    points = drawn_points()
    turn = np.array([[1.7, -0.6, 40.0], [0.6, 1.7, -15.0]])
    chips = [
        move_points(chip_from_frame(p), p)[list(ALIGNMENT_POINTS), :2] for p in (points, move_points(turn, points))
    ]
    np.testing.assert_allclose(chips[0], chips[1], atol=0.02)
    assert np.abs(chips[0] - ALIGNMENT_TEMPLATE).max() < 12


def test_alignment_is_exact_where_the_face_fits() -> None:
    points = drawn_points()
    back = cv2.invertAffineTransform(np.array([[0.5, 0.1, 20.0], [-0.1, 0.5, 33.0]]))
    points[list(ALIGNMENT_POINTS), :2] = np.array(ALIGNMENT_TEMPLATE) @ back[:, :2].T + back[:, 2]
    moved = move_points(chip_from_frame(points), points)
    np.testing.assert_allclose(moved[list(ALIGNMENT_POINTS), :2], ALIGNMENT_TEMPLATE, atol=1e-3)
    assert align(np.zeros((256, 256, 3), np.uint8), points).shape == (150, 150, 3)


def installed() -> None:
    try:
        dlib_face.load()
    except MissingPartError:
        pytest.skip("the package with the identity network is not installed")


def test_the_real_network_gives_the_numbers_its_makers_library_gives() -> None:
    """dlib 20.0.1: face_recognition_model_v1(path).compute_face_descriptor(default_rng(0).integers(0, 256, ...))."""
    installed()
    chip = np.random.default_rng(0).integers(0, 256, (150, 150, 3), dtype=np.uint8)
    found = dlib_face.embed(chip)
    np.testing.assert_allclose(found[:3], [-0.0921897, 0.08416894, 0.04315767], atol=1e-6)
    assert np.linalg.norm(found) == pytest.approx(1.280806897850697, abs=1e-5)


def test_a_face_is_most_like_itself(astronaut: np.ndarray, finder: FaceFinder) -> None:
    installed()
    frame = np.ascontiguousarray(astronaut[:320, 60:380])
    face = finder.find(frame)[0]
    for name in ("csim", "csim-truth"):
        metric = make(name)
        same = scored(frame, frame, face.points, face.points, size=320)
        metric.add(same)
        assert metric.value() == pytest.approx(1.0, abs=1e-6)
