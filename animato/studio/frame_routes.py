"""/api/v1/frames: the socket of the expression editor."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query, WebSocket
from pydantic import ValidationError

from animato.errors import AnimatoError
from animato.head.head import Head
from animato.live.policy import SMALLEST_SIDE
from animato.pipeline.interactive import Interactive, open_interactive
from animato.settings.animate import AnimateSettings
from animato.studio.folder import ID
from animato.studio.frame_session import FrameSession
from animato.studio.problems import ApiError, api_error, error_json, invalid
from animato.studio.request_schemas import FrameRequest
from animato.studio.studio import Studio, StudioOf

router = APIRouter()

MAX_MESSAGE = 64_000
"""Longest message of a client, characters."""

SMALLEST, LARGEST = 128, 1024
POLICY, BUSY, NORMAL = 1008, 1013, 1000
"""Codes with which a socket is closed."""


@router.websocket("/frames")
async def frames(
    socket: WebSocket, studio: StudioOf, head: Annotated[str, Query()] = "", size: Annotated[str, Query()] = "512"
) -> None:
    """Answer each `FrameRequest` with a frame, or not at all if a newer one came meanwhile.

    Text messages to the client: `opened` once the head is ready, and `error`. Binary messages: a frame.
    """
    await socket.accept()
    try:
        opener, add_level = _opener(studio, head, size)
    except AnimatoError as problem:
        await socket.send_text(json.dumps({**error_json(api_error(problem)), "seq": None}))
        await socket.close(POLICY)
        return
    if not studio.editors.acquire(blocking=False):
        await socket.send_text(json.dumps({**error_json(_busy()), "seq": None}))
        await socket.close(BUSY)
        return
    try:
        await _serve(socket, opener, add_level)
    finally:
        studio.editors.release()


def _opener(studio: Studio, head: str, size: str) -> tuple[Callable[[], Interactive], Callable[[Interactive], None]]:
    """Return the function that opens a head for an editor, and the one that adds a cheaper level of quality.

    Raises:
        ApiError: no such head, or a size out of range.
    """
    if not re.match(ID, head):
        raise ApiError(422, "request", "`head` is not an id", where=head[:50], field="head")
    side = int(size) if re.fullmatch(r"\d{1,4}", size) else 0
    if not SMALLEST <= side <= LARGEST:
        limits = f"{SMALLEST} to {LARGEST} pixels"
        raise ApiError(422, "request", "`size` is out of range", where=limits, field="size")
    path = studio.sources.head(head).path
    settings = replace(AnimateSettings(frame="crop", size=side), threads=studio.settings.threads)

    def add_level(interactive: Interactive) -> None:
        if side > SMALLEST_SIDE:
            interactive.add_level(replace(settings, size=SMALLEST_SIDE), studio.engine)

    return lambda: open_interactive(Head.load(path), settings, studio.engine), add_level


def _busy() -> ApiError:
    return ApiError(429, "busy", "too many editors are open", hint="close another page")


async def _serve(
    socket: WebSocket, opener: Callable[[], Interactive], add_level: Callable[[Interactive], None]
) -> None:
    """Receive until the client or the session ends."""
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()

    def send(content: bytes | str) -> None:
        sending = socket.send_bytes(content) if isinstance(content, bytes) else socket.send_text(content)
        try:
            asyncio.run_coroutine_threadsafe(sending, loop).result()
        except Exception as problem:
            raise ConnectionError("the client is gone") from problem

    def end() -> None:
        loop.call_soon_threadsafe(ended.set)

    session = FrameSession(opener, send, end, add_level)
    session.start()
    over = asyncio.create_task(ended.wait())
    receiving = asyncio.create_task(_receive(socket, session))
    try:
        await asyncio.wait((over, receiving), return_when=asyncio.FIRST_COMPLETED)
    finally:
        over.cancel()
        receiving.cancel()
        await asyncio.to_thread(session.close)
    if ended.is_set() and not receiving.done():
        await socket.close(POLICY)


async def _receive(socket: WebSocket, session: FrameSession) -> None:
    """Pass requests on until the client ends."""
    while True:
        received = await socket.receive()
        if received["type"] != "websocket.receive":
            return
        text = received.get("text")
        try:
            if text is None or len(text) > MAX_MESSAGE:
                raise ApiError(422, "request", "a message must be text", where=f"up to {MAX_MESSAGE:,} characters")
            session.put(FrameRequest.model_validate_json(text))
        except ValidationError as problem:
            refused = invalid(problem.errors(include_url=False)[0])
            await socket.send_text(json.dumps({**error_json(refused), "seq": None}))
        except ApiError as problem:
            await socket.send_text(json.dumps({**error_json(problem), "seq": None}))
