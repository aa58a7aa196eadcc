"""Sender identities: what is refused of one, and what it gives to a message."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from kit.records import Tenant, make_config, make_sender
from mailconfig.domain.composition import NamedAddress, Signature
from mailconfig.domain.issues import ValidationCode
from mailconfig.domain.mailing import SendRequest
from mailconfig.domain.senders import (
    SIGNATURE_MAX_BYTES,
    Letterhead,
    SenderChange,
    SenderForm,
    SenderIdentity,
    letterhead,
    merged,
    sender_errors,
)

ID, IMAGE = UUID(int=1), UUID(int=2)
CONFIG = make_config(Tenant(UUID(int=3), UUID(int=4)))
GOOD = SenderForm(
    address="sales@example.org",
    name="Sales",
    reply_to="answers@example.org",
    signature_text="Ann",
    signature_html='<b>Ann</b><img src="cid:signature">',
    signature_image_id=IMAGE,
)
REFUSED = {
    # What is typed, the field that is meant, and why.
    "no address": ({"address": ""}, "address", ValidationCode.REQUIRED),
    "no at sign": ({"address": "sales"}, "address", ValidationCode.INVALID_FORMAT),
    "two addresses": ({"address": "a@b.c,d@e.f"}, "address", ValidationCode.INVALID_FORMAT),
    "line break": ({"name": "A\r\nBcc: e@e.e"}, "name", ValidationCode.INVALID_FORMAT),
    "long name": ({"name": "n" * 201}, "name", ValidationCode.TOO_LONG),
    "encoded word": ({"name": "=?utf-8?q?a?="}, "name", ValidationCode.NOT_ALLOWED),
    "empty answers": ({"reply_to": ""}, "replyTo", ValidationCode.REQUIRED),
    "broken answers": ({"reply_to": "x@y\r\nTo: z@z"}, "replyTo", ValidationCode.INVALID_FORMAT),
    "NUL": ({"signature_text": "a\0"}, "signatureText", ValidationCode.INVALID_FORMAT),
    "half sign": ({"signature_html": "\ud800"}, "signatureHtml", ValidationCode.INVALID_FORMAT),
    "long text": ({"signature_text": "é" * 8193}, "signatureText", ValidationCode.TOO_LONG),
    "long html": ({"signature_html": "a" * 16_385}, "signatureHtml", ValidationCode.TOO_LONG),
}


@pytest.mark.parametrize(("typed", "field", "code"), REFUSED.values(), ids=REFUSED)
def test_what_a_message_would_be_refused_for_is_refused(
    typed: dict[str, Any], field: str, code: ValidationCode
) -> None:
    """One issue at the field of the identity's own input, and nothing about a message."""
    (issue,) = sender_errors(replace(GOOD, **typed))
    assert (issue.path, issue.code) == ((field,), code)


def test_what_messages_may_have_is_taken() -> None:
    """Everything given, only an address, and the longest texts."""
    longest = "a" * SIGNATURE_MAX_BYTES
    for form in (
        GOOD,
        SenderForm("ann@bücher.example"),
        replace(GOOD, signature_text=longest, signature_html=longest, name="n" * 200),
    ):
        assert sender_errors(form) == ()


def test_a_change_leaves_what_it_does_not_name() -> None:
    """Absent fields stay, None clears, a value replaces."""
    identity = make_sender(ID, reply_to="r@example.com", signature_text="t", is_default=True)
    kept = SenderForm("sales@example.com", "Sales", "r@example.com", "t", is_default=True)
    assert merged(identity, SenderChange(identity.id)) == kept
    change = SenderChange(identity.id, name=None, signature_image_id=IMAGE, is_default=False)
    after = replace(kept, name=None, signature_image_id=IMAGE, is_default=False)
    assert merged(identity, change) == after


BOB = (NamedAddress("bob@example.org", "Bob"),)
WHOLE = make_sender(
    CONFIG.id,
    reply_to="answers@example.org",
    signature_text="t",
    signature_html="h",
    signature_image_id=IMAGE,
)
BARE = make_sender(CONFIG.id, name=None)
ADDRESS, NAME, ANSWERS, SIGNED = (
    ("sender", "address"),
    ("sender", "name"),
    ("replyTo",),
    ("signature",),
)
EMPTY = Signature()
HEADS: dict[str, tuple[dict[str, Any], SenderIdentity | None, Letterhead]] = {
    "the account": ({}, None, Letterhead(NamedAddress("Ada@Example.com", "Ada"), (), None)),
    "the account under another name": (
        {"sender_name": "A.", "reply_to": BOB, "signature": EMPTY},
        None,
        Letterhead(NamedAddress("Ada@Example.com", "A."), BOB, EMPTY),
    ),
    "an identity gives all": (
        {},
        WHOLE,
        Letterhead(
            NamedAddress("sales@example.com", "Sales"),
            (NamedAddress("answers@example.org"),),
            Signature("t", "h"),
            IMAGE,
            (ADDRESS, NAME, ANSWERS, SIGNED),
        ),
    ),
    "the request has all but the address": (
        {"sender_name": "A.", "reply_to": BOB, "signature": EMPTY},
        WHOLE,
        Letterhead(NamedAddress("sales@example.com", "A."), BOB, EMPTY, None, (ADDRESS,)),
    ),
    "an identity without anything": (
        {},
        BARE,
        Letterhead(
            NamedAddress("sales@example.com", "Ada"), (), None, None, (ADDRESS, NAME, SIGNED)
        ),
    ),
    "only an image": (
        {},
        replace(BARE, signature_image_id=IMAGE),
        Letterhead(
            NamedAddress("sales@example.com", "Ada"), (), EMPTY, IMAGE, (ADDRESS, NAME, SIGNED)
        ),
    ),
}


@pytest.mark.parametrize(("given", "identity", "head"), HEADS.values(), ids=HEADS)
def test_a_message_has_what_its_request_says_else_the_identity_else_the_account(
    given: dict[str, Any], identity: SenderIdentity | None, head: Letterhead
) -> None:
    """From, Reply-To and signature come from the first that has them, and the rest is told."""
    assert letterhead(SendRequest(CONFIG.id, **given), CONFIG, identity) == head
