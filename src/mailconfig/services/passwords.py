"""Passwords of users of mailconfig itself: Argon2id (RFC 9106), and which ones are refused.

A password is judged by its length and by whether it is among the first that are tried (OWASP ASVS
5.0, 6.2; NIST SP 800-63B-4, 3.1.1.2), never by the kinds of its characters. Hashing and looking up
block, so they run in worker threads.
"""

from typing import Final

import anyio
from anyio.to_thread import run_sync
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from mailconfig.domain.secrets import Secret
from mailconfig.storage.commonpasswords import folded, is_common

PASSWORD_MAX_CHARS: Final = 1024
"""Argon2 takes any length; this keeps a request from making it hash megabytes."""
NO_PASSWORD: Final = "!"
"""Stands in place of a hash for users who sign in elsewhere."""
_PRODUCT: Final = "mailconfig"
_DIGITS: Final = "0123456789"


class Passwords:
    """Hashes and verifies; the same work is done when there is no such user."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher()
        # Each hash takes 64 MiB and a core: more at once would starve the event loop's machine.
        self._limiter = anyio.CapacityLimiter(2)
        self._decoy: str | None = None

    async def hash(self, password: Secret) -> str:
        """Return an encoded Argon2id hash with its own salt."""
        return await run_sync(self._hasher.hash, password.reveal(), limiter=self._limiter)

    async def verify(self, encoded: str | None, password: Secret) -> bool:
        """Tell whether the password fits; None stands for an unknown user and costs the same.

        So does a user without a password, to whom none fits.
        """
        if encoded == NO_PASSWORD:
            encoded = None
        if self._decoy is None:
            self._decoy = await self.hash(Secret("nobody has this password"))
        fits = await run_sync(
            self._fits, encoded or self._decoy, password.reveal(), limiter=self._limiter
        )
        return fits and encoded is not None

    def is_outdated(self, encoded: str) -> bool:
        """Tell a hash that was made with other parameters than those of today."""
        return self._hasher.check_needs_rehash(encoded)

    async def guessable(self, password: Secret, address: str) -> bool:
        """Tell a password that is common or made of the user's address or the product's name."""
        text = password.reveal()
        return _names(text, address) or await run_sync(is_common, text, limiter=self._limiter)

    def _fits(self, encoded: str, password: str) -> bool:
        try:
            return self._hasher.verify(encoded, password)
        except (VerificationError, InvalidHashError):
            return False


def _names(password: str, address: str) -> bool:
    """Tell the address, its part before the @ or the product's name, with any digits after it."""
    words = {folded(word) for word in (address, address.partition("@")[0], _PRODUCT)}
    words |= {word.rstrip(_DIGITS) for word in words}  # ada1985 is not to take ada2026
    text = folded(password)
    ends = (text.removeprefix(word) for word in words if word and text.startswith(word))
    return any(not end.strip(_DIGITS) for end in ends)
