"""Passwords of users of mailconfig itself: Argon2id (RFC 9106) in a worker thread."""

import anyio
from anyio.to_thread import run_sync
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from mailconfig.domain.secrets import Secret


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
        """Tell whether the password fits; None stands for an unknown user and costs the same."""
        if self._decoy is None:
            self._decoy = await self.hash(Secret("nobody has this password"))
        fits = await run_sync(
            self._fits, encoded or self._decoy, password.reveal(), limiter=self._limiter
        )
        return fits and encoded is not None

    def _fits(self, encoded: str, password: str) -> bool:
        try:
            return self._hasher.verify(encoded, password)
        except (VerificationError, InvalidHashError):
            return False
