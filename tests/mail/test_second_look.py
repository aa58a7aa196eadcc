"""What a trial finds out beside its steps: a silent port that waits for TLS, and broken IPv6."""

import asyncio
import errno
import socket
import ssl
from ipaddress import ip_address, ip_network
from typing import NoReturn

import pytest

from kit.certs import CertificateKit, ssl_server_context
from kit.probing import HOST, Result, failure_as_code, probe_one, target
from kit.scripted import Peer, scripted
from mailconfig.domain.diagnostics import DiagnosticCode, Phase
from mailconfig.domain.diagnostics.values import Failure
from mailconfig.domain.probes import ProbeRequest, ProbeStep, StepKind, StepStatus
from mailconfig.domain.resolution import IPAddress
from mailconfig.domain.servers import MailProtocol, TransportSecurity
from mailconfig.egress import Egress, EgressPolicy
from mailconfig.mail import trial
from mailconfig.mail.limits import ProbeSettings
from mailconfig.mail.prober import NetworkProber
from mailconfig.mail.tls import TlsContexts, TlsSettings

IMAP, SMTP = MailProtocol.IMAP, MailProtocol.SMTP
NONE, STARTTLS = TransportSecurity.NONE, TransportSecurity.STARTTLS
PROMISE_SECONDS = 6
"""What the product promises for a wrong TLS mode."""
CLEAR_SMTP = """
    S: 220 mail.example.test ESMTP
    C: EHLO [127.0.0.1]
    S: 250 mail.example.test
    C: QUIT
"""


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> CertificateKit:
    """An authority."""
    return CertificateKit(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def tls(certificates: CertificateKit) -> ssl.SSLContext:
    """The context of a server with a good certificate."""
    return ssl_server_context(certificates.issue(HOST))


async def late(_: Peer) -> None:
    """Make the client wait, longer than it takes to look a second time."""
    await asyncio.sleep(0.5)


def impatient(**limits: float) -> ProbeSettings:
    """Look after a tenth of a second."""
    return ProbeSettings(silence_seconds=0.1, **limits)


async def probed(port: int, protocol: MailProtocol, **limits: float) -> Result:
    """Test a server without TLS and without signing in."""
    plain = target(port, protocol, NONE, secret=None)
    return await probe_one(plain, settings=impatient(**limits), deadline_seconds=30)


@pytest.mark.parametrize("protocol", [IMAP, SMTP])
@pytest.mark.parametrize("security", [NONE, STARTTLS])
async def test_a_port_that_waits_for_tls_is_found_while_it_is_silent(
    protocol: MailProtocol, security: TransportSecurity, tls: ssl.SSLContext
) -> None:
    """The greeting would be waited for a minute; the second connection tells in time."""
    async with asyncio.timeout(PROMISE_SECONDS), scripted("TLS", tls=tls) as server:
        result = await probe_one(
            target(server.port, protocol, security),
            settings=ProbeSettings(greeting_seconds=60),
            deadline_seconds=60,
        )
    seen = result.outcome.observation
    assert seen is not None
    assert (seen.phase, seen.failure) == (Phase.GREETING, Failure.TLS_ALERT)
    assert result.outcome.certificate is not None
    assert result.outcome.certificate.names == (HOST,)
    assert result.step(StepKind.GREETING).detail.certificate == result.outcome.certificate
    assert (len(server.peers), server.clear, server.inside) == (2, b"", b"")


async def test_a_slow_greeting_is_waited_for() -> None:
    """A look that finds no TLS changes nothing."""
    async with scripted([late, CLEAR_SMTP]) as server:
        result = await probed(server.port, SMTP)
    assert result.outcome.code is DiagnosticCode.OK
    assert len(server.peers) == 2


async def test_ports_that_begin_in_clear_text_are_left_in_peace(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A server that makes clients wait there would take the look for a spammer's haste."""
    async with scripted([late, CLEAR_SMTP]) as server:
        monkeypatch.setattr(trial, "_GREETING_PORTS", frozenset({server.port}))
        result = await probed(server.port, SMTP)
    assert result.outcome.code is DiagnosticCode.OK
    assert len(server.peers) == 1


async def test_nobody_looks_twice() -> None:
    """A port that neither greets nor speaks TLS sees two connections, and is a time-out."""
    async with scripted("HOLD") as server:
        result = await probed(server.port, SMTP, greeting_seconds=0.5, inspect_seconds=0.1)
    assert result.outcome.observation is not None
    assert result.outcome.observation.failure is Failure.TIMEOUT
    assert len(server.peers) == 2


async def test_a_quick_greeting_needs_no_look() -> None:
    """One connection, as long as the server talks."""
    async with scripted(CLEAR_SMTP) as server:
        result = await probed(server.port, SMTP)
    assert result.outcome.code is DiagnosticCode.OK
    assert len(server.peers) == 1


class _BothFamilies:
    """Every name has an IPv6 and an IPv4 address."""

    async def addresses(self, _host: str) -> tuple[IPAddress, ...]:
        """Return loopback."""
        return (ip_address("::1"), ip_address("127.0.0.1"))


def sockets_without_ipv6(number: int) -> type[socket.socket]:
    """Sockets that connect over IPv4 only; over IPv6 they fail with that error."""

    class _Failing(socket.socket):
        def connect(self, address: tuple[object, ...]) -> None:
            if self.family is socket.AF_INET6:
                self._fail()
            super().connect(address)

        def _fail(self) -> NoReturn:
            raise OSError(number, "no")

    return _Failing


async def over_both_families(port: int, number: int) -> Result:
    """Test a server whose IPv6 address fails with that error."""
    policy = EgressPolicy(
        allow_networks=(ip_network("127.0.0.0/8"), ip_network("::1/128")),
        allow_ports=frozenset({port}),
    )
    egress = Egress(policy, _BothFamilies(), open_socket=sockets_without_ipv6(number))
    contexts = TlsContexts(TlsSettings(system_trust=False))
    runner = NetworkProber(egress, contexts, failure_as_code, ProbeSettings())
    steps: list[ProbeStep] = []
    request = ProbeRequest((target(port, SMTP, NONE, secret=None),), 5)
    (outcome,) = await runner.probe(request, steps.append)
    return Result(outcome, steps)


@pytest.mark.parametrize("number", [errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ETIMEDOUT])
async def test_ipv6_that_fails_is_a_warning(number: int) -> None:
    """The test goes on over IPv4 and passes; CONNECT warns."""
    async with scripted(CLEAR_SMTP) as server:
        result = await over_both_families(server.port, number)
    connected = result.step(StepKind.CONNECT)
    assert (connected.status, connected.code) == (StepStatus.WARNING, DiagnosticCode.IPV6_BROKEN)
    assert connected.detail.address == "127.0.0.1"
    assert result.outcome.code is DiagnosticCode.OK
    assert result.outcome.warnings == (DiagnosticCode.IPV6_BROKEN,)


@pytest.mark.parametrize("number", [errno.ENETUNREACH, errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL])
async def test_a_machine_without_ipv6_warns_of_nothing(number: int) -> None:
    """Nothing is broken where there is no IPv6 at all; every test would warn."""
    async with scripted(CLEAR_SMTP) as server:
        result = await over_both_families(server.port, number)
    connected = result.step(StepKind.CONNECT)
    assert (connected.status, connected.code) == (StepStatus.PASSED, None)
    assert result.outcome.warnings == ()
