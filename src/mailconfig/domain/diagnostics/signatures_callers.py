"""Signatures of what a server says about who calls: a program too old, or a foreign country.

They stand before the rows of accounts and mechanisms, because such a reply speaks of access, login
and support as well.
"""

from typing import Final

from mailconfig.domain.diagnostics.codes import DiagnosticCode as Code
from mailconfig.domain.diagnostics.codes import FixableBy
from mailconfig.domain.diagnostics.signatures import (
    LOGIN,
    MAILBOX,
    SESSION,
    Signature,
    codes,
    words,
)
from mailconfig.domain.diagnostics.signatures_names import REPLY
from mailconfig.domain.diagnostics.vocabulary import OFF, REFUSED, RESTRICTED, UNSUPPORTED, near

_VERSION: Final = (
    r"(?:\b(?:tls|ssl)[ -]?v?(?:[123]\b|1\.[01])(?:[./ ]{1,5}(?:and |or |/ ?)?1?\.?1\b)?"
    r"|\b(?:tls|ssl) (?:version|protocol)|\b(?:weak|old|outdated|obsolete|deprecated) (?:tls|ssl"
    r"|cipher|encryption))"
)
_OUTDATED: Final = (
    rf"(?:{UNSUPPORTED}|no longer|too old|outdated|deprecat|obsolete|retired|not accept|disabled"
    r"|rejected|refused|update|upgrade|veralte|nicht mehr|plus (?:pris|support|accept)|obsol"
    r"|устаре|больше не|不再|旧|古い)"
)
_ABROAD: Final = (
    r"(?:\boverseas\b|\babroad\b|\bforeign (?:ip|countr\w+|network|host|address)"
    r"|\boutside (?:of )?(?:the )?(?:country|region|[a-z]{2,12})\b(?! (?:limit|hour|window|range"
    r"|connection))|海外|国外|國外|境外|해외|за рубеж|из-за границ|\bausland|à l'étranger"
    r"|\bextranjero|\bestero\b)"
)
_SERVER: Final = words(REPLY, r"(?-i:\b(?:NO|BYE|BAD)\b) |-ERR")

CALLERS: Final = (
    # A server that has got so far knows newer versions: our side has to be updated
    Signature(
        Code.TLS_TOO_OLD,
        words(rf"(?:{_SERVER.pattern}).{{0,60}}(?:{near(_VERSION, _OUTDATED, 40)})"),
        phases=SESSION | LOGIN | MAILBOX,
        fixable_by=FixableBy.OPERATOR,
        without=words(r"recipient|remote|handshake|certificate|starttls"),
    ),
    # Access from another country
    Signature(
        Code.CONNECT_BLOCKED_IP,
        words(
            near(
                _ABROAD,
                rf"(?:{RESTRICTED}|{REFUSED}|{OFF}|denied|block|reject|prohibit|forbid|規制)",
                40,
            )
        ),
        phases=SESSION | LOGIN,
        reply_codes=codes(4, 5),
        without=words(r"recipient|relay|domain|sender"),
    ),
)
"""Rows in order of precedence."""
