"""One server's test, from the look-up of its name to the verdict: the order of the steps.

    TLS       RESOLVE CONNECT TLS_HANDSHAKE GREETING CAPABILITIES          AUTHENTICATE last
    STARTTLS  RESOLVE CONNECT GREETING STARTTLS TLS_HANDSHAKE CAPABILITIES AUTHENTICATE last
    NONE      RESOLVE CONNECT GREETING CAPABILITIES                        AUTHENTICATE last

The last step is OPEN_MAILBOX (IMAP) or SENDER_CHECK (SMTP). Every step has a deadline, none passes
the deadline of the whole. The verdict comes first: goodbyes are sent and not awaited, and the
connection is aborted however the trial ends. Must not know the words of a protocol.
"""

import asyncio
import ssl
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Final

from mailconfig.domain.diagnostics import DiagnosticCode, Observation, Phase
from mailconfig.domain.diagnostics.values import Failure
from mailconfig.domain.probes import Certificate, ProbeTarget, ProtocolOutcome, Report, StepKind
from mailconfig.domain.servers import AuthenticationMethod, MailProtocol, TransportSecurity
from mailconfig.domain.text import Cleaner, cut, tidy
from mailconfig.egress import (
    Connection,
    Egress,
    EgressError,
    Route,
)
from mailconfig.mail.failures import DialogueFailed
from mailconfig.mail.imap import ImapDialogue
from mailconfig.mail.limits import ProbeSettings
from mailconfig.mail.observing import ASKING, ExpectedError, observed, translated
from mailconfig.mail.sasl import Credentials
from mailconfig.mail.smtp import SmtpDialogue
from mailconfig.mail.steps import StepFailed, StepLog, StepNotes
from mailconfig.mail.tls import TlsSession
from mailconfig.mail.wire import Wire

Classify = Callable[[Observation], DiagnosticCode]
"""Names what an observation means; pure."""

_PHASES: Final = {
    StepKind.RESOLVE: Phase.DNS,
    StepKind.CONNECT: Phase.CONNECT,
    StepKind.TLS_HANDSHAKE: Phase.TLS,
    StepKind.GREETING: Phase.GREETING,
    StepKind.STARTTLS: Phase.STARTTLS,
    StepKind.AUTHENTICATE: Phase.AUTH,
    StepKind.OPEN_MAILBOX: Phase.SELECT,
    StepKind.SENDER_CHECK: Phase.MAIL,
}
"""Phase of a step; CAPABILITIES has one for each protocol."""
_SPEECHLESS: Final = frozenset({Failure.TIMEOUT, Failure.CLOSED, Failure.TLS_ALERT})
"""How a port that waits for TLS (RFC 8314) meets a client that waits for a greeting."""
_GREETING_PORTS: Final = frozenset({25, 143, 587, 2525, 2587})
"""Ports that begin in clear text: a server that is silent there makes spammers wait, and takes
who speaks before its greeting for one.
"""
_IPV4, _IPV6 = 4, 6
_OUTDATED: Final = frozenset({"SSLv3", "TLSv1", "TLSv1.1"})
"""Versions that a verified handshake does not take (RFC 8996)."""


