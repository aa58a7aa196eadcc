"""Explaining pasted texts: circumstances are guessed where they are sure, traces are taken off."""

import time

import pytest

from kit.failures import seen
from mailconfig.domain.diagnostics import DiagnosticCode as Code
from mailconfig.domain.diagnostics import FixableBy, Observation, Phase
from mailconfig.domain.diagnostics.circumstances import without_client
from mailconfig.domain.diagnostics.explaining import explain, guess_circumstances
from mailconfig.domain.diagnostics.families import Family, families_of
from mailconfig.domain.servers import MailProtocol

IMAP, SMTP = MailProtocol.IMAP, MailProtocol.SMTP


@pytest.mark.parametrize(
    ("text", "port", "protocol"),
    [
        ("a1 NO [AUTHENTICATIONFAILED] Authentication failed.", None, IMAP),
        ("* BYE Too many connections", None, IMAP),
        ("imaplib.IMAP4.error: b'LOGIN failed.'", None, IMAP),
        ("javax.mail.AuthenticationFailedException: [AUTHENTICATIONFAILED] no", None, IMAP),
        ("535 5.7.8 Username and Password not accepted", None, SMTP),
        ("550 User unknown", None, SMTP),
        ("smtplib.SMTPServerDisconnected: Connection unexpectedly closed", None, SMTP),
        ("Sent: RCPT TO:<a@example.com>", None, SMTP),
        ("Connection refused", 993, IMAP),
        ("Connection refused", 143, IMAP),
        ("Connection refused", 587, SMTP),
        ("Connection refused", 2525, SMTP),
        # the port was chosen, the words came from the wrong server
        ("* OK IMAP4rev1 ready", 587, SMTP),
        # nothing sure
        ("Connection refused", None, None),
        ("Authentication failed", None, None),
        ("AADSTS50076: multi-factor authentication", None, None),
        ("550 unknown, then a1 NO [NONEXISTENT] unknown\n550 no", None, None),
    ],
)
def test_the_protocol_is_guessed_where_it_is_sure(
    text: str, port: int | None, protocol: MailProtocol | None
) -> None:
    """Replies, client libraries and ports tell; both kinds at once tell nothing."""
    assert guess_circumstances(Observation(text=text, port=port)).protocol is protocol


@pytest.mark.parametrize(
    ("text", "phase"),
    [
        ("smtplib.SMTPRecipientsRefused: {'a@b.example': (550, b'no')}", Phase.RCPT),
        ("smtplib.SMTPSenderRefused: (553, b'no', 'a@b.example')", Phase.MAIL),
        ("smtplib.SMTPDataError: (554, b'no')", Phase.DATA),
        ("smtplib.SMTPAuthenticationError: (535, b'no')", Phase.AUTH),
        ("com.sun.mail.smtp.SMTPAddressFailedException: 550 no", Phase.RCPT),
        ("550 5.1.1 no", Phase.RCPT),
        ("553 5.1.8 no", Phase.MAIL),
        ("550 5.7.26 no", Phase.DATA),
        ("535 no", Phase.AUTH),
        ('{"error": "invalid_grant"}', Phase.TOKEN),
        ("Connection refused", None),
    ],
)
def test_the_step_is_guessed_from_classes_and_codes(text: str, phase: Phase | None) -> None:
    """Client libraries name the step; some codes belong to one."""
    assert guess_circumstances(Observation(text=text)).phase is phase


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("connect ECONNREFUSED smtp.gmail.com:465", "smtp.gmail.com"),
        ("imap.mail.yahoo.com said no, imap.mail.yahoo.com again", "imap.mail.yahoo.com"),
        ("smtp.gmail.com or smtp.office365.com", None),
        ("see https://support.google.com/mail", None),
        ("mail.example.com refused", None),
    ],
)
def test_a_well_known_host_is_taken_from_the_text(text: str, host: str | None) -> None:
    """One server of a known provider, named in the text, is the server; two are none."""
    assert guess_circumstances(Observation(text=text)).host == host


