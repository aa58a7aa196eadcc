"""An outgoing server in memory: it takes mail, and says what a test wants at any point.

    server = Outgoing(says={"RCPT": ["250 fine", "550 5.1.1 no such user"]})
    async with server.listening() as port:
        delivery = await transport(port).send(sending(port), Commits())

`says` holds by command what is said instead of the usual: a reply, a step, or a list of them, of
which each is used once; None stands for the usual. "" is the greeting, "." the end of a message.
Must not be used for anything but sending.
"""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from uuid import UUID

from kit.probing import USERNAME, loopback_egress, target
from kit.scripted import Peer, ScriptedServer, Step, scripted
from mailconfig.domain.delivery import Delivery, Envelope, Sending
from mailconfig.domain.diagnostics import Phase
from mailconfig.domain.diagnostics.values import Failure
from mailconfig.domain.servers import MailProtocol, TransportSecurity
from mailconfig.mail.sending import SendingSettings, SmtpTransport
from mailconfig.mail.tls import TlsContexts, TlsSettings

ACCOUNT = UUID(int=7)
BOB = "bob@example.test"
EVE = "eve@example.test"
CONTENT = b"Subject: hello\r\n\r\nhi\r\n"
SETTINGS = SendingSettings(
    connect_seconds=2,
    greeting_seconds=0.4,
    sign_in_seconds=0.4,
    command_seconds=0.4,
    block_seconds=0.4,
    answer_seconds=0.4,
    reset_seconds=0.2,
)
"""Short times for servers that keep silent; the others answer at once."""

Twist = str | Step | None


@dataclass
class Outgoing:
    """The server, and how it behaves."""

    extensions: tuple[str, ...] = ("SIZE 100000", "8BITMIME")
    says: dict[str, Twist | list[Twist]] = field(default_factory=dict)
    commands: list[str] = field(default_factory=list)
    """Verbs after the sign-in, of all connections, "." for the end of a message."""
    lines: list[str] = field(default_factory=list)
    """The same, whole."""
    messages: list[str] = field(default_factory=list)
    """Contents as they travelled, dots doubled, without the end."""
    inputs: int = 0
    """How often 354 was said."""
    tls: ssl.SSLContext | None = None
    """With it, STARTTLS is offered, and AUTH only after it."""
    server: ScriptedServer | None = None

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[int]:
        """Listen, and yield the port."""
        async with scripted(self._speak, tls=self.tls) as self.server:
            yield self.server.port

    @property
    def connections(self) -> int:
        """How many there were."""
        assert self.server is not None
        return len(self.server.peers)

    @property
    def open(self) -> int:
        """How many there are."""
        assert self.server is not None
        return len(self.server._open)

    async def deserted(self) -> None:
        """Wait until no client is connected any more."""
        assert self.server is not None
        await self.server.finished()

    async def _speak(self, peer: Peer) -> None:
        await self._answer(peer, "", "220 mail.example.test ESMTP")
        while True:
            line = await peer.line()
            verb = line.split()[0].upper()
            if verb == "EHLO":
                await self._answer(peer, verb, self._capabilities(peer))
            elif verb == "STARTTLS":
                if (await self._answer(peer, verb, "220 go on")).startswith("220"):
                    await peer.start_tls()
            elif verb == "AUTH":
                await peer.send(b"334 PDE+\r\n")
                await peer.line()
                await self._answer(peer, verb, "235 2.7.0 welcome")
            else:
                await self._take(peer, verb, line)

    def _capabilities(self, peer: Peer) -> str:
        waits = self.tls is not None and not peer.is_tls
        lines = ["mail.example.test", *self.extensions, "STARTTLS" if waits else "AUTH CRAM-MD5"]
        return "\r\n".join([f"250-{each}" for each in lines[:-1]] + [f"250 {lines[-1]}"])

    async def _take(self, peer: Peer, verb: str, line: str) -> None:
        self.commands.append(verb)
        self.lines.append(line)
        if verb != "DATA":
            await self._answer(peer, verb, "250 2.0.0 fine")
        elif (await self._answer(peer, verb, "354 go on")).startswith("354"):
            self.inputs += 1
            content = []
            while (line := await peer.line()) != ".":
                content.append(f"{line}\r\n")
            self.messages.append("".join(content))
            self.commands.append(".")
            await self._answer(peer, ".", "250 2.0.0 queued as 4711")

    async def _answer(self, peer: Peer, verb: str, usual: str) -> str:
        twist = self.says.get(verb)
        if isinstance(twist, list):
            twist = twist.pop(0) if twist else None
        if twist is not None and not isinstance(twist, str):
            await twist(peer)
            return ""
        await peer.send((usual if twist is None else twist).encode() + b"\r\n")
        return usual if twist is None else twist


async def silent(peer: Peer) -> None:
    """Say nothing any more."""
    await peer.hold()


async def hanging_up(peer: Peer) -> None:
    """Close the connection."""
    peer.writer.transport.abort()
    await peer.hold()


def transport(port: int, settings: SendingSettings = SETTINGS) -> SmtpTransport:
    """Return a transport that may dial this port of loopback."""
    return SmtpTransport(
        loopback_egress([port]), TlsContexts(TlsSettings(system_trust=False)), settings
    )


def sending(
    port: int,
    *,
    to: tuple[str, ...] = (BOB,),
    content: bytes = CONTENT,
    sender: str = USERNAME,
    revision: int = 1,
    utf8: bool = False,
    account: UUID = ACCOUNT,
    secret: str | None = "correct horse",
) -> Sending:
    """Return what an attempt needs; no TLS, which is allowed on loopback."""
    server = target(port, MailProtocol.SMTP, TransportSecurity.NONE, secret=secret)
    server = replace(server, provider_id="example")
    return Sending(account, revision, server, Envelope(sender, to, content, needs_utf8=utf8))


@dataclass
class Commits:
    """Counts how often it was asked; answers as told."""

    answer: bool = True
    asked: int = 0

    async def __call__(self) -> bool:
        """Take note, and answer."""
        self.asked += 1
        return self.answer


def ended(delivery: Delivery) -> tuple[Phase | None, Failure, int | None, bool]:
    """Return where and how a delivery failed, the reply's code, and whether it is in doubt."""
    seen = delivery.observation
    assert seen is not None
    return seen.phase, seen.failure, seen.reply_code, delivery.doubtful
