"""Score one sample: render all systems in lockstep and measure each frame; only values and a few images are kept."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from animato.evaluation.crop import Crop
from animato.evaluation.footage import Footage, Track, Tracks
from animato.evaluation.frames import FrameSelection
from animato.evaluation.metrics.base import Metric, Reference
from animato.evaluation.protocols import Part
from animato.evaluation.rows import Comparison, Row
from animato.evaluation.system_run import RunTracker, SystemRun
from animato.evaluation.systems.base import RenderRequest, System
from animato.types import Face, Frame

Pooled = dict[str, dict[str, dict[str, Metric]]]
"""System name to band label to its metrics over all clips."""


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

    @property
    def source_track(self) -> Track:
        """Landmarks of the source clip."""
        return self._tracks.of(self.source)

    @property
    def driver_track(self) -> Track:
        """Landmarks of the driving clip."""
        return self._tracks.of(self.driver)

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
        crop = Crop.around(faces[0].points, self._size, width, height)
        times = self.driver_track.times
        indices = tuple(index for index, _ in selection.scored)
        photo_times = tuple(times[index] for index in selection.photos) if self._has_truth else None
        request = RenderRequest(self.driver, indices, tuple(times[index] for index in indices), photo_times)
        runs = [SystemRun(system, self.rows(system.name), metrics, self._finder) for system in systems]
        try:
            for run in runs:
                run.start(photos, request)
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
        for index, run, picture, face in self._truth(selection, crop):
            band = selection.bands.get(index, "")
            outputs: dict[str, Frame] = {}
            for system_run in runs:
                output = system_run.next()
                if output is not None:
                    outputs[system_run.system.name] = crop.scaled(photos[0], output).cut(output)
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
            )
            for system_run in runs:
                name = system_run.system.name
                if name in outputs:
                    system_run.measure(outputs[name], reference, run, band, pooled[name][band])
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

    def _truth(self, selection: FrameSelection, crop: Crop) -> Iterator[tuple[int, int, Frame, Face | None]]:
        """Yield (frame, run, image, landmarks) of every scored frame of the truth, or else of the driver.

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
                yield index, runs[index], picture, tracker.track(picture, runs[index])
            if index == selection.scored[-1][0]:
                return
