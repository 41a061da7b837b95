"""What the API returns."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from animato.studio.fields import FileKind, Format, JobState


class Answer(BaseModel):
    """Base of what is returned."""


class Problem(Answer):
    """What went wrong, in sentences for people."""

    what: str = Field(description="One sentence: what is wrong.")
    where: str | None = Field(description="The offending value, with sizes, times or thresholds.")
    hint: str | None = Field(description="What to do.")
    more: str | None = Field(description="Page of the documentation.")
    code: str = Field(description="Kind of error, for programs.")
    field: str | None = Field(description="Request field the error belongs to.")


class ProblemAnswer(Answer):
    """Body of every error response."""

    error: Problem


class Limits(Answer):
    """What is accepted."""

    bytes: int = Field(description="Largest upload.")
    pixels: int = Field(description="Largest picture.")
    seconds: float = Field(description="Longest video.")


class Queue(Answer):
    """Jobs that are waiting or running."""

    queued: int
    running: int


class Status(Answer):
    """What this studio is."""

    version: str
    threads: int
    limits: Limits
    queue: Queue
    live: bool = Field(description="Whether the socket `live` is there.")


class File(Answer):
    """An uploaded file."""

    id: str
    name: str = Field(description="Name that the client gave, for display.")
    kind: FileKind
    media_type: str
    bytes: int
    created: float = Field(description="Seconds since 1970, UTC.")


class FaceFound(Answer):
    """A face in a photo."""

    index: int = Field(description="Number from the left, from 1; the value of `face`.")
    box: list[float] = Field(description="x, y, width and height in pixels of the photo.")
    points: list[list[float]] = Field(
        description="Right eye, left eye, tip of the nose, right and left corner of the mouth, chin, top of the "
        "forehead, as x and y in pixels of the photo; right and left are the person's."
    )


class Faces(Answer):
    """Faces of a photo, from left to right."""

    width: int
    height: int
    faces: list[FaceFound]


class ConsentGround(Answer):
    """A ground on which a face may be animated."""

    ground: str
    statement: str = Field(description="Sentence that is affirmed.")
    guardian_statement: str | None = Field(description="Sentence that a guardian affirms for a minor, if possible.")
    needs: list[str] = Field(description="Fields that this ground requires.")


class Head(Answer):
    """A head: photos of a person, analysed."""

    id: str
    name: str
    ground: str
    created: float
    expires: str | None
    report: dict[str, Any] = Field(description="Report card; see docs/photos.md.")
    warnings: list[str]
    thumbnail: str = Field(description="Address of a small picture.")
    photo: str = Field(description="Address of the photo that is animated.")
    width: int = Field(description="Of the photo that is animated, pixels.")
    height: int


class Driver(Answer):
    """A source of motion."""

    id: str
    name: str
    kind: Literal["bundled", "video", "motion", "picture", "sound"]
    duration: float | None
    fps: float | None
    width: int | None = None
    height: int | None = None
    warnings: list[str] = []
    filmstrip: list[str] = Field(description="Addresses of frames, evenly spaced in time; empty for motions.")


class Control(Answer):
    """A slider of the expression editor."""

    name: str
    label: str
    group: str
    min: float
    max: float
    default: float
    step: float
    unit: str = Field(description="degrees, or empty for a share.")
    help: str


class ExpressionRead(Answer):
    """Expression of a picture."""

    controls: dict[str, float]


class Expression(Answer):
    """A saved expression."""

    id: str
    name: str
    created: float
    controls: dict[str, float]


class Job(Answer):
    """A render that was asked for."""

    id: str
    kind: Literal["animate", "preview"]
    state: JobState
    progress: float = Field(description="0 to 1.")
    frames: int = Field(description="Frames rendered so far.")
    seconds_left: float | None
    head: str
    driver: str
    settings: dict[str, Any]
    offset: dict[str, float] | None
    format: Format
    created: float
    started: float | None
    ended: float | None
    error: Problem | None
    result: str | None = Field(description="Id of the result, once it is there.")


class Result(Answer):
    """A finished video."""

    id: str
    name: str
    created: float
    kind: Literal["animate", "preview", "live"]
    media_type: str
    bytes: int
    width: int
    height: int
    fps: float
    frames: int
    seconds: float
    warnings: list[str]
    report: dict[str, Any] = Field(description="Measures of the run; see `AnimateResult`.")
    credentials: dict[str, Any] = Field(description="State of the content credentials, as the checker reads them.")
    mark_id: str
    head: str
    driver: str = Field(description="Id of a driver, or camera.")


class Verification(Answer):
    """What the checker found; see docs/verify.md."""

    model_config = ConfigDict(extra="allow")

    file: str
    media_type: str
    found: bool
    credentials: dict[str, Any]
    mark: dict[str, Any] | None
    declared: list[dict[str, Any]]
    known_here: dict[str, Any] | None
    warnings: list[str]
    sentences: list[str]
