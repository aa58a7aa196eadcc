"""Tests of servers that are signed in to by a grant: no token at all, or one that is refused.

Stands before the prober. Where no access token was to be had it answers in its place: nothing is
dialled, and the step that signs in bears the reason. Where a server refuses a token, it knows the
token's age, which neither the server nor the diagnosis of its words does:

    refused, young          it cannot have run out: OAUTH_SCOPE, another account or permission
    refused, not young      OAUTH_TOKEN_EXPIRED, and the next test has a young one

Must not compare addresses: a user name that is not the account's own is right for a shared mailbox.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from mailconfig.domain.clock import Now
from mailconfig.domain.diagnostics import DiagnosticCode, FixableBy, Phase
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
from mailconfig.domain.servers import MailProtocol

YOUNG: Final = timedelta(minutes=1)
"""Age up to which a token cannot have run out: real ones last an hour, and another one would be
refused as well."""
_WRONG_PASSWORD: Final = frozenset(
    {DiagnosticCode.AUTH_BAD_CREDENTIALS, DiagnosticCode.GMAIL_BAD, DiagnosticCode.MS_BAD}
)
"""What a plain refusal reads as. A token is no password; providers whose own code stands for other
reasons as well keep it."""


@dataclass(frozen=True, slots=True)
class WithholdingProber:
    """Answers for targets whose token is withheld; hands all others to a prober."""

    prober: Prober
    now: Now

    async def probe(self, request: ProbeRequest, report: Report) -> tuple[ProtocolOutcome, ...]:
        """Test every target as `domain.probes.Prober` says."""
        able = tuple(target for target in request.targets if target.withheld is None)
        for target in request.targets:
            if target.withheld is not None:
                _report(target, target.withheld, report)
        found: tuple[ProtocolOutcome, ...] = ()
        if able:
            found = await self._probed(replace(request, targets=able), report)
        outcomes = iter(found)
        return tuple(
            next(outcomes)
            if target.withheld is None
            else ProtocolOutcome(target.settings.protocol, target.withheld)
            for target in request.targets
        )

    async def _probed(self, request: ProbeRequest, report: Report) -> tuple[ProtocolOutcome, ...]:
        """Test targets that have what they need; those with grants are judged by their tokens."""
        granted = {
            target.settings.protocol: target
            for target in request.targets
            if target.token_fetched_at is not None
        }
        if not granted:
            return await self.prober.probe(request, report)
        refused_as = {protocol: self._refused_as(target) for protocol, target in granted.items()}

        def reported(step: ProbeStep) -> None:
            code = refused_as.get(step.protocol)
            signing_in = step.kind is StepKind.AUTHENTICATE
            if code is not None and _refuses(step.code, signing_in=signing_in):
                step = replace(step, code=code)
            report(step)

        found = await self.prober.probe(request, reported)
        return tuple(_judged(outcome, granted, refused_as) for outcome in found)

    def _refused_as(self, target: ProbeTarget) -> DiagnosticCode:
        """Return what it means if a server refuses a target's token."""
        fetched = target.token_fetched_at
        young = fetched is not None and self.now() - fetched < YOUNG
        return DiagnosticCode.OAUTH_SCOPE if young else DiagnosticCode.OAUTH_TOKEN_EXPIRED


def _refuses(code: DiagnosticCode | None, *, signing_in: bool) -> bool:
    """Tell whether a code says no more than that the server does not take the token."""
    if code is DiagnosticCode.OAUTH_TOKEN_EXPIRED:
        return True
    return signing_in and code in _WRONG_PASSWORD


def _judged(
    outcome: ProtocolOutcome,
    granted: Mapping[MailProtocol, ProbeTarget],
    refused_as: Mapping[MailProtocol, DiagnosticCode],
) -> ProtocolOutcome:
    """Return an outcome as the token's age explains it."""
    target = granted.get(outcome.protocol)
    if target is None:
        return outcome
    seen = outcome.observation
    if _refuses(outcome.code, signing_in=seen is not None and seen.phase is Phase.AUTH):
        outcome = replace(outcome, code=refused_as[outcome.protocol])
    # All that is asked for was granted: the user signs in with the account that owns the mailbox.
    if outcome.code is DiagnosticCode.OAUTH_SCOPE and not target.scopes_missing:
        outcome = replace(outcome, fixable_by=FixableBy.USER)
    return outcome


def refused_targets(
    targets: Collection[ProbeTarget], outcomes: Collection[ProtocolOutcome]
) -> tuple[ProbeTarget, ...]:
    """Return the targets whose access token, fetched for a grant, a server did not take."""
    refused = {outcome.protocol for outcome in outcomes if outcome.code in _REFUSED}
    granted = (target for target in targets if target.token_fetched_at is not None)
    return tuple(target for target in granted if target.settings.protocol in refused)


_REFUSED: Final = frozenset({DiagnosticCode.OAUTH_TOKEN_EXPIRED, DiagnosticCode.OAUTH_SCOPE})


def _report(target: ProbeTarget, code: DiagnosticCode, report: Report) -> None:
    protocol = target.settings.protocol
    for kind in planned_steps(protocol, target.settings.security):
        if kind is StepKind.AUTHENTICATE:
            report(ProbeStep(protocol, kind, StepStatus.FAILED, 0, code=code))
        else:
            report(ProbeStep(protocol, kind, StepStatus.SKIPPED))
