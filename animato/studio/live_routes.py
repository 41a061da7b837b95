"""/api/v1/live: the socket of the Live view."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Query, WebSocket

from animato.errors import AnimatoError
from animato.head.head import Head
from animato.live.browser import BrowserSession
from animato.settings.live import LiveSettings
from animato.studio.folder import ID
from animato.studio.problems import ApiError, api_error, error_json
from animato.studio.studio import Studio, StudioOf

router = APIRouter()

MAX_TEXT = 4096
"""Longest text message of a client, characters."""

POLICY, BUSY = 1008, 1013
"""Codes with which a socket is closed."""

_LOG = logging.getLogger(__name__)

Opener = Callable[[Callable[[bytes], None]], BrowserSession]


@router.websocket("/live")
async def live(
    socket: WebSocket,
    studio: StudioOf,
    head: Annotated[str, Query()] = "",
    size: Annotated[int, Query()] = 512,
    mirror: Annotated[bool, Query()] = False,
) -> None:
    """Move a head with the client's camera.

    Binary messages of the client are JPEG frames of its camera; text messages are commands (`live.remote`), such as
    `{"do": "calibrate"}`. Text messages to the client: `opened` once the head is ready, `done` after a command, and
    `error`. Binary messages: a finished frame, see `live.browser.BrowserSession`.
    """
    await socket.accept()
    try:
        opener = _opener(studio, head, size, mirror)
    except AnimatoError as problem:
        await _refuse(socket, api_error(problem), POLICY)
        return
    if not studio.editors.acquire(blocking=False):
        await _refuse(socket, ApiError(429, "busy", "too many heads are live", hint="close another page"), BUSY)
        return
    try:
        await _serve(socket, opener)
    finally:
        studio.editors.release()


def _opener(studio: Studio, head: str, size: int, mirror: bool) -> Opener:
    """Return the function that opens a session.

    Raises:
        ApiError: no such head.
        UsageError: a size out of range.
    """
    if not re.match(ID, head):
        raise ApiError(422, "request", "`head` is not an id", where=head[:50], field="head")
    settings = LiveSettings(size=size, mirror=mirror, threads=studio.settings.threads)
    path = studio.sources.head(head).path
    return lambda send: BrowserSession(Head.load(path), settings, studio.engine, send)


async def _refuse(socket: WebSocket, problem: ApiError, code: int) -> None:
    await socket.send_text(json.dumps(error_json(problem)))
    await socket.close(code)


async def _serve(socket: WebSocket, opener: Opener) -> None:
    """Run a session in a thread until it or the client ends."""
    loop = asyncio.get_running_loop()

    def send(content: bytes) -> None:
        asyncio.run_coroutine_threadsafe(socket.send_bytes(content), loop).result()

    try:
        session = await asyncio.to_thread(opener, send)
    except AnimatoError as problem:
        await _refuse(socket, api_error(problem), POLICY)
        return
    running = asyncio.create_task(asyncio.to_thread(session.run))
    await socket.send_text(json.dumps({"opened": session.opened}))
    receiving = asyncio.create_task(_receive(socket, session))
    try:
        await asyncio.wait((running, receiving), return_when=asyncio.FIRST_COMPLETED)
    finally:
        receiving.cancel()
        session.close()
    try:
        await running
    except AnimatoError as problem:
        await _refuse(socket, api_error(problem), POLICY)
    except Exception as problem:  # sending failed, as the client is gone
        _LOG.debug("a live session ended: %r", problem)


async def _receive(socket: WebSocket, session: BrowserSession) -> None:
    """Pass frames and commands on until the client ends."""
    while (received := await socket.receive())["type"] == "websocket.receive":
        try:
            frame = received.get("bytes")
            if frame is not None:
                await asyncio.to_thread(session.put, frame)
                continue
            text = str(received.get("text"))
            if len(text) > MAX_TEXT:
                raise ApiError(422, "request", "the message is too long", where=f"up to {MAX_TEXT:,} characters")
            await socket.send_text(json.dumps({"done": session.command(json.loads(text))}))
        except AnimatoError as problem:
            await socket.send_text(json.dumps(error_json(api_error(problem))))
        except ValueError:
            refused = ApiError(422, "request", "the message is not JSON")
            await socket.send_text(json.dumps(error_json(refused)))
