"""Connection tests: both protocols side by side under one deadline, so many at once.

Implements `domain.probes.Prober`. Whoever calls `probe` owns what it starts: every task has ended
and every socket is closed when it returns, raises or is cancelled. Must not store or judge
anything: what a failure means is `classify`'s business.
"""

import asyncio

from mailconfig.domain.diagnostics import DiagnosticCode
from mailconfig.domain.probes import (
    ProbeRequest,
    ProbeStep,
    ProbeTarget,
    ProtocolOutcome,
    Report,
    StepStatus,
    planned_steps,
)
from mailconfig.egress import Egress
from mailconfig.mail.limits import ProbeSettings
from mailconfig.mail.tls import TlsContexts
from mailconfig.mail.trial import Classify, Trial


class NetworkProber:
    """Tests real servers; at most `settings.concurrent_tests` requests run at once, others wait."""

    def __init__(
        self,
        egress: Egress,
        contexts: TlsContexts,
        classify: Classify,
        settings: ProbeSettings,
    ) -> None:
        self._egress = egress
        self._contexts = contexts
        self._classify = classify
        self._settings = settings
        self._places = asyncio.Semaphore(settings.concurrent_tests)

    async def probe(self, request: ProbeRequest, report: Report) -> tuple[ProtocolOutcome, ...]:
        """Test every target, see `domain.probes.Prober`. Waiting for a place counts as well.

        Raises `tls.TrustAnchorUnreadable` before anything is dialled.
        """
        deadline = asyncio.get_running_loop().time() + request.deadline_seconds
        try:
            async with asyncio.timeout_at(deadline):
                await self._places.acquire()
        except TimeoutError:
            return tuple(_not_begun(target, report) for target in request.targets)
        try:
            return await self._side_by_side(request, report, deadline)
        finally:
            self._places.release()

    async def _side_by_side(
        self, request: ProbeRequest, report: Report, deadline: float
    ) -> tuple[ProtocolOutcome, ...]:
        context = await self._contexts.verified(request.trust_anchors)
        # Each trial ends by itself before the deadline, with a verdict: cancelling it from here
        # would lose the step that was under way.
        async with asyncio.TaskGroup() as group:
            trials = [
                group.create_task(
                    Trial(
                        target,
                        egress=self._egress,
                        context=context,
                        settings=self._settings,
                        classify=self._classify,
                        report=report,
                        deadline=deadline,
                    ).run()
                )
                for target in request.targets
            ]
        return tuple(trial.result() for trial in trials)


def _not_begun(target: ProbeTarget, report: Report) -> ProtocolOutcome:
    """Report a test for which no place became free in its time."""
    protocol = target.settings.protocol
    for kind in planned_steps(protocol, target.settings.security):
        report(ProbeStep(protocol, kind, StepStatus.SKIPPED))
    return ProtocolOutcome(protocol, DiagnosticCode.STEP_TIMEOUT)
