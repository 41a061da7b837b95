"""Bad input ends in a sentence, a remedy, the documented exit code, and an output folder with nothing in it."""

from __future__ import annotations

import struct
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from main_job import Material, contents, finder, speaking_frames, write_video

from animato.cli.main import run
from animato.media.image import save_picture
from animato.motion.bundled import bundled
from animato.render.bench import demo_photo

Refuse = Callable[..., str]

BAD_PHOTO, BAD_DRIVER, BAD_SOUND = "bad-photo", "bad-driver", "bad-sound"


def bomb() -> bytes:
    """A PNG of a few hundred bytes that claims 60 000 x 60 000 pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


@pytest.fixture(scope="session")
def bad(made: Material, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of files that cannot be used."""
    folder = tmp_path_factory.mktemp("bad")
    photo, clip = demo_photo(), made.driver.read_bytes()
    (folder / "text.jpg").write_text("this is no picture\n" * 20)
    (folder / "text.mp4").write_text("this is no video\n" * 20)
    (folder / "text.wav").write_text("this is no sound\n" * 20)
    (folder / "text.motion").write_text("this is no movement\n" * 20)
    (folder / "bomb.png").write_bytes(bomb())
    (folder / "empty.png").write_bytes(b"")
    (folder / "half.png").write_bytes(made.photo.read_bytes()[:60_000])
    # The index of this copy lies at its end, as phones write it, and is cut off with it.
    with av.open(str(made.driver)) as source, av.open(str(folder / "half.mp4"), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    (folder / "half.mp4").write_bytes((folder / "half.mp4").read_bytes()[: len(clip) // 2])
    with av.open(str(folder / "zero.mp4"), "w") as container:
        container.add_stream("libx264", rate=25, options={}).width = 64
        container.streams.video[0].height = 64
        container.start_encoding()
    save_picture(folder / "wall.png", np.full((400, 400, 3), 120, np.uint8))
    save_picture(folder / "far.png", np.asarray(cv2.resize(photo, (205, 205), interpolation=cv2.INTER_AREA), np.uint8))
    save_picture(folder / "edge.png", np.ascontiguousarray(photo[:, 203:]))
    return folder


@pytest.fixture
def refuse(made: Material, bad: Path, out: Path, capsys: pytest.CaptureFixture[str]) -> Refuse:
    """A function that runs `animato animate`, checks that it is refused cleanly, and returns what was said."""

    def check(
        *more: str,
        code: int = 3,
        photo: Path | str = made.photo,
        driver: Path | str = made.driver,
        name: str = "a.mp4",
        hint: bool = True,
    ) -> str:
        before = contents(out)
        arguments = ["animate", str(photo), "--driver", str(driver), "-o", str(out / name), *more]
        ended = run(arguments)
        printed, said = capsys.readouterr()
        assert ended == code, said
        assert printed == ""
        assert said.startswith("animato: ")
        assert "this is a bug" not in said
        assert "\n  try " in said or not hint, "every refusal says what to do"
        assert "Traceback" not in said
        assert contents(out) == before, "nothing is left behind, not even a hidden file"
        return said

    return check


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nowhere.jpg", "no such file"),
        ("text.jpg", "not a picture"),
        ("bomb.png", "too large"),
        ("empty.png", "is empty"),
        ("half.png", "damaged or cut short"),
        ("wall.png", "no face found in wall.png"),
        ("far.png", "too small"),
        ("edge.png", "cut off by the edge"),
        (".", "is a folder"),
    ],
)
def test_a_photo_that_cannot_be_used_is_refused(refuse: Refuse, bad: Path, name: str, words: str) -> None:
    assert words in refuse(photo=bad / name, driver="nod")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nowhere.mp4", "no such file"),
        ("text.mp4", "not a video"),
        ("text.motion", "not a motion file"),
        ("half.mp4", "damaged or cut short"),
        ("zero.mp4", "no frame|no video|damaged|empty"),
        ("wall.png", "pictures go before --driver"),
        (".", "is a folder"),
    ],
)
def test_a_driver_that_cannot_be_used_is_refused(refuse: Refuse, bad: Path, name: str, words: str) -> None:
    said = refuse(driver=bad / name)
    assert any(word in said for word in words.split("|"))


