"""Names of temporary files that tell who writes them, so that the next run can remove those of a killed one."""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import re
import secrets
import shutil
import time
from pathlib import Path

_NAME = re.compile(r"\..*~([0-9a-f]{8})-(\d{1,10})-[0-9a-f]{12}(?:\..*)?", re.DOTALL)
_KEEP = ".old"
"""Suffix of what an output replaces: after a kill it may be the only copy of earlier frames, so it is never swept."""

_YOUNGEST = 1.0
"""Seconds since the last write below which a file is left alone."""


def partial_path(path: Path, suffix: str) -> Path:
    """Return an unused hidden name beside a path, marked with this computer and process.

    Args:
        path: of the finished file or folder.
        suffix: of the temporary one, such as ".part.mp4".
    """
    stem = path.name.removesuffix(path.suffix)[:40].split("%")[0] or "frames"
    return path.parent / f".{stem}~{_computer()}-{os.getpid()}-{secrets.token_hex(6)}{suffix}"


def sweep_partials(folder: Path) -> None:
    """Remove temporary files that killed runs on this computer left in a folder.

    Only names of `partial_path` are considered, and of them those whose process no longer exists. Problems are ignored:
    the output does not depend on it.
    """
    if os.name != "posix":  # elsewhere there is no harmless way to ask whether a process exists
        return
    computer = _computer()
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            match = _NAME.fullmatch(path.name)
            if match is None or match[1] != computer or path.name.endswith(_KEEP) or _is_alive(int(match[2])):
                continue
            with contextlib.suppress(OSError):
                if path.lstat().st_mtime > time.time() - _YOUNGEST:
                    continue
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                else:
                    path.unlink()


def _computer() -> str:
    """Return eight digits for this computer and its process numbers; containers of one host have different ones."""
    try:
        namespace = str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        namespace = ""
    return hashlib.sha256(f"{platform.node()} {namespace}".encode()).hexdigest()[:8]


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:  # it belongs to another user
        return True
    return True
