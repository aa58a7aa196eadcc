"""Round trips through a mailbox in memory, with short times, and how they ended.

trip, run = await travelled(Store())
assert (trip.code, run.reports) == (DiagnosticCode.OK, GOOD_TRIP)
"""

import asyncio
from dataclasses import dataclass, field

from kit.mailboxes import Ports, Store
from kit.probing import USERNAME, failure_as_code, loopback_egress, target
from mailconfig.domain.arrivals import RoundTrip
from mailconfig.domain.diagnostics import Phase
from mailconfig.domain.diagnostics.values import Failure
from mailconfig.domain.probes import ProbeStep, StepKind, StepStatus
from mailconfig.domain.roundtrips import RoundTripRequest
from mailconfig.domain.servers import MailProtocol, TransportSecurity
from mailconfig.mail.roundtrip import MailRoundTripper, RoundTripSettings
from mailconfig.mail.tls import TlsContexts, TlsSettings

NONE = TransportSecurity.NONE
SUBMIT = StepKind.SUBMIT_MESSAGE
FIND = StepKind.FIND_MESSAGE
SETTINGS = RoundTripSettings(
    first_pause_seconds=0.02,
    longest_pause_seconds=0.05,
    all_mail_seconds=0.3,
    overrun_seconds=0.3,
    cleanup_seconds=3.0,
    copy_seconds=0.02,
)
GOOD_TRIP = [
    (SUBMIT, StepStatus.RUNNING),
    (SUBMIT, StepStatus.PASSED),
    (FIND, StepStatus.RUNNING),
    (FIND, StepStatus.PASSED),
]
CUT_OFF = [
    (SUBMIT, StepStatus.RUNNING),
    (SUBMIT, StepStatus.FAILED),
    (FIND, StepStatus.SKIPPED),
]
NOT_FOUND = [*GOOD_TRIP[:3], (FIND, StepStatus.FAILED)]


@dataclass
class Run:
    """A round trip and what it reported."""

    steps: list[ProbeStep] = field(default_factory=list)
    settings: RoundTripSettings = SETTINGS

    async def travel(
        self, ports: Ports, *, address: str = USERNAME, seconds: float = 1.0
    ) -> RoundTrip:
        """Make it."""
        request = RoundTripRequest(
            target(ports.imap.port, MailProtocol.IMAP, NONE),
            target(ports.smtp.port, MailProtocol.SMTP, NONE),
            address,
            seconds,
        )
        return await self.tripper(ports).travel(request, self.steps.append)

    def tripper(self, ports: Ports) -> MailRoundTripper:
        """Return a round tripper that may dial these servers."""
        return MailRoundTripper(
            loopback_egress([ports.imap.port, ports.smtp.port]),
            TlsContexts(TlsSettings(system_trust=False)),
            failure_as_code,
            self.settings,
        )

    @property
    def reports(self) -> list[tuple[StepKind, StepStatus]]:
        """Every report."""
        return [(step.kind, step.status) for step in self.steps]


async def travelled(
    store: Store, *, address: str = USERNAME, seconds: float = 1.0
) -> tuple[RoundTrip, Run]:
    """Make a round trip through a mailbox in memory; it keeps its bound."""
    run = Run()
    loop = asyncio.get_running_loop()
    async with store.servers() as ports:
        started = loop.time()
        trip = await run.travel(ports, address=address, seconds=seconds)
        assert loop.time() - started < seconds + SETTINGS.cleanup_seconds + 1
    return trip, run


def failure(trip: RoundTrip) -> tuple[MailProtocol | None, Phase | None, Failure]:
    """Return what went wrong, and where."""
    assert trip.observation is not None
    return trip.observation.protocol, trip.observation.phase, trip.observation.failure
