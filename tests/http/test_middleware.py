"""What every request passes: its id, the size of its body, the headers of its answer."""

import asyncio
import json
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.types import Message, Receive, Scope, Send

from kit.api import MEMBER, Api, serving
from mailconfig.http.middleware import BodyLimits, BodyTooLarge, BoundedBodies
from mailconfig.settings import Settings

WHO = json.dumps({"query": "{ viewer { email } }"}).encode()
JSON = {"Content-Type": "application/json"}
HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "content-security-policy": (
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": (
        "accelerometer=(), browsing-topics=(), camera=(), display-capture=(), geolocation=(),"
        " gyroscope=(), hid=(), magnetometer=(), microphone=(), midi=(), payment=(),"
        " publickey-credentials-get=(), serial=(), usb=()"
    ),
}


@pytest.fixture
def engine() -> str:
    """No database is meant here."""
    return "sqlite"


@pytest.mark.parametrize(
    "given", ["case-0042", "0123456789abcdef", "a.b_c-D9", "x" * 64, "12345678"]
)
async def test_a_good_request_id_is_taken_over(api: Api, given: str) -> None:
    """So that one id follows a request through all systems."""
    answer = await api.client.get("/healthz", headers={"X-Request-Id": given})
    assert answer.headers.get_list("x-request-id") == [given]


@pytest.mark.parametrize(
    "given",
    [
        "",
        "short",
        "x" * 65,
        "with space in it",
        "line\tbreaks",
        "<script>alert(1)</script>",
        "caf\N{LATIN SMALL LETTER E WITH ACUTE}-0042",
        "a/b/c/d/e/f",
    ],
)
async def test_any_other_is_replaced(api: Api, given: str) -> None:
    """What could forge a line of the log, or is too long, is not repeated."""
    answer = await api.client.get("/healthz", headers={"X-Request-Id": given.encode()})
    (id,) = answer.headers.get_list("x-request-id")
    assert len(id) == 16
    assert set(id) <= set("0123456789abcdef")


async def test_each_request_has_an_id_of_its_own(api: Api) -> None:
    """Also when nobody gave one."""
    ids = {(await api.client.get("/healthz")).headers["x-request-id"] for _ in range(5)}
    assert len(ids) == 5


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/healthz"),
        ("GET", "/readyz"),
        ("POST", "/graphql"),
        ("GET", "/graphql"),
        ("GET", "/nowhere"),
        ("POST", "/healthz"),
        ("PUT", "/graphql"),
    ],
)
async def test_every_answer_has_the_security_headers(api: Api, method: str, path: str) -> None:
    """Whatever its status: each header once, and an id."""
    answer = await api.client.request(method, path)
    for name, value in HEADERS.items():
        assert answer.headers.get_list(name) == [value]
    assert answer.headers["x-request-id"]
    assert "strict-transport-security" not in answer.headers


@pytest.mark.parametrize(
    ("query", "value"),
    [
        ("{ viewer { email } configs { totalCount } }", "no-store"),
        ('{ provider(by: { id: "gmail" }) { name } }', "private, no-cache"),
    ],
)
async def test_nobody_keeps_what_is_somebodys(api: Api, query: str, value: str) -> None:
    """Answers are not stored (RFC 9111, 5.2.2.5) but for GET of what is the same for everyone."""
    headers = {"Authorization": f"Bearer {await api.token(MEMBER)}"}
    by_get = await api.client.get("/graphql", params={"query": query}, headers=headers)
    by_post = await api.client.post("/graphql", json={"query": query}, headers=headers)
    assert by_get.headers.get_list("cache-control") == [value]
    assert by_post.headers.get_list("cache-control") == ["no-store"]


@pytest.mark.parametrize("path", ["/graphql", "/api/email-config/", "/healthz", "/files/a/b"])
async def test_trace_is_not_served(api: Api, path: str) -> None:
    """No answer repeats the request (RFC 9110, section 9.3.8)."""
    answer = await api.client.request("TRACE", path, headers={"X-Mark": "repeated"})
    assert answer.status_code in {httpx.codes.NOT_FOUND, httpx.codes.METHOD_NOT_ALLOWED}
    assert "repeated" not in answer.text


