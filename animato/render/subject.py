"""The geometry renderer as a system under test: the parts of the main job, driven by landmarks already known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from animato.errors import UsageError
from animato.evaluation.subjects.base import Crop, Drive, Photo, Subject, find_neutral, movement
from animato.evaluation.subjects.still import Still
from animato.face.tracker import FaceFinder
from animato.motion.frames import factor, neutral_of
from animato.motion.retarget import Retargeter
from animato.motion.smooth import smooth_file
from animato.render.clock import StageClock
from animato.render.framing import Framing
from animato.render.geometry import GeometryRenderer
from animato.render.person import Person
from animato.settings.animate import AnimateSettings
from animato.settings.base import as_json
from animato.settings.evaluation import EvaluateSettings
from animato.types import Frame


class Geometry:
    """Renders as `animato animate` does with its default settings, without the invisible mark.

    Only the wanted frames are rendered, but the whole movement is smoothed. When the photos come from the driving
    clip, its neutral frame is the photo itself; otherwise it is searched for as in the main job.

    Args:
        settings: of the main job.
        threads: CPU threads of the networks.
        finder: existing networks to use, or None.
    """

    name = "geometry"

    def __init__(
        self, settings: AnimateSettings | None = None, threads: int = 2, finder: FaceFinder | None = None
    ) -> None:
        self._settings = settings or AnimateSettings(threads=threads)
        self._finder = finder or FaceFinder(threads)
        self._framing: Framing | None = None
        self._chosen: Photo | None = None
        self._crop: Crop | None = None

    def prepare(self, photos: Sequence[Photo], crop: Crop) -> None:
        """Choose the photo to animate and cut the square out of it.

        Raises:
            FaceError: none of the photos shows a usable face.
        """
        person = Person.from_photos([photo.image for photo in photos], finder=self._finder)
        self._chosen = next(photo for photo in photos if photo.image is person.photo.image)
        self._framing = Framing(person.photo, self._settings)
        height, width = self._chosen.image.shape[:2]
        # The main job enlarges small photos; the judged square grows with them.
        across, down = self._framing.width / (width // 2 * 2), self._framing.height / (height // 2 * 2)
        left, top, side = crop.square
        self._crop = Crop((left * across, top * down, side * across), crop.size)

    def render(self, drive: Drive) -> Iterator[Frame]:
        """Yield the judged square of every wanted frame.

        Raises:
            FaceError: the photo cannot be rendered.
        """
        framing, crop, chosen = self._framing, self._crop, self._chosen
        if framing is None or crop is None or chosen is None:
            raise UsageError("a system is prepared before it renders")
        neutral = factor(chosen.face, 0.0) if drive.same_clip else find_neutral(drive)
        retargeter = Retargeter(framing.points, neutral_of(neutral), self._settings)
        renderer, clock = GeometryRenderer(framing.square, framing.points), StageClock()
        moments = smooth_file(movement(drive, neutral), self._settings.smooth)
        wanted = set(drive.wanted)
        for index, moment in enumerate(moments):
            if index in wanted:
                yield crop.cut(framing.compose(renderer.render(retargeter(moment), clock)))

    def trained_on(self, _people: frozenset[str]) -> bool:
        """Nothing was trained."""
        return False

    def about(self) -> Mapping[str, Any]:
        """Say with which settings it renders."""
        return {"what": "the main job without learning, unmarked", "settings": as_json(self._settings)}


def build_subjects(settings: EvaluateSettings) -> list[Subject]:
    """Return the systems that an evaluation asks for, in its order.

    Raises:
        MissingPartError: the weights of a system are not given or not there.
    """
    subjects: list[Subject] = []
    for name in settings.system_list:
        if name == "still":
            subjects.append(Still())
        elif name == "geometry":
            subjects.append(Geometry(threads=settings.threads))
        else:
            from animato.render.paper_subject import build_paper

            subjects.append(build_paper(name, settings))
    return subjects
