"""Landmark pictures: the right points, the paper's colours, any size."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from gallery_faces import PHOTOS, gallery_photo

from animato.errors import UsageError
from animato.geometry.landmarks import canonical_face
from animato.models.drawing import (
    IBUG68_FROM_MESH,
    IRIS_COLOUR,
    MIRROR68,
    PAPER_STROKES,
    draw_landmarks,
    ibug68,
)
from animato.runtime.engine import Engine
from animato.types import Points


def canonical_points(size: int) -> Points:
    mesh = canonical_face().vertices
    placed = (mesh - mesh.mean(axis=0)) * size * 0.04 + size / 2
    return np.concatenate([placed, np.full((10, 3), size / 2)]).astype(np.float32)


def test_the_68_points_lie_where_their_names_say() -> None:
    points = ibug68(canonical_points(256))
    assert len(set(IBUG68_FROM_MESH.tolist())) == 68
    assert points[8, 1] == points[:, 1].max(), "the chin is lowest"
    assert np.all(np.diff(points[:17, 0]) > 0), "the jaw runs from left to right"
    assert np.all(np.diff(points[27:31, 1]) > 0), "the ridge runs down"
    assert points[17:27, 1].max() < points[36:48, 1].min(), "brows above eyes"
    for outer, inner in ((36, 39), (45, 42)):
        assert abs(points[outer, 0] - 128) > abs(points[inner, 0] - 128), "outer corners lie outside"
    assert np.all(points[[37, 38], 1] < points[[41, 40], 1]), "upper lids above lower lids"
    low, high = points[48:60].min(axis=0), points[48:60].max(axis=0)
    assert np.all((points[60:68] >= low) & (points[60:68] <= high)), "inner lip inside outer lip"


def test_mirroring_is_its_own_inverse_and_agrees_with_the_symmetric_face() -> None:
    assert np.array_equal(MIRROR68[MIRROR68], np.arange(68))
    points = ibug68(canonical_points(256))
    mirrored = points[MIRROR68]
    centre = points[27, 0]
    assert np.allclose(2 * centre - mirrored[:, 0], points[:, 0], atol=1.0)
    assert np.allclose(mirrored[:, 1], points[:, 1], atol=1.0)


def test_a_mirrored_drawing_has_the_mirrored_lines_in_unmirrored_colours() -> None:
    points = canonical_points(128)
    points[:, 0] += 10
    drawn = draw_landmarks(points, 128, "paper", mirror=True)
    plain = draw_landmarks(points, 128, "paper")
    ink = drawn.max(axis=2).astype(int)
    assert np.abs(ink - plain.max(axis=2)[:, ::-1].astype(int)).mean() < 1.5
    red = np.argwhere((drawn[..., 0] > 100) & (drawn[..., 1] < 40) & (drawn[..., 2] < 40))
    green = np.argwhere((drawn[..., 1] > 100) & (drawn[..., 0] < 40) & (drawn[..., 2] < 40))
    assert red[:, 1].mean() < green[:, 1].mean(), "the red brow stays on the left of the picture"


def test_the_paper_drawing_has_exactly_the_published_colours() -> None:
    drawn = draw_landmarks(canonical_points(256), 256, "paper")
    present = {tuple(int(v) for v in colour) for colour in drawn.reshape(-1, 3)}
    assert {stroke.colour for stroke in PAPER_STROKES} <= present
    assert (255, 128, 0) not in present
    full = draw_landmarks(canonical_points(256), 256, "full")
    assert (255, 128, 0) in {tuple(int(v) for v in colour) for colour in full.reshape(-1, 3)}
    assert IRIS_COLOUR in {tuple(int(v) for v in colour) for colour in full.reshape(-1, 3)}


@pytest.mark.parametrize("size", [64, 96, 128])
def test_a_drawing_at_another_size_is_the_reduced_drawing(size: int) -> None:
    points = canonical_points(256)
    large = draw_landmarks(points, 256)
    small = draw_landmarks(points, size, canvas=256)
    reduced = cv2.resize(large, (size, size), interpolation=cv2.INTER_AREA)
    centres = []
    for picture in (small, reduced):
        ink = picture.max(axis=2).astype(float)
        ink /= ink.sum()
        centres.append((float((ink * np.arange(size)).sum()), float((ink.T * np.arange(size)).sum())))
    assert np.allclose(centres[0], centres[1], atol=0.5)


def test_points_without_irises_draw_the_paper_style_only() -> None:
    points = canonical_points(64)[:468]
    draw_landmarks(points, 64, "paper")
    with pytest.raises(UsageError, match="irises"):
        draw_landmarks(points, 64, "full")
    with pytest.raises(UsageError, match="468"):
        draw_landmarks(points[:68], 64)
    with pytest.raises(UsageError, match="style"):
        draw_landmarks(points, 64, "stick")


EXACT_FROM_IBUG = {8: 25, 19: 2, 20: 1, 21: 0, 22: 5, 23: 6, 24: 7, 27: 10, 28: 11, 29: 12, 30: 13}
"""Chin, brows and nose ridge in the order of the rendered heads' own set of points."""


@pytest.mark.data
def test_the_68_points_agree_with_exact_ones_of_rendered_heads(shared_data: Path) -> None:
    import av

    from animato.tracking.face_finder import FaceFinder
    from animato.tracking.tracker import Tracker

    tracker = Tracker(finder=FaceFinder(Engine(1)))
    exact = np.load(shared_data / "rendered" / "landmarks.npz", allow_pickle=False)
    distances = []
    for name in ("r001", "r050"):
        tracker.reset()
        with av.open(str(shared_data / "rendered" / f"{name}.mp4")) as video:
            frames = [frame.to_ndarray(format="rgb24") for frame in video.decode(video=0)]
        for index in range(0, len(frames), 8):
            face = tracker.track(frames[index])
            if face is not None:
                mine, truth = ibug68(face.points), exact[name][index, :, :2].astype(np.float32)
                apart = [np.linalg.norm(mine[ours] - truth[theirs]) for ours, theirs in EXACT_FROM_IBUG.items()]
                distances.append(float(np.mean(apart)))
    assert len(distances) >= 4
    # two ways of marking one face differ by some pixels; a wrong index would be off by tens
    assert float(np.median(distances)) < 9.0


def test_the_68_points_of_a_mirrored_photo_are_the_mirrored_points() -> None:
    """A wrong index would be off by tens of pixels."""
    from animato.tracking.face_finder import FaceFinder

    finder = FaceFinder(Engine(1))
    for sheet in PHOTOS:
        photo = gallery_photo(sheet)
        (face,), (mirrored,) = finder.find(photo), finder.find(np.ascontiguousarray(photo[:, ::-1]))
        back = ibug68(mirrored.points)[MIRROR68]
        back[:, 0] = photo.shape[1] - 1 - back[:, 0]
        assert np.linalg.norm(back - ibug68(face.points), axis=1).max() < 6, sheet
