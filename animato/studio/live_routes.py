"""/api/v1/live: the socket of the Live view."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query, WebSocket, WebSocketDisconnect

from animato.errors import AnimatoError
from animato.head.head import Head
from animato.live.browser import BrowserSession, Send, open_browser_session
from animato.settings.live import LiveSettings
from animato.studio.folder import ID
from animato.studio.live_recording import LiveRecorder
from animato.studio.problems import ApiError, api_error, error_json
from animato.studio.studio import Studio, StudioOf

router = APIRouter()

MAX_TEXT = 4096
"""Longest text message of a client, characters."""

POLICY, BUSY = 1008, 1013
"""Codes with which a socket is closed."""

_LOG = logging.getLogger(__name__)

Opener = Callable[[Send], BrowserSession]


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
    `{"do": "calibrate"}`, `{"shown": ANSWER}` for each answer that was shown, and `{"record": true}` or `false`. Text
    messages to the client: `opened` once the head is ready, `tracked` with the number of a camera frame, after which
    the next is sent, `done` after a command, `recording` when one begins,
    `recorded` with a result when it is finished, and `error`. Binary messages: a finished frame, see
    `live.browser.BrowserSession`.
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
        await _serve(socket, opener, LiveRecorder(studio, head))
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
    return lambda send: open_browser_session(Head.load(path), settings, studio.engine, send)


async def _refuse(socket: WebSocket, problem: ApiError, code: int) -> None:
    await socket.send_text(json.dumps(error_json(problem)))
    await socket.close(code)


async def _serve(socket: WebSocket, opener: Opener, recorder: LiveRecorder) -> None:
    """Run a session in a thread until it or the client ends; what is being recorded then is finished."""
    loop = asyncio.get_running_loop()

    def send(content: bytes | str) -> None:
        sending = socket.send_bytes(content) if isinstance(content, bytes) else socket.send_text(content)
        asyncio.run_coroutine_threadsafe(sending, loop).result()

    try:
        session = await asyncio.to_thread(opener, send)
    except AnimatoError as problem:
        await _refuse(socket, api_error(problem), POLICY)
        return
    running = asyncio.create_task(asyncio.to_thread(session.run))
    await socket.send_text(json.dumps({"opened": session.opened}))
    client = _Client(socket, session, recorder)
    receiving = asyncio.create_task(client.receive())
    try:
        await asyncio.wait((running, receiving), return_when=asyncio.FIRST_COMPLETED)
    finally:
        receiving.cancel()
        session.end()
    try:
        await running
    except AnimatoError as problem:
        await _refuse(socket, api_error(problem), POLICY)
    except Exception as problem:  # sending failed, as the client is gone
        _LOG.debug("a live session ended: %r", problem)
    finally:
        await client.finished()
        await asyncio.to_thread(recorder.keep)


class _Client:
    """What a client sends, and the answers to it.

    Args:
        socket: of the client.
        session: is moved by it.
        recorder: records the session.
    """

    def __init__(self, socket: WebSocket, session: BrowserSession, recorder: LiveRecorder) -> None:
        self._socket, self._session, self._recorder = socket, session, recorder
        self._finishing: set[asyncio.Task[None]] = set()

    async def receive(self) -> None:
        """Pass frames and commands on until the client ends."""
        while (received := await self._socket.receive())["type"] == "websocket.receive":
            try:
                frame = received.get("bytes")
                if frame is not None:
                    await asyncio.to_thread(self._session.receive, frame)
                    continue
                text = str(received.get("text"))
                if len(text) > MAX_TEXT:
                    raise ApiError(422, "request", "the message is too long", where=f"up to {MAX_TEXT:,} characters")
                await self._apply(json.loads(text))
            except AnimatoError as problem:
                await self._send(error_json(api_error(problem)))
            except ValueError:
                await self._send(error_json(ApiError(422, "request", "the message is not JSON")))

    async def finished(self) -> None:
        """Wait for recordings that are being finished."""
        await asyncio.gather(*self._finishing)

    async def _apply(self, given: Any) -> None:
        if isinstance(given, dict) and type(given.get("shown")) is int:
            self._session.show(given["shown"])
        elif isinstance(given, dict) and given.get("record") is True:
            await asyncio.to_thread(self._recorder.begin, self._session)
            await self._send({"recording": True})
        elif isinstance(given, dict) and given.get("record") is False:
            # Signing takes a second; frames go on meanwhile.
            task = asyncio.create_task(self._finish())
            self._finishing.add(task)
            task.add_done_callback(self._finishing.discard)
        else:
            await self._send({"done": self._session.command(given)})

    async def _finish(self) -> None:
        try:
            answer = {"recorded": await asyncio.to_thread(self._recorder.end, self._session)}
        except AnimatoError as problem:
            answer = error_json(api_error(problem))
        with contextlib.suppress(RuntimeError, WebSocketDisconnect):  # the client is gone
            await self._send(answer)

    async def _send(self, value: Mapping[str, Any]) -> None:
        await self._socket.send_text(json.dumps(value))
