"""What the page needs of the server: a token that stays, refusals as pages, photos, and the face's place in frames."""

from __future__ import annotations

import stat
from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient
from studio_process import StudioProcess

from animato.studio.face_points import seven_points
from animato.studio.folder import DataFolder


def test_the_token_stays_for_an_open_page_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    token = folder.token()
    folder.close()
    again = DataFolder(tmp_path)
    assert again.token() == token and len(token) >= 32
    assert stat.S_IMODE((tmp_path / "token").stat().st_mode) == 0o600
    (tmp_path / "token").unlink()
    assert again.token() != token
    again.close()


@pytest.mark.parametrize("address", ["/", "/?token=wrong"])
def test_people_without_the_token_get_a_sentence_as_a_page(stranger: TestClient, address: str) -> None:
    answer = stranger.get(address, headers={"accept": "text/html"})
    assert answer.status_code == 401 and answer.headers["content-type"].startswith("text/html")
    assert "This request lacks the token of the studio." in answer.text
    assert "default-src 'self'" in answer.headers["content-security-policy"]


def test_a_head_has_its_photo(process: StudioProcess, head: str) -> None:
    answer = process.client.get(f"/heads/{head}").json()
    photo = process.client.get(f"{process.address}{answer['photo']}")
    assert photo.status_code == 200 and photo.headers["content-type"] == "image/jpeg"


def test_seven_points_are_plain_numbers() -> None:
    points = seven_points(np.full((478, 3), 2.125, np.float32))
    assert points == [[2.12, 2.12]] * 7
