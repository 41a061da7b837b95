"""`motion`, `verify`, `doctor`, `demo` and `bench` do what their help says."""

from __future__ import annotations

import importlib.metadata
import json
import re
import sys
from pathlib import Path

import pytest
from main_job import FRAMES, Material, contents, stream_facts

from animato import api, doctor
from animato.appearance.channels import CHANNELS
from animato.cli.main import run
from animato.motion.bundled import bundled
from animato.motion.motion_file import load_motion
from animato.pipeline import bench


def test_a_recorded_movement_drives_like_its_clip(
    made: Material, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wave = out / "wave.motion"
    told = ["--attribution", "somebody", "--licence", "CC0-1.0", "--name", "a wave"]
    assert run(["motion", "record", str(made.driver), "-o", str(wave), *told]) == 0
    assert f"{wave}: {FRAMES} frames, 0.60 s" in capsys.readouterr().out
    assert contents(out) == ["wave.motion"]
    clip = load_motion(wave, CHANNELS)
    assert (clip.name, clip.attribution, clip.licence, len(clip.frames)) == ("a wave", "somebody", "CC0-1.0", FRAMES)
    photo = ["animate", str(made.photo), "--frame", "crop", "--size", "256", "--json"]
    assert run([*photo, "--driver", str(wave), "-o", str(out / "a.mp4")]) == 0
    assert run([*photo, "--driver", str(made.driver), "-o", str(out / "b.mp4")]) == 0
    first, second = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert first["frames"] == second["frames"] == FRAMES
    assert first["jitter"] == pytest.approx(second["jitter"], rel=0.05)


def test_recording_tells_a_script_in_json(made: Material, out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = out / "a.motion"
    assert run(["motion", "record", str(made.driver), "-o", str(target), "--end", "0.2", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"path": str(target), "frames": 5, "dropouts": 0}


@pytest.mark.parametrize(
    ("source", "target", "more", "code", "words"),
    [
        ("nowhere.mp4", "a.motion", [], 3, "no such file"),
        ("", "a.mp4", [], 2, "end in .motion"),
        ("", "nowhere/a.motion", [], 3, "does not exist"),
        ("", "a.motion", ["--start", "9"], 3, "nothing is left"),
        ("", "a.motion", ["--start", "2", "--end", "1"], 2, "--end must be after"),
    ],
)
def test_a_recording_that_cannot_be_made_leaves_nothing(
    made: Material,
    out: Path,
    source: str,
    target: str,
    more: list[str],
    code: int,
    words: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    video = out / source if source else made.driver
    assert run(["motion", "record", str(video), "-o", str(out / target), *more]) == code
    assert words in capsys.readouterr().err
    assert contents(out) == []


def test_a_recording_of_no_face_is_refused(made: Material, out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["motion", "record", str(made.faceless), "-o", str(out / "a.motion")]) == 3
    assert "no face found" in capsys.readouterr().err
    assert contents(out) == []


def test_a_stopped_recording_leaves_nothing(
    made: Material, out: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("animato.animator.save_motion", stop)
    assert run(["motion", "record", str(made.driver), "-o", str(out / "a.motion")]) == 130
    assert "stopped" in capsys.readouterr().err
    assert contents(out) == []


def test_bundled_movements_are_listed_and_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["motion", "list"]) == 0
    assert capsys.readouterr().out.split() == sorted(bundled())
    assert run(["motion", "list", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == sorted(bundled())
    for name in bundled():
        assert run(["motion", "show", name, "--json"]) == 0
        told = json.loads(capsys.readouterr().out)
        assert told["frames"] > 0
        assert told["licence"], name
        assert told["attribution"], name
    assert run(["motion", "show", "nod"]) == 0
    assert "frames" in capsys.readouterr().out


def test_showing_what_is_no_motion_file_is_refused(made: Material, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["motion", "show", str(made.photo)]) == 3
    assert "not a motion file" in capsys.readouterr().err


def test_verify_reads_back_what_animate_wrote(made: Material, out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made_by = ["animate", str(made.photo), "--driver", "nod", "--end", "0.4", "-o", str(out / "a.mp4"), "--json"]
    assert run(made_by) == 0
    mark = json.loads(capsys.readouterr().out)["mark_id"]
    assert run(["verify", str(out / "a.mp4")]) == 0
    said = capsys.readouterr().out
    assert mark in said
    assert "partly AI-generated" in said
    assert run(["verify", str(made.photo)]) == 7
    assert "This does not mean" in capsys.readouterr().out


def test_doctor_says_what_is_there_and_that_the_main_job_can_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(doctor, "_torch", lambda: doctor.CheckResult("torch", "missing", "loading it takes seconds"))
    assert run(["doctor"]) == 0
    printed = capsys.readouterr().out
    assert "animato animate can run" in printed
    for name in (
        *doctor.REQUIRED_PACKAGES,
        "face networks",
        "video encoders",
        "credentials",
        "extra training",
        "torch",
    ):
        assert name in printed


def test_doctor_tells_a_script_in_json(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(doctor, "_networks", lambda: "compiled in another test")
    monkeypatch.setattr(doctor, "_torch", lambda: doctor.CheckResult("torch", "missing", "loading it takes seconds"))
    assert run(["doctor", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {"name", "state", "text", "hint"} == set(told[0])
    assert {item["state"] for item in told} <= {"ok", "missing"}


def test_doctor_says_what_is_missing_and_what_to_type(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    version = importlib.metadata.version

    def without(name: str) -> str:
        if name in ("av", "torch"):
            raise importlib.metadata.PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(importlib.metadata, "version", without)
    monkeypatch.setattr(doctor, "_networks", lambda: "compiled in another test")
    assert run(["doctor"]) == 4
    printed, said = capsys.readouterr()
    assert "pip install av" in printed
    assert "pip install 'animato[training]'" in printed
    assert "needed only for training, evaluation and the paper model" in printed
    assert "`animato animate` cannot run: problems with av" in said


def test_the_demo_makes_a_video_and_its_contact_sheet(
    out: Path, made: Material, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    results: list[api.AnimateResult] = []
    animate = api.animate
    monkeypatch.setattr(api, "animate", lambda *given, **named: results.append(animate(*given, **named)) or results[-1])
    assert run(["demo", "-o", str(out / "deep" / "er"), "--driver", str(made.driver)]) == 0
    printed = capsys.readouterr().out
    assert contents(out / "deep" / "er") == ["demo.jpg", "demo.mp4"]
    assert str(out / "deep" / "er" / "demo.mp4") in printed
    assert "animato verify" in printed
    assert "computer-made head" in printed and "ground of consent: not-a-person" in printed
    rate = int(re.search(r"(\d+) per second", printed)[1])  # type: ignore[index]
    assert rate == round(results[0].frames_a_second), "not the sum of stages that run at once"
    (out / "file").write_text("mine")
    assert run(["demo", "-o", str(out / "file")]) == 3
    assert "cannot be written" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="peak memory is not told there")
def test_peak_memory_is_the_measured_program_s_own() -> None:
    ballast = bytearray(300_000_000)  # this process is large; the measured one is not
    program = "import sys; room = bytearray(60_000_000); print('done'); print('said', file=sys.stderr); sys.exit(3)"
    code, printed, said, peak = bench.run_measured([sys.executable, "-c", program])
    assert (code, printed, said) == (3, "done\n", "said")
    assert peak is not None
    assert 60 < peak < 150 < len(ballast) / 1e6


def test_the_benchmark_prints_every_stage_side_by_side(
    made: Material, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [
        "bench",
        "--driver",
        str(made.driver),
        "--photo",
        str(made.photo),
        "--seconds",
        "0.2",
        "--seconds",
        "0.4",
        "--consent",
        "not-a-person",
    ]
    monkeypatch.setattr(bench, "run_measured", in_this_process)
    assert run(arguments) == 0
    printed = capsys.readouterr().out
    for word in (
        "decode",
        "track",
        "motion",
        "warp",
        "composite",
        "mark",
        "encode",
        "frames per second",
        "first frame",
    ):
        assert word in printed
    assert "0 s" in printed
    assert run([*arguments, "--size", "7"]) == 2


def in_this_process(command: list[str]) -> tuple[int, str, str, float | None]:
    """Run the measured command here, where the networks are compiled already."""
    import contextlib
    import io

    assert command[1:3] == ["-m", "animato.cli"]
    printed, said = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(said):
        code = run(command[3:])
    return code, printed.getvalue(), said.getvalue(), 123.0


def test_a_looped_clip_has_the_length_that_was_asked_for(made: Material, tmp_path: Path) -> None:
    bench.loop_clip(made.driver, tmp_path / "long.mp4", 2.0)
    assert stream_facts(tmp_path / "long.mp4")["frames"] == 50
