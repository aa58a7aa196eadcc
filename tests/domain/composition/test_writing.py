"""Claims about written messages: their exact bytes and their recipients, each time the same."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from kit.composing import ALICE, BOB, MESSAGE_ID, NOW, letter, modern, numbers, old, write
from mailconfig.domain.composition import (
    Attachment,
    ExtraHeader,
    ListUnsubscribe,
    NamedAddress,
    Priority,
    Signature,
    compose,
    new_message_id,
)
from mailconfig.domain.messages import RecipientKind

PLAIN = b"""\
Date: Mon, 23 Nov 2026 12:30:00 +0000
From: Alice <alice@example.com>
To: <bob@example.org>
Subject: Hello
Message-ID: <0123456789abcdef@example.com>
MIME-Version: 1.0
Content-Type: text/plain; charset=us-ascii
Content-Transfer-Encoding: 7bit

Hi!
"""

RICH = b"""\
Date: Mon, 23 Nov 2026 12:30:00 +0000
From: =?utf-8?b?SsO2cmcgTS4=?= <alice@xn--bcher-kva.example>
Reply-To: "Desk, Sales" <desk@example.com>
To: <bob@example.org>, Carol <carol@example.org>
Cc: <dave@example.org>
Subject: =?utf-8?b?R3LDvMOfZSDwn6aK?=
Message-ID: <0123456789abcdef@example.com>
In-Reply-To: <a@example.org>
References: <a@example.org>
X-Priority: 1
Importance: high
List-Unsubscribe: <https://example.com/u>, <mailto:leave@example.com>
List-Unsubscribe-Post: List-Unsubscribe=One-Click
X-Campaign: 42
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="=_0003"

--=_0003
Content-Type: multipart/related; type="multipart/alternative";
 boundary="=_0002"

--=_0002
Content-Type: multipart/alternative; boundary="=_0001"

--=_0001
Content-Type: text/plain; charset=us-ascii
Content-Transfer-Encoding: quoted-printable

Hi

--=20
Alice

--=_0001
Content-Type: text/html; charset=us-ascii
Content-Transfer-Encoding: 7bit

<body><p>Hi</p><img src="cid:logo">
<div class="signature">-- <br>
<b>Alice</b></div>
</body>

--=_0001--

--=_0002
Content-Type: image/png; name=logo.png
Content-Transfer-Encoding: base64
Content-Disposition: inline; filename=logo.png
Content-ID: <logo>

UE5H

--=_0002--

--=_0003
Content-Type: application/pdf; name=Angebot.pdf
Content-Transfer-Encoding: base64
Content-Disposition: attachment; filename*=utf-8''Angebot%20%E2%82%AC.pdf

JVBERg==

