"""The application: the API under /api/v1, the page, and the guard in front of both.

Endpoints that only look up rows are `async`: a look-up takes less time than handing it to a thread.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, FastAPI

from animato.studio import (
    driver_routes,
    expression_routes,
    file_routes,
    frame_routes,
    head_routes,
    job_routes,
    live_routes,
    pages,
)
from animato.studio.errors_documented import ERRORS
from animato.studio.guard import Guard
from animato.studio.methods import Methods
from animato.studio.problems import add_handlers
from animato.studio.refusals import RefusalsInBody
from animato.studio.schemas import Status
from animato.studio.studio import Studio, StudioOf
from animato.version import __version__

PREFIX = "/api/v1"

router = APIRouter(responses=ERRORS)


@router.get("/status", response_model=Status)
async def status(studio: StudioOf) -> Any:
    """Return version, limits, the length of the queue, and whether live use is there."""
    waiting, running = (len(studio.store.jobs_in(state)) for state in ("queued", "running"))
    queue = {"queued": waiting, "running": running}
    about = {"version": __version__, "threads": studio.settings.threads, "limits": studio.limits}
    return {**about, "queue": queue, "live": True}


def create_app(studio: Studio, port: int) -> Guard:
    """Return the ASGI application of a studio.

    Args:
        studio: its state.
        port: on which the server listens.
    """
    return guarded(create_api(port), studio, port)


def guarded(app: FastAPI, studio: Studio, port: int) -> Guard:
    """Give the API its state, and put what every request passes first in front of it."""
    app.state.studio = studio
    return Guard(RefusalsInBody(Methods(app, app.openapi())), studio.token, port)


def create_api(port: int) -> FastAPI:
    """Return the API and the page, still without state."""
    app = FastAPI(
        title="animato studio",
        version=__version__,
        summary="Heads, drivers, motions, jobs and results of one animato studio.",
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,  # their pages load scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
        telemetry={"auto_configure": False, "tracing": False, "metrics": False, "logs": False},
    )
    app.state.port = port
    add_handlers(app)
    app.include_router(router, prefix=PREFIX)
    for part in (file_routes, head_routes, driver_routes, expression_routes, job_routes, frame_routes, live_routes):
        app.include_router(part.router, prefix=PREFIX)
    app.include_router(pages.router)
    _describe_token(app)
    return app


def _describe_token(app: FastAPI) -> None:
    """Add to the description of the API how callers identify themselves."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        schema = generate()
        schemes = schema.setdefault("components", {}).setdefault("securitySchemes", {})
        schemes["token"] = {"type": "http", "scheme": "bearer", "description": "The token in the printed address."}
        schema["security"] = [{"token": []}]
        return schema

    app.openapi = openapi  # type: ignore[method-assign]
