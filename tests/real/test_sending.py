"""Sending through a real Postfix over kept connections, into the mailboxes of a real Dovecot."""

import asyncio
import re
import secrets
import time
from ipaddress import ip_network
from pathlib import Path
from uuid import uuid4

import pytest

from kit.connections import Account, fresh_name, target
from kit.dovecot import Dovecot
from kit.postfix import Postfix
from kit.servers import FAR, GOOD_HOST, Certificates, LoopbackResolver
from mailconfig.domain.delivery import Delivery, Envelope, Sending
from mailconfig.domain.diagnostics import DiagnosticCode, diagnose_code
from mailconfig.domain.servers import AuthenticationMethod, MailProtocol, TransportSecurity
from mailconfig.egress import Egress, EgressPolicy
from mailconfig.mail.sending import SendingSettings, SmtpTransport
from mailconfig.mail.tls import TlsContexts, TlsSettings

pytestmark = pytest.mark.servers

MESSAGES = 50
SECONDS = 30.0
"""For a message to arrive, or a line to be logged."""
TRACE = re.compile(rb"(?:(?:Return-Path|Delivered-To|X-Original-To|Received):.*\n(?:[ \t].*\n)*)+")
"""Fields that Postfix and Dovecot put on top (RFC 5321, section 4.4)."""


async def _yes() -> bool:
    return True


class Office:
    """One account at the real servers, and the transport."""

    def __init__(self, certificates: Certificates, dovecot: Dovecot, postfix: Postfix) -> None:
        policy = EgressPolicy(
            allow_networks=(ip_network(f"{FAR}/32"),), allow_ports=frozenset(range(1024, 65536))
        )
        self.transport = SmtpTransport(
            Egress(policy, LoopbackResolver()),
            TlsContexts(TlsSettings(ca_file=Path(certificates.ca))),
            SendingSettings(),
        )
        self.account = Account(fresh_name(), "correct horse")
        dovecot.add_user(self.account.name, self.account.secret)
        self._dovecot = dovecot
        self._postfix = postfix
        self._id = uuid4()

    async def send(
        self, content: bytes, security: TransportSecurity, *, utf8: bool = False, to: str = ""
    ) -> Delivery:
        """Send to the account itself, or to somebody else."""
        implicit = security is TransportSecurity.TLS
        port = self._postfix.submissions_port if implicit else self._postfix.submission_port
        server = target(
            MailProtocol.SMTP, port, security, self.account, method=AuthenticationMethod.PLAIN
        )
        name = self.account.name
        envelope = Envelope(name, (to or name,), content, needs_utf8=utf8)
        return await self.transport.send(Sending(self._id, 1, server, envelope), _yes)

    async def arrived(self, mark: str) -> bytes:
        """Wait for the message that holds a text; return it below the trace fields, with CR LF."""
        stored = await asyncio.to_thread(self._stored, mark)
        trace = TRACE.match(stored)
        assert trace is not None
        return stored[trace.end() :].replace(b"\n", b"\r\n")

    async def sessions(self) -> list[str]:
        """Return what each connection that signed this account in did, as Postfix sums it up."""
        return await asyncio.to_thread(self._sums)

    def _stored(self, mark: str) -> bytes:
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            found = [path for path in self._dovecot.holding(mark) if "tmp" not in Path(path).parts]
            if found:
                (path,) = found
                return Path(self._dovecot.folder, "mail", path).read_bytes()
            time.sleep(0.1)
        raise AssertionError(f"{mark} did not arrive")

    def _sums(self) -> list[str]:
        """Find the processes of the account; each logs the end of a connection once."""
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            found, waiting = self._read_log()
            if found and not waiting:
                return found
            time.sleep(0.1)
        raise AssertionError("Postfix did not log the end of a connection")

    def _read_log(self) -> tuple[list[str], set[str]]:
        """Return the sums, and the processes in which a connection of the account is open."""
        waiting: set[str] = set()
        found = []
        line = r"smtpd\[(\d+)\]: (?:\w+: .*sasl_username=(\S+)|disconnect from \S+ (.*))"
        for process, name, done in re.findall(line, self._postfix.log()):
            if name == self.account.name:
                waiting.add(process)
            elif done and process in waiting:
                waiting.discard(process)
                found.append(done)
        return found, waiting


