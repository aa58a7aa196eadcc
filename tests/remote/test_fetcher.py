"""The fetcher against a scripted HTTPS server: what it sends, follows, refuses and cuts off."""

import asyncio
import gzip
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from kit.certs import CertificateKit, CertificatePaths
from kit.web import WebServer
from mailconfig.domain.fetching import (
    FetchBroken,
    Fetched,
    FetchFailed,
    FetchRefused,
    FetchTimeout,
    FetchTooLarge,
    FetchUnreachable,
    FetchUntrusted,
)
from mailconfig.egress import Egress, EgressPolicy
from mailconfig.remote.fetcher import HttpsFetcher

HOST = "example.test"
URL = f"https://{HOST}/document"
MAX_BYTES = 64 * 1024


@pytest.fixture
def certificates(tmp_path: Path) -> CertificateKit:
    """Certificates of a test authority."""
    return CertificateKit(tmp_path)


@pytest.fixture
async def web(certificates: CertificateKit) -> AsyncIterator[WebServer]:
    """A server without pages. After each test no connection and no task is left."""
    descriptors = _descriptors()
    async with WebServer(certificates) as server:
        yield server
        await server.quiet()
    await asyncio.sleep(0.01)
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert _descriptors() == descriptors


def _descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


async def get(web: WebServer, url: str = URL, seconds: float = 5.0) -> Fetched:
    """Fetch as discovery does."""
    return await web.fetcher().get(url, seconds=seconds, max_bytes=MAX_BYTES)


async def test_document_is_fetched(web: WebServer) -> None:
    """Status, type without parameters, body and headers arrive as they were sent."""
    web.page(HOST, "/document", "hello", content_type="Text/XML; charset=utf-8", headers=("X: 1",))

    found = await get(web, f"{URL}?emailaddress=a%40example.test#part")

    assert found == Fetched(
        url=f"{URL}?emailaddress=a%40example.test",
        status=200,
        content_type="text/xml",
        body=b"hello",
        headers={"content-type": "Text/XML; charset=utf-8", "content-length": "5", "x": "1"},
    )


async def test_request_tells_nothing_about_us(
    web: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The request has these headers and no others; proxies of the environment are not used."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    web.page(HOST, "/document", "")

    await get(web)

    assert web.requests[0].target == "/document"
    assert web.requests[0].headers == {
        "host": HOST,
        "user-agent": "mailconfig",
        "accept": "*/*",
        "accept-encoding": "identity",
        "connection": "close",
    }


async def test_each_request_has_its_own_connection_and_no_cookies(web: WebServer) -> None:
    """What a server sets is forgotten: the second request looks like the first."""
    web.page(HOST, "/document", "", headers=("Set-Cookie: id=1",))
    fetcher = web.fetcher()
    for _ in range(2):
        await fetcher.get(URL, seconds=5, max_bytes=MAX_BYTES)

    assert web.requests[0] == web.requests[1]
    assert web.names == [HOST, HOST]


async def test_any_status_is_an_answer(web: WebServer) -> None:
    """404 is no failure of the fetcher."""
    web.page(HOST, "/other", "")

    assert (await get(web)).status == 404


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirect_is_followed(web: WebServer, status: int) -> None:
    """Each kind of redirect leads to the other host by GET, looked up and checked anew."""
    web.redirect(HOST, "/document", "https://other.test/there?x=1#part", status)
    web.page("other.test", "/there", "hello")

    found = await get(web)

    assert (found.url, found.body) == ("https://other.test/there?x=1", b"hello")
    assert web.names == [HOST, "other.test"]


async def test_relative_redirect_is_followed(web: WebServer) -> None:
    """A Location may be a path (RFC 9110, section 10.2.2)."""
    web.redirect(HOST, "/document", "../there")
    web.page(HOST, "/there", "hello")

    assert (await get(web)).url == f"https://{HOST}/there"


async def test_redirect_without_location_is_an_answer(web: WebServer) -> None:
    """A redirect that leads nowhere ends here."""
    web.page(HOST, "/document", "", status=302)

    assert (await get(web)).status == 302


@pytest.mark.parametrize(
    "location",
    [
        "http://example.test/document",  # clear text
        "//10.0.0.1/",  # a private address
        "https://127.0.0.2:8443/",  # another port
        "https://169.254.169.254/latest/meta-data",  # a cloud's metadata
        "https://[::1]/",  # loopback that is not allowed
        "https://2130706433/",  # an address in one number
        "https://inner.test/",  # a name that leads to a private address
        "https://user:secret@example.test/",  # a user name
        "https://example.test:0/",  # no port
        "https://example.test:99999/",  # no port
        "https://[broken/",  # no URL
        "file:///etc/passwd",  # another scheme
        "javascript:alert(1)",  # another scheme
        "https://exa mple.test/",  # blanks
        "https://b\xfcro.test/",  # not ASCII
        f"https://example.test/{'a' * 3000}",  # endless
    ],
)
async def test_unsafe_redirect_is_refused(web: WebServer, location: str) -> None:
    """A redirect away from https, an allowed port or the internet is not followed."""
    head = f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"
    web.raw(HOST, "/document", head.encode("latin-1"))
    web.point("inner.test", "10.0.0.1")

    with pytest.raises(FetchRefused):
        await get(web)
    assert len(web.requests) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://example.test/document",  # clear text
        "https://user@example.test/document",  # a user name
        "https://example.test:8443/document",  # another port
        "https://10.0.0.1/",  # a private address
        "https:///document",  # no host
        "",  # nothing
    ],
)
async def test_unsafe_url_is_refused(web: WebServer, url: str) -> None:
    """Nothing is asked of a URL that may not be fetched."""
    with pytest.raises(FetchRefused):
        await get(web, url)
    assert web.requests == []


