"""What drives the systems under test is held to the driver's skin, as in the main job; what judges them is not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from animato.evaluation.runner import evaluate
from animato.evaluation.systems.base import Crop, Drive, Photo
from animato.head.head import Person
from animato.settings.evaluation import EvaluateSettings
from animato.tracking.face_finder import FaceFinder
from animato.types import Frame


class Listening:
    """A still photo that remembers what it was asked to do."""

    name = "listening"

    def __init__(self) -> None:
        self.drive: Drive | None = None
        self.photos: list[Photo] = []

    def prepare(self, photos: Sequence[Photo], crop: Crop) -> None:
        self.photos += photos
        self.face, self._cut = photos[0].face, crop.cut(photos[0].image)

    def render(self, drive: Drive) -> Iterator[Frame]:
        self.drive = drive
        for _ in drive.wanted:
            yield self._cut

    def trained_on(self, people: frozenset[str]) -> bool:
        return False

    def about(self) -> dict[str, object]:
        return {}


@pytest.mark.parametrize("protocol", ["self", "cross"])
def test_drivers_are_held_to_their_skin_unless_told_otherwise(shared_data, face_finder: FaceFinder, protocol) -> None:  # type: ignore[no-untyped-def]
    drives = {}
    for anchor in (False, True):
        system = Listening()
        settings = EvaluateSettings(
            protocol=protocol, subset="talking", limit=2, frames=8, every=2, metrics="l1", pictures=0, anchor=anchor
        )
        found = evaluate(shared_data, [system], settings, finder=face_finder)
        assert all(row.problem is None for row in found.rows)
        assert system.drive is not None
        drives[anchor] = system.drive
        assert all("residual_flow" in face.channels for face in system.drive.faces if face is not None)
        if protocol == "self":
            assert np.array_equal(system.face.points, system.drive.faces[0].points), "the first photo is the anchor"
    pairs = zip(drives[False].faces, drives[True].faces, strict=True)
    apart = [float(np.abs(free.points - held.points).max()) for free, held in pairs if free is not None]
    assert min(apart) < 1e-3, "the anchor stays"
    assert max(apart) > 0.1


def test_of_several_photos_a_driver_is_held_to_the_one_that_is_animated(shared_data, face_finder: FaceFinder) -> None:  # type: ignore[no-untyped-def]
    found = {}
    for anchor in (False, True):
        system = Listening()
        settings = EvaluateSettings(
            subset="talking", limit=2, shots="4", frames=44, every=9, metrics="l1", pictures=0, anchor=anchor
        )
        assert all(row.problem is None for row in evaluate(shared_data, [system], settings, finder=face_finder).rows)
        found[anchor] = system.photos
    firsts = 0
    for start in range(0, len(found[True]), 4):
        bare, held = (found[anchor][start : start + 4] for anchor in (False, True))
        moved = [float(np.abs(a.face.points - b.face.points).max()) for a, b in zip(bare, held, strict=True)]
        animated = Person.from_photos([photo.image for photo in bare], finder=face_finder).photo.image
        best = next(number for number, photo in enumerate(bare) if np.array_equal(photo.image, animated))
        assert moved[best] < 1e-3 < min(apart for number, apart in enumerate(moved) if number != best)
        firsts += best == 0
    assert firsts < len(found[True]) // 4, "the first photo would be no better a guess"
