"""What the API takes."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from animato.settings.consent import Ground
from animato.studio.fields import FileId, Name, Point, Text


class Request(BaseModel):
    """Base of what is taken: no other fields, and no other types than stated."""

    model_config = ConfigDict(extra="forbid", strict=True)


class FacesRequest(Request):
    """Photo in which faces are searched."""

    photo: FileId


class ConsentRequest(Request):
    """Consent of the person shown; see docs/consent.md."""

    ground: Ground
    reason: Text | None = None
    guardian: Text | None = None
    attested_by: Text | None = None
    scope: Text | None = None
    expires: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$", max_length=10)] | None = None


class HeadRequest(Request):
    """Photos of one person, and the consent to animate them."""

    photos: Annotated[list[FileId], Field(min_length=1, max_length=32)]
    face: Annotated[str, Field(pattern=r"^(largest|left|right|[1-9][0-9]{0,3})$")] = "largest"
    consent: ConsentRequest | None = None
    name: Name | None = None
    points: dict[FileId, Annotated[list[Point], Field(min_length=7, max_length=7)]] | None = Field(
        None, description="Points placed by hand for a photo, in the order of `FaceFound.points`."
    )


class Renamed(Request):
    """A new name."""

    name: Name


class FileReference(Request):
    """A file that was uploaded."""

    file: FileId


class FrameRequest(Request):
    """Message of an editor: the expression it wants to see."""

    seq: Annotated[int, Field(ge=0, le=2**53)]
    controls: dict[Annotated[str, Field(max_length=40)], float] = Field(default={}, max_length=100)
    settings: dict[Annotated[str, Field(max_length=40)], float | bool | str] | None = Field(
        None, max_length=20, description="Settings of the motion, such as strengths."
    )
