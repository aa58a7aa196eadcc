"""Drafts and the shipped catalogue for tests: loaded once a process, both are immutable."""

from dataclasses import replace
from datetime import date
from functools import cache

from mailconfig.domain.catalogue import Catalogue
from mailconfig.domain.issues import ValidationIssue
from mailconfig.domain.secrets import NewSecret, Secret, SecretKind
from mailconfig.domain.servers import (
    AuthenticationMethod,
    DraftServer,
    MailProtocol,
    TransportSecurity,
)
from mailconfig.domain.validation import Draft, ValidationPolicy, ValidationReport, validate
from mailconfig.storage.catalogue import load_catalogue

TODAY = date(2026, 11, 22)
APP_PASSWORD = "qwertyuiopasdfgh"


@cache
def shipped() -> Catalogue:
    """Return the catalogue as it ships."""
    return load_catalogue()


def password(text: str = APP_PASSWORD) -> NewSecret:
    """Return a typed password."""
    return NewSecret(SecretKind.PASSWORD, Secret(text))


def token(text: str = "ya29.opaque-token") -> NewSecret:
    """Return a typed access token."""
    return NewSecret(SecretKind.ACCESS_TOKEN, Secret(text))


GMAIL_IMAP = DraftServer(
    MailProtocol.IMAP,
    "imap.gmail.com",
    993,
    TransportSecurity.TLS,
    AuthenticationMethod.AUTO,
    "alice@gmail.com",
    password(),
)
GMAIL_SMTP = DraftServer(
    MailProtocol.SMTP,
    "smtp.gmail.com",
    587,
    TransportSecurity.STARTTLS,
    AuthenticationMethod.AUTO,
    "alice@gmail.com",
    password(),
)


def imap(**fields: object) -> DraftServer:
    """Return Gmail's IMAP server with other values in some fields."""
    return replace(GMAIL_IMAP, **fields)


def smtp(**fields: object) -> DraftServer:
    """Return Gmail's SMTP server with other values in some fields."""
    return replace(GMAIL_SMTP, **fields)


def draft(**fields: object) -> Draft:
    """Return a faultless Gmail draft with other values in some fields."""
    whole = Draft(
        name="Work", email_address="alice@gmail.com", incoming=GMAIL_IMAP, outgoing=GMAIL_SMTP
    )
    return replace(whole, **fields)


def report(
    checked: Draft, *, today: date = TODAY, policy: ValidationPolicy | None = None
) -> ValidationReport:
    """Validate against the shipped catalogue."""
    return validate(checked, shipped(), policy or ValidationPolicy(), today)


def found(
    checked: Draft, *, today: date = TODAY, policy: ValidationPolicy | None = None
) -> list[tuple[str, str, str, str | None]]:
    """Return each issue as severity, code, dotted path, suggestion."""
    return [brief(issue) for issue in report(checked, today=today, policy=policy).issues]


def brief(issue: ValidationIssue) -> tuple[str, str, str, str | None]:
    """Return an issue without its words."""
    return (issue.severity.value, issue.code.value, ".".join(issue.path), issue.suggestion)
