"""Which protocol a first line belongs to, when it is not the one that was asked for."""

import re
from typing import Final

_FIRST_WORDS: Final = (
    (re.compile(rb"HTTP/\d|<!doctype|<html", re.IGNORECASE), "HTTP"),  # RFC 9112, section 4
    (re.compile(rb"SSH-\d"), "SSH"),  # RFC 4253, section 4.2
    (re.compile(rb"\+OK|-ERR", re.IGNORECASE), "POP3"),  # RFC 1939, section 3
    (re.compile(rb"\* (?:OK|BYE|PREAUTH)\b", re.IGNORECASE), "IMAP"),  # RFC 9051, section 7.1
    (re.compile(rb'"IMPLEMENTATION"', re.IGNORECASE), "ManageSieve"),  # RFC 5804, section 1.7
    (re.compile(rb"20[01][ -]"), "NNTP"),  # RFC 3977, section 5.1
    (re.compile(rb"(?:220|421)[ -](?!.*SMTP).*FTP", re.IGNORECASE), "FTP"),  # RFC 959, section 5.4
    (re.compile(rb"[245]\d\d[ -]"), "SMTP"),  # RFC 5321, section 4.2
)
_TLS_ALERT: Final = 0x15
_TLS_HANDSHAKE: Final = 0x16


def spoken_in(first_line: bytes) -> str | None:
    """Return the name of the protocol whose greeting this is, or None."""
    return next((name for form, name in _FIRST_WORDS if form.match(first_line)), None)


def is_tls_record(first_byte: int) -> bool:
    """Tell whether a TLS record begins like this (RFC 8446, section 5.1); no text line does."""
    return first_byte in (_TLS_ALERT, _TLS_HANDSHAKE)