class Trial:
    """One run against one server; `run` is called once."""

    def __init__(
        self,
        target: ProbeTarget,
        *,
        egress: Egress,
        context: ssl.SSLContext,
        settings: ProbeSettings,
        classify: Classify,
        report: Report,
        deadline: float,
    ) -> None:
        """`deadline` is in loop time."""
        self._target = target
        self._server = target.settings
        self._egress = egress
        self._context = context
        self._settings = settings
        self._classify = classify
        self._deadline = deadline
        self._log = StepLog(target, settings, report, deadline)
        secret = target.secret.value.reveal() if target.secret else None
        self._cleaner = Cleaner(secret, self._server.username)
        self._phase = Phase.DNS
        self._route: Route | None = None
        self._wire: Wire | None = None
        self._dialogue: ImapDialogue | SmtpDialogue | None = None
        self._certificate: Certificate | None = None
        self._issuer_missing: bool | None = None
        self._warnings: list[DiagnosticCode] = []
        self._looked = False
        """Whether TLS was tried while the greeting was waited for."""
        self._seen: TlsSession | None = None
        """What came of that."""
        self._outcome = ProtocolOutcome(self._server.protocol, DiagnosticCode.OK)

    async def run(self) -> ProtocolOutcome:
        """Take all steps, or those up to the first failure. Never raises for what a server does."""
        try:
            await self._take_steps()
        except StepFailed:
            self._log.skip_rest()
        finally:
            if self._wire is not None:
                self._wire.abort()
        return replace(self._outcome, certificate=self._certificate, warnings=tuple(self._warnings))

    async def _take_steps(self) -> None:
        security = self._server.security
        route = await self._resolve()
        wire = await self._connect(route)
        dialogue = self._dialogue = self._new_dialogue(wire)
        if security is TransportSecurity.TLS:
            await self._handshake(wire)
        await self._greeting(dialogue)
        if security is TransportSecurity.STARTTLS:
            await self._starttls(dialogue)
            await self._handshake(wire)
        await self._capabilities(dialogue)
        await self._authenticate(dialogue)
        await self._last(dialogue)
        dialogue.goodbye()

    def _step(self, kind: StepKind) -> AbstractAsyncContextManager[StepNotes]:
        self._phase = _PHASES.get(kind) or ASKING[self._server.protocol]
        return self._log.step(kind, self._judge)

    async def _resolve(self) -> Route:
        async with self._step(StepKind.RESOLVE):
            self._route = await self._egress.resolve(self._server.host, self._server.port)
        return self._route

    async def _connect(self, route: Route) -> Wire:
        async with self._step(StepKind.CONNECT) as notes:
            connection = await self._egress.connect(route, self._settings.connect_seconds)
            notes.address = str(connection.address)
            if connection.address.version == _IPV4 and any(
                address.version == _IPV6 for address in connection.broken
            ):
                notes.warning = DiagnosticCode.IPV6_BROKEN
                self._warnings.append(notes.warning)
            self._wire = await self._new_wire(connection)
        return self._wire

    async def _handshake(self, wire: Wire) -> None:
        async with self._step(StepKind.TLS_HANDSHAKE) as notes:
            if await wire.unread():  # the client speaks first in TLS (RFC 8446, section 4)
                raise DialogueFailed(Failure.TLS_PLAINTEXT, "The server speaks clear text here.")
            session = await wire.upgrade(self._context, self._server.host)
            self._certificate = session.certificate
            notes.take_session(session)

    async def _greeting(self, dialogue: ImapDialogue | SmtpDialogue) -> None:
        async with self._step(StepKind.GREETING) as notes:
            notes.server_reply = await self._greeted(dialogue)
            if dialogue.preauthenticated and not self._may_be_preauthenticated():
                # STARTTLS is not valid any more (RFC 9051, section 6.2.1): all would stay in clear.
                raise DialogueFailed(Failure.PREAUTH, "The server claims a sign-in before TLS.")

    async def _greeted(self, dialogue: ImapDialogue | SmtpDialogue) -> str:
        """Wait for the greeting; a silent port that may wait for TLS is tried beside."""
        if self._server.security is TransportSecurity.TLS or self._server.port in _GREETING_PORTS:
            return await dialogue.greet()
        patience = asyncio.timeout(None)
        look = asyncio.create_task(self._look_for_tls(patience))
        try:
            async with patience:
                return await dialogue.greet()
        except TimeoutError as error:  # of `patience`: the step's own arrives as CancelledError
            raise _speaks_tls() from error
        finally:
            look.cancel()
            await asyncio.wait((look,))
            if not look.cancelled():
                look.result()  # a fault of our own must not be lost

    async def _look_for_tls(self, patience: asyncio.Timeout) -> None:
        """Try TLS on a second connection after some silence; success ends the patience."""
        await asyncio.sleep(self._settings.silence_seconds)
        self._seen = await self._inspect()
        self._looked = True
        if self._seen is not None:
            patience.reschedule(0)

    async def _starttls(self, dialogue: ImapDialogue | SmtpDialogue) -> None:
        async with self._step(StepKind.STARTTLS) as notes:
            self._phase = ASKING[self._server.protocol]
            await dialogue.ask_capabilities()
            notes.capabilities = dialogue.capabilities
            self._phase = Phase.STARTTLS
            notes.server_reply = await dialogue.request_upgrade()

    async def _capabilities(self, dialogue: ImapDialogue | SmtpDialogue) -> None:
        async with self._step(StepKind.CAPABILITIES) as notes:
            notes.server_reply = await dialogue.ask_capabilities()
            notes.capabilities = dialogue.capabilities

    async def _authenticate(self, dialogue: ImapDialogue | SmtpDialogue) -> None:
        secret = self._target.secret
        if secret is None or not self._signs_in() or dialogue.preauthenticated:
            self._log.skip(StepKind.AUTHENTICATE)
            return
        server = self._server
        credentials = Credentials(server.username or "", secret, server.host, server.port)
        async with self._step(StepKind.AUTHENTICATE) as notes:
            try:
                notes.server_reply = await dialogue.sign_in(credentials, server.authentication)
            finally:
                notes.mechanism = dialogue.mechanism

    async def _last(self, dialogue: ImapDialogue | SmtpDialogue) -> None:
        if isinstance(dialogue, SmtpDialogue):
            await self._sender_check(dialogue)
        elif self._signs_in() or dialogue.preauthenticated:
            async with self._step(StepKind.OPEN_MAILBOX) as notes:
                notes.server_reply = await dialogue.look_inside()
        else:
            self._log.skip(StepKind.OPEN_MAILBOX)

    async def _sender_check(self, dialogue: SmtpDialogue) -> None:
        sender = self._target.sender
        if sender is None:
            self._log.skip(StepKind.SENDER_CHECK)
            return
        async with self._step(StepKind.SENDER_CHECK) as notes:
            notes.server_reply = await dialogue.look_inside(sender)

    def _signs_in(self) -> bool:
        wanted = self._server.authentication is not AuthenticationMethod.NONE
        return wanted and self._target.secret is not None

    def _may_be_preauthenticated(self) -> bool:
        if self._server.security is TransportSecurity.NONE:
            return not self._signs_in()
        return self._server.security is TransportSecurity.TLS

    async def _judge(self, error: ExpectedError, notes: StepNotes) -> DiagnosticCode:
        """Settle the outcome; after a failed handshake with what a second look can add."""
        failed = await self._looked_at_again(translated(error), notes)
        reply = cut(tidy(failed.text)) if failed.from_server else None
        notes.server_reply = reply
        observation = self._observation(failed)
        code = self._classify(observation)
        self._outcome = ProtocolOutcome(self._server.protocol, code, observation, reply)
        return code

    def _observation(self, failed: DialogueFailed) -> Observation:
        seen = observed(
            self._target,
            self._phase,
            failed,
            capabilities=self._dialogue.capabilities if self._dialogue else (),
            tls_active=self._wire.tls_active if self._wire else False,
        )
        return replace(seen, issuer_missing=self._issuer_missing)

    async def _looked_at_again(self, failed: DialogueFailed, notes: StepNotes) -> DialogueFailed:
        """Learn the certificate of a refused server, an outdated version, or a port that is TLS."""
        no_greeting = self._phase is Phase.GREETING and failed.failure in _SPEECHLESS
        is_clear = self._server.security is not TransportSecurity.TLS
        if not failed.inspectable and not (no_greeting and is_clear):
            return failed
        session = self._seen if no_greeting and self._looked else await self._inspect()
        if session is None:
            return failed
        self._certificate = session.certificate
        self._issuer_missing = session.issuer_missing
        notes.take_session(session)
        if no_greeting:
            return _speaks_tls()
        if session.version in _OUTDATED and failed.failure is not Failure.TLS_VERIFY:
            return DialogueFailed(Failure.TLS_VERSION, failed.text)
        return failed

    async def _inspect(self) -> TlsSession | None:
        """Come to the same point on a second connection and try TLS; no sign-in is tried there."""
        now = asyncio.get_running_loop().time()
        if self._route is None or now >= self._deadline:
            return None
        seconds = self._settings.inspect_seconds
        end = min(self._deadline, now + seconds)
        wire: Wire | None = None
        try:
            async with asyncio.timeout_at(end):
                wire = await self._new_wire(await self._egress.connect(self._route, seconds))
                if self._phase is Phase.TLS and self._server.security is TransportSecurity.STARTTLS:
                    dialogue = self._new_dialogue(wire)
                    await dialogue.greet()
                    await dialogue.ask_capabilities()
                    await dialogue.request_upgrade()
                return await wire.inspect(self._server.host, seconds)
        except (DialogueFailed, EgressError, TimeoutError):
            return None  # the first failure stands as it is
        finally:
            if wire is not None:
                wire.abort()

    async def _new_wire(self, connection: Connection) -> Wire:
        settings = self._settings
        is_imap = self._server.protocol is MailProtocol.IMAP
        return await Wire.over(
            connection.socket,
            line_bytes=settings.imap_line_bytes if is_imap else settings.smtp_line_bytes,
            total_bytes=settings.connection_bytes,
        )

    def _new_dialogue(self, wire: Wire) -> ImapDialogue | SmtpDialogue:
        is_imap = self._server.protocol is MailProtocol.IMAP
        kind = ImapDialogue if is_imap else SmtpDialogue
        return kind(wire, self._settings, self._cleaner)


def _speaks_tls() -> DialogueFailed:
    return DialogueFailed(Failure.TLS_ALERT, "The server speaks TLS on this port.")
