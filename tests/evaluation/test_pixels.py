from __future__ import annotations

import numpy as np
import pytest

from animato.evaluation.metrics import make
from animato.evaluation.metrics.pixels import l1, psnr, ssim, ssim_map
from animato.geometry.landmarks import LIPS_INNER

from .conftest import drawn_points, noise, scored


def test_psnr_of_a_constant_error_is_the_formula() -> None:
    truth = np.full((64, 64, 3), 100, np.uint8)
    assert psnr(truth + 5, truth) == pytest.approx(20 * np.log10(255 / 5))


def test_psnr_of_known_noise_is_its_level() -> None:
    truth = np.full((256, 256, 3), 128, np.uint8)
    noisy = np.round(truth + np.random.default_rng(0).normal(0, 8, truth.shape)).astype(np.uint8)
    assert psnr(noisy, truth) == pytest.approx(20 * np.log10(255 / 8), abs=0.05)


def test_equal_pictures_have_the_capped_psnr_and_full_similarity() -> None:
    picture = noise(1)
    assert psnr(picture, picture) == 100.0
    assert ssim(picture, picture) == pytest.approx(1.0)
    assert l1(picture, picture) == 0.0


def test_l1_is_symmetric_and_in_units_of_white() -> None:
    black, white = np.zeros((8, 8, 3), np.uint8), np.full((8, 8, 3), 255, np.uint8)
    assert l1(black, white) == l1(white, black) == 1.0


@pytest.mark.parametrize("strength", [3, 20, 80])
def test_ssim_equals_the_reference_implementation(strength: int, astronaut: np.ndarray) -> None:
    metrics = pytest.importorskip("skimage.metrics")
    truth = astronaut[:200, 100:300]
    rough = np.random.default_rng(strength).normal(0, strength, truth.shape)
    output = np.clip(truth + rough, 0, 255).astype(np.uint8)
    wanted = metrics.structural_similarity(
        output, truth, channel_axis=2, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255
    )
    assert ssim(output, truth) == pytest.approx(wanted, abs=1e-6)


def test_ssim_equals_the_formula_written_out_at_one_pixel() -> None:
    a, b = noise(2, 32), noise(3, 32)
    place = np.arange(-5, 6)
    window = np.exp(-(place[:, None] ** 2 + place[None] ** 2) / (2 * 1.5**2))
    window /= window.sum()
    values = []
    for channel in range(3):
        x, y = (p[11:22, 9:20, channel].astype(float) for p in (a, b))
        mx, my = (window * x).sum(), (window * y).sum()
        vx, vy = (window * (x - mx) ** 2).sum(), (window * (y - my) ** 2).sum()
        cov = (window * (x - mx) * (y - my)).sum()
        c1, c2 = 2.55**2, 7.65**2
        values.append((2 * mx * my + c1) * (2 * cov + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2)))
    assert ssim_map(a, b)[16, 14] == pytest.approx(np.mean(values), abs=1e-5)


@pytest.mark.parametrize("name", ["l1-face", "psnr-face", "l1-mouth", "l1-eyes"])
def test_a_regional_metric_does_not_see_the_rest(name: str) -> None:
    truth = noise(4)
    output = truth.copy()
    output[:40] = 0  # above the face
    metric = make(name)
    points = drawn_points()
    points[list(LIPS_INNER), 1] += np.where(np.arange(20) < 10, -6, 6)  # open the mouth
    metric.add(scored(output, truth, true_points=points))
    assert metric.value() == (100.0 if name == "psnr-face" else 0.0)


def test_the_mouth_metric_sees_the_inside_of_the_mouth_only() -> None:
    points = drawn_points()
    points[list(LIPS_INNER), 1] += np.where(np.arange(20) < 10, -6, 6)
    truth = np.full((256, 256, 3), 50, np.uint8)
    x, y = points[[13, 14], :2].mean(axis=0).astype(int)
    output = truth.copy()
    output[y - 30 : y + 30, x - 60 : x + 60] = 101
    metric = make("l1-mouth")
    metric.add(scored(output, truth, true_points=points))
    assert metric.value() == pytest.approx(51 / 255)


def test_a_closed_mouth_has_no_inside_to_score() -> None:
    points = drawn_points()
    points[list(LIPS_INNER), 1] = points[13, 1]
    metric = make("l1-mouth")
    metric.add(scored(noise(5), noise(6), true_points=points))
    assert metric.value() is None


def test_a_metric_without_frames_has_no_value() -> None:
    assert make("psnr").value() is None
