"""Bounces: the reply inside a delivery report is found, whatever wraps it."""

import time
from textwrap import dedent, indent

import pytest

from mailconfig.domain.diagnostics import DiagnosticCode as Code
from mailconfig.domain.diagnostics import Observation, Phase, diagnose_code
from mailconfig.domain.diagnostics.bounces import MAX_REPLY_CHARS, is_delayed, read_bounce
from mailconfig.domain.diagnostics.explaining import explain
from mailconfig.domain.servers import MailProtocol

REPORT = dedent(
    """\
    From: MAILER-DAEMON@mail.example.org (Mail Delivery System)
    To: anna@example.org
    Subject: Undelivered Mail Returned to Sender
    MIME-Version: 1.0
    Content-Type: multipart/report; report-type=delivery-status;
    \tboundary="4FzX.1700000000/mail.example.org"

    This is a MIME-encapsulated message.

    --4FzX.1700000000/mail.example.org
    Content-Type: text/plain; charset=us-ascii

    This is the mail system at host mail.example.org.

    --4FzX.1700000000/mail.example.org
    Content-Type: message/delivery-status

    Reporting-MTA: dns; mail.example.org
    Arrival-Date: Sun, 22 Nov 2026 20:00:00 +0000 (UTC)

    Final-Recipient: rfc822; bert@example.com
    Original-Recipient: rfc822;bert@example.com
    Action: failed
    Status: 5.1.1
    Remote-MTA: dns; mx1.example.com
    Diagnostic-Code: smtp; 550 5.1.1 <bert@example.com>: Recipient address
        rejected: User unknown in virtual mailbox table

    --4FzX.1700000000/mail.example.org
    Content-Type: message/rfc822

    From: anna@example.org
    Status: RO
    Subject: hello

    Hello
    --4FzX.1700000000/mail.example.org--
    """
)
"""A report of Postfix, whole."""

FIELDS = dedent(
    """\
    Final-Recipient: rfc822; bert@example.com
    Action: failed
    Status: 5.2.2
    Remote-MTA: dns; mx1.example.com (192.0.2.1, the server for the domain example.com.)
    Diagnostic-Code: smtp;552 5.2.2 <bert@example.com>:
     Quota exceeded
    """
)
"""The part only, as Gmail writes it."""

