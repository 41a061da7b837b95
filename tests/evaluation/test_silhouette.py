"""Silhouettes and labelled regions: known overlaps, stored labels, and what a renderer draws."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from animato.errors import FileFormatError
from animato.evaluation.crop import Crop
from animato.evaluation.metrics import make
from animato.evaluation.metrics.base import ScoredFrame
from animato.evaluation.metrics.silhouette import silhouette_iou
from animato.evaluation.scoring import filled_mask
from animato.evaluation.systems.base import DrawsSilhouettes, RenderRequest
from animato.evaluation.systems.portrait import AnimateSystem
from animato.evaluation.systems.still import Still
from animato.evaluation.truth_labels import TruthLabels, read_view_labels
from animato.models.parts.config import PARTS
from animato.runtime.engine import Engine
from animato.settings.animate import AnimateSettings
from animato.tracking.face_finder import FaceFinder

from .conftest import DrawnFootage, drawn_points, face_of, noise, scored


def halves() -> np.ndarray:
    """Labels of a picture: hair above, background below."""
    labels = np.zeros((256, 256), np.uint8)
    labels[:128] = PARTS.index("hair")
    return labels


def test_the_overlap_is_shared_area_over_whole_area() -> None:
    drawn, truth = np.zeros((8, 8), bool), np.zeros((8, 8), bool)
    drawn[:4], truth[2:6] = True, True
    assert silhouette_iou(drawn, truth) == pytest.approx(2 / 6)
    assert silhouette_iou(drawn, drawn) == 1.0 == silhouette_iou(~drawn & drawn, truth & ~truth)


def labelled_frame(head: np.ndarray | None) -> ScoredFrame:
    frame = scored(noise(0), noise(1))
    return replace(frame, reference=replace(frame.reference, read_labels=halves), head=head)


def test_a_silhouette_counts_only_where_both_masks_are_known() -> None:
    silhouette = make("silhouette")
    silhouette.add(scored())
    silhouette.add(labelled_frame(None))
    assert silhouette.value() is None
    silhouette.add(labelled_frame(halves() == 0))
    silhouette.add(labelled_frame(halves() > 0))
    assert silhouette.value() == pytest.approx(0.5)


def test_an_error_in_the_hair_is_no_error_of_the_background() -> None:
    truth = np.full((256, 256, 3), 100, np.uint8)
    output = truth.copy()
    output[:128] += 10
    frame = scored(output, truth)
    frame = replace(frame, reference=replace(frame.reference, read_labels=halves))
    values = {}
    for name in ("psnr-hair", "psnr-neck", "psnr-background"):
        metric = make(name)
        metric.add(frame)
        values[name] = metric.value()
    assert values["psnr-hair"] == pytest.approx(20 * np.log10(25.5))
    assert values["psnr-background"] == 100.0 and values["psnr-neck"] is None


def test_holes_of_a_silhouette_are_filled() -> None:
    picture = np.zeros((64, 64, 3), np.uint8)
    cv2.circle(picture, (32, 32), 20, (255, 255, 255), -1)
    whole = picture[..., 0] > 127
    picture[28:34, 24:30] = 40
    np.testing.assert_array_equal(filled_mask(picture), whole)


def test_stored_labels_are_read_and_a_file_without_them_is_refused(tmp_path: Path) -> None:
    clip = tmp_path / "p0.mp4"
    assert read_view_labels(clip) is None
    parts = np.stack([halves(), 1 - halves() // 2])
    np.savez(tmp_path / "p0.npz", frames=np.array([0, 4], np.int16), parts=parts)
    labels = TruthLabels(clip, Engine(1))
    assert labels.stored is not None and labels.stored.frames == (0, 4)
    frame, face = noise(0), face_of(drawn_points())
    np.testing.assert_array_equal(labels.of(4, frame, face), parts[1])
    np.savez(tmp_path / "p1.npz", pose=np.zeros(3))
    with pytest.raises(FileFormatError, match=r"p1\.npz holds no labels"):
        read_view_labels(tmp_path / "p1.mp4")


def test_labels_are_cropped_without_mixing() -> None:
    cropped = Crop((60.0, 60.0, 128.0), 64).cut_labels(halves())
    assert set(np.unique(cropped).tolist()) == {0, PARTS.index("hair")}
    assert (cropped[:30] == PARTS.index("hair")).all() and not cropped[38:].any()


def test_without_stored_labels_the_parts_network_reads_the_frame(sliding: DrawnFootage, finder: FaceFinder) -> None:
    picture = sliding.picture(0)
    face = finder.find(picture)[0]
    labels = TruthLabels(None, finder.engine).of(0, picture, face)
    assert labels.shape == picture.shape[:2]
    x, y = np.rint(face.points[1, :2]).astype(int)
    assert labels[y, x] == PARTS.index("face"), "the tip of the nose"


def test_a_head_at_rest_has_the_silhouette_of_its_photo(sliding: DrawnFootage, finder: FaceFinder) -> None:
    system = AnimateSystem("geometry", AnimateSettings(model="geometry", threads=1), finder=finder)
    assert isinstance(system, DrawsSilhouettes) and not isinstance(Still(), DrawsSilhouettes)
    picture = sliding.picture(0)
    system.prepare([picture])
    (drawn,) = system.silhouettes(RenderRequest(replace(sliding, count=2), (0,), (0.0,), (0.0,)))
    face = finder.find(picture)[0]
    crop = Crop.around(face.points, 256, 320, 320)
    labels = crop.cut_labels(TruthLabels(None, finder.engine).of(0, picture, face))
    truth = (labels != 0) & np.isin(labels, [PARTS.index(name) for name in ("face", "hair", "eyes", "ear")])
    assert silhouette_iou(filled_mask(crop.scaled(picture, drawn).cut(drawn)), truth) > 0.9
