"""Requests that are refused before GraphQL sees them, and the status that each way of it has.

Raised wherever a request is read, written once, by `answers`. What is said here never quotes the
request: it may hold a password, and errors are logged and shown.
"""

from collections.abc import Mapping
from enum import Enum, StrEnum
from types import MappingProxyType
from typing import Final


class Profile(StrEnum):
    """Which yardstick for statuses is met; no server meets both."""

    AUDIT = "audit"
    """The audits of the npm package graphql-http, and clients that rely on status 200."""
    EDITION = "2026"
    """GraphQL over HTTP, edition of September 2026."""


class Problem(Enum):
    """What is wrong, with its status in the profiles audit and 2026."""

    SYNTAX = (400, 400)
    """The body cannot be parsed."""
    SHAPE = (400, 422)
    """It can, and is not a well-formed request."""
    DOCUMENT = (400, 404)
    """No document of the name or text is trusted; old clients are told at 200, as Apollo does."""
    PREFLIGHT = (403, 403)
    """A form without a header that other sites cannot send."""
    PAGE = (404, 404)
    """A browser asks for a page that is not served."""
    METHOD = (405, 405)
    """The method is not for this, mutations by GET included."""
    UNACCEPTABLE = (406, 406)
    """Nothing that we write is in the Accept header."""
    TOO_LARGE = (413, 413)
    """More parts or longer ones than are allowed."""
    MEDIA_TYPE = (415, 415)
    """The body is of a kind that nobody reads here."""

    def status(self, profile: Profile) -> int:
        """Return the status code in that profile."""
        audit, edition = self.value
        return audit if profile is Profile.AUDIT else edition

    @property
    def code(self) -> str:
        """The machine code in the error's extensions."""
        return "LIMIT_EXCEEDED" if self is Problem.TOO_LARGE else "BAD_REQUEST"


_NO_HEADERS: Final[Mapping[str, str]] = MappingProxyType({})


class Refused(Exception):
    """A request that is not carried out."""

    def __init__(
        self,
        problem: Problem,
        message: str,
        *,
        code: str | None = None,
        headers: Mapping[str, str] = _NO_HEADERS,
    ) -> None:
        """Refuse with a message that is safe to show; `code` replaces the problem's own."""
        super().__init__(message)
        self.problem = problem
        self.message = message
        self.code = code or problem.code
        self.headers = headers