async def test_loop_of_redirects_ends(web: WebServer) -> None:
    """After three redirects no fourth is followed."""
    web.redirect(HOST, "/document", "/document")

    with pytest.raises(FetchRefused):
        await get(web)
    assert len(web.requests) == 4


async def test_number_of_redirects_is_the_callers(web: WebServer) -> None:
    """With none allowed the first redirect is refused."""
    web.redirect(HOST, "/document", "/there")

    with pytest.raises(FetchRefused):
        await web.fetcher().get(URL, seconds=5, max_bytes=MAX_BYTES, redirects=0)
    assert len(web.requests) == 1


@pytest.mark.parametrize(
    "bad",
    [
        lambda kit: kit.expired(HOST),
        lambda kit: kit.self_signed(HOST),
        lambda kit: kit.unknown_ca(HOST),
        lambda kit: kit.wrong_name(),
    ],
    ids=["expired", "self-signed", "unknown authority", "wrong name"],
)
async def test_bad_certificate_is_refused(
    web: WebServer,
    certificates: CertificateKit,
    bad: Callable[[CertificateKit], CertificatePaths],
) -> None:
    """A certificate that does not verify ends the fetch before anything is asked."""
    web.page(HOST, "/document", "hello")
    web.certificate(HOST, bad(certificates))

    with pytest.raises(FetchUntrusted):
        await get(web)
    assert web.requests == []


async def test_unknown_name_is_unreachable(web: WebServer) -> None:
    """A name that does not exist is no document."""
    with pytest.raises(FetchUnreachable):
        await get(web, "https://nobody.test/")


async def test_closed_port_is_unreachable(web: WebServer) -> None:
    """Where nothing listens there is no document."""
    web.page(HOST, "/document", "")
    web.port = 1

    with pytest.raises(FetchUnreachable):
        await get(web)


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("head", "again"),
    [
        (None, b"x" * 4096),  # a body until the end
        (CHUNKED, b"1000\r\n" + b"x" * 4096 + b"\r\n"),  # chunks
        (CHUNKED, b"1\r\nx\r\n" * 500),  # chunks of one byte
        (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n" * 500),  # a head
        (b"HTTP/1.1 200 OK\r\nX: ", b"y" * 4096),  # a header
        (b"", b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100),  # interim answers
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n", b"x" * 4096),  # announced
    ],
)
async def test_endless_answer_is_cut(web: WebServer, head: bytes | None, again: bytes) -> None:
    """Whatever has no end is given up at the limit, and the connection is closed."""
    web.endless(HOST, "/document", head=head, again=again)

    with pytest.raises(FetchTooLarge):
        await get(web)
    await web.quiet()


async def test_limit_is_exact(web: WebServer) -> None:
    """A body of exactly the limit is taken, one byte more is not."""
    web.page(HOST, "/document", b"x" * MAX_BYTES)
    assert len((await get(web)).body) == MAX_BYTES
    web.page(HOST, "/document", b"x" * (MAX_BYTES + 1))

    with pytest.raises(FetchTooLarge):
        await get(web)


async def test_huge_head_is_too_large(web: WebServer) -> None:
    """A head of more than 16 kB is not taken, although it ends."""
    web.page(HOST, "/document", "", headers=(f"X: {'y' * 20_000}",))

    with pytest.raises(FetchTooLarge):
        await get(web)


@pytest.mark.parametrize("encoding", ["gzip", "br", "gzip, identity"])
async def test_encoded_body_is_not_read(web: WebServer, encoding: str) -> None:
    """A bomb stays packed: nobody asked for an encoding."""
    bomb = gzip.compress(bytes(10_000_000))
    web.page(HOST, "/document", bomb, headers=(f"Content-Encoding: {encoding}",))

    with pytest.raises(FetchBroken):
        await get(web)


@pytest.mark.parametrize(
    "data",
    [
        b"220 mail.example.test ESMTP\r\n\r\n",  # another protocol
        b"\x00" * 100 + b"\r\n\r\n",  # nothing at all
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",  # two lengths
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",  # no length
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n",  # no chunk
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nhello",
    ],
)
async def test_nonsense_is_broken(web: WebServer, data: bytes) -> None:
    """What is not HTTP, or an upgrade that nobody asked for, is no document."""
    web.raw(HOST, "/document", data)

    with pytest.raises(FetchBroken):
        await get(web)


