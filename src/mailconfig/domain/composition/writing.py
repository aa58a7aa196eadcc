"""Writing: a checked draft becomes bytes, once; each attempt to send it sends the same.

The message is ASCII in header and body; only a local part that is not ASCII itself needs SMTPUTF8
(RFC 6531). Domains are A-labels. Bcc is never written. Must not: judge a draft; `rules` does.
"""

import secrets
from collections.abc import Iterator
from datetime import datetime
from email.utils import format_datetime
from itertools import chain
from typing import Final
from urllib.parse import quote

from mailconfig.domain.addresses import EmailAddress, address_key, parse_address
from mailconfig.domain.composition.bodies import Entity, body_of
from mailconfig.domain.composition.fields import (
    Field,
    address_list,
    listed,
    plain,
    unstructured,
)
from mailconfig.domain.composition.headers import MESSAGE_ID, may_be_set
from mailconfig.domain.composition.reading import confirm
from mailconfig.domain.composition.values import (
    Composed,
    ExtraHeader,
    Fresh,
    ListUnsubscribe,
    MessageDraft,
    NamedAddress,
    Priority,
)
from mailconfig.domain.messages import Recipient, RecipientKind

_TOKEN_BYTES: Final = 16
_PRIORITIES: Final = {
    Priority.HIGH: (plain("X-Priority", "1"), plain("Importance", "high")),
    Priority.NORMAL: (),
    Priority.LOW: (plain("X-Priority", "5"), plain("Importance", "low")),
}
_NOBODY: Final = "undisclosed-recipients:;"
"""An empty group (RFC 5322, section 3.4): servers suspect mail that is to nobody at all."""

_Box = tuple[EmailAddress, str | None]


def fresh_token() -> str:
    """Return 128 bits of chance in hexadecimal."""
    return secrets.token_hex(_TOKEN_BYTES)


def new_message_id(sender: str, fresh: Fresh = fresh_token) -> str:
    """Return a new Message-ID in the domain of the sender. Raises AddressInvalid."""
    return f"<{fresh()}@{parse_address(sender).domain}>"


def compose(
    draft: MessageDraft, message_id: str, now: datetime, fresh: Fresh = fresh_token
) -> Composed:
    """Write a message that `check` has found no error in.

    `message_id` has its angle brackets, `now` its time zone. The same arguments give the same
    bytes where `fresh` gives the same tokens. Raises ValueError (AddressInvalid is one) for what
    `check` refuses, and Fault where the written bytes read differently from what was meant.
    """
    if now.tzinfo is None or not MESSAGE_ID.fullmatch(message_id):
        raise ValueError("a message needs a time with its zone and an identifier")
    sender = parse_address(draft.sender.address)
    boxes = {kind: list(found) for kind, found in _recipients(draft).items()}
    reply_to = [(parse_address(each.address), each.name) for each in draft.reply_to]
    top = [
        plain("Date", format_datetime(now)),
        address_list("From", [(sender, draft.sender.name)]),
        *([address_list("Reply-To", reply_to)] if reply_to else []),
        *_destinations(boxes),
        *([unstructured("Subject", draft.subject)] if draft.subject.strip() else []),
        plain("Message-ID", message_id),
        *_chosen(draft),
        plain("MIME-Version", "1.0"),
    ]
    body = body_of(draft, fresh)
    whole = Entity((*top, *body.fields), body.body, body.parts)
    content = whole.written()
    every = [sender, *(address for address, _ in chain(reply_to, *boxes.values()))]
    needs_utf8 = not all(address.local.isascii() for address in every)
    meant = {
        "from": [sender.text],
        "reply-to": [address.text for address, _ in reply_to],
        "to": [address.text for address, _ in boxes[RecipientKind.TO]],
        "cc": [address.text for address, _ in boxes[RecipientKind.CC]],
    }
    confirm(content, whole, meant, utf8=needs_utf8)
    return Composed(
        content=content,
        message_id=message_id,
        sender=sender.text,
        recipients=tuple(
            Recipient(address.text, kind, _blank_is_none(name))
            for kind, found in boxes.items()
            for address, name in found
        ),
        headers=tuple((field.name, field.value) for field in whole.fields),
        needs_utf8=needs_utf8,
    )


def _recipients(draft: MessageDraft) -> dict[RecipientKind, list[_Box]]:
    """Return the recipients of each kind, each address only where it comes first."""
    kinds: dict[RecipientKind, tuple[NamedAddress, ...]] = {
        RecipientKind.TO: draft.to,
        RecipientKind.CC: draft.cc,
        RecipientKind.BCC: draft.bcc,
    }
    known: set[str] = set()
    found: dict[RecipientKind, list[_Box]] = {kind: [] for kind in kinds}
    for kind, named in kinds.items():
        for each in named:
            address = parse_address(each.address)
            if address_key(address) not in known:
                known.add(address_key(address))
                found[kind].append((address, each.name))
    return found


def _destinations(boxes: dict[RecipientKind, list[_Box]]) -> Iterator[Field]:
    if boxes[RecipientKind.TO]:
        yield address_list("To", boxes[RecipientKind.TO])
    elif not boxes[RecipientKind.CC]:
        yield plain("To", _NOBODY)
    if boxes[RecipientKind.CC]:
        yield address_list("Cc", boxes[RecipientKind.CC])


def _chosen(draft: MessageDraft) -> Iterator[Field]:
    """Yield the headers that only some messages have."""
    references = draft.references
    if draft.in_reply_to:
        yield listed("In-Reply-To", [draft.in_reply_to])
        references = references or (draft.in_reply_to,)  # RFC 5322, section 3.6.4
    if references:
        yield listed("References", references)
    yield from _PRIORITIES[draft.priority]
    if draft.list_unsubscribe is not None:
        yield from _unsubscribing(draft.list_unsubscribe)
    yield from map(_extra, draft.headers)


def _unsubscribing(wanted: ListUnsubscribe) -> Iterator[Field]:
    """Yield the headers of RFC 2369, section 3.2, and RFC 8058, section 3.1."""
    mailto = wanted.mailto
    if mailto and not mailto.lower().startswith("mailto:"):
        mailto = f"mailto:{quote(parse_address(mailto).text, safe='@+')}"  # RFC 6068
    links = [f"<{link}>" for link in (wanted.url, mailto) if link]
    yield listed("List-Unsubscribe", links, ",")
    if wanted.one_click:
        yield plain("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")


def _extra(header: ExtraHeader) -> Field:
    """Write ASCII as it is, since programs read such headers; the rest as encoded words."""
    if not may_be_set(header.name):
        raise ValueError("a header that messages must not set")
    value = header.value.strip()
    if value.isascii() and "=?" not in value:
        return plain(header.name, value)
    return unstructured(header.name, value)


def _blank_is_none(name: str | None) -> str | None:
    return (name or "").strip() or None
