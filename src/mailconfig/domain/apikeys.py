"""API keys: their form, which a scanner can check without us, and what is known of one.

    mck_<43 characters of base64url: 256 random bits><6 characters: CRC-32 in base 62>

The checksum is no protection: it lets secret scanners tell a key from a random word, and us refuse
a word that is none without asking the database.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from string import ascii_lowercase, ascii_uppercase, digits
from typing import Final
from uuid import UUID
from zlib import crc32

from mailconfig.domain.identity import Role, Scope

KEY_PREFIX: Final = "mck_"
"""How every key begins."""
EMBED_PREFIX: Final = "mce_"
"""How every embed token begins."""
SHOWN_CHARS: Final = 12
"""Characters of a key that are kept and shown, prefix included: 48 of its 256 bits."""

_RANDOM_CHARS: Final = 43
_CHECKSUM_CHARS: Final = 6
_BASE64URL: Final = frozenset(ascii_lowercase + ascii_uppercase + digits + "-_")
_BASE62: Final = digits + ascii_uppercase + ascii_lowercase


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is known of a key; never the key itself."""

    id: UUID
    workspace_id: UUID
    user_id: UUID
    """The member whom it acts for."""
    name: str
    prefix: str
    """Its first characters."""
    role: Role
    """At most this role, and at most the member's own."""
    scopes: frozenset[Scope]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    """Seen to some minutes."""
    revoked_at: datetime | None

    def is_live(self, now: datetime) -> bool:
        """Tell whether it may be used."""
        ended = self.expires_at is not None and self.expires_at <= now
        return self.revoked_at is None and not ended


def key_of(random: str) -> str:
    """Return the key of 43 random characters of base64url."""
    body = KEY_PREFIX + random
    return body + _checksum(body)


def well_formed(key: str) -> bool:
    """Tell whether a word is a key as far as its form says."""
    body, checksum = key[:-_CHECKSUM_CHARS], key[-_CHECKSUM_CHARS:]
    random = body.removeprefix(KEY_PREFIX)
    return (
        body.startswith(KEY_PREFIX)
        and len(random) == _RANDOM_CHARS
        and _BASE64URL.issuperset(random)
        and checksum == _checksum(body)
    )


def digest_of(key: str) -> str:
    """Return what is stored of a key; 256 random bits need no slow hash."""
    return sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def written(scopes: Iterable[Scope]) -> str:
    """Write scopes as a row has them: words in their order, separated by spaces."""
    held = set(scopes)
    return " ".join(scope.value for scope in Scope if scope in held)


def read_scopes(text: str) -> frozenset[Scope]:
    """Read scopes of a row; raises ValueError for a word that is none."""
    return frozenset(map(Scope, text.split()))


def _checksum(body: str) -> str:
    number, found = crc32(body.encode()), ""
    while len(found) < _CHECKSUM_CHARS:
        number, rest = divmod(number, len(_BASE62))
        found = _BASE62[rest] + found
    return found
