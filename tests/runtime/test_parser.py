"""Files of strangers are parsed in a sealed child; whatever happens there ends in a sentence of ours."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from animato.errors import AnimatoError, InputError, PictureError
from animato.media.image import load_picture
from animato.media.sealed_image import read_picture
from animato.runtime.parser import Parser, Task
from animato.runtime.seal import ALL_PARTS, Limits

pytest.importorskip("resource")
import hostile_tasks

linux_only = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="rules of Linux's kernel")

HERE = Path(__file__).resolve().parent


@pytest.fixture
def parser(monkeypatch: pytest.MonkeyPatch) -> Iterator[Parser]:
    monkeypatch.setenv("PYTHONPATH", str(HERE))
    made = Parser(limits=Limits(memory_mb=1000))
    yield made
    made.close()


def process_of(parser: Parser) -> subprocess.Popen[bytes]:
    assert parser._child is not None
    return parser._child.popen


def test_one_child_runs_all_tasks_of_a_run(parser: Parser) -> None:
    first, arrays = parser.parse(hostile_tasks.echo, "a.jpg", {"word": "é"})
    second, _ = parser.parse(hostile_tasks.echo, "b.jpg", {})
    assert first["pid"] == second["pid"] != os.getpid()
    assert first["word"] == "é"
    np.testing.assert_array_equal(arrays["numbers"], np.arange(6, dtype=np.float32).reshape(2, 3))


def test_errors_of_a_task_arrive_as_they_were_raised_and_the_child_goes_on(parser: Parser) -> None:
    before, _ = parser.parse(hostile_tasks.echo, "a.jpg", {})
    with pytest.raises(PictureError) as caught:
        parser.parse(hostile_tasks.refuse, "a.jpg", {})
    assert caught.value.lines() == PictureError("no picture", where="here", hint="another one").lines()
    with pytest.raises(AnimatoError, match="this is a bug: ZeroDivisionError"):
        parser.parse(hostile_tasks.fail, "a.jpg", {})
    assert parser.parse(hostile_tasks.echo, "a.jpg", {})[0]["pid"] == before["pid"]


@linux_only
def test_memory_beyond_the_limit_is_refused_with_the_file_and_the_limit(parser: Parser) -> None:
    with pytest.raises(InputError, match=r"memory to read huge\.jpg") as caught:
        parser.parse(hostile_tasks.allocate, "huge.jpg", {})
    assert "1000 MB" in str(caught.value.where)


@pytest.mark.parametrize(
    ("task", "words"),
    [
        (hostile_tasks.spin, r"the process that reads bad\.jpg took too long and was ended"),
        (hostile_tasks.crash, r"the process that reads bad\.jpg crashed"),
        (hostile_tasks.be_killed, r"the process that reads bad\.jpg exited unexpectedly"),
    ],
    ids=["time", "crash", "killed"],
)
def test_a_child_that_dies_is_a_sentence_and_the_next_file_is_read(parser: Parser, task: Task, words: str) -> None:
    with pytest.raises(AnimatoError, match=words) as caught:
        parser.parse(task, "bad.jpg", {})
    assert caught.value.hint
    assert parser.parse(hostile_tasks.echo, "good.jpg", {})[0]["pid"]


def test_a_result_larger_than_expected_is_not_read(parser: Parser) -> None:
    with pytest.raises(InputError, match="something else than a result"):
        parser.parse(hostile_tasks.announce_too_much, "a.jpg", {"count": 101}, 100)
    assert parser.parse(hostile_tasks.announce_too_much, "a.jpg", {"count": 100}, 100)[1]["numbers"].size == 100


@linux_only
def test_the_child_reaches_no_network_no_program_and_no_file(parser: Parser, tmp_path: Path) -> None:
    (tmp_path / "kept.txt").write_text("kept")
    parts = parser.sealed_parts()
    outcomes, _ = parser.parse(hostile_tasks.attempts, "a.jpg", {"folder": str(tmp_path)})
    assert {"memory", "processor time", "file size", "open files"} <= set(parts) <= set(ALL_PARTS)
    assert outcomes["descriptors"] == "EMFILE"
    assert outcomes["unlimited"] in ("ValueError", "EPERM")
    if "network" in parts:
        assert [outcomes[name] for name in ("socket", "local socket", "program", "fork")] == ["EPERM"] * 4
    if "writing" in parts:
        assert {outcomes[name] for name in ("write", "overwrite", "remove", "folder")} <= {"EACCES", "EXDEV"}
        assert [path.name for path in tmp_path.iterdir()] == ["kept.txt"]
        assert (tmp_path / "kept.txt").read_text() == "kept"


def test_the_child_ends_with_its_parser(parser: Parser) -> None:
    parser.start()
    child = process_of(parser)
    assert child.poll() is None
    parser.close()
    assert child.returncode is not None
    other = Parser()
    other.start()
    child = process_of(other)
    del other
    gc.collect()
    assert child.returncode is not None


@linux_only
def test_a_child_that_holds_the_lock_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    program = (
        "import sys, threading; from animato.runtime.parser import Parser; import hostile_tasks as t; p = Parser(); "
        "print(p.parse(t.echo, 'a', {})[0]['pid'], flush=True); "
        "p.parse(t.hang_holding_the_lock, 'a', {'pid_file': sys.argv[1]})"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")])}
    command = [sys.executable, "-c", program, str(tmp_path / "pid")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as parent:
        assert parent.stdout is not None
        number = int(parent.stdout.readline())
        parent.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 5
    while Path(f"/proc/{number}").exists() and "zombie" not in Path(f"/proc/{number}/status").read_text("utf-8"):
        assert time.monotonic() < deadline, "still running"
        time.sleep(0.02)


def test_without_a_process_tasks_run_here(monkeypatch: pytest.MonkeyPatch) -> None:
    for parser in (Parser(in_process=True), _frozen(monkeypatch)):
        parser.start()
        assert parser.parse(hostile_tasks.echo, "a.jpg", {})[0]["pid"] == os.getpid()
        assert parser.sealed_parts() == ()
        parser.close()


def _frozen(monkeypatch: pytest.MonkeyPatch) -> Parser:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    return Parser()


def test_a_picture_and_its_refusals_are_the_same_through_the_child(
    parser: Parser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from PIL import Image

    monkeypatch.chdir(tmp_path)
    picture = np.random.default_rng(1).integers(0, 255, (40, 60, 4), np.uint8)
    Image.fromarray(picture).save("see through.png")
    local, remote = load_picture(Path("see through.png")), read_picture(Path("see through.png"), parser)
    np.testing.assert_array_equal(remote.image, local.image)
    assert remote.image.flags.writeable
    assert (remote.warnings, remote.media_type) == (local.warnings, local.media_type)
    Path("cut.png").write_bytes(Path("see through.png").read_bytes()[:60])
    for name in ("cut.png", "none.png"):
        texts = []
        for read in (lambda path: load_picture(path), lambda path: read_picture(path, parser)):
            with pytest.raises(PictureError) as caught:
                read(Path(name))
            texts.append(caught.value.lines())
        assert texts[0] == texts[1]


@linux_only
def test_a_picture_that_unpacks_to_more_than_the_limit_is_refused_by_name(tmp_path: Path) -> None:
    from PIL import Image

    Image.fromarray(np.zeros((5000, 6000), np.uint8)).save(tmp_path / "bomb.png", compress_level=1)
    small = Parser(limits=Limits(memory_mb=200))
    with pytest.raises(InputError, match=r"bomb\.png"):
        read_picture(tmp_path / "bomb.png", small)
    small.close()