PLAIN = [
    # Postfix
    pytest.param(
        "<bert@example.com>: host mx1.example.com[192.0.2.1] said: 550 5.1.1\n"
        "    <bert@example.com>: User unknown (in reply to RCPT TO command)",
        "mx1.example.com",
        550,
        "5.1.1",
        Phase.RCPT,
        id="postfix",
    ),
    # Postfix, log
    pytest.param(
        "to=<b@example.com>, relay=mx.example.com[192.0.2.1]:25, delay=1, dsn=5.7.1,"
        " status=bounced (host mx.example.com[192.0.2.1] said: 554 5.7.1 Spam"
        " (in reply to end of DATA command))",
        "mx.example.com",
        554,
        "5.7.1",
        Phase.DATA,
        id="postfix log",
    ),
    # Postfix, greeting
    pytest.param(
        "host mx.example.com[2001:db8::1] refused to talk to me: 554 mx.example.com no service",
        "mx.example.com",
        554,
        None,
        Phase.GREETING,
        id="postfix greeting",
    ),
    # Exim, old
    pytest.param(
        "  bert@example.com\n"
        "    SMTP error from remote mail server after RCPT TO:<bert@example.com>:\n"
        "    host mx.example.com [192.0.2.1]: 550 5.1.1 User unknown\n",
        "mx.example.com",
        550,
        "5.1.1",
        Phase.RCPT,
        id="exim old",
    ),
    # Exim, new
    pytest.param(
        "  bert@example.com\n"
        "    host mx.example.com [192.0.2.1]\n"
        "    SMTP error from remote mail server after end of data:\n"
        "    550-5.7.26 Unauthenticated mail\n"
        "    550 5.7.26 is not accepted\n\nReporting-MTA text",
        "mx.example.com",
        550,
        "5.7.26",
        Phase.DATA,
        id="exim new",
    ),
    # qmail
    pytest.param(
        "<bert@example.com>:\n192.0.2.1 does not like recipient.\n"
        "Remote host said: 550 5.1.1 no mailbox here by that name\nGiving up on 192.0.2.1.\n",
        None,
        550,
        "5.1.1",
        Phase.RCPT,
        id="qmail",
    ),
    # qmail, another step
    pytest.param(
        "Connected to 192.0.2.1 but sender was rejected.\nRemote host said: 553 5.1.8 bad domain\n",
        None,
        553,
        "5.1.8",
        Phase.MAIL,
        id="qmail sender",
    ),
    # Sendmail
    pytest.param(
        "   ----- Transcript of session follows -----\n"
        "... while talking to mx.example.com.:\n"
        ">>> RCPT To:<bert@example.com>\n"
        "<<< 550 5.1.1 <bert@example.com>... User unknown\n"
        "550 5.1.1 bert@example.com... User unknown\n",
        "mx.example.com",
        550,
        "5.1.1",
        Phase.RCPT,
        id="sendmail",
    ),
    # Sendmail, short
    pytest.param(
        "<bert@example.com>\n    (reason: 552 5.2.2 Mailbox full)\n",
        None,
        552,
        "5.2.2",
        None,
        id="sendmail reason",
    ),
    # Exchange
    pytest.param(
        "Remote Server returned '550 5.1.10 RESOLVER.ADR.RecipientNotFound; not found'",
        None,
        550,
        "5.1.10",
        None,
        id="exchange",
    ),
    # Exchange, older
    pytest.param(
        "bert@example.com\nRemote Server returned '< #5.1.1 smtp;550 5.1.1 User unknown>'",
        None,
        550,
        "5.1.1",
        None,
        id="exchange older",
    ),
    # Exchange, in German
    pytest.param(
        "Remoteserver hat zurückgegeben: '550 5.7.1 Unable to relay'",
        None,
        550,
        "5.7.1",
        None,
        id="exchange german",
    ),
    # Gmail
    pytest.param(
        "The response from the remote server was:\n\n"
        "550 5.1.1 <bert@example.com>: Recipient address rejected\n",
        None,
        550,
        "5.1.1",
        None,
        id="gmail",
    ),
    # Gmail, in French
    pytest.param(
        "La réponse du serveur distant est la suivante :\n\n552 5.2.2 Mailbox full\n",
        None,
        552,
        "5.2.2",
        None,
        id="gmail french",
    ),
    # Gmail, older
    pytest.param(
        "The error that the other server returned was:\n550 5.2.0 Mail rejected. ofr_506 [506]",
        None,
        550,
        "5.2.0",
        None,
        id="gmail older",
    ),
]


def test_a_whole_report_is_reduced_to_its_inner_reply() -> None:
    """MIME is taken apart, the folded field is put together, the remote server is named."""
    found = read_bounce(Observation(text=REPORT))
    assert found.text == (
        "550 5.1.1 <bert@example.com>: Recipient address rejected: User unknown in virtual "
        "mailbox table"
    )
    assert (found.reply_code, found.enhanced_code) == (550, "5.1.1")
    assert found.host == "mx1.example.com"
    assert found.protocol is MailProtocol.SMTP
    assert diagnose_code(found) is Code.RECIPIENT_UNKNOWN


@pytest.mark.parametrize(
    "text",
    [
        FIELDS,
        indent(FIELDS, "> ", lambda _: True),
        indent(FIELDS, ">> ", lambda _: True),
        indent(FIELDS, "    "),
        FIELDS.replace("\n", "\r\n"),
        "Hello, I got this:\n\n" + FIELDS + "\nWhat now?\n",
    ],
    ids=["bare", "quoted", "quoted twice", "indented", "crlf", "amid words"],
)
def test_the_part_alone_is_enough(text: str) -> None:
    """Quoting, indenting and line ends do not matter."""
    found = read_bounce(Observation(text=text))
    assert found.text == "552 5.2.2 <bert@example.com>: Quota exceeded"
    assert (found.reply_code, found.enhanced_code) == (552, "5.2.2")
    assert found.host == "mx1.example.com"
    assert diagnose_code(found) is Code.MAILBOX_QUOTA


