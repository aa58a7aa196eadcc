"""Trusted documents through every door: POST, GET, forms, streams, sockets; and who is let past."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from kit.api import ADMIN, LOGIN, MEMBER, OWNER, VIEWER, Api, FakeProber, serving
from kit.live import listening
from mailconfig.graphql.manifests import digest_of
from mailconfig.settings import Settings

pytestmark = pytest.mark.parametrize("engine", ["sqlite"])
"""The edge alone is meant."""

WHO = "query Who { viewer { role } }"
UPLOAD = """mutation Upload($input: UploadFileInput!) {
  uploadFile(input: $input) { file { filename } errors { __typename } }
}"""
PROGRESS = """subscription Progress($id: ID!) {
  connectionTestProgress(testId: $id) { test { id } }
}"""
OTHER = "query Other { viewer { email } }"
UNKNOWN = "PERSISTED_DOCUMENT_NOT_FOUND"
RESPONSE = "application/graphql-response+json"


def named(text: str) -> str:
    """Return the id of a document, as code generation names it."""
    return f"sha256:{digest_of(text)}"


@pytest.fixture
def required(app_settings: Settings, tmp_path: Path) -> Settings:
    """Settings with which nothing else is run than four documents."""
    manifest = tmp_path / "documents.json"
    manifest.write_text(json.dumps({named(text): text for text in (WHO, UPLOAD, PROGRESS, LOGIN)}))
    changes: dict[str, Any] = {"documents_mode": "require", "documents_files": (manifest,)}
    return app_settings.model_copy(update=changes)


@pytest.fixture(params=[True, False], ids=["short way", "long way"])
async def strict(request: pytest.FixtureRequest, required: Settings) -> AsyncIterator[Api]:
    """The application that requires trusted documents, on both ways through the view."""
    changes = {"compile_queries": request.param}
    async with serving(required.model_copy(update=changes)) as served:
        yield served


def code(answer: httpx.Response) -> str:
    """Return the code of the only error."""
    (error,) = answer.json()["errors"]
    return str(error["extensions"]["code"])


async def bearer(api: Api, who: str) -> dict[str, str]:
    """Return the headers of a person."""
    return {"Authorization": f"Bearer {await api.token(who)}"}


async def test_by_post(strict: Api) -> None:
    """By id, by Apollo's hash, and by the very text; another text is refused and not run."""
    headers = await bearer(strict, MEMBER)
    persisted = {"persistedQuery": {"version": 1, "sha256Hash": digest_of(WHO)}}
    for body in ({"documentId": named(WHO)}, {"extensions": persisted}, {"query": WHO}):
        answer = await strict.client.post("/graphql", json=body, headers=headers)
        assert answer.json()["data"] == {"viewer": {"role": "MEMBER"}}
    for body in ({"query": OTHER}, {"documentId": named(OTHER)}, {"query": "{"}):
        answer = await strict.client.post("/graphql", json=body, headers=headers)
        assert (answer.status_code, code(answer), "data" in answer.json()) == (200, UNKNOWN, False)


async def test_by_get(strict: Api) -> None:
    """A name in the URL is short enough for caches; a page is not what was asked for."""
    headers = await bearer(strict, MEMBER)
    found = await strict.client.get(
        "/graphql", params={"documentId": named(WHO)}, headers=headers | {"Accept": RESPONSE}
    )
    assert found.json()["data"] == {"viewer": {"role": "MEMBER"}}
    refused = await strict.client.get(
        "/graphql", params={"query": OTHER}, headers=headers | {"Accept": RESPONSE}
    )
    assert (refused.status_code, code(refused)) == (400, UNKNOWN)


async def test_a_mutation_by_get_is_refused_by_name_too(strict: Api) -> None:
    """What a document does decides, not how it was named."""
    variables = json.dumps({"input": {"email": "a@example.org", "password": "x"}})
    answer = await strict.client.get(
        "/graphql", params={"documentId": named(LOGIN), "variables": variables}
    )
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


