"""Writes answers: the status, media type and bytes of what an operation gave, in both profiles.

Plain functions, for whoever serves requests. An answer is the dictionary that the GraphQL
specification calls a response: `data`, `errors` with their formatted members, `extensions`.
Request errors, raised before execution, have no `data`; errors of fields leave it, even if null.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final

import orjson
from starlette.responses import Response

from mailconfig.graphql.media import Media
from mailconfig.graphql.refusals import Problem, Profile, Refused

PARTIAL_SUCCESS: Final = 294
"""Data with errors, in the edition of September 2026; clients that do not know it see a 200."""
_BY_CODE: Final[Mapping[str, int]] = {
    "UNAUTHENTICATED": HTTPStatus.UNAUTHORIZED,
    "FORBIDDEN": HTTPStatus.FORBIDDEN,
    "RATE_LIMITED": HTTPStatus.TOO_MANY_REQUESTS,
    "TIMEOUT": HTTPStatus.SERVICE_UNAVAILABLE,
    "INTERNAL": HTTPStatus.INTERNAL_SERVER_ERROR,
}
"""Refusals that are not about the request's text; any client may be told, whatever it accepts."""
_SYNTAX: Final = "Syntax Error"
"""Where the words of graphql-core for a document that cannot be parsed begin."""


class Answer(Response):
    """A response whose headers are put together once, here, instead of by Starlette."""

    def __init__(self, body: bytes, status: int, content_type: str) -> None:
        """Begin with the headers that every answer has."""
        self.status_code = status
        self.background = None
        self.body = body
        # The same URL and request give other bytes to who accepts another type.
        self.raw_headers = [
            (b"content-type", content_type.encode("latin-1")),
            (b"content-length", b"%d" % len(body)),
            (b"vary", b"Accept"),
        ]


def without_vain_data(answer: dict[str, Any]) -> dict[str, Any]:
    """Drop the `data` of a request error: null, and no error has a path (in place)."""
    errors = answer.get("errors")
    if errors and answer.get("data") is None and not any("path" in error for error in errors):
        answer.pop("data", None)
    return answer


def status_of(answer: Mapping[str, Any], media: Media, profile: Profile) -> int:
    """Return the status code of an answer."""
    errors: Sequence[Mapping[str, Any]] = answer.get("errors") or ()
    if not errors:
        return HTTPStatus.OK
    if "data" in answer:
        return HTTPStatus.OK if profile is Profile.AUDIT else PARTIAL_SUCCESS
    for error in errors:
        status = _BY_CODE.get(_extensions(error).get("code", ""))
        if status is not None:
            return status
    if profile is Profile.AUDIT:
        # Clients from before the response type read a GraphQL answer only where it says 200.
        return HTTPStatus.BAD_REQUEST if media is Media.RESPONSE else HTTPStatus.OK
    parsed = not any(error.get("message", "").startswith(_SYNTAX) for error in errors)
    return HTTPStatus.UNPROCESSABLE_ENTITY if parsed else HTTPStatus.BAD_REQUEST


def content_type(status: int, media: Media | None, profile: Profile) -> str:
    """Return the Content-Type of an answer with that status.

    In profile 2026 only 2xx are application/json: legacy clients trust nothing else, and a proxy's
    errors are told apart from ours.
    """
    if media is Media.RESPONSE or (
        profile is Profile.EDITION and not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES
    ):
        return f"{Media.RESPONSE}; charset=utf-8"
    return f"{Media.JSON}; charset=utf-8"


def headers_of(answer: Mapping[str, Any]) -> dict[str, str]:
    """Return the headers that an answer of 429 has by its content: Retry-After, in seconds."""
    waits = [_extensions(error).get("retryAfterSeconds") for error in answer["errors"]]
    seconds = [wait for wait in waits if isinstance(wait, int | float)]
    return {"Retry-After": str(max(1, round(max(seconds))))} if seconds else {}


def written(answer: object) -> bytes:
    """Write JSON in UTF-8."""
    try:
        return orjson.dumps(answer)
    except orjson.JSONEncodeError:
        # What it cannot write, integers past 64 bits and more than 254 levels, takes longer.
        return json.dumps(answer, separators=(",", ":"), default=datetime.isoformat).encode()


def answered(answer: Mapping[str, Any], media: Media, profile: Profile) -> Response:
    """Return the HTTP response of an answer."""
    status = status_of(answer, media, profile)
    response = Answer(written(answer), status, content_type(status, media, profile))
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        response.headers.update(headers_of(answer))
    return response


def refusal(refused: Refused, media: Media | None, profile: Profile) -> Response:
    """Return the HTTP response to a refused request; `media` is None where none was agreed."""
    status = refused.problem.status(profile)
    if refused.problem is Problem.DOCUMENT and profile is Profile.AUDIT and media is Media.JSON:
        status = HTTPStatus.OK  # as for other request errors: see `status_of`
    error = {"message": refused.message, "extensions": {"code": refused.code}}
    body = written({"errors": [error]})
    response = Answer(body, status, content_type(status, media, profile))
    response.headers.update(refused.headers)
    return response


def _extensions(error: Mapping[str, Any]) -> Mapping[str, Any]:
    return error.get("extensions") or {}
