"""Reading of reports: every dialect, what is no report, and what strangers make of it."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.reports import (
    FAILURES,
    Dialect,
    complaint,
    exchange,
    postfix,
    postfix_delayed,
)
from mailconfig.domain.returns import (
    REPORT_MAX_BYTES,
    ComplaintReport,
    DeliveryReport,
    ReportAction,
    read_report,
)

OURS = "<0123456789abcdef0123456789abcdef@example.com>"
BOB = "bob@example.org"
NO_REPORT = b"From: eve@example.net\r\nSubject: Hi\r\n\r\nAction: failed\r\nStatus: 5.1.1\r\n"


def delivery(content: bytes) -> DeliveryReport:
    """Read a mail that has to be a delivery report."""
    report = read_report(content)
    assert isinstance(report, DeliveryReport)
    return report


@pytest.mark.parametrize("dialect", FAILURES, ids=lambda each: each.__name__)
def test_each_system_says_who_failed_and_why(dialect: Dialect) -> None:
    """Message, recipient, action, code and reply are found in the words of each system."""
    report = delivery(dialect(OURS, BOB))
    assert report.message_ids[0] == OURS
    (one,) = report.recipients
    assert one.addresses == (BOB,)
    assert one.action is ReportAction.FAILED
    assert one.status in {"5.1.1", "5.1.10"}
    assert one.reply_code == 550
    assert one.reply is not None
    assert one.reply.startswith(("550 5.1.", "550-5.1."))


def test_folded_diagnostic_is_one_line() -> None:
    """The reply is unfolded, on one line, without its type."""
    (one,) = delivery(postfix(OURS, BOB)).recipients
    assert one.reply == "550 5.1.1 <bob@example.org>: Recipient address rejected: User unknown"


def test_status_of_the_class_alone_gives_way() -> None:
    """Exim writes Status 5.0.0; the code in the server's words counts."""
    content = postfix(OURS, BOB).replace(b"Status: 5.1.1", b"Status: 5.0.0")
    (one,) = delivery(content).recipients
    assert one.status == "5.1.1"


def test_delay_is_no_failure() -> None:
    """A report of a server that goes on trying has the action DELAYED and its temporary code."""
    report = delivery(postfix_delayed(OURS, BOB))
    assert report.message_ids == (OURS,)
    (one,) = report.recipients
    assert (one.action, one.status, one.reply_code) == (ReportAction.DELAYED, "4.4.1", 450)


def test_several_recipients() -> None:
    """Each block is a recipient of its own; one without a known action is left out."""
    blocks = b"".join(
        b"\r\n\r\nFinal-Recipient: rfc822; %s\r\nAction: %s\r\nStatus: %s" % each
        for each in (
            (b"a@x.test", b"failed", b"5.7.1"),
            (b"b@x.test", b"delivered", b"2.0.0"),
            (b"c@x.test", b"vanished", b"5.0.0"),
        )
    )
    content = postfix(OURS, BOB).replace(
        b"\r\n\r\nFinal-Recipient", blocks + b"\r\n\r\nFinal-Recipient"
    )
    found = [(one.addresses[0], one.action, one.status) for one in delivery(content).recipients]
    assert found == [
        ("a@x.test", ReportAction.FAILED, "5.7.1"),
        ("b@x.test", ReportAction.DELIVERED, "2.0.0"),
        (BOB, ReportAction.FAILED, "5.1.1"),
    ]


def test_original_recipient_comes_first() -> None:
    """Where mail was forwarded, the address that it was sent to stands before the last one."""
    content = postfix(OURS, BOB).replace(
        b"Original-Recipient: rfc822;bob@", b"Original-Recipient: rfc822;Al@"
    )
    (one,) = delivery(content).recipients
    assert one.addresses == ("al@example.org", BOB)


def test_address_of_all_characters() -> None:
    """An address in UTF-8, plain or escaped (RFC 6533), is read."""
    for written in ("utf-8; jörg@example.org", r"utf-8; j\x{F6}rg@example.org"):
        content = postfix(OURS, BOB).replace(b"rfc822; bob@example.org", written.encode())
        (one,) = delivery(content).recipients
        assert one.addresses == (BOB, "jörg@example.org")


def test_report_in_base64() -> None:
    """A transfer encoding, which RFC 3464 does not allow and gateways use, is taken off."""
    content = exchange(OURS, BOB)
    head, mark, rest = content.partition(b"Content-Type: message/delivery-status\r\n\r\n")
    status, end, rest = rest.partition(b"\r\n\r\n--6f3c")
    coded = b"Content-Type: message/delivery-status\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    content = head + coded + base64.encodebytes(status) + end + rest
    (one,) = delivery(content).recipients
    assert (one.addresses, one.status) == ((BOB,), "5.1.10")
    assert mark


