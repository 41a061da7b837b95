"""The library: a person made once and rendered many times, results as values, examples that run."""

from __future__ import annotations

import doctest
import inspect
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from main_job import Material, speaking_frames
from sample_photo import sample_photo

import animato
from animato import AnimateSettings, Head, api
from animato.errors import AnimatoError, FaceError, InputError, UsageError
from animato.geometry.landmarks import MESH_POINTS
from animato.head.head import MOST_PHOTOS
from animato.media.image import save_picture
from animato.types import Frame, Points

CROP = AnimateSettings(frame="crop", size=256, end=0.2)


def test_the_public_names_are_these() -> None:
    assert sorted(animato.__all__) == [
        "AnimateResult",
        "AnimateSettings",
        "AnimatoError",
        "Animator",
        "Consent",
        "Head",
        "HeadReport",
        "Interactive",
        "Stream",
        "__version__",
        "animate",
        "expression_of",
        "interactive",
        "pose",
        "record",
        "render",
        "verify",
    ]
    assert all(getattr(animato, name) is not None for name in animato.__all__)
    assert dir(animato) == sorted(animato.__all__)
    with pytest.raises(AttributeError, match="no attribute 'anymate'"):
        animato.anymate  # type: ignore[attr-defined]  # noqa: B018


@pytest.mark.parametrize(
    "before", ["", "import animato.runtime.stage_clock", "import animato.api", "from animato.pipeline import output"]
)
def test_render_can_be_called_whatever_was_imported_before(before: str) -> None:
    called = "animato.render('me.jpg', 'nod', consent='self')"
    program = f"{before}\nimport animato\nassert callable(animato.render)\n{called}\nprint('called')"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout == "called\n", done.stderr


def test_a_person_is_made_once_and_rendered_many_times(made: Material) -> None:
    person = animato.Head.from_photos([made.photo])
    first = list(animato.render(person, "nod", CROP))
    second = list(animato.render(person, made.driver, CROP))
    assert len(first) == len(second) == 5
    assert all(frame.shape == (512, 512, 3) and frame.dtype == np.uint8 for frame in [*first, *second])


def test_frames_come_one_at_a_time_and_may_be_left_early(made: Material) -> None:
    frames = animato.render(made.person, "talk")
    assert next(frames).shape == (512, 512, 3)
    frames.close()  # type: ignore[attr-defined]


def test_a_picture_in_memory_is_a_photo_too(out: Path) -> None:
    result = animato.animate(sample_photo(), "nod", str(out / "a.mp4"), CROP)
    assert result.frames == 5
    assert any("photo 1" in sentence for sentence in result.warnings)


@pytest.mark.parametrize(
    "wrong", [np.zeros((64, 64), np.uint8), np.zeros((64, 64, 4), np.uint8), np.zeros((64, 64, 3), np.float32)]
)
def test_an_array_of_another_kind_is_refused(wrong: Frame, out: Path) -> None:
    with pytest.raises(UsageError, match="H x W x 3 uint8 RGB"):
        animato.animate(wrong, "nod", out / "a.mp4", CROP)


def test_no_photo_and_too_many_photos_are_refused(made: Material) -> None:
    for photos in ([], [made.photo] * (MOST_PHOTOS + 1)):
        with pytest.raises(UsageError, match="1 to 32 photos"):
            Head.from_photos(photos)


def test_the_most_frontal_and_neutral_photo_is_animated_first() -> None:
    speaking = speaking_frames()
    person = Head.from_photos([speaking[9], sample_photo(), speaking[0]])
    assert len(person.photos) == 3
    alone = [Head.from_photos([photo.image]).photo for photo in person.photos]
    assert [photo.sha256 for photo in alone] == [photo.sha256 for photo in person.photos]
    reversed_order = Head.from_photos([photo.image for photo in reversed(person.photos)])
    assert [photo.sha256 for photo in reversed_order.photos] == [photo.sha256 for photo in person.photos]


def test_a_photo_without_a_face_is_left_out_and_said() -> None:
    wall = np.full((300, 300, 3), 120, np.uint8)
    person = Head.from_photos([wall, sample_photo()])
    assert len(person.photos) == 1
    assert "no face found in photo 1; the photo was left out" in person.warnings


def test_a_person_without_any_face_is_refused() -> None:
    wall = np.full((300, 300, 3), 120, np.uint8)
    with pytest.raises(FaceError, match="no face found in photo 1"):
        Head.from_photos([wall])


def test_a_damaged_photo_among_good_ones_is_an_error_not_a_silence(made: Material, tmp_path: Path) -> None:
    (tmp_path / "half.png").write_bytes(made.photo.read_bytes()[:50_000])
    with pytest.raises(InputError, match=r"half\.png"):
        Head.from_photos([made.photo, tmp_path / "half.png"])


