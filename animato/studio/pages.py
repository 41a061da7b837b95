"""The page: static files of `page/`, and the token in the document."""

from __future__ import annotations

import functools
import hashlib
import html
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from animato.studio.guard import cookie_name
from animato.studio.problems import ApiError
from animato.studio.studio import StudioOf

router = APIRouter(include_in_schema=False)

FOLDER = Path(__file__).resolve().parent / "page"
DOCUMENT = "index.html"

MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".webp": "image/webp",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".webmanifest": "application/manifest+json",
    ".txt": "text/plain; charset=utf-8",
}

TOKEN_META = '<meta name="token" content="{}">'
_HEAD = "<head>"

EMPTY = (
    f"<!doctype html><html lang=en>{_HEAD}<title>animato studio</title></head><body>The page is not installed.</body>"
)


@functools.cache
def page_files() -> dict[str, Path]:
    """Return the files of the page by their address; nothing else is served, whatever the request."""
    return {
        path.relative_to(FOLDER).as_posix(): path for path in sorted(FOLDER.rglob("*")) if path.suffix in MEDIA_TYPES
    }


@router.get("/")
def document(request: Request, studio: StudioOf) -> Response:
    """Return the page; with the token in the address, set the cookie and leave the token out of it."""
    port = request.app.state.port
    if "token" in request.query_params:
        answer = RedirectResponse("/", 303)
        answer.set_cookie(cookie_name(port), studio.token, httponly=True, samesite="strict", path="/")
        return answer
    path = FOLDER / DOCUMENT
    text = path.read_text(encoding="utf-8") if path.is_file() else EMPTY
    meta = TOKEN_META.format(html.escape(studio.token))
    return _content(request, text.replace(_HEAD, f"{_HEAD}\n{meta}", 1).encode(), MEDIA_TYPES[".html"])


@router.get("/{path:path}")
def asset(request: Request, path: str) -> Response:
    """Return a file of the page."""
    file = page_files().get(path)
    if file is None or path == DOCUMENT:
        raise ApiError(404, "not-found", "there is no such page", where=f"/{path[:100]}")
    return _content(request, file.read_bytes(), MEDIA_TYPES[file.suffix])


def _content(request: Request, content: bytes, media_type: str) -> Response:
    """Return content with a tag, or 304 if the client has it."""
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"etag": tag, "cache-control": "no-cache"}
    if tag in [item.strip() for item in request.headers.get("if-none-match", "").split(",")]:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=media_type, headers=headers)
