"""Sending under pressure: cancellation, slow readers, early replies, floods, and clear text."""

import asyncio
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path

import pytest

from kit.certs import CertificateKit, ssl_server_context
from kit.probing import HOST, loopback_egress
from kit.scripted import Peer, Step, scripted
from kit.sendserver import (
    CONTENT,
    SETTINGS,
    Commits,
    Outgoing,
    ended,
    hanging_up,
    sending,
    silent,
    transport,
)
from mailconfig.domain.delivery import Delivery
from mailconfig.domain.diagnostics import DiagnosticCode, Phase, diagnose_code
from mailconfig.domain.diagnostics.values import Failure
from mailconfig.domain.resolution import IPAddress
from mailconfig.domain.servers import TransportSecurity
from mailconfig.egress import Egress, EgressPolicy
from mailconfig.mail.failures import DialogueFailed
from mailconfig.mail.sending import SmtpTransport, _check_address
from mailconfig.mail.sessions import Session
from mailconfig.mail.smtp import SmtpDialogue
from mailconfig.mail.tls import TlsContexts, TlsSettings

PATIENT = replace(
    SETTINGS, greeting_seconds=30, sign_in_seconds=30, command_seconds=30, answer_seconds=30
)
LARGE = b"x" * 70 + b"\r\n"


@pytest.mark.parametrize("stage", ["", "EHLO", "AUTH", "MAIL", "RCPT", "DATA", ".", "RSET"])
async def test_cancellation_hangs_up_at_once(stage: str) -> None:
    """At every stage; nothing is kept, and the server sees its client go."""
    says: dict[str, object] = {stage: silent}
    if stage == "RSET":
        says["MAIL"] = "550 no"
    server = Outgoing(says=says)  # type: ignore[arg-type]
    async with server.listening() as port:
        out = transport(port, replace(PATIENT, reset_seconds=30))
        task = asyncio.create_task(out.send(sending(port), Commits()))
        await asyncio.sleep(0.2)
        assert server.open == 1
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with asyncio.timeout(2):
            await server.deserted()
        assert (out._pool.idle, out._pool._accounts) == (0, {})
    if stage not in (".", "RSET"):
        assert server.messages == []


