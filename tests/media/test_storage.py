"""Files at URLs: copied, written whole, and errors that say what to do."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from animato.errors import InputError, MissingPartError, OutputError
from animato.media.storage import fetch, is_url, publish, size_of

fsspec = pytest.importorskip("fsspec", reason="the extra storage is not installed")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("s3://a/b.mp4", True), ("gs://a", True), ("C:/a.mp4", False), ("C://a", False), ("a/b", False), ("talk", False)],
)
def test_a_url_is_told_from_a_path(text: str, expected: bool) -> None:
    assert is_url(text) is expected


def test_what_is_published_is_fetched_again(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"video")
    publish(tmp_path / "a.mp4", "memory://there/and/back.mp4")
    assert size_of("memory://there/and/back.mp4") == 5
    copy = fetch("memory://there/and/back.mp4", tmp_path)
    assert (copy.name, copy.read_bytes()) == ("back.mp4", b"video")
    assert size_of("memory://there/no.mp4") is None


def test_elsewhere_than_in_an_object_store_a_file_is_written_beside_and_renamed(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"video")
    publish(tmp_path / "a.mp4", f"file://{tmp_path}/new/b.mp4")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["b.mp4"]
    assert (tmp_path / "new" / "b.mp4").read_bytes() == b"video"


def test_a_failed_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from fsspec.implementations.local import LocalFileSystem

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    (tmp_path / "a.mp4").write_bytes(b"video")
    monkeypatch.setattr(LocalFileSystem, "mv", full)
    with pytest.raises(OutputError, match="cannot be written"):
        publish(tmp_path / "a.mp4", f"file://{tmp_path}/new/b.mp4")
    assert not list((tmp_path / "new").iterdir())


def test_a_missing_file_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="memory://nothing"):
        fetch("memory://nothing/here.mp4", tmp_path)
    with pytest.raises(InputError, match="cannot be opened"):
        fetch("nosuch://a/b", tmp_path)


def test_without_fsspec_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(MissingPartError, match="animato\\[storage\\]"):
        fetch("s3://a/b", tmp_path)
