"""A prober that waits at every step until the test lets it go on.

    prober = HeldProber()
    prober.release(2)  # two steps may end

Each step is reported RUNNING, waits, and is reported PASSED; then the whole run waits once more,
so that a test sees the last step's end and the verdict as two things.
"""

import asyncio
from dataclasses import dataclass, field

from kit.api import FakeProber
from mailconfig.domain.diagnostics import DiagnosticCode
from mailconfig.domain.probes import (
    ProbeRequest,
    ProbeStep,
    ProtocolOutcome,
    Report,
    StepStatus,
    planned_steps,
)


@dataclass
class HeldProber(FakeProber):
    """Passes one step, or ends, for each permission."""

    cancelled: int = 0
    """Runs that were stopped."""
    _permissions: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))

    def release(self, count: int = 1) -> None:
        """Give permissions."""
        for _ in range(count):
            self._permissions.release()

    async def probe(self, request: ProbeRequest, report: Report) -> tuple[ProtocolOutcome, ...]:
        """Run the steps one by one, each with a permission."""
        self.requests.append(request)
        try:
            return await self._held(request, report)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise

    async def _held(self, request: ProbeRequest, report: Report) -> tuple[ProtocolOutcome, ...]:
        for settings in (target.settings for target in request.targets):
            for kind in planned_steps(settings.protocol, settings.security):
                report(ProbeStep(settings.protocol, kind, StepStatus.RUNNING))
                await self._permissions.acquire()
                report(ProbeStep(settings.protocol, kind, StepStatus.PASSED, 1))
        await self._permissions.acquire()
        return tuple(
            ProtocolOutcome(target.settings.protocol, DiagnosticCode.OK)
            for target in request.targets
        )
