"""GraphQL over HTTP: what is a request, what is none, and what each is answered."""

import json
from typing import Any

import httpx
import pytest

from kit.api import MEMBER, SUBMIT, Api, form, serving
from mailconfig.http.explorer import load_explorer
from mailconfig.settings import Mode, Settings

pytestmark = pytest.mark.parametrize("engine", ["sqlite"])
"""The edge alone is meant."""

WHO = "{ viewer { email } }"
JSON = {"Content-Type": "application/json"}
NESTED = 40_000
UPLOAD = """
mutation ($input: UploadFileInput!) {
  uploadFile(input: $input) { file { filename } errors { __typename } }
}
"""
OPERATIONS = json.dumps(
    {"query": UPLOAD, "variables": {"input": {"file": None, "kind": "ATTACHMENT"}}}
)
MAP = '{"0": ["variables.input.file"]}'
PREFLIGHT = {"GraphQL-Require-Preflight": "1"}
FILE = ("a.txt", b"a", "text/plain")


def code(answer: httpx.Response) -> str:
    """Return the code of the only error."""
    (error,) = answer.json()["errors"]
    return str(error["extensions"]["code"])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"7",
        b'"query"',
        b"[]",
        b"[null]",
        # Batches are not enabled.
        b'[{"query": "{ viewer { email } }"}]',
        b"{}",
        b"{",
        # Neither UTF-8 nor a character that it knows.
        b"\xff\xfe",
        b'{"query": "\\ud800"}',
        # Deeper than any parser should follow.
        b"[" * NESTED,
        b'{"a":' * NESTED,
        b'{"query": "{ viewer { email } }", "variables": ' + b'{"a":' * 5000 + b"1" + b"}" * 5001,
        b'{"query": null}',
        b'{"query": 7}',
        b'{"query": ["{ viewer { email } }"]}',
        b'{"query": ""}',
        b'{"query": "{ viewer { email } }", "variables": []}',
        b'{"query": "{ viewer { email } }", "variables": "x"}',
        b'{"query": "{ viewer { email } }", "extensions": 7}',
        b'{"query": "{ viewer { email } }", "operationName": 7}',
        b'{"query": "{ viewer { email } }", "operationName": ["a"]}',
    ],
    ids=lambda body: body[:40].decode("latin-1"),
)
async def test_a_body_that_is_no_request_is_a_bad_request(api: Api, body: bytes) -> None:
    """400 with an error in JSON, never 500."""
    answer = await api.client.post("/graphql", content=body, headers=JSON)
    assert (answer.status_code, code(answer)) == (400, "BAD_REQUEST")


@pytest.mark.parametrize(
    "body",
    [
        {"query": WHO, "operationName": "Nobody"},
        {"query": WHO, "operationName": ""},
        {"query": "fragment F on Viewer { id }"},
        {"query": "type Viewer { id: ID }"},
        {"query": "query A { viewer { id } } query B { viewer { id } }", "operationName": "C"},
    ],
    ids=str,
)
async def test_an_operation_that_is_not_there_is_a_request_error(
    api: Api, body: dict[str, str]
) -> None:
    """The request is well-formed, so clients from before the response type read it at 200."""
    for media, status in (("application/json", 200), ("application/graphql-response+json", 400)):
        answer = await api.client.post("/graphql", json=body, headers={"Accept": media})
        assert (answer.status_code, code(answer)) == (status, "BAD_REQUEST")
        assert "data" not in answer.json()


@pytest.mark.parametrize(
    "query",
    [
        "{a" * 1000 + "}" * 1000,
        "{ node(id: " + "[" * 900 + "]" * 900 + ") { id } }",
        # More tokens than allowed.
        "{ " + "viewer { email } " * 1000 + "}",
        # A fragment that holds itself.
        "{ viewer { ...F } } fragment F on Viewer { ...F }",
    ],
    ids=["selections", "lists", "tokens", "circle"],
)
async def test_documents_without_end_are_refused(api: Api, query: str) -> None:
    """They cost no stack and no time."""
    answer = await api.client.post("/graphql", json={"query": query})
    assert {error["extensions"]["code"] for error in answer.json()["errors"]} == {"BAD_REQUEST"}


async def test_nested_variables_are_taken_or_refused(api: Api) -> None:
    """An object of the host application may nest; what is too deep is a bad request."""
    query = (
        "mutation ($it: JSONObject!) { validate(input: { draft: { metadata: $it } }) { valid } }"
    )
    headers = JSON | {"Authorization": f"Bearer {await api.token(MEMBER)}"}
    for depth in (10, 500, 900, 990, 1000, 1010, 1020, 1030):
        nested = '{"a":' * depth + "1" + "}" * depth
        body = f'{{"query": {json.dumps(query)}, "variables": {{"it": {nested}}}}}'
        answer = await api.client.post("/graphql", content=body.encode(), headers=headers)
        if depth > 10 and "errors" in answer.json():
            assert code(answer) == "BAD_REQUEST", depth
        else:
            assert answer.json()["data"] == {"validate": {"valid": False}}


