"""Gifs look like what was drawn: a palette that follows, a pattern that does not crawl, times that are honoured."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from media_material import Pixels, draw_counter

from animato.media import palette
from animato.media.palette import PaletteMapper
from animato.media.reader import open_video
from animato.media.writer import open_writer


def moving_picture(index: int) -> Pixels:
    """A soft coloured field with a bright disc that wanders over it."""
    y, x = np.mgrid[0:96, 0:128]
    image = np.dstack([60 + x, 40 + 1.5 * y, 160 - x / 2 - y / 4]).astype(np.uint8)
    cv2.circle(image, (30 + 2 * index, 48), 14, (250, 220, 190), -1, cv2.LINE_AA)
    return image


def test_a_gif_looks_like_what_was_drawn(tmp_path: Path) -> None:
    with open_writer(tmp_path / "o.gif", width=128, height=96, fps=Fraction(25)) as writer:
        for index in range(20):
            writer.write(moving_picture(index))
    with open_video(tmp_path / "o.gif") as video:
        for index, frame in enumerate(video):
            blurred = cv2.GaussianBlur(frame.image, (0, 0), 2.0).astype(int)
            assert np.abs(blurred - cv2.GaussianBlur(moving_picture(index), (0, 0), 2.0)).mean() < 2.0


def test_still_parts_of_a_gif_stay_still(tmp_path: Path) -> None:
    with open_writer(tmp_path / "o.gif", width=128, height=96, fps=Fraction(25)) as writer:
        for index in range(20):
            writer.write(moving_picture(index))
    with open_video(tmp_path / "o.gif") as video:
        corners = [frame.image[:20] for frame in video]
    assert all(np.array_equal(corner, corners[0]) for corner in corners)


def test_a_new_scene_gets_a_new_palette() -> None:
    mapper = PaletteMapper(0.0)
    warm = moving_picture(0)
    mapper(warm)
    before = mapper.palette.copy()
    mapper(moving_picture(3))
    assert np.array_equal(mapper.palette, before)
    cold = warm[..., ::-1].copy()
    indices = mapper(cold)
    assert not np.array_equal(mapper.palette, before)
    assert np.abs(mapper.palette[indices].astype(int) - cold).mean() < 5


def test_a_small_coloured_part_before_a_large_backdrop_keeps_its_shades(monkeypatch: pytest.MonkeyPatch) -> None:
    noise = np.random.default_rng(4).normal(0, 9, (200, 200, 3))
    image = np.clip(np.array([30, 120, 160]) + noise, 0, 255).astype(np.uint8)
    y, x = np.mgrid[0:16, 0:24]
    lips = np.dstack([120 + 4 * x, 40 + 4 * y + 2 * x, 60 + 3 * x + 2 * y]).astype(np.uint8)
    image[90:106, 90:114] = lips

    def error() -> float:
        mapper = PaletteMapper(0.0)
        indices = mapper(image)
        return float(np.abs(mapper.palette[indices][90:106, 90:114].astype(int) - lips).mean())

    balanced = error()
    monkeypatch.setattr(palette, "_balanced_sample", lambda frame: frame.reshape(-1, 3))
    assert balanced < 0.8 * error()


def test_the_palette_table_agrees_with_a_search_for_the_nearest_colour() -> None:
    mapper = PaletteMapper(0.0)
    image = moving_picture(0)
    indices = mapper(image)
    flat = image.reshape(-1, 3)[::97].astype(int)
    chosen = mapper.palette[indices.reshape(-1)[::97]].astype(int)
    best = np.linalg.norm(mapper.palette.astype(int)[None] - flat[:, None], axis=2).min(axis=1)
    found = np.linalg.norm(chosen - flat, axis=1)
    assert np.all(found <= best + 2 * np.sqrt(12))  # a table cell is 4 levels wide: its corners lie sqrt(12) off
    assert (found - best).mean() < 0.5


def test_a_fast_gif_is_thinned_to_what_gif_can_show(tmp_path: Path) -> None:
    with open_writer(tmp_path / "o.gif", width=64, height=48, fps=Fraction(60), duration=30.0) as writer:
        for index in range(60):
            writer.write(draw_counter(index))
    assert any("50 frames" in said for said in writer.warnings)
    assert any("large" in said for said in writer.warnings)
    with open_video(tmp_path / "o.gif") as video:
        times = [frame.time for frame in video]
    assert min(np.diff(times)) >= 0.0199
    assert times[-1] == pytest.approx(59 / 60, abs=0.03)
