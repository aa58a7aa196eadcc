"""Problem details (RFC 9457): every refusal of the REST interface, and the status that it has.

    {"title": "Conflict", "status": 409, "detail": "...", "code": "DuplicateError",
     "requestId": "...", "errors": [{"type": "DuplicateError", "message": "...",
     "path": ["emailAddress"], "pointer": "#/emailAddress"}]}

Expected failures are the typed errors of the GraphQL payload, by two tables; `type` is left out,
which means about:blank: the problem is what its status says. Nothing quotes a value of the request.
"""

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

import orjson
from starlette.responses import Response

from mailconfig.domain.request import request_id

PREFIX: Final = "/api/"
"""Paths that are answered with problems; /graphql has its own form of errors."""
MEDIA_TYPE: Final = "application/problem+json"
CONFLICT: Final = "RevisionConflictError"
BY_TYPE: Final[Mapping[str, HTTPStatus]] = {
    "ValidationIssue": HTTPStatus.UNPROCESSABLE_ENTITY,
    "UnauthenticatedError": HTTPStatus.UNAUTHORIZED,
    "CredentialsError": HTTPStatus.UNAUTHORIZED,
    "ForbiddenError": HTTPStatus.FORBIDDEN,
    "NotFoundError": HTTPStatus.NOT_FOUND,
    CONFLICT: HTTPStatus.CONFLICT,
    "DuplicateError": HTTPStatus.CONFLICT,
    "IdempotencyConflictError": HTTPStatus.UNPROCESSABLE_ENTITY,
    "SecretRequiredError": HTTPStatus.UNPROCESSABLE_ENTITY,
    "RateLimitedError": HTTPStatus.TOO_MANY_REQUESTS,
    "LimitExceededError": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "FileRefusedError": HTTPStatus.UNPROCESSABLE_ENTITY,
    "LastOwnerError": HTTPStatus.CONFLICT,
    "ConfigurationsRemainError": HTTPStatus.CONFLICT,
    "InvitationInvalidError": HTTPStatus.UNPROCESSABLE_ENTITY,
    "QuotaExceededError": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "MessageStateError": HTTPStatus.CONFLICT,
    "RecipientsSuppressedError": HTTPStatus.UNPROCESSABLE_ENTITY,
    "AuthorizationInvalidError": HTTPStatus.UNPROCESSABLE_ENTITY,
    "MissingScopesError": HTTPStatus.UNPROCESSABLE_ENTITY,
    "ProviderRefusedError": HTTPStatus.BAD_GATEWAY,
}
"""Status of each type of error in a payload; a test compares it with the schema."""
BY_CODE: Final[Mapping[str, HTTPStatus]] = {
    "UNAUTHENTICATED": HTTPStatus.UNAUTHORIZED,
    "FORBIDDEN": HTTPStatus.FORBIDDEN,
    "NOT_FOUND": HTTPStatus.NOT_FOUND,
    "INVALID_INPUT": HTTPStatus.UNPROCESSABLE_ENTITY,
    "BAD_REQUEST": HTTPStatus.UNPROCESSABLE_ENTITY,
    "RATE_LIMITED": HTTPStatus.TOO_MANY_REQUESTS,
    "LIMIT_EXCEEDED": HTTPStatus.UNPROCESSABLE_ENTITY,
    "TIMEOUT": HTTPStatus.SERVICE_UNAVAILABLE,
}
"""Status of each code of an error outside of payloads; others are ours: 500."""
_TITLES: Final[Mapping[int, str]] = {
    # RFC 9110 renamed these two; Python's enum has the old phrases.
    413: "Content Too Large",
    422: "Unprocessable Content",
}
_RETRY_SECONDS: Final = 5
"""When a client whose request took too long should come again."""


class Problem(Exception):
    """A request that is answered with a problem."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        code: str | None = None,
        errors: Sequence[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Refuse with a sentence that is safe to show, and the errors behind it."""
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.code = code
        self.errors = errors
        self.headers = dict(headers or {})

    @property
    def members(self) -> dict[str, Any]:
        """The members of the problem, as they are sent."""
        found: dict[str, Any] = {
            "title": title_of(self.status),
            "status": self.status,
            "detail": self.detail,
        }
        if self.code:
            found["code"] = self.code
        found["requestId"] = request_id.get()
        if self.errors:
            found["errors"] = list(self.errors)
        return found

    def response(self) -> Response:
        """Return the answer."""
        headers = {"Cache-Control": "no-store"} | self.headers
        if self.status == HTTPStatus.UNAUTHORIZED:
            # RFC 9110, section 15.5.2: a 401 says how to authenticate.
            headers.setdefault("WWW-Authenticate", "Bearer")
        return Response(orjson.dumps(self.members), self.status, headers, MEDIA_TYPE)


def title_of(status: int) -> str:
    """Return the name of a status, as RFC 9110 has it."""
    return _TITLES.get(status) or HTTPStatus(status).phrase


def not_found() -> Problem:
    """Return the problem of what is not there, or may not be seen."""
    return Problem(HTTPStatus.NOT_FOUND, "There is no such resource.", code="NOT_FOUND")


def of_payload(errors: Sequence[Mapping[str, Any]], *, conditional: bool) -> Problem:
    """Return the problem that the errors of a payload are; the first decides on the status.

    `conditional`: the revision came in If-Match, whose failure has a status of its own.
    """
    first = errors[0]
    status = BY_TYPE.get(first["__typename"], HTTPStatus.UNPROCESSABLE_ENTITY)
    if conditional and first["__typename"] == CONFLICT:
        status = HTTPStatus.PRECONDITION_FAILED  # RFC 9110, section 13.1.1
    return Problem(
        status,
        first["message"],
        code=first["__typename"],
        errors=[_typed(error) for error in errors],
        headers=_retry(errors),
    )


def of_answer(errors: Sequence[Mapping[str, Any]]) -> Problem:
    """Return the problem that the errors of a GraphQL answer are."""
    first = errors[0]
    extensions = first.get("extensions") or {}
    code = extensions.get("code", "INTERNAL")
    status = BY_CODE.get(code, HTTPStatus.INTERNAL_SERVER_ERROR)
    headers = _retry([error.get("extensions") or {} for error in errors])
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers.setdefault("Retry-After", str(_RETRY_SECONDS))
    issues = [_typed({"__typename": "ValidationIssue"} | i) for i in extensions.get("issues", ())]
    return Problem(status, first["message"], code=code, errors=issues, headers=headers)


def pointer(path: Iterable[str | int]) -> str:
    """Return the JSON pointer of a path as a fragment of a URI (RFC 6901, section 6)."""
    parts = (str(part).replace("~", "~0").replace("/", "~1") for part in path)
    return "#" + "".join(f"/{quote(part, safe='~')}" for part in parts)


def _typed(error: Mapping[str, Any]) -> dict[str, Any]:
    """Return an error with its type first and the pointer of its path."""
    members = {name: value for name, value in error.items() if name != "__typename"}
    return {"type": error["__typename"], **members, "pointer": pointer(error.get("path", ()))}


def _retry(errors: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return Retry-After in seconds (RFC 9110, section 10.2.3), the longest wait of all."""
    waits = [error["retryAfterSeconds"] for error in errors if error.get("retryAfterSeconds")]
    return {"Retry-After": str(max(1, round(max(waits))))} if waits else {}