def test_a_base64_part_is_decoded() -> None:
    """A transfer encoding hides nothing."""
    text = (
        'Content-Type: multipart/report; boundary="x"\n\n--x\n'
        "Content-Type: message/delivery-status\n\n"
        + FIELDS
        + "\n--x\nContent-Type: text/plain\nContent-Transfer-Encoding: base64\n\nSGFsbG8=\n--x--\n"
    )
    assert read_bounce(Observation(text=text)).reply_code == 552


@pytest.mark.parametrize(("text", "host", "reply", "status", "phase"), PLAIN)
def test_plain_reports_are_read(
    text: str, host: str | None, reply: int, status: str | None, phase: Phase | None
) -> None:
    """Each mailer's own form gives reply, server and command."""
    found = read_bounce(Observation(text=text))
    assert (found.host, found.reply_code, found.enhanced_code, found.phase) == (
        host,
        reply,
        status,
        phase,
    )
    assert found.protocol is MailProtocol.SMTP
    assert found.text.startswith(str(reply))


def test_what_was_configured_is_kept() -> None:
    """The report does not overwrite the host and phase that the caller knows."""
    given = Observation(text=REPORT, host="smtp.example.org", phase=Phase.DATA)
    found = read_bounce(given)
    assert (found.host, found.phase) == ("smtp.example.org", Phase.DATA)


def test_the_recipient_that_failed_counts() -> None:
    """Delivered and waiting recipients stand back behind the one that failed."""
    text = (
        "Reporting-MTA: dns; mail.example.org\n\n"
        "Final-Recipient: rfc822; a@example.com\nAction: relayed\nStatus: 2.1.9\n\n"
        "Final-Recipient: rfc822; b@example.com\nAction: delayed\nStatus: 4.2.2\n"
        "Diagnostic-Code: smtp; 452 4.2.2 full\n\n"
        "Final-Recipient: rfc822; c@example.com\nAction: failed\nStatus: 5.1.1\n"
        "Diagnostic-Code: smtp; 550 5.1.1 unknown\n"
    )
    assert read_bounce(Observation(text=text)).text == "550 5.1.1 unknown"


def test_a_status_without_a_diagnosis_is_used() -> None:
    """Some servers give the number only."""
    text = "Final-Recipient: rfc822; a@example.com\nAction: failed\nStatus: 5.2.2\n"
    found = read_bounce(Observation(text=text))
    assert (found.text, found.enhanced_code) == ("5.2.2", "5.2.2")


def test_a_status_of_zeros_says_nothing() -> None:
    """5.0.0 beside a reply without a code of its own is left out."""
    text = FIELDS.replace("5.2.2", "5.0.0", 1).replace("552 5.2.2", "552")
    assert read_bounce(Observation(text=text)).enhanced_code is None


def test_delayed_is_not_final() -> None:
    """Action: delayed makes even a permanent looking reply one to wait for."""
    text = FIELDS.replace("failed", "delayed")
    assert is_delayed(text) is True
    assert explain(Observation(text=text)).retryable is True
    assert explain(Observation(text=FIELDS)).retryable is False


@pytest.mark.parametrize(
    "text",
    [
        "",
        "550 5.1.1 User unknown",
        "535 5.7.8 Authentication failed",
        "a1 NO [AUTHENTICATIONFAILED] Authentication failed.",
        "Status: RO\nSubject: hello",
        "Final-Recipient: rfc822; a@example.com\nAction: delivered\nStatus: 2.1.5\n",
        "connect to host imap.example.com: Connection refused",
        "Invalid login: 535 Login Fail. The response was not understood by the server",
    ],
)
def test_other_texts_stay_as_they_are(text: str) -> None:
    """What is no bounce is returned unchanged."""
    given = Observation(text=text)
    assert read_bounce(given) is given


def test_hostile_reports_are_bounded() -> None:
    """Nesting, repeats and length neither break the reader nor fill the answer."""
    nested = 'Content-Type: multipart/mixed; boundary="a"\n\n--a\n' * 2_000 + "delivery-status"
    repeats = "host a.example[1] said: 550 " * 5_000
    quotes = "> " * 30_000
    long_reply = "Diagnostic-Code: smtp; 550 " + "x" * 100_000
    started = time.process_time()
    for text in (nested, repeats, quotes, long_reply, "Remote server " * 5_000, "\n" * 60_000):
        assert len(read_bounce(Observation(text=text)).text) <= max(len(text), MAX_REPLY_CHARS)
    assert time.process_time() - started < 20
