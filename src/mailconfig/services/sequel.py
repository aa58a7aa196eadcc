"""What a connection test does after its steps: it looks for a fix, or sends a message round.

Runs in the place of its test and can be cancelled with it. Every part has a bound of its own.
Must not write anything down; that is the verdict's business.
"""

from dataclasses import dataclass
from typing import Final

import anyio

from mailconfig.domain.addresses import parse_address
from mailconfig.domain.arrivals import RoundTrip
from mailconfig.domain.catalogue import Catalogue
from mailconfig.domain.diagnostics import DiagnosticCode, Observation, Phase, propose_fixes
from mailconfig.domain.diagnostics.proposals import Known
from mailconfig.domain.probes import ProbeTarget, ProtocolOutcome
from mailconfig.domain.reachability import PortReach, PortScout, PortState
from mailconfig.domain.roundtrips import RoundTripper, RoundTripRequest
from mailconfig.domain.servers import MailProtocol
from mailconfig.services.planning import Plan
from mailconfig.services.proofs import Proofs, Scene
from mailconfig.services.recorder import Job
from mailconfig.services.runner import Findings, Follow
from mailconfig.services.verdicts import root_cause

_SCOUT_GRACE_SECONDS: Final = 1
"""What a scout may take past its time."""
_TRIP_GRACE_SECONDS: Final = 15
"""What a round trip may take past its deadline, to clean up."""


@dataclass(frozen=True, slots=True)
class SequelSettings:
    """Limits of what follows the steps."""

    scout_seconds: float = 3.0
    """For looking which ports answer."""
    round_trip_seconds: float = 60.0
    """For sending a message and finding it."""


class Sequel:
    """Follows up on the outcomes of a test."""

    def __init__(
        self,
        proofs: Proofs,
        scout: PortScout,
        tripper: RoundTripper,
        catalogue: Catalogue,
        settings: SequelSettings,
    ) -> None:
        self._proofs = proofs
        self._scout = scout
        self._tripper = tripper
        self._catalogue = catalogue
        self._settings = settings

    def seconds(self, plan: Plan) -> float:
        """Return the longest time that follows the steps: a look for a fix, or a round trip."""
        looking = self._settings.scout_seconds + _SCOUT_GRACE_SECONDS + self._proofs.seconds
        travelling = self._settings.round_trip_seconds + _TRIP_GRACE_SECONDS
        return max(looking, travelling) if plan.round_trip else looking

    def of(self, plan: Plan) -> Follow:
        """Return what the runner calls after the steps of this plan."""

        async def follow(job: Job, outcomes: tuple[ProtocolOutcome, ...]) -> Findings:
            cause = root_cause(outcomes)
            if cause is not None:
                return await self._mended(plan, job, cause)
            trip = await self._travelled(plan, job) if plan.round_trip else None
            return Findings(round_trip=trip)

        return follow

    async def _mended(self, plan: Plan, job: Job, cause: ProtocolOutcome) -> Findings:
        seen = cause.observation
        if seen is None:
            return Findings()
        ports = await self._ports(seen)
        proposals = propose_fixes(seen, self._known(plan, cause, ports))
        scene = Scene(plan.targets, plan.anchors, job.addresses.get(cause.protocol))
        return Findings(fix=await self._proofs.best(proposals, scene), ports=ports)

    async def _ports(self, seen: Observation) -> tuple[PortReach, ...]:
        """Look which ports answer, where connecting failed."""
        if seen.phase is not Phase.CONNECT or seen.host is None:
            return ()
        seconds = self._settings.scout_seconds
        with anyio.move_on_after(seconds + _SCOUT_GRACE_SECONDS):
            return await self._scout.scout(seen.host, seconds)
        return ()

    def _known(self, plan: Plan, cause: ProtocolOutcome, ports: tuple[PortReach, ...]) -> Known:
        target = _target(plan, cause.protocol)
        other = next((each for each in plan.targets if each is not target), None)
        catalogue = self._catalogue
        answering = frozenset(each.port for each in ports if each.state is PortState.OPEN)
        return Known(
            names=cause.certificate.names if cause.certificate else (),
            provider=plan.provider or catalogue.by_address(parse_address(plan.address)),
            same_site=self._same_site,
            listed=self._is_listed,
            nearest_host=catalogue.nearest_host,
            address=plan.address,
            open_ports=answering if ports else None,
            settings=target.settings if target else None,
            other=other.settings if other else None,
            secret_kind=target.secret.kind if target and target.secret else None,
        )

    def _same_site(self, one: str, other: str) -> bool:
        return self._catalogue.site_of(one) == self._catalogue.site_of(other)

    def _is_listed(self, host: str) -> bool:
        return bool(self._catalogue.rows_of_host(host))

    async def _travelled(self, plan: Plan, job: Job) -> RoundTrip | None:
        incoming = _target(plan, MailProtocol.IMAP)
        outgoing = _target(plan, MailProtocol.SMTP)
        if incoming is None or outgoing is None:  # the planner has refused that
            return None
        seconds = self._settings.round_trip_seconds
        request = RoundTripRequest(incoming, outgoing, plan.address, seconds, plan.anchors)
        with anyio.move_on_after(seconds + _TRIP_GRACE_SECONDS):
            return await self._tripper.travel(request, job.report)
        return RoundTrip(DiagnosticCode.STEP_TIMEOUT, "")


def _target(plan: Plan, protocol: MailProtocol) -> ProbeTarget | None:
    found = (each for each in plan.targets if each.settings.protocol is protocol)
    return next(found, None)