@pytest.mark.parametrize("content_type", ["text/plain", "application/graphql", "", "nonsense"])
async def test_other_content_types_are_refused(api: Api, content_type: str) -> None:
    """A form of another site can send text/plain with our cookie, so it is no request."""
    headers = {"Content-Type": content_type}
    body = json.dumps({"query": WHO}).encode()
    answer = await api.client.post("/graphql", content=body, headers=headers)
    assert (answer.status_code, code(answer)) == (415, "BAD_REQUEST")
    assert answer.headers["accept-post"] == "application/json, multipart/form-data"


async def test_bodies_in_codings_are_refused(api: Api) -> None:
    """415 says which codings there are: none, so that nothing grows while it is unpacked."""
    headers = JSON | {"Content-Encoding": "gzip"}
    answer = await api.client.post("/graphql", content=b"{}", headers=headers)
    assert (answer.status_code, answer.headers["accept-encoding"]) == (415, "identity")


async def test_get_reads(api: Api) -> None:
    """Query, variables and operation name come in the URL."""
    params = {
        "query": "query A($id: ID!) { node(id: $id) { id } } query B { viewer { email } }",
        "variables": '{"id": "UHJvdmlkZXI6Z21haWw"}',
        "operationName": "A",
    }
    answer = await api.client.get("/graphql", params=params)
    assert answer.json()["data"] == {"node": {"id": "UHJvdmlkZXI6Z21haWw"}}


async def test_head_reads_as_get_does(api: Api) -> None:
    """RFC 9110, section 9.1: servers support HEAD; status and headers are those of GET."""
    params = {"query": WHO}
    got = await api.client.get("/graphql", params=params)
    head = await api.client.head("/graphql", params=params)
    assert (head.status_code, head.headers["content-type"]) == (200, got.headers["content-type"])
    mutation = {"query": "mutation { logout { errors { message } } }"}
    assert (await api.client.head("/graphql", params=mutation)).status_code == 405


async def test_get_does_not_write(api: Api) -> None:
    """A link must not change anything: no mutation runs over GET."""
    headers = {"Authorization": f"Bearer {await api.token(MEMBER)}"}
    params = {"query": SUBMIT, "variables": json.dumps({"input": form()})}
    for accept in ("*/*", "text/event-stream"):
        given = headers | {"Accept": accept}
        answer = await api.client.get("/graphql", params=params, headers=given)
        assert (answer.status_code, code(answer)) == (405, "BAD_REQUEST")
        assert answer.headers["allow"] == "POST"
    assert (await api.data(MEMBER, "{ configs { totalCount } }"))["configs"]["totalCount"] == 0


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"query": ""},
        {"query": WHO, "variables": "{"},
        {"query": WHO, "variables": "[]"},
        {"query": WHO, "extensions": "7"},
        {"query": WHO, "extensions": "{"},
        {"query": [WHO, WHO]},
    ],
)
async def test_get_without_a_request_is_a_bad_request(api: Api, params: dict[str, Any]) -> None:
    """As with POST."""
    headers = {"Accept": "application/json"}
    answer = await api.client.get("/graphql", params=params, headers=headers)
    assert (answer.status_code, code(answer)) == (400, "BAD_REQUEST")


async def test_who_has_no_points_left_is_told_when_to_come_back(app_settings: Settings) -> None:
    """429 with Retry-After for every media type, and nothing was carried out."""
    async with serving(app_settings.model_copy(update={"points_per_minute": 1})) as api:
        for media in ("application/json", "application/graphql-response+json"):
            body = {"query": "{ providers(first: 50) { edges { node { id } } } }"}
            answer = await api.client.post("/graphql", json=body, headers={"Accept": media})
            assert (answer.status_code, code(answer)) == (429, "RATE_LIMITED")
            assert int(answer.headers["retry-after"]) >= 1
            assert answer.headers["content-type"].startswith(media)
            assert answer.json().keys() == {"errors", "extensions"}


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_other_methods_are_told_the_right_ones(api: Api, method: str) -> None:
    """RFC 9110, section 15.5.6: 405 has Allow."""
    answer = await api.client.request(method, "/graphql")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, POST")
    assert code(answer) == "BAD_REQUEST"


