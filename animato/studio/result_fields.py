"""What is kept of a finished video beside it: measures, credentials, and the report of its run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from animato.media.disk import whole_file
from animato.media.probe import media_type
from animato.media.reader import open_video
from animato.studio.folder import RESULT_FILE
from animato.trust.reading import read_credentials


def save_fields(
    path: Path, *, warnings: Sequence[str], report: Mapping[str, Any], **measured: float | str
) -> dict[str, Any]:
    """Write the fields of a result beside its video, and return them.

    Args:
        path: of the video.
        warnings: sentences about photos, driver and motion.
        report: measures of the run.
        measured: width, height, fps, frames and mark_id, if known; by default they are read from the file.
    """
    kind = media_type(path)
    credentials = read_credentials(path, kind).as_json()
    fields: dict[str, Any] = {**(measured or {**_measured(path), "mark_id": credentials["mark_id"] or ""})}
    fields |= {
        "media_type": kind,
        "bytes": path.stat().st_size,
        "seconds": fields["frames"] / fields["fps"],
        "warnings": list(warnings),
        "report": dict(report),
        "credentials": credentials,
    }
    with whole_file(path.with_name(RESULT_FILE)) as temporary:
        temporary.write_text(json.dumps(fields), encoding="utf-8")
    return fields


def _measured(path: Path) -> dict[str, float]:
    with open_video(path) as video:
        info = video.info
    fps = float(info.fps)
    return {"width": info.width, "height": info.height, "fps": fps, "frames": round((info.duration or 0.0) * fps)}
