"""Steps of a connection test as the schema shows them."""

from datetime import datetime

import strawberry

from mailconfig.domain.probes import Certificate, ConnectionTest, ProbeStep, StepKind, StepStatus
from mailconfig.domain.providers import Provider
from mailconfig.domain.servers import MailProtocol
from mailconfig.graphql import ids
from mailconfig.graphql.describing import object_type
from mailconfig.graphql.diagnoses import Diagnosis, diagnosis
from mailconfig.graphql.findings import step_finding


@object_type
class ServerCertificate:
    """The certificate that a server showed."""

    subject: str
    """Distinguished name of the subject."""
    issuer: str
    """Distinguished name of the issuer."""
    names: list[str]
    """DNS names and addresses that it is valid for."""
    not_before: datetime
    """Start of its validity."""
    not_after: datetime
    """End of its validity."""
    sha256: str
    """Fingerprint: SHA-256 of the DER form in lower-case hex."""


@object_type
class ConnectionTestStep:
    """One step: what was tried, how long it took, what was seen and what to do about it."""

    id: strawberry.ID
    """Stable within its test."""
    protocol: MailProtocol
    """Which server."""
    kind: StepKind
    """What the step does."""
    status: StepStatus
    """How far it is."""
    duration_ms: int | None
    """Milliseconds, once ended."""
    address: str | None
    """IP address that was used."""
    port: int | None
    """TCP port that was used."""
    tls_version: str | None
    """Version of TLS, such as TLSv1.3."""
    cipher: str | None
    """Cipher suite, in OpenSSL's words."""
    certificate: ServerCertificate | None
    """The server's certificate, also when it was refused."""
    capabilities: list[str]
    """What the server offers."""
    mechanism: str | None
    """SASL mechanism that was tried."""
    server_reply: str | None
    """The server's own words, without secrets, cut at 300 characters."""
    diagnosis: Diagnosis | None
    """What went wrong in this step; null when nothing did."""


def step(test: ConnectionTest, found: ProbeStep, provider: Provider | None) -> ConnectionTestStep:
    """Show a step of a test."""
    detail = found.detail
    meaning = step_finding(test, found, provider)
    return ConnectionTestStep(
        id=ids.encode("ConnectionTestStep", f"{test.id}/{found.protocol}/{found.kind}"),
        protocol=found.protocol,
        kind=found.kind,
        status=found.status,
        duration_ms=found.duration_ms,
        address=detail.address,
        port=detail.port,
        tls_version=detail.tls_version,
        cipher=detail.cipher,
        certificate=_certificate(detail.certificate),
        capabilities=list(detail.capabilities),
        mechanism=detail.mechanism,
        server_reply=detail.server_reply,
        diagnosis=diagnosis(meaning) if meaning is not None else None,
    )


def _certificate(found: Certificate | None) -> ServerCertificate | None:
    if found is None:
        return None
    return ServerCertificate(
        subject=found.subject,
        issuer=found.issuer,
        names=list(found.names),
        not_before=found.not_before,
        not_after=found.not_after,
        sha256=found.sha256,
    )
