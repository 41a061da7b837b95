"""Errors of the API: the library's sentences as JSON, with a status, a code and the request field they belong to."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from animato.errors import (
    AnimatoError,
    FaceError,
    FileFormatError,
    InputError,
    InterruptedRunError,
    MissingPartError,
    NotFoundError,
    OutputError,
    PictureError,
    RefusedError,
    UsageError,
    VideoError,
)

CODES: tuple[tuple[type[AnimatoError], str, int], ...] = (
    (FaceError, "face", 422),
    (PictureError, "picture", 422),
    (VideoError, "video", 422),
    (FileFormatError, "format", 422),
    (InputError, "input", 422),
    (UsageError, "usage", 422),
    (RefusedError, "refused", 403),
    (NotFoundError, "not-found", 404),
    (OutputError, "output", 507),
    (MissingPartError, "missing-part", 501),
    (InterruptedRunError, "interrupted", 503),
    (AnimatoError, "internal", 500),
)
"""Code and HTTP status of each error of the library; the first class that matches counts."""


class ApiError(AnimatoError):
    """An error with an HTTP status and the request field it belongs to.

    Args:
        status: HTTP status.
        code: short name of the kind of error, for programs.
        what, where, hint, more: as of `AnimatoError`.
        field: name of the request field, or None.
    """

    def __init__(
        self,
        status: int,
        code: str,
        what: str,
        where: str | None = None,
        hint: str | None = None,
        more: str | None = None,
        field: str | None = None,
    ) -> None:
        super().__init__(what, where, hint, more)
        self.status, self.code, self.field = status, code, field


def api_error(problem: AnimatoError, field: str | None = None) -> ApiError:
    """Return an error of the library as an error of the API.

    Args:
        problem: any error of the library.
        field: request field it belongs to, if the error does not name one.
    """
    if isinstance(problem, ApiError):
        problem.field = problem.field or field
        return problem
    code, status = next((code, status) for kind, code, status in CODES if isinstance(problem, kind))
    return ApiError(status, code, problem.what, problem.where, problem.hint, problem.more, _setting(problem) or field)


def _setting(problem: AnimatoError) -> str | None:
    """Return "settings.NAME" for an error about a setting, whose `where` begins with its dotted key."""
    if not isinstance(problem, UsageError) or not (problem.where or "").startswith("animate."):
        return None
    name = (problem.where or "").removeprefix("animate.").split(":")[0].split(" ")[0]
    return f"settings.{name}"


def not_found(what: str, number: str) -> ApiError:
    """Return the error for an id that is not known.

    Args:
        what: such as "head".
        number: the id.
    """
    return ApiError(404, "not-found", f"there is no {what} with this id", where=number, hint="it may have been deleted")


def error_json(problem: ApiError) -> dict[str, Any]:
    """Return the body of an error response."""
    names = ("what", "where", "hint", "more", "code", "field")
    return {"error": {name: getattr(problem, name) for name in names}}


def response(problem: ApiError, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Return an error response."""
    return JSONResponse(error_json(problem), problem.status, headers=headers)


def add_handlers(app: FastAPI) -> None:
    """Make every error of the app a response with a sentence."""

    async def library(_request: Request, problem: Exception) -> JSONResponse:
        assert isinstance(problem, AnimatoError)
        return response(api_error(problem))

    async def validation(_request: Request, problem: Exception) -> JSONResponse:
        assert isinstance(problem, RequestValidationError)
        return response(_invalid(problem))

    async def http(_request: Request, problem: Exception) -> JSONResponse:
        assert isinstance(problem, HTTPException)
        if problem.status_code == 400:
            return response(ApiError(400, "request", "the request body cannot be read", hint="JSON in UTF-8"))
        phrase = HTTPStatus(problem.status_code).phrase.lower()
        return response(ApiError(problem.status_code, phrase.replace(" ", "-"), phrase), problem.headers)

    async def bug(_request: Request, problem: Exception) -> JSONResponse:
        what = f"this is a bug: {type(problem).__name__}: {problem}"
        return response(ApiError(500, "internal", what, hint="report it with what the terminal shows"))

    app.add_exception_handler(AnimatoError, library)
    app.add_exception_handler(RequestValidationError, validation)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(Exception, bug)


def _invalid(problem: RequestValidationError) -> ApiError:
    """Return the first problem that validation found in a request."""
    return invalid(problem.errors()[0])


def invalid(error: Mapping[str, Any]) -> ApiError:
    """Return a problem that validation found as a sentence about the field.

    Args:
        error: of pydantic.
    """
    # An unknown key of a mapping is reported with a marker.
    place = [str(part) for part in error["loc"] if part not in ("body", "query", "path", "header", "[key]")]
    field = ".".join(place) or None
    kind, context = str(error["type"]), error.get("ctx") or {}
    given = repr(error.get("input"))[:50]
    name = f"`{field}`" if field else "the request body"
    sentences = {
        "missing": f"{name} is missing",
        "extra_forbidden": f"there is no field {name}",
        "greater_than_equal": f"{name} must be at least {context.get('ge')}, not {given}",
        "less_than_equal": f"{name} must be at most {context.get('le')}, not {given}",
        "literal_error": f"{name} cannot be {given}",
        "json_invalid": "the request body is not JSON",
    }
    message = str(error["msg"])
    other = f"{name} cannot be used: {message[:1].lower()}{message[1:]}"
    where = f"one of: {context['expected']}" if kind == "literal_error" else None
    return ApiError(
        422, "request", sentences.get(kind, other), where=where, field=None if kind == "json_invalid" else field
    )
