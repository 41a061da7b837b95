"""Promises of the nudity gate: what is refused is never published, photos, drivers and outputs alike; no switch."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from main_job import Material, contents, read_frames, shared_engine
from skimage.data import astronaut

import animato
from animato import AnimateSettings
from animato.errors import MissingPartError, RefusedError
from animato.pipeline import nudity_gate
from animato.pipeline.nudity_gate import NudityGate
from animato.runtime.engine import Compiler
from animato.trust import nudity
from animato.trust.nudity import THRESHOLD, NudityScorer, nudity_scorer, thumbnail
from animato.types import Frame

SMALL = AnimateSettings(frame="crop", size=256, end=0.2)
Stub = Callable[[Callable[[Frame], float]], None]


@pytest.fixture
def scores(monkeypatch: pytest.MonkeyPatch) -> Stub:
    """Replaces the network by a function of the thumbnail."""

    def use(score: Callable[[Frame], float]) -> None:
        monkeypatch.setattr(nudity_gate, "nudity_scorer", lambda engine: score)

    return use


def like(picture: Frame) -> Callable[[Frame], float]:
    """A score that is high for one picture only."""
    small = thumbnail(picture).astype(float)
    return lambda seen: 0.95 if np.abs(seen - small).mean() < 1 else 0.01


def test_a_harmless_portrait_passes_the_real_network() -> None:
    scorer = nudity_scorer(shared_engine(2))
    assert scorer(thumbnail(astronaut())) == pytest.approx(0.017, abs=0.01)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("name", ["a.mp4", "a.gif", "frames"])
def test_nothing_is_published_of_a_photo_that_is_refused(
    made: Material, out: Path, scores: Stub, threads: int, name: str
) -> None:
    scores(like(astronaut()))
    with pytest.raises(RefusedError, match=r"photo portrait\.png looks like nudity") as refused:
        animato.animate(made.photo, "nod", out / name, replace(SMALL, threads=threads))
    assert contents(out) == []
    assert refused.value.exit_code == 5
    assert refused.value.hint is not None and "not-a-person" in refused.value.hint
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("animato-gate")]


@pytest.mark.parametrize("threads", [1, 2])
def test_a_driver_is_sampled_and_refused(made: Material, out: Path, scores: Stub, threads: int) -> None:
    scores(like(read_frames(made.driver)[0]))
    with pytest.raises(RefusedError, match=r"the driver speaker\.mp4 looks like nudity"):
        animato.animate(made.photo, made.driver, out / "a.mp4", replace(SMALL, threads=threads))
    assert contents(out) == []


def test_the_output_is_sampled_and_refused(made: Material, out: Path, scores: Stub) -> None:
    given = thumbnail(astronaut()).astype(float)
    scores(lambda seen: 0.01 if np.abs(seen - given).mean() < 1 else 0.9)
    with pytest.raises(RefusedError, match="frame 1 of the video looks like nudity"):
        animato.animate(made.photo, "nod", out / "a.mp4", SMALL)
    assert contents(out) == []


def test_no_frame_of_a_refused_photo_is_handed_out(made: Material, scores: Stub) -> None:
    scores(like(astronaut()))
    with pytest.raises(RefusedError):
        next(animato.render(made.photo, "nod", SMALL))


def test_a_second_photo_is_judged_too(made: Material, out: Path, scores: Stub) -> None:
    second = np.ascontiguousarray(astronaut()[:, ::-1])
    scores(like(second))
    with pytest.raises(RefusedError, match="photo 2"):
        animato.animate([astronaut(), second], "nod", out / "a.mp4", SMALL)


def test_a_painting_is_judged_and_rendered_by_its_head_alone(made: Material, out: Path, scores: Stub) -> None:
    made.person.save(out / "painting.animato", consent="not-a-person")
    scores(like(astronaut()))
    with pytest.raises(RefusedError):
        animato.animate(out / "painting.animato", "nod", out / "a.mp4", end=0.1)
    result = animato.animate(out / "painting.animato", "nod", out / "a.mp4", end=0.1, art=True)
    assert (result.width, result.height) == (512, 512)
    scores(lambda seen: 0.9)
    with pytest.raises(RefusedError, match=r"photo portrait\.png"):
        animato.animate(out / "painting.animato", "nod", out / "b.mp4", end=0.1, art=True)


def test_art_is_for_no_real_person(made: Material, out: Path) -> None:
    with pytest.raises(RefusedError, match="`art` is for paintings") as refused:
        animato.animate(made.photo, "nod", out / "a.mp4", SMALL, consent="self", art=True)
    assert refused.value.where == "ground of consent: self"


def test_scores_from_the_threshold_on_are_refused() -> None:
    for score, refused in ((THRESHOLD - 1e-3, False), (THRESHOLD, True)):
        with NudityGate(shared_engine(2), score=lambda small, score=score: score) as gate:  # type: ignore[misc]
            gate.add("photo 1", np.zeros((8, 8, 3), np.uint8))
            if refused:
                with pytest.raises(RefusedError):
                    gate.finish()
            else:
                gate.finish()


def test_a_gate_that_cannot_judge_lets_nothing_through(
    made: Material, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "nudity.bin").write_bytes(b"other weights")
    monkeypatch.setattr(nudity, "WEIGHTS", tmp_path / "nudity.bin")
    monkeypatch.setattr(nudity_gate, "nudity_scorer", lambda engine: NudityScorer(Compiler(1)))
    with pytest.raises(MissingPartError, match="checksum"):
        animato.animate(made.photo, "nod", out / "a.mp4", SMALL)
    assert contents(out) == []


def test_transparent_pictures_are_judged_over_grey() -> None:
    nothing = np.zeros((512, 300, 4), np.uint8)
    assert (thumbnail(nothing) == 192).all() and thumbnail(nothing).shape == (256, 256, 3)


def test_there_is_no_switch() -> None:
    names = {field.name for field in fields(AnimateSettings)}
    assert not [name for name in names if "nud" in name or "gate" in name or "nsfw" in name]
