"""The steps of one server's test: their deadlines, and telling of them as they begin and end."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from mailconfig.domain.diagnostics import DiagnosticCode
from mailconfig.domain.probes import (
    Certificate,
    ProbeStep,
    ProbeTarget,
    Report,
    StepDetail,
    StepKind,
    StepStatus,
    planned_steps,
)
from mailconfig.domain.resolution import ResolutionError
from mailconfig.egress import EgressError
from mailconfig.mail.failures import DialogueFailed
from mailconfig.mail.limits import ProbeSettings
from mailconfig.mail.observing import ExpectedError
from mailconfig.mail.tls import TlsSession


class StepFailed(Exception):
    """A step has failed and been reported: the test of this server is over."""


@dataclass(slots=True)
class StepNotes:
    """What a step has found so far; told when it ends, also when it fails."""

    address: str | None = None
    capabilities: tuple[str, ...] = ()
    mechanism: str | None = None
    server_reply: str | None = None
    tls_version: str | None = None
    cipher: str | None = None
    certificate: Certificate | None = None
    warning: DiagnosticCode | None = None
    """A finding that does not stop the test."""

    def take_session(self, session: TlsSession) -> None:
        """Keep what a handshake agreed on."""
        self.tls_version = session.version
        self.cipher = session.cipher
        self.certificate = session.certificate

    def detail(self, port: int) -> StepDetail:
        """Return the notes as they are reported."""
        return StepDetail(
            address=self.address,
            port=port,
            tls_version=self.tls_version,
            cipher=self.cipher,
            certificate=self.certificate,
            capabilities=self.capabilities,
            mechanism=self.mechanism,
            server_reply=self.server_reply,
        )


Judge = Callable[[ExpectedError, StepNotes], Awaitable[DiagnosticCode]]
"""Finds out what a failure means, within a bound of its own, and may add to the notes."""


class StepLog:
    """Runs the steps of one target in their order and reports each as it begins and ends."""

    def __init__(
        self,
        target: ProbeTarget,
        settings: ProbeSettings,
        report: Report,
        deadline: float,
    ) -> None:
        """`deadline` is in loop time; no step passes it."""
        self._server = target.settings
        self._settings = settings
        self._report = report
        self._deadline = deadline
        self._left = list(planned_steps(target.settings.protocol, target.settings.security))
        self._clock = asyncio.get_running_loop().time
        self._address: str | None = None
        """Where the connection goes, from the step that opened it on."""

    @asynccontextmanager
    async def step(self, kind: StepKind, judge: Judge) -> AsyncIterator[StepNotes]:
        """Run one step under its deadline. Raises StepFailed after an expected error."""
        self._left.remove(kind)
        notes = StepNotes()
        started = self._clock()
        self._report(ProbeStep(self._server.protocol, kind, StepStatus.RUNNING))
        try:
            async with asyncio.timeout_at(min(self._deadline, started + self._seconds(kind))):
                yield notes
        except (DialogueFailed, ResolutionError, EgressError, TimeoutError) as error:
            code = await judge(error, notes)
            failed = self._ended(kind, StepStatus.FAILED, started, notes)
            self._report(replace(failed, code=code))
            raise StepFailed from error
        status = StepStatus.PASSED if notes.warning is None else StepStatus.WARNING
        self._report(replace(self._ended(kind, status, started, notes), code=notes.warning))

    def skip(self, kind: StepKind) -> None:
        """Report a step that does not apply."""
        self._left.remove(kind)
        self._report(ProbeStep(self._server.protocol, kind, StepStatus.SKIPPED))

    def skip_rest(self) -> None:
        """Report all steps that were not begun."""
        while self._left:
            self.skip(self._left[0])

    def _seconds(self, kind: StepKind) -> float:
        if kind is StepKind.GREETING:
            return self._settings.greeting_seconds
        if kind in (StepKind.RESOLVE, StepKind.CONNECT, StepKind.TLS_HANDSHAKE):
            return self._settings.connect_seconds
        return self._settings.command_seconds

    def _ended(
        self, kind: StepKind, status: StepStatus, started: float, notes: StepNotes
    ) -> ProbeStep:
        milliseconds = round((self._clock() - started) * 1000)
        self._address = notes.address = notes.address or self._address
        detail = notes.detail(self._server.port)
        return ProbeStep(self._server.protocol, kind, status, milliseconds, detail)
