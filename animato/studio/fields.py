"""Types of fields that several requests and answers share."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from animato.settings.consent import MAX_TEXT
from animato.studio.folder import ID, MAX_NAME

FileId = Annotated[str, Field(pattern=ID, description="Id of an uploaded file.")]
HeadId = Annotated[str, Field(pattern=ID, description="Id of a head.")]
DriverId = Annotated[
    str, Field(pattern=r"^[0-9a-z_-]{1,64}$", description="Id of a driver, or name of a bundled motion.")
]
Name = Annotated[str, Field(min_length=1, max_length=MAX_NAME, pattern=r"\S")]
Text = Annotated[str, Field(max_length=MAX_TEXT)]
Coordinate = Annotated[float, Field(ge=-1e5, le=1e5, allow_inf_nan=False)]
Point = Annotated[list[Coordinate], Field(min_length=2, max_length=2, description="x and y in pixels of the photo.")]
FileKind = Literal["picture", "video", "sound", "motion", "head", "other"]
JobState = Literal["queued", "running", "done", "failed", "cancelled", "interrupted"]
Format = Literal["mp4", "webm", "gif"]