def test_a_video_in_the_place_of_the_photo_is_told_where_it_belongs(refuse: Refuse, made: Material) -> None:
    said = refuse(photo=made.driver, driver=made.photo)
    assert "is a video file, not a picture" in said
    assert "videos go after --driver" in said


def test_a_sound_in_the_place_of_the_driver_is_told_where_it_belongs(refuse: Refuse, made: Material) -> None:
    assert "sound files go after --audio" in refuse(driver=made.speech)


def test_an_unknown_movement_names_those_that_are_bundled(refuse: Refuse) -> None:
    said = refuse(driver="noddd")
    assert all(name in said for name in ("noddd", *bundled()))


def test_a_driver_without_a_face_is_refused(refuse: Refuse, made: Material) -> None:
    assert "no face found in the driver wall.mp4" in refuse(driver=made.faceless)


@pytest.mark.parametrize(
    ("sound", "name"),
    [
        ("nowhere.wav", "a.mp4"),
        ("nowhere.wav", "frames"),
        ("text.wav", "a.mp4"),
        ("text.wav", "a.webm"),
        ("wall.png", "a.mp4"),
    ],
)
def test_a_sound_that_cannot_be_used_is_refused(refuse: Refuse, bad: Path, sound: str, name: str) -> None:
    assert sound in refuse("--audio", str(bad / sound), driver="nod", name=name)


@pytest.mark.parametrize("name", ["nowhere.animato", "text.jpg"])
def test_a_person_file_that_cannot_be_used_is_refused(refuse: Refuse, bad: Path, name: str) -> None:
    assert name in refuse("--model", "paper", "--person", str(bad / name), driver="nod", hint=False)


def test_a_face_that_is_not_there_is_refused_with_the_number_that_are(refuse: Refuse) -> None:
    assert "no face number 9: 1 found" in refuse("--face", "9", driver="nod")


def test_a_driver_face_that_is_not_there_is_refused(refuse: Refuse) -> None:
    said = refuse("--driver-face", "9")
    assert "speaker.mp4" in said
    assert "--driver-face largest" in said


