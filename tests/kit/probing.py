"""Running the prober against servers on loopback: real egress, real TLS, short deadlines.

result = await probe_one(server.port, MailProtocol.SMTP, TransportSecurity.NONE)
assert result.outcome.code is DiagnosticCode.OK
"""

import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from pathlib import Path

from mailconfig.domain.diagnostics import DiagnosticCode, Observation
from mailconfig.domain.probes import (
    ProbeRequest,
    ProbeStep,
    ProbeTarget,
    ProtocolOutcome,
    StepKind,
    StepStatus,
)
from mailconfig.domain.resolution import IPAddress, NameNotFound
from mailconfig.domain.secrets import NewSecret, Secret, SecretKind
from mailconfig.domain.servers import (
    AuthenticationMethod,
    MailProtocol,
    ServerSettings,
    TransportSecurity,
)
from mailconfig.egress import Egress, EgressPolicy
from mailconfig.mail.limits import ProbeSettings
from mailconfig.mail.prober import NetworkProber
from mailconfig.mail.tls import TlsContexts, TlsSettings

HOST = "mail.example.test"
USERNAME = "ann@example.test"
PASSWORD = "corr3ct horse-b4ttery"


class OneHost:
    """Knows one name, which is 127.0.0.1."""

    def __init__(self, host: str = HOST) -> None:
        self._host = host

    async def addresses(self, host: str) -> tuple[IPAddress, ...]:
        """Return 127.0.0.1 for the one name."""
        if host != self._host:
            raise NameNotFound(host)
        return (ip_address("127.0.0.1"),)


def loopback_egress(ports: Iterable[int]) -> Egress:
    """Return the real egress with loopback and these ports allowed."""
    policy = EgressPolicy(
        allow_networks=(ip_network("127.0.0.0/8"),),
        allow_ports=frozenset(ports),
        refusal_seconds=0,
    )
    return Egress(policy, OneHost())


def failure_as_code(_: Observation) -> DiagnosticCode:
    """Stand in for the engine: tests of the prober look at the observation itself."""
    return DiagnosticCode.UNKNOWN_REPLY


def prober(
    ports: Iterable[int], *, ca: Path | None = None, settings: ProbeSettings | None = None
) -> NetworkProber:
    """Return a prober that may dial these ports of 127.0.0.1 and trusts `ca` only."""
    return NetworkProber(
        loopback_egress(ports),
        TlsContexts(TlsSettings(ca_file=ca, system_trust=False)),
        failure_as_code,
        settings or ProbeSettings(),
    )


def target(
    port: int,
    protocol: MailProtocol,
    security: TransportSecurity,
    *,
    method: AuthenticationMethod = AuthenticationMethod.AUTO,
    username: str = USERNAME,
    secret: str | None = PASSWORD,
    kind: SecretKind = SecretKind.PASSWORD,
    sender: str | None = None,
) -> ProbeTarget:
    """Return a target on loopback under the name that the tests' certificates bear."""
    return ProbeTarget(
        ServerSettings(protocol, HOST, port, security, method, username),
        None if secret is None else NewSecret(kind, Secret(secret)),
        sender,
    )


@dataclass
class Result:
    """What a probe of one target gave."""

    outcome: ProtocolOutcome
    steps: list[ProbeStep]
    """All reports, in order."""

    @property
    def ends(self) -> dict[StepKind, StepStatus]:
        """How each step ended, in the order of the reports."""
        return {
            step.kind: step.status for step in self.steps if step.status is not StepStatus.RUNNING
        }

    @property
    def failed(self) -> ProbeStep | None:
        """The step that failed, if one did."""
        return next((step for step in self.steps if step.status is StepStatus.FAILED), None)

    def step(self, kind: StepKind) -> ProbeStep:
        """Return how a step ended."""
        return next(
            step
            for step in self.steps
            if step.kind is kind and step.status is not StepStatus.RUNNING
        )


async def probe_one(
    probed: ProbeTarget,
    *,
    ca: Path | None = None,
    settings: ProbeSettings | None = None,
    deadline_seconds: float = 5,
) -> Result:
    """Run one target through a prober of its own."""
    steps: list[ProbeStep] = []
    runner = prober([probed.settings.port], ca=ca, settings=settings)
    (outcome,) = await runner.probe(ProbeRequest((probed,), deadline_seconds), steps.append)
    return Result(outcome, steps)


def client_context(ca: Path) -> ssl.SSLContext:
    """Return a verifying client context for a wire that is driven without a prober."""
    return ssl.create_default_context(cafile=ca)
