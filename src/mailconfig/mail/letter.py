"""The message of a round trip: short, plain, and found again by nobody but us.

Written by hand: the `email` package of older Pythons folds an identifier into encoded words and
lets a one-line text inject headers (CVE-2024-6923); here the address is the only part that is not
ours, and it was parsed before. Must not hold a secret, or anything about the account.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import Final

from mailconfig.domain.addresses import EmailAddress, parse_address

_TOKEN_BYTES: Final = 16
"""Nobody guesses 128 bits: whatever bears the identifier is our message and may be deleted."""

_BODY: Final = (
    "This message was sent by a connection test that you or your administrator started.",
    "It shows that this account can send mail and receives it. The test deletes it by itself.",
    "If you still see it, you may delete it; nothing else has to be done.",
)


@dataclass(frozen=True, slots=True)
class Letter:
    """One message, ready to be handed over."""

    address: EmailAddress
    """Sender and only recipient."""
    message_id: str
    """With its angle brackets."""
    content: bytes
    """Header and body with CR LF; ASCII but for a local part that is not."""


def write_letter(address: str, sent_at: datetime) -> Letter:
    """Write the message (RFC 5322). Raises AddressInvalid where the address was not checked."""
    parsed = parse_address(address)
    message_id = f"<mailconfig.{secrets.token_hex(_TOKEN_BYTES)}@{parsed.domain}>"
    lines = (
        f"From: <{parsed.text}>",
        f"To: <{parsed.text}>",
        "Subject: mailconfig connection test",
        f"Date: {format_datetime(sent_at)}",
        f"Message-ID: {message_id}",
        "Auto-Submitted: auto-generated",  # RFC 3834: no vacation notice answers it
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=us-ascii",
        "",
        *_BODY,
        "",
    )
    return Letter(parsed, message_id, "\r\n".join(lines).encode())
