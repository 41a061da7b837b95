"""Promises of the tile: the same for ever, and all of it where the design says."""

from __future__ import annotations

import hashlib

import numpy as np

from animato.trust.payload import MarkKind, MarkPayload
from animato.trust.tile import TILE, build_tile, lattice


def test_the_layout_never_changes_between_releases() -> None:
    places = lattice()
    whole = hashlib.sha256()
    for array in (places.pilots, places.data, places.bit_of_dimension):
        whole.update(np.ascontiguousarray(array, dtype="<i8").tobytes())
    whole.update(np.sign(places.flip_of_dimension).astype("<i8").tobytes())
    whole.update(np.rint(np.angle(places.pilot_signs) * 1e6).astype("<i8").tobytes())
    assert whole.hexdigest() == "64950bf18cb9bffbd84e2c1504c8c6e391867209cdd347bbd403ad351494ecf7"


def test_sixty_four_pilots_and_three_hundred_data_frequencies_do_not_overlap() -> None:
    places = lattice()
    assert places.pilots.shape == (64, 2) and places.data.shape == (300, 2)
    every = {tuple(point) for point in np.concatenate([places.pilots, places.data, -places.pilots, -places.data])}
    assert len(every) == 2 * 364


def test_every_coded_bit_is_repeated_at_least_twice() -> None:
    counts = np.bincount(lattice().bit_of_dimension, minlength=210)
    assert counts.sum() == 600 and counts.min() == 2 and counts.max() == 3


def test_a_tile_has_no_mean_unit_size_and_only_periods_of_8_to_28_pixels() -> None:
    tile = build_tile(MarkPayload(1, MarkKind.TEST, 99)).astype(np.float64)
    assert tile.shape == (TILE, TILE)
    assert abs(tile.mean()) < 1e-6 and abs(np.sqrt((tile**2).mean()) - 1) < 1e-5
    power = np.abs(np.fft.fft2(tile)) ** 2
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(TILE), np.fft.fftfreq(TILE)))
    outside = (frequency < 1 / 28 - 1e-9) | (frequency > 1 / 8 + 1e-9)
    assert power[outside].sum() < 1e-6 * power.sum()


def test_two_ids_draw_two_different_tiles() -> None:
    one, other = (build_tile(MarkPayload(1, MarkKind.TEST, number)) for number in (1, 2))
    assert np.corrcoef(one.ravel(), other.ravel())[0, 1] < 0.7