async def test_cancellation_while_committing_sends_nothing() -> None:
    """The server is left without the message, whatever the commit came to."""

    async def never() -> bool:
        await asyncio.sleep(3600)
        return True

    server = Outgoing()
    async with server.listening() as port:
        task = asyncio.create_task(transport(port).send(sending(port), never))
        await asyncio.sleep(0.2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await server.deserted()
        assert server.server is not None
        assert server.server.clear.endswith(b"DATA\r\n")


async def large(data: Step, *, seconds: float = 1.0, size: int = 16 << 20) -> Delivery:
    """Send a message that no buffer holds to a server that does `data` at DATA."""
    server = Outgoing(extensions=(), says={"DATA": data})
    content = LARGE * (size // len(LARGE))
    async with server.listening() as port:
        settings = replace(SETTINGS, block_seconds=seconds, slowest_bytes_per_second=1e9)
        out = transport(port, settings)
        delivery = await out.send(sending(port, content=content), Commits())
        assert out._pool.idle == 0
        async with asyncio.timeout(2):
            await server.deserted()
    return delivery


async def not_reading(peer: Peer) -> None:
    """Ask for the content and read nothing of it."""
    await peer.send(b"354 go on\r\n")
    await asyncio.sleep(3600)


async def test_server_that_reads_nothing_ends_by_the_time_for_the_content() -> None:
    """There is no doubt: its end never went out."""
    settings = replace(SETTINGS, block_seconds=0.3, slowest_bytes_per_second=1e9)
    server = Outgoing(extensions=(), says={"DATA": not_reading})
    async with server.listening() as port:
        message = sending(port, content=LARGE * 200_000)
        delivery = await transport(port, settings).send(message, Commits())
    assert ended(delivery) == (Phase.DATA, Failure.TIMEOUT, None, False)


async def test_slow_reader_gets_the_time_that_the_size_takes() -> None:
    """The wait for the reply begins when the content is out, not before."""
    read = 0

    async def slowly(peer: Peer) -> None:
        nonlocal read
        await peer.send(b"354 go on\r\n")
        tail = b""
        while not tail.endswith(b"\r\n.\r\n"):
            data = await peer.read()
            read += len(data)
            tail = (tail + data)[-5:]
            await asyncio.sleep(0.003)
        await peer.send(b"250 queued\r\n")

    content = LARGE * 200_000
    server = Outgoing(extensions=(), says={"DATA": slowly})
    settings = replace(SETTINGS, block_seconds=20, answer_seconds=1.0)
    async with server.listening() as port:
        out = transport(port, settings)
        delivery = await out.send(sending(port, content=content), Commits())
        await out.close()
    assert (delivery.observation, delivery.reply) == (None, "250 queued")
    assert read == len(content) + len(b".\r\n")


async def refusing_early(peer: Peer) -> None:
    """Refuse the content while it comes, without reading on."""
    await peer.send(b"354 go on\r\n")
    await asyncio.sleep(0.3)  # until all buffers are full, and the client waits
    await peer.send(b"552 5.3.4 too large\r\n")
    await asyncio.sleep(1.5)
    await peer.hold()


async def refusing_and_closing(peer: Peer) -> None:
    """Refuse the content while it comes, and hang up."""
    await peer.send(b"354 go on\r\n")
    await peer.read()
    await peer.send(b"421 4.3.2 shutting down\r\n")
    await asyncio.sleep(0.1)
    await hanging_up(peer)


async def praising_early(peer: Peer) -> None:
    """Accept what has not ended."""
    await peer.send(b"354 go on\r\n")
    await peer.read()
    await peer.send(b"250 fine\r\n")
    await asyncio.sleep(1.5)
    await peer.hold()


async def leaving_early(peer: Peer) -> None:
    """Hang up while the content comes."""
    await peer.send(b"354 go on\r\n")
    await peer.read()
    await hanging_up(peer)


@pytest.mark.parametrize(
    ("data", "failure", "code", "doubtful"),
    [
        (refusing_early, Failure.REPLY, 552, False),  # the end was never sent: no doubt
        (refusing_and_closing, Failure.REPLY, 421, False),
        (praising_early, Failure.VIOLATION, None, True),
        (leaving_early, Failure.CLOSED, None, False),  # its end was never sent
    ],
)
async def test_reply_before_the_end_of_the_content(
    data: Step, failure: Failure, code: int | None, *, doubtful: bool
) -> None:
    """A refusal counts at once, without waiting for the server to read; no other word does.

    What the server left before its end it has not got.
    """
    delivery = await large(data)
    assert ended(delivery) == (Phase.DATA, failure, code, doubtful)


async def pushing_ahead(peer: Peer) -> None:
    """Answer MAIL, and what has not been asked."""
    await peer.send(b"250 fine\r\n250 fine\r\n354 go on\r\n250 queued\r\n")
    await peer.hold()


async def test_replies_pushed_ahead_are_not_believed() -> None:
    """The dialogue ends; the message was not accepted by a reply that came before it."""
    server, commits = Outgoing(says={"MAIL": pushing_ahead}), Commits()
    async with server.listening() as port:
        delivery = await transport(port).send(sending(port), commits)
        await server.deserted()
    assert ended(delivery) == (Phase.RCPT, Failure.VIOLATION, None, False)
    assert (server.commands, commits.asked) == (["MAIL"], 0)


async def test_content_is_not_sent_where_it_was_answered_already() -> None:
    """A reply behind 354 would be taken for the answer to the message."""

    async def both(peer: Peer) -> None:
        await peer.send(b"354 go on\r\n250 queued\r\n")
        await peer.hold()

    server, commits = Outgoing(says={"DATA": both}), Commits()
    async with server.listening() as port:
        delivery = await transport(port).send(sending(port), commits)
    assert ended(delivery) == (Phase.DATA, Failure.VIOLATION, None, False)
    assert commits.asked == 0


async def test_flood_between_messages_takes_no_memory() -> None:
    """A kept connection that speaks without end is closed with its first words."""

    async def flooding(peer: Peer) -> None:
        await peer.send(b"250 queued\r\n")
        while True:
            await peer.send(b"250-and\r\n" * 1000)

    server = Outgoing(says={".": flooding})
    async with server.listening() as port:
        out = transport(port)
        assert (await out.send(sending(port), Commits())).observation is None
        async with asyncio.timeout(2):
            await server.deserted()
        assert out._pool.idle == 0


async def test_multiline_and_split_replies_are_one_reply_each() -> None:
    """Lines and segments do not count, the last line's form does."""

    async def in_pieces(peer: Peer) -> None:
        for piece in (b"25", b"0-first\r", b"\n250", b"-second\r\n2", b"50 last", b"\r\n"):
            await peer.send(piece)
            await asyncio.sleep(0.01)

    server = Outgoing(says={"MAIL": in_pieces, ".": in_pieces})
    async with server.listening() as port:
        out = transport(port)
        delivery = await out.send(sending(port), Commits())
        assert out._pool.idle == 1
        await out.close()
    assert (delivery.observation, delivery.reply) == (None, "250 first 250 second 250 last")


class _Public:
    """Knows every name as one public address."""

    async def addresses(self, _host: str) -> tuple[IPAddress, ...]:
        return (ip_address("8.8.8.8"),)


async def test_clear_text_goes_to_allowed_networks_only() -> None:
    """Towards a public address nothing is dialled without TLS; the diagnosis says why."""
    dialled: list[object] = []

    def no_socket(family: object) -> None:
        dialled.append(family)
        raise AssertionError

    egress = Egress(
        EgressPolicy(refusal_seconds=0), _Public(), open_socket=no_socket  # type: ignore[arg-type]
    )  # fmt: skip
    out = SmtpTransport(egress, TlsContexts(TlsSettings(system_trust=False)), SETTINGS)
    commits = Commits()
    delivery = await out.send(sending(587), commits)
    assert ended(delivery) == (Phase.EHLO, Failure.REPLY, None, False)
    assert delivery.observation is not None
    assert diagnose_code(delivery.observation) is DiagnosticCode.STARTTLS_REQUIRED
    assert (delivery.session_refused, dialled, commits.asked) == (True, [], 0)


async def test_egress_refusal_is_told() -> None:
    """A port that is not allowed is an observation as in a connection test."""
    delivery = await transport(1, SETTINGS).send(sending(2), Commits())
    assert ended(delivery) == (Phase.DNS, Failure.EGRESS_REFUSED, None, False)
    assert delivery.session_refused


SIGNED_IN = """
C: EHLO [127.0.0.1]
S: 250-mail.example.test
S: 250 AUTH PLAIN
C: AUTH PLAIN *
S: 235 welcome
C: MAIL FROM:<ann@example.test>
S: 250 fine
C: RCPT TO:<bob@example.test>
S: 250 fine
C: DATA
S: 354 go on
C: Subject: hello
C:
C: hi
C: .
S: 250 queued
C: QUIT
"""
UPGRADED = """
S: 220 mail.example.test
C: EHLO [127.0.0.1]
S: 250-mail.example.test
S: 250 STARTTLS
C: STARTTLS
S: 220 go on
TLS
"""


@pytest.mark.parametrize(
    ("security", "begin"),
    [
        (TransportSecurity.TLS, "TLS\nS: 220 mail.example.test"),
        (TransportSecurity.STARTTLS, UPGRADED),
    ],
    ids=["tls", "starttls"],
)
async def test_sends_inside_of_tls(tmp_path: Path, security: TransportSecurity, begin: str) -> None:
    """Secret and content travel inside; the anchors of the configuration are trusted."""
    kit = CertificateKit(tmp_path)
    context = ssl_server_context(kit.issue(HOST))
    async with scripted(begin + SIGNED_IN, tls=context) as server:
        out = SmtpTransport(
            loopback_egress([server.port]), TlsContexts(TlsSettings(system_trust=False)), SETTINGS
        )
        message = sending(server.port)
        settings = replace(message.target.settings, security=security)
        message = replace(
            message,
            target=replace(message.target, settings=settings),
            trust_anchors=(kit.ca_pem.read_text(),),
        )
        refused = await out.send(replace(message, trust_anchors=()), Commits())
        assert ended(refused)[:2] == (Phase.TLS, Failure.TLS_VERIFY)
        server._problems.clear()
        delivery = await out.send(message, Commits())
        await out.close()
        await server.finished()
    server.check()
    assert delivery.observation is None
    assert b"hello" not in server.clear
    assert CONTENT in server.inside


async def test_public_address_after_all_ends_the_session() -> None:
    """A name that changed between the two look-ups gets no message in clear text."""
    target = sending(587).target
    context = await TlsContexts(TlsSettings(system_trust=False)).verified()
    egress, limits = loopback_egress([587]), SETTINGS.for_dialogues()
    session = Session(target, SmtpDialogue, egress=egress, context=context, settings=limits)
    for address in (None, "127.0.0.1"):
        session.address = address
        _check_address(session)
    session.address = "8.8.8.8"
    with pytest.raises(DialogueFailed):
        _check_address(session)
