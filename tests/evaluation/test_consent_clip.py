"""A consent clip of the same person is a match, of another a refusal; our own videos prove no consent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from animato.errors import FaceError, RefusedError
from animato.evaluation import consent_clip
from animato.evaluation.consent_clip import check_clip, phrase


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A clip of eight seconds whose cosine with the photos, mark and number of faces a test chooses."""
    given = SimpleNamespace(cosine=0.99, marked=False, faces=1, path=tmp_path / "clip.mp4")
    given.path.write_bytes(b"clip")

    class Clip:
        def __enter__(self) -> Iterator[SimpleNamespace]:
            return iter([SimpleNamespace(time=number / 25, image=np.zeros((4, 4, 3))) for number in range(200)])

        def __exit__(self, *_: object) -> None: ...

    monkeypatch.setattr(consent_clip, "open_video", lambda _: Clip())
    monkeypatch.setattr(consent_clip, "mean_embedding", lambda *_: np.array([1.0, 0.0]))
    monkeypatch.setattr(consent_clip, "embedding", lambda *_: np.array([given.cosine, 0.0]))
    mark = SimpleNamespace(mark=SimpleNamespace(present=False))
    monkeypatch.setattr(consent_clip, "verify_file", lambda _: mark)
    given.mark = mark.mark
    given.finder = SimpleNamespace(find=lambda _: [None] * given.faces)
    given.head = SimpleNamespace(photos=())
    return given


@pytest.mark.parametrize(("cosine", "verdict"), [(0.99, "match"), (0.95, "match"), (0.94, "unsure"), (0.91, "unsure")])
def test_a_similar_face_is_a_match_or_unsure(stage: SimpleNamespace, cosine: float, verdict: str) -> None:
    stage.cosine = cosine
    found = check_clip(stage.path, stage.head, stage.finder)
    assert found["verdict"] == verdict and found["frames"] == 16 and len(found["sha256"]) == 64


def test_another_person_is_refused(stage: SimpleNamespace) -> None:
    stage.cosine = 0.9
    with pytest.raises(RefusedError, match="does not look like the person in the photos"):
        check_clip(stage.path, stage.head, stage.finder)


def test_a_clip_made_with_animato_is_refused(stage: SimpleNamespace) -> None:
    stage.mark.present = True
    with pytest.raises(RefusedError, match="made with animato"):
        check_clip(stage.path, stage.head, stage.finder)


@pytest.mark.parametrize("faces", [0, 2])
def test_a_clip_without_one_face_is_refused(stage: SimpleNamespace, faces: int) -> None:
    stage.faces = faces
    with pytest.raises(FaceError, match="too few frames"):
        check_clip(stage.path, stage.head, stage.finder)


def test_phrases_differ() -> None:
    assert len({phrase() for _ in range(20)}) > 15
