"""Tests of servers that nobody can sign in to, because no access token was to be had.

Stands before the prober and answers in its place: nothing is dialled, and the step that signs in
bears the reason.
"""

from dataclasses import dataclass, replace

from mailconfig.domain.diagnostics import DiagnosticCode
from mailconfig.domain.probes import (
    Prober,
    ProbeRequest,
    ProbeStep,
    ProbeTarget,
    ProtocolOutcome,
    Report,
    StepKind,
    StepStatus,
    planned_steps,
)


@dataclass(frozen=True, slots=True)
class WithholdingProber:
    """Answers for targets whose token is withheld; hands all others to a prober."""

    prober: Prober

    async def probe(self, request: ProbeRequest, report: Report) -> tuple[ProtocolOutcome, ...]:
        """Test every target as `domain.probes.Prober` says."""
        able = tuple(target for target in request.targets if target.withheld is None)
        if len(able) == len(request.targets):
            return await self.prober.probe(request, report)
        for target in request.targets:
            if target.withheld is not None:
                _report(target, target.withheld, report)
        found: tuple[ProtocolOutcome, ...] = ()
        if able:
            found = await self.prober.probe(replace(request, targets=able), report)
        outcomes = iter(found)
        return tuple(
            next(outcomes)
            if target.withheld is None
            else ProtocolOutcome(target.settings.protocol, target.withheld)
            for target in request.targets
        )


def _report(target: ProbeTarget, code: DiagnosticCode, report: Report) -> None:
    protocol = target.settings.protocol
    for kind in planned_steps(protocol, target.settings.security):
        if kind is StepKind.AUTHENTICATE:
            report(ProbeStep(protocol, kind, StepStatus.FAILED, 0, code=code))
        else:
            report(ProbeStep(protocol, kind, StepStatus.SKIPPED))
