"""What the codes say to people."""

import pytest

from mailconfig.domain.diagnostics import DiagnosticCode, FixableBy
from mailconfig.domain.diagnostics.taxonomy import ACCOUNT_FIELDS, TAXONOMY, entry, paths
from mailconfig.domain.issues import Severity
from mailconfig.domain.servers import MailProtocol

SERVER_FIELDS = {"host", "port", "security", "authentication", "username", "secret"}
PASSING = {
    DiagnosticCode.CANCELLED,
    DiagnosticCode.STEP_TIMEOUT,
    DiagnosticCode.DNS_TEMPORARY,
    DiagnosticCode.IPV6_BROKEN,
    DiagnosticCode.TCP_TIMEOUT,
    DiagnosticCode.TCP_RESET_EOF,
    DiagnosticCode.CONNECT_TOO_MANY,
    DiagnosticCode.STARTTLS_FAILED_SERVER,
    DiagnosticCode.AUTH_THROTTLED,
    DiagnosticCode.AUTH_TEMPORARY,
    DiagnosticCode.GMAIL_CONNECTIONS,
    DiagnosticCode.GMAIL_BANDWIDTH,
    DiagnosticCode.GMAIL_SEND_LIMIT,
    DiagnosticCode.MS_THROTTLE,
    DiagnosticCode.OAUTH_TOKEN_EXPIRED,
    DiagnosticCode.OAUTH_ENDPOINT_DOWN,
    DiagnosticCode.ESP_RATE,
    DiagnosticCode.GREYLISTED,
    DiagnosticCode.SEND_QUOTA,
    DiagnosticCode.SERVER_TEMPORARY,
}


def test_the_taxonomy_has_exactly_the_codes() -> None:
    """Every code has an entry, and no entry is left over."""
    assert set(TAXONOMY) == set(DiagnosticCode)


@pytest.mark.parametrize("code", DiagnosticCode)
def test_every_code_is_complete(code: DiagnosticCode) -> None:
    """Title and advice are sentences; who mends it and how bad it is are named."""
    meaning = entry(code)
    assert meaning.title.endswith(".")
    assert len(meaning.title) <= 100
    assert meaning.advice.endswith((".", "?"))
    assert isinstance(meaning.fixable_by, FixableBy)
    assert isinstance(meaning.severity, Severity)
    assert set(meaning.fields) <= SERVER_FIELDS | ACCOUNT_FIELDS


def test_waiting_helps_with_exactly_these() -> None:
    """The codes that heal by themselves are these and no others."""
    assert {code for code in DiagnosticCode if entry(code).retryable} == PASSING


def test_titles_tell_the_codes_apart() -> None:
    """No two codes have the same title or the same advice."""
    titles = [meaning.title for meaning in TAXONOMY.values()]
    advice = [meaning.advice for meaning in TAXONOMY.values()]
    assert len(set(titles)) == len(titles)
    assert len(set(advice)) == len(advice)


def test_paths_point_into_the_form() -> None:
    """Paths name the side that speaks the protocol; the address stands beside the servers."""
    assert paths(DiagnosticCode.CERT_EXPIRED, MailProtocol.IMAP) == (("incoming", "host"),)
    assert paths(DiagnosticCode.SENDER_NOT_OWNED, MailProtocol.SMTP) == (
        ("emailAddress",),
        ("outgoing", "username"),
    )
    assert paths(DiagnosticCode.CERT_EXPIRED, None) == (("incoming", "host"), ("outgoing", "host"))
    assert paths(DiagnosticCode.GREYLISTED, MailProtocol.SMTP) == ()