def test_findings_about_quality_are_sentences_with_a_remedy() -> None:
    portrait = sample_photo()
    blurred = np.asarray(cv2.GaussianBlur(portrait, (0, 0), 4), np.uint8)
    dark = (portrait * 0.2).astype(np.uint8)
    for photo, words, remedy in ((blurred, "is blurred", "use a photo in focus"), (dark, "very dark", "more light")):
        said = " ".join(Head.from_photos([photo]).warnings)
        assert words in said
        assert remedy in said


def test_the_result_is_plain_json(made: Material, out: Path) -> None:
    calls: list[tuple[int, int | None]] = []
    result = animato.animate(
        made.person, made.driver, out / "a.mp4", CROP, progress=lambda done, expected: calls.append((done, expected))
    )
    told = json.loads(json.dumps(result.to_json(), allow_nan=False))
    assert set(told) == set(result.__dataclass_fields__)
    assert calls == [(number, 5) for number in range(1, 6)]
    assert result.first_frame_seconds > 0
    assert list(result.milliseconds)[:3] == ["decode", "track", "motion"]
    assert all(value >= 0 for value in result.milliseconds.values())


def test_a_recorded_movement_is_returned_and_saved(made: Material, out: Path) -> None:
    clip = animato.record(made.driver, out / "a.motion", replace(CROP, end=0.2), licence="CC0-1.0")
    assert (clip.name, clip.licence, len(clip.frames)) == ("a", "CC0-1.0", 5)
    assert (out / "a.motion").stat().st_size < 60_000


def test_every_error_a_person_can_meet_is_of_one_kind(made: Material, out: Path) -> None:
    for photo, driver, target in (
        ("nowhere.jpg", "nod", "a.mp4"),
        (made.photo, "nowhere.mp4", "a.mp4"),
        (made.photo, "noddd", "a.mp4"),
        (made.photo, "nod", "a.doc"),
        (made.photo, "nod", "nowhere/a.mp4"),
    ):
        with pytest.raises(AnimatoError) as caught:
            animato.animate(photo, driver, out / target)
        assert caught.value.what
        assert caught.value.hint
        assert 2 <= caught.value.exit_code <= 7


def documented() -> list[object]:
    """Public things whose docstring has an example."""
    return [
        thing
        for thing in (api.animate, api.render, api.verify, Head.from_photos)
        if ">>>" in (inspect.getdoc(thing) or "")
    ]


def test_the_two_level_form_and_the_main_job_have_examples() -> None:
    assert len(documented()) == 4


@pytest.mark.parametrize("thing", documented(), ids=lambda thing: getattr(thing, "__name__", ""))
def test_the_examples_in_the_documentation_run(
    thing: object, made: Material, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are run as written, in a folder that has the photo they name; `show` is the reader's own."""
    monkeypatch.chdir(tmp_path)
    save_picture(tmp_path / "me.jpg", sample_photo())
    save_picture(tmp_path / "side.jpg", sample_photo())
    if thing is api.verify:
        animato.animate(made.person, "nod", "me.mp4", CROP)
    shown: list[Frame] = []
    names: dict[str, object] = {"show": shown.append, "__name__": "example"}
    examples = doctest.DocTestParser().get_examples(inspect.getdoc(thing) or "")
    for example in examples:
        exec(example.source, names)
    if thing is api.animate:
        assert (tmp_path / "me.mp4").stat().st_size > 10_000
    if thing is api.render:
        assert len(shown) == 80
    if thing == Head.from_photos:
        assert isinstance(names["head"], Head)


def test_landmarks_of_all_photos_name_one_place_of_the_skin() -> None:
    photo = sample_photo()
    turned = cv2.getRotationMatrix2D((256.0, 200.0), 5.0, 0.93)
    second = np.asarray(cv2.warpAffine(photo, turned, photo.shape[1::-1], flags=cv2.INTER_CUBIC), np.uint8)
    person = Head.from_photos([photo, second])
    first, other = person.photos
    other_from_first = turned if np.array_equal(first.image, photo) else cv2.invertAffineTransform(turned)
    wanted = first.face.points[:MESH_POINTS, :2] @ other_from_first[:, :2].T + other_from_first[:, 2]
    alone = Head.from_photos([other.image]).photo

    def off(points: Points) -> float:
        return float(np.linalg.norm(points[:MESH_POINTS, :2] - wanted, axis=1).mean())

    assert off(other.face.points) < 0.5 * off(alone.face.points)
