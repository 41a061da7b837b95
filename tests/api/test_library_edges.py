"""The library takes what people have at hand, refuses the rest in a sentence, and leaves nothing running."""

from __future__ import annotations

import gc
import io
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from main_job import Material
from PIL import Image
from sample_photo import sample_photo

import animato
from animato import AnimateSettings, Head
from animato.drivers.driver_process import SubprocessDriver
from animato.errors import AnimatoError, InputError, UsageError
from animato.head.head import MOST_PHOTOS
from animato.media.image import save_picture

CROP = AnimateSettings(frame="crop", size=256, end=0.12)
PHOTO = sample_photo()


def test_a_name_alone_a_path_and_a_pil_image_are_photos_too(made: Material) -> None:
    wanted = [frame.shape for frame in animato.render(made.person, "nod", CROP)]
    for photo in (str(made.photo), made.photo, Image.open(made.photo), [Image.open(made.photo)]):
        assert [frame.shape for frame in animato.render(photo, "nod", CROP)] == wanted
    assert Head.from_photos(str(made.photo)).photo.sha256 == made.person.photo.sha256


@pytest.mark.parametrize(
    ("photo", "hint"),
    [
        (None, "the path of a JPEG"),
        (b"\xff\xd8", "io.BytesIO"),
        (io.BytesIO(), "io.BytesIO"),
        ({"a": 1}, "the path of a JPEG"),
        ([], "the path of a JPEG"),
        ([None], "the path of a JPEG"),
        (PHOTO / 255.0, "image * 255"),
        (PHOTO[..., 0], "numpy.stack"),
        (np.dstack([PHOTO, PHOTO[..., :1]]), "image[..., :3]"),
        (PHOTO.transpose(2, 0, 1), "transpose(1, 2, 0)"),
        (np.zeros((MOST_PHOTOS + 1, 8, 8, 3), np.uint8), "the path of a JPEG"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_no_photo_is_refused_with_what_to_give_instead(photo: Any, hint: str, out: Path) -> None:
    for use in (
        lambda: animato.render(photo, "nod", CROP),  # at once, not with the first frame
        lambda: animato.animate(photo, "nod", out / "a.mp4", CROP),
        lambda: Head.from_photos(photo),
    ):
        with pytest.raises(UsageError) as caught:
            use()
        assert hint in (caught.value.hint or "")


@pytest.mark.parametrize(
    "driver", [None, b"a.mp4", "", 1, PHOTO, [PHOTO, PHOTO], [], Image.fromarray(PHOTO)], ids=lambda v: type(v).__name__
)
def test_what_is_no_driver_is_refused_with_what_to_give_instead(driver: Any, made: Material, out: Path) -> None:
    for use in (
        lambda: animato.render(made.person, driver, CROP),
        lambda: animato.animate(made.person, driver, out / "a.mp4", CROP),
    ):
        with pytest.raises(UsageError) as caught:
            use()
        assert "video" in (caught.value.hint or "")


@pytest.mark.parametrize("name", [None, b"a.mp4", "", "-", 1])
def test_what_is_no_file_name_is_refused(
    name: Any, made: Material, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for use in (
        lambda: animato.animate(made.person, "nod", name, CROP),
        lambda: animato.record(name, "a.motion"),
        lambda: animato.verify(name),
    ):
        with pytest.raises(UsageError):
            use()
    assert list(tmp_path.iterdir()) == []


def test_settings_of_another_kind_are_refused(made: Material) -> None:
    with pytest.raises(UsageError, match="settings cannot be of the type dict"):
        animato.render(made.person, "nod", {"mouth": 0.5})  # type: ignore[arg-type]


def test_text_in_the_place_of_a_path_works_in_settings(made: Material, out: Path) -> None:
    spoken = replace(CROP, audio=str(made.speech))  # type: ignore[arg-type]
    assert spoken.audio == made.speech
    assert animato.animate(made.person, "nod", out / "a.mp4", spoken).frames == 3
    for name in ("person", "audio"):
        settings = replace(CROP, **{name: str(out / "nowhere")})
        with pytest.raises(InputError, match="nowhere"):
            animato.animate(made.person, "nod", out / "b.mp4", settings)


def test_numbers_of_numpy_and_the_number_of_a_face_work_in_settings() -> None:
    settings = AnimateSettings(end=np.float32(0.5), size=np.int64(512), face=2)  # type: ignore[arg-type]
    assert (settings.end, settings.size, settings.face) == (0.5, 512, "2")


def test_drawing_on_a_frame_never_shows_in_the_next(made: Material) -> None:
    whole = replace(CROP, frame="photo", end=0.2)  # most of the photo does not change from frame to frame
    untouched = list(animato.render(made.person, "nod", whole))
    levels = []
    for frame in animato.render(made.person, "nod", whole):
        levels.append(float(frame[:40].mean()))
        frame[:] = 255
    assert len({id(frame) for frame in untouched}) == len(untouched)
    assert all(frame.flags.writeable for frame in untouched)
    assert levels == pytest.approx([float(frame[:40].mean()) for frame in untouched], abs=0.5)


def test_a_photo_given_as_an_array_is_the_persons_own() -> None:
    photo = sample_photo()
    person = Head.from_photos(photo)
    photo[:] = 0
    assert person.photo.image.any()


def test_a_kept_error_keeps_no_process(made: Material, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[bytes]] = []
    start = SubprocessDriver._start

    def noted(driver: SubprocessDriver) -> None:
        start(driver)
        assert driver._child is not None
        started.append(driver._child.popen)

    monkeypatch.setattr(SubprocessDriver, "_start", noted)
    with pytest.raises(AnimatoError) as kept:  # its traceback holds every local variable
        animato.animate(np.full((200, 200, 3), 90, np.uint8), made.driver, out / "a.mp4", CROP)
    assert [child.poll() is None for child in started] == [False]
    assert kept.value.what


def test_an_abandoned_iterator_leaves_no_thread(made: Material) -> None:
    before = threading.active_count()
    frames = animato.render(made.person, made.driver, replace(CROP, end=None))
    next(frames)
    assert threading.active_count() > before
    del frames
    gc.collect()
    assert threading.active_count() == before


def test_a_program_may_end_with_an_open_iterator(made: Material, tmp_path: Path) -> None:
    save_picture(tmp_path / "me.png", sample_photo())
    program = (
        "import sys, animato; frames = animato.render(*sys.argv[1:], consent='self'); next(frames); print('ended')"
    )
    run = [sys.executable, "-c", program, str(tmp_path / "me.png"), str(made.driver)]
    done = subprocess.run(run, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "ended\n", "")
