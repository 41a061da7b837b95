"""Fetching pixels: nothing changes at rest, and between pixels it is nearer to an exact shift than bicubic is."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import skimage.data

from animato.geometry.resample import UPSAMPLING, UpsampledImage, identity_flow
from animato.types import Frame

SIZE = 256


@pytest.fixture(scope="module")
def picture() -> Frame:
    return np.ascontiguousarray(skimage.data.astronaut()[20 : 20 + SIZE, 100 : 100 + SIZE])


def test_at_rest_nothing_changes(picture: Frame) -> None:
    x, y = UPSAMPLING * identity_flow(SIZE, SIZE)
    assert np.array_equal(UpsampledImage(picture).sample(x, y), picture)


def test_between_pixels_it_is_nearer_to_an_exact_shift_than_bicubic(picture: Frame) -> None:
    frequency, inside = np.fft.fftfreq(SIZE), slice(12, -12)
    errors = []
    for right, down in ((0.25, 0.25), (0.5, 0.5), (0.25, 0.0), (0.13, 0.4)):
        turn = np.exp(2j * np.pi * (frequency[None, :, None] * right + frequency[:, None, None] * down))
        exact = np.real(np.fft.ifft2(np.fft.fft2(picture.astype(float), axes=(0, 1)) * turn, axes=(0, 1)))
        x, y = identity_flow(SIZE, SIZE) + np.array([right, down], np.float32)[:, None, None]
        fetched = UpsampledImage(picture).sample(UPSAMPLING * x, UPSAMPLING * y)
        bicubic = cv2.remap(picture, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        errors.append([np.abs(made.astype(float) - exact)[inside, inside].mean() for made in (fetched, bicubic)])
    mine, theirs = np.mean(errors, axis=0)
    assert mine < theirs


def test_beyond_the_border_the_last_pixels_repeat(picture: Frame) -> None:
    x, y = UPSAMPLING * (identity_flow(SIZE, SIZE) + np.array([SIZE, 0], np.float32)[:, None, None])
    made = UpsampledImage(picture).sample(x, y)
    assert np.array_equal(made, np.repeat(made[:, :1], SIZE, axis=1))
    assert np.abs(made[:, 0].astype(int) - picture[:, -1]).mean() < 3