async def test_only_who_wants_a_stream_first_gets_one(api: Api) -> None:
    """Clients that list text/event-stream last, as urql does on every request, want JSON."""
    urql = "application/graphql-response+json, application/json, text/event-stream, multipart/mixed"
    for accept, content_type in (
        (urql, "application/graphql-response+json"),
        ("*/*", "application/json"),
        ("text/event-stream", "text/event-stream"),
        ("text/event-stream, application/json", "text/event-stream"),
    ):
        answer = await api.client.post("/graphql", json={"query": WHO}, headers={"Accept": accept})
        assert answer.headers["content-type"].partition(";")[0] == content_type


async def test_events_end_in_line_feeds(api: Api) -> None:
    """Clients split on LF LF, and a query is one event and the end."""
    headers = {"Accept": "text/event-stream"}
    answer = await api.client.post("/graphql", json={"query": WHO}, headers=headers)
    assert "\r" not in answer.text
    events = [event for event in answer.text.split("\n\n") if event and not event.startswith(":")]
    assert len(events) == 2
    assert events[0].startswith('event: next\ndata: {"data":{"viewer":null}')
    assert events[1] == "event: complete\ndata: "


async def test_the_query_page_is_off_unless_switched_on(app_settings: Settings) -> None:
    """On in development and by setting; it runs nothing but its own parts."""
    html = {"Accept": "text/html"}
    for changes, status in (
        ({}, 404),
        ({"mode": Mode.DEVELOPMENT}, 200),
        ({"explorer": True}, 200),
        ({"mode": Mode.DEVELOPMENT, "explorer": False}, 404),
    ):
        async with serving(app_settings.model_copy(update=changes)) as api:
            answer = await api.client.get("/graphql", headers=html)
        assert answer.status_code == status, changes
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'")
        scripts = [part for part in policy.split("; ") if part.startswith("script-src")]
        assert scripts in ([], ["script-src 'self'"])  # none where the page was not built
        assert "unsafe-eval" not in policy
        if status == 200:
            assert policy == load_explorer().policy
            kept = (answer.headers["cache-control"], answer.headers["vary"])
            assert kept == ("no-cache", "Accept")
        else:
            assert "unsafe" not in policy


# ---- multipart -------------------------------------------------------------------------------


async def send(
    api: Api,
    fields: dict[str, str],
    files: dict[str, tuple[str, bytes, str]] | None = None,
    headers: dict[str, str] = PREFLIGHT,
) -> httpx.Response:
    """Send a form as MEMBER."""
    sent = {"Authorization": f"Bearer {await api.token(MEMBER)}", **headers}
    parts: Any = {name: (None, value) for name, value in fields.items()} | (files or {})
    return await api.client.post("/graphql", files=parts, headers=sent)


async def test_a_form_of_the_right_form_is_taken(api: Api) -> None:
    """The control of all refusals below."""
    answer = await send(api, {"operations": OPERATIONS, "map": MAP}, {"0": FILE})
    payload = answer.json()["data"]["uploadFile"]
    assert payload == {"file": {"filename": "a.txt"}, "errors": []}


@pytest.mark.parametrize(
    "header", ["GraphQL-Require-Preflight", "Apollo-Require-Preflight", "X-CSRF-Token"]
)
async def test_a_form_needs_a_header_that_forms_of_other_sites_lack(api: Api, header: str) -> None:
    """Without it 403; each of the three will do, in any case."""
    fields = {"operations": OPERATIONS, "map": MAP}
    answer = await send(api, fields, {"0": FILE}, {})
    assert answer.status_code == 403
    assert "GraphQL-Require-Preflight" in answer.json()["errors"][0]["message"]
    answer = await send(api, fields, {"0": FILE}, {header.lower(): "1"})
    assert answer.status_code == 200


