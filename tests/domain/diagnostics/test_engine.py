"""The walk from an observation to a diagnosis."""

from dataclasses import replace

import pytest

from kit.failures import seen
from kit.rows import provider_row
from mailconfig.domain.diagnostics import (
    DiagnosticCode,
    FixableBy,
    Observation,
    Phase,
    SettingsFix,
    describe,
    diagnose,
    diagnose_code,
)
from mailconfig.domain.diagnostics.engine import GENERAL, SPECIFIC
from mailconfig.domain.diagnostics.values import Failure, ServerPatch
from mailconfig.domain.issues import Severity
from mailconfig.domain.servers import MailProtocol


def test_a_diagnosis_is_complete() -> None:
    """Code, words, who mends it, paths, help and the server's reply come together."""
    reply = "a1 NO [AUTHENTICATIONFAILED] Authentication failed."
    found = diagnose(seen("imap/auth mail.example.com:993/tls", reply), provider_row())
    assert found.code is DiagnosticCode.AUTH_BAD_CREDENTIALS
    assert found.severity is Severity.ERROR
    assert found.title == "The server does not accept user name and password."
    assert found.fixable_by is FixableBy.USER
    assert found.retryable is False
    assert found.paths == (("incoming", "username"), ("incoming", "secret"))
    assert found.server_reply == reply
    assert found.fix is None


def test_the_page_for_app_passwords_is_named_where_it_helps() -> None:
    """Where a password was refused, the catalogue's page is in the advice and is the help link."""
    page = "https://help.example.com/app-passwords"
    refused = describe(DiagnosticCode.AUTH_BAD_CREDENTIALS, MailProtocol.IMAP, provider_row())
    assert refused.help_url == page
    assert refused.advice.endswith(f"The page for app passwords of Example Mail: {page}")
    closed = describe(DiagnosticCode.TCP_REFUSED, MailProtocol.IMAP, provider_row())
    assert closed.help_url == "https://help.example.com/imap"
    assert page not in closed.advice


def test_without_a_provider_there_is_no_link() -> None:
    """Links come from the catalogue only."""
    assert describe(DiagnosticCode.GMAIL_APP_PASSWORD, None, None).help_url is None
    bare = provider_row(help_url=None, app_password_url=None)
    assert describe(DiagnosticCode.AUTH_BAD_CREDENTIALS, None, bare).help_url is None


def test_a_stored_code_is_described_with_its_reply_and_fix() -> None:
    """What was stored beside the code is passed on unchanged."""
    fix = SettingsFix("Try this.", incoming=ServerPatch(port=993))
    found = describe(DiagnosticCode.TCP_REFUSED, MailProtocol.IMAP, None, "words", fix)
    assert (found.server_reply, found.fix) == ("words", fix)


def test_only_words_of_the_server_are_shown_as_its_reply() -> None:
    """A library's text is not the server's, and a long reply is cut."""
    ours = Observation(failure=Failure.VIOLATION, text="We expected something else.")
    assert diagnose(ours).server_reply is None
    assert diagnose(seen("smtp/auth", "535 " + "x" * 400)).server_reply == "535 " + "x" * 296


@pytest.mark.parametrize(
    ("where", "text", "retryable", "who"),
    [
        # the taxonomy's word
        ("smtp/rcpt", "550 5.1.1 unknown", False, FixableBy.USER),
        # a soft bounce heals perhaps
        ("smtp/rcpt", "450 4.1.1 User unknown in table", True, FixableBy.USER),
        # the recipient's full mailbox is nobody's whom we know
        ("smtp/rcpt", "552 5.2.2 Mailbox full", False, FixableBy.NOBODY),
        ("smtp/rcpt", "452 4.2.2 Mailbox full", True, FixableBy.NOBODY),
        # one's own is one's own
        ("imap/append", "a NO [OVERQUOTA] full", False, FixableBy.USER),
        # Yahoo's lock opens by itself
        (
            "smtp/auth smtp.mail.yahoo.com:465/tls",
            "535 5.7.0 (#AUTH005) Too many bad auth attempts.",
            True,
            FixableBy.USER,
        ),
        # a whole domain's switch is its administrator's
        (
            "imap/auth imap.gmail.com:993/tls",
            "NO [ALERT] IMAP access is disabled for your domain. Please contact your administrator",
            False,
            FixableBy.PROVIDER_ADMIN,
        ),
        # the program has to introduce itself
        ("imap/select imap.163.com:993/tls", "NO SELECT Unsafe Login", False, FixableBy.OPERATOR),
        # members of the group only: a new login does not help
        (
            "smtp/rcpt",
            "550 5.7.1 RESOLVER.RST.AuthRequired; authentication required",
            False,
            FixableBy.PROVIDER_ADMIN,
        ),
    ],
)
def test_the_case_may_differ_from_the_taxonomy(
    where: str, text: str, *, retryable: bool, who: FixableBy
) -> None:
    """A signature or the circumstances say who mends this case and whether waiting helps."""
    found = diagnose(seen(where, text))
    assert (found.retryable, found.fixable_by) == (retryable, who)