@pytest.fixture
def office(certificates: Certificates, dovecot: Dovecot, postfix: Postfix) -> Office:
    """One account."""
    return Office(certificates, dovecot, postfix)


def message(name: str, number: int, mark: str, body: bytes) -> bytes:
    """Return a message that composition could have written, with a body of any bytes."""
    header = (
        f"From: <{name}>\r\nTo: <{name}>\r\nSubject: message {number}\r\n"
        f"Date: Mon, 23 Nov 2026 12:00:00 +0000\r\nMessage-ID: <{mark}@{GOOD_HOST}>\r\n"
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
        "Content-Transfer-Encoding: 8bit\r\n\r\n"
    )
    return header.encode() + body


BODIES = (
    b"plain\r\n",
    b".\r\n..\r\n.a\r\n\r\n.\r\n",  # dots at the begin of lines
    b"x" * 998 + b"\r\n" + b"." * 998 + b"\r\n",  # as long as a line may be
    "Grüße, Ünïcödé\r\n".encode(),  # 8-bit
    b"line\r\n" * 20_000,  # more than a buffer
    b"\r\n\r\n \r\n\t\r\n",  # nothing but space
)
"""Bodies that break where dots, line ends or buffers are not kept."""


@pytest.mark.parametrize("security", [TransportSecurity.TLS, TransportSecurity.STARTTLS])
async def test_fifty_messages_over_one_connection_arrive_as_they_were(
    office: Office, security: TransportSecurity
) -> None:
    """One sign-in for all of them, and below the trace fields each is identical byte by byte."""
    contents: dict[str, bytes] = {}
    for number in range(MESSAGES):
        mark = secrets.token_hex(12)
        body = BODIES[number % len(BODIES)]
        contents[mark] = message(office.account.name, number, mark, body)
        delivery = await office.send(contents[mark], security)
        assert delivery.observation is None, delivery
        assert delivery.reply.startswith("250 2.0.0 Ok: queued as ")
    assert office.transport._pool.idle == 1
    await office.transport.close()
    for mark, content in contents.items():
        assert await office.arrived(mark) == content
    (session,) = await office.sessions()
    assert session.split()[-6:-1] == ["auth=1", "mail=50", "rcpt=50", "data=50", "quit=1"]


async def test_header_in_utf8(office: Office) -> None:
    """With SMTPUTF8 a header of 8-bit text arrives as it was written (RFC 6532)."""
    mark = secrets.token_hex(12)
    content = message(office.account.name, 1, mark, b"hello\r\n")
    content = content.replace(b"Subject: message 1", "Subject: Grüße".encode())
    delivery = await office.send(content, TransportSecurity.TLS, utf8=True)
    assert delivery.observation is None, delivery
    await office.transport.close()
    assert await office.arrived(mark) == content


async def test_refusals_of_a_real_server(office: Office) -> None:
    """Too large is known before MAIL, a recipient elsewhere is refused at RCPT or after; the same
    connection then takes a message.
    """
    big = message(office.account.name, 1, "big", b"x" * 70 + b"\r\n") * 80_000
    delivery = await office.send(big, TransportSecurity.TLS)
    assert delivery.observation is not None
    assert diagnose_code(delivery.observation) is DiagnosticCode.TOO_BIG
    assert not delivery.doubtful
    bad = await office.send(b"\r\n", TransportSecurity.TLS, to=f"{'x' * 80}@{'y' * 64}.test")
    assert bad.observation is not None
    mark = secrets.token_hex(12)
    content = message(office.account.name, 1, mark, b"hello\r\n")
    assert (await office.send(content, TransportSecurity.TLS)).observation is None
    await office.transport.close()
    assert await office.arrived(mark) == content
    (session,) = await office.sessions()
    assert "auth=1" in session.split()
