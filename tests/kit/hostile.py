"""Hostile and broken mail servers: what a case is, and what a script can do in addition.

Every case names protocol and TLS mode of the client, plays a script and says how the test of that
server must end: the kind of failure and the step in which it shows. The cases themselves are in
`hostile_hangups`, `hostile_tls` and `hostile_words`.
"""

import asyncio
import base64
from dataclasses import dataclass, field

from kit.scripted import Peer, Script, Step
from mailconfig.domain.diagnostics.values import Failure
from mailconfig.domain.probes import StepKind
from mailconfig.domain.servers import MailProtocol, TransportSecurity

SECRET = 'corr3ct "horse" b4ttery'

IMAP = MailProtocol.IMAP
SMTP = MailProtocol.SMTP
NONE = TransportSecurity.NONE
STARTTLS = TransportSecurity.STARTTLS
TLS = TransportSecurity.TLS

SHORT_SECONDS = 0.6
"""Deadline of tests that a silent server lets run into it."""


@dataclass(frozen=True)
class Hostile:
    """One hostile server and its verdict."""

    name: str
    protocol: MailProtocol
    security: TransportSecurity
    script: Script
    failure: Failure | None
    """None: the test passes all the same."""
    step: StepKind | None
    """Where it fails."""
    reply_code: int | None = None
    deadline_seconds: float = 10.0
    token: bool = False
    """Whether the secret is an access token."""
    sent_in_clear: tuple[str, ...] = field(default=())
    """Lines that the server must have received outside of TLS, exactly these; () is unchecked."""


def raw(data: bytes) -> Step:
    """Send bytes as they are."""

    async def step(peer: Peer) -> None:
        await peer.send(data)

    return step


def endless(data: bytes) -> Step:
    """Send the same bytes for ever, as fast as the client takes them."""

    async def step(peer: Peer) -> None:
        while True:
            await peer.send(data)

    return step


def dripping(data: bytes) -> Step:
    """Send one byte at a time, each within any time limit for a single byte."""

    async def step(peer: Peer) -> None:
        for position in range(len(data)):
            await peer.send(data[position : position + 1])
            await asyncio.sleep(0.1)

    return step


def after_first_bytes(data: bytes) -> Step:
    """Wait for whatever the client sends, then answer with these bytes."""

    async def step(peer: Peer) -> None:
        await peer.read()
        await peer.send(data)

    return step


def b64(data: bytes | str) -> str:
    """Return base64 as text."""
    return base64.b64encode(data.encode() if isinstance(data, str) else data).decode()


def scram(server_first: str, *, imap: bool, final: str | None = None) -> Step:
    """Answer client-first with `server_first` (its {nonce} is the client's), then with `final`."""

    async def step(peer: Peer) -> None:
        sign = "+ " if imap else "334 "
        line = await peer.line()
        client_first = base64.b64decode(line.split()[-1]).decode()
        nonce = client_first.split("r=", 1)[1]
        await peer.send(f"{sign}{b64(server_first.format(nonce=nonce))}\r\n".encode())
        if final is not None:
            await peer.line()
            await peer.send(final.encode() + b"\r\n")

    return step


def greeted(rest: str, *capabilities: str) -> str:
    """Return a script up to the reply to EHLO."""
    lines = [f"S: 250-{each}" for each in ("mail.example.test", *capabilities)]
    lines[-1] = lines[-1].replace("250-", "250 ", 1)
    return "\n".join(
        ["S: 220 mail.example.test ESMTP", "C: EHLO [127.0.0.1]", *lines, *rest.split("; ")]
    )


def welcome(rest: str, capabilities: str = "IMAP4rev1") -> str:
    """Return a script that begins with an IMAP greeting."""
    return "\n".join([f"S: * OK [CAPABILITY {capabilities}] ready", *rest.split("; ")])


TLS_ALERT = b"\x15\x03\x03\x00\x02\x02"
"""A fatal alert (RFC 8446, section 6) but for its last byte, which tells the reason."""
CRAM = "AUTH CRAM-MD5"
"""EHLO line of a server that takes this without TLS."""
CHALLENGE = b64("<1896.697170952@mail.example.test>")
"""A CRAM-MD5 challenge."""
