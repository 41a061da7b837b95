"""`animato live` from the command line: a file as camera, all outputs at once, refusals, and a clean end."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from main_job import Material, contents, read_frames, write_video
from test_virtual_camera import read_raw

import animato
from animato.cli.main import run
from animato.errors import UsageError
from animato.media.reader import open_video
from animato.settings.live import LiveSettings

FAST = ["--model", "geometry", "--size", "256", "--no-adapt", "--no-page", "--threads", "1"]


@pytest.fixture
def head(made: Material, out: Path) -> Path:
    made.person.save(out / "me.animato")
    return out / "me.animato"


@pytest.fixture
def camera(made: Material, out: Path) -> Path:
    with open_video(made.driver) as video:
        frames = [frame.image for frame in video]
    return write_video(out / "camera.mp4", [*frames, *frames[::-1]], 25)


def test_a_file_moves_a_head_into_a_camera_and_a_recording(
    head: Path, camera: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outputs = ["--virtual-camera", str(out / "camera.yuv"), "-o", str(out / "call.mp4")]
    assert run(["live", "--head", str(head), "--camera", str(camera), *FAST, *outputs, "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["frames"] >= 2 and figures["status"] is None
    assert read_frames(out / "call.mp4")[0].shape == (512, 512, 3)
    report = animato.verify(out / "call.mp4")
    assert report.found and len(report.sentences()) > 1
    assert read_raw(out / "camera.yuv", 1280, 720)[-1][360, 640].max() > 30
    assert contents(out) == ["call.mp4", "camera.mp4", "camera.yuv", "me.animato"]


@pytest.mark.usefixtures("strict_consent")
def test_a_photo_needs_consent(made: Material, camera: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["live", "--head", str(made.photo), "--camera", str(camera), *FAST]) == 5
    assert "--consent" in capsys.readouterr().err


def test_a_missing_virtual_camera_is_a_missing_part(
    head: Path, camera: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("animato.live.run.find_virtual_camera.__defaults__", (tmp_path / "none",))
    monkeypatch.setattr("animato.live.run.sys.platform", "linux")
    assert run(["live", "--head", str(head), "--camera", str(camera), *FAST, "--virtual-camera", "auto"]) == 4
    assert "modprobe v4l2loopback" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--camera-size", "wide"], "--camera-size cannot be 'wide'"),
        (["--cuts", "hold"], "--cuts"),
        (["-o", "call.wmv"], "videos are not written as .wmv"),
        (["--mouth", "3"], "--mouth must be at most 2"),
    ],
)
def test_wrong_options_are_said(head: Path, options: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["live", "--head", str(head), *FAST, *options]) == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("given", [{"neutral": 1.0}, {"cuts": "hold"}])
def test_settings_of_videos_are_refused_and_say_which_key_does_it(given: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="applies to videos") as caught:
        LiveSettings(**given)
    assert "press c" in str(caught.value.hint)


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_signal_ends_it_cleanly_and_the_recording_is_kept(head: Path, out: Path) -> None:
    command = [sys.executable, "-m", "animato.cli", "live", "--head", str(head), "--camera", "57", *FAST]
    process = subprocess.Popen(
        [*command, "-o", str(out / "call.mp4")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # A shell that starts jobs in the background lets them ignore Ctrl-C, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stdout is not None
    process.stdout.readline()  # the keys: the camera is missing, so the head idles
    assert process.stderr is not None
    while b"the camera 57 is not there" not in process.stderr.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    try:
        _, said = process.communicate(timeout=120)
    finally:
        process.kill()
    assert process.returncode == 130
    assert b"call.mp4 is complete" in said and b"Traceback" not in said
    assert animato.verify(out / "call.mp4").found


@pytest.mark.usefixtures("strict_consent")
def test_a_received_motion_moves_no_photo_without_consent(made: Material, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["live", "--head", str(made.photo), "--receive", "45113", "--keyless", "--no-page", "--seconds", "1"]
    assert run(arguments) == 5
    assert "no head is made without consent" in capsys.readouterr().err
