"""Score one sample: render all systems in lockstep and measure each frame; only values and a few images are kept."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.evaluation.crop import Crop
from animato.evaluation.footage import Footage, Track, Tracks
from animato.evaluation.frames import FrameSelection
from animato.evaluation.metrics.base import Metric, Reference
from animato.evaluation.protocols import Part
from animato.evaluation.rows import Comparison, Row
from animato.evaluation.system_run import RunTracker, SystemRun
from animato.evaluation.systems.base import RenderRequest, System
from animato.evaluation.truth_labels import TruthLabels
from animato.types import Face, Frame

Pooled = dict[str, dict[str, dict[str, Metric]]]
"""System name to band label to its metrics over all clips."""


@dataclass(frozen=True)
class TrueFrame:
    """A scored frame of the truth, or else of the driver.

    Attributes:
        index: its number.
        run: number of its run of consecutive frames.
        picture: the scored square, S x S x 3 uint8 RGB.
        face: landmarks in the square, or None.
        labels: parts in the square, S x S uint8, read when needed; None where they are not scored.
    """

    index: int
    run: int
    picture: Frame
    face: Face | None
    labels: Callable[[], NDArray[np.uint8] | None]


class Sample:
    """Source and driver of one sample with their landmarks.

    Args:
        part: the part it belongs to.
        source: clip that the photos come from.
        driver: clip that drives.
        tracks: landmarks of whole clips.
        size: side of the scored square, pixels.
    """

    def __init__(self, part: Part, source: Footage, driver: Footage, tracks: Tracks, size: int) -> None:
        self.part, self.source, self.driver = part, source, driver
        self._tracks, self._finder, self._size = tracks, tracks.finder, size
        self._labels = TruthLabels(source.path, tracks.finder.engine)

    @property
    def source_track(self) -> Track:
        """Landmarks of the source clip."""
        return self._tracks.of(self.source)

    @property
    def driver_track(self) -> Track:
        """Landmarks of the driving clip."""
        return self._tracks.of(self.driver)

    @property
    def labelled(self) -> tuple[int, ...]:
        """Frames of the source clip with stored labels, if the part scores by labels."""
        stored = self._labels.stored if self.part.labels else None
        return () if stored is None else stored.frames

    @property
    def name(self) -> str:
        """Name of the clip, or of source and driver."""
        return self.source.name if self.source is self.driver else f"{self.source.name} by {self.driver.name}"

    def rows(self, system: str) -> dict[str, Row]:
        """Return an empty row of a system for each band of turn, by the band's label."""
        people = self.source.person, self.driver.person
        return {band.label: Row(self.part.column(band.label), self.name, *people, system) for band in self.part.bands}

    def run(
        self, selection: FrameSelection, systems: Sequence[System], metrics: Sequence[str], pooled: Pooled
    ) -> tuple[list[Row], list[Comparison]]:
        """Render and measure every system.

        Args:
            selection: photos and scored frames.
            systems: the systems.
            metrics: names of the metrics of single clips.
            pooled: metrics over all clips, updated in place.

        Returns:
            A row for each system and band, and the pictures for the page.
        """
        photos, faces = self._photos(selection)
        height, width = photos[0].shape[:2]
        crop = Crop.around(faces[selection.centre].points, self._size, width, height)
        times = self.driver_track.times
        indices = tuple(index for index, _ in selection.scored)
        photo_times = tuple(times[index] for index in selection.photos) if self._has_truth else None
        request = RenderRequest(self.driver, indices, tuple(times[index] for index in indices), photo_times)
        runs = [SystemRun(system, self.rows(system.name), metrics, self._finder) for system in systems]
        try:
            for run in runs:
                run.start(photos, request, self.part.kind == "views")
            comparisons = self._compare(selection, crop, photos, faces, runs, pooled)
        finally:
            rows = [row for run in runs for row in run.finish()]
        return rows, comparisons

    def _compare(
        self,
        selection: FrameSelection,
        crop: Crop,
        photos: Sequence[Frame],
        faces: Sequence[Face],
        runs: Sequence[SystemRun],
        pooled: Pooled,
    ) -> list[Comparison]:
        photo_crops, crop_faces = tuple(crop.cut(photo) for photo in photos), tuple(crop.move(face) for face in faces)
        source_features: dict[str, object] = {}
        comparisons = []
        for true in self._truth(selection, crop):
            index, picture, face = true.index, true.picture, true.face
            band = selection.bands.get(index, "")
            outputs: dict[str, Frame] = {}
            heads: dict[str, NDArray[np.bool_]] = {}
            for system_run in runs:
                output = system_run.next()
                if output is not None:
                    outputs[system_run.system.name] = crop.scaled(photos[0], output).cut(output)
                silhouette = system_run.next_silhouette()
                if silhouette is not None:
                    heads[system_run.system.name] = filled_mask(crop.scaled(photos[0], silhouette).cut(silhouette))
            if index in selection.shown:
                part = self.part.column(band)
                comparisons.append(
                    Comparison(part, self.name, index, photo_crops[0], picture, outputs, self._has_truth)
                )
            if face is None:
                for system_run in runs:
                    system_run.rows[band].skipped += 1
                continue
            reference = Reference(
                index,
                picture if self._has_truth else None,
                face,
                photo_crops,
                crop_faces,
                source_features=source_features,
                read_labels=true.labels,
            )
            for system_run in runs:
                name = system_run.system.name
                if name in outputs:
                    system_run.measure(outputs[name], reference, true.run, band, pooled[name][band], heads.get(name))
        return comparisons

    @property
    def _has_truth(self) -> bool:
        """Whether the source clip is ground truth: the driver is the same clip or its twin."""
        return self.source is self.driver or self.part.kind == "twins"

    def _photos(self, selection: FrameSelection) -> tuple[list[Frame], list[Face]]:
        """Read the photos from the source clip, with refined landmarks."""
        indices = set(selection.photos)
        photos, refined = [], []
        for frame, face, index in zip(self.source.frames(), self.source_track.faces, itertools.count()):
            if index in indices and face is not None:
                photos.append(frame)
                refined.append(self._finder.refined(frame, face))
            if len(photos) == len(indices):
                break
        return photos, refined

    def _truth(self, selection: FrameSelection, crop: Crop) -> Iterator[TrueFrame]:
        """Yield every scored frame of the truth, or else of the driver.

        The crop is tracked again so that both sides of a comparison use the same resampling and tracker.

        Args:
            selection: the frames.
            crop: the scored square of the source; without ground truth, the driver has its own.
        """
        clip = self.source if self._has_truth else self.driver
        if not self._has_truth:
            height, width = next(clip.frames()).shape[:2]
            first = next(face for face in self.driver_track.faces if face is not None)
            crop = Crop.around(first.points, self._size, width, height)
        runs = dict(selection.scored)
        tracker = RunTracker(self._finder)
        for index, frame in enumerate(clip.frames()):
            if index in runs:
                picture = crop.cut(frame)
                labels = functools.partial(self._cropped_labels, index, frame, crop)
                yield TrueFrame(index, runs[index], picture, tracker.track(picture, runs[index]), labels)
            if index == selection.scored[-1][0]:
                return

    def _cropped_labels(self, index: int, frame: Frame, crop: Crop) -> NDArray[np.uint8] | None:
        """Return the labels of a true frame in the scored square; None where the part does not score by them."""
        face = self.source_track.faces[index]
        if not self.part.labels or face is None:
            return None
        return crop.cut_labels(self._labels.of(index, frame, face))


def filled_mask(picture: Frame) -> NDArray[np.bool_]:
    """Return where a silhouette is white, S x S bool; holes are filled, as eyes and mouth have colours of their own.

    Args:
        picture: S x S x 3 uint8.
    """
    white = (picture[..., 0] > 127).astype(np.uint8)
    outlines, _ = cv2.findContours(white, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = np.zeros_like(white)
    cv2.drawContours(filled, outlines, -1, 1, cv2.FILLED)
    return filled > 0
