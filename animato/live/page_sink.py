"""Preview and OBS page: a small server on the loopback interface that shows the newest frame and takes commands."""

from __future__ import annotations

import hmac
import http
import json
import secrets
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import cv2

from animato.errors import AnimatoError, OutputError
from animato.live.newest import Newest
from animato.live.remote import ADJUSTABLE, KEYS
from animato.types import Frame

if TYPE_CHECKING:
    from websockets.http11 import Request, Response
    from websockets.sync.server import ServerConnection

HOST = "127.0.0.1"
PAGE = Path(__file__).with_name("page") / "live.html"
JPEG_QUALITY = 90
"""Above it, files grow faster than anything becomes visible."""

MAX_MESSAGE = 4096
"""Bytes of a message from the page."""

MAX_VIEWERS = 8
ACK_SECONDS = 5.0
"""Seconds after which a page that does not answer gets a frame again, such as one in a hidden tab."""


def encoded(frame: Frame) -> bytes:
    """Return a frame as JPEG, or as PNG if it is transparent.

    Args:
        frame: H x W x 3 uint8 RGB, or H x W x 4 uint8 RGBA.
    """
    if frame.shape[2] == 4:
        options = [cv2.IMWRITE_PNG_COMPRESSION, 1]
        return cv2.imencode(".png", cv2.cvtColor(frame, cv2.COLOR_RGBA2BGRA), options)[1].tobytes()
    options = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    return cv2.imencode(".jpg", cv2.cvtColor(frame, cv2.COLOR_RGB2BGR), options)[1].tobytes()


class PageSink:
    """Serves the page; see `live.protocols.FrameSink`. Each page has one frame in flight, and gets the newest next.

    Args:
        port: on the loopback interface; 0 takes a free one.
        command: applies a message of a page, and returns what it did.
        strengths: settings shown as sliders, with their values.

    Attributes:
        port: in use.
        token: which the address must carry.

    Raises:
        OutputError: the port is in use.
    """

    def __init__(self, port: int, command: Callable[[Any], str | None], strengths: Mapping[str, float]) -> None:
        from websockets.sync.server import serve

        self.token = secrets.token_urlsafe(16)
        self._command, self._strengths = command, dict(strengths)
        self._viewers: set[Newest[Frame]] = set()
        self._text = ""
        try:
            self._server = serve(
                self._serve_viewer,
                HOST,
                port,
                process_request=self._answer,
                max_size=MAX_MESSAGE,
                compression=None,
                server_header=None,
            )
        except OSError as problem:
            raise OutputError(
                f"port {port} cannot be used: {problem.strerror}", hint="`port=0`, which takes a free one"
            ) from problem
        self.port = int(self._server.socket.getsockname()[1])
        self._thread = threading.Thread(target=self._server.serve_forever, name="animato-page", daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """Address of the page, with its token."""
        return f"http://{HOST}:{self.port}/?token={self.token}"

    def put(self, frame: Frame, captured: float) -> None:  # noqa: ARG002
        """Show a frame."""
        for viewer in tuple(self._viewers):
            viewer.put(frame)

    def show_text(self, text: str) -> None:
        """Show a line of text below the picture, from the next frame on."""
        self._text = text

    def close(self) -> None:
        """End the server."""
        for viewer in tuple(self._viewers):
            viewer.close()
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()

    def _answer(self, connection: ServerConnection, request: Request) -> Response | None:
        """Answer a request for the page, or refuse; None lets a socket be opened."""
        parts = urlsplit(request.path)
        names = {f"{HOST}:{self.port}", f"localhost:{self.port}"}
        origin = request.headers.get("Origin")
        token = parse_qs(parts.query).get("token", [""])[0]
        # A foreign page may reach this port, under a name of its own or from its own address.
        if request.headers.get("Host") not in names or (origin is not None and urlsplit(origin).netloc not in names):
            return connection.respond(http.HTTPStatus.FORBIDDEN, "this page is for this computer only\n")
        if not hmac.compare_digest(token.encode(), self.token.encode()):
            return connection.respond(http.HTTPStatus.FORBIDDEN, "use the address that animato printed\n")
        if parts.path == "/socket":
            return None
        if parts.path != "/":
            return connection.respond(http.HTTPStatus.NOT_FOUND, "there is no such page\n")
        return self._page(connection)

    def _page(self, connection: ServerConnection) -> Response:
        nonce = secrets.token_urlsafe(12)
        text = PAGE.read_text(encoding="utf-8").replace("NONCE", nonce)
        text = text.replace("COMMANDS", json.dumps([name for name in KEYS.values() if name not in ("quit",)]))
        text = text.replace("STRENGTHS", json.dumps({name: self._strengths[name] for name in ADJUSTABLE}))
        response = connection.respond(http.HTTPStatus.OK, text)
        del response.headers["Content-Type"]
        response.headers["Content-Type"] = "text/html; charset=utf-8"
        response.headers["Cache-Control"] = "no-store"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["Content-Security-Policy"] = (
            f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; img-src blob:; "
            f"connect-src ws://{HOST}:{self.port} ws://localhost:{self.port}; frame-ancestors 'none'"
        )
        return response

    def _serve_viewer(self, socket: ServerConnection) -> None:
        """Send the newest frame whenever the last one was shown, and apply commands."""
        from websockets.exceptions import ConnectionClosed

        if len(self._viewers) >= MAX_VIEWERS:
            return
        waiting: Newest[Frame] = Newest()
        ready = threading.Semaphore(1)
        sender = threading.Thread(target=self._send, args=(socket, waiting, ready), daemon=True)
        self._viewers.add(waiting)
        sender.start()
        try:
            for message in socket:
                if isinstance(message, str) and '"ack"' in message:
                    ready.release()
                else:
                    self._apply(message)
        except ConnectionClosed:
            pass
        finally:
            self._viewers.discard(waiting)
            waiting.close()
            ready.release()
            sender.join()

    def _send(self, socket: ServerConnection, waiting: Newest[Frame], ready: threading.Semaphore) -> None:
        from websockets.exceptions import ConnectionClosed

        told = ""
        try:
            while True:
                ready.acquire(timeout=ACK_SECONDS)
                frame = waiting.take()
                if frame is None:
                    return
                socket.send(encoded(frame))
                if self._text != told:
                    told = self._text
                    socket.send(json.dumps({"text": told}))
        except (ConnectionClosed, OSError):
            return

    def _apply(self, message: str | bytes) -> None:
        """Apply a command; what is wrong with it is shown as text."""
        try:
            self._text = self._command(json.loads(message)) or self._text
        except AnimatoError as problem:
            self._text = problem.what
        except (ValueError, TypeError, RecursionError):
            self._text = "the message is not understood"
