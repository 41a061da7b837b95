"""`animato batch`: what runs, what is skipped, what is refused, and the exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from batch_jobs import logged, write_jobs

from animato.cli.main import run
from animato.runtime.executors.base import Executor, SerialExecutor


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the jobs in this process; worker processes have tests of their own."""

    def serial(*_: object, **__: object) -> Executor:
        return SerialExecutor()

    monkeypatch.setattr("animato.runtime.executors.choice.executor_of", serial)


def summary(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, dict[str, object]]:
    """Run the command with --json and return its exit code and what it printed."""
    code = run(["batch", *map(str, arguments), "--json"])
    return code, json.loads(capsys.readouterr().out)


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str]:
    code = run(["batch", *map(str, arguments)])
    printed, said = capsys.readouterr()
    assert printed == "" and "this is a bug" not in said
    return code, said


def test_all_jobs_are_rendered_and_the_head_is_analysed_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    jobs = write_jobs(tmp_path / "in", {"a": b"A", "b": b"B"})
    code, told = summary(capsys, jobs)
    assert code == 0
    assert told == {"folder": str(jobs.parent), "jobs": 2, "done": 2, "skipped": 0, "failed": 0, "errors": []}
    assert (jobs.parent / "out" / "b.mp4").read_bytes() == b"meB"
    assert logged() == ["head", "a.mp4", "b.mp4"]


def test_running_again_renders_nothing_and_a_changed_job_is_rendered_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    jobs = write_jobs(tmp_path / "in", {"a": b"A", "b": b"B"})
    summary(capsys, jobs)
    code, told = summary(capsys, jobs)
    assert (code, told["done"], told["skipped"]) == (0, 0, 2)
    (jobs.parent / "a.mp4").write_bytes(b"another clip")
    jobs.write_text(jobs.read_text().replace('"out/b.mp4"', '"out/b.mp4", "size": 256'))
    code, told = summary(capsys, jobs)
    assert (code, told["done"], told["skipped"]) == (0, 2, 0)
    assert (jobs.parent / "out" / "a.mp4").read_bytes() == b"meanother clip"


def test_a_missing_or_changed_output_is_rendered_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    jobs = write_jobs(tmp_path / "in", {"a": b"A", "b": b"B", "c": b"C"})
    summary(capsys, jobs)
    (jobs.parent / "out" / "a.mp4").unlink()
    (jobs.parent / "out" / "b.mp4").write_bytes(b"")
    assert summary(capsys, jobs)[1]["done"] == 2
    assert (jobs.parent / "out" / "b.mp4").read_bytes() == b"meB"


