"""Reads who a session belongs to; asked for by requests that bring a token or cookie."""

from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import Select, String, Uuid

from mailconfig.storage.identity import SIGN_INS, SignIn, read_sign_in
from mailconfig.storage.reads.statements import Kept, Lines, Prepared, decoded, named, prepared
from mailconfig.storage.tables import sessions


class IdentityReads:
    """Questions about sessions, each one statement."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._kept = Kept()

    async def session(self, id: UUID) -> SignIn | None:
        """Return a session, its user and role; None also for those who are no members any more."""
        statement = SIGN_INS.where(sessions.c.id == named("id", id, Uuid()))
        return await self._sign_in("session", statement, {"id": id})

    async def session_by_token(self, token_sha256: str) -> SignIn | None:
        """Return the session of a token's digest, as `session` does."""
        digest = named("digest", token_sha256, String())
        statement = SIGN_INS.where(sessions.c.token_sha256 == digest)
        return await self._sign_in("token", statement, {"digest": token_sha256})

    async def _sign_in(
        self, shape: str, statement: Select[Any], values: dict[str, object]
    ) -> SignIn | None:
        make: partial[Prepared] = partial(prepared, statement, self._lines.dialect, values)
        known = self._kept.get(shape, make)
        rows = decoded(await self._lines.fetch(known, values), known.decoders)
        return read_sign_in(rows[0]) if rows else None
