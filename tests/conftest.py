"""Fixtures shared by the whole suite: the openly licensed faces beside the checkout and packaged pictures."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from animato.settings.consent import Consent, required_consent

if TYPE_CHECKING:
    from head_material import Head

    from animato.tracking.face_finder import FaceFinder
    from animato.types import Face, Frame

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["ANIMATO_CACHE"] = str(Path(__file__).resolve().parents[1] / ".pytest_cache" / "networks")

# No test is timed: on a busy machine one example in a thousand takes a quarter of a second. The same examples each run.
settings.register_profile("animato", deadline=None, derandomize=True)
settings.load_profile("animato")

CONSENT_GATES = ("animato.head.head.required_consent", "animato.pipeline.consent.required_consent")
"""Where the program requires consent for photos."""

TEST_CONSENT = Consent("other", statement="This head is made for a test of animato; nothing of it is published.")

SHARED = Path(__file__).resolve().parents[1].parent / "shared" / "data"


@pytest.fixture(scope="session", autouse=True)
def default_consent() -> Iterator[None]:
    """Give every head of a test a ground where the test gives none; tests of consent ask for `strict_consent`.

    The photos of the tests are drawn, packaged, or of people who agreed to research; what is rendered is not kept.
    """
    with pytest.MonkeyPatch.context() as patch:
        for place in CONSENT_GATES:
            patch.setattr(place, lambda given: required_consent(given or TEST_CONSENT))
        yield


@pytest.fixture(autouse=True)
def ordinary_scheduling() -> Iterator[None]:
    """Give the process its scheduling back after a test that opened an encoder which changes it.

    SVT-AV1 makes the thread that opens it a real-time one where it may, that is for root. So would be every process
    that is started from it later: on two cores, a browser that starts then hangs, and all else waits.
    """
    if not hasattr(os, "sched_getscheduler"):  # not Linux
        yield
        return
    before = os.sched_getscheduler(0), os.sched_getparam(0)
    yield
    if os.sched_getscheduler(0) != before[0]:
        os.sched_setscheduler(0, *before)


@pytest.fixture
def strict_consent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Require consent as the shipped program does."""
    for place in CONSENT_GATES:
        monkeypatch.setattr(place, required_consent)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the shared faces; the test is skipped where it is absent."""
    if not (SHARED / "manifest.csv").is_file():
        pytest.skip("the shared faces are not beside this checkout")
    return SHARED


@pytest.fixture(scope="session")
def portrait() -> Frame:
    """The public-domain NASA portrait that ships inside scikit-image, 512 x 512 x 3 uint8 RGB; nobody may change it."""
    import numpy as np
    from skimage import data

    picture: Frame = np.array(data.astronaut(), np.uint8)
    picture.setflags(write=False)
    return picture


@pytest.fixture(scope="session")
def face_finder() -> FaceFinder:
    """The face networks, compiled once: compiling takes longer than most tests."""
    from animato.runtime.engine import Engine
    from animato.tracking.face_finder import FaceFinder

    return FaceFinder(Engine(1))


@pytest.fixture(scope="session")
def portrait_face(portrait: Frame, face_finder: FaceFinder) -> Face:
    """The face in the portrait."""
    (face,) = face_finder.find(portrait)
    return face


@pytest.fixture(scope="session")
def smiling(portrait: Frame, portrait_face: Face) -> Head:
    """The portrait's head: a smile that shows teeth."""
    from head_material import SIZE, at_size

    return at_size(portrait, portrait_face, SIZE)


@pytest.fixture(scope="session")
def calm(smiling: Head) -> Head:
    """A photo of the same person with closed lips, made by the warp itself."""
    from head_material import closed_lips, head

    points = smiling.with_face(closed_lips(smiling.local))
    return head(smiling.warper.render(points, smiling.warper.pose).image, points)
