"""Pasted texts of mail conversations, made fit to be shown again: what signs in is hidden.

Threat: people paste a whole transcript to learn what a reply means, and the answer, a log of it or
a screenshot would carry their password on. Limit: only the forms in which protocols, programs and
configuration files write a secret are known here; a password alone in a sentence is not.
"""

import re
from typing import Final

from mailconfig.domain.text import REDACTED

_MECHANISM: Final = r"(?:PLAIN|LOGIN|CRAM-MD5|DIGEST-MD5|XOAUTH2|OAUTHBEARER|NTLM|SCRAM-[\w-]+)"
_AFTER: Final = (
    # SASL's initial response (RFC 4954, RFC 9051): AUTH PLAIN AGFubmE...; a list of mechanisms,
    # which a server announces in the same words, stays
    rf"\bAUTH(?:ENTICATE)?[ ]+{_MECHANISM}[ ]+(?!{_MECHANISM}\b|(?-i:[A-Z]+-?[A-Z0-9]*(?:\s|$)))",
    # IMAP's LOGIN with its name (RFC 9051, section 6.2.3) and POP3's PASS
    r"\bLOGIN[ ]+(?:\"(?:[^\"\\]|\\.)*\"|\S+)[ ]+",
    r"(?m:^(?:[CS>]:?[ ]*)?PASS[ ]+)",
    # HTTP and OAuth
    r"\bBearer[ ]+",
    r"\b(?:access_token|refresh_token|id_token|client_secret|code)=",
    # members of JSON, YAML, ini files and keyword arguments
    r"\b(?:pass(?:word|wd|phrase)?|secret|api[_-]?key|token)[\"']?\s*[:=]>?\s*[\"']?(?!null\b|None\b)",
)
_SECRET: Final = r"(?P<secret>\"(?:[^\"\\]|\\.)*\"|[^\s\"',;&]+)"
_MARKED: Final = re.compile(
    rf"(?P<before>{'|'.join(f'(?:{each})' for each in _AFTER)}){_SECRET}", re.IGNORECASE
)
_RESPONSE: Final = re.compile(
    r"(?m)^(?P<before>(?:C|>|-->|>>>)[: ][ ]*)(?P<secret>[A-Za-z0-9+/]{8,}={0,2})[ ]*$"
)
"""A client's line that is base64 and nothing else: a SASL response."""


def without_credentials(text: str) -> str:
    """Return `text` with every credential that its grammar shows replaced by ***."""
    hidden = _MARKED.sub(_hide, text)
    return _RESPONSE.sub(_hide, hidden)


def _hide(match: re.Match[str]) -> str:
    return f"{match['before']}{REDACTED}"