def test_report_that_a_gateway_wrapped() -> None:
    """A report one level down, in a multipart/mixed with a footer, is found."""
    inner = postfix(OURS, BOB)
    content = (
        b"Subject: Undelivered\r\nContent-Type: multipart/mixed; boundary=out\r\n\r\n"
        b"--out\r\n" + inner + b"\r\n--out\r\n\r\nScanned.\r\n--out--\r\n"
    )
    assert delivery(content).message_ids == (OURS,)


def test_complaint() -> None:
    """A feedback report gives its type, whom it came from, and the message."""
    report = read_report(complaint(OURS, "Bob@Example.org"))
    assert report == ComplaintReport((OURS,), "abuse", (BOB,))


def test_complaint_without_recipient() -> None:
    """Original-Rcpt-To may be left out."""
    assert read_report(complaint(OURS, None)) == ComplaintReport((OURS,), "abuse", ())


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\r\n",
        NO_REPORT,
        # a boundary that never comes
        b"Content-Type: multipart/report; boundary=x\r\n\r\nFinal-Recipient: rfc822;a@b.test\r\n",
        # no boundary
        b"Content-Type: multipart/report; report-type=delivery-status\r\n\r\n--\r\n",
        # a report that somebody forwards: its parts are not the mail's own
        b"Content-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\nContent-Type: message/rfc822\r\n"
        b"\r\n" + postfix(OURS, BOB) + b"\r\n--o--\r\n",
        # a status without recipients
        (
            b"Content-Type: multipart/report; boundary=x\r\n\r\n--x\r\n"
            b"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; a\r\n--x--\r\n"
        ),
        # broken base64
        (
            b"Content-Type: multipart/report; boundary=x\r\n\r\n--x\r\n"
            b"Content-Type: message/delivery-status\r\nContent-Transfer-Encoding: base64\r\n\r\n"
            b"a\r\n--x--\r\n"
        ),
    ],
    ids=["empty", "line", "text", "torn", "bare", "forwarded", "nobody", "base64"],
)
def test_what_is_no_report(content: bytes) -> None:
    """Mail that is no report, or too broken to be one, is None."""
    assert read_report(content) is None


def test_only_the_begin_of_a_mail_is_looked_at() -> None:
    """A report that begins after the bound is none; one whose returned message is cut is one."""
    late = b"X: " + b"x" * REPORT_MAX_BYTES + b"\r\n" + postfix(OURS, BOB)
    assert read_report(late) is None
    long = postfix(OURS, BOB).replace(b"Hello", b"Hello " * REPORT_MAX_BYTES)
    assert delivery(long).message_ids == (OURS,)


@given(st.binary(max_size=2000))
def test_any_bytes_are_read(content: bytes) -> None:
    """No bytes make the reading raise."""
    read_report(content)


@given(
    st.sampled_from([*FAILURES, complaint]),
    st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 40), st.binary(max_size=12))),
)
def test_damaged_reports_are_read(dialect: Dialect, damages: list[tuple[int, int, bytes]]) -> None:
    """Reports with anything cut out and put in do not make the reading raise either."""
    content = dialect(OURS, BOB)
    for place, length, put in damages:
        content = content[:place] + put + content[place + length :]
    read_report(content)


HEAVY = {
    "nested": b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n" * 5000,
    "parts": b"Content-Type: multipart/report; boundary=x\r\n\r\n" + b"--x\r\n\r\n" * 30_000,
    "fields": b"A: b\r\n" * 40_000,
    "spaces": postfix(OURS, BOB).replace(
        b"Final-Recipient: ", b"Final-Recipient: " + b" " * 200_000
    ),
    "blocks": postfix(OURS, BOB).replace(
        b"\r\n\r\nFinal-Recipient", b"\r\n\r\nAction: failed\r\nFinal-Recipient: a@b.test" * 4000
    ),
    "quotes": b'Content-Type: multipart/report;a="' * 8000,
    "brackets": b"In-Reply-To: " + b"<@@@@" * 50_000 + postfix(OURS, BOB),
    "qmail": b"\r\nHi. This is the qmail\r\n" + b"<a@b.test>:\r\nRemote host said: 550\r\n" * 6000,
}


@pytest.mark.parametrize("name", HEAVY)
def test_heavy_mail_is_read(name: str) -> None:
    """Mail that was made to be slow is read to its end: whoever makes that quadratic will see."""
    read_report(HEAVY[name])
