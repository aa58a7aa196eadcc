"""What is left when no word was understood: the general code of the phase in which it happened.

So a reply in a language that nobody listed still gets the advice of its step. These rows come
after all others, and only where the phase is known.
"""

from typing import Final

from mailconfig.domain.diagnostics.codes import DiagnosticCode as Code
from mailconfig.domain.diagnostics.signatures import (
    LOGIN,
    OAUTH,
    SMTP,
    TLS_PORTS,
    TRANSACTION,
    Signature,
    phases,
    words,
)
from mailconfig.domain.diagnostics.values import Phase
from mailconfig.domain.diagnostics.vocabulary import CERTIFICATE, LATER, TEMPORARY

_SOMETHING: Final = words(r"\w")
_PLAIN_PORTS: Final = frozenset({25, 110, 143, 587, 2525})
"""Ports that begin in clear text (RFC 8314, section 3)."""

FALLBACK: Final = (
    # TLS from the first byte on a port that begins in clear text, or the other way round
    Signature(
        Code.TLS_MODE_MISMATCH_TLS_ON_PLAIN,
        _SOMETHING,
        phases=phases(Phase.TLS),
        needs_phase=True,
        ports=_PLAIN_PORTS,
        protected=True,
    ),
    Signature(
        Code.TLS_MODE_MISMATCH_PLAIN_ON_TLS,
        _SOMETHING,
        phases=phases(Phase.GREETING, Phase.STARTTLS),
        needs_phase=True,
        ports=TLS_PORTS,
        protected=False,
    ),
    Signature(
        Code.CERT_UNTRUSTED_ROOT, words(CERTIFICATE), phases=phases(Phase.TLS), needs_phase=True
    ),
    Signature(
        Code.TLS_TOO_OLD,
        words(r"\b(?:tls|ssl)|handshake"),
        phases=phases(Phase.TLS),
        needs_phase=True,
    ),
    Signature(Code.CERT_UNTRUSTED_ROOT, _SOMETHING, phases=phases(Phase.TLS), needs_phase=True),
    Signature(Code.DNS_NXDOMAIN, _SOMETHING, phases=phases(Phase.DNS), needs_phase=True),
    Signature(Code.TCP_TIMEOUT, _SOMETHING, phases=phases(Phase.CONNECT), needs_phase=True),
    Signature(
        Code.TCP_RESET_EOF,
        _SOMETHING,
        phases=phases(Phase.GREETING, Phase.EHLO, Phase.CAPABILITY),
        needs_phase=True,
    ),
    Signature(
        Code.STARTTLS_FAILED_SERVER, _SOMETHING, phases=phases(Phase.STARTTLS), needs_phase=True
    ),
    Signature(Code.AUTH_BAD_CREDENTIALS, _SOMETHING, phases=LOGIN, needs_phase=True),
    # A transaction without any code that is known
    Signature(
        Code.SERVER_TEMPORARY,
        words(TEMPORARY, LATER, r"deferr|postpon"),
        phases=TRANSACTION,
        needs_phase=True,
    ),
    Signature(
        Code.RECIPIENT_UNKNOWN,
        _SOMETHING,
        phases=phases(Phase.RCPT),
        protocol=SMTP,
        needs_phase=True,
    ),
    Signature(
        Code.SENDER_NOT_OWNED,
        _SOMETHING,
        phases=phases(Phase.MAIL),
        protocol=SMTP,
        needs_phase=True,
    ),
    Signature(
        Code.CONTENT_REJECTED,
        _SOMETHING,
        phases=phases(Phase.DATA),
        protocol=SMTP,
        needs_phase=True,
    ),
    Signature(
        Code.FOLDER_MISSING,
        _SOMETHING,
        phases=phases(Phase.SELECT, Phase.APPEND),
        needs_phase=True,
    ),
    Signature(Code.AUTH_TEMPORARY, _SOMETHING, phases=phases(Phase.FETCH), needs_phase=True),
    Signature(Code.TCP_RESET_EOF, _SOMETHING, phases=phases(Phase.IDLE), needs_phase=True),
    Signature(Code.AUTOCONFIG_HTML, _SOMETHING, phases=phases(Phase.DISCOVERY), needs_phase=True),
    Signature(Code.OAUTH_APP, _SOMETHING, phases=OAUTH, needs_phase=True),
)
"""One row a phase, in order of precedence."""
