"""The C2PA library behind two plain functions, always offline: nothing is fetched, checked or sent over a network."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import urlsplit

from animato.errors import MissingPartError


def c2pa() -> Any:
    """Return the C2PA library's module, imported at first use because it loads 20 MB.

    Raises:
        MissingPartError: it is not installed or cannot be loaded.
    """
    try:
        import c2pa as library
    except Exception as problem:  # a missing wheel, or a shared library that does not load
        raise MissingPartError(
            "the C2PA library cannot be loaded, so outputs cannot be signed",
            where=str(problem),
            hint="pip install c2pa-python",
        ) from problem
    logging.getLogger("c2pa").setLevel(logging.CRITICAL)
    return library


def offline_context(anchor: bytes | None = None, tsa: str | None = None) -> Any:
    """Return a context without network access and without thumbnails.

    The library's own default would fetch remote manifests named by the file that is read: a way for a hostile file to
    make this computer call an address of its choice.

    Args:
        anchor: PEM of a certificate authority to trust besides the library's own, or None.
        tsa: address of a time-stamp authority: its host alone may then be called, and only while signing.
    """
    host = urlsplit(tsa).hostname if tsa else None
    settings: dict[str, Any] = {
        "version": 1,
        "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False},
        "core": {"allowed_network_hosts": [host] if host else []},
        "builder": {"thumbnail": {"enabled": False}},
    }
    if anchor is not None:
        settings["trust"] = {"user_anchors": anchor.decode("ascii")}
    return c2pa().Context.from_dict(settings)
