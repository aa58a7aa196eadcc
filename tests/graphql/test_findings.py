"""What a connection test shows beyond its steps: ports, warnings, the case of its cause."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from kit.api import MEMBER, Api, FakeProber, serving
from kit.outcomes import passed, wrong_password
from mailconfig.domain.diagnostics import DiagnosticCode, Observation, Phase
from mailconfig.domain.diagnostics.engine import diagnose_code
from mailconfig.domain.diagnostics.values import Failure
from mailconfig.domain.probes import (
    ProbeRequest,
    ProbeStep,
    ProtocolOutcome,
    Report,
    StepKind,
    StepStatus,
)
from mailconfig.domain.reachability import IpVersion, PortReach, PortState
from mailconfig.domain.servers import MailProtocol, TransportSecurity
from mailconfig.settings import Settings

TEST = """
mutation ($input: TestConnectionInput!) {
  testConnection(input: $input) {
    test {
      id status
      ports { port version state durationMs }
      warnings { code fixableBy retryable }
      steps { protocol kind status diagnosis { code fixableBy retryable } }
      diagnosis {
        code fixableBy retryable
        fix { title proven incoming { port security authentication } outgoing { port } }
      }
    }
    errors { __typename }
  }
}
"""
IMAP, SMTP = MailProtocol.IMAP, MailProtocol.SMTP


@dataclass
class Matrix:
    """A port scout that knows what answers."""

    found: tuple[PortReach, ...]
    hosts: list[tuple[str, float]] = field(default_factory=list)

    async def scout(self, host: str, seconds: float) -> tuple[PortReach, ...]:
        """Tell it."""
        self.hosts.append((host, seconds))
        return self.found


def matrix() -> Matrix:
    """Only 143 answers, over IPv4."""
    return Matrix(
        (
            PortReach(143, IpVersion.IPV4, PortState.OPEN, 12),
            PortReach(993, IpVersion.IPV4, PortState.REFUSED, 11),
            PortReach(993, IpVersion.IPV6, PortState.NO_ADDRESS),
        )
    )


def refused(
    failure: Failure = Failure.REFUSED, phase: Phase = Phase.CONNECT
) -> tuple[ProtocolOutcome, ...]:
    """Nothing listens at imap.example.net:993."""
    seen = Observation(
        protocol=IMAP,
        phase=phase,
        host="imap.example.net",
        port=993,
        security=TransportSecurity.TLS,
        failure=failure,
    )
    return (ProtocolOutcome(IMAP, diagnose_code(seen), seen), passed(SMTP))


async def tested(api: Api) -> dict[str, Any]:
    """Test an account to the end and return the test."""
    outcomes, api.prober.outcomes = api.prober.outcomes, None
    config_id = await api.stored(MEMBER)
    api.prober.outcomes = outcomes
    given = {"target": {"configId": config_id}, "waitSeconds": 20}
    payload = (await api.data(MEMBER, TEST, {"input": given}))["testConnection"]
    assert payload["errors"] == []
    return payload["test"]


tested.__test__ = False  # type: ignore[attr-defined]  # pytest would take it for a test


@pytest.mark.parametrize("failure", [Failure.REFUSED, Failure.TIMEOUT, Failure.UNREACHABLE])
async def test_ports_are_looked_at_where_connecting_failed(
    app_settings: Settings, failure: Failure
) -> None:
    """They are shown as found, the host is the one that failed, in the operator's time."""
    ports = matrix()
    async with serving(app_settings, port_scout=ports) as api:
        api.prober.outcomes = refused(failure)
        test = await tested(api)
    assert ports.hosts == [("imap.example.net", 3)]
    assert test["ports"] == [
        {"port": 143, "version": "IPV4", "state": "OPEN", "durationMs": 12},
        {"port": 993, "version": "IPV4", "state": "REFUSED", "durationMs": 11},
        {"port": 993, "version": "IPV6", "state": "NO_ADDRESS", "durationMs": None},
    ]


