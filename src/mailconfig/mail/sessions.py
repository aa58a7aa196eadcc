"""A signed-in connection to one server, for what goes on after a test: the way there in one call.

Takes the same way as a trial, without telling its steps: resolve, connect, TLS as the settings
demand, one sign-in. Keeps the phase, so that a failure at any later point becomes an observation.
Must not know what is done with the connection.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Generic, TypeVar

from mailconfig.domain.diagnostics.values import Failure, Observation, Phase
from mailconfig.domain.probes import ProbeTarget
from mailconfig.domain.resolution import (
    ResolutionError,
)
from mailconfig.domain.servers import AuthenticationMethod, MailProtocol, TransportSecurity
from mailconfig.domain.text import Cleaner
from mailconfig.egress import (
    Egress,
    EgressError,
)
from mailconfig.mail.failures import DialogueFailed, violation
from mailconfig.mail.imap import ImapDialogue
from mailconfig.mail.limits import ProbeSettings
from mailconfig.mail.observing import ASKING, observed, translated
from mailconfig.mail.sasl import Credentials
from mailconfig.mail.smtp import SmtpDialogue
from mailconfig.mail.wire import Wire

Dialogue = TypeVar("Dialogue", ImapDialogue, SmtpDialogue)


@asynccontextmanager
async def until(end: float) -> AsyncIterator[None]:
    """Bound a block by a moment in loop time. Raises DialogueFailed TIMEOUT."""
    try:
        async with asyncio.timeout_at(end):
            yield
    except TimeoutError as error:
        raise DialogueFailed(Failure.TIMEOUT) from error


@asynccontextmanager
async def within(seconds: float) -> AsyncIterator[None]:
    """Bound a block by a number of seconds. Raises DialogueFailed TIMEOUT."""
    async with until(asyncio.get_running_loop().time() + seconds):
        yield


class Session(Generic[Dialogue]):
    """One connection; `open` first, `close` in the end, whatever happened."""

    def __init__(
        self,
        target: ProbeTarget,
        kind: type[Dialogue],
        *,
        egress: Egress,
        context: ssl.SSLContext,
        settings: ProbeSettings,
    ) -> None:
        self._target = target
        self._server = target.settings
        self._kind: type[Dialogue] = kind
        self._egress = egress
        self._context = context
        self._wire: Wire | None = None
        self._dialogue: Dialogue | None = None
        self.settings = settings
        secret = target.secret.value.reveal() if target.secret else None
        self.cleaner = Cleaner(secret, self._server.username)
        self.phase = Phase.DNS
        """Where the conversation is; whoever goes on with it keeps it right."""
        self.address: str | None = None
        """IP address of the server, once connected."""

    @property
    def dialogue(self) -> Dialogue:
        """The dialogue of an open session."""
        if self._dialogue is None:
            raise RuntimeError("the session was not opened")
        return self._dialogue

    @property
    def wire(self) -> Wire:
        """The connection of an open session."""
        if self._wire is None:
            raise RuntimeError("the session was not opened")
        return self._wire

    async def open(self) -> None:
        """Connect and sign in, once. Raises DialogueFailed; `phase` tells where."""
        settings = self.settings
        async with within(settings.connect_seconds):
            wire = await self._connected()
        dialogue = self._dialogue = self._kind(wire, settings, self.cleaner)
        if self._server.security is TransportSecurity.TLS:
            await self._handshake(wire)
        await self._greeting(dialogue)
        if self._server.security is TransportSecurity.STARTTLS:
            await self._starttls(dialogue)
            await self._handshake(wire)
        async with self._step(ASKING[self._server.protocol], settings.command_seconds):
            await dialogue.ask_capabilities()
        await self._sign_in(dialogue)

    def observation(self, failed: DialogueFailed) -> Observation:
        """Return what is known about a failure at this point."""
        return observed(
            self._target,
            self.phase,
            failed,
            capabilities=self._dialogue.capabilities if self._dialogue else (),
            tls_active=self._wire.tls_active if self._wire else False,
        )

    def leave(self) -> None:
        """Say goodbye, which is not awaited, and hang up: for when all was said."""
        if self._dialogue is not None:
            self._dialogue.goodbye()
        self.close()

    def close(self) -> None:
        """Hang up at once."""
        if self._wire is not None:
            self._wire.abort()

    @asynccontextmanager
    async def _step(self, phase: Phase, seconds: float) -> AsyncIterator[None]:
        self.phase = phase
        async with within(seconds):
            yield

    async def _connected(self) -> Wire:
        settings = self.settings
        is_imap = self._server.protocol is MailProtocol.IMAP
        try:
            self.phase = Phase.DNS
            route = await self._egress.resolve(self._server.host, self._server.port)
            self.phase = Phase.CONNECT
            connection = await self._egress.connect(route, settings.connect_seconds)
        except (ResolutionError, EgressError) as error:
            raise translated(error) from error
        self.address = str(connection.address)
        self._wire = await Wire.over(
            connection.socket,
            line_bytes=settings.imap_line_bytes if is_imap else settings.smtp_line_bytes,
            total_bytes=settings.connection_bytes,
        )
        return self._wire

    async def _handshake(self, wire: Wire) -> None:
        async with self._step(Phase.TLS, self.settings.connect_seconds):
            if await wire.unread():  # the client speaks first in TLS (RFC 8446, section 4)
                raise DialogueFailed(Failure.TLS_PLAINTEXT, "The server speaks clear text here.")
            await wire.upgrade(self._context, self._server.host)

    async def _greeting(self, dialogue: Dialogue) -> None:
        async with self._step(Phase.GREETING, self.settings.greeting_seconds):
            await dialogue.greet()
        is_tls = self._server.security is TransportSecurity.TLS
        if dialogue.preauthenticated and not is_tls:
            raise DialogueFailed(Failure.PREAUTH, "The server claims a sign-in before TLS.")

    async def _starttls(self, dialogue: Dialogue) -> None:
        async with self._step(ASKING[self._server.protocol], self.settings.command_seconds):
            await dialogue.ask_capabilities()
        async with self._step(Phase.STARTTLS, self.settings.command_seconds):
            await dialogue.request_upgrade()

    async def _sign_in(self, dialogue: Dialogue) -> None:
        server, secret = self._server, self._target.secret
        if dialogue.preauthenticated:
            return
        self.phase = Phase.AUTH
        if secret is None or server.authentication is AuthenticationMethod.NONE:
            if server.protocol is MailProtocol.IMAP:
                raise violation("A mailbox cannot be opened without a sign-in.")
            return
        credentials = Credentials(server.username or "", secret, server.host, server.port)
        async with within(self.settings.command_seconds):
            await dialogue.sign_in(credentials, server.authentication)
