"""Methods that an address of the API does not have are answered as such, with a list of those it has."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from animato.studio.problems import ApiError, response


class Methods:
    """ASGI middleware that answers 405 by the description of the API.

    Routers know the methods of one route; an address may have several routes, or match the pattern of another one.

    Args:
        app: the application.
        schema: description of the API.
    """

    def __init__(self, app: ASGIApp, schema: Mapping[str, Any]) -> None:
        self._app = app
        # Addresses without parameters come first.
        paths = sorted(schema["paths"].items(), key=lambda item: item[0].count("{"))
        self._allowed = [(_pattern(path), ", ".join(sorted(method.upper() for method in ops))) for path, ops in paths]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            allowed = next((methods for pattern, methods in self._allowed if pattern.fullmatch(scope["path"])), None)
            if allowed is not None and scope["method"] not in allowed.split(", "):
                problem = ApiError(
                    405, "method", f"{scope['method'][:20]} is not possible here", f"possible: {allowed}"
                )
                await response(problem, {"allow": allowed})(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path)))
