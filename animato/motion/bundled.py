"""Find bundled motion files by name."""

from __future__ import annotations

from pathlib import Path

from animato.errors import InputError

FOLDER = Path(__file__).resolve().parents[1] / "assets" / "motion"


def bundled() -> dict[str, Path]:
    """Return the bundled motion files by name."""
    return {path.stem: path for path in sorted(FOLDER.glob("*.motion"))}


def find_driver(text: str) -> Path:
    """Return the path a driver argument means: a file of that name if there is one, else a bundled movement.

    Args:
        text: a path, or a bundled name such as "talk".

    Raises:
        InputError: neither a file nor a bundled name.
    """
    path = Path(text)
    if path.exists() or path.suffix or path.name != text:
        return path
    known = bundled()
    if text not in known:
        raise InputError(
            f"no such driver: {text}",
            where=f"no file of that name; bundled movements are {', '.join(sorted(known))}",
            hint="`driver=talk`, or the path of a video or a .motion file",
        )
    return known[text]
