"""/api/v1/controls, /expressions and /motions: sliders, saved expressions, and motions made of key frames."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path
from fastapi.responses import Response

from animato.settings.controls import CONTROLS
from animato.studio.control_values import ExpressionChange, ExpressionRequest, MotionRequest, given_values
from animato.studio.driver_routes import driver_answer
from animato.studio.errors_documented import ERRORS, errors
from animato.studio.folder import ID, new_id
from animato.studio.problems import ApiError
from animato.studio.request_schemas import FileReference
from animato.studio.schemas import Control, Driver, Expression, ExpressionRead
from animato.studio.studio import StudioOf

router = APIRouter(responses=ERRORS)

ExpressionNumber = Annotated[str, Path(pattern=ID)]

MAX_EXPRESSIONS = 1000


@router.get("/controls", response_model=list[Control])
async def controls() -> Any:
    """List the controls of the expression editor, in the order in which they are shown."""
    return [
        {
            "name": control.name,
            "label": control.label,
            "group": control.group,
            "min": control.low,
            "max": control.high,
            "default": control.default,
            "step": control.step,
            "unit": control.unit,
            "help": control.help,
        }
        for control in CONTROLS
    ]


@router.get("/expressions", response_model=list[Expression])
async def expressions(studio: StudioOf) -> Any:
    """List saved expressions, newest first."""
    return studio.store.all("expressions")


@router.post("/expressions", status_code=201, response_model=Expression, responses=errors(429))
def save_expression(studio: StudioOf, wanted: ExpressionRequest) -> Any:
    """Save an expression under a name."""
    if studio.store.count("expressions") >= MAX_EXPRESSIONS:
        raise ApiError(429, "busy", f"{MAX_EXPRESSIONS:,} expressions are kept", hint="delete some")
    return studio.store.add("expressions", new_id(), {"name": wanted.name, "controls": given_values(wanted.controls)})


@router.post("/expressions/read", response_model=ExpressionRead, responses=errors(404, 503, body=True))
def read_expression(studio: StudioOf, wanted: FileReference) -> Any:
    """Return the controls that come nearest to the face of an uploaded picture; nothing is saved."""
    source = studio.sources.file(wanted.file, "file")
    return {"controls": studio.read("expression", {"picture": str(source.path), "names": source.names}, "file")}


@router.get("/expressions/{number}", response_model=Expression, responses=errors(404))
async def expression(studio: StudioOf, number: ExpressionNumber) -> Any:
    """Return a saved expression."""
    return studio.sources.row("expressions", number, "expression")


@router.patch("/expressions/{number}", response_model=Expression, responses=errors(404))
def change_expression(studio: StudioOf, number: ExpressionNumber, wanted: ExpressionChange) -> Any:
    """Change name or controls of a saved expression."""
    studio.sources.row("expressions", number, "expression")
    fields = {"name": wanted.name, "controls": given_values(wanted.controls)}
    studio.store.change("expressions", number, **{key: value for key, value in fields.items() if value is not None})
    return studio.sources.row("expressions", number, "expression")


@router.delete("/expressions/{number}", status_code=204, response_class=Response, responses=errors(404))
def delete_expression(studio: StudioOf, number: ExpressionNumber) -> Response:
    """Delete a saved expression."""
    studio.sources.row("expressions", number, "expression")
    studio.store.remove("expressions", number)
    return Response(status_code=204)


@router.post("/motions", status_code=201, response_model=Driver, responses=errors(503, body=True))
def make_motion(studio: StudioOf, wanted: MotionRequest) -> Any:
    """Make a motion file of key frames, as a driver. Of several at the same time, the last one counts."""
    number = new_id()
    by_time = {key.time: key for key in wanted.keyframes}
    arguments = {
        "keyframes": [
            {"time": time, "controls": given_values(key.controls), "ease": key.ease}
            for time, key in sorted(by_time.items())
        ],
        "fps": wanted.fps,
        "name": wanted.name,
        "target": str(studio.folder.drivers / f"{number}.motion"),
    }
    fields = studio.read("motion", arguments, "keyframes")
    return driver_answer(studio.store.add("drivers", number, {"kind": "motion", "file": None, **fields}))