--=_0003--
"""


def test_a_plain_message() -> None:
    """The smallest message has exactly these bytes."""
    composed = write()
    assert composed.content == PLAIN.replace(b"\n", b"\r\n")
    assert composed.size_bytes == len(composed.content)
    assert composed.message_id == MESSAGE_ID
    assert composed.sender == "alice@example.com"
    assert not composed.needs_utf8


def test_a_message_with_everything() -> None:
    """A message that has all there is has exactly these bytes."""
    composed = write(
        sender=NamedAddress("alice@Bücher.example", "Jörg M."),
        to=(BOB, NamedAddress("carol@example.org", "Carol")),
        cc=(NamedAddress("dave@example.org"),),
        bcc=(NamedAddress("eve@example.org", "Eve"),),
        reply_to=(NamedAddress("desk@example.com", "Desk, Sales"),),
        subject="Grüße 🦊",
        text=None,
        html='<body><p>Hi</p><img src="cid:logo"></body>',
        attachments=(
            Attachment("Angebot €.pdf", "application/pdf", b"%PDF"),
            Attachment("logo.png", "image/png", b"PNG", "logo"),
        ),
        signature=Signature(html="<b>Alice</b>"),
        headers=(ExtraHeader("X-Campaign", "42"),),
        priority=Priority.HIGH,
        list_unsubscribe=ListUnsubscribe(
            "leave@example.com", "https://example.com/u", one_click=True
        ),
        in_reply_to="<a@example.org>",
    )
    assert composed.content == RICH.replace(b"\n", b"\r\n")
    assert dict(composed.headers)["From"] == "Jörg M. <alice@bücher.example>"
    assert dict(composed.headers)["Subject"] == "Grüße 🦊"
    assert [name for name, _ in composed.headers] == old(composed.content).keys()
    assert [(each.address, each.kind, each.name) for each in composed.recipients] == [
        ("bob@example.org", RecipientKind.TO, None),
        ("carol@example.org", RecipientKind.TO, "Carol"),
        ("dave@example.org", RecipientKind.CC, None),
        ("eve@example.org", RecipientKind.BCC, "Eve"),
    ]


def test_blind_copies_are_not_written() -> None:
    """Nothing of the message tells who got a blind copy; without others a group names nobody."""
    composed = write(to=(), bcc=(NamedAddress("eve@example.net", "Eve Nobody"),))
    assert b"eve" not in composed.content.lower()
    assert old(composed.content)["To"] == "undisclosed-recipients:;"
    assert modern(composed.content)["To"].addresses == ()
    assert [each.address for each in composed.recipients] == ["eve@example.net"]


def test_each_address_once() -> None:
    """Who is named twice gets one message, as the first of To, Cc and Bcc."""
    twice = NamedAddress("BOB@EXAMPLE.org")
    composed = write(to=(BOB, twice), cc=(twice, ALICE), bcc=(ALICE, BOB))
    assert [(each.address, each.kind) for each in composed.recipients] == [
        ("bob@example.org", RecipientKind.TO),
        ("alice@example.com", RecipientKind.CC),
    ]
    assert old(composed.content)["Cc"] == "Alice <alice@example.com>"


@pytest.mark.parametrize("field", ["sender", "to", "bcc", "reply_to"])
def test_local_parts_beyond_ascii_need_smtputf8(field: str) -> None:
    """Such an address is written as it is and marks the message, also as a blind copy."""
    box = NamedAddress("jörg@bücher.example", "Jörg")
    composed = write(**{field: box if field == "sender" else (box,)})
    assert composed.needs_utf8
    shown = "jörg@xn--bcher-kva.example".encode() in composed.content
    assert shown is (field != "bcc")
    assert composed.content.isascii() is (field == "bcc")


def test_domains_are_a_labels() -> None:
    """A domain beyond ASCII needs no SMTPUTF8."""
    composed = write(to=(NamedAddress("bob@bücher.example"),))
    assert composed.recipients[0].address == "bob@xn--bcher-kva.example"
    assert composed.content.isascii()
    assert not composed.needs_utf8


def test_the_same_bytes_again() -> None:
    """Equal drafts, times and tokens give equal bytes; other tokens only other boundaries."""
    draft = letter(html="<p>Hi")
    first, second = (compose(draft, MESSAGE_ID, NOW, numbers()) for _ in range(2))
    assert first == second
    other = compose(draft, MESSAGE_ID, NOW, lambda: "0009")
    assert other.content == first.content.replace(b"=_0001", b"=_0009")


def test_the_date_has_its_zone() -> None:
    """The date is that of the zone that was given; a time without one is refused."""
    zone = timezone(timedelta(hours=-3, minutes=-30))
    content = compose(letter(), MESSAGE_ID, datetime(2026, 1, 2, 3, 4, 5, tzinfo=zone)).content
    assert old(content)["Date"] == "Fri, 02 Jan 2026 03:04:05 -0330"
    with pytest.raises(ValueError, match="zone"):
        compose(letter(), MESSAGE_ID, NOW.replace(tzinfo=None))


@pytest.mark.parametrize("identifier", ["", "a@b", "<a>", "<a@b> ", "<a@b>\r\nBcc: <c@d>", "<ä@b>"])
def test_identifiers_are_checked(identifier: str) -> None:
    """A text that is no message identifier is refused."""
    with pytest.raises(ValueError, match="identifier"):
        compose(letter(), identifier, datetime.now(UTC))


def test_new_identifiers() -> None:
    """An identifier is of the sender's domain, and never the same."""
    first, second = (new_message_id("jörg@bücher.example") for _ in range(2))
    assert first != second
    assert len(first) == len("<@xn--bcher-kva.example>") + 32
    assert first.endswith("@xn--bcher-kva.example>")


def test_priorities() -> None:
    """Low and high are marked, normal is not."""
    low, normal = (write(priority=each) for each in (Priority.LOW, Priority.NORMAL))
    assert [
        (name, value) for name, value in low.headers if name in ("X-Priority", "Importance")
    ] == [
        ("X-Priority", "5"),
        ("Importance", "low"),
    ]
    assert normal == write()


def test_long_threads_are_folded() -> None:
    """A long list of references is folded between them and read as one."""
    thread = tuple(f"<{'a' * 40}{number}@example.org>" for number in range(100))
    content = write(references=thread, in_reply_to=thread[-1]).content
    assert old(content)["References"].replace("\r\n", "") == " ".join(thread)
    assert max(map(len, content.split(b"\r\n"))) <= 78


def test_addresses_in_mailto_links_are_escaped() -> None:
    """Signs of an address that mean something in a link do not (RFC 6068)."""
    content = write(list_unsubscribe=ListUnsubscribe(mailto="a&b?+c@example.com")).content
    assert old(content)["List-Unsubscribe"] == "<mailto:a%26b%3F+c@example.com>"


def test_ascii_values_are_written_as_they_are() -> None:
    """Programs find the value of a header in ASCII unchanged, also a long word and two spaces."""
    value = "a" * 300 + "  b " + "c" * 90
    content = write(headers=(ExtraHeader("X-Own", value),)).content
    assert old(content)["X-Own"].replace("\r\n", "") == value


def test_nothing_to_send() -> None:
    """A message without text and file is refused."""
    with pytest.raises(ValueError, match="a text or a file"):
        write(text=" ")