def test_a_face_turned_away_is_refused(refuse: Refuse, made: Material, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    from animato.motion.pose import HeadPose, fit_pose, local_from_points, points_from_local, rotation_exp

    face = made.person.photo.face
    pose = fit_pose(face.points)
    away = HeadPose(rotation_exp(np.array([0.0, 1.2, 0.0])), pose.translation, pose.scale)
    turned = replace(face, points=points_from_local(local_from_points(face.points, pose), away))
    monkeypatch.setattr(finder(), "find", lambda frame: [turned])
    assert "turned away too far (69 degrees)" in refuse(driver="nod")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--size", "7"], "--size must be at least 128"),
        (["--size", "5000"], "--size must be at most 1024"),
        (["--fps", "-1"], "--fps must be at least 1"),
        (["--fps", "nan"], "--fps must be a number"),
        (["--fps", "inf"], "--fps must be at most 120"),
        (["--crf", "99"], "--crf must be at most"),
        (["--pose", "nan"], "--pose must be a number"),
        (["--pose", "-0.5"], "--pose must be at least 0"),
        (["--smooth", "2"], "--smooth must be at most 1"),
        (["--start", "0.4", "--end", "0.2"], "--end must be after --start"),
        (["--start", "-1"], "--start must be at least 0"),
        (["--threads", "0"], "--threads must be at least 1"),
        (["--max-side", "10"], "--max-side must be at least"),
        (["--neutral", "99"], "--neutral 99 lies after the end of speaker.mp4"),
        (["--neutral", "inf"], "--neutral"),
        (["--frame", "crip"], "--frame crop"),
        (["--motion", "sideways"], "relative, absolute"),
        (["--face", "nose"], "--face cannot be 'nose'"),
        (["--face", "0"], "--face cannot be '0'"),
        (["--audio", "a.wav", "--no-sound"], "exclude each other"),
        (["--model", "paper"], "--model paper and --person go together"),
        (["--person", "me.animato"], "--model paper and --person go together"),
        (["--size", "many"], "--size"),
        (["--sise", "512"], "--sise"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_an_absurd_option_is_refused(refuse: Refuse, options: list[str], words: str) -> None:
    assert words in refuse(*options, code=2)


def test_a_start_after_the_end_of_the_driver_is_refused(refuse: Refuse) -> None:
    assert "nothing is left after 7 s" in refuse("--start", "7", hint=False)
    assert "nothing is left after 7 s" in refuse("--start", "7", driver="nod", code=2)
    assert "nothing is left after inf s" in refuse("--start", "inf", hint=False)


def test_a_neutral_time_for_a_motion_file_is_refused(refuse: Refuse) -> None:
    assert "--neutral is for videos" in refuse("--neutral", "0.1", driver="nod", code=2)


@pytest.mark.parametrize("name", ["a.avi", "a.jpg", "a.tar.gz", "a.png"])
def test_an_output_of_another_kind_is_refused(refuse: Refuse, name: str) -> None:
    assert name.rpartition(".")[2] in refuse(name=name, code=2)


def test_an_output_in_no_folder_is_refused(refuse: Refuse) -> None:
    said = refuse(name="nowhere/a.mp4")
    assert "does not exist" in said
    assert "mkdir -p" in said


def test_a_folder_in_the_place_of_a_file_is_refused(refuse: Refuse, out: Path) -> None:
    (out / "a.mp4").mkdir()
    assert "is a folder" in refuse()


def test_a_file_in_the_place_of_a_folder_is_refused_before_anything_is_rendered(
    refuse: Refuse, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (out / "frames").write_text("mine")
    monkeypatch.setattr("animato.api.open_driver", lambda *_: pytest.fail("too late"))
    assert "is a file" in refuse(name="frames")
    assert (out / "frames").read_text() == "mine"


def test_a_folder_that_may_not_be_written_is_refused_before_anything_is_rendered(
    refuse: Refuse, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(**_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(tempfile, "TemporaryFile", denied)
    monkeypatch.setattr("animato.api.open_driver", lambda *_: pytest.fail("too late"))
    assert "may not write there" in refuse()


def test_a_name_too_long_for_the_system_is_refused_before_anything_is_rendered(
    refuse: Refuse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("animato.api.open_driver", lambda *_: pytest.fail("too late"))
    for name in ("a" * 300 + ".mp4", "a" * 300):
        assert "the name is too long" in refuse(name=name)


def test_a_key_store_that_cannot_be_written_is_refused(
    refuse: Refuse, made: Material, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANIMATO_HOME", str(made.photo / "keys"))
    assert "ANIMATO_HOME" in refuse(driver="nod")


@pytest.mark.parametrize("option", [[], ["--no-overwrite"]])
def test_an_output_that_is_an_input_is_refused(
    out: Path, made: Material, capsys: pytest.CaptureFixture[str], option: list[str]
) -> None:
    clip = write_video(out / "clip.mp4", speaking_frames()[:3], 25)
    (out / "sub").mkdir()
    before = clip.read_bytes()
    same = out / "sub" / ".." / "clip.mp4"
    assert run(["animate", str(made.photo), "--driver", str(clip), "-o", str(same), *option]) == 2
    said = capsys.readouterr().err
    assert "which is an input" in said or "exists already" in said
    assert clip.read_bytes() == before
    assert contents(out) == ["clip.mp4", "sub"]


def test_frames_do_not_replace_the_photo_they_are_made_from(
    out: Path, made: Material, capsys: pytest.CaptureFixture[str]
) -> None:
    photo = out / "frame_000001.png"
    photo.write_bytes(made.photo.read_bytes())
    assert run(["animate", str(photo), "--driver", "nod", "--end", "0.1", "-o", str(out)]) == 2
    assert "which is an input" in capsys.readouterr().err
    assert contents(out) == ["frame_000001.png"]
