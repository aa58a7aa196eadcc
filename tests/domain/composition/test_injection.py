"""Claims about attacks: no value adds a header, a recipient or a part.

Each text is tried in each field: the rules refuse it there, and the writing, which does not rely on
the rules, refuses it as well or writes it so that readers see one value.
"""

from collections.abc import Callable

import pytest

from kit.composing import BOB, issues, modern, names, old, write
from mailconfig.domain.composition import (
    Attachment,
    ExtraHeader,
    ListUnsubscribe,
    NamedAddress,
    Signature,
)
from mailconfig.domain.errors import Fault

ATTACKS = {
    "cr": "x\rBcc: eve@example.net",
    "lf": "x\nBcc: eve@example.net",
    "crlf": "x\r\nBcc: eve@example.net",
    "folded": "x\r\n Bcc: eve@example.net",
    "empty-line": "x\r\n\r\nbody",
    "nul": "x\0y",
    "vertical-tab": "x\vBcc: eve@example.net",
    "file-separator": "x\x1cBcc: eve@example.net",
    "next-line": "x\u0085Bcc: eve@example.net",
    "line-separator": "x\u2028Bcc: eve@example.net",
    "paragraph-separator": "x\u2029Bcc: eve@example.net",
    "encoded-lf": "=?utf-8?q?=0ABcc:_eve=40example=2Enet?=",  # CVE-2024-6923
    "encoded-crlf": "hi =?utf-8?b?DQpCY2M6IGV2ZUBleGFtcGxlLm5ldA==?=",
    "surrogate": "x\ud800",
}
FIELDS: dict[str, Callable[[str], dict[str, object]]] = {
    "subject": lambda text: {"subject": text},
    "sender.name": lambda text: {"sender": NamedAddress("alice@example.com", text)},
    "sender.address": lambda text: {"sender": NamedAddress(text)},
    "to.0.name": lambda text: {"to": (NamedAddress("bob@example.org", text),)},
    "to.0.address": lambda text: {"to": (NamedAddress(f"{text}@example.org"),)},
    "cc.0.address": lambda text: {"cc": (NamedAddress(f"bob@example.org{text}"),)},
    "replyTo.0.name": lambda text: {"reply_to": (NamedAddress("bob@example.org", text),)},
    "attachments.0.name": lambda text: {"attachments": (Attachment(text, "text/plain", b""),)},
    "attachments.0.mediaType": lambda text: {
        "attachments": (Attachment("a", f"text/plain; charset={text}", b""),)
    },
    "attachments.0.contentId": lambda text: {
        "html": "x",
        "attachments": (Attachment("a", "text/plain", b"", text),),
    },
    "signature.image.name": lambda text: {
        "html": "x",
        "signature": Signature(image=Attachment(text, "image/png", b"", "logo")),
    },
    "headers.0.name": lambda text: {"headers": (ExtraHeader(f"X-{text}", "1"),)},
    "headers.0.value": lambda text: {"headers": (ExtraHeader("X-Own", text),)},
    "inReplyTo": lambda text: {"in_reply_to": f"<{text}@example.org>"},
    "references.0": lambda text: {"references": (f"<{text}@example.org>",)},
    "listUnsubscribe.url": lambda text: {
        "list_unsubscribe": ListUnsubscribe(url=f"https://example.com/{text}")
    },
    "listUnsubscribe.mailto": lambda text: {
        "list_unsubscribe": ListUnsubscribe(mailto=f"mailto:a@example.com?subject={text}")
    },
}


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("field", FIELDS)
def test_the_rules_refuse(field: str, attack: str) -> None:
    """An error names the field; no suggestion holds the attack."""
    found = issues(**FIELDS[field](ATTACKS[attack]))
    errors = [(path, suggestion) for severity, _, path, suggestion in found if severity == "ERROR"]
    assert field in [path for path, _ in errors]
    for _, suggestion in errors:
        assert suggestion is None or (suggestion.isprintable() and "=?" not in suggestion)


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("field", FIELDS)
def test_the_writing_adds_nothing(field: str, attack: str) -> None:
    """Without the rules the draft cannot be written, or says what it would with a good value."""
    fields = FIELDS[field]
    try:
        content = write(**fields(ATTACKS[attack])).content
    except (ValueError, Fault):
        return
    assert content.isascii()
    usual = FIELDS[field]("x" if field != "sender.address" else "x@example.com")
    assert names(old(content)) == names(old(write(**usual).content)) == names(modern(content))
    for raw in old(content).values():
        assert b"\r\n" not in raw.replace("\r\n ", "").encode()
    assert b"eve@example.net" not in content


@pytest.mark.parametrize("attack", ATTACKS)
def test_texts_stay_texts(attack: str) -> None:
    """A body may hold anything that is text: it is written after the header, or refused."""
    if attack in ("nul", "surrogate"):
        assert [path for *_, path, _ in issues(text=ATTACKS[attack], html=ATTACKS[attack])] == [
            "html",
            "text",
        ]
        with pytest.raises(ValueError, match=r"NUL|surrogates"):
            write(text=ATTACKS[attack])
        return
    assert issues(text=ATTACKS[attack]) == []
    content = write(text=ATTACKS[attack], bcc=(BOB,)).content
    assert names(old(content)) == names(old(write().content))


def test_boundaries_in_texts_end_no_part() -> None:
    """A text that holds the next boundary gets another one."""
    content = write(text="--=_0001\r\n\r\nx", html="<p>--=_0001--").content
    assert old(content).get_boundary() == "=_0002"
    assert [part.get_content_type() for part in modern(content).iter_parts()] == [
        "text/plain",
        "text/html",
    ]


@pytest.mark.parametrize(
    "name",
    [
        *("From", "To", "Cc", "Bcc", "Sender", "Reply-To", "Received", "DKIM-Signature", "Date"),
        *("Return-Path", "Content-Type", "Content-Disposition", "MIME-Version", "Message-ID"),
        *("Subject", "Resent-To", "Resent-Bcc", "Apparently-To", "Errors-To", "List-Unsubscribe"),
        *("List-Unsubscribe-Post", "Return-Receipt-To", "Disposition-Notification-To", "bCC"),
        *("X-SMTPAPI", "X-MSYS-API", "X-MC-BccAddress", "X-Spam-Flag", "X-Priority", "X-Received"),
        *("X-MS-Exchange-Organization-SCL", "X-Google-DKIM-Signature", "X-", "X Own", "X-Own:"),
        *("", "X-Äpfel", "X-" + "a" * 39, "-X-Own", "Authentication-Results", "ARC-Seal"),
    ],
)
def test_headers_that_are_not_the_senders(name: str) -> None:
    """The rules refuse such a header, and so does the writing."""
    headers = (ExtraHeader(name, "eve@example.net"),)
    assert ("ERROR", "NOT_ALLOWED", "headers.0.name", None) in issues(headers=headers)
    with pytest.raises(ValueError, match="must not set"):
        write(headers=headers)
