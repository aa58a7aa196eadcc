"""Connection tests against real servers, said briefly: accounts, targets and what a test saw.

run = await probe(network_prober(certificates), target(...))
assert run.verdict() == ([], DiagnosticCode.OK)
"""

import asyncio
import secrets
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from typing import Protocol

from kit.certs import CertificatePaths, ssl_server_context
from kit.delay import DelayProxy
from kit.servers import FAR, GOOD_HOST, Certificates, LoopbackResolver
from mailconfig.domain.diagnostics import DiagnosticCode
from mailconfig.domain.diagnostics.engine import diagnose_code
from mailconfig.domain.probes import (
    Prober,
    ProbeRequest,
    ProbeStep,
    ProbeTarget,
    ProtocolOutcome,
    Report,
    StepKind,
    StepStatus,
)
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

DEADLINE_SECONDS = 20.0
"""The product's default."""
LOG_SECONDS = 0.15
"""What the servers' log processes may take to write down a login."""


class CountsFailures(Protocol):
    """A server that can say how many logins it refused."""

    def failed_logins(self, name: str) -> int:
        """Count the refused logins of a user."""
        ...


@dataclass(frozen=True, slots=True)
class Account:
    """A user of the servers and the secret that it signs in with."""

    name: str
    secret: str
    kind: SecretKind = SecretKind.PASSWORD


def fresh_name() -> str:
    """Return a user name, an address, that no other test uses."""
    return f"u{secrets.token_hex(6)}@{GOOD_HOST}"


@dataclass(slots=True)
class Run:
    """What one connection test reported and answered."""

    steps: list[ProbeStep] = field(default_factory=list)
    """Every report, in order."""
    outcomes: tuple[ProtocolOutcome, ...] = ()

    def codes(self) -> tuple[DiagnosticCode, ...]:
        """Return the code of each target."""
        return tuple(outcome.code for outcome in self.outcomes)

    def step(self, kind: StepKind, protocol: MailProtocol | None = None) -> ProbeStep:
        """Return the last report about a step; its duration and details are final."""
        wanted = protocol or self.outcomes[0].protocol
        return [step for step in self.steps if (step.kind, step.protocol) == (kind, wanted)][-1]

    def passed(self, protocol: MailProtocol | None = None) -> list[StepKind]:
        """Return the steps that passed, in order."""
        return self._ended(StepStatus.PASSED, protocol)

    def failed(self, protocol: MailProtocol | None = None) -> list[StepKind]:
        """Return the steps that failed, in order."""
        return self._ended(StepStatus.FAILED, protocol)

    def verdict(self) -> tuple[list[StepKind], DiagnosticCode]:
        """Return the failed steps and the code of a test with one target."""
        (outcome,) = self.outcomes
        return self.failed(), outcome.code

    def _ended(self, status: StepStatus, protocol: MailProtocol | None) -> list[StepKind]:
        wanted = protocol or self.outcomes[0].protocol
        return [
            step.kind for step in self.steps if (step.status, step.protocol) == (status, wanted)
        ]


def target(
    protocol: MailProtocol,
    port: int,
    security: TransportSecurity,
    account: Account | None,
    *,
    host: str = GOOD_HOST,
    method: AuthenticationMethod = AuthenticationMethod.AUTO,
    sender: str | None = None,
) -> ProbeTarget:
    """Return a server to test; without an account nobody signs in."""
    settings = ServerSettings(
        protocol=protocol,
        host=host,
        port=port,
        security=security,
        authentication=method if account else AuthenticationMethod.NONE,
        username=account.name if account else None,
    )
    secret = NewSecret(account.kind, Secret(account.secret)) if account else None
    return ProbeTarget(settings=settings, secret=secret, sender=sender)


async def probe(
    prober: Prober,
    *targets: ProbeTarget,
    trust: tuple[str, ...] = (),
    watch: Report | None = None,
) -> Run:
    """Test the targets side by side and return all that was seen; `watch` sees steps live."""
    run = Run()

    def report(step: ProbeStep) -> None:
        run.steps.append(step)
        if watch is not None:
            watch(step)

    request = ProbeRequest(targets, deadline_seconds=DEADLINE_SECONDS, trust_anchors=trust)
    run.outcomes = await prober.probe(request, report)
    return run


def trips_at_sign_in(
    proxies: dict[MailProtocol, DelayProxy], trips: dict[MailProtocol, int]
) -> Report:
    """Return a watcher that notes each proxy's round trips when the sign-in has ended."""

    def watch(step: ProbeStep) -> None:
        if step.kind is StepKind.AUTHENTICATE and step.status is StepStatus.PASSED:
            trips[step.protocol] = proxies[step.protocol].round_trips

    return watch


async def refused(server: CountsFailures, account: Account) -> int:
    """Return how many logins of an account the server's log shows as refused."""
    await asyncio.sleep(LOG_SECONDS)
    return await asyncio.to_thread(server.failed_logins, account.name)


def network_prober(certificates: Certificates) -> NetworkProber:
    """Return the product's prober: it trusts the tests' authority and may reach the servers."""
    policy = EgressPolicy(
        allow_networks=(ip_network(f"{FAR}/32"),), allow_ports=frozenset(range(1024, 65536))
    )
    return NetworkProber(
        Egress(policy, LoopbackResolver()),
        TlsContexts(TlsSettings(ca_file=Path(certificates.ca))),
        diagnose_code,
        ProbeSettings(),
    )


@asynccontextmanager
async def tls_1_0_server(certificates: Certificates) -> AsyncIterator[int]:
    """Yield the port of a server that speaks TLS 1.0 and nothing newer, and then says nothing.

    Neither Dovecot nor Postfix can be kept from newer versions on OpenSSL 3.
    """
    paths = CertificatePaths(Path(certificates.cert[GOOD_HOST]), Path(certificates.key[GOOD_HOST]))
    context = ssl_server_context(paths, only=ssl.TLSVersion.TLSv1)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, FAR, 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()
