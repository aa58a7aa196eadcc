"""Composition: a draft becomes the exact bytes of a message. Values, rules and writing.

    MessageDraft --check--> issues, or --compose--> Composed (content, Message-ID, recipients)

Must not: send, store, or look anything up.
"""

from mailconfig.domain.composition.rules import check
from mailconfig.domain.composition.values import (
    Attachment,
    Composed,
    CompositionLimits,
    ExtraHeader,
    ListUnsubscribe,
    MessageDraft,
    NamedAddress,
    Priority,
    Signature,
)
from mailconfig.domain.composition.writing import compose, new_message_id

__all__ = [
    "Attachment",
    "Composed",
    "CompositionLimits",
    "ExtraHeader",
    "ListUnsubscribe",
    "MessageDraft",
    "NamedAddress",
    "Priority",
    "Signature",
    "check",
    "compose",
    "new_message_id",
]
