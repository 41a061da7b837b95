"""Only this computer, only the studio's own page, and only who knows the token; nothing comes from elsewhere."""

from __future__ import annotations

import re

import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from animato.studio.pages import page_files
from animato.studio.studio import Studio

COOKIE = "animato-studio-8000"
ADDRESS = re.compile(rb"""(?:https?:|wss?:)?//[\w.-]+\.\w+[^\s"'<>]*""")
NAMES = (b"http://www.w3.org/",)
"""Names of XML, which nobody fetches."""


def code(answer: object) -> str:
    return str(answer.json()["error"]["code"])  # type: ignore[attr-defined]


@pytest.mark.parametrize("path", ["/", "/api/v1/status", "/api/v1/openapi.json", "/app.js", "/api/v1/events", "/x"])
def test_without_the_token_nothing_is_answered(stranger: TestClient, path: str) -> None:
    answer = stranger.get(path)
    assert answer.status_code == 401 and code(answer) == "token"
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("given", ["Bearer wrong", "Bearer ", "Basic {}", "{}", "Bearer {}x"])
def test_a_wrong_token_is_refused_even_beside_a_right_cookie(studio: Studio, stranger: TestClient, given: str) -> None:
    stranger.cookies.set(COOKIE, studio.token)
    assert stranger.get("/api/v1/status").status_code == 200
    answer = stranger.get("/api/v1/status", headers={"Authorization": given.format(studio.token)})
    assert answer.status_code == 401


def test_the_printed_address_sets_a_cookie_that_scripts_cannot_read_and_leaves_the_token_out(
    studio: Studio, stranger: TestClient
) -> None:
    answer = stranger.get(f"/?token={studio.token}")
    assert answer.status_code == 303 and answer.headers["location"] == "/"
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie and "samesite=strict" in cookie.lower()
    page = stranger.get("/")
    assert page.status_code == 200
    assert f'<meta name="token" content="{studio.token}">' in page.text
    assert stranger.get("/?token=wrong").status_code == 303  # known by its cookie


def test_the_cookie_reads_but_changes_nothing(studio: Studio, stranger: TestClient) -> None:
    stranger.cookies.set(COOKIE, studio.token)
    assert stranger.get("/api/v1/files").status_code == 200
    assert stranger.post("/api/v1/files", content=b"x").status_code == 401
    assert stranger.delete("/api/v1/files/0123456789abcdef").status_code == 401
    assert studio.store.count("files") == 0


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "127.0.0.1", "127.0.0.1:8001", "127.0.0.2:8000"])
def test_another_host_is_refused_so_that_names_cannot_be_rebound(client: TestClient, host: str) -> None:
    answer = client.get("/api/v1/status", headers={"Host": host})
    assert answer.status_code == 403 and code(answer) == "host"


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000", "[::1]:8000", "LOCALHOST:8000"])
def test_every_name_of_this_computer_is_answered(client: TestClient, host: str) -> None:
    assert client.get("/api/v1/status", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9000"},
        {"Origin": "https://127.0.0.1:8000"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_another_page_is_refused_even_with_the_token(client: TestClient, headers: dict[str, str]) -> None:
    for answer in (client.get("/api/v1/status", headers=headers), client.post("/api/v1/files", headers=headers)):
        assert answer.status_code == 403 and code(answer) == "origin"
        assert "access-control-allow-origin" not in answer.headers


def test_a_link_in_another_page_may_open_the_studio_but_a_frame_of_it_may_not(
    studio: Studio, stranger: TestClient
) -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert stranger.get(f"/?token={studio.token}", headers=headers).status_code == 303
    assert stranger.get("/api/v1/status", headers=headers).status_code == 403


def test_a_preflight_of_another_page_gets_no_permission(client: TestClient) -> None:
    headers = {"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}
    answer = client.options("/api/v1/files", headers=headers)
    assert answer.status_code == 403
    assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    "headers", [{"Origin": "http://evil.example"}, {"Host": "evil.example"}, {"Authorization": ""}]
)
def test_a_socket_is_guarded_like_a_request(client: TestClient, headers: dict[str, str]) -> None:
    with pytest.raises(Exception) as refused, client.websocket_connect("/api/v1/frames?head=x", headers=headers):
        pass
    assert isinstance(refused.value, WebSocketDisconnect) or "403" in str(refused.value) or "401" in str(refused.value)


@pytest.mark.parametrize("path", ["/", "/api/v1/status", "/api/v1/nothing", "/nothing"])
def test_every_response_carries_the_security_headers(client: TestClient, stranger: TestClient, path: str) -> None:
    for answer in (client.get(path), stranger.get(path, headers={"Authorization": "Bearer x"})):
        assert answer.headers["content-security-policy"].startswith("default-src 'self'")
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "no-store" in answer.headers["cache-control"] or "no-cache" in answer.headers["cache-control"]


@pytest.mark.parametrize(
    "path",
    [
        "/../pyproject.toml",
        "/%2e%2e/pages.py",
        "/..%2fpages.py",
        "/%2e%2e%2fapp.py",
        "/page/index.html",
        "/index.html/",
        "//etc/passwd",
        "/%00",
        "/api/v1/files/..%2f..%2fstudio.sqlite3/content",
        "/api/v1/files/../studio.sqlite3",
        "/api/v1/results/%2e%2e/content",
        "/api/v1/heads/..%5c..%5cx/thumbnail",
        "/api/v1/drivers/..%2fnod/content",
        "/docs",
        "/redoc",
    ],
)
def test_no_path_leads_to_a_file_that_is_not_served(client: TestClient, path: str) -> None:
    assert client.get(path).status_code in (404, 422)


def test_nothing_that_is_sent_names_an_address_outside(client: TestClient) -> None:
    names = [f"/{name}" for name in page_files() if name != "index.html"]
    for path in ("/", "/api/v1/openapi.json", "/api/v1/status", "/api/v1/consent", "/api/v1/controls", *names):
        answer = client.get(path)
        assert answer.status_code == 200, path
        found = [address for address in ADDRESS.findall(answer.content) if not address.startswith(NAMES)]
        assert not found, f"{path}: {found}"


def test_a_page_file_is_not_sent_again_while_it_is_the_same(client: TestClient) -> None:
    first = client.get("/")
    assert first.headers["cache-control"] == "no-cache"
    again = client.get("/", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304 and not again.content
    assert client.get("/", headers={"If-None-Match": '"other"'}).status_code == 200
