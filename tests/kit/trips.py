"""A round tripper that sends nothing: it reports both steps and answers what a test puts in.

tripper = FakeTripper(lost())
tripper.requests
"""

import asyncio
from dataclasses import dataclass, field

from mailconfig.domain.arrivals import MessageFolder, RoundTrip
from mailconfig.domain.diagnostics import DiagnosticCode
from mailconfig.domain.probes import ROUND_TRIP_STEPS, ProbeStep, Report, StepStatus
from mailconfig.domain.roundtrips import RoundTripRequest

MESSAGE_ID = "<7@mail.test>"


def arrived(
    folder: MessageFolder = MessageFolder.INBOX, code: DiagnosticCode = DiagnosticCode.OK
) -> RoundTrip:
    """A message that was found and removed."""
    return RoundTrip(
        code, MESSAGE_ID, folder, folder.value.title(), 1.25, ("mx.test; spf=pass",), removed=True
    )


def spam() -> RoundTrip:
    """A message that came to the folder for spam."""
    return arrived(MessageFolder.JUNK, DiagnosticCode.ROUNDTRIP_SPAM)


def lost() -> RoundTrip:
    """A message that never came."""
    return RoundTrip(DiagnosticCode.ROUNDTRIP_LOST, MESSAGE_ID)


@dataclass
class FakeTripper:
    """Answers at once, or never while `hanging`."""

    trip: RoundTrip = field(default_factory=arrived)
    hanging: bool = False
    requests: list[RoundTripRequest] = field(default_factory=list)
    cancelled: int = 0

    async def travel(self, request: RoundTripRequest, report: Report) -> RoundTrip:
        """Report the steps as the answer demands."""
        self.requests.append(request)
        (sent, found) = ROUND_TRIP_STEPS
        report(ProbeStep(*sent, StepStatus.RUNNING))
        try:
            await asyncio.sleep(3600 if self.hanging else 0)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        report(ProbeStep(*sent, StepStatus.PASSED, 1))
        code = self.trip.code if self.trip.code is not DiagnosticCode.OK else None
        report(ProbeStep(*found, self._status(), 2, code=code))
        return self.trip

    def _status(self) -> StepStatus:
        if self.trip.code is DiagnosticCode.ROUNDTRIP_SPAM:
            return StepStatus.WARNING
        passed = self.trip.code is DiagnosticCode.OK
        return StepStatus.PASSED if passed else StepStatus.FAILED