@pytest.mark.parametrize(
    ("changes", "value"),
    [
        ({}, "max-age=31536000; includeSubDomains"),
        ({"hsts_seconds": 60}, "max-age=60; includeSubDomains"),
        ({"hsts_seconds": 0}, None),
        ({"public_url": "http://mail.example.com"}, None),
    ],
)
async def test_over_https_browsers_insist_on_it(
    app_settings: Settings, changes: dict[str, object], value: str | None
) -> None:
    """Each answer says so, by the short way, in refusals and in files too; never over http."""
    public = {"public_url": "https://mail.example.com"}
    async with serving(app_settings.model_copy(update=public | changes)) as api:
        answers = [
            await api.client.get("/healthz"),
            await api.client.post("/graphql", content=WHO, headers=JSON),
            await api.client.post("/graphql", content=b"{", headers={"Origin": "null"}),
            await api.client.get("/files/a/b"),
            await api.client.get("/graphql", headers={"Host": "evil.example"}),
        ]
    assert [a.status_code for a in answers] == [200, 200, 403, 404, 421]
    assert [a.headers.get("strict-transport-security") for a in answers] == [value] * 5


@pytest.mark.parametrize("path", ["/", "/nowhere", "/graphql/x", "/files", "/healthz/x"])
async def test_an_unknown_path_is_not_found(api: Api, path: str) -> None:
    """No page, no list of routes, no redirect."""
    answer = await api.client.get(path)
    assert (answer.status_code, answer.text) == (404, "Not Found")


async def chunks(size: int, count: int) -> AsyncIterator[bytes]:
    """Yield a body in pieces, so that its length is not declared."""
    for _ in range(count):
        yield b" " * size


@pytest.fixture
async def small(app_settings: Settings) -> AsyncIterator[Api]:
    """The application with a limit of 2000 bytes on plain bodies."""
    async with serving(app_settings.model_copy(update={"max_body_bytes": 2000})) as served:
        yield served


async def test_a_body_of_the_limit_is_read(small: Api) -> None:
    """2000 bytes are allowed, declared or not."""
    padded = WHO + b" " * (2000 - len(WHO))
    answer = await small.client.post("/graphql", content=padded, headers=JSON)
    assert answer.json()["data"] == {"viewer": None}

    async def pieces() -> AsyncIterator[bytes]:
        yield padded[:1000]
        yield padded[1000:]

    answer = await small.client.post("/graphql", content=pieces(), headers=JSON)
    assert answer.json()["data"] == {"viewer": None}


async def test_a_longer_body_is_refused_by_its_declared_length(small: Api) -> None:
    """413 in JSON."""
    answer = await small.client.post("/graphql", content=b" " * 2001, headers=JSON)
    assert answer.status_code == 413
    assert answer.json() == {
        "errors": [
            {
                "message": "A body of this kind has at most 2000 bytes.",
                "extensions": {"code": "LIMIT_EXCEEDED"},
            }
        ]
    }
    assert answer.headers["x-request-id"]


async def test_a_longer_body_is_refused_by_counting(small: Api) -> None:
    """Where no length was declared, or a wrong one, the bytes are counted."""
    answer = await small.client.post("/graphql", content=chunks(1000, 3), headers=JSON)
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (
        413,
        "LIMIT_EXCEEDED",
    )
    lying = JSON | {"Content-Length": "5"}
    answer = await small.client.post("/graphql", content=chunks(1000, 3), headers=lying)
    assert answer.status_code == 413


async def test_forms_have_a_limit_of_their_own(app_settings: Settings) -> None:
    """As much as the files and fields may have together, and no more."""
    limits = {
        "max_body_bytes": 2000,
        "upload_max_bytes": 1000,
        "upload_max_files": 1,
        "upload_max_field_bytes": 1024,
    }
    async with serving(app_settings.model_copy(update=limits)) as api:
        most = 1000 + 2 * 1024 + 64 * 1024
        headers = {
            "Content-Type": "multipart/form-data; boundary=b",
            "GraphQL-Require-Preflight": "1",
            "Authorization": f"Bearer {await api.token(MEMBER)}",
        }

        async def endless_file() -> AsyncIterator[bytes]:
            yield b'--b\r\nContent-Disposition: form-data; name="0"; filename="a"\r\n\r\n'
            async for chunk in chunks(most, 2):
                yield chunk

        declared = await api.client.post("/graphql", content=b" " * (most + 1), headers=headers)
        counted = await api.client.post("/graphql", content=endless_file(), headers=headers)
        assert (declared.status_code, counted.status_code) == (413, 413)
        answer = await api.client.post("/graphql", content=b" " * 3000, headers=headers)
        assert answer.status_code == 400


