"""Round trips over real servers, so many at once. Implements `domain.roundtrips.RoundTripper`.

Whoever calls `travel` owns what it starts: every socket is closed when it returns, raises or is
cancelled. Must not store or judge anything: what a failure means is `classify`'s business.
"""

import asyncio
from datetime import UTC, datetime

from mailconfig.domain.arrivals import RoundTrip
from mailconfig.domain.diagnostics import DiagnosticCode
from mailconfig.domain.probes import ROUND_TRIP_STEPS, ProbeStep, Report, StepStatus
from mailconfig.domain.roundtrips import RoundTripRequest
from mailconfig.egress import Egress
from mailconfig.mail.letter import write_letter
from mailconfig.mail.roundtrip_limits import RoundTripSettings
from mailconfig.mail.tls import TlsContexts
from mailconfig.mail.trip import Classify, Trip

__all__ = ["MailRoundTripper", "RoundTripSettings"]


class MailRoundTripper:
    """Makes round trips; at most `settings.concurrent_trips` run at once, others wait."""

    def __init__(
        self,
        egress: Egress,
        contexts: TlsContexts,
        classify: Classify,
        settings: RoundTripSettings,
    ) -> None:
        self._egress = egress
        self._contexts = contexts
        self._classify = classify
        self._settings = settings
        self._places = asyncio.Semaphore(settings.concurrent_trips)

    async def travel(self, request: RoundTripRequest, report: Report) -> RoundTrip:
        """Make one round trip, see `domain.roundtrips.RoundTripper`. Waiting for a place counts.

        Raises `tls.TrustAnchorUnreadable` before anything is dialled.
        """
        letter = write_letter(request.address, datetime.now(UTC))
        deadline = asyncio.get_running_loop().time() + request.deadline_seconds
        try:
            async with asyncio.timeout_at(deadline):
                await self._places.acquire()
        except TimeoutError:
            for protocol, kind in ROUND_TRIP_STEPS:
                report(ProbeStep(protocol, kind, StepStatus.SKIPPED))
            return RoundTrip(DiagnosticCode.STEP_TIMEOUT, letter.message_id)
        try:
            context = await self._contexts.verified(request.trust_anchors)
            trip = Trip(
                request,
                letter,
                egress=self._egress,
                context=context,
                classify=self._classify,
                settings=self._settings,
                report=report,
                deadline=deadline,
            )
            return await trip.run()
        finally:
            self._places.release()
