"""Replies that were pasted without their circumstances."""

import pytest

from kit.failures import seen
from mailconfig.domain.diagnostics import DiagnosticCode as Code
from mailconfig.domain.diagnostics import Phase, diagnose_code
from mailconfig.domain.diagnostics.phases import guess_phase
from mailconfig.domain.diagnostics.replies import read


@pytest.mark.parametrize(
    ("text", "code"),
    [
        # the words of the reply show provider and phase
        (
            "535-5.7.8 Refused. See https://support.google.com/mail/?p=BadCredentials",
            Code.GMAIL_BAD,
        ),
        (
            "535 5.7.139 Authentication unsuccessful, basic authentication is disabled.",
            Code.MS_BASIC_OFF,
        ),
        # a code that is given nowhere but at the login
        ("535 nothing else", Code.AUTH_BAD_CREDENTIALS),
        ("a1 NO [AUTHENTICATIONFAILED] nothing else", Code.AUTH_BAD_CREDENTIALS),
        # what a reply speaks of
        ("554 5.7.1 <b@example.org>: Relay access denied", Code.RELAY_DENIED),
        (
            "550 5.1.1 <b@example.org>: Recipient address rejected: User unknown",
            Code.RECIPIENT_UNKNOWN,
        ),
        ("530 5.7.0 Must issue a STARTTLS command first", Code.STARTTLS_REQUIRED),
        ("454 4.7.0 TLS not available due to local problem", Code.STARTTLS_FAILED_SERVER),
        ("552 5.2.2 over quota", Code.MAILBOX_QUOTA),
        # no reply at all, but a library's words
        ("Error: self signed certificate", Code.CERT_SELF_SIGNED),
        ("connect ECONNREFUSED 203.0.113.5:587", Code.TCP_REFUSED),
        ("getaddrinfo ENOTFOUND smtp.exmple.com", Code.DNS_NXDOMAIN),
        ("invalid_grant", Code.OAUTH_REAUTH),
        # a bare number says nothing without its phase
        ("550", Code.UNKNOWN_REPLY),
    ],
)
def test_a_pasted_reply_has_its_code(text: str, code: Code) -> None:
    """Words and codes are enough where host, protocol and phase are not known."""
    assert diagnose_code(seen("", text)) is code


@pytest.mark.parametrize(
    ("text", "phase"),
    [
        ("host mx.example.org said: 550 5.7.1 No (in reply to RCPT TO command)", Phase.RCPT),
        ("538 5.7.11 no", Phase.AUTH),
        ("553 5.1.8 Sender refused", Phase.MAIL),
        ("554 5.7.1 Looks like spam", Phase.DATA),
        ("Connection refused", None),
        ("550 5.0.0 no", None),
    ],
)
def test_a_phase_is_guessed_only_from_signs(text: str, phase: Phase | None) -> None:
    """Without a sign the phase stays unknown."""
    assert guess_phase(read(text)[-1]) is phase
