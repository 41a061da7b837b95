"""Weight files inside installed packages."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
from pathlib import Path
from typing import Any

from animato.errors import MissingPartError


def package_file(package: str, file: str, digest: str, hint: str) -> Path:
    """Return the path of a weight file inside an installed package, without importing the package.

    Raises:
        MissingPartError: the package is not installed, or the checksum of its file is wrong.
    """
    spec = importlib.util.find_spec(package)
    folders = spec.submodule_search_locations if spec else None
    path = Path(folders[0]) / file if folders else None
    if path is None or not path.is_file():
        raise MissingPartError(f"the package {package} is not installed", hint=hint)
    with path.open("rb") as stream:
        actual = hashlib.file_digest(stream, "sha256").hexdigest()
    if actual != digest:
        raise MissingPartError(
            f"{path.name} has an unexpected checksum", where=f"sha256 {actual}, expected {digest}", hint=hint
        )
    return path


def network(name: str) -> Any:
    """Import the module of a metric network on first use, because it imports torch.

    Args:
        name: "dlib_face" or "efficientnet_lite".

    Raises:
        MissingPartError: torch is not installed.
    """
    try:
        return importlib.import_module(f"animato.evaluation.networks.{name}")
    except ImportError as error:
        raise MissingPartError(
            "torch, which runs the metric networks, is not installed",
            where=str(error),
            hint="pip install 'animato[evaluation]'",
        ) from error