def test_what_is_known_is_kept() -> None:
    """Guesses never overwrite the caller's facts."""
    given = seen("imap/select mail.example.com:143", "550 5.1.1 smtp.gmail.com says no")
    found = guess_circumstances(given)
    assert (found.protocol, found.phase, found.host) == (IMAP, Phase.SELECT, "mail.example.com")


@pytest.mark.parametrize(
    "text",
    [
        (
            "Error: Mail command failed: 550 5.1.1 No such user\n"
            "    at SMTPConnection._formatError (/srv/node_modules/nodemailer/lib/index.js:790:19)"
        ),
        (
            "com.sun.mail.smtp.SMTPSendFailedException: 550 5.1.1 No such user\n;\n"
            "  nested exception is:\n\tcom.sun.mail.smtp.SMTPSenderFailedException: "
            "550 5.1.1 No such user"
        ),
        (
            'Uncaught Swift_TransportException: Expected response code 250 but got code "550", '
            'with message "550 5.1.1 No such user"\n'
            "#0 /srv/vendor/Transport/Smtp.php(341): assertCode()"
        ),
        "smtplib.SMTPRecipientsRefused: {'a@b.example': (550, b'5.1.1 No such user')}",
    ],
    ids=["node", "java", "php", "python"],
)
def test_traces_say_nothing(text: str) -> None:
    """Class names and frames hold words such as Sender and Connection; they do not count."""
    assert explain(Observation(text=text)).code is Code.RECIPIENT_UNKNOWN


def test_a_text_without_a_reply_keeps_its_classes() -> None:
    """The name of an exception is all that some texts have."""
    text = "smtplib.SMTPServerDisconnected: Connection unexpectedly closed"
    assert without_client(text) == text


def test_hostile_texts_take_little_time() -> None:
    """No repetition makes the patterns backtrack far."""
    started = time.process_time()
    for piece in ("a.", "SMTP", "at a(", "#1 ", "550 ", "\n at ", "from ", "1.2.3.4 ", "Error: "):
        guess_circumstances(Observation(text="550 " + piece * (60_000 // len(piece))))
    assert time.process_time() - started < 10


def test_a_bounce_is_explained_by_its_inner_reply() -> None:
    """The mailer's words around the reply do not decide."""
    text = (
        "<bert@example.com>: host mx.example.com[192.0.2.1] said: 552 5.2.2 Mailbox\n"
        "    full (in reply to RCPT TO command)"
    )
    found = explain(Observation(text=text))
    assert (found.code, found.fixable_by) == (Code.MAILBOX_QUOTA, FixableBy.NOBODY)
    assert found.server_reply is not None
    assert found.server_reply.startswith("552 5.2.2 Mailbox")


def test_an_oauth_error_needs_no_circumstances() -> None:
    """The member "error" of RFC 6749 tells by itself."""
    text = '{"error":"invalid_grant","error_description":"PKCE verification failed"}'
    assert explain(Observation(text=text)).code is Code.OAUTH_APP


@pytest.mark.parametrize(
    ("row", "family"),
    [
        ("demo_gmail", Family.GOOGLE),
        ("demo_microsoft365", Family.MICROSOFT),
        ("demo_icloud", Family.APPLE),
        ("demo_yahoo", Family.YAHOO),
        ("demo_netease_163", Family.NETEASE),
        ("gmail", Family.GOOGLE),
    ],
)
def test_rows_of_the_simulator_answer_as_their_provider(row: str, family: Family) -> None:
    """The prefix of the simulator's rows does not hide whom they play."""
    assert families_of(None, row, "") == {family}


def test_the_prefix_alone_is_no_family() -> None:
    """A row that plays nobody belongs to nobody."""
    assert families_of(None, "demo_", "") == frozenset()
    assert families_of(None, "demo_own_server", "") == frozenset()
