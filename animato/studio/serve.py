"""Serve a studio until Ctrl-C."""

from __future__ import annotations

import logging
import socket
import threading
import webbrowser
from collections.abc import Callable

import uvicorn

from animato.errors import OutputError
from animato.runtime.devices import placed
from animato.settings.studio import StudioSettings
from animato.studio.app import create_app
from animato.studio.studio import Studio

HOST = "127.0.0.1"
"""The studio listens on the loopback interface only."""

GRACE_SECONDS = 3
"""Seconds that requests in progress get at the end."""

KEEP_ALIVE_SECONDS = 120
"""Seconds after which an idle connection is closed; closing while a request is on its way looks like an error."""

MAX_SOCKET_MESSAGE = 16 << 20
"""Largest message of a socket, bytes: a camera frame has less."""


def listen(port: int) -> socket.socket:
    """Return a socket that listens on the loopback interface.

    Args:
        port: 0 for a free one.

    Raises:
        OutputError: the port is in use, or needs rights.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen(128)
    except OSError as problem:
        listener.close()
        raise OutputError(
            f"port {port} cannot be used", where=problem.strerror, hint="`port=0`, which takes a free one"
        ) from problem
    return listener


class Server(uvicorn.Server):
    """A server that ends event streams and sockets when it is asked to end, as it would wait for them."""

    def __init__(self, config: uvicorn.Config, studio: Studio) -> None:
        super().__init__(config)
        self._studio = studio

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End streams, then wait for the rest."""
        self._studio.end_streams()
        await super().shutdown(sockets)


def serve(settings: StudioSettings, announce: Callable[[str], None]) -> None:
    """Serve a studio until the process is asked to end.

    Args:
        settings: port, data folder, limits.
        announce: called with the address, which holds the token, once the server listens.

    Raises:
        OutputError: the port or the data folder cannot be used.
        UsageError: another studio uses the data folder.
        MissingPartError: the device or its library cannot be used here.
    """
    placed(settings.device, settings.backend)  # before anything is opened
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)  # its warnings are about clients that went away
    listener = listen(settings.port)
    try:
        port = int(listener.getsockname()[1])
        with Studio(settings) as studio:
            config = uvicorn.Config(
                create_app(studio, port),
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                lifespan="off",
                ws_max_size=MAX_SOCKET_MESSAGE,
                timeout_graceful_shutdown=GRACE_SECONDS,
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
            )
            address = f"http://{HOST}:{port}/?token={studio.token}"
            announce(address)
            if settings.open:
                threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
            Server(config, studio).run(sockets=[listener])
    finally:
        listener.close()