async def test_what_has_begun_to_answer_is_cut_off() -> None:
    """A second status cannot be sent, so the connection ends instead."""
    sent: list[Message] = []

    async def app(_scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await receive()

    async def receive() -> Message:
        return {"type": "http.request", "body": b"x" * 11, "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    bounded = BoundedBodies(app, BodyLimits(plain=10, multipart=10))
    scope = {"type": "http", "path": "/", "query_string": b"", "headers": []}
    with pytest.raises(BodyTooLarge):
        await bounded(scope, receive, send)
    assert [message["type"] for message in sent] == ["http.response.start"]


async def test_a_body_that_does_not_come_is_refused(app_settings: Settings) -> None:
    """408 after its time, and the connection ends; forms have a time of their own."""
    limits = {"body_seconds": 0.1, "upload_seconds": 0.2}

    async def slow() -> AsyncIterator[bytes]:
        yield b"--b\r\n"
        await asyncio.sleep(30)

    async with serving(app_settings.model_copy(update=limits)) as api:
        form = {"Content-Type": "multipart/form-data; boundary=b", "GraphQL-Require-Preflight": "1"}
        for headers, seconds in ((JSON, "0.1"), (form, "0.2")):
            answer = await api.client.post("/graphql", content=slow(), headers=headers)
            assert (answer.status_code, answer.headers.get("connection")) == (408, "close")
            assert answer.json()["errors"] == [
                {
                    "message": f"A body of this kind has at most {seconds} seconds to come.",
                    "extensions": {"code": "LIMIT_EXCEEDED"},
                }
            ]


async def test_long_urls_and_large_headers_are_refused(app_settings: Settings) -> None:
    """414 and 431 in JSON, on every path; what is just allowed passes."""
    limits = {"max_url_bytes": 1024, "max_header_bytes": 4096}
    async with serving(app_settings.model_copy(update=limits)) as api:
        for path in ("/graphql", "/healthz", "/nowhere"):
            fits = f"{path}?{'a' * (1024 - len(path))}"
            assert (await api.client.get(fits)).status_code not in {414, 431}
            long = await api.client.get(f"{fits}a")
            large = await api.client.get(path, headers={"X-Padding": "x" * 4096})
            assert (long.status_code, large.status_code) == (414, 431)
            assert long.json()["errors"][0]["extensions"] == {"code": "LIMIT_EXCEEDED"}
            assert large.headers["x-request-id"]


@pytest.mark.parametrize("length", ["-1", "abc", "", "\N{SUPERSCRIPT TWO}", "5"])
async def test_a_wrong_length_is_not_believed(small: Api, length: str) -> None:
    """What is no number says nothing; the bytes are counted whatever it says."""
    headers = JSON | {"Content-Length": length.encode("latin-1")}
    answer = await small.client.post("/graphql", content=chunks(1000, 3), headers=headers)
    assert answer.status_code == 413


async def test_an_endless_length_is_too_large(small: Api) -> None:
    """5,000 digits are refused without being counted."""
    headers = JSON | {"Content-Length": "9" * 5000}
    answer = await small.client.post("/graphql", content=b"{}", headers=headers)
    assert answer.status_code == 413


async def test_a_client_that_leaves_is_no_error(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    """Half a body and a hang-up leave nothing in the log."""

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(_message: Message) -> None:
        pytest.fail("there is nobody to answer")

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/graphql",
        "query_string": b"",
        "headers": [(b"content-type", b"application/json"), (b"content-length", b"10")],
        "client": ("127.0.0.1", 1),
    }
    await api.app(scope, receive, send)
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []
