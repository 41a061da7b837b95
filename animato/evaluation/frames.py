"""Select source photos, scored frames and displayed frames with deterministic rules."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from animato.evaluation.metrics.base import mean_distance
from animato.geometry.pose import fit_pose
from animato.types import Face

GROUP = 3
"""Consecutive frames per group: the second temporal difference needs three."""


@dataclass(frozen=True)
class Band:
    """A range of head rotation with its own table column.

    Attributes:
        label: column heading; "" for all turns.
        low: smallest difference in yaw from the nearest photo, degrees.
        high: upper limit, exclusive.
    """

    label: str = ""
    low: float = 0.0
    high: float = 360.0


@dataclass(frozen=True)
class FrameSelection:
    """Frame numbers of one sample.

    Attributes:
        photos: frames of the source clip, ascending.
        scored: (frame of the driver, number of its run of consecutive frames), ascending; a run lies in one band.
        shown: two scored frames for the page: those with the median and the largest motion.
        bands: label of the band of each scored frame, by its number; empty where there is only one band.
        centre: position in `photos` of the one around whose head the scored square lies.
    """

    photos: tuple[int, ...]
    scored: tuple[tuple[int, int], ...]
    shown: tuple[int, ...] = ()
    bands: Mapping[int, str] = field(default_factory=dict)
    centre: int = 0


def select_self(faces: Sequence[Face | None], shots: int, max_shots: int, every: int) -> FrameSelection | None:
    """Select photos and scored frames of one clip for self-reenactment.

    If `max_shots` is 1, the photo is the first frame with a face, and all later frames can be scored. Otherwise photos
    are spread over the first half of the frames with a face, and frames of the second half are scored for every T, so
    that results are comparable.

    Args:
        faces: landmarks of every frame of the clip.
        shots: number of photos (T).
        max_shots: largest T of the run.
        every: every n-th group is scored.

    Returns:
        None if the clip is too short for that many photos.
    """
    photos, scorable = _split_frames(faces, shots, max_shots)
    if not photos:
        return None
    scored = groups(scorable, every)
    return FrameSelection(photos, scored, _shown(faces, scored, faces[photos[0]]))


def select_by_turn(
    source: Sequence[Face | None],
    driver: Sequence[Face | None],
    shots: int,
    max_shots: int,
    every: int,
    bands: Sequence[Band],
) -> FrameSelection | None:
    """Select photos and scored frames of a clip driven by itself or by its twin, which shows the same motion.

    As in `select_self`, among the frames with a face in both clips; frames outside all bands are not scored.

    Args:
        source: landmarks of every frame of the source clip, which is the truth.
        driver: landmarks of every frame of the driving clip.
        shots: number of photos (T).
        max_shots: largest T of the run.
        every: every n-th group of each band is scored.
        bands: ranges of turn, not overlapping.

    Returns:
        None when the clips are too short for that many photos, or no frame lies in a band.
    """
    faces = [face if other is not None else None for face, other in zip(source, driver, strict=False)]
    photos, scorable = _split_frames(faces, shots, max_shots)
    yaws = {index: fit_pose(face.points).degrees()[0] for index, face in enumerate(faces) if face is not None}
    turns = {index: min(abs(yaws[index] - yaws[photo]) for photo in photos) for index in scorable}
    band_of: dict[int, str] = {}
    runs: dict[int, tuple[str, int]] = {}
    for band in bands:
        in_band = [index for index in scorable if band.low <= turns[index] < band.high]
        for index, run in groups(in_band, every):
            band_of[index], runs[index] = band.label, (band.label, run)
    order = {run: number for number, run in enumerate(dict.fromkeys(runs[index] for index in sorted(runs)))}
    scored = tuple((index, order[runs[index]]) for index in sorted(runs))
    return FrameSelection(photos, scored, _shown(faces, scored, faces[photos[0]]), band_of) if scored else None


def select_views(
    faces: Sequence[Face | None], shots: int, views: Sequence[int], bands: Sequence[Band]
) -> FrameSelection | None:
    """Select the most frontal view of a clip as the photo, and score the others by their turn from it.

    More photos are spread over the frames that are no views; photo and scored views are the same for every T.

    Args:
        faces: landmarks of every frame of the clip.
        shots: number of photos (T).
        views: frames that can be the photo or scored, ascending.
        bands: ranges of turn, not overlapping.

    Returns:
        None when there are too few frames with a face, or no view lies in a band.
    """
    poses = {index: fit_pose(face.points) for index, face in enumerate(faces) if face is not None}
    with_face = [index for index in views if index in poses]
    others = [index for index in poses if index not in set(views)]
    if not with_face or len(others) < shots - 1:
        return None
    yaws = {index: poses[index].degrees()[0] for index in with_face}
    photo = min(with_face, key=lambda index: math.hypot(*poses[index].degrees()[:2]))
    band_of = {
        index: band.label
        for index in with_face
        for band in bands
        if index != photo and band.low <= abs(yaws[index] - yaws[photo]) < band.high
    }
    if not band_of:
        return None
    more = [others[position] for position in spread(len(others), shots - 1)] if shots > 1 else []
    photos = tuple(sorted([photo, *more]))
    scored = tuple((index, run) for run, index in enumerate(sorted(band_of)))
    return FrameSelection(photos, scored, _shown(faces, scored, faces[photo]), band_of, photos.index(photo))


def _split_frames(faces: Sequence[Face | None], shots: int, max_shots: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the photo frames and the frames that can be scored; both empty if there are too few."""
    with_face = tuple(index for index, face in enumerate(faces) if face is not None)
    photo_count = 1 if max_shots == 1 else len(with_face) // 2
    candidates, scorable = with_face[:photo_count], with_face[photo_count:]
    if len(candidates) < shots or len(scorable) < GROUP:
        return (), ()
    return tuple(candidates[position] for position in spread(len(candidates), shots)), scorable


