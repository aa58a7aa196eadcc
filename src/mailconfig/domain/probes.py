"""Connection tests as plain values, and the Prober that runs them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol
from uuid import UUID

from mailconfig.domain.arrivals import RoundTrip
from mailconfig.domain.diagnostics import DiagnosticCode, FixableBy, Observation
from mailconfig.domain.diagnostics.values import SettingsFix
from mailconfig.domain.reachability import PortReach
from mailconfig.domain.secrets import NewSecret
from mailconfig.domain.servers import MailProtocol, ServerSettings, TransportSecurity


class StepKind(StrEnum):
    """What a step does; the steps of a server run in this order as its TLS mode demands."""

    RESOLVE = "RESOLVE"
    """The host name is looked up and every address checked by egress."""
    CONNECT = "CONNECT"
    """TCP to a checked address."""
    TLS_HANDSHAKE = "TLS_HANDSHAKE"
    """TLS with verification of name and chain; after STARTTLS where that is the mode."""
    GREETING = "GREETING"
    """The server's first line."""
    CAPABILITIES = "CAPABILITIES"
    """EHLO or CAPABILITY, on the connection that signs in."""
    STARTTLS = "STARTTLS"
    """The command that asks for the upgrade."""
    AUTHENTICATE = "AUTHENTICATE"
    """One attempt by one mechanism."""
    OPEN_MAILBOX = "OPEN_MAILBOX"
    """IMAP: ID where offered, EXAMINE INBOX (read-only)."""
    SENDER_CHECK = "SENDER_CHECK"
    """SMTP: MAIL FROM, then RSET; no recipient is named."""
    SUBMIT_MESSAGE = "SUBMIT_MESSAGE"
    """SMTP: hands over the message of a round trip; only where one was asked for."""
    FIND_MESSAGE = "FIND_MESSAGE"
    """IMAP: looks for that message and removes it; only where one was asked for."""


class StepStatus(StrEnum):
    """State of a step."""

    PENDING = "PENDING"
    """Not begun."""
    RUNNING = "RUNNING"
    """Under way."""
    PASSED = "PASSED"
    """Done, all well."""
    WARNING = "WARNING"
    """Done, with a finding that does not stop the test."""
    FAILED = "FAILED"
    """Ended the test of this server."""
    SKIPPED = "SKIPPED"
    """Not run because an earlier step failed, or not needed."""


class TestStatus(StrEnum):
    """State of a connection test."""

    __test__ = False

    QUEUED = "QUEUED"
    """Waits for a free place."""
    RUNNING = "RUNNING"
    """Under way."""
    PASSED = "PASSED"
    """All steps passed."""
    PASSED_WITH_WARNINGS = "PASSED_WITH_WARNINGS"
    """All steps passed, at least one with a finding."""
    FAILED = "FAILED"
    """A step failed; the diagnosis tells why."""
    CANCELLED = "CANCELLED"
    """Somebody stopped it."""
    TIMED_OUT = "TIMED_OUT"
    """The process that ran it is gone, or its deadline passed."""


FINISHED = frozenset(
    {
        TestStatus.PASSED,
        TestStatus.PASSED_WITH_WARNINGS,
        TestStatus.FAILED,
        TestStatus.CANCELLED,
        TestStatus.TIMED_OUT,
    }
)
"""States that a test does not leave."""


_PLANS = {
    TransportSecurity.NONE: (StepKind.GREETING, StepKind.CAPABILITIES),
    TransportSecurity.STARTTLS: (
        StepKind.GREETING,
        StepKind.STARTTLS,
        StepKind.TLS_HANDSHAKE,
        StepKind.CAPABILITIES,
    ),
    TransportSecurity.TLS: (StepKind.TLS_HANDSHAKE, StepKind.GREETING, StepKind.CAPABILITIES),
}
_LAST_STEP = {
    MailProtocol.IMAP: StepKind.OPEN_MAILBOX,
    MailProtocol.SMTP: StepKind.SENDER_CHECK,
}


ROUND_TRIP_STEPS: Final = (
    (MailProtocol.SMTP, StepKind.SUBMIT_MESSAGE),
    (MailProtocol.IMAP, StepKind.FIND_MESSAGE),
)
"""Steps of a round trip, after those of both servers."""


def planned_steps(protocol: MailProtocol, security: TransportSecurity) -> tuple[StepKind, ...]:
    """Return the steps of one server's test in the order in which they run."""
    return (
        StepKind.RESOLVE,
        StepKind.CONNECT,
        *_PLANS[security],
        StepKind.AUTHENTICATE,
        _LAST_STEP[protocol],
    )


