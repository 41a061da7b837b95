"""/api/v1/heads and /consent: heads are made of photos, only with consent."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Any

from fastapi import APIRouter, Path
from fastapi.responses import FileResponse, Response

from animato.errors import AnimatoError
from animato.settings.consent import GROUNDS, MINOR, STATEMENTS, Consent, required_consent
from animato.studio.errors_documented import ERRORS, errors
from animato.studio.file_routes import UNTRUSTED
from animato.studio.folder import ID, new_id, remove
from animato.studio.problems import api_error
from animato.studio.request_schemas import ConsentRequest, FileReference, HeadRequest, Renamed
from animato.studio.schemas import ConsentGround, Head
from animato.studio.store import Row
from animato.studio.studio import Studio, StudioOf

router = APIRouter(responses=ERRORS)

HeadNumber = Annotated[str, Path(pattern=ID)]


@router.get("/consent", response_model=list[ConsentGround])
async def grounds() -> Any:
    """List the grounds on which a face may be animated, and the statement each of them affirms."""
    return [
        {
            "ground": ground,
            "statement": STATEMENTS[ground],
            "guardian_statement": STATEMENTS[MINOR] if ground == "other" else None,
            "needs": ["reason"] if ground == "deceased" else [],
        }
        for ground in GROUNDS
    ]


@router.post("/heads", status_code=201, response_model=Head, responses=errors(404, 503, body=True))
def make_head(studio: StudioOf, wanted: HeadRequest) -> Any:
    """Make a head from photos of one person. Without consent, none is made."""
    sources = [studio.sources.file(photo, "photos") for photo in wanted.photos]
    consent = _consent(wanted.consent)
    names = {path: name for source in sources for path, name in source.names.items()}
    number = new_id()
    arguments = {
        "photos": [str(source.path) for source in sources],
        "face": wanted.face,
        "consent": dataclasses.asdict(consent),
        "points": {str(studio.sources.file(key, "points").path): value for key, value in (wanted.points or {}).items()},
        "target": str(studio.folder.heads / f"{number}.animato"),
        "names": names,
    }
    first = next(iter(names.values())).rsplit(".", 1)[0]
    return _kept(studio, number, "head", arguments, wanted.name or first, "points" if wanted.points else "photos")


@router.post("/heads/import", status_code=201, response_model=Head, responses=errors(404, 503, body=True))
def import_head(studio: StudioOf, wanted: FileReference) -> Any:
    """Keep a head file, which has its own consent."""
    source = studio.sources.file(wanted.file, "file")
    number = new_id()
    target = str(studio.folder.heads / f"{number}.animato")
    arguments = {"file": str(source.path), "target": target, "names": source.names}
    name = next(iter(source.names.values())).rsplit(".", 1)[0]
    return _kept(studio, number, "import_head", arguments, name, "file")


def _consent(given: ConsentRequest | None) -> Consent:
    try:
        return required_consent(None if given is None else Consent(**given.model_dump()))
    except AnimatoError as problem:
        raise api_error(problem, "consent") from problem


def _kept(studio: Studio, number: str, task: str, arguments: Row, name: str, field: str) -> Row:
    """Run the task that writes a head file, and add its row."""
    try:
        fields = studio.read(task, arguments, field)
    except AnimatoError:
        for path in studio.folder.heads.glob(f"{number}.*"):
            remove(path)
        raise
    return _answer(studio.store.add("heads", number, {"name": name, **fields}))


def _answer(row: Row) -> Row:
    address = f"/api/v1/heads/{row['id']}"
    return {**row, "thumbnail": f"{address}/thumbnail", "photo": f"{address}/photo"}


@router.get("/heads", response_model=list[Head])
async def heads(studio: StudioOf) -> Any:
    """List heads, newest first."""
    return [_answer(row) for row in studio.store.all("heads")]


@router.get("/heads/{number}", response_model=Head, responses=errors(404))
async def head(studio: StudioOf, number: HeadNumber) -> Any:
    """Return a head with its report card."""
    return _answer(studio.sources.row("heads", number, "head"))


@router.patch("/heads/{number}", response_model=Head, responses=errors(404))
def rename_head(studio: StudioOf, number: HeadNumber, wanted: Renamed) -> Any:
    """Rename a head."""
    studio.sources.row("heads", number, "head")
    studio.store.change("heads", number, name=wanted.name)
    return _answer(studio.sources.row("heads", number, "head"))


@router.delete("/heads/{number}", status_code=204, response_class=Response, responses=errors(404))
def delete_head(studio: StudioOf, number: HeadNumber) -> Response:
    """Delete a head; results made of it stay."""
    studio.sources.row("heads", number, "head")
    studio.store.remove("heads", number)
    for path in studio.folder.heads.glob(f"{number}.*"):
        remove(path)
    return Response(status_code=204)


@router.get("/heads/{number}/thumbnail", response_class=FileResponse, responses=errors(404))
def thumbnail(studio: StudioOf, number: HeadNumber) -> Response:
    """Return a small picture of the head, a JPEG."""
    studio.sources.row("heads", number, "head")
    path = studio.folder.heads / f"{number}.jpg"
    return FileResponse(path, media_type="image/jpeg", headers={"cache-control": "private, no-cache"})


@router.get("/heads/{number}/photo", response_class=FileResponse, responses=errors(404))
def photo(studio: StudioOf, number: HeadNumber) -> Response:
    """Return the photo that is animated, a JPEG."""
    studio.sources.row("heads", number, "head")
    path = studio.folder.heads / f"{number}.photo.jpg"
    return FileResponse(path, media_type="image/jpeg", headers={"cache-control": "private, no-cache"})


@router.get("/heads/{number}/content", response_class=FileResponse, responses=errors(404))
def head_file(studio: StudioOf, number: HeadNumber) -> Response:
    """Return the head file, for other programs of animato."""
    row = studio.sources.row("heads", number, "head")
    path = studio.folder.heads / f"{number}.animato"
    name = f"{row['name']}.animato"
    headers = {"content-security-policy": UNTRUSTED}
    return FileResponse(path, media_type="application/octet-stream", filename=name, headers=headers)
