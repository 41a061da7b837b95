"""The state survives: migrations keep rows, a failed change leaves nothing, and strange files are refused."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from animato.errors import FileFormatError, OutputError
from animato.studio.store import MIGRATIONS, TABLES, Store, migrate


def old_database(path: Path, version: int) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    migrate(connection, path.name, version)
    return connection


@pytest.mark.parametrize("version", range(1, len(MIGRATIONS)))
def test_a_database_of_every_earlier_version_is_brought_to_the_present_with_its_rows(
    tmp_path: Path, version: int
) -> None:
    connection = old_database(tmp_path / "db", version)
    body = json.dumps({"state": "running", "name": "kept"})
    connection.execute("INSERT INTO jobs (id, created, body) VALUES ('a', 1.5, ?)", (body,))
    connection.close()
    store = Store(tmp_path / "db")
    assert store.get("jobs", "a") == {"id": "a", "created": 1.5, "state": "running", "name": "kept"}
    assert [row["id"] for row in store.jobs_in("running")] == ["a"]
    store.close()


def test_migrating_twice_changes_nothing(tmp_path: Path) -> None:
    Store(tmp_path / "db").close()
    before = (tmp_path / "db").read_bytes()
    Store(tmp_path / "db").close()
    assert (tmp_path / "db").read_bytes() == before


def test_a_migration_that_fails_leaves_the_version_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("animato.studio.store.MIGRATIONS", (*MIGRATIONS[:1], ("DROP TABLE files", "nonsense")))
    with pytest.raises(OutputError):
        Store(tmp_path / "db")
    monkeypatch.undo()
    store = Store(tmp_path / "db")
    assert store.all("files") == []
    store.close()


def test_a_database_of_a_newer_animato_is_refused_and_left_alone(tmp_path: Path) -> None:
    connection = old_database(tmp_path / "db", len(MIGRATIONS))
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    connection.close()
    with pytest.raises(FileFormatError, match="newer"):
        Store(tmp_path / "db")


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "db").write_bytes(b"no database at all" * 100)
    with pytest.raises(FileFormatError, match="damaged"):
        Store(tmp_path / "db")


def test_a_block_that_fails_changes_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path / "db")
    with pytest.raises(ZeroDivisionError), store.transaction():
        store.add("files", "a", {"name": "x"})
        raise ZeroDivisionError
    assert store.get("files", "a") is None
    store.close()


def test_rows_are_listed_newest_first_changed_and_removed(tmp_path: Path) -> None:
    store = Store(tmp_path / "db")
    for table in TABLES:
        store.add(table, "a", {"name": "first"})
        store.add(table, "b", {"name": "second"})
        assert {row["id"] for row in store.all(table)} == {"a", "b"} and store.count(table) == 2
        changed = store.change(table, "a", name="third")
        assert changed is not None and changed["name"] == "third"
        assert store.change(table, "c", name="x") is None
        assert store.remove(table, "a") and not store.remove(table, "a")
    store.close()
