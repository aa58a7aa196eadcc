"""A row of the catalogue with everything that a test does not care about."""

from dataclasses import replace

from mailconfig.domain.providers import (
    Confidence,
    Provider,
    ProviderKind,
    ProviderServer,
    ProviderStatus,
)
from mailconfig.domain.servers import MailProtocol, TransportSecurity

_ROW = Provider(
    id="examplemail",
    name="Example Mail",
    kind=ProviderKind.MAILBOX,
    status=ProviderStatus.ACTIVE,
    regions=(),
    domains=("example.com",),
    domain_suffixes=(),
    mx_suffixes=(),
    incoming=(
        ProviderServer(MailProtocol.IMAP, "imap.example.com", 993, TransportSecurity.TLS),
        ProviderServer(MailProtocol.IMAP, "imap.example.com", 143, TransportSecurity.STARTTLS),
    ),
    outgoing=(
        ProviderServer(MailProtocol.SMTP, "smtp.example.com", 465, TransportSecurity.TLS),
        ProviderServer(MailProtocol.SMTP, "smtp.example.com", 587, TransportSecurity.STARTTLS),
    ),
    username_form="email",
    auth=("password",),
    requires=(),
    quirks=(),
    confidence=Confidence.HIGH,
    help_url="https://help.example.com/imap",
    app_password_url="https://help.example.com/app-passwords",
)


def provider_row(**changes: object) -> Provider:
    """Return the row of an imaginary provider with some fields changed."""
    return replace(_ROW, **changes)  # type: ignore[arg-type]
