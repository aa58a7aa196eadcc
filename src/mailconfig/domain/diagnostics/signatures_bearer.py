"""Signatures of a bearer token that a mail server refuses (RFC 6750, RFC 7628, XOAUTH2).

The sign-in service's own errors stand in `signatures_oauth.py`.
"""

from typing import Final

from mailconfig.domain.diagnostics.codes import DiagnosticCode as Code
from mailconfig.domain.diagnostics.codes import FixableBy
from mailconfig.domain.diagnostics.families import Family
from mailconfig.domain.diagnostics.signatures import LOGIN, MAILBOX, Signature, families, words

_STATUS: Final = r"['\"]?status['\"]? ?: ?['\"]?"
_MANY: Final = words(r"simultaneous|too many")

CHALLENGES: Final = (
    # 401 of Google and Microsoft (XOAUTH2), and RFC 7628, section 3.2.2
    Signature(
        Code.OAUTH_TOKEN_EXPIRED,
        words(rf"{_STATUS}(?:401|invalid_token)"),
        phases=LOGIN | MAILBOX,
        without=_MANY,
    ),
    Signature(
        Code.OAUTH_SCOPE,
        words(rf"{_STATUS}(?:400|403|insufficient_scope|invalid_request)"),
        phases=LOGIN,
        without=_MANY,
    ),
)
"""What a server asks before it refuses a bearer token; the refusal after it says nothing more."""

TOKENS: Final = (
    Signature(
        Code.OAUTH_TOKEN_EXPIRED,
        words(
            r"access ?token ?(?:has |is )?expired|AccessTokenExpired",
            r"token (?:has |is )?(?:expired|too old)",
            r"expired (?:access ?)?token|oauth.{0,30}expired|session invalidated"
            r"|\bjwt (?:has |is )?expired",
        ),
        phases=LOGIN | MAILBOX,
    ),
    Signature(
        Code.OAUTH_SCOPE,
        words(
            r"insufficient.{0,20}scope",
            r"scope.{0,40}(?:missing|insufficient|not (?:granted|allowed))",
            r"(?:invalid|wrong) (?:audience|scope|resource)",
            r"token.{0,40}(?:not intended|different|another)",
            r"(?:token|oauth).{0,30}(?:audience|scope|user ?name|mismatch)",
            r"not accept(?:ed)? .{0,10}id_token",
        ),
        phases=LOGIN,
        without=words(r"AUTHENTICATION ?FAILED|invalid credentials|simultaneous"),
    ),
    # A service account without delegation for this user
    Signature(
        Code.OAUTH_SCOPE,
        words(r"\blookup failed\b"),
        phases=LOGIN,
        families=families(Family.GOOGLE),
    ),
    Signature(
        Code.OAUTH_REAUTH,
        words(r"(?:token|oauth|grant|consent).{0,40}(?:revoked|withdrawn|removed)"),
        phases=LOGIN,
        fixable_by=FixableBy.USER,
    ),
)
"""A bearer token refused by a mail server (RFC 7628, and the XOAUTH2 of Google and Microsoft)."""