def select_cross(
    source: Sequence[Face | None], driver: Sequence[Face | None], shots: int, every: int
) -> FrameSelection | None:
    """Select photos of one clip and scored frames of another person's clip.

    Args:
        source: landmarks of every frame of the source clip.
        driver: landmarks of every frame of the driving clip.
        shots: number of photos (T).
        every: every n-th group is scored.

    Returns:
        None when either clip is too short.
    """
    candidates = [index for index, face in enumerate(source) if face is not None]
    with_face = [index for index, face in enumerate(driver) if face is not None]
    if len(candidates) < shots or len(with_face) < GROUP:
        return None
    photos = tuple(candidates[position] for position in spread(len(candidates), shots))
    scored = groups(with_face, every)
    return FrameSelection(photos, scored, _shown(driver, scored, driver[with_face[0]]))


def select_spread(faces: Sequence[Face | None], shots: int, max_shots: int, holdout: int) -> FrameSelection | None:
    """Select photos and held-out frames by the 2019 protocol: disjoint, both evenly spaced over the video.

    Args:
        faces: landmarks of every frame of the video.
        shots: number of photos (T).
        max_shots: largest T of the run.
        holdout: frames to score.

    Returns:
        None when the video has too few frames with a face.
    """
    with_face = [index for index, face in enumerate(faces) if face is not None]
    if len(with_face) < max_shots + holdout:
        return None
    scored = {with_face[position] for position in spread(len(with_face), holdout)}
    candidates = [index for index in with_face if index not in scored]
    photos = tuple(candidates[position] for position in spread(len(candidates), shots))
    pairs = tuple((index, number) for number, index in enumerate(sorted(scored)))
    return FrameSelection(photos, pairs, _shown(faces, pairs, faces[photos[0]]))


def spread(count: int, size: int) -> list[int]:
    """Return `size` evenly spaced indices in range(count), including 0."""
    if size == 1:
        return [0]
    return [int(position) for position in np.floor(np.linspace(0, count - 1, size) + 0.5)]


def groups(with_face: Sequence[int], every: int) -> tuple[tuple[int, int], ...]:
    """Return (frame, run) pairs for one in `every` groups of three consecutive frames; for 1, of all frames.

    A run is a sequence without a gap: adjacent groups form one run.

    Args:
        with_face: frames that can be scored, ascending.
        every: stride over the groups.
    """
    chosen = list(with_face)
    if every > 1:
        starts = range(0, len(with_face) - GROUP + 1, GROUP * every)
        chosen = [index for start in starts for index in with_face[start : start + GROUP]]
    pairs: list[tuple[int, int]] = []
    for index in chosen:
        run = pairs[-1][1] + (index != pairs[-1][0] + 1) if pairs else 0
        pairs.append((index, run))
    return tuple(pairs)


def _shown(faces: Sequence[Face | None], scored: Sequence[tuple[int, int]], start: Face | None) -> tuple[int, ...]:
    def motion(index: int) -> float:
        face = faces[index]
        return 0.0 if face is None or start is None else mean_distance(face.points, start.points)

    ordered = sorted((index for index, _ in scored), key=motion)
    return tuple(dict.fromkeys((ordered[len(ordered) // 2], ordered[-1])))