@pytest.mark.parametrize(
    "data",
    [
        b"",  # at once
        b"HTTP/1.1 200 OK\r\nContent-",  # in the head
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello",  # in the body
        CHUNKED + b"5\r\nhello\r\n",  # before the last chunk
    ],
)
async def test_cut_answer_is_unreachable(web: WebServer, data: bytes) -> None:
    """Half an answer is none."""
    web.raw(HOST, "/document", data)

    with pytest.raises(FetchUnreachable):
        await get(web)


@pytest.mark.parametrize(
    "script",
    [
        lambda web: web.silent(HOST, "/document"),
        lambda web: web.dripping(HOST, "/document", b"HTTP/1.1 200 OK\r\n\r\n", b"x"),
        lambda web: web.dripping(HOST, "/document", b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
    ],
    ids=["silent", "slow body", "slow head"],
)
async def test_slow_answer_ends_in_time(
    web: WebServer, script: Callable[[WebServer], None]
) -> None:
    """The deadline ends any answer, and the connection with it."""
    script(web)
    loop = asyncio.get_running_loop()
    start = loop.time()

    with pytest.raises(FetchTimeout):
        await get(web, seconds=0.5)
    assert loop.time() - start < 1.0
    await web.quiet()


async def test_slow_redirects_share_one_deadline(web: WebServer) -> None:
    """The time of all hops counts together."""

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.3)
        writer.write(b"HTTP/1.1 302 Found\r\nLocation: /document\r\nContent-Length: 0\r\n\r\n")

    web.answer(HOST, "/document", answer)

    with pytest.raises(FetchTimeout):
        await get(web, seconds=0.5)
    assert 1 <= len(web.requests) <= 2


async def test_silent_handshake_ends_in_time(web: WebServer) -> None:
    """A server that takes the connection and never speaks TLS is left in time."""

    async def wait(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(wait, "127.0.0.1", 0)
    web.page(HOST, "/document", "")
    web.port = server.sockets[0].getsockname()[1]

    with pytest.raises(FetchTimeout):
        await get(web, seconds=0.3)
    server.close()
    await server.wait_closed()
    await asyncio.sleep(0.05)


async def test_fetch_can_be_cancelled(web: WebServer) -> None:
    """Cancellation ends the fetch at once and closes the connection."""
    web.silent(HOST, "/document")
    task = asyncio.create_task(get(web, seconds=60))
    await web.asked.wait()

    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    await web.quiet()


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ((), None),  # nothing said
        (("Cache-Control: max-age=600",), 600),
        (("Cache-Control: public, MAX-AGE=600",), 600),
        (("Cache-Control: max-age=600, s-maxage=60",), 60),  # we are a shared cache
        (("Cache-Control: max-age=600", "Age: 100"), 500),
        (("Cache-Control: max-age=600", "Age: 900"), 0),
        (("Cache-Control: no-store, max-age=600",), 0),
        (("Cache-Control: private",), 0),
        (("Cache-Control: max-age=much",), 0),
        (("Cache-Control: max-age=99999999999999999999",), 0),
        (
            (
                "Date: Sun, 06 Nov 1994 08:49:37 GMT",
                "Expires: Sun, 06 Nov 1994 08:50:37 GMT",
            ),
            60,
        ),
        (("Date: Sun, 06 Nov 1994 08:49:37 GMT", "Expires: 0"), 0),
        (
            (
                "Date: Sun, 06 Nov 1994 08:49:37 GMT",
                "Expires: Sun, 06 Nov 99999999999999999999 08:50:37 GMT",
            ),
            0,
        ),
        (("Expires: Sun, 06 Nov 1994 08:50:37 GMT",), None),  # in relation to nothing
    ],
)
async def test_lifetime_is_read_from_the_headers(
    web: WebServer, headers: tuple[str, ...], seconds: int | None
) -> None:
    """How long an answer may be kept is what RFC 9111 makes of its headers."""
    web.page(HOST, "/document", "", headers=headers)

    assert (await get(web)).max_age_seconds == seconds


async def test_forbidden_target_is_refused_before_anything_is_sent(web: WebServer) -> None:
    """A name that leads to a private address is refused whole."""
    web.page(HOST, "/document", "")
    web.point(HOST, "192.168.1.1")

    with pytest.raises(FetchRefused):
        await get(web)
    assert web.requests == []


async def test_texts_of_failures_hold_no_query(web: WebServer) -> None:
    """The address in the query is in no text that goes to a log."""
    web.silent(HOST, "/document")
    failures = []
    for url in (f"{URL}?emailaddress=ann", "http://example.test/?emailaddress=ann"):
        with pytest.raises(FetchFailed) as caught:
            await get(web, url, seconds=0.2)
        failures.append(str(caught.value))

    assert "ann" not in " ".join(failures)


async def test_faults_of_our_own_are_not_hidden(web: WebServer) -> None:
    """A TLS context that cannot be made is no failure of a stranger."""

    async def broken() -> ssl.SSLContext:
        raise RuntimeError("no context")

    fetcher = HttpsFetcher(Egress(EgressPolicy(), web), broken)
    with pytest.raises(RuntimeError, match="no context"):
        await fetcher.get(URL, seconds=1, max_bytes=1)
