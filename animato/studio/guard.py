"""Who may talk to the studio: loopback hosts, its own page, and whoever knows the token; headers of every response.

The token is printed with the address. Requests carry it as `Authorization: Bearer TOKEN`. What a page loads without
headers of its own (pictures, videos, events, sockets) may carry it in a cookie, which is sent by the page only
(SameSite=Strict) and accepted for reading only, so that no other page can change anything.
"""

from __future__ import annotations

import hmac
import html
from collections.abc import Iterable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from animato.studio.problems import ApiError, response

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
READING = ("GET", "HEAD")

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' blob: data:",
        "media-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)

SECURITY_HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(self), microphone=(self), geolocation=(), payment=(), usb=()",
}


class Guard:
    """ASGI middleware that refuses requests from elsewhere and adds security headers.

    Args:
        app: the application.
        token: what callers must know.
        port: on which the server listens.
    """

    def __init__(self, app: ASGIApp, token: str, port: int) -> None:
        self._app, self._token = app, token
        self._hosts = {f"{host}:{port}" for host in LOOPBACK} | (set(LOOPBACK) if port == 80 else set())
        self.cookie = cookie_name(port)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if refusal is None:
            await self._app(scope, receive, _with_headers(send))
        elif scope["type"] == "websocket":
            await _deny_socket(refusal, scope, send)
        else:
            headers = {"www-authenticate": "Bearer"} if refusal.status == 401 else None
            asks_page = scope["path"] == "/" and "text/html" in Headers(scope=scope).get("accept", "")
            answer = refusal_page(refusal) if asks_page else response(refusal, headers)
            await answer(scope, receive, _with_headers(send))

    def _refusal(self, scope: Scope) -> ApiError | None:
        """Return why a request is refused, or None."""
        headers = Headers(scope=scope)
        if len(headers.getlist("host")) != 1 or headers["host"].lower() not in self._hosts:
            return ApiError(
                403,
                "host",
                "the studio answers to this computer only",
                where=f"Host: {headers.get('host', 'none')[:100]}",
                hint="use the address that `animato studio` printed",
            )
        origin = headers.get("origin")
        if origin is not None and origin.lower().removeprefix("http://") not in self._hosts:
            return _foreign(f"Origin: {origin[:100]}")
        opening = scope["type"] == "http" and scope["path"] == "/" and scope["method"] in READING
        site = headers.get("sec-fetch-site", "none")
        if site not in ("same-origin", "none") and not (opening and headers.get("sec-fetch-mode") == "navigate"):
            return _foreign(f"Sec-Fetch-Site: {site[:100]}")
        if self._knows_token(scope, headers, opening):
            return None
        return ApiError(
            401,
            "token",
            "this request lacks the token of the studio",
            where=scope["path"][:100],
            hint="open the address that `animato studio` printed, or send `Authorization: Bearer TOKEN`",
        )

    def _knows_token(self, scope: Scope, headers: Headers, opening: bool) -> bool:
        bearer = headers.get("authorization")
        if bearer is not None:
            scheme, _, given = bearer.partition(" ")
            return scheme.lower() == "bearer" and self._is_token(given.strip())
        if opening and self.given_in_address(scope):
            return True
        if scope["type"] == "http" and scope["method"] not in READING:
            return False
        return any(self._is_token(value) for value in _cookies(headers.getlist("cookie"), self.cookie))

    def given_in_address(self, scope: Scope) -> bool:
        """Return whether the query of the address holds the token."""
        query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
        return any(self._is_token(value) for value in query.get("token", []))

    def _is_token(self, value: str) -> bool:
        return hmac.compare_digest(value.encode("utf-8", "replace"), self._token.encode())


def cookie_name(port: int) -> str:
    """Return the name of the cookie of a server; browsers share cookies between ports."""
    return f"animato-studio-{port}"


def _cookies(headers: Iterable[str], name: str) -> Iterable[str]:
    for header in headers:
        try:
            morsel = SimpleCookie(header).get(name)
        except CookieError:
            continue
        if morsel is not None:
            yield morsel.value


def _foreign(where: str) -> ApiError:
    return ApiError(
        403,
        "origin",
        "another page asked for this, which the studio forbids",
        where=where,
        hint="reload the page",
    )


def refusal_page(refusal: ApiError) -> HTMLResponse:
    """Return a refusal as a page, for people who opened the address without the token."""
    what, hint = (html.escape(text or "") for text in (refusal.what, refusal.hint))
    sentences = f"<p>{what[0].upper()}{what[1:]}.</p><p>To go on: {hint}.</p>"
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>animato studio</title>'
    page = f'<!doctype html><html lang="en"><head>{head}</head><body>{sentences}</body></html>'
    return HTMLResponse(page, refusal.status)


async def _deny_socket(refusal: ApiError, scope: Scope, send: Send) -> None:
    """Answer a socket before it is accepted: with a sentence where the server can, else with a bare 403."""
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": 1008, "reason": refusal.what})
        return
    body = response(refusal)
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body.body)).encode())]
    await send({"type": "websocket.http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": bytes(body.body)})


def _with_headers(send: Send) -> Send:
    """Add the security headers to a response, unless it has its own."""

    async def wrapped(message: Message) -> None:
        if message["type"] == "http.response.start":
            add_security_headers(message)
        await send(message)

    return wrapped


def add_security_headers(message: MutableMapping[str, object]) -> None:
    """Add security headers to the start of a response, and forbid caches unless it says otherwise."""
    headers = MutableHeaders(scope=message)
    for name, value in SECURITY_HEADERS.items():
        headers.setdefault(name, value)
    headers.setdefault("cache-control", "no-store")
