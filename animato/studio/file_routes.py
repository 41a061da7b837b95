"""/api/v1/files, /faces and /verify: uploads, and what is read from them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import FileResponse, Response

from animato.studio.errors_documented import ERRORS, errors
from animato.studio.folder import ID, MAX_NAME, remove
from animato.studio.problems import ApiError
from animato.studio.request_schemas import FacesRequest, FileReference
from animato.studio.schemas import Faces, File, Verification
from animato.studio.studio import StudioOf
from animato.studio.uploads import file_path, receive

router = APIRouter(responses=ERRORS)

FileNumber = Annotated[str, Path(pattern=ID)]

UNTRUSTED = "default-src 'none'; sandbox"
"""Content security policy of what a client uploaded: it runs nothing, whatever it is."""

SHOWN = ("picture", "video", "sound")

_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary", "minLength": 1}}},
    }
}


@router.post("/files", status_code=201, response_model=File, responses=errors(413, 507), openapi_extra=_BODY)
async def upload(
    request: Request,
    studio: StudioOf,
    name: Annotated[str, Query(max_length=10 * MAX_NAME, description="Name of the file, for display.")] = "",
) -> Any:
    """Upload a file as the body of the request, of any content type."""
    try:
        announced = int(request.headers.get("content-length", ""))
    except ValueError:
        announced = None
    limit = studio.limits.bytes
    number, fields = await receive(studio.folder, request.stream(), name, announced, limit)
    return studio.store.add("files", number, fields)


@router.get("/files", response_model=list[File])
async def files(studio: StudioOf) -> Any:
    """List uploaded files, newest first."""
    return studio.store.all("files")


@router.get("/files/{number}", response_model=File, responses=errors(404))
async def file(studio: StudioOf, number: FileNumber) -> Any:
    """Return a file's description."""
    return studio.sources.row("files", number, "file")


@router.get("/files/{number}/content", response_class=FileResponse, responses=errors(404))
def file_content(studio: StudioOf, number: FileNumber) -> Response:
    """Return a file; ranges are supported."""
    row = studio.sources.row("files", number, "file")
    shown = row["kind"] in SHOWN
    return FileResponse(
        file_path(studio.folder, row),
        media_type=row["media_type"],
        filename=row["name"],
        content_disposition_type="inline" if shown else "attachment",
        headers={"content-security-policy": UNTRUSTED, "cache-control": "private, no-cache"},
    )


@router.delete("/files/{number}", status_code=204, response_class=Response, responses=errors(404, 409))
def delete_file(studio: StudioOf, number: FileNumber) -> Response:
    """Delete a file that no driver uses."""
    row = studio.sources.row("files", number, "file")
    used = next((driver for driver in studio.store.all("drivers") if driver["file"] == number), None)
    if used is not None:
        raise ApiError(409, "used", "a driver uses this file", where=used["name"], hint="delete the driver first")
    studio.store.remove("files", number)
    remove(file_path(studio.folder, row))
    return Response(status_code=204)


@router.post("/faces", response_model=Faces, responses=errors(404, 503, body=True))
def faces(studio: StudioOf, wanted: FacesRequest) -> Any:
    """Find the faces of a photo."""
    source = studio.sources.file(wanted.photo, "photo")
    return studio.read("faces", {"photo": str(source.path), "names": source.names}, "photo")


@router.post("/verify", response_model=Verification, responses=errors(404, 503, body=True))
def verify(studio: StudioOf, wanted: FileReference) -> Any:
    """Check a file for content credentials, the invisible watermark and declared signals."""
    source = studio.sources.file(wanted.file, "file")
    return studio.read("verify", {"file": str(source.path), "names": source.names}, "file")