@pytest.mark.parametrize("content", [b"no face", b"bug"])
def test_a_poisoned_clip_fails_alone_and_is_tried_again_only_when_asked(
    content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    jobs = write_jobs(tmp_path / "in", {"a": b"A", "bad": content, "c": b"C"})
    code, told = summary(capsys, jobs)
    assert (code, told["done"], told["failed"]) == (6, 2, 1)
    (error,) = told["errors"]  # type: ignore[misc]
    assert error["output"].endswith("bad.mp4")
    before = logged()
    code, told = summary(capsys, jobs)
    assert (code, told["skipped"], told["failed"]) == (6, 2, 1)
    assert logged() == before
    assert summary(capsys, jobs, "--retry")[0] == 6
    assert logged()[len(before) :] == ["head", "bad.mp4"]


def test_if_all_fail_the_code_is_that_of_the_failures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, told = summary(capsys, write_jobs(tmp_path / "in", {"a": b"no face", "b": b"no face"}))
    assert (code, told["failed"]) == (3, 2)
    assert summary(capsys, write_jobs(tmp_path / "bugs", {"a": b"bug"}))[0] == 1


def test_a_full_disk_ends_the_run_and_the_next_one_resumes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    jobs = write_jobs(tmp_path / "in", {"a": b"A", "b": b"full", "c": b"C"})
    assert refused(capsys, jobs)[0] == 3
    status = summary(capsys, "--status", jobs.parent)[1]
    assert (status["done"], status["failed"], status["waiting"]) == (1, 0, 2)
    write_jobs(tmp_path / "in", {"b": b"B"})
    write_jobs(tmp_path / "in", {"a": b"A", "b": b"B", "c": b"C"})
    assert summary(capsys, jobs)[0] == 0
    assert (jobs.parent / "out" / "b.mp4").read_bytes() == b"meB"


def test_shards_are_disjoint_and_complete(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    jobs = write_jobs(tmp_path / "in", dict.fromkeys("abcde", b"x"))
    counts = [summary(capsys, jobs, "--shard", f"{part}/3")[1]["done"] for part in (1, 2, 3)]
    assert counts == [2, 2, 1]
    assert summary(capsys, jobs)[1]["skipped"] == 5


@pytest.mark.parametrize("shard", ["0/3", "4/3", "1", "a/b", "1/0"])
def test_a_shard_that_is_none_is_refused(shard: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = refused(capsys, write_jobs(tmp_path / "in", {"a": b"A"}), "--shard", shard)
    assert code == 2 and "--shard" in said


LINES = {
    "not json": "the line is not JSON",
    "[1]": "not a JSON object",
    '{"head": "me.animato", "driver": "a.mp4"}': '"output" is missing',
    '{"head": "me.animato", "output": "x.mp4"}': '"driver" is missing',
    '{"driver": "a.mp4", "output": "x.mp4"}': 'either "head"',
    '{"photos": ["a.jpg"], "driver": "a.mp4", "output": "x.mp4"}': "photos need a consent",
    '{"photos": [], "consent": "self", "driver": "a.mp4", "output": "x.mp4"}': "must be a list of paths",
    '{"photos": ["a.jpg"], "consent": "me", "driver": "a.mp4", "output": "x.mp4"}': "cannot be 'me'",
    '{"photos": ["a.jpg"], "consent": {"ground": "self", "x": 1}, "driver": "a.mp4", "output": "x.mp4"}': "unknown key",
    '{"head": "me.animato", "consent": "self", "driver": "a.mp4", "output": "x.mp4"}': "a consent of its own",
    '{"head": "me.jpg", "driver": "a.mp4", "output": "x.mp4"}': '"head" must be one file',
    '{"head": "me.animato", "driver": "a.mp4", "output": "x.mp4", "mouht": 1}': "unknown key 'mouht'",
    '{"head": "me.animato", "driver": "a.mp4", "output": "x.mp4", "mouth": "wide"}': "must be a number",
    '{"head": "me.animato", "driver": "a.mp4", "output": "x.mp4", "threads": 1}': "whole batch",
    '{"head": "me.animato", "driver": "a.mp4", "output": "x.mp4", "audio": "s3://a/b.wav"}': "a local file",
    '{"head": "me.animato", "driver": "a.mp4", "output": "x.txt"}': "not written as .txt",
    '{"head": "me.animato", "driver": "a.mp4", "output": "s3://bucket/x"}': "not written to a URL",
    '{"head": "me.animato", "driver": "a.mp4", "output": "a.mp4"}': "which is an input",
    '{"head": "me.animato", "driver": "a.mp4", "output": "out/a.mp4"}': "2 jobs write",
    '{"head": "me.animato", "driver": "a.mp4", "output": "old.mp4"}': "exists already",
}


@pytest.mark.parametrize("line", LINES)
def test_a_wrong_line_is_named_and_nothing_is_rendered(
    line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    jobs = write_jobs(tmp_path / "in", {"a": b"A"})
    (jobs.parent / "old.mp4").write_bytes(b"old")
    jobs.write_text(jobs.read_text() + "\n" + line + "\n")
    code, said = refused(capsys, jobs)
    assert code == 2
    assert f"{jobs}:3: " in said
    assert LINES[line] in said
    assert logged() == []


def test_missing_files_are_all_named_with_code_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    jobs = write_jobs(tmp_path / "in", {"a": b"A", "b": b"B", "c": b"C"})
    (jobs.parent / "a.mp4").unlink()
    (jobs.parent / "c.mp4").write_bytes(b"")
    code, said = refused(capsys, jobs)
    assert code == 3
    assert f"{jobs}:1: no such file" in said and f"{jobs}:3: " in said and "is empty" in said
    assert logged() == []


def test_every_head_is_moved_by_every_driver(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("heads/anna.animato", "heads/carl.jpg", "clips/one.mp4", "clips/two.motion", "clips/notes.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(name.encode())
    folders = ("--heads", tmp_path / "heads", "--drivers", tmp_path / "clips", "-o", tmp_path / "out")
    code, said = refused(capsys, *folders)
    assert code == 2 and "photos need a consent" in said
    assert summary(capsys, *folders, "--consent", "other")[0] == 0
    made = sorted(path.name for path in (tmp_path / "out").glob("*.mp4"))
    assert made == ["anna-one.mp4", "anna-two.mp4", "carl-one.mp4", "carl-two.mp4"]


@pytest.mark.parametrize("arguments", [[], ["--heads", "x"], ["jobs.jsonl", "--heads", "x", "--drivers", "y"]])
def test_one_source_of_jobs_is_needed(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    code, said = refused(capsys, *arguments)
    assert code == 2 and "give either a jobs file" in said


def test_a_folder_without_a_batch_has_no_status(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = refused(capsys, "--status", tmp_path)
    assert code == 2 and "there is no batch" in said


def test_a_person_reads_a_table_and_the_failures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    jobs = write_jobs(tmp_path / "in", {"a": b"A", "bad": b"no face"})
    assert run(["batch", str(jobs)]) == 6
    printed, said = capsys.readouterr()
    assert printed.split() == ["done", "1", "skipped", "0", "failed", "1", "jobs", "2"]
    assert "bad.mp4: no face found" in said and "1 of 2 jobs failed" in said


def test_options_hold_for_all_lines_and_a_line_overrides_them(tmp_path: Path) -> None:
    from animato.batch.jobs_file import read_jobs
    from animato.settings.animate import AnimateSettings

    jobs = write_jobs(tmp_path / "in", {"a": b"A", "b": b"B"})
    jobs.write_text(jobs.read_text().replace('"out/b.mp4"', '"out/b.mp4", "size": 256, "audio": "b.wav"'))
    (first, second), _ = read_jobs(jobs, tmp_path, AnimateSettings(size=128, mouth=0.5))
    assert (first.settings.size, second.settings.size, second.settings.mouth) == (128, 256, 0.5)
    assert second.settings.audio == jobs.parent / "b.wav"
    assert first.output == str(tmp_path / "out" / "a.mp4")


def test_inputs_and_outputs_may_be_urls(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fsspec = pytest.importorskip("fsspec", reason="the extra storage is not installed")
    store = fsspec.filesystem("memory")
    store.pipe({"/batch/me.animato": b"me", "/batch/a.mp4": b"A"})
    jobs = tmp_path / "jobs.jsonl"
    line = {"head": "memory://batch/me.animato", "driver": "memory://batch/a.mp4", "output": "memory://batch/out.mp4"}
    lost = {**line, "driver": "memory://batch/no.mp4", "output": "memory://batch/no-out.mp4"}
    jobs.write_text("\n".join(json.dumps(each) for each in (line, lost)))
    code, told = summary(capsys, jobs)
    assert (code, told["done"], told["failed"]) == (6, 1, 1)
    assert store.cat("/batch/out.mp4") == b"meA"
    assert summary(capsys, jobs)[1]["skipped"] == 1
    store.rm("/batch/out.mp4")
    assert summary(capsys, jobs)[1]["done"] == 1
