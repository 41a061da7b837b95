"""/api/v1/jobs, /results and /events: renders, what came of them, and their progress."""

from __future__ import annotations

import re
from typing import Annotated, Any

from fastapi import APIRouter, Path
from fastapi.responses import FileResponse, Response, StreamingResponse

from animato.studio.control_values import given_values
from animato.studio.errors_documented import ERRORS, errors
from animato.studio.folder import ID, remove
from animato.studio.job_settings import JobRequest, chosen
from animato.studio.problems import ApiError
from animato.studio.schemas import Job, Result, Verification
from animato.studio.studio import StudioOf
from animato.trust.credentials import sidecar_of

router = APIRouter(responses=ERRORS)

JobNumber = Annotated[str, Path(pattern=ID)]

_UNSAFE = re.compile(r"[^\w .,()-]+")


def _file_name(title: str) -> str:
    """Return the title of a result as the name of a file, without suffix."""
    return _UNSAFE.sub(" ", title).strip() or "video"


@router.post("/jobs", status_code=202, response_model=Job, responses=errors(404, 429))
def add_job(studio: StudioOf, wanted: JobRequest) -> Any:
    """Queue a render."""
    studio.sources.head(wanted.head)
    studio.sources.driver(wanted.driver)
    fields: dict[str, Any] = {
        **wanted.model_dump(exclude={"settings", "offset"}),
        "settings": chosen(wanted.settings),
        "offset": given_values(wanted.offset),
    }
    studio.sources.settings_of(fields, studio.settings.threads)
    return studio.jobs.add(fields)


@router.get("/jobs", response_model=list[Job])
async def jobs(studio: StudioOf) -> Any:
    """List jobs, newest first."""
    return studio.store.all("jobs")


@router.get("/jobs/{number}", response_model=Job, responses=errors(404))
async def job(studio: StudioOf, number: JobNumber) -> Any:
    """Return a job."""
    return studio.sources.row("jobs", number, "job")


@router.post("/jobs/{number}/cancel", response_model=Job, responses=errors(404, 409))
def cancel(studio: StudioOf, number: JobNumber) -> Any:
    """Cancel a job; a running one ends at once."""
    return studio.jobs.cancel(number)


@router.post("/jobs/{number}/retry", response_model=Job, responses=errors(404, 409))
def retry(studio: StudioOf, number: JobNumber) -> Any:
    """Queue a job again that failed, was cancelled or interrupted."""
    return studio.jobs.retry(number)


@router.delete("/jobs/{number}", status_code=204, response_class=Response, responses=errors(404, 409))
def delete_job(studio: StudioOf, number: JobNumber) -> Response:
    """Delete a job that has ended; its result stays."""
    studio.jobs.delete(number)
    return Response(status_code=204)


@router.get("/events", response_class=StreamingResponse, responses={200: {"content": {"text/event-stream": {}}}})
async def events(studio: StudioOf) -> Response:
    """Stream changes of jobs as server-sent events: `job` with the job, `job-deleted` with its id."""
    return StreamingResponse(studio.events.listen(), media_type="text/event-stream")


@router.get("/results", response_model=list[Result])
async def results(studio: StudioOf) -> Any:
    """List results, newest first."""
    return studio.store.all("results")


@router.get("/results/{number}", response_model=Result, responses=errors(404))
async def result(studio: StudioOf, number: JobNumber) -> Any:
    """Return a result with the report of its run and its content credentials."""
    return studio.sources.row("results", number, "result")


@router.get("/results/{number}/content", response_class=FileResponse, responses=errors(404))
def result_content(studio: StudioOf, number: JobNumber) -> Response:
    """Return the video; ranges are supported."""
    row = studio.sources.row("results", number, "result")
    return FileResponse(
        studio.folder.results / number / f"video.{row['format']}",
        media_type=row["media_type"],
        filename=f"{_file_name(row['name'])}.{row['format']}",
        content_disposition_type="inline",
        headers={"cache-control": "private, no-cache"},
    )


@router.get("/results/{number}/credentials", response_class=FileResponse, responses=errors(404))
def result_credentials(studio: StudioOf, number: JobNumber) -> Response:
    """Return the content credentials of a result whose format cannot hold them; they belong beside its file."""
    row = studio.sources.row("results", number, "result")
    path = sidecar_of(studio.folder.results / number / f"video.{row['format']}")
    if not path.is_file():
        raise ApiError(404, "not-found", "the content credentials are in the file itself", where=row["name"])
    return FileResponse(
        path,
        media_type="application/c2pa",
        filename=f"{_file_name(row['name'])}.c2pa",
        headers={"cache-control": "private, no-cache"},
    )


@router.post("/results/{number}/verify", response_model=Verification, responses=errors(404, 503))
def verify_result(studio: StudioOf, number: JobNumber) -> Any:
    """Check a result, with the content credentials beside it, where they are not in it."""
    row = studio.sources.row("results", number, "result")
    path = studio.folder.results / number / f"video.{row['format']}"
    names = {str(path): f"{row['name']}.{row['format']}"}
    return studio.read("verify", {"file": str(path), "names": names}, "result")


@router.delete("/results/{number}", status_code=204, response_class=Response, responses=errors(404))
def delete_result(studio: StudioOf, number: JobNumber) -> Response:
    """Delete a result and its file."""
    studio.sources.row("results", number, "result")
    studio.store.remove("results", number)
    remove(studio.folder.results / number)
    return Response(status_code=204)
