"""Reductions over channels are numpy's, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest

from animato.geometry.channels import channel_max, channel_sum


@pytest.mark.parametrize("kind", [np.float32, np.float64, np.int16])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_sum_and_maximum_are_those_of_numpy(kind: type, channels: int) -> None:
    picture = (np.random.default_rng(channels).normal(size=(17, 23, channels)) * 100).astype(kind)
    assert np.array_equal(channel_sum(picture), picture.sum(axis=2, dtype=kind))
    assert np.array_equal(channel_max(picture), picture.max(axis=2))
