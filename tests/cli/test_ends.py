"""However a run ends - by a signal, on a full disk, with closed streams - it says so in its code and leaves nothing."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from main_job import Material, contents

from animato.cli import stop_signals
from animato.cli.main import run
from animato.errors import OutputError
from animato.runtime.openvino_library import read_model

Refuse = Callable[..., str]
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="needs the signals and shells of POSIX")
BEGIN = (
    "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "from animato.cli.entry import main; main()"
)


class Run:
    """A run in a process of its own, with a temporary folder of its own."""

    def __init__(self, made: Material, folder: Path, *more: str) -> None:
        self.out, self.scratch = folder / "outputs", folder / "scratch"
        for each in (self.out, self.scratch):
            each.mkdir()
        arguments = ["animate", str(made.photo), "--driver", str(made.driver), "-o", str(self.out / "a.mp4"), *more]
        arguments += ["--consent", "not-a-person"]
        self.process = subprocess.Popen(
            [sys.executable, "-c", BEGIN, *arguments],
            env={**os.environ, "TMPDIR": str(self.scratch)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def wait_for(self, folder: Path) -> None:
        """Wait until something lies in a folder."""
        while self.process.poll() is None and not contents(folder):
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout=0.01)

    def children(self) -> list[int]:
        """Numbers of the processes that it has started."""
        try:
            return [
                int(n) for n in Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
            ]
        except OSError:
            return []


def alive(number: int) -> bool:
    try:
        return "zombie" not in Path(f"/proc/{number}/status").read_text()
    except OSError:
        return False


@POSIX
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)], ids=lambda v: str(v)
)
def test_a_signal_in_the_middle_leaves_no_file_no_process_and_no_folder(
    made: Material, out: Path, number: int, code: int
) -> None:
    one = Run(made, out)
    one.wait_for(one.out)
    children = one.children()
    one.process.send_signal(number)
    printed, said = one.process.communicate(timeout=60)
    assert one.process.returncode == code, said
    assert printed == ""
    assert said == "animato: stopped; a.mp4 was not written\n"
    assert contents(one.out) == contents(one.scratch) == []
    assert not [child for child in children if alive(child)]


@POSIX
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_early_signal_leaves_no_temporary_folder(made: Material, out: Path, number: int) -> None:
    one = Run(made, out, "--json")
    one.wait_for(one.scratch)  # networks are about to be compiled
    one.process.send_signal(number)
    printed, said = one.process.communicate(timeout=60)
    assert one.process.returncode == 128 + number, said
    assert json.loads(printed)["error"]["exit_code"] == 128 + number
    assert said.startswith("animato: stopped")
    assert "Traceback" not in said
    assert contents(one.out) == contents(one.scratch) == []


@POSIX
def test_a_signal_while_modules_are_imported_is_a_sentence() -> None:
    program = (
        "import os, signal, sys\n"
        "class Stop:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'animato.cli.main':\n"
        "            os.kill(os.getpid(), signal.SIGTERM)\n"
        "sys.meta_path.insert(0, Stop())\n"
        "from animato.cli.entry import main\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (143, "animato: stopped\n")


@POSIX
def test_signals_that_are_to_be_ignored_stay_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    handlers = {number: signal.getsignal(number) for number in stop_signals.SIGNALS}
    monkeypatch.setattr(stop_signals, "_received", [])
    try:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
        stop_signals.install()
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)  # the clean-up that the first one began goes on
        assert stop_signals.exit_code() == 143
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


@pytest.mark.parametrize(
    ("name", "words"), [("", "the output name (-o) is empty"), ("-", "does not write to standard output")]
)
@pytest.mark.parametrize("command", [["animate", "a.jpg", "-d", "nod"], ["motion", "record", "a.mp4"], ["demo"]])
def test_an_output_without_a_name_is_refused(
    command: list[str],
    name: str,
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run([*command, "-o", name]) == 2
    assert words in capsys.readouterr().err
    assert contents(tmp_path) == []


def test_a_driver_without_a_name_is_refused(refuse: Refuse) -> None:
    assert "the name of the driver is empty" in refuse(driver="", code=2)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["animate", "no.jpg", "-d", "nod", "-o", "a.mp4"], 3),
        (["animate", "no.jpg", "-d", "nod", "-o", ""], 2),
        (["animate", "no.jpg", "--no-such-option"], 2),
        (["motion", "show", "no.motion"], 3),
    ],
)
def test_errors_are_json_where_json_is_asked_for(
    arguments: list[str], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*arguments, "--json"]) == code
    printed, said = capsys.readouterr()
    error = json.loads(printed)["error"]
    assert set(error) == {"what", "where", "hint", "more", "exit_code"}
    assert error["exit_code"] == code
    assert said.startswith(f"animato: {error['what']}\n")


def test_a_bug_of_ours_is_json_too(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("animato.motion.bundled.bundled", lambda: 1 // 0)
    assert run(["motion", "list", "--json"]) == 1
    assert "this is a bug" in json.loads(capsys.readouterr().out)["error"]["what"]


@POSIX
@pytest.mark.parametrize("closed", ["2>&-", ">&-", "<&- >&- 2>&-"])
def test_closed_streams_stop_nothing(made: Material, out: Path, closed: str) -> None:
    arguments = ["animate", str(made.photo), "-d", str(made.driver), "--end", "0.12", "-o", str(out / "a.mp4")]
    arguments += ["--consent", "not-a-person"]
    shell = ["sh", "-c", f'exec "$@" {closed}', "sh", sys.executable, "-m", "animato.cli", *arguments]
    done = subprocess.run(shell, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done
    assert contents(out) == ["a.mp4"]


@POSIX
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs the device that is always full")
@pytest.mark.parametrize(("where", "code"), [(">/dev/full", 3), ("2>/dev/full", 0)])
def test_a_result_that_cannot_be_printed_is_a_sentence(where: str, code: int) -> None:
    shell = ["sh", "-c", f'exec "$@" {where}', "sh", sys.executable, "-m", "animato.cli", "motion", "list", "--json"]
    done = subprocess.run(shell, capture_output=True, text=True, check=False)
    assert done.returncode == code
    if code:
        assert "no space is left on the disk" in done.stderr
        assert "standard output" in done.stderr
        assert "bug" not in done.stderr


@POSIX
def test_a_reader_that_has_seen_enough_is_no_failure() -> None:
    shell = f"{sys.executable} -m animato.cli motion list | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_temporary_folder_that_cannot_be_written_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(OutputError, match="temporary folder cannot be written"), read_model(b"    TFL3"):
        pass


@pytest.mark.parametrize("name", ["", "marks"])
def test_a_home_that_cannot_be_written_is_met_before_anything_is_tracked(
    refuse: Refuse, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANIMATO_HOME", str(tmp_path / "home"))
    (tmp_path / "home" / name).parent.mkdir(exist_ok=True)
    (tmp_path / "home" / name).write_text("a file is in the way")
    monkeypatch.setattr("animato.pipeline.casting.start_subprocess_driver", lambda *_: pytest.fail("too late"))
    said = refuse(driver="nod")
    assert "where the signing key and notes on outputs are kept" in said
    assert "ANIMATO_HOME" in said


@pytest.mark.parametrize("trouble", ["data folder", "temporary folder"])
def test_doctor_finds_what_animate_would_trip_over(
    tmp_path: Path, trouble: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if trouble == "data folder":
        (tmp_path / "home").write_text("a file is in the way")
        monkeypatch.setenv("ANIMATO_HOME", str(tmp_path / "home"))
    else:
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    monkeypatch.setattr("animato.doctor._networks", lambda: "compiled in another test")
    monkeypatch.setattr("animato.doctor._extra", lambda name, packages: _ok(name))
    monkeypatch.setattr("animato.doctor._torch", lambda: _ok("torch"))
    assert run(["doctor", "--json"]) == 4
    printed, said = capsys.readouterr()
    broken = [item for item in json.loads(printed) if item["state"] == "broken"]
    assert trouble in broken[0]["name"] and all(item["hint"] for item in broken)
    assert "`animato animate` cannot run" in said


def _ok(name: str) -> object:
    from animato.doctor import CheckResult

    return CheckResult(name, "ok", "")


def test_a_photo_that_may_not_be_read_is_refused(
    refuse: Refuse, made: Material, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = Path.open

    def forbidden(path: Path, *given: str, **named: str) -> object:
        if path == made.photo:
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, *given, **named)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", forbidden)
    # With one thread the photo is parsed in this process.
    assert "cannot be opened: Permission denied" in refuse("--threads", "1", driver="nod")


@POSIX
def test_a_photo_that_is_a_pipe_is_refused(refuse: Refuse, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    assert "is not a regular file" in refuse(photo=tmp_path / "pipe.png", driver="nod")


def test_a_disk_that_is_full_when_the_output_is_signed_is_called_full(
    made: Material, out: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("Other: UntrackedPointer")

    from shutil import _ntuple_diskusage as Usage

    monkeypatch.setattr("animato.trust.credentials._sign_stream", fail)
    monkeypatch.setattr("animato.trust.credentials.shutil.disk_usage", lambda _: Usage(10**9, 10**9, 0))
    assert run(["animate", str(made.photo), "-d", "nod", "--end", "0.12", "-o", str(out / "a.mp4")]) == 3
    assert "no space is left on the disk" in capsys.readouterr().err
    assert contents(out) == []


def test_an_interrupted_run_waits_for_no_thread_but_runs_its_exit_functions() -> None:
    """A network that was still being compiled ended the process with SIGABRT, once in some runs."""
    program = (
        "import atexit, threading, time\n"
        "from animato.cli import stop_signals\n"
        "atexit.register(print, 'cleaned')\n"
        "threading.Thread(target=time.sleep, args=(60,)).start()\n"
        "stop_signals.end_process(143)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=30)
    assert (done.returncode, done.stdout, done.stderr) == (143, "cleaned\n", "")