def test_codes_of_the_caller_count_like_those_in_the_text() -> None:
    """A dialogue hands the codes over beside the words."""
    bare = Observation(protocol=MailProtocol.SMTP, phase=Phase.RCPT, text="no")
    assert diagnose_code(replace(bare, reply_code=550)) is DiagnosticCode.RECIPIENT_UNKNOWN
    assert diagnose_code(replace(bare, enhanced_code="5.2.2")) is DiagnosticCode.MAILBOX_QUOTA
    login = Observation(protocol=MailProtocol.IMAP, phase=Phase.AUTH, text="no")
    expired = replace(login, response_code="expired")
    assert diagnose_code(expired) is DiagnosticCode.AUTH_EXPIRED


@pytest.mark.parametrize(
    ("provider_id", "code"),
    [
        ("gmail", DiagnosticCode.GMAIL_BAD),
        ("google_workspace", DiagnosticCode.GMAIL_BAD),
        ("microsoft365", DiagnosticCode.MS_BAD),
        ("icloud", DiagnosticCode.ICLOUD),
        ("web_de", DiagnosticCode.GMX_WEBDE),
        ("tencent_exmail", DiagnosticCode.QQ),
        ("netease_qiye", DiagnosticCode.NETEASE),
        ("zoho_in", DiagnosticCode.ZOHO),
        ("ses", DiagnosticCode.SES),
        # other companies with a similar name
        ("yahoo_jp", DiagnosticCode.AUTH_BAD_CREDENTIALS),
        ("websupport", DiagnosticCode.AUTH_BAD_CREDENTIALS),
    ],
)
def test_the_row_of_the_catalogue_shows_the_provider(
    provider_id: str, code: DiagnosticCode
) -> None:
    """A plain refusal at a host of the user's own domain is the provider's by the row alone."""
    refused = seen("imap/auth mail.firma.example:993/tls", "a1 NO [AUTHENTICATIONFAILED] no")
    assert diagnose_code(replace(refused, provider_id=provider_id)) is code


def test_a_row_asks_for_a_sign() -> None:
    """No signature would hold for everything; only then the order of the tables is a meaning."""
    for row in (*SPECIFIC, *GENERAL):
        assert (
            row.words or row.reply_codes or row.enhanced_codes or row.response_codes or row.offers
        ), row


@pytest.mark.parametrize(
    ("where", "code"),
    [
        ("dns/dns mail.example.com:993/tls", DiagnosticCode.DNS_NXDOMAIN),
        ("tcp/connect mail.example.com:993/tls", DiagnosticCode.TCP_TIMEOUT),
        ("tls/tls mail.example.com:993/tls", DiagnosticCode.CERT_UNTRUSTED_ROOT),
        ("tls/tls mail.example.com:587/tls", DiagnosticCode.TLS_MODE_MISMATCH_TLS_ON_PLAIN),
        ("imap/greeting mail.example.com:993/plain", DiagnosticCode.TLS_MODE_MISMATCH_PLAIN_ON_TLS),
        ("imap/greeting mail.example.com:143/plain", DiagnosticCode.TCP_RESET_EOF),
        ("smtp/starttls mail.example.com:587/starttls", DiagnosticCode.STARTTLS_FAILED_SERVER),
        ("imap/auth mail.example.com:993/tls", DiagnosticCode.AUTH_BAD_CREDENTIALS),
        ("imap/auth imap.mail.me.com:993/tls", DiagnosticCode.ICLOUD),
    ],
)
def test_words_that_nobody_knows_get_the_general_code_of_their_phase(
    where: str, code: DiagnosticCode
) -> None:
    """A reply in an unknown language still leads to the advice of its step."""
    assert diagnose_code(seen(where, "Ei õnnestunud")) is code


def test_nothing_is_made_of_nothing() -> None:
    """Without a phase, or without any word, an unknown reply stays unknown."""
    assert diagnose_code(seen("imap", "Ei õnnestunud")) is DiagnosticCode.UNKNOWN_REPLY
    assert diagnose_code(seen("imap/auth", "")) is DiagnosticCode.UNKNOWN_REPLY
