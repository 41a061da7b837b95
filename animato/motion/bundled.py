"""Find bundled motion files by name."""

from __future__ import annotations

from pathlib import Path

from animato.errors import InputError

FOLDER = Path(__file__).resolve().parents[1] / "assets" / "motion"


def bundled() -> dict[str, Path]:
    """Return the bundled motion files by name."""
    return {path.stem: path for path in sorted(FOLDER.glob("*.motion"))}


def find_driver(text: str) -> Path:
    """Resolve a driver argument to a path: an existing file, else a bundled motion of that name.

    Args:
        text: a path, or a bundled name such as "talk".

    Raises:
        InputError: neither a file nor a bundled name.
    """
    path = Path(text)
    if path.exists() or path.suffix or path.name != text:
        return path
    motions = bundled()
    if text not in motions:
        raise InputError(
            f"no such driver: {text}",
            where=f"no file of that name; bundled motions: {', '.join(sorted(motions))}",
            hint="`driver=talk`, or the path of a video, a sound or a .motion file",
        )
    return motions[text]