WRONG: dict[str, tuple[dict[str, str], bool]] = {
    "no operations": ({"map": MAP}, True),
    "operations are null": ({"operations": "null", "map": MAP}, True),
    "operations are a number": ({"operations": "7", "map": MAP}, True),
    "operations are a list": ({"operations": f"[{OPERATIONS}]", "map": MAP}, True),
    "operations are text": ({"operations": '"x"', "map": MAP}, True),
    "operations are no JSON": ({"operations": "{", "map": MAP}, True),
    "operations are nested": ({"operations": "[" * 50_000, "map": MAP}, True),
    "map is null": ({"operations": OPERATIONS, "map": "null"}, True),
    "map is a list": ({"operations": OPERATIONS, "map": "[]"}, True),
    "map is a number": ({"operations": OPERATIONS, "map": "7"}, True),
    "map is no JSON": ({"operations": OPERATIONS, "map": "{"}, True),
    "paths are a number": ({"operations": OPERATIONS, "map": '{"0": 7}'}, True),
    "paths are null": ({"operations": OPERATIONS, "map": '{"0": null}'}, True),
    "a path is a number": ({"operations": OPERATIONS, "map": '{"0": [7]}'}, True),
    "a path leads nowhere": ({"operations": OPERATIONS, "map": '{"0": ["variables.a.b"]}'}, True),
    "a path leads into text": ({"operations": OPERATIONS, "map": '{"0": ["query.a"]}'}, True),
    "a path leads into null": (
        {"operations": OPERATIONS, "map": '{"0": ["variables.input.file.a"]}'},
        True,
    ),
    "a path replaces the query": ({"operations": OPERATIONS, "map": '{"0": ["query"]}'}, True),
    "a path replaces the variables": (
        {"operations": OPERATIONS, "map": '{"0": ["variables"]}'},
        True,
    ),
    "a path is empty": ({"operations": OPERATIONS, "map": '{"0": [""]}'}, True),
    "an index is out of range": (
        {
            "operations": '{"query": "{ a }", "variables": {"a": []}}',
            "map": '{"0": ["variables.a.5"]}',
        },
        True,
    ),
    "an index is no number": (
        {
            "operations": '{"query": "{ a }", "variables": {"a": [1]}}',
            "map": '{"0": ["variables.a.x"]}',
        },
        True,
    ),
    "the file is missing": ({"operations": OPERATIONS, "map": MAP}, False),
    "the file is a field": ({"operations": OPERATIONS, "map": MAP, "0": "text"}, False),
    "operations are a file": ({"map": MAP}, False),
}
"""Fields of forms, and whether a file comes with them."""


@pytest.mark.parametrize("name", WRONG)
async def test_a_malformed_form_is_the_clients_fault(
    api: Api, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """400, nothing stored, nothing in the log."""
    fields, with_file = WRONG[name]
    files = {"0": FILE} if with_file else {}
    if name == "operations are a file":
        files["operations"] = ("operations", OPERATIONS.encode(), "application/json")
    answer = await send(api, fields, files)
    assert answer.status_code == 400, answer.text
    assert {error["extensions"]["code"] for error in answer.json()["errors"]} == {"BAD_REQUEST"}
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []
    assert [path for path in (api.settings.data_dir / "blobs").rglob("*") if path.is_file()] == []


PART = b'--b\r\nContent-Disposition: form-data; name="operations"\r\n\r\n'


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=", b"x"),
        ("multipart/form-data; boundary=b", b""),
        ("multipart/form-data; boundary=b", b"no boundary in here"),
        ("multipart/form-data; boundary=b", b"--b\r\n\r\nno disposition\r\n--b--\r\n"),
        ("multipart/form-data; boundary=b", b'--b\r\nContent-Disposition: form-data; name="map"'),
        (
            "multipart/form-data; boundary=b",
            b"--b\r\nContent-Disposition: form-data\r\n\r\n\r\n--b--",
        ),
        ("multipart/form-data; boundary=b; charset=nonsense", PART + b"{}\r\n--b--\r\n"),
        ("multipart/form-data; boundary=b", PART + b"\xff\xfe\r\n--b--\r\n"),
    ],
)
async def test_broken_forms_are_refused(api: Api, content_type: str, body: bytes) -> None:
    """Without a boundary, cut off, or not text: 400, not 413, which speaks of limits."""
    headers = {"Content-Type": content_type, **PREFLIGHT}
    answer = await api.client.post("/graphql", content=body, headers=headers)
    assert (answer.status_code, code(answer)) == (400, "BAD_REQUEST")


async def test_forms_have_limits(app_settings: Settings) -> None:
    """Too many files, too many fields, too large fields: 413, and nothing is stored."""
    limits = {"upload_max_files": 2, "upload_max_field_bytes": 2000}
    async with serving(app_settings.model_copy(update=limits)) as api:
        fields = {"operations": OPERATIONS, "map": MAP}
        several = '{"0": ["variables.a.0"], "1": ["variables.a.1"]}'
        listed = json.dumps({"query": WHO, "variables": {"a": [None, None]}})
        two = {"operations": listed, "map": several}
        assert (await send(api, two, {"0": FILE, "1": FILE})).status_code == 200
        too_much = (
            await send(api, fields, {"0": FILE, "1": FILE, "2": FILE}),
            await send(api, fields | {f"f{number}": "" for number in range(5)}, {"0": FILE}),
            await send(api, fields | {"map": MAP + " " * 2001}, {"0": FILE}),
        )
        assert [answer.status_code for answer in too_much] == [413, 413, 413]
