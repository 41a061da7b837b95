"""Values of expression controls in requests: one optional field for each control, with its limits."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import Field, create_model

from animato.settings.controls import CONTROLS, NEUTRALISE, Control
from animato.studio.fields import Name
from animato.studio.request_schemas import Request

MAX_SECONDS = 120
"""Longest motion made of key frames, seconds."""


def _field(control: Control) -> Any:
    unit = f" In {control.unit}." if control.unit else ""
    description = f"{control.help}{unit}"
    return Annotated[float, Field(description=description, ge=control.low, le=control.high, allow_inf_nan=False)]


def _model(name: str, doc: str, controls: Iterable[Control]) -> type[Request]:
    fields: dict[str, Any] = {control.name: (_field(control), control.default) for control in controls}
    return create_model(name, __base__=Request, __doc__=doc, **fields)


ControlValues = _model("ControlValues", "Values of controls; those left out rest.", CONTROLS)

MovementValues = _model(
    "MovementValues",
    "Values of the controls that move; `neutralise` is among the settings of a job.",
    [control for control in CONTROLS if control.name != NEUTRALISE],
)


def given_values(values: Request | None) -> dict[str, float] | None:
    """Return the values that were given by name; None for None."""
    return None if values is None else values.model_dump(exclude_unset=True)


class ExpressionRequest(Request):
    """A named expression."""

    name: Name
    controls: ControlValues  # type: ignore[valid-type]


class ExpressionChange(Request):
    """Changes to a saved expression."""

    name: Name | None = None
    controls: ControlValues | None = None  # type: ignore[valid-type]


class KeyFrame(Request):
    """Controls at a moment."""

    time: Annotated[float, Field(ge=0, le=MAX_SECONDS, allow_inf_nan=False)]
    controls: MovementValues = Field(default_factory=MovementValues)  # type: ignore[valid-type]
    ease: Literal["smooth", "linear", "in", "out", "hold"] = Field("smooth", description="Way to the next key frame.")


class MotionRequest(Request):
    """Key frames from which a motion file is made."""

    name: Name
    fps: Annotated[float, Field(ge=1, le=60, allow_inf_nan=False)] = 25.0
    keyframes: Annotated[list[KeyFrame], Field(min_length=1, max_length=1000, description="In any order.")]
