"""TLS: who is trusted, what each failure is called, what a second look may tell."""

import asyncio
import contextlib
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from kit.certs import CertificateKit, CertificatePaths, ssl_server_context
from mailconfig.domain.diagnostics.values import Failure
from mailconfig.domain.probes import Certificate
from mailconfig.mail.tls import (
    INSPECTABLE,
    TlsContexts,
    TlsFailure,
    TlsSession,
    TlsSettings,
    TrustAnchorUnreadable,
    classify,
    describe_session,
    inspect,
)

HOST = "mail.example.test"
SECONDS = 5.0
"""Deadline of each handshake; far more than one needs on loopback."""

StartPlain = Callable[..., Awaitable[int]]
"""Starts a server that sends bytes instead of TLS; gives its port."""


class TlsPeer:
    """A server with blocking sockets in a thread: unlike asyncio's, it sends its alerts."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.received = b""
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self) -> None:
        """Stop listening and wait for the last connection to end; a second call does nothing."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(SECONDS)

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                connection.settimeout(SECONDS)
                self._talk(connection)

    def _talk(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            tls = self._context.wrap_socket(connection, server_side=True)
            with tls:
                while data := tls.recv(1024):
                    self.received += data


@pytest.fixture
def kit(tmp_path: Path) -> CertificateKit:
    """Certificates in a folder of the test."""
    return CertificateKit(tmp_path / "certs")


@pytest.fixture
def serve() -> Iterator[Callable[..., TlsPeer]]:
    """Start TLS servers; all are closed after the test."""
    with contextlib.ExitStack() as stack:

        def start(paths: CertificatePaths, *, only: ssl.TLSVersion | None = None) -> TlsPeer:
            peer = TlsPeer(ssl_server_context(paths, only=only))
            stack.callback(peer.close)
            return peer

        yield start


async def connect(port: int) -> asyncio.Transport:
    """Open a connection at the point where TLS begins."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_connection(asyncio.Protocol, "127.0.0.1", port)
    return transport


async def handshake(port: int, context: ssl.SSLContext, name: str = HOST) -> TlsSession:
    """Connect, shake hands for `name`, hang up and tell the session."""
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        async with asyncio.timeout(SECONDS):
            await writer.start_tls(context, server_hostname=name)
        return describe_session(writer.get_extra_info("ssl_object"))
    finally:
        writer.transport.abort()


async def failure(port: int, context: ssl.SSLContext, name: str = HOST) -> TlsFailure:
    """Shake hands in the knowledge that it fails, and classify the error."""
    with pytest.raises((OSError, ssl.SSLError)) as caught:
        await handshake(port, context, name)
    return classify(caught.value)


def trusting(kit: CertificateKit) -> TlsContexts:
    """Contexts that trust the kit's authority and nothing else."""
    return TlsContexts(TlsSettings(ca_file=kit.ca_pem, system_trust=False))


async def test_good_certificate_is_accepted_and_described(
    kit: CertificateKit, serve: Callable[..., TlsPeer]
) -> None:
    """A chain to a trusted root with the right name gives version, cipher and certificate."""
    paths = kit.issue(HOST, "127.0.0.1")
    context = await trusting(kit).verified()

    session = await handshake(serve(paths).port, context)

    assert session.version == "TLSv1.3"
    assert session.cipher == "TLS_AES_256_GCM_SHA384"
    assert session.certificate is not None
    assert session.certificate.names == (HOST, "127.0.0.1")
    assert session.certificate.subject == f"CN={HOST}"
    assert session.certificate.issuer == "CN=test authority"


async def test_address_is_verified_as_an_address(
    kit: CertificateKit, serve: Callable[..., TlsPeer]
) -> None:
    """A host that is an IP address is looked for among the certificate's addresses."""
    context = await trusting(kit).verified()
    named, unnamed = serve(kit.issue(HOST, "127.0.0.1")), serve(kit.issue(HOST))

    assert (await handshake(named.port, context, "127.0.0.1")).version == "TLSv1.3"
    assert (await failure(unnamed.port, context, "127.0.0.1")).verify_code == 64


@pytest.mark.parametrize(
    ("issue", "verify_code"),
    [
        (lambda kit: kit.expired(HOST), 10),
        (lambda kit: kit.not_yet_valid(HOST), 9),
        (lambda kit: kit.self_signed(HOST), 18),
        (lambda kit: kit.unknown_ca(HOST), 20),
        (lambda kit: kit.chain_missing(HOST), 20),
        (lambda kit: kit.wrong_name(), 62),
        (lambda kit: kit.issue(HOST, san=False), 62),  # a common name alone names nobody
        (lambda kit: kit.weak_key(HOST), 66),
    ],
    ids=[
        "expired",
        "early",
        "self-signed",
        "unknown-ca",
        "no-chain",
        "name",
        "common-name",
        "weak-key",
    ],
)
async def test_bad_certificate_is_refused_with_its_code(
    kit: CertificateKit,
    serve: Callable[..., TlsPeer],
    issue: Callable[[CertificateKit], CertificatePaths],
    verify_code: int,
) -> None:
    """Each bad certificate fails as TLS_VERIFY with OpenSSL's number, and is worth a second look,
    which tells which certificate it was and sends nothing.
    """
    peer = serve(issue(kit))

    found = await failure(peer.port, await trusting(kit).verified())
    transport = await connect(peer.port)
    seen = await inspect(transport, HOST, SECONDS)

    assert (found.failure, found.verify_code) == (Failure.TLS_VERIFY, verify_code)
    assert "certificate verify failed" in found.text
    assert found.failure in INSPECTABLE
    assert seen is not None
    assert isinstance(seen.certificate, Certificate)
    assert transport.is_closing()
    peer.close()
    assert peer.received == b""


@pytest.mark.parametrize(
    ("version", "name"),
    [(ssl.TLSVersion.TLSv1, "TLSv1"), (ssl.TLSVersion.TLSv1_1, "TLSv1.1")],
)
async def test_outdated_version_is_refused_and_then_named(
    kit: CertificateKit, serve: Callable[..., TlsPeer], version: ssl.TLSVersion, name: str
) -> None:
    """A server of TLS 1.0 or 1.1 only fails as TLS_VERSION; the second look names its version."""
    peer = serve(kit.issue(HOST), only=version)

    found = await failure(peer.port, await trusting(kit).verified())
    transport = await connect(peer.port)
    seen = await inspect(transport, HOST, SECONDS)

    assert found.failure is Failure.TLS_VERSION
    assert found.failure in INSPECTABLE
    assert seen is not None
    assert seen.version == name


@pytest.fixture
async def plain_server() -> AsyncIterator[StartPlain]:
    """Start servers that send bytes instead of TLS, then hang up or stay."""
    async with contextlib.AsyncExitStack() as stack:

        async def start(data: bytes, *, hang_up: bool = False) -> int:
            async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                writer.write(data)
                if not hang_up:
                    with contextlib.suppress(OSError):
                        while await reader.read(4096):
                            pass
                writer.close()

            server = await asyncio.start_server(talk, "127.0.0.1", 0)
            stack.callback(server.close)
            return int(server.sockets[0].getsockname()[1])

        yield start


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"220 mail.example.test ESMTP\r\n", Failure.TLS_PLAINTEXT),
        (b"* OK IMAP4rev1 ready\r\n", Failure.TLS_PLAINTEXT),
        (b"+OK POP3 ready\r\n", Failure.TLS_PLAINTEXT),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", Failure.TLS_PLAINTEXT),
        (b"SSH-2.0-OpenSSH_9.2\r\n", Failure.TLS_PLAINTEXT),
        (b"GET / HTTP/1.0\r\n", Failure.TLS_PLAINTEXT),
        (b"\x15\x03\x01\x00\x02\x02\x28", Failure.TLS_VERSION),  # alert handshake_failure
        (b"\x15\x03\x01\x00\x02\x02\x46", Failure.TLS_VERSION),  # alert protocol_version
        (b"\x15\x03\x01\x00\x02\x02\x47", Failure.TLS_VERSION),  # alert insufficient_security
        (b"\x15\x03\x01\x00\x02\x02\x50", Failure.TLS_ALERT),  # alert internal_error
        (b"\x15\x03\x01\x00\x02\x01\x00", Failure.CLOSED),  # alert close_notify
    ],
)
async def test_other_answers_to_the_handshake_are_told_apart(
    kit: CertificateKit,
    plain_server: StartPlain,
    data: bytes,
    expected: Failure,
) -> None:
    """Clear text, each kind of alert and a polite end are different failures."""
    port = await plain_server(data)

    found = await failure(port, await trusting(kit).verified())

    assert (found.failure, found.verify_code) == (expected, None)


