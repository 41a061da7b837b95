"""Access to the C2PA library, configured without network access."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import urlsplit

from animato.errors import MissingPartError


def c2pa() -> Any:
    """Import and return the C2PA library on first use, because it loads 20 MB.

    Raises:
        MissingPartError: the library is not installed or cannot be loaded.
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

    By default the library fetches remote manifests, which lets a hostile file trigger requests to any address.

    Args:
        anchor: PEM of an additional trusted certificate authority, or None.
        tsa: URL of a time-stamp authority; its host is the only one allowed, for signing.
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
