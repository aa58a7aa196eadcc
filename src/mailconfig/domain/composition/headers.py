"""Which headers a sender may set, and of which form.

An allow list, since each of the others is ours, a server's, or steers a relay: some senders' own
headers add recipients (X-SMTPAPI) or pass for the verdict of a filter. Must not: write anything.
"""

import re
from typing import Final

MESSAGE_ID: Final = re.compile(r"<[!-;=?A-~]{1,450}@[!-;=?A-~]{1,450}>")
"""A message identifier without comments and quotes (RFC 5322, section 3.6.4), on one line."""
IDENTIFYING: Final = frozenset({"in-reply-to", "references"})
"""Headers whose values are message identifiers."""

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,39}")
"""At most 40 signs: an encoded word has to fit beside it (RFC 2047, section 2)."""
_STRUCTURED: Final = frozenset(
    {
        "auto-submitted",  # RFC 3834
        "feedback-id",
        "list-archive",  # RFC 2369, as the next ones
        "list-help",
        "list-id",  # RFC 2919
        "list-owner",
        "list-post",
        "list-subscribe",
        "precedence",
        "sensitivity",  # RFC 2156
    }
    | IDENTIFYING
)
"""Headers that programs read: ASCII only, and once."""
_FREE: Final = frozenset({"comments", "keywords", "organization"})
"""Headers of free text."""
_DENIED: Final = frozenset(
    {
        "x-bcc",
        "x-cc",
        "x-delivered-to",
        "x-mc-bccaddress",
        "x-mc-signingdomain",
        "x-mc-subaccount",
        "x-msmail-priority",
        "x-msys-api",
        "x-originating-email",
        "x-originating-ip",
        "x-priority",
        "x-received",
        "x-sender",
        "x-smtpapi",
    }
)
"""Those that steer relays, that servers write, and those that have fields of their own."""
_DENIED_BEGINNINGS: Final = (
    "x-antispam",
    "x-apparently-",
    "x-arc-",
    "x-authentic",
    "x-dkim",
    "x-envelope-",
    "x-exchange-",
    "x-forefront-",
    "x-gm-",
    "x-google-",
    "x-mailgun-recipient",
    "x-microsoft-",
    "x-ms-exchange-",
    "x-original",
    "x-rspamd",
    "x-ses-from-",
    "x-ses-return-",
    "x-ses-source-",
    "x-spam",
    "x-virus",
)


def may_be_set(name: str) -> bool:
    """Tell whether a sender may set a header; case does not matter."""
    lowered = name.lower()
    if not _NAME.fullmatch(name):
        return False
    if lowered.startswith("x-"):
        own = lowered not in _DENIED and not lowered.startswith(_DENIED_BEGINNINGS)
        return own and len(lowered) > len("x-")
    return lowered in _STRUCTURED or lowered in _FREE


def is_structured(name: str) -> bool:
    """Tell whether programs read a header, so that it is in ASCII and there once."""
    return name.lower() in _STRUCTURED
