"""Statuses, media types, headers and bytes of answers, in both profiles."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from mailconfig.graphql.answers import (
    answered,
    content_type,
    refusal,
    status_of,
    without_vain_data,
    written,
)
from mailconfig.graphql.media import Media
from mailconfig.graphql.refusals import Problem, Profile, Refused

AUDIT, EDITION = Profile.AUDIT, Profile.EDITION
RESPONSE, JSON = Media.RESPONSE, Media.JSON


def failed(code: str = "BAD_REQUEST", message: str = "No.", **extensions: object) -> dict[str, Any]:
    """Return the answer to a request error."""
    return {"errors": [{"message": message, "extensions": {"code": code, **extensions}}]}


@pytest.mark.parametrize(
    ("answer", "statuses"),
    [
        # audit: response type, JSON; 2026: response type, JSON
        ({"data": {"a": 1}}, (200, 200, 200, 200)),
        ({"data": {"a": None}, **failed()}, (200, 200, 294, 294)),
        ({"data": None, **failed("INTERNAL")}, (200, 200, 294, 294)),
        (failed(), (400, 200, 422, 422)),
        (failed(message="Syntax Error: Unexpected <EOF>."), (400, 200, 400, 400)),
        ({"errors": [{"message": "No."}]}, (400, 200, 422, 422)),
        # What is not about the text of the request is told to everybody.
        (failed("UNAUTHENTICATED"), (401, 401, 401, 401)),
        (failed("FORBIDDEN"), (403, 403, 403, 403)),
        (failed("RATE_LIMITED", retryAfterSeconds=3), (429, 429, 429, 429)),
        (failed("INTERNAL"), (500, 500, 500, 500)),
    ],
)
def test_statuses(answer: dict[str, Any], statuses: tuple[int, ...]) -> None:
    """By what the answer holds, its media type and the profile."""
    found = [status_of(answer, media, profile) for profile in Profile for media in (RESPONSE, JSON)]
    assert tuple(found) == statuses


@pytest.mark.parametrize(
    ("status", "media", "profile", "expected"),
    [
        (200, RESPONSE, AUDIT, RESPONSE),
        (400, RESPONSE, AUDIT, RESPONSE),
        (200, JSON, AUDIT, JSON),
        (400, JSON, AUDIT, JSON),
        (406, None, AUDIT, JSON),
        (200, JSON, EDITION, JSON),
        (294, JSON, EDITION, JSON),
        (422, JSON, EDITION, RESPONSE),
        (406, None, EDITION, RESPONSE),
    ],
)
def test_media_types(status: int, media: Media | None, profile: Profile, expected: Media) -> None:
    """In profile 2026 only 2xx are application/json; the encoding is always said."""
    assert content_type(status, media, profile) == f"{expected}; charset=utf-8"


def test_points_come_back_in_time() -> None:
    """429 says when, in whole seconds, at least one."""
    for seconds, header in ((7, "7"), (0.2, "1")):
        answer = answered(failed("RATE_LIMITED", retryAfterSeconds=seconds), JSON, AUDIT)
        assert (answer.status_code, answer.headers["retry-after"]) == (429, header)
    assert "retry-after" not in answered(failed("RATE_LIMITED"), JSON, AUDIT).headers


def test_answers_vary_by_accept() -> None:
    """So that a cache keeps an answer in each type."""
    assert answered({"data": {}}, JSON, AUDIT).headers["vary"] == "Accept"
    assert refusal(Refused(Problem.SHAPE, "No."), None, AUDIT).headers["vary"] == "Accept"


def test_refusals_are_answers() -> None:
    """An error with its code, and the headers that the refusal demands."""
    refused = Refused(Problem.METHOD, "Send POST.", headers={"Allow": "POST"})
    response = refusal(refused, JSON, AUDIT)
    assert (response.status_code, response.headers["allow"]) == (405, "POST")
    error = {"message": "Send POST.", "extensions": {"code": "BAD_REQUEST"}}
    assert json.loads(bytes(response.body)) == {"errors": [error]}
    own = refusal(Refused(Problem.SHAPE, "No.", code="PERSISTED_DOCUMENT_NOT_FOUND"), JSON, AUDIT)
    assert b'"PERSISTED_DOCUMENT_NOT_FOUND"' in bytes(own.body)


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        ({"data": None, "errors": [{"message": "No."}]}, False),
        ({"data": None, "errors": [{"message": "No.", "path": ["a"]}]}, True),
        ({"data": {}, "errors": [{"message": "No."}]}, True),
        ({"data": {"a": 1}}, True),
    ],
)
def test_data_is_there_after_execution_only(answer: dict[str, Any], kept: bool) -> None:
    """Null data is dropped where no error is one of a field."""
    assert ("data" in without_vain_data(answer)) is kept


def test_everything_can_be_written() -> None:
    """Also what orjson cannot write: long integers and deep values."""
    deep: Any = []
    for _ in range(300):
        deep = [deep]
    assert written({"a": "\N{SNOWMAN}"}) == '{"a":"\N{SNOWMAN}"}'.encode()
    assert written({"a": 2**70}) == b'{"a":1180591620717411303424}'
    both = {"at": datetime(2026, 11, 1, tzinfo=UTC), "a": 2**70}
    assert written(both) == b'{"at":"2026-11-01T00:00:00+00:00","a":1180591620717411303424}'
    assert written(deep) == b"[" * 301 + b"]" * 301
