"""Promises about pictures without a mark: no alarm, not even on pictures that repeat as the mark does."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from gallery_faces import DRIVERS, PHOTOS, gallery_driver, gallery_photo
from trust_material import jpeg, read_clip

from animato.media.image import load_picture
from animato.trust.detect import PRESENT_PHASE, PRESENT_Z
from animato.trust.false_alarms import count_false_alarms, periodic_pictures
from animato.types import Frame


def test_periodic_pictures_raise_no_alarm() -> None:
    pictures = [picture for _, picture in periodic_pictures()]
    count = count_false_alarms([picture] for picture in pictures[:: max(1, len(pictures) // 10)])
    assert count.clips >= 10
    assert count.ids == count.present == 0
    # The strength rule alone would cry wolf here; the phases are what keeps it quiet.
    assert count.highest_z > PRESENT_Z and count.highest_phase < PRESENT_PHASE


def test_packaged_pictures_raise_no_alarm() -> None:
    data = pytest.importorskip("skimage.data")
    pictures = [data.astronaut(), data.coffee(), as_rgb(data.brick()), as_rgb(data.camera())]
    clips: list[list[Frame]] = [[picture] for picture in pictures] + [[jpeg(picture, 60)] for picture in pictures]
    count = count_false_alarms(clips)
    assert count.clips == 8 and count.ids == count.present == 0


@pytest.mark.data
def test_faces_raise_no_alarm(shared_data: Path) -> None:
    portraits = sorted((shared_data / "portraits").glob("*.jpg"))[::30]
    videos = (
        sorted((shared_data / "rendered").glob("*.mp4"))[::110] + sorted((shared_data / "talking").glob("*.mp4"))[::20]
    )
    clips = [[load_picture(path).image] for path in portraits] + [read_clip(path, 5, 384) for path in videos]
    count = count_false_alarms(clips)
    assert count.clips >= 12 and count.ids == count.present == 0


def test_people_of_the_gallery_raise_no_alarm() -> None:
    clips = [[gallery_photo(sheet, 2.1)] for sheet in PHOTOS] + [gallery_driver(sheet, 1.6) for sheet in DRIVERS]
    count = count_false_alarms(clips)
    assert count.clips == 12 and count.ids == count.present == 0


def test_nothing_asked_is_nothing_counted() -> None:
    assert count_false_alarms([]).clips == 0


def as_rgb(grey: np.ndarray) -> Frame:
    return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB), dtype=np.uint8)
