"""Error responses, for the description of the API."""

from __future__ import annotations

from typing import Any

from animato.studio.schemas import ProblemAnswer

MEANINGS = {
    400: "The body of the request cannot be read.",
    401: "The token is missing or wrong.",
    403: "Refused: another host or page, or no consent.",
    404: "There is nothing with this id.",
    409: "The present state does not allow it.",
    413: "The upload is too large.",
    422: "The request or a file cannot be used; `field` says which.",
    429: "Too many are kept already.",
    500: "A bug.",
    501: "A part is not installed.",
    503: "The process that does this ended; try again.",
    507: "The disk is full or cannot be written.",
}


def errors(*statuses: int, body: bool = False) -> dict[int | str, dict[str, Any]]:
    """Return the description of error responses.

    Args:
        statuses: HTTP statuses.
        body: whether the request's body leads to work that can fail for lack of parts or space.
    """
    all_of_them = (*statuses, *((500, 501, 507) if body else ()))
    return {status: {"model": ProblemAnswer, "description": MEANINGS[status]} for status in all_of_them}


ERRORS = errors(400, 401, 403, 422)
"""What any request may get."""
