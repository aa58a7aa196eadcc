"""The edition of September 2026 of GraphQL over HTTP, line by line, in the profile of that name.

Each row quotes nothing and says what is demanded: MUST or SHOULD, the request, the answer.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from kit.api import MEMBER, Api, serving
from kit.stock import MULTIPART, ours, served
from mailconfig.graphql.refusals import Profile
from mailconfig.settings import Settings

RESPONSE = "application/graphql-response+json"
JSON = "application/json"
WHO = "{ viewer { email } }"
COERCED = {"query": "query ($id: ID!) { node(id: $id) { id } }", "variables": {"id": None}}


@dataclass(frozen=True)
class Row:
    """One demand of the edition."""

    claim: str
    status: int
    request: dict[str, Any]
    accept: str | None = RESPONSE
    method: str = "POST"
    media: str = RESPONSE
    """Media type of the answer."""
    headers: dict[str, str] = field(default_factory=dict)
    """Headers that the answer has."""
    data: bool = False
    """Whether the answer has `data`."""


def asked(query: str, **members: object) -> dict[str, Any]:
    """Return a request by POST."""
    return {"json": {"query": query, **members}}


def body(content: bytes, content_type: str = JSON) -> dict[str, Any]:
    """Return a request with these bytes."""
    return {"content": content, "headers": {"Content-Type": content_type}}


def url(**params: str) -> dict[str, Any]:
    """Return a request by GET."""
    return {"params": params}


ROWS = [
    # Media types and encodings
    Row("MUST accept POST with UTF-8 JSON", 200, asked(WHO), data=True),
    Row(
        "MUST assume UTF-8 where the content type names no encoding",
        200,
        body('{"query": "{ viewer { email } } # \N{EARTH GLOBE EUROPE-AFRICA}"}'.encode()),
        data=True,
    ),
    Row(
        "MUST accept UTF-8 where the content type names it",
        200,
        body(b'{"query": "{ viewer { email } }"}', f"{JSON}; charset=utf-8"),
        data=True,
    ),
    Row("MUST support the response type", 200, asked(WHO), data=True),
    Row(
        "MUST answer in the highest type listed that is supported",
        200,
        asked(WHO),
        accept=f"{JSON};q=0.5, {RESPONSE};q=0.8",
        data=True,
    ),
    Row(
        "MUST answer in the highest type listed, JSON where that is it",
        200,
        asked(WHO),
        accept=f"{JSON};q=0.8, {RESPONSE};q=0.5",
        media=JSON,
        data=True,
    ),
    Row(
        "MUST respect what a weight of 0 forbids",
        200,
        asked(WHO),
        accept=f"*/*, {RESPONSE};q=0",
        media=JSON,
        data=True,
    ),
    Row("MAY choose where there is no Accept header", 200, asked(WHO), accept=None, data=True),
    Row("SHOULD answer 406 where nothing is acceptable", 406, asked(WHO), accept="image/png"),
    Row(
        "SHOULD serve clients of application/json only, at 2xx in it",
        200,
        asked(WHO),
        accept=JSON,
        media=JSON,
        data=True,
    ),
    Row(
        "SHOULD serve them errors in the response type, at the status of the edition",
        422,
        asked("{ nobody }"),
        accept=JSON,
    ),
    # Request parameters
    Row("MUST ignore members that it does not know", 200, asked(WHO, other=[1]), data=True),
    Row(
        "MUST take null for optional members as their absence",
        200,
        asked(WHO, variables=None, operationName=None, extensions=None),
        data=True,
    ),
    Row("MUST take a map of extensions", 200, asked(WHO, extensions={"a": 1}), data=True),
    # GET
    Row("MAY support GET", 200, url(query=WHO), method="GET", data=True),
    Row(
        "MUST take empty strings for optional parameters as their absence",
        200,
        url(query=WHO, variables="", extensions="", operationName=""),
        method="GET",
        data=True,
    ),
    Row(
        "MUST take operationName=null as the name null",
        200,
        url(query="query null { viewer { email } } query A { __typename }", operationName="null"),
        method="GET",
        data=True,
    ),
    Row(
        "MUST NOT run mutations by GET; 405 SHOULD be used, with Allow",
        405,
        url(query="mutation { logout { errors { message } } }"),
        method="GET",
        headers={"allow": "POST"},
    ),
    Row(
        "SHOULD refuse variables that are no JSON (422)",
        422,
        url(query=WHO, variables="{"),
        method="GET",
    ),
    # Status codes of request errors
    Row(
        "SHOULD use 405 for an unsupported method, MUST name the others",
        405,
        {},
        method="PUT",
        headers={"allow": "GET, HEAD, POST"},
    ),
    Row("SHOULD use 415 for an unsupported content type", 415, body(b"{}", "text/plain")),
    Row("SHOULD use 4xx where there is no content type", 415, {"content": b"{}"}),
    Row("SHOULD use 400 where JSON cannot be parsed", 400, body(b"NONSENSE")),
    Row("SHOULD use 400 where JSON is cut off", 400, body(b'{"query":')),
    Row("SHOULD use 422 where the query is missing", 422, {"json": {"qeury": WHO}}),
    Row("SHOULD use 422 where the query is no string", 422, {"json": {"query": 7}}),
    Row("SHOULD use 422 where variables are no map", 422, asked(WHO, variables=[7])),
    Row("SHOULD use 422 where the operation's name is no string", 422, asked(WHO, operationName=7)),
    Row("SHOULD use 422 where extensions are no map", 422, asked(WHO, extensions="x")),
    Row("SHOULD use 422 for a list of requests", 422, {"json": [{"query": WHO}]}),
    Row("SHOULD use 400 where the document cannot be parsed", 400, asked("{")),
    Row("SHOULD use 400 where the document is empty", 400, asked("")),
    Row("SHOULD use 422 where the document is not valid", 422, asked("{ nobody }")),
    Row("SHOULD use 422 where no operation has the name", 422, asked(WHO, operationName="B")),
    Row(
        "SHOULD use 422 where several operations have no name",
        422,
        asked("query A { viewer { email } } query B { viewer { email } }"),
    ),
    Row("SHOULD use 422 where variables cannot be coerced", 422, {"json": COERCED}),
    Row("SHOULD use 413 where the body is too large", 413, body(b" " * 300_000), media=JSON),
    Row(
        "SHOULD use 414 where the URL is too long",
        414,
        url(query="#" * 20_000),
        method="GET",
        media=JSON,
    ),
    Row(
        "SHOULD use 431 where the headers are too large",
        431,
        {"headers": {"X-Padding": "x" * 40_000}},
        media=JSON,
    ),
    # A form without the header that makes browsers ask is not permitted.
    Row(
        "SHOULD use 403 where the client is not permitted to ask",
        403,
        body(b"", "multipart/form-data; boundary=b"),
    ),
]


@pytest.fixture
def engine() -> str:
    """The edge alone is meant."""
    return "sqlite"


@pytest.fixture
async def edition(app_settings: Settings) -> AsyncIterator[Api]:
    """The application in the profile of the edition."""
    settings = app_settings.model_copy(update={"http_status_profile": "2026"})
    async with serving(settings) as api:
        yield api


def test_each_demand_has_one_name() -> None:
    """So that a row that fails is found."""
    claims = [row.claim for row in ROWS]
    assert len(claims) == len(set(claims))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.claim)
async def test_the_edition_is_met(edition: Api, row: Row) -> None:
    """Status, media type with its encoding, `data` only after execution, and the headers."""
    request = dict(row.request)
    headers = httpx.Headers(request.pop("headers", {}))
    if row.accept is None:
        edition.client.headers.pop("accept")
    else:
        headers["Accept"] = row.accept
    answer = await edition.client.request(row.method, "/graphql", headers=headers, **request)
    assert answer.status_code == row.status, answer.text
    media, _, parameters = answer.headers["content-type"].partition(";")
    assert media == row.media
    assert parameters == " charset=utf-8"
    members = answer.json()
    assert ("data" in members) is row.data
    assert ("errors" in members) is not row.data
    assert {name: answer.headers[name] for name in row.headers} == row.headers


@pytest.mark.parametrize(
    ("profile", "accept", "status", "media"),
    [
        (Profile.EDITION, RESPONSE, 294, RESPONSE),
        # 2xx, so a client of application/json is told in it.
        (Profile.EDITION, JSON, 294, JSON),
        (Profile.AUDIT, RESPONSE, 200, RESPONSE),
        (Profile.AUDIT, JSON, 200, JSON),
    ],
)
async def test_data_with_errors_is_a_partial_success(
    profile: Profile, accept: str, status: int, media: str
) -> None:
    """SHOULD use 294 for data with errors, even null; MUST use 2xx where data is not null."""
    async with served(ours(profile=profile)) as client:
        for query in ("{ hello broken }", "{ broken }"):
            headers = {"Accept": accept}
            answer = await client.post("/graphql", json={"query": query}, headers=headers)
            assert (answer.status_code, answer.json().keys()) == (status, {"data", "errors"})
            assert answer.headers["content-type"] == f"{media}; charset=utf-8"


async def test_a_mutation_by_get_changes_nothing(edition: Api) -> None:
    """MUST halt execution: the session is still open after it."""
    headers = {"Authorization": f"Bearer {await edition.token(MEMBER)}"}
    params = {"query": "mutation { logout { errors { message } } }"}
    assert (await edition.client.get("/graphql", params=params, headers=headers)).status_code == 405
    viewer = await edition.data(MEMBER, WHO)
    assert viewer["viewer"] == {"email": "member@example.org"}


async def test_forms_meet_it_too(edition: Api) -> None:
    """Forms are our addition, with the statuses of JSON bodies."""
    for operations, paths, status in (("{", "{}", 400), ("7", "{}", 422), ("{}", "[]", 422)):
        form: Any = {"operations": (None, operations), "map": (None, paths)}
        answer = await edition.client.post("/graphql", files=form, headers=MULTIPART)
        assert answer.status_code == status, answer.text
