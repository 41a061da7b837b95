from __future__ import annotations

import numpy as np

from animato.evaluation.metrics.pixels import psnr
from animato.evaluation.systems.base import Crop, Drive, Photo
from animato.evaluation.systems.portrait import MainJob
from animato.tracking.face_finder import FaceFinder
from animato.types import Face

from .conftest import DrawnFootage


def test_geometry_follows_a_face_that_slides(sliding: DrawnFootage, finder: FaceFinder) -> None:
    faces: list[Face | None] = [finder.find(sliding.picture(index))[0] for index in (0, 6)]
    first = faces[0]
    assert first is not None
    crop = Crop.around(first.points, 256, 320, 320)
    system = MainJob("geometry", threads=1, finder=finder)
    system.prepare([Photo(sliding.picture(0), first)], crop)
    still, moved = system.render(Drive(tuple(faces), (0, 1), True, 2.0, 0))
    truth = [crop.cut(sliding.picture(index)) for index in (0, 6)]
    face = np.s_[70:200, 70:190]
    assert psnr(still[face], truth[0][face]) > 30, "at rest it is the photo"
    assert psnr(moved[face], truth[1][face]) > psnr(truth[0][face], truth[1][face]) + 5