async def test_server_that_hangs_up_is_closed(
    kit: CertificateKit, plain_server: StartPlain
) -> None:
    """A connection that ends within the handshake fails as CLOSED; a second look gives nothing."""
    port = await plain_server(b"", hang_up=True)

    found = await failure(port, await trusting(kit).verified())
    transport = await connect(port)

    assert found == TlsFailure(Failure.CLOSED, "")
    assert await inspect(transport, HOST, SECONDS) is None


async def test_inspection_ends_in_time(
    plain_server: StartPlain,
) -> None:
    """A server that never answers the handshake gives no session, and the connection is gone."""
    port = await plain_server(b"")
    transport = await connect(port)

    assert await inspect(transport, HOST, 0.05) is None
    assert transport.is_closing()


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (TimeoutError(), Failure.TIMEOUT),
        # asyncio's own handshake timeout
        (
            ConnectionAbortedError(
                "SSL handshake is taking longer than 5 seconds: aborting the connection"
            ),
            Failure.TIMEOUT,
        ),
        (ConnectionResetError(), Failure.CLOSED),
        (asyncio.IncompleteReadError(b"", 1), Failure.CLOSED),
        (ssl.SSLEOFError(8, "EOF occurred in violation of protocol"), Failure.CLOSED),
        (ssl.SSLError(1, "of a kind that nobody knows"), Failure.TLS_ALERT),
        (OSError(5, "Input/output error"), Failure.TLS_ALERT),
        (ValueError("server_hostname cannot be empty"), Failure.TLS_ALERT),
    ],
)
def test_errors_of_the_library_have_one_meaning(error: Exception, expected: Failure) -> None:
    """Errors that are hard to provoke on loopback are classified by their type."""
    assert classify(error).failure is expected