async def test_a_port_that_answers_is_tried_and_offered(app_settings: Settings) -> None:
    """Without a secret and a sender; the fix says that it is proven."""
    async with serving(app_settings, port_scout=matrix()) as api:
        api.prober.outcomes = refused()
        test = await tested(api)
        (proof,) = api.prober.proofs
    assert test["diagnosis"]["fix"] == {
        "title": "Use a port that answers.",
        "proven": True,
        "incoming": {"port": 143, "security": "STARTTLS", "authentication": None},
        "outgoing": None,
    }
    (target,) = proof.targets
    assert (target.settings.port, target.secret, target.sender) == (143, None, None)


@pytest.mark.parametrize(
    "outcomes",
    [
        (passed(IMAP), passed(SMTP)),
        (passed(IMAP), wrong_password(SMTP)),
        refused(Failure.NAME_NOT_FOUND, Phase.DNS),
        refused(Failure.EGRESS_REFUSED, Phase.DNS),
        refused(Failure.TIMEOUT, Phase.GREETING),
    ],
)
async def test_no_ports_are_looked_at_elsewhere(
    app_settings: Settings, outcomes: tuple[ProtocolOutcome, ...]
) -> None:
    """Neither after a pass nor where a connection was made or none was allowed."""
    ports = matrix()
    async with serving(app_settings, port_scout=ports) as api:
        api.prober.outcomes = outcomes
        assert (await tested(api))["ports"] == []
    assert ports.hosts == []


@dataclass
class _OldIpv6(FakeProber):
    """Connects over IPv4 only."""

    async def probe(self, request: ProbeRequest, report: Report) -> tuple[ProtocolOutcome, ...]:
        """Warn where the connection is made."""
        await super().probe(request, report)
        code = DiagnosticCode.IPV6_BROKEN
        report(ProbeStep(IMAP, StepKind.CONNECT, StepStatus.WARNING, 1, code=code))
        return (passed(IMAP, code), passed(SMTP))


async def test_a_warning_is_a_diagnosis(app_settings: Settings) -> None:
    """The test passes with warnings and tells them, at the step and as a list."""
    async with serving(app_settings, _OldIpv6()) as api:
        test = await tested(api)
    warning = {"code": "IPV6_BROKEN", "fixableBy": "OPERATOR", "retryable": True}
    assert (test["status"], test["diagnosis"]) == ("PASSED_WITH_WARNINGS", None)
    assert test["warnings"] == [warning]
    (step,) = [step for step in test["steps"] if step["status"] == "WARNING"]
    assert (step["kind"], step["diagnosis"]) == ("CONNECT", warning)


def full_mailbox(reply: str, reply_code: int) -> tuple[ProtocolOutcome, ...]:
    """The outgoing server says that a recipient's mailbox is full."""
    seen = Observation(
        protocol=SMTP,
        phase=Phase.RCPT,
        failure=Failure.REPLY,
        text=reply,
        reply_code=reply_code,
        enhanced_code=reply.split()[1],
        tls_active=True,
    )
    return (passed(IMAP), ProtocolOutcome(SMTP, diagnose_code(seen), seen))


@pytest.mark.parametrize(
    ("reply", "retryable"), [("452 4.2.2 Mailbox full", True), ("552 5.2.2 Mailbox full", False)]
)
async def test_the_case_decides_who_can_mend_it_and_when(
    app_settings: Settings, reply: str, retryable: bool
) -> None:
    """What the taxonomy says of the code gives way to what this reply says."""
    async with serving(app_settings) as api:
        api.prober.outcomes = full_mailbox(reply, int(reply[:3]))
        diagnosis = (await tested(api))["diagnosis"]
    assert (diagnosis["code"], diagnosis["fixableBy"]) == ("MAILBOX_QUOTA", "NOBODY")
    assert diagnosis["retryable"] is retryable
