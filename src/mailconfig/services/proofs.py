"""Proofs: whether other settings would work, as far as that shows without signing in.

A proposal is tried by the steps up to the capabilities, so that nobody is offered a change that
fails at once. Must not hand a secret to anybody: what needs one stays unproven.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import anyio

from mailconfig.domain.diagnostics import DiagnosticCode, SettingsFix
from mailconfig.domain.diagnostics.values import ServerPatch
from mailconfig.domain.probes import Prober, ProbeRequest, ProbeStep, ProbeTarget, StepKind
from mailconfig.domain.servers import MailProtocol

_GRACE_SECONDS: Final = 1
"""What a prober may take past its deadline."""


@dataclass(frozen=True, slots=True)
class ProofSettings:
    """Limits of proofs."""

    seconds: float = 4.0
    """For all proposals together, which are tried side by side."""
    proposals: int = 4
    """How many are tried; the rest is not offered."""


@dataclass(frozen=True, slots=True)
class Scene:
    """The test whose failure is to be mended."""

    targets: tuple[ProbeTarget, ...]
    """Servers of the account as they were tested."""
    anchors: tuple[str, ...] = ()
    """PEM certificates to trust beside the system's."""
    address: str | None = None
    """IP address of the server that failed, where a connection was made."""


class Proofs:
    """Tries proposals against the servers that they name."""

    def __init__(self, prober: Prober, settings: ProofSettings) -> None:
        self._prober = prober
        self._settings = settings

    @property
    def seconds(self) -> float:
        """Longest time that `best` takes."""
        return self._settings.seconds + _GRACE_SECONDS

    async def best(self, proposals: Sequence[SettingsFix], scene: Scene) -> SettingsFix | None:
        """Return the first proposal that passes or cannot be tried; None if none is left."""
        async with asyncio.TaskGroup() as group:
            trials = [
                group.create_task(self._tried(proposal, scene))
                for proposal in proposals[: self._settings.proposals]
            ]
            try:
                for trial in trials:
                    found = await trial
                    if found is not None:
                        return found
            finally:
                for trial in trials:
                    trial.cancel()
        return None

    async def _tried(self, proposal: SettingsFix, scene: Scene) -> SettingsFix | None:
        targets = tuple(filter(None, (_target(proposal, each) for each in scene.targets)))
        if not targets:
            return proposal
        request = ProbeRequest(targets, self._settings.seconds, scene.anchors)
        steps: list[ProbeStep] = []
        with anyio.move_on_after(self.seconds):
            outcomes = await self._prober.probe(request, steps.append)
            passed = all(outcome.code is DiagnosticCode.OK for outcome in outcomes)
            if passed and _holds(proposal, scene, steps):
                return replace(proposal, proven=True, same_address=False)
        return None


def _target(proposal: SettingsFix, target: ProbeTarget) -> ProbeTarget | None:
    """Return what is to be tried of one server, nobody signing in; None where nothing can be."""
    is_imap = target.settings.protocol is MailProtocol.IMAP
    patch = proposal.incoming if is_imap else proposal.outgoing
    if patch is None or not _leads_elsewhere(patch):
        return None
    settings = replace(
        target.settings,
        host=patch.host or target.settings.host,
        port=patch.port or target.settings.port,
        security=patch.security or target.settings.security,
    )
    return ProbeTarget(settings, None, None, target.provider_id)


def _leads_elsewhere(patch: ServerPatch) -> bool:
    return any(value is not None for value in (patch.host, patch.port, patch.security))


def _holds(proposal: SettingsFix, scene: Scene, steps: Sequence[ProbeStep]) -> bool:
    """Check what passed steps alone do not show: the machine, and that it lets people sign in."""
    if proposal.same_address and _addresses(steps) != {scene.address}:
        return False
    signing_in = {target.settings.protocol for target in scene.targets if target.secret is not None}
    return all(
        _takes_logins(step)
        for step in steps
        if step.kind is StepKind.CAPABILITIES and step.protocol in signing_in
    )


def _addresses(steps: Sequence[ProbeStep]) -> set[str | None]:
    return {step.detail.address for step in steps if step.kind is StepKind.CONNECT} - {None}


def _takes_logins(step: ProbeStep) -> bool:
    """Tell whether the capabilities, where they are told, leave a way to sign in."""
    offered = [capability.upper() for capability in step.detail.capabilities]
    with_mechanism = any(capability.startswith("AUTH") for capability in offered)
    if step.protocol is MailProtocol.IMAP:  # LOGIN is there unless it is disabled (RFC 9051)
        return with_mechanism or "LOGINDISABLED" not in offered
    return with_mechanism or not offered