async def test_anchor_of_a_configuration_is_trusted_for_it_only(
    kit: CertificateKit, serve: Callable[..., TlsPeer]
) -> None:
    """The PEM of a private authority makes its leaves good, in the context of that set alone."""
    peer = serve(kit.unknown_ca(HOST))
    contexts = trusting(kit)
    anchors = (kit.root_pem("unknown").read_text(),)

    assert (await handshake(peer.port, await contexts.verified(anchors))).version == "TLSv1.3"
    assert (await failure(peer.port, await contexts.verified())).verify_code == 20


@pytest.mark.parametrize("anchor", ["intermediate", "leaf"])
async def test_anchor_need_not_be_a_root(
    kit: CertificateKit, serve: Callable[..., TlsPeer], anchor: str
) -> None:
    """An uploaded intermediate or self-signed leaf is a trust anchor as it stands."""
    paths = kit.chain_missing(HOST) if anchor == "intermediate" else kit.self_signed(HOST)
    pem = kit.root_pem("intermediate") if anchor == "intermediate" else paths.cert
    contexts = TlsContexts(TlsSettings(system_trust=False))

    session = await handshake(serve(paths).port, await contexts.verified((pem.read_text(),)))

    assert session.version == "TLSv1.3"


async def test_contexts_are_shared_and_bounded(kit: CertificateKit) -> None:
    """One context per set of anchors, in any order; the one unused for longest is forgotten."""
    contexts = TlsContexts(TlsSettings(system_trust=False, contexts_kept=2))
    one, two = (kit.root_pem(name).read_text() for name in ("one", "two"))

    both = await contexts.verified((one, two))
    first = await contexts.verified((one,))

    assert await contexts.verified((two, one, two)) is both
    await contexts.verified((two,))
    assert await contexts.verified((one, two)) is both
    assert await contexts.verified((one,)) is not first


async def test_context_verifies() -> None:
    """The context handed out demands TLS 1.2, a chain and an alternative name."""
    context = await TlsContexts(TlsSettings()).verified()

    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname is True
    assert context.hostname_checks_common_name is False


@pytest.mark.parametrize("anchor", ["", "not a certificate", "-----BEGIN CERTIFICATE-----\nä"])
async def test_unreadable_anchor_is_an_error_of_its_own(anchor: str) -> None:
    """Text without a certificate is refused, never silently trusted as an empty set."""
    with pytest.raises(TrustAnchorUnreadable):
        await TlsContexts(TlsSettings(system_trust=False)).verified((anchor,))


async def test_missing_ca_file_is_an_error_of_its_own(tmp_path: Path) -> None:
    """A CA file that is not there is told, not ignored."""
    with pytest.raises(TrustAnchorUnreadable):
        await TlsContexts(TlsSettings(ca_file=tmp_path / "none.pem")).verified()
