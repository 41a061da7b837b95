"""The whole evaluation on a real face that moves in a known way."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from animato.errors import FaceError, InputError, MissingPartError, UsageError
from animato.evaluation import runner
from animato.evaluation.crop import Crop
from animato.evaluation.frames import Band
from animato.evaluation.metrics import METRICS, ORDER
from animato.evaluation.protocols import Part
from animato.evaluation.report import as_data, table_text, write
from animato.evaluation.runner import Evaluation, evaluate
from animato.evaluation.systems.base import RenderRequest, System
from animato.evaluation.systems.still import Still
from animato.settings.evaluation import EvaluateSettings
from animato.tracking.face_finder import FaceFinder
from animato.types import Frame

from .conftest import DrawnFootage

LIGHT = "akd,akd-lips,pose,jitter-ratio,l1,psnr,ssim,psnr-face,failures"


class Oracle:
    """Shows the truth itself: nothing can be better."""

    name = "oracle"

    def __init__(self, clip: DrawnFootage) -> None:
        self._clip = clip

    def prepare(self, photos: Sequence[Frame]) -> None:
        pass

    def render(self, request: RenderRequest) -> Iterator[Frame]:
        for index in request.frames:
            yield self._clip.picture(index)

    def trained_on(self, people: frozenset[str]) -> bool:
        return False

    def about(self) -> Mapping[str, Any]:
        return {}


class Broken(Oracle):
    """Gives two pictures, then fails."""

    name = "broken"

    def render(self, request: RenderRequest) -> Iterator[Frame]:
        yield from list(super().render(request))[:2]
        raise FaceError("the painter lost its brush")


class Blank(Oracle):
    """Shows no face at all."""

    name = "blank"

    def render(self, request: RenderRequest) -> Iterator[Frame]:
        for _ in request.frames:
            yield np.full((320, 320, 3), 90, np.uint8)


Run = Callable[..., Evaluation]


@pytest.fixture(scope="module")
def run_on(finder: FaceFinder) -> Run:
    """Runs the evaluation on one drawn clip."""

    def run(clip: DrawnFootage, *systems: System) -> Evaluation:
        parts = [Part("self drawn T=1", "self", 1, 1, ((clip, clip),))]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(
                runner, "plan", lambda data, settings, is_training_person: [] if is_training_person(clip) else parts
            )
            settings = EvaluateSettings(metrics=LIGHT, every=1, threads=1)
            return evaluate(Path("drawn"), systems, settings, finder=finder)

    return run


@pytest.fixture(scope="module")
def found(sliding: DrawnFootage, run_on: Run) -> Evaluation:
    return run_on(sliding, Still(), Oracle(sliding), Broken(sliding), Blank(sliding))


def test_views_are_scored_by_band_and_by_labels(sliding: DrawnFootage, finder: FaceFinder) -> None:
    part = Part("views T=1", "views", 1, 1, ((sliding, sliding),), (Band("near", 0.0, 18.0),), "views", labels=True)
    settings = EvaluateSettings(metrics="psnr,psnr-hair,psnr-background,silhouette", threads=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runner, "plan", lambda data, settings, is_training_person: [part])
        rows = evaluate(Path("drawn"), [Still(), Oracle(sliding)], settings, finder=finder).rows
    still, oracle = rows
    assert oracle.part == "views T=1, near" and oracle.frames == 2, "frames 0, 4 and 8 are views, one is the photo"
    assert oracle.values == {"psnr": 100.0, "psnr-hair": 100.0, "psnr-background": 100.0, "silhouette": None}
    assert still.values["psnr-hair"] is not None and still.values["psnr-hair"] < 30


def values(found: Evaluation, system: str) -> dict[str, float | None]:
    return next(row.values for row in found.rows if row.system == system)


def test_the_truth_itself_scores_perfectly(found: Evaluation) -> None:
    perfect = {
        "akd": 0.0, "akd-lips": 0.0, "pose": 0.0, "jitter-ratio": 1.0, "l1": 0.0, "psnr": 100.0, "ssim": 1.0,
        "psnr-face": 100.0, "failures": 0.0,
    }  # fmt: skip
    assert values(found, "oracle") == pytest.approx(perfect, abs=1e-6)


def test_a_still_photo_is_as_far_away_as_the_face_has_moved(found: Evaluation) -> None:
    row = next(row for row in found.rows if row.system == "still")
    assert row.frames == 11 and row.lost == 0
    # Frames 1 to 11 moved by 2, 4, ... 22 pixels of the picture: 12 on average, and the scored square is 320 at most.
    distance = row.values["akd"]
    assert distance is not None
    assert 12 * 256 / 320 - 0.6 < distance < 12 * 256 / 150
    assert row.values["jitter-ratio"] == 0.0


def test_the_distance_of_the_still_photo_is_the_known_movement(
    found: Evaluation, sliding: DrawnFootage, finder: FaceFinder
) -> None:
    face = finder.find(sliding.picture(0))[0]
    side = Crop.around(face.points, 256, 320, 320).square[2]
    assert values(found, "still")["akd"] == pytest.approx(12 * 256 / side, rel=0.05)


def test_a_system_that_fails_says_why_and_leaves_the_others_alone(found: Evaluation) -> None:
    row = next(row for row in found.rows if row.system == "broken")
    assert row.problem == "the painter lost its brush" and row.values == {}
    assert "broken, self drawn T=1, slide: the painter lost its brush" in table_text(found)
    assert values(found, "oracle")["psnr"] == 100.0


def test_a_picture_without_a_face_is_counted_as_a_failure(found: Evaluation) -> None:
    row = next(row for row in found.rows if row.system == "blank")
    assert row.lost == row.frames == 11
    assert row.values["failures"] == 100.0 and row.values["akd"] is None


def test_another_drivers_frames_are_never_taken_for_the_truth(
    sliding: DrawnFootage, finder: FaceFinder, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = DrawnFootage("other", "him", lambda index: sliding.picture(11 - index), relatives=frozenset({"him"}))
    monkeypatch.setattr(runner, "plan", lambda *_: [Part("cross T=1", "cross", 1, 1, ((sliding, other),))])
    settings = EvaluateSettings(metrics=f"{LIGHT},pose-motion,expression", every=1, threads=1)
    crossed = evaluate(Path("drawn"), [Still()], settings, finder=finder)
    seen = values(crossed, "still")
    assert {name for name, value in seen.items() if value is not None} == {
        "pose", "pose-motion", "expression", "jitter-ratio", "failures",
    }  # fmt: skip
    assert crossed.rows[0].driver == "him" and not crossed.comparisons[0].has_truth


def test_a_twin_is_driven_from_the_photos_moment_and_scored_by_its_own_frames(
    sliding: DrawnFootage, finder: FaceFinder, monkeypatch: pytest.MonkeyPatch
) -> None:
    drives: list[RenderRequest] = []

    class Told(Oracle):
        def render(self, request: RenderRequest) -> Iterator[Frame]:
            drives.append(request)
            yield from super().render(request)

    dim = DrawnFootage("dim", "him", lambda index: sliding.picture(index) // 2, relatives=frozenset({"him"}))
    monkeypatch.setattr(runner, "plan", lambda *_: [Part("twins T=1", "twins", 1, 1, ((sliding, dim),))])
    settings = EvaluateSettings(metrics=LIGHT, every=1, threads=1)
    found = evaluate(Path("drawn"), [Still(), Told(sliding)], settings, finder=finder)
    assert values(found, "oracle")["psnr"] == 100.0 and values(found, "oracle")["akd"] == pytest.approx(0, abs=1e-6)
    assert values(found, "still")["psnr"] != 100.0
    assert found.comparisons[0].has_truth and drives[0].clip is dim and drives[0].photo_times == (0.0,)
    assert found.rows[0].driver == "him" and found.rows[0].frames == 11


def test_bands_and_parts_of_one_movement_stand_in_one_table(
    sliding: DrawnFootage, finder: FaceFinder, monkeypatch: pytest.MonkeyPatch
) -> None:
    bands = Band("turn < 18", 0.0, 18.0), Band("turn >= 18", 18.0, 360.0)
    parts = [
        Part("self T=1", "self", 1, 1, ((sliding, sliding),), bands, "twins T=1"),
        Part("twins T=1", "twins", 1, 1, ((sliding, replace(sliding, name="twin")),), bands, "twins T=1"),
    ]
    monkeypatch.setattr(runner, "plan", lambda *_: parts)
    found = evaluate(
        Path("drawn"), [Still(), Oracle(sliding)], EvaluateSettings(metrics=LIGHT, every=1, threads=1), finder=finder
    )
    near = ["self T=1, turn < 18", "twins T=1, turn < 18"]
    assert found.side_by_side == {"twins T=1": [*near, "self T=1, turn >= 18", "twins T=1, turn >= 18"]}
    assert [row.frames for row in found.rows if row.system == "oracle"] == [11, 0, 11, 0]
    assert all(row.problem is None for row in found.rows if row.part in near)
    assert {row.problem for row in found.rows if row.part not in near} == {"no frame in this band of head rotation"}
    text = table_text(found)
    assert "twins T=1: still" in text and "twins T=1: oracle" in text
    assert text.count("clips scored") == 2, "one table a system"


def test_the_report_is_whole_and_needs_nothing_from_outside(found: Evaluation, tmp_path: Path) -> None:
    written = write(found, tmp_path / "new" / "report")
    assert [path.name for path in written] == ["results.json", "table.txt", "index.html", "sheet.png"]
    assert sorted(path.name for path in (tmp_path / "new" / "report").iterdir()) == sorted(p.name for p in written)
    data = json.loads(written[0].read_text(encoding="utf-8"))
    assert data["settings"]["metrics"] == LIGHT and data["environment"]["python"]
    assert len(data["rows"]) == 4 and data["metrics"]["akd"]["unit"] == "px at 256"
    page = written[2].read_text(encoding="utf-8")
    assert not re.search(r"(https?:)?//[a-z]", re.sub(r"base64,[A-Za-z0-9+/=]+", "", page))
    assert page.count("data:image/jpeg;base64,") == len(re.findall("<img", page)) >= 16
    assert "oracle" in written[1].read_text(encoding="utf-8")


def test_two_runs_find_the_same_numbers(found: Evaluation, sliding: DrawnFootage, run_on: Run) -> None:
    again = run_on(sliding, Still(), Oracle(sliding))
    for system in ("still", "oracle"):
        assert values(again, system) == values(found, system)


def test_clips_of_people_a_system_was_trained_on_are_left_out(sliding: DrawnFootage, run_on: Run) -> None:
    class Taught(Oracle):
        name = "taught"

        def trained_on(self, people: frozenset[str]) -> bool:
            return "her" in people

    with pytest.raises(InputError, match="no clip is left") as caught:
        run_on(sliding, Still(), Taught(sliding))
    assert "taught was trained on them" in str(caught.value)


def test_a_clip_too_short_becomes_a_row_that_says_so(sliding: DrawnFootage, run_on: Run) -> None:
    short = DrawnFootage("short", "her", sliding.picture, count=2)
    rows = run_on(short, Still()).rows
    assert rows[0].problem is not None and "too short for T = 1" in rows[0].problem


def test_every_metric_says_what_it_is_and_has_a_place_in_the_table() -> None:
    assert sorted(ORDER) == sorted(METRICS)
    for name, item in METRICS.items():
        info = item.info
        assert info.name == name and info.says.endswith(".") and info.direction in ("lower", "higher", "one")
        assert info.needs in ("truth", "driver", "source")


def test_a_metric_without_its_network_is_noted_or_refused_when_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    from animato.evaluation.metrics import perceptual

    def absent(name: str) -> Any:
        raise MissingPartError("the package is not installed", hint="pip install it")

    monkeypatch.setattr(perceptual, "network", absent)
    notes: list[str] = []
    assert "perceptual" not in runner.usable_metrics(None, notes)
    assert any(note.startswith("perceptual was skipped") for note in notes)
    with pytest.raises(MissingPartError):
        runner.usable_metrics(["perceptual"], [])
    with pytest.raises(UsageError, match="no metric 'beauty'"):
        runner.usable_metrics(["beauty"], [])


def test_the_report_is_plain_json_even_where_values_are_missing(found: Evaluation) -> None:
    json.dumps(as_data(found), allow_nan=False)
