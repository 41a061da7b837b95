"""Refusals as ordinary answers, for a page that asks for them: browsers report every error status in their console.

A request with `Prefer: refusal=body` (RFC 7240) gets a refusal with status 200; the body is the same error, and the
status it would have had is in the header `X-Status`. Faults of the studio itself (500) stay what they are.
"""

from __future__ import annotations

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PREFERENCE = "refusal=body"


class RefusalsInBody:
    """ASGI middleware that answers refusals as the request prefers.

    Args:
        app: the application.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        wanted = scope["type"] == "http" and PREFERENCE in Headers(scope=scope).get("prefer", "")
        await self._app(scope, receive, _in_body(send) if wanted else send)


def _in_body(send: Send) -> Send:
    async def wrapped(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] >= 400 and message["status"] != 500:
            headers = MutableHeaders(scope=message)
            headers["preference-applied"] = PREFERENCE
            headers["x-status"] = str(message["status"])
            message["status"] = 200
        await send(message)

    return wrapped
