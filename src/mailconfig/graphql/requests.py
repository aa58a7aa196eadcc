"""Reads GraphQL requests from JSON bodies and query strings: bytes in, a `GraphQLRequest` out.

Strict about what the specification of GraphQL over HTTP fixes, so that nothing of a wrong type
gets further, and tolerant of what it tolerates: unknown members, and null for what is optional.
Plain functions without a web framework, for whoever serves requests. Never quotes what it read.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache
from typing import Any, Final, Protocol
from urllib.parse import parse_qsl

import orjson

from mailconfig.graphql.refusals import Problem, Refused

MAX_DEPTH: Final = 100
"""Levels of nesting in JSON. What is taken must be answerable, and orjson writes 254 levels."""
_KEPT_URLS: Final = 256
"""Queries of URLs that stay read; strangers who send others only push each other out."""
_KEPT_URL_BYTES: Final = 4096
"""Longer ones are read each time."""
_MAX_PARAMETERS: Final = 32
"""Parameters of a query string: five are ours, proxies and trackers add a few."""
_MEMBERS: Final = frozenset({"query", "operationName", "variables", "extensions", "documentId"})
"""Names that mean something; other members are ignored, as the specification demands."""
_UTF_8: Final = frozenset({"utf-8", "utf8"})


@dataclass(frozen=True, slots=True)
class GraphQLRequest:
    """A well-formed request; whether its document is one is not known yet."""

    query: str | None
    """Text of the document; None where only a trusted document is named."""
    variables: dict[str, Any] | None
    """Values of variables, as JSON has them, files in their places."""
    operation_name: str | None
    """Which operation of the document is meant."""
    extensions: dict[str, Any] | None
    """Members of the protocol's extensions."""
    document_id: str | None
    """Name of a trusted document."""


class Documents(Protocol):
    """Knows the texts of documents; trusted documents have names."""

    def text_of(self, request: GraphQLRequest) -> str:
        """Return the text to run; raises Refused where there is none, or it is not trusted."""
        ...


class GivenDocuments:
    """Documents as the requests bring them."""

    def text_of(self, request: GraphQLRequest) -> str:
        """Return the request's own text."""
        if not request.query:
            # An empty text is a string, and so well-formed, but no document.
            problem = Problem.SHAPE if request.query is None else Problem.SYNTAX
            raise Refused(problem, "The request has no `query`.")
        return request.query


class Body(Enum):
    """How a body is to be read."""

    JSON = auto()
    """As one JSON object."""
    FORM = auto()
    """As a form of the GraphQL multipart request specification."""


def body_of(content_type: str | None, content_encoding: str | None = None) -> Body:
    """Return how to read a body with these headers; raises Refused (415)."""
    if content_encoding is not None and content_encoding.strip().lower() != "identity":
        # RFC 9110, section 15.5.16: whoever sent a coding is told which there are.
        raise Refused(
            Problem.MEDIA_TYPE,
            "Send the body without a content coding.",
            headers={"Accept-Encoding": "identity"},
        )
    if content_type == "application/json":
        return Body.JSON
    media, *parameters = (part.strip() for part in (content_type or "").split(";"))
    if media.lower() == "multipart/form-data":
        return Body.FORM
    if media.lower() == "application/json" and all(map(_is_utf_8, parameters)):
        return Body.JSON
    raise Refused(
        Problem.MEDIA_TYPE,
        "Send application/json in UTF-8, or multipart/form-data with files.",
        headers={"Accept-Post": "application/json, multipart/form-data"},
    )


def read_json(body: bytes) -> GraphQLRequest:
    """Read a body of application/json; raises Refused."""
    return request_of(parsed_json(body, "The body"))


def read_url(query_string: bytes) -> GraphQLRequest:
    """Read the query component of a URL, as ASGI has it; raises Refused.

    The empty string for an optional parameter says as much as its absence. Clients that read by GET
    ask the same again and again, so that short ones are read once.
    """
    # Values of variables are handed on, so each request has its own.
    kept = len(query_string) <= _KEPT_URL_BYTES and b"variables" not in query_string
    return (_read_url if kept else _read_url.__wrapped__)(query_string)


@lru_cache(_KEPT_URLS)
def _read_url(query_string: bytes) -> GraphQLRequest:
    try:
        pairs = parse_qsl(
            query_string.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=_MAX_PARAMETERS,
        )
    except ValueError as error:
        raise Refused(Problem.SYNTAX, "The query string cannot be read.") from error
    members: dict[str, object] = {}
    for name, value in pairs:
        if name in members:
            raise Refused(Problem.SHAPE, f"`{name}` is given twice.")
        if name in _MEMBERS:
            members[name] = value
    for name in ("operationName", "documentId"):
        members[name] = members.get(name) or None
    for name in ("variables", "extensions"):
        text = members.get(name)
        given = isinstance(text, str) and text
        members[name] = _parameter(name, str(text)) if given else None
    return request_of(members)


def request_of(members: object) -> GraphQLRequest:
    """Check the members of a request; raises Refused for wrong types and for batches."""
    if isinstance(members, list):
        raise Refused(Problem.SHAPE, "Batches are not taken: send one operation a request.")
    if not isinstance(members, dict):
        raise Refused(Problem.SHAPE, "A request is a JSON object.")
    return GraphQLRequest(
        query=_text(members, "query"),
        variables=_map(members, "variables"),
        operation_name=_text(members, "operationName"),
        extensions=_map(members, "extensions"),
        document_id=_text(members, "documentId"),
    )


def parsed_json(text: bytes, what: str) -> object:
    """Parse JSON in UTF-8; raises Refused. `what` begins the sentence that says so."""
    try:
        value: object = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Refused(Problem.SYNTAX, f"{what} is not JSON in UTF-8.") from error
    # Only what has that many brackets can be that deep, and counting them costs next to nothing.
    if text.count(b"{") + text.count(b"[") > MAX_DEPTH and nests_deeper(value, MAX_DEPTH):
        raise Refused(Problem.SYNTAX, f"{what} nests deeper than {MAX_DEPTH} levels.")
    return value


def nests_deeper(value: object, most: int) -> bool:
    """Tell whether lists and objects nest deeper than that; uses no stack."""
    level = [value]
    for _ in range(most + 1):
        level = [child for item in level for child in _children(item)]
        if not level:
            return False
    return True


def _children(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _parameter(name: str, text: str) -> object:
    """Parse a parameter of a URL; the URL itself could be read, so it is the shape that is off."""
    try:
        return parsed_json(text.encode(), f"`{name}`")
    except Refused as error:
        raise Refused(Problem.SHAPE, error.message) from error


def _text(members: dict[str, Any], name: str) -> str | None:
    value = members.get(name)
    if value is None or isinstance(value, str):
        return value
    raise Refused(Problem.SHAPE, f"`{name}` must be a string.")


def _map(members: dict[str, Any], name: str) -> dict[str, Any] | None:
    value = members.get(name)
    if value is None or isinstance(value, dict):
        return value
    raise Refused(Problem.SHAPE, f"`{name}` must be an object.")


def _is_utf_8(parameter: str) -> bool:
    """Tell whether a parameter of a content type is no other charset than UTF-8."""
    name, _, value = parameter.partition("=")
    return name.strip().lower() != "charset" or value.strip().strip('"').lower() in _UTF_8
