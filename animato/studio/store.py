"""State of the studio in SQLite: rows of named tables, each with an id, a time and a JSON body.

Every change is one transaction, so a killed server leaves either the state before or the one after it.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, get_args

from animato.errors import FileFormatError, OutputError

Table = Literal["files", "heads", "drivers", "expressions", "jobs", "results"]
TABLES: tuple[Table, ...] = get_args(Table)

Row = dict[str, Any]
"""A row as a dictionary: `id`, `created` (seconds since 1970) and the fields of its body."""

_TABLE = "CREATE TABLE {} (id TEXT PRIMARY KEY, created REAL NOT NULL, body TEXT NOT NULL)"

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    tuple(_TABLE.format(name) for name in ("files", "heads", "drivers", "expressions", "jobs", "results")),
    (
        "ALTER TABLE jobs ADD COLUMN state TEXT GENERATED ALWAYS AS (json_extract(body, '$.state')) VIRTUAL",
        "CREATE INDEX jobs_by_state ON jobs (state, created)",
    ),
)
"""Statements that lead from each version of the schema to the next; version 0 is an empty database."""


class Store:
    """The database of one data folder. Methods may be called from any thread.

    Attributes:
        lock: reentrant, held by each method and during a transaction. Who keeps state of its own beside the rows
            guards it with this lock, so that there is no second one to be taken in another order.

    Args:
        path: of the database, which is created or brought to the present schema.

    Raises:
        FileFormatError: it is no database, or of a newer version.
        OutputError: it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.lock = threading.RLock()
        try:
            self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = NORMAL")
            self._connection.execute("PRAGMA busy_timeout = 5000")
            migrate(self._connection, path.name)
        except sqlite3.OperationalError as problem:
            raise OutputError(
                f"the state of the studio cannot be kept in {path.name}", where=str(problem), hint="`data=FOLDER`"
            ) from problem
        except sqlite3.DatabaseError as problem:
            raise FileFormatError(
                f"{path.name} is damaged or is no database", where=str(problem), hint="another folder, with `data`"
            ) from problem

    def close(self) -> None:
        """Close the database."""
        with self.lock:
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make the changes in a block together, or none of them after an exception."""
        with self.lock:
            if self._connection.in_transaction:
                yield
                return
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def add(self, table: Table, number: str, body: Row) -> Row:
        """Add a row and return it."""
        created = time.time()
        with self.lock:
            self._connection.execute(f"INSERT INTO {table} VALUES (?, ?, ?)", (number, created, json.dumps(body)))
        return {"id": number, "created": created, **body}

    def get(self, table: Table, number: str) -> Row | None:
        """Return a row, or None."""
        rows = self._select(f"SELECT id, created, body FROM {table} WHERE id = ?", number)
        return rows[0] if rows else None

    def all(self, table: Table) -> list[Row]:
        """Return all rows of a table, newest first."""
        return self._select(f"SELECT id, created, body FROM {table} ORDER BY created DESC, id")

    def jobs_in(self, state: str) -> list[Row]:
        """Return the jobs in a state, oldest first."""
        return self._select("SELECT id, created, body FROM jobs WHERE state = ? ORDER BY created, id", state)

    def count(self, table: Table) -> int:
        """Return the number of rows of a table."""
        with self.lock:
            return int(self._connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])

    def change(self, table: Table, number: str, **fields: Any) -> Row | None:
        """Change fields of a row and return it; None if there is no such row."""
        with self.transaction():
            row = self.get(table, number)
            if row is None:
                return None
            body = {**row, **fields}
            del body["id"], body["created"]
            self._connection.execute(f"UPDATE {table} SET body = ? WHERE id = ?", (json.dumps(body), number))
            return {**row, **fields}

    def remove(self, table: Table, number: str) -> bool:
        """Remove a row; return whether there was one."""
        with self.lock:
            return self._connection.execute(f"DELETE FROM {table} WHERE id = ?", (number,)).rowcount > 0

    def _select(self, query: str, *values: str) -> list[Row]:
        with self.lock:
            rows = self._connection.execute(query, values).fetchall()
        return [{"id": number, "created": created, **json.loads(body)} for number, created, body in rows]


def migrate(connection: sqlite3.Connection, name: str, target: int = len(MIGRATIONS)) -> None:
    """Bring a database to a version of the schema, one version per transaction.

    Args:
        connection: in autocommit mode.
        name: of the file, for messages.
        target: version to reach.

    Raises:
        FileFormatError: it is of a newer version.
    """
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > len(MIGRATIONS):
        raise FileFormatError(
            f"{name} was written by a newer animato",
            where=f"version {version} of its schema; up to {len(MIGRATIONS)} are known",
            hint="update animato, or another folder with `data`",
        )
    for number in range(version, target):
        connection.execute("BEGIN IMMEDIATE")
        try:
            for statement in MIGRATIONS[number]:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number + 1}")
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
