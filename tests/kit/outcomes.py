"""Outcomes of one server's test, for the fake prober."""

from mailconfig.domain.diagnostics import DiagnosticCode, Observation
from mailconfig.domain.diagnostics.engine import diagnose_code
from mailconfig.domain.diagnostics.values import Failure, Phase
from mailconfig.domain.probes import ProtocolOutcome
from mailconfig.domain.servers import MailProtocol, TransportSecurity


def passed(protocol: MailProtocol, *warnings: DiagnosticCode) -> ProtocolOutcome:
    """All well, but for the warnings."""
    return ProtocolOutcome(protocol, DiagnosticCode.OK, warnings=warnings)


def wrong_password(protocol: MailProtocol) -> ProtocolOutcome:
    """The server refused the sign-in."""
    reply = "535 5.7.8 Error: authentication failed"
    seen = Observation(
        protocol=protocol,
        phase=Phase.AUTH,
        failure=Failure.REPLY,
        text=reply,
        reply_code=535,
        enhanced_code="5.7.8",
        tls_active=True,
    )
    return ProtocolOutcome(protocol, diagnose_code(seen), seen, server_reply=reply)


def plain_on_tls_port(host: str = "smtp.example.net", port: int = 465) -> ProtocolOutcome:
    """STARTTLS was set where the server speaks TLS from the first byte: a setting mends it."""
    seen = Observation(
        protocol=MailProtocol.SMTP,
        phase=Phase.GREETING,
        host=host,
        port=port,
        security=TransportSecurity.STARTTLS,
        failure=Failure.TIMEOUT,
    )
    return ProtocolOutcome(MailProtocol.SMTP, diagnose_code(seen), seen)


def no_mechanism(*capabilities: str) -> ProtocolOutcome:
    """The outgoing server offers no mechanism that was allowed."""
    seen = Observation(
        protocol=MailProtocol.SMTP,
        phase=Phase.AUTH,
        failure=Failure.NO_MECHANISM,
        capabilities=capabilities,
        tls_active=True,
    )
    return ProtocolOutcome(MailProtocol.SMTP, diagnose_code(seen), seen)
