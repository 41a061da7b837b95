"""Fixtures of the studio's tests: one in this process, and one in a process of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient
from studio_process import StudioProcess

from animato.settings.studio import StudioSettings
from animato.studio.app import create_api, guarded
from animato.studio.studio import Studio

PORT = 8000


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    """A studio whose jobs wait, as its queue was not started."""
    opened = Studio(StudioSettings(data=tmp_path / "data", threads=1, max_upload=1))
    yield opened
    opened.reader.kill()
    opened.store.close()
    opened.folder.close()


@pytest.fixture(scope="session")
def api() -> FastAPI:
    """The API; building it and its description takes longer than most tests."""
    return create_api(PORT)


@pytest.fixture
def stranger(studio: Studio, api: FastAPI) -> Iterator[TestClient]:
    """A client that does not know the token."""
    app = guarded(api, studio, PORT)
    with TestClient(app, f"http://127.0.0.1:{PORT}", follow_redirects=False, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def client(studio: Studio, stranger: TestClient) -> TestClient:
    """A client that knows the token."""
    stranger.headers["Authorization"] = f"Bearer {studio.token}"
    return stranger


@pytest.fixture(scope="session")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StudioProcess]:
    """A running server with an empty data folder, shared by the tests; each leaves it running."""
    started = StudioProcess(tmp_path_factory.mktemp("studio"), "--max-upload", "2")
    yield started
    if started.process.poll() is None:
        started.kill()


@pytest.fixture(scope="session")
def head(process: StudioProcess) -> str:
    """A head of the demo portrait in the running server."""
    return process.demo_head()
