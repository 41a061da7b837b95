"""Settings of a job: those of `AnimateSettings` that a page may choose, generated from their single definition.

Left out are settings that name files of this computer, open a network connection, or belong to the server. Sound and
background are ids of uploaded files instead of paths.
"""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import ConfigDict, Field, create_model

from animato.errors import AnimatoError
from animato.settings.animate import BACKGROUNDS, AnimateSettings
from animato.settings.base import choices_of, from_mapping
from animato.studio.control_values import MovementValues
from animato.studio.fields import DriverId, FileId, Format, HeadId
from animato.studio.problems import api_error
from animato.studio.request_schemas import Request

LEFT_OUT = {"person", "audio", "background", "threads", "device", "backend", "model", "art", "offset"} | {
    "sign_cert",
    "sign_key",
    "tsa",
}
FACE = r"^(largest|left|right|[1-9][0-9]{0,3})$"
MAX_TEXT = 200

PREVIEW_SECONDS = 2.0
PREVIEW_SIZE = 256
PREVIEW_FPS = 12.5
"""A preview: two seconds at half the rate of film, on a small crop."""


def _annotation(field: dataclasses.Field[Any], hint: Any) -> Any:
    """Return the type of a setting with its limits and help."""
    metadata = field.metadata
    limits = {"ge": metadata.get("low"), "le": metadata.get("high")}
    options: dict[str, Any] = {key: value for key, value in limits.items() if value is not None}
    kinds = typing.get_args(hint) or (hint,)
    if float in kinds:
        options["allow_inf_nan"] = False
        options.setdefault("le", 1e6)
    if hint is str or (str in kinds and choices_of(hint) is None):
        options["max_length"] = MAX_TEXT
    if field.name in ("face", "driver_face"):
        options["pattern"] = FACE
    if field.name == "label_text":
        options |= {"min_length": 2, "max_length": 32, "pattern": r"^[ -~]*[!-~][ -~]*[!-~][ -~]*$"}
    return Annotated[hint, Field(description=metadata["help"], **options)]


def _settings_model() -> type[Request]:
    hints = typing.get_type_hints(AnimateSettings)
    fields: dict[str, Any] = {
        field.name: (_annotation(field, hints[field.name]), field.default)
        for field in dataclasses.fields(AnimateSettings)
        if field.name not in LEFT_OUT
    }
    kept = [name for name in BACKGROUNDS if name != "none"]
    fields["background"] = (
        Annotated[str, Field(pattern=rf"^({'|'.join(kept)}|[0-9a-f]{{16}})$", description="keep, blur, or a file id.")],
        "keep",
    )
    fields["model"] = (
        typing.Literal["portrait", "geometry"],
        Field("portrait", description="portrait: paints what the photos do not show. geometry: warping only."),
    )
    fields["art"] = (bool, Field(False, description=_help("art")))
    fields["audio"] = (
        Annotated[FileId | None, Field(description="Id of an uploaded sound file to use instead of the driver's.")],
        None,
    )
    return create_model("JobSettings", __base__=Request, __doc__="How a video is rendered; see docs/cli.md.", **fields)


def _help(name: str) -> str:
    return str(next(f for f in dataclasses.fields(AnimateSettings) if f.name == name).metadata["help"])


JobSettings = _settings_model()


class JobRequest(Request):
    """A render: a head, a driver, and how."""

    model_config = ConfigDict(extra="forbid", strict=True)

    kind: typing.Literal["animate", "preview"] = "animate"
    head: HeadId
    driver: DriverId
    settings: JobSettings = Field(default_factory=JobSettings)  # type: ignore[valid-type]
    offset: MovementValues | None = Field(None, description="Controls added to the motion.")  # type: ignore[valid-type]
    format: Format = "mp4"


def chosen(settings: Request) -> dict[str, Any]:
    """Return the settings that differ from the defaults or were given."""
    return settings.model_dump(exclude_unset=True)


def animate_settings(job: Mapping[str, Any], files: Mapping[str, Path], threads: int) -> AnimateSettings:
    """Return the settings of a job.

    Args:
        job: with its settings (from `chosen`), kind ("animate", or "preview", which is short and small) and offset.
        files: id to path, for those that the settings name.
        threads: of the render.

    Raises:
        ApiError: settings exclude each other.
    """
    options = {**job["settings"], "offset": job["offset"] or None}
    for name in ("audio", "background"):
        if options.get(name) in files:
            options[name] = str(files[options[name]])
    if job["kind"] == "preview":
        start = float(options.get("start") or 0.0)
        end = options.get("end")
        options["end"] = start + PREVIEW_SECONDS if end is None else min(float(end), start + PREVIEW_SECONDS)
        options |= {"frame": "crop", "size": PREVIEW_SIZE, "fps": PREVIEW_FPS}
    try:
        return from_mapping(AnimateSettings, {**options, "threads": threads})
    except AnimatoError as problem:
        raise api_error(problem, "settings") from problem
