"""/api/v1/drivers: bundled motions, and videos, sounds and motion files that were uploaded."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path
from fastapi.responses import FileResponse, Response

from animato.errors import AnimatoError
from animato.motion.bundled import bundled
from animato.studio.errors_documented import ERRORS, errors
from animato.studio.fields import DriverId
from animato.studio.file_routes import UNTRUSTED
from animato.studio.folder import new_id, remove
from animato.studio.problems import ApiError, not_found
from animato.studio.request_schemas import FileReference
from animato.studio.schemas import Driver
from animato.studio.store import Row
from animato.studio.studio import Studio, StudioOf

router = APIRouter(responses=ERRORS)

DriverNumber = Annotated[DriverId, Path()]


@router.get("/drivers", response_model=list[Driver])
def drivers(studio: StudioOf) -> Any:
    """List drivers: those added here, newest first, then bundled motions."""
    return [driver_answer(row) for row in (*studio.store.all("drivers"), *studio.sources.bundled_drivers())]


@router.post("/drivers", status_code=201, response_model=Driver, responses=errors(404, 503, body=True))
def add_driver(studio: StudioOf, wanted: FileReference) -> Any:
    """Use an uploaded file as a driver."""
    source = studio.sources.file(wanted.file, "file")
    file = studio.sources.row("files", wanted.file, "file")
    number = new_id()
    strip = studio.folder.drivers / number
    places = {"strip": str(strip), "target": str(studio.folder.drivers / f"{number}.motion")}
    arguments = {"file": str(source.path), "kind": file["kind"], **places, "names": source.names}
    try:
        fields = studio.read("driver", arguments, "file")
    except AnimatoError:
        remove(strip)
        raise
    name = fields.pop("title") or file["name"]
    shared = {"name": name, "kind": file["kind"], "file": file["id"]}
    return driver_answer(studio.store.add("drivers", number, {**shared, **fields}))


def driver_answer(row: Row) -> Row:
    """Return a row of a driver as it is answered."""
    strip = [f"/api/v1/drivers/{row['id']}/filmstrip/{index}" for index in range(row["frames"])]
    return {**row, "filmstrip": strip}


def _driver(studio: Studio, number: str) -> Row:
    if number in bundled():
        return next(row for row in studio.sources.bundled_drivers() if row["id"] == number)
    return studio.sources.row("drivers", number, "driver")


@router.get("/drivers/{number}", response_model=Driver, responses=errors(404))
def driver(studio: StudioOf, number: DriverNumber) -> Any:
    """Return a driver."""
    return driver_answer(_driver(studio, number))


@router.get("/drivers/{number}/filmstrip/{index}", response_class=FileResponse, responses=errors(404))
def film_strip(studio: StudioOf, number: DriverNumber, index: Annotated[int, Path(ge=0, le=99)]) -> Response:
    """Return a frame of a driver, a JPEG."""
    row = _driver(studio, number)
    if index >= row["frames"]:
        raise not_found("frame of this driver", str(index))
    path = studio.folder.drivers / number / f"{index}.jpg"
    return FileResponse(path, media_type="image/jpeg", headers={"cache-control": "private, no-cache"})


@router.get("/drivers/{number}/content", response_class=FileResponse, responses=errors(404))
def driver_content(studio: StudioOf, number: DriverNumber) -> Response:
    """Return the file of a driver; ranges are supported."""
    row = _driver(studio, number)
    path = studio.sources.driver(number).path
    plays = row["kind"] in ("video", "sound")
    media_type = studio.sources.row("files", row["file"], "file")["media_type"] if plays else None
    return FileResponse(
        path,
        media_type=media_type or "application/octet-stream",
        filename=row["name"] if plays else f"{row['name']}.motion",
        content_disposition_type="inline" if plays else "attachment",
        headers={"content-security-policy": UNTRUSTED, "cache-control": "private, no-cache"},
    )


@router.delete("/drivers/{number}", status_code=204, response_class=Response, responses=errors(404, 409))
def delete_driver(studio: StudioOf, number: DriverNumber) -> Response:
    """Delete a driver; its file stays. Bundled motions stay."""
    if number in bundled():
        raise ApiError(409, "bundled", "bundled motions cannot be deleted", where=number)
    studio.sources.row("drivers", number, "driver")
    studio.store.remove("drivers", number)
    remove(studio.folder.drivers / number)
    remove(studio.folder.drivers / f"{number}.motion")
    return Response(status_code=204)
