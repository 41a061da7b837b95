"""A job: one video to render, with all that decides what it shows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from animato.media.storage import is_url
from animato.motion.bundled import bundled
from animato.settings.animate import AnimateSettings
from animato.settings.consent import Consent

FILE_SETTINGS = ("person", "audio", "sign_cert", "sign_key")
"""Settings that are local paths."""

UNSEEN = ("threads",)
"""Settings that do not change what is rendered."""


@dataclass(frozen=True)
class Job:
    """One video to render.

    Attributes:
        name: where it was asked for, for messages: "jobs.jsonl:3".
        head: a head file, or photos of one person; paths or URLs.
        driver: path or URL of a video or motion file, or the name of a bundled motion.
        output: path or URL to write.
        settings: of the render.
        consent: for photos; None for a head file.
    """

    name: str
    head: tuple[str, ...]
    driver: str
    output: str
    settings: AnimateSettings
    consent: Consent | None

    def inputs(self) -> Iterator[str]:
        """Yield the paths and URLs of all files that are read."""
        yield from self.head
        if self.driver not in bundled():
            yield self.driver
        yield from (str(value) for name in FILE_SETTINGS if (value := getattr(self.settings, name)) is not None)
        if self.settings.background_kind == "file":
            yield self.settings.background

    def fingerprint(self) -> str:
        """Return a hash of everything that decides what is rendered, except the content of the inputs."""
        options = {f.name: getattr(self.settings, f.name) for f in fields(self.settings) if f.name not in UNSEEN}
        # The day on which consent is given is that of the run, and is no part of what was asked for.
        consent = None if self.consent is None else {**asdict(self.consent), "date": None}
        value = [self.head, self.driver, self.output, options, consent]
        return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


def resolved(text: str, folder: Path) -> str:
    """Return a path or URL; a relative path is relative to a folder."""
    return text if is_url(text) else str(folder / text)
