from __future__ import annotations

import numpy as np
import pytest

from animato.evaluation.metrics.frechet import Gaussian, frechet


def gaussian(vectors: np.ndarray) -> Gaussian:
    result = Gaussian(vectors.shape[1])
    for vector in vectors:
        result.add(vector)
    return result


def test_running_mean_and_covariance_equal_those_of_all_vectors_at_once() -> None:
    vectors = np.random.default_rng(0).normal(1000, 2, (40, 6)).astype(np.float32)
    found = gaussian(vectors)
    np.testing.assert_allclose(found.mean(), vectors.astype(np.float64).mean(axis=0), rtol=1e-9)
    np.testing.assert_allclose(found.covariance(), np.cov(vectors.astype(np.float64).T), rtol=1e-6, atol=1e-8)


def test_equal_sets_have_distance_zero_even_with_fewer_vectors_than_dimensions() -> None:
    vectors = np.random.default_rng(1).normal(0, 1, (20, 50))
    assert frechet(gaussian(vectors), gaussian(vectors)) == pytest.approx(0.0, abs=1e-6)


def test_a_shift_costs_its_squared_length() -> None:
    vectors = np.random.default_rng(2).normal(0, 1, (60, 4))
    assert frechet(gaussian(vectors), gaussian(vectors + np.array([3, 0, 4, 0]))) == pytest.approx(25.0, abs=1e-6)


def test_scaling_costs_what_the_formula_says_for_commuting_covariances() -> None:
    vectors = np.random.default_rng(3).normal(0, 1, (80, 5))
    vectors -= vectors.mean(axis=0)
    # C2 = 4 C1 commutes with C1, so the distance is trace((2 - 1)^2 C1).
    assert frechet(gaussian(vectors), gaussian(2 * vectors)) == pytest.approx(np.trace(np.cov(vectors.T)), rel=1e-6)


def test_it_equals_the_definition_with_a_matrix_square_root() -> None:
    linalg = pytest.importorskip("scipy.linalg")
    rough = np.random.default_rng(4)
    a = rough.normal(0, 1, (200, 6)) @ rough.normal(0, 1, (6, 6))
    b = rough.normal(0.3, 1, (200, 6)) @ rough.normal(0, 1, (6, 6))
    first, second = np.cov(a.T), np.cov(b.T)
    gap = a.mean(axis=0) - b.mean(axis=0)
    wanted = gap @ gap + np.trace(first + second - 2 * linalg.sqrtm(first @ second).real)
    assert frechet(gaussian(a), gaussian(b)) == pytest.approx(wanted, rel=1e-6)
