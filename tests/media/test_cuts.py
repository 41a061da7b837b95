"""Cuts are told from movement, flicker and freezes."""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np

from animato.media.cuts import CutDetector
from animato.types import Frame


def cuts(frames: Iterable[Frame]) -> list[int]:
    """Numbers of the frames before which a cut lies."""
    detector = CutDetector()
    return [number for number, frame in enumerate(frames) if detector.is_cut(frame)]


def panned(portrait: Frame, right: float, zoom: float = 1.0) -> Frame:
    affine = np.array([[zoom, 0, right], [0, zoom, 0.3 * right]])
    return np.asarray(cv2.warpAffine(portrait, affine, (512, 512), borderMode=cv2.BORDER_REFLECT), np.uint8)


def test_another_scene_and_another_framing_are_cuts(portrait: Frame) -> None:
    steady = [portrait] * 6
    closer = [panned(portrait, -60, 1.4)] * 6
    other = [np.ascontiguousarray(portrait[:, ::-1])] * 6
    assert cuts([*steady, *closer, *other]) == [6, 12]


def test_a_cut_among_moving_frames_is_found(portrait: Frame) -> None:
    moving = [panned(portrait, 4.0 * step) for step in range(10)]
    other = [panned(np.ascontiguousarray(portrait[::-1]), 4.0 * step) for step in range(10)]
    assert cuts([*moving, *other]) == [10]


def test_pans_zooms_and_shakes_are_no_cuts(portrait: Frame) -> None:
    random = np.random.default_rng(2)
    assert not cuts(panned(portrait, 9.0 * step) for step in range(20))
    assert not cuts(panned(portrait, 0.0, 1 + 0.03 * step) for step in range(20))
    assert not cuts(panned(portrait, float(shift)) for shift in random.normal(0, 6, 25))


def test_light_and_noise_are_no_cuts(portrait: Frame) -> None:
    random = np.random.default_rng(3)
    gains = [1.0, 0.6, 1.3, 0.5, 1.2] * 4
    lit = [np.clip(portrait * gain, 0, 255).astype(np.uint8) for gain in gains]
    noisy = [np.clip(portrait + random.normal(0, 25, portrait.shape), 0, 255).astype(np.uint8) for _ in range(8)]
    assert not cuts(lit) and not cuts(noisy)


def test_a_blank_picture_has_no_cut_in_its_noise() -> None:
    random = np.random.default_rng(4)
    assert not cuts(np.clip(90 + random.normal(0, 3, (120, 160, 3)), 0, 255).astype(np.uint8) for _ in range(10))
