"""Addresses such as HOST:PORT, and the UDP sockets that belong to them."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable
from typing import NamedTuple

from animato.errors import OutputError, UsageError


class Address(NamedTuple):
    """A host and a UDP port.

    Attributes:
        host: name or number; "" for all of this computer's interfaces.
        port: 1 to 65535, or 0 for any free one.
    """

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_address(text: str, option: str, default_host: str | None = None) -> Address:
    """Return the address in a text: `HOST:PORT`, `[::1]:PORT`, or only a port where a default host is given.

    Args:
        text: as typed.
        option: name of the setting, for messages.
        default_host: for a text that is a port; None where a host is required.

    Raises:
        UsageError: it is none of these.
    """
    host, separator, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]") if host.startswith("[") else host
    if not separator and default_host is not None:
        host, separator = default_host, ":"
    if not separator or not (port.isascii() and port.isdigit()) or not 0 < int(port[:6]) < 65536 or not host:
        wanted = "HOST:PORT" if default_host is None else "HOST:PORT or PORT"
        raise UsageError(f"`{option}` must be {wanted}, not {text!r}", hint="127.0.0.1:7788")
    return Address(host, int(port))


def is_loopback(address: Address) -> bool:
    """Return whether nobody outside this computer can reach an address; names other than localhost count as outside."""
    if address.host == "localhost":
        return True
    try:
        return ipaddress.ip_address(address.host).is_loopback
    except ValueError:
        return False


def sending_socket(address: Address) -> socket.socket:
    """Return a socket that sends to an address and never waits.

    Raises:
        OutputError: the host has no address.
    """
    try:
        family, kind, protocol, _, where = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_DGRAM)[0]
        return _connected(socket.socket(family, kind, protocol), lambda opened: opened.connect(where))
    except (OSError, UnicodeError) as problem:
        raise OutputError(f"cannot send to {address}", where=str(problem), hint="check the name") from problem


def receiving_socket(address: Address) -> socket.socket:
    """Return a socket that receives at an address of this computer, and never waits.

    Raises:
        UsageError: the port is taken, or the address is not this computer's.
    """
    try:
        family, kind, protocol, _, where = socket.getaddrinfo(
            address.host or None, address.port, type=socket.SOCK_DGRAM, flags=socket.AI_PASSIVE
        )[0]
        return _connected(socket.socket(family, kind, protocol), lambda opened: opened.bind(where))
    except (OSError, UnicodeError) as problem:
        raise UsageError(
            f"cannot receive at {address}", where=str(problem), hint="another port, or an address of this computer"
        ) from problem


def _connected(opened: socket.socket, connect: Callable[[socket.socket], None]) -> socket.socket:
    try:
        opened.setblocking(False)
        connect(opened)
    except BaseException:
        opened.close()
        raise
    return opened
