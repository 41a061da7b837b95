"""/api/v1/controls, /expressions and /motions: sliders, saved expressions, and motions made of key frames."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path
from fastapi.responses import Response

from animato.errors import AnimatoError
from animato.motion.controls import CONTROLS, check_controls
from animato.studio.errors_documented import ERRORS, errors
from animato.studio.folder import ID, new_id
from animato.studio.problems import ApiError, api_error
from animato.studio.request_schemas import ExpressionChange, ExpressionRequest
from animato.studio.schemas import Control, Expression
from animato.studio.studio import StudioOf

router = APIRouter(responses=ERRORS)

ExpressionNumber = Annotated[str, Path(pattern=ID)]

MAX_EXPRESSIONS = 1000


@router.get("/controls", response_model=list[Control])
def controls() -> Any:
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


def checked(values: dict[str, float], field: str = "controls") -> dict[str, float]:
    """Return control values.

    Raises:
        ApiError: an unknown control, or a value out of range.
    """
    try:
        return check_controls(values, field)
    except AnimatoError as problem:
        raise api_error(problem, field) from problem


@router.get("/expressions", response_model=list[Expression])
def expressions(studio: StudioOf) -> Any:
    """List saved expressions, newest first."""
    return studio.store.all("expressions")


@router.post("/expressions", status_code=201, response_model=Expression, responses=errors(429))
def save_expression(studio: StudioOf, wanted: ExpressionRequest) -> Any:
    """Save an expression under a name."""
    if studio.store.count("expressions") >= MAX_EXPRESSIONS:
        raise ApiError(429, "busy", f"{MAX_EXPRESSIONS:,} expressions are kept", hint="delete some")
    return studio.store.add("expressions", new_id(), {"name": wanted.name, "controls": checked(wanted.controls)})


@router.get("/expressions/{number}", response_model=Expression, responses=errors(404))
def expression(studio: StudioOf, number: ExpressionNumber) -> Any:
    """Return a saved expression."""
    return studio.sources.row("expressions", number, "expression")


@router.patch("/expressions/{number}", response_model=Expression, responses=errors(404))
def change_expression(studio: StudioOf, number: ExpressionNumber, wanted: ExpressionChange) -> Any:
    """Change name or controls of a saved expression."""
    studio.sources.row("expressions", number, "expression")
    fields = wanted.model_dump(exclude_none=True)
    if "controls" in fields:
        fields["controls"] = checked(fields["controls"])
    studio.store.change("expressions", number, **fields)
    return studio.sources.row("expressions", number, "expression")


@router.delete("/expressions/{number}", status_code=204, response_class=Response, responses=errors(404))
def delete_expression(studio: StudioOf, number: ExpressionNumber) -> Response:
    """Delete a saved expression."""
    studio.sources.row("expressions", number, "expression")
    studio.store.remove("expressions", number)
    return Response(status_code=204)