async def test_by_form(strict: Api) -> None:
    """The operations of a form name their document; files reach its variables."""
    for document, found in ((UPLOAD, "a.txt"), (OTHER, UNKNOWN)):
        operations = {
            "documentId": named(document),
            "variables": {"input": {"file": None, "kind": "ATTACHMENT"}},
        }
        answer = await strict.client.post(
            "/graphql",
            data={"operations": json.dumps(operations), "map": '{"0": ["variables.input.file"]}'},
            files={"0": ("a.txt", b"a", "text/plain")},
            headers=await bearer(strict, MEMBER) | {"GraphQL-Require-Preflight": "1"},
        )
        shown = answer.json()
        uploaded = shown.get("data", {}).get("uploadFile", {}).get("file", {}).get("filename")
        assert (uploaded or code(answer)) == found


async def test_in_profile_2026_the_status_says_it(required: Settings) -> None:
    """404: there is no such document; in the other profile it is 200 for older clients."""
    async with serving(required.model_copy(update={"http_status_profile": "2026"})) as api:
        answer = await api.client.post("/graphql", json={"documentId": "sha256:00"})
        assert (answer.status_code, code(answer)) == (404, UNKNOWN)


async def test_by_socket_and_stream(required: Settings) -> None:
    """A subscription by name begins; another text is that operation's error, the socket stays."""
    async with listening(required, FakeProber()) as live, live.socket(MEMBER) as socket:
        named_one = {"documentId": named(WHO)}
        payloads = (named_one, {"query": OTHER}, named_one)
        kinds = []
        for number, payload in enumerate(payloads):
            await socket.send({"id": str(number), "type": "subscribe", "payload": payload})
            message = await socket.receive()
            kinds.append(message["type"])
            if message["type"] == "error":
                assert message["payload"][0]["extensions"]["code"] == UNKNOWN
            else:
                assert (await socket.receive())["type"] == "complete"
        assert kinds == ["next", "error", "next"]
        headers = {"Accept": "text/event-stream"} | await bearer(live, MEMBER)
        body = {"documentId": named(PROGRESS), "variables": {"id": "x"}}
        streamed = await live.client.post("/graphql", json=body, headers=headers)
        assert streamed.headers["content-type"].startswith("text/event-stream")
        assert "NOT_FOUND" in streamed.text
        refused = await live.client.post("/graphql", json={"query": OTHER}, headers=headers)
        assert code(refused) == UNKNOWN


@pytest.mark.parametrize("explorer", [True, False])
async def test_only_staff_with_an_explorer_may_send_texts(
    required: Settings, explorer: bool
) -> None:
    """Admins and owners where the page is served; a name that is unknown stays so for them."""
    passed = []
    async with serving(required.model_copy(update={"explorer": explorer})) as api:
        for who in (OWNER, ADMIN, MEMBER, VIEWER):
            answer = await api.client.post(
                "/graphql", json={"query": OTHER}, headers=await bearer(api, who)
            )
            passed += [who] if "data" in answer.json() else []
        for headers in ({}, {"Authorization": "Bearer no"}):
            answer = await api.client.post("/graphql", json={"query": OTHER}, headers=headers)
            assert code(answer) == UNKNOWN
        answer = await api.client.post(
            "/graphql", json={"documentId": "sha256:00"}, headers=await bearer(api, OWNER)
        )
        assert code(answer) == UNKNOWN
    assert passed == ([OWNER, ADMIN] if explorer else [])


async def test_staff_on_sockets(required: Settings) -> None:
    """The explorer's subscriptions come this way."""
    settings = required.model_copy(update={"explorer": True})
    async with listening(settings, FakeProber()) as live, live.socket(OWNER) as socket:
        await socket.subscribe("1", OTHER, {})
        assert (await socket.receive())["type"] == "next"


async def test_learned_documents(app_settings: Settings) -> None:
    """Apollo's protocol to its end, with the message that its clients look for."""
    settings = app_settings.model_copy(update={"learned_documents": 10})
    persisted = {"persistedQuery": {"version": 1, "sha256Hash": digest_of(WHO)}}
    async with serving(settings) as api:
        answers = [
            (await api.client.post("/graphql", json=body)).json()
            for body in (
                {"extensions": persisted},
                {"extensions": persisted, "query": WHO},
                {"extensions": persisted},
            )
        ]
    assert answers[0]["errors"] == [
        {
            "message": "PersistedQueryNotFound",
            "extensions": {"code": "PERSISTED_QUERY_NOT_FOUND"},
        }
    ]
    assert [answer["data"] for answer in answers[1:]] == [{"viewer": None}, {"viewer": None}]
