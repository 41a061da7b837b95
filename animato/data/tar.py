"""Write the members of a WebDataset tar and return their offsets for random access."""

from __future__ import annotations

import io
import tarfile
from typing import BinaryIO

END = b"\0" * 1024
"""Two empty blocks end a tar file."""


def add_member(out: BinaryIO, name: str, data: bytes) -> int:
    """Append one file to an open tar and return the offset of its data.

    Owner and time are left empty for reproducible output.

    Args:
        out: open binary file at the end of the members so far (a multiple of 512 bytes).
        name: name of the member.
        data: its content.
    """
    info = tarfile.TarInfo(name)
    info.size = len(data)
    out.write(info.tobuf(tarfile.PAX_FORMAT))
    offset = out.tell()
    out.write(data)
    out.write(b"\0" * (-len(data) % 512))
    return offset


def member_names(data: bytes) -> list[str]:
    """Return the names of the members of a complete tar (for tests with a standard tar reader)."""
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return tar.getnames()