@dataclass(frozen=True, slots=True)
class Certificate:
    """The server's leaf certificate, described also when it was refused."""

    subject: str
    issuer: str
    names: tuple[str, ...]
    """DNS names and IP addresses of the subject alternative name extension (RFC 5280)."""
    not_before: datetime
    not_after: datetime
    sha256: str
    """Lower-case hex of the digest over the DER form."""


@dataclass(frozen=True, slots=True)
class StepDetail:
    """What a step saw; absent facts are None or empty."""

    address: str | None = None
    """IP address that was used."""
    port: int | None = None
    tls_version: str | None = None
    """Such as "TLSv1.3"."""
    cipher: str | None = None
    """OpenSSL's name of the cipher suite."""
    certificate: Certificate | None = None
    capabilities: tuple[str, ...] = ()
    mechanism: str | None = None
    """SASL name of the mechanism that was tried."""
    server_reply: str | None = None
    """Cleaned: no control or bidi characters, no secret, at most 300 characters."""


@dataclass(frozen=True, slots=True)
class ProbeStep:
    """One step of one server's test at one moment."""

    protocol: MailProtocol
    kind: StepKind
    status: StepStatus
    duration_ms: int | None = None
    detail: StepDetail = field(default_factory=StepDetail)
    code: DiagnosticCode | None = None
    """Set when the step failed or warns."""


@dataclass(frozen=True, slots=True)
class ProbeTarget:
    """One server to test, with the secret to sign in with; None tests without signing in."""

    settings: ServerSettings
    secret: NewSecret | None
    sender: str | None = None
    """SMTP: address for SENDER_CHECK; None skips that step."""
    provider_id: str | None = None
    """Row of the catalogue that the account belongs to, for the diagnosis."""
    withheld: DiagnosticCode | None = None
    """Why there is no access token although the account has a grant; nothing is dialled then."""
    grant_id: UUID | None = None
    """The grant that the secret, an access token, was fetched for."""
    token_fetched_at: datetime | None = None
    """When the provider gave that token."""
    scopes_missing: tuple[str, ...] = ()
    """What signing in there takes and the grant does not cover."""


@dataclass(frozen=True, slots=True)
class ProbeRequest:
    """What one connection test is to do."""

    targets: tuple[ProbeTarget, ...]
    """At most one of each protocol; run side by side."""
    deadline_seconds: float
    """For all of it; on expiry the running steps end as STEP_TIMEOUT or TCP_TIMEOUT."""
    trust_anchors: tuple[str, ...] = ()
    """PEM certificates that are trusted beside the system's, for this test only."""


@dataclass(frozen=True, slots=True)
class ProtocolOutcome:
    """How the test of one server ended: code OK, or the first failure with all that is known."""

    protocol: MailProtocol
    code: DiagnosticCode
    observation: Observation | None = None
    server_reply: str | None = None
    certificate: Certificate | None = None
    warnings: tuple[DiagnosticCode, ...] = ()
    fixable_by: FixableBy | None = None
    """Who can mend this case; None: as the observation and the taxonomy say."""


Report = Callable[[ProbeStep], None]
"""Called in the event loop when a step starts (RUNNING) and when it ends; must not block."""


class Prober(Protocol):
    """Runs connection tests against real servers."""

    async def probe(self, request: ProbeRequest, report: Report) -> tuple[ProtocolOutcome, ...]:
        """Test every target; one outcome a target, in the order of the request.

        Never raises for what a server does; ends within deadline_seconds plus one second. Each
        target's steps are reported in order: RUNNING, then PASSED, WARNING or FAILED; the steps
        that a failure cut off are reported SKIPPED. Cancellation closes all sockets at once.
        """
        ...


@dataclass(frozen=True, slots=True)
class ConnectionTest:
    """One stored run against the servers of a configuration or of a draft."""

    id: UUID
    workspace_id: UUID
    config_id: UUID | None
    config_revision: int | None
    started_by: UUID
    status: TestStatus
    created_at: datetime
    deadline_at: datetime
    finished_at: datetime | None
    code: DiagnosticCode | None
    """Code of the root cause; None while running, OK when all is well."""
    code_protocol: MailProtocol | None
    """Protocol of the root cause."""
    provider_id: str | None
    server_reply: str | None
    fix_id: UUID | None
    fix: SettingsFix | None
    steps: tuple[ProbeStep, ...] = ()
    retryable: bool | None = None
    """Whether this case may heal by itself; None: as the taxonomy says of the code."""
    fixable_by: FixableBy | None = None
    """Who can mend this case; None: as the taxonomy says of the code."""
    ports: tuple[PortReach, ...] = ()
    """Which ports of the host answer; looked at only where connecting failed."""
    round_trip: RoundTrip | None = None
    """How the round trip ended, if one was asked for and begun."""
