"""Scalars of the API. Those for output are checked; inputs take plain strings and get issues."""

import json
from datetime import UTC, datetime
from typing import Final, NewType, NoReturn

import strawberry
from graphql import GraphQLError
from starlette.datastructures import UploadFile
from strawberry.schema.config import StrawberryConfig
from strawberry.types.scalar import ScalarDefinition

EmailAddress = NewType("EmailAddress", str)
Hostname = NewType("Hostname", str)
JSONObject = NewType("JSONObject", str)
"""A JSON object as its text; the schema shows it as the object itself."""
Upload = NewType("Upload", UploadFile)


def _datetime(value: object) -> datetime:
    if isinstance(value, str):
        try:
            parsed = datetime.fromisoformat(value)
            if parsed.tzinfo is not None:
                return parsed.astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    raise GraphQLError("DateTime takes an RFC 3339 date and time with an offset.")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise GraphQLError("This scalar takes a string.")
    return value


def _object(value: object) -> str:
    if not isinstance(value, dict):
        raise GraphQLError("JSONObject takes an object.")
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def _upload(value: object) -> UploadFile:
    if not isinstance(value, UploadFile):
        raise GraphQLError("Upload takes a file of a multipart request.")
    return value


def _never(_value: object) -> NoReturn:
    raise GraphQLError("An upload is never given back.")


SCALARS: Final[dict[object, ScalarDefinition]] = {
    datetime: strawberry.scalar(
        name="DateTime",
        description="An RFC 3339 date and time with an offset.",
        specified_by_url="https://scalars.graphql.org/andimarek/date-time",
        serialize=datetime.isoformat,
        parse_value=_datetime,
    ),
    EmailAddress: strawberry.scalar(
        name="EmailAddress",
        description="An addr-spec of RFC 5321, the domain in lower case.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc5321#section-4.1.2",
        serialize=str,
        parse_value=_text,
    ),
    Hostname: strawberry.scalar(
        name="Hostname",
        description="A DNS name or an IP literal, in lower case, IDNA encoded.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc1123#section-2.1",
        serialize=str,
        parse_value=_text,
    ),
    JSONObject: strawberry.scalar(
        name="JSONObject",
        description="A JSON object.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc8259#section-4",
        serialize=json.loads,
        parse_value=_object,
    ),
    Upload: strawberry.scalar(
        name="Upload",
        description="A file in a multipart request.",
        specified_by_url="https://github.com/jaydenseric/graphql-multipart-request-spec",
        serialize=_never,
        parse_value=_upload,
    ),
}

CONFIG: Final = StrawberryConfig(scalar_map=SCALARS, relay_max_results=100)
