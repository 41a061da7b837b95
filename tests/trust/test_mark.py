"""Promises of writing the mark: small, luma only, quick, and the same on both paths."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from gallery_faces import PHOTOS, gallery_photo
from numpy.typing import NDArray
from trust_material import psnr, read_clip

from animato.errors import PictureError, UsageError
from animato.trust.payload import MarkPayload
from animato.trust.tile import build_tile
from animato.trust.watermark import VIDEO_RANGE, Marker, gain_map
from animato.types import Frame


def slow_mark(frame: Frame, payload: MarkPayload, offset: tuple[int, int], strength: float) -> NDArray[np.float64]:
    """The same in plain floating point: frame + gain x tile, clipped; the obvious twin of the fast path."""
    height, width = frame.shape[:2]
    tile = build_tile(payload)
    rows, columns = np.arange(height) + offset[1], np.arange(width) + offset[0]
    pattern = tile[rows % 128][:, columns % 128].astype(np.float64) * strength
    half = cv2.resize(frame, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    small = cv2.resize(half, (width // 4, height // 4), interpolation=cv2.INTER_AREA)
    gain = cv2.resize(gain_map(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)), (width, height))
    return np.clip(frame + np.rint(pattern * gain)[..., None], 0, 255)


def test_the_fast_path_agrees_with_the_obvious_one(portrait: Frame, payload: MarkPayload) -> None:
    marker = Marker(payload, seed=4)
    offset = tuple(int(v) for v in np.random.default_rng(4).integers(0, 128, 2))
    slow = slow_mark(portrait, payload, (offset[0], offset[1]), 1.4)
    difference = np.abs(marker.embed(portrait).astype(np.float64) - slow)
    assert difference.max() <= 1 and (difference > 0).mean() < 0.001


def test_a_marked_real_face_stays_within_44_decibels(shared_data: Path, payload: MarkPayload) -> None:
    values = []
    for name in ("g05_01", "g09_01", "g12_01", "g16_01"):
        frame = read_clip(shared_data / "talking" / f"{name}.mp4", 1)[0]
        values.append(psnr(frame, Marker(payload, seed=1).embed(frame)))
    assert 43.0 < np.mean(values) < 46.0
    assert min(values) > 42.0


def test_marked_people_of_the_gallery_stay_within_44_decibels(payload: MarkPayload) -> None:
    values = []
    for sheet in PHOTOS:
        frame = gallery_photo(sheet, 2.1)
        values.append(psnr(frame, Marker(payload, seed=1).embed(frame)))
    assert 43.0 < np.mean(values) < 46.0
    assert min(values) > 42.0


def test_no_frame_falls_below_42_decibels_whatever_it_shows(payload: MarkPayload) -> None:
    rng = np.random.default_rng(5)
    grain = rng.integers(0, 256, (512, 512, 3)).astype(np.uint8)
    coarse = cv2.resize(rng.integers(0, 256, (64, 64, 3)).astype(np.uint8), (512, 512), interpolation=cv2.INTER_CUBIC)
    for seed in range(3):
        for frame in (grain, coarse):
            assert psnr(frame, Marker(payload, seed=seed).embed(frame)) >= 42.0


def test_smooth_dark_areas_are_marked_less_than_grey_ones() -> None:
    levels = [float(gain_map(np.full((64, 64), level, dtype=np.uint8)).max()) for level in (20, 120)]
    assert levels[0] < levels[1]


def test_all_three_channels_move_by_the_same_amount(payload: MarkPayload, portrait: Frame) -> None:
    calm = (portrait // 2 + 64).astype(np.uint8)
    change = Marker(payload, seed=2).embed(calm).astype(int) - calm
    assert np.array_equal(change[..., 0], change[..., 1]) and np.array_equal(change[..., 0], change[..., 2])
    assert change.any()


def test_the_luma_path_and_the_rgb_path_agree_within_one_level(payload: MarkPayload, portrait: Frame) -> None:
    calm = (portrait // 2 + 64).astype(np.uint8)
    marker = Marker(payload, seed=2)
    by_rgb = cv2.cvtColor(marker.embed(calm), cv2.COLOR_RGB2GRAY).astype(int)
    by_luma = marker.embed_luma(cv2.cvtColor(calm, cv2.COLOR_RGB2GRAY)).astype(int)
    assert np.abs(by_rgb - by_luma).max() <= 1


def test_a_video_range_plane_is_changed_in_its_own_range(payload: MarkPayload, portrait: Frame) -> None:
    full = cv2.cvtColor((portrait // 2 + 64).astype(np.uint8), cv2.COLOR_RGB2GRAY)
    narrow = np.rint(16 + full * VIDEO_RANGE).astype(np.uint8)
    marker = Marker(payload, strength=3.0, seed=2)
    wide_change = marker.embed_luma(full).astype(float) - full
    narrow_change = marker.embed_luma(narrow, video_range=True).astype(float) - narrow
    # Rounding of the narrow plane moves the activity, and with it the gain.
    assert np.abs(narrow_change - wide_change * VIDEO_RANGE).max() <= 3
    assert abs(narrow_change.std() / wide_change.std() - VIDEO_RANGE) < 0.02


@pytest.mark.parametrize("level", [0, 1, 128, 254, 255])
def test_flat_frames_stay_in_range_and_nearly_flat(payload: MarkPayload, level: int) -> None:
    frame = np.full((96, 130, 3), level, dtype=np.uint8)
    marked = Marker(payload, seed=1).embed(frame)
    assert marked.shape == frame.shape and marked.dtype == np.uint8
    assert np.abs(marked.astype(int) - level).max() <= 4


@pytest.mark.parametrize("size", [(1, 1), (3, 7), (17, 129), (127, 128), (511, 333), (721, 900), (1081, 1919)])
def test_frames_of_any_size_can_be_marked(payload: MarkPayload, size: tuple[int, int]) -> None:
    frame = np.full((*size, 3), 120, dtype=np.uint8)
    marker = Marker(payload, seed=1)
    assert marker.embed(frame).shape == frame.shape
    assert marker.embed_luma(frame[..., 0].copy()).shape == size


def test_the_input_frame_is_left_alone(payload: MarkPayload, portrait: Frame) -> None:
    before = portrait.copy()
    Marker(payload, seed=1).embed(portrait)
    assert np.array_equal(portrait, before)


def test_each_output_gets_its_own_place_for_the_tile(payload: MarkPayload, portrait: Frame) -> None:
    assert not np.array_equal(Marker(payload).embed(portrait), Marker(payload).embed(portrait))
    assert np.array_equal(Marker(payload, seed=9).embed(portrait), Marker(payload, seed=9).embed(portrait))


def test_skin_and_walls_are_marked_less_than_hair_and_bright_walls_least() -> None:
    flat_grey = np.full((64, 64), 120, dtype=np.uint8)
    flat_bright = np.full((64, 64), 230, dtype=np.uint8)
    rough = np.random.default_rng(0).integers(60, 180, (64, 64)).astype(np.uint8)
    assert gain_map(flat_bright).max() < gain_map(flat_grey).max() < 0.6 < 1.35 < gain_map(rough).mean()


def test_a_wall_beside_a_head_stays_as_calm_as_a_wall() -> None:
    scene = np.full((64, 64), 120, dtype=np.uint8)
    scene[:, 32:] = np.random.default_rng(0).integers(20, 180, (64, 32))
    gain = gain_map(scene)
    assert np.allclose(gain[:, :28], gain[0, 0], atol=0.05) and gain[:, 40:60].mean() > 1.35


@pytest.mark.parametrize("shape, kind", [((8, 8), np.uint8), ((8, 8, 4), np.uint8), ((8, 8, 3), np.float32)])
def test_arrays_that_are_no_frames_are_refused(payload: MarkPayload, shape: tuple[int, ...], kind: type) -> None:
    with pytest.raises(PictureError):
        Marker(payload).embed(np.zeros(shape, dtype=kind))


def test_a_strength_out_of_range_is_refused(payload: MarkPayload) -> None:
    with pytest.raises(UsageError):
        Marker(payload, strength=0.1)
