"""Claims about the rules for drafts of messages: what each of them says, and what passes."""

from typing import Any

import pytest

from kit.composing import ALICE, BOB, issues, letter, write
from mailconfig.domain.composition import (
    Attachment,
    CompositionLimits,
    ExtraHeader,
    ListUnsubscribe,
    NamedAddress,
    Signature,
    check,
)

PDF = Attachment("a.pdf", "application/pdf", b"%PDF")
LOGO = Attachment("logo.png", "image/png", b"PNG", "logo")
Issue = tuple[str, str, str, str | None]


def _to(address: str, name: str | None = None) -> dict[str, Any]:
    return {"to": (NamedAddress(address, name),)}


def _file(**fields: Any) -> dict[str, Any]:  # noqa: ANN401 - the fields of an attachment
    given = {"name": "a.pdf", "media_type": "application/pdf", "content": b""} | fields
    return {"attachments": (Attachment(**given),)}


def _header(name: str, value: str) -> dict[str, Any]:
    return {"headers": (ExtraHeader(name, value),)}


def _leave(**fields: Any) -> dict[str, Any]:  # noqa: ANN401 - the fields of ListUnsubscribe
    return {"list_unsubscribe": ListUnsubscribe(**fields)}


CASES: dict[str, tuple[dict[str, Any], Issue]] = {
    "nobody": ({"to": ()}, ("ERROR", "REQUIRED", "to", None)),
    "empty-address": (_to(" "), ("ERROR", "REQUIRED", "to.0.address", None)),
    "no-at": (_to("bob"), ("ERROR", "INVALID_FORMAT", "to.0.address", None)),
    "brackets": (
        _to("Bob <bob@example.org>"),
        ("ERROR", "INVALID_FORMAT", "to.0.address", "bob@example.org"),
    ),
    "two-in-one": (
        _to("bob@example.org,eve@example.net"),
        ("ERROR", "INVALID_FORMAT", "to.0.address", None),
    ),
    "cve-2023-27043": (
        _to("alice@example.org)bob@example.org"),
        ("ERROR", "INVALID_FORMAT", "to.0.address", None),
    ),
    "long-address": (_to("b" * 65 + "@example.org"), ("ERROR", "TOO_LONG", "to.0.address", None)),
    "encoded-local-part": (
        _to("=?utf-8?q?a?=@example.org"),
        ("ERROR", "NOT_ALLOWED", "to.0.address", None),
    ),
    "long-name": (_to("bob@example.org", "b" * 201), ("ERROR", "TOO_LONG", "to.0.name", None)),
    "name-of-two-lines": (
        _to("bob@example.org", "Bob\r\n Builder"),
        ("ERROR", "INVALID_FORMAT", "to.0.name", "Bob Builder"),
    ),
    "no-subject": ({"subject": " "}, ("WARNING", "REQUIRED", "subject", None)),
    "long-subject": ({"subject": "a" * 501}, ("ERROR", "TOO_LONG", "subject", None)),
    "bidi": ({"subject": "a\u202eb"}, ("ERROR", "INVALID_FORMAT", "subject", "ab")),
    "nothing": ({"text": " \n"}, ("ERROR", "REQUIRED", "text", None)),
    "nul": ({"text": "a\0"}, ("ERROR", "INVALID_FORMAT", "text", None)),
    "long-text": ({"text": "ä" * (1024 * 1024 + 1)}, ("ERROR", "TOO_LONG", "text", None)),
    "no-file-name": (_file(name=" "), ("ERROR", "REQUIRED", "attachments.0.name", None)),
    "path": (
        _file(name="C:\\a\\b.pdf"),
        ("ERROR", "INVALID_FORMAT", "attachments.0.name", "b.pdf"),
    ),
    "dots": (_file(name=".."), ("ERROR", "INVALID_FORMAT", "attachments.0.name", None)),
    "space-around": (
        _file(name=" a.pdf"),
        ("ERROR", "INVALID_FORMAT", "attachments.0.name", "a.pdf"),
    ),
    "long-file-name": (_file(name="a" * 201), ("ERROR", "TOO_LONG", "attachments.0.name", None)),
    "no-media-type": (
        _file(media_type="pdf"),
        ("ERROR", "INVALID_FORMAT", "attachments.0.mediaType", "application/octet-stream"),
    ),
    "multipart": (
        _file(media_type="multipart/mixed"),
        ("ERROR", "INVALID_FORMAT", "attachments.0.mediaType", "application/octet-stream"),
    ),
    "unused-image": (
        {"html": "<p>x", "attachments": (LOGO,)},
        ("WARNING", "NOT_ALLOWED", "attachments.0.contentId", None),
    ),
    "missing-image": ({"html": "<img src='cid:none'>"}, ("WARNING", "REQUIRED", "html", None)),
    "same-content-id": (
        {"html": "<img src=cid:logo>", "attachments": (LOGO, LOGO)},
        ("ERROR", "NOT_ALLOWED", "attachments.1.contentId", None),
    ),
    "signature-image": (
        {"signature": Signature(html="x", image=PDF)},
        ("ERROR", "REQUIRED", "signature.image.contentId", None),
    ),
    "no-value": (_header("X-Own", " "), ("ERROR", "REQUIRED", "headers.0.value", None)),
    "long-value": (
        _header("X-Own", "a" * 901),
        ("ERROR", "TOO_LONG", "headers.0.value", None),
    ),
    "value-in-unicode": (
        _header("Precedence", "büro"),
        ("ERROR", "INVALID_FORMAT", "headers.0.value", None),
    ),
    "references-of-words": (
        _header("References", "<a@b> c"),
        ("ERROR", "INVALID_FORMAT", "headers.0.value", None),
    ),
    "header-twice": (
        {"headers": (ExtraHeader("List-Id", "<a.b>"), ExtraHeader("list-id", "<c.d>"))},
        ("ERROR", "NOT_ALLOWED", "headers.1.name", None),
    ),
    "references-twice": (
        {"in_reply_to": "<a@b>"} | _header("References", "<a@b>"),
        ("ERROR", "NOT_ALLOWED", "headers.0.name", None),
    ),
    "no-message-id": ({"in_reply_to": "a@b"}, ("ERROR", "INVALID_FORMAT", "inReplyTo", None)),
    "two-message-ids": (
        {"references": ("<a@b>", "<c@d> <e@f>")},
        ("ERROR", "INVALID_FORMAT", "references.1", None),
    ),
    "no-way-to-leave": (_leave(), ("ERROR", "REQUIRED", "listUnsubscribe", None)),
    "script": (
        _leave(url="javascript:alert(1)"),
        ("ERROR", "INVALID_FORMAT", "listUnsubscribe.url", None),
    ),
    "two-links": (
        _leave(url="https://a.example/>, <https://b.example/"),
        ("ERROR", "INVALID_FORMAT", "listUnsubscribe.url", None),
    ),
    "one-click-http": (
        _leave(url="http://a.example/", one_click=True),
        ("ERROR", "REQUIRED", "listUnsubscribe.url", None),
    ),
    "one-click-mail": (
        _leave(mailto="a@example.com", one_click=True),
        ("ERROR", "REQUIRED", "listUnsubscribe.url", None),
    ),
    "mailto-two": (
        _leave(mailto="mailto:a@example.com,b@example.com"),
        ("ERROR", "INVALID_FORMAT", "listUnsubscribe.mailto", None),
    ),
    "named-twice": (
        {"cc": (NamedAddress("BOB@EXAMPLE.ORG"),)},
        ("INFO", "NOT_ALLOWED", "cc.0.address", None),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_faults(case: str) -> None:
    """Each fault gives exactly its issue."""
    fields, issue = CASES[case]
    assert issues(**fields) == [issue]


LIMITS: dict[str, tuple[CompositionLimits, dict[str, Any], Issue]] = {
    "recipients": (
        CompositionLimits(recipients_max=2),
        {"cc": (ALICE,), "bcc": (NamedAddress("carol@example.org"),)},
        ("ERROR", "OUT_OF_RANGE", "to", None),
    ),
    "reply-to": (
        CompositionLimits(recipients_max=1),
        {"reply_to": (ALICE, BOB)},
        ("ERROR", "OUT_OF_RANGE", "replyTo", None),
    ),
    "attachments": (
        CompositionLimits(attachments_max=1),
        {"attachments": (PDF, PDF)},
        ("ERROR", "OUT_OF_RANGE", "attachments", None),
    ),
    "size": (
        CompositionLimits(size_max_bytes=100_000),
        _file(content=b"x" * 75_000),
        ("ERROR", "TOO_LONG", "attachments", None),
    ),
    "headers": (
        CompositionLimits(headers_max=1),
        {"headers": (ExtraHeader("X-A", "1"), ExtraHeader("X-B", "1"))},
        ("ERROR", "OUT_OF_RANGE", "headers", None),
    ),
    "references": (
        CompositionLimits(references_max=1),
        {"references": ("<a@b>", "<c@d>")},
        ("ERROR", "OUT_OF_RANGE", "references", None),
    ),
    "subject": (
        CompositionLimits(subject_max_chars=4),
        {},
        ("ERROR", "TOO_LONG", "subject", None),
    ),
}


@pytest.mark.parametrize("case", LIMITS)
def test_limits_are_the_operators(case: str) -> None:
    """Each limit is kept, and named at its field."""
    limits, fields, issue = LIMITS[case]
    assert issues(limits, **fields) == [issue]


GOOD: dict[str, dict[str, Any]] = {
    "plain": {},
    "unicode": {"subject": "Grüße 🦊", "sender": NamedAddress("jörg@bücher.example", "Jörg")},
    "only-bcc": {"to": (), "bcc": (BOB,)},
    "only-files": {"text": None, "attachments": (PDF,)},
    "only-html": {"text": None, "html": "<p>x"},
    "at-the-limits": {"subject": "a" * 500} | _to("bob@example.org", "b" * 200),
    "inline": {"html": "<img src=cid:logo>", "attachments": (LOGO,)},
    "charset": _file(media_type='text/plain; charset="utf-8"'),
    "forwarded": _file(media_type="message/rfc822"),
    "many": {"to": tuple(NamedAddress(f"r{number}@example.org") for number in range(100))},
    "thread": {"in_reply_to": "<a@b>", "references": ("<c@d>", "<a@b>")},
    "leave": _leave(url="https://a.example/u?t=1&x=%20", mailto="a@b.example", one_click=True),
    "leave-by-link": _leave(mailto="mailto:leave@b.example?subject=leave%20me"),
    "list": _header("List-Id", "News <news.example.com>"),
    "answer": _header("Auto-Submitted", "auto-generated"),
    "own": _header("X-Campaign", "Frühling"),
    "bulk": _header("Precedence", "bulk"),
    "feedback": _header("Feedback-ID", "a:b:c:d"),
    "references": _header("References", "<a@b> <c@d>"),
    "signature": {"signature": Signature(html="<img src=cid:logo>", image=LOGO), "html": "<p>x"},
}


@pytest.mark.parametrize("case", GOOD)
def test_good_drafts(case: str) -> None:
    """Drafts at their limits and in any script pass without a word."""
    assert issues(**GOOD[case]) == []


def test_issues_have_a_stable_order() -> None:
    """Issues come by path, numbers in their order."""
    to = tuple(NamedAddress("bob") for _ in range(11))
    found = [".".join(issue.path) for issue in check(letter(to=to, subject=""))]
    assert found == ["subject", *(f"to.{number}.address" for number in range(11))]


def test_sentences_hold_nothing_that_was_typed() -> None:
    """No sentence repeats an input."""
    draft = letter(
        to=(NamedAddress("s3cret"),), subject="s3cret\n", headers=(ExtraHeader("s3cret", "a\n"),)
    )
    assert len(check(draft)) == 4
    assert not any("s3cret" in issue.message for issue in check(draft))


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({}, id="small"),
        pytest.param({"text": "\x01" * 9000, "html": "ä" * 9000}, id="texts"),
        pytest.param(_file(content=bytes(200_000)), id="file"),
        pytest.param({"text": None, "html": "<p>x" * 9000}, id="text-made"),
        pytest.param({"to": (NamedAddress("b@b.example", "😀" * 200),)}, id="name"),
        pytest.param(
            {"to": tuple(NamedAddress(f"r{n}@b.example", "ä" * 200) for n in range(100))},
            id="many-names",
        ),
    ],
)
def test_no_message_is_larger_than_the_rules_take_it_for(fields: dict[str, Any]) -> None:
    """A limit just below the size of the written message refuses the draft."""
    limits = CompositionLimits(size_max_bytes=write(**fields).size_bytes - 1)
    assert ("ERROR", "TOO_LONG", "attachments", None) in issues(limits, **fields)
