"""A run that fails or is stopped in the middle leaves nothing behind and ends in the documented exit code."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from main_job import Material, contents

import animato
from animato import AnimateSettings
from animato.cli.main import run
from animato.errors import InterruptedRunError
from animato.pipeline.output import Output

NAMES = ["a.mp4", "a.webm", "a.gif", "frames"]


def command(made: Material, target: Path, *more: str) -> list[str]:
    """The arguments of a run of eight frames."""
    return ["animate", str(made.photo), "--driver", "nod", "--end", "0.32", "-o", str(target), *more]


@contextlib.contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Let the system refuse files of more than `size` bytes, as a full disk does."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.skipif(sys.platform == "win32", reason="needs file size limits of the system")
@pytest.mark.parametrize("name", NAMES)
def test_a_disk_that_fills_up_ends_in_a_sentence(
    made: Material, out: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with largest_file(2000):
        code = run(command(made, out / name))
    said = capsys.readouterr().err
    assert code == 3, said
    assert "the output cannot be written" in said
    assert "\n  try " in said
    assert contents(out) == []


@pytest.mark.skipif(sys.platform == "win32", reason="needs file size limits of the system")
def test_a_disk_that_fills_up_while_signing_ends_in_a_sentence(
    made: Material, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(command(made, out / "whole.mp4")) == 0
    size = (out / "whole.mp4").stat().st_size
    (out / "whole.mp4").unlink()
    capsys.readouterr()
    with largest_file(size - 1000):
        code = run(command(made, out / "a.mp4"))
    said = capsys.readouterr().err
    assert code == 3, said
    assert "the output cannot be written" in said
    assert contents(out) == []


@pytest.mark.parametrize("name", NAMES)
def test_stopping_in_the_middle_leaves_nothing(
    made: Material, out: Path, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop(done: int, expected: int | None) -> None:
        if done == 4:
            raise KeyboardInterrupt

    settings = AnimateSettings(end=0.32)
    with pytest.raises(InterruptedRunError) as caught:
        animato.animate(made.person, "nod", out / name, settings, progress=stop)
    assert caught.value.exit_code == 130
    assert contents(out) == []

    def write_and_stop(self: Output, frame: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Output, "write", write_and_stop)
    assert run(command(made, out / name)) == 130
    assert "was not written" in capsys.readouterr().err
    assert contents(out) == []


@pytest.mark.parametrize(
    "place",
    ["animato.pipeline.casting.open_driver", "animato.head.photo.read_picture", "animato.pipeline.signing.sign_output"],
)
def test_stopping_at_any_stage_ends_in_130(
    made: Material, out: Path, place: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(place, stop)
    assert run(command(made, out / "a.mp4")) == 130
    assert contents(out) == []


def test_ctrl_c_in_a_real_process_leaves_nothing(made: Material, out: Path) -> None:
    """The process is stopped as soon as its hidden file appears."""
    arguments = ["animate", str(made.photo), "--driver", "talk", "-o", str(out / "a.mp4")]
    arguments += ["--consent", "not-a-person"]
    # A shell that starts jobs in the background lets them ignore Ctrl-C, and children inherit that.
    program = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from animato.cli.main import main; main(sys.argv[1:])"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    while process.poll() is None and not contents(out):
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=0.01)
    process.send_signal(signal.SIGINT)
    printed, said = process.communicate(timeout=60)
    assert process.returncode in (130, -signal.SIGINT), said  # a shell reports 130 for both
    assert printed == ""
    assert "stopped" in said
    assert "Traceback" not in said
    assert contents(out) == []


def refuse_to_sign(*_: object) -> None:
    """Stands in for a library that cannot sign."""
    raise RuntimeError("no signature today")


@pytest.mark.parametrize("name", NAMES)
def test_an_output_that_cannot_be_signed_is_not_written(
    made: Material, out: Path, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("animato.trust.credentials._sign_stream", refuse_to_sign)
    assert run(command(made, out / name)) == 5
    said = capsys.readouterr().err
    assert "could not be signed, so it was not written" in said
    assert "no signature today" in said
    assert contents(out) == []


def test_a_file_that_was_there_survives_a_run_that_fails(
    made: Material, out: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (out / "a.mp4").write_bytes(b"mine")
    monkeypatch.setattr("animato.trust.credentials._sign_stream", refuse_to_sign)
    assert run([*command(made, out / "a.mp4"), "--overwrite"]) == 5
    assert (out / "a.mp4").read_bytes() == b"mine"
    assert contents(out) == ["a.mp4"]


def test_a_wrong_certificate_is_refused_before_anything_is_rendered(
    made: Material, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "cert.pem").write_text("not a certificate")
    (tmp_path / "key.pem").write_text("not a key")
    monkeypatch.setattr("animato.pipeline.rendering.frames_of", lambda *_: pytest.fail("too late"))
    own = ["--sign-cert", str(tmp_path / "cert.pem"), "--sign-key", str(tmp_path / "key.pem")]
    code = run(command(made, out / "a.mp4", *own))
    said = capsys.readouterr().err
    assert code == 2, said
    assert "the signing certificate or its key cannot be used" in said
    assert contents(out) == []


def test_too_little_memory_is_no_bug_and_leaves_nothing(
    made: Material, out: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("animato.renderers.portrait.renderer.PortraitRenderer._paint", fail)
    assert run(command(made, out / "a.mp4")) == 3
    assert "not enough memory" in capsys.readouterr().err
    assert contents(out) == []


@pytest.mark.parametrize("fault", [ZeroDivisionError("ours"), KeyError("ours")])
def test_a_bug_of_ours_is_called_one_and_leaves_nothing(
    made: Material,
    out: Path,
    fault: Exception,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(*_: object) -> None:
        raise fault

    monkeypatch.setattr("animato.renderers.portrait.renderer.PortraitRenderer._paint", fail)
    assert run(command(made, out / "a.mp4")) == 1
    said = capsys.readouterr().err
    assert "this is a bug" in said
    assert "--debug" in said
    assert contents(out) == []
    with pytest.raises(type(fault)):
        run(["--debug", *command(made, out / "a.mp4")])
