"""The export of all that a workspace owns: JSON Lines for each noun, the files, and a manifest.

    workspace.jsonl, members.jsonl, configs.jsonl, ..., files/<id>, manifest.json

Secrets, digests of tokens and sessions are left out; ids are the keys inside of the API's global
ids. The manifest comes last and has size, SHA-256 and number of rows of each member, so that an
archive that was cut off is seen to be.

Consistency: rows are read in batches by primary key, each batch at one moment, while the workspace
goes on. Whatever is there from the beginning to the end is in it once, each row as it was at one
moment; what comes or goes meanwhile may be in it or not. Bytes of a file that are gone when they
are read are named in the manifest's `missing`.

Over HTTP it comes by a link, which begins a download for some minutes and only for as long as
whoever made it is an owner. Threat and limit are those of `filelinks`.
"""

import re
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

import orjson

from mailconfig.domain.clock import Now
from mailconfig.domain.errors import FileUnreadable, NotFound, SecretUnreadable
from mailconfig.domain.identity import Principal, Role
from mailconfig.domain.signing import Signer
from mailconfig.domain.throttling import Limit, Limiter
from mailconfig.services.archives import Entry, zipped
from mailconfig.services.files import FileService
from mailconfig.storage.database import Database
from mailconfig.storage.exports import NOUNS, Noun

_BATCH: Final = 500
"""Rows of one transaction."""
_PER_HOUR: Final = Limit("exports", 10, 3600)
"""Links of a workspace: each download reads everything."""
_EXPIRES: Final = re.compile(r"[1-9][0-9]{0,11}", re.ASCII)
_SIGNATURE: Final = re.compile(r"([0-9a-f]{32})([A-Za-z0-9_-]{43})", re.ASCII)
_JSON_COLUMNS: Final = frozenset({"details", "detail", "fix", "findings", "metadata_json"})
"""Columns that hold JSON as text."""


@dataclass(frozen=True, slots=True)
class ExportLink:
    """Where an export is to be had."""

    url: str
    """Relative to the root of this service."""
    expires_at: datetime


@dataclass(slots=True)
class _Manifest:
    """What went into the archive."""

    workspace_id: UUID
    begun_at: datetime
    members: list[dict[str, Any]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    def text(self) -> bytes:
        return orjson.dumps(
            {
                "format": 1,
                "workspaceId": self.workspace_id,
                "begunAt": self.begun_at,
                "members": self.members,
                "missing": self.missing,
            },
            option=orjson.OPT_INDENT_2,
        )


class ExportService:
    """Makes and streams exports."""

    def __init__(
        self,
        database: Database,
        files: FileService,
        signer: Signer,
        limiter: Limiter,
        link_seconds: int,
        now: Now,
    ) -> None:
        self._database = database
        self._files = files
        self._signer = signer.derive("export link")
        self._limiter = limiter
        self._link_seconds = link_seconds
        self._now = now

    async def link(self, principal: Principal) -> ExportLink:
        """Return a link to the export of the caller's workspace; raises Forbidden, RateLimited."""
        principal.require_person()
        principal.require(Role.OWNER)
        place, user = principal.workspace_id, principal.user_id
        await self._limiter.take(_PER_HOUR, f"workspace {place}")
        ends = (self._now() + timedelta(seconds=self._link_seconds)).replace(microsecond=0)
        expires = str(int(ends.timestamp()))
        mac = self._signer.sign(place.hex, user.hex, expires)
        async with self._database.work(place) as work:
            await work.audit.append(user, "workspace.export", "workspace", place, {})
        url = f"/exports/{place}/workspace.zip?expires={expires}&signature={user.hex}{mac}"
        return ExportLink(url, ends)

    async def open_signed(
        self, workspace_id: str, expires: str, signature: str
    ) -> AsyncIterator[bytes]:
        """Return the bytes of the export of a link, given in parts as they came.

        Raises NotFound for a link that is altered or expired, or whose maker is no owner any more.
        """
        parts = _SIGNATURE.fullmatch(signature)
        try:
            place = UUID(workspace_id)
        except ValueError:
            raise NotFound from None
        if parts is None or _EXPIRES.fullmatch(expires) is None:
            raise NotFound
        user, mac = parts.groups()
        if not self._signer.verify(mac, place.hex, user, expires):
            raise NotFound
        if int(expires) <= self._now().timestamp():
            raise NotFound
        async with self._database.reading_identity() as identity:
            if await identity.role_of(place, UUID(user)) is not Role.OWNER:
                raise NotFound
        return zipped(self.entries(place))

    async def entries(self, workspace_id: UUID) -> AsyncIterator[Entry]:
        """Yield the members of an archive; for commands, which ask nobody's role."""
        manifest = _Manifest(workspace_id, self._now())
        uploads: list[UUID] = []
        for noun in NOUNS:
            keep = uploads.append if noun.name == "files" else None
            name = f"{noun.name}.jsonl"
            yield Entry(name, self._counted(manifest, name, self._lines(workspace_id, noun, keep)))
        for file_id in uploads:
            chunks = self._content(workspace_id, file_id)
            first = await anext(chunks, None)
            name = f"files/{file_id}"
            if first is None:
                manifest.missing.append(name)
            else:
                yield Entry(name, self._counted(manifest, name, _chained(first, chunks)))
        yield Entry("manifest.json", _chained(manifest.text()))

    async def _lines(
        self, workspace_id: UUID, noun: Noun, keep: Callable[[UUID], None] | None
    ) -> AsyncIterator[bytes]:
        after: tuple[object, ...] | None = None
        while True:
            async with self._database.reading(workspace_id) as work:
                found = await work.exports.rows(noun, after, _BATCH)
            if keep is not None:
                for row in found.rows:
                    keep(row["id"])
            if found.rows:
                yield b"".join(_line(row) for row in found.rows)
            if len(found.rows) < _BATCH:
                return
            after = found.last

    async def _content(self, workspace_id: UUID, file_id: UUID) -> AsyncIterator[bytes]:
        """Yield the bytes of a file; none where the file is gone or cannot be read."""
        try:
            async with self._database.reading(workspace_id) as work:
                chunks = await self._files.bytes_of(work, file_id)
            first = await anext(chunks, b"")
        except (NotFound, FileUnreadable, SecretUnreadable):
            return
        yield first
        async for chunk in chunks:
            yield chunk

    async def _counted(
        self, manifest: _Manifest, name: str, chunks: AsyncIterator[bytes]
    ) -> AsyncIterator[bytes]:
        """Pass bytes on and write down what they were."""
        digest, size = sha256(), 0
        async for chunk in chunks:
            digest.update(chunk)
            size += len(chunk)
            yield chunk
        manifest.members.append({"name": name, "size": size, "sha256": digest.hexdigest()})


async def _chained(first: bytes, rest: AsyncIterator[bytes] | None = None) -> AsyncIterator[bytes]:
    yield first
    if rest is not None:
        async for chunk in rest:
            yield chunk


def _line(row: Mapping[str, Any]) -> bytes:
    """Return a row as a line; columns that hold JSON are objects again."""
    shown = {
        name.removesuffix("_json"): orjson.loads(value)
        if name in _JSON_COLUMNS and value is not None
        else value
        for name, value in row.items()
    }
    return orjson.dumps(shown, default=str) + b"\n"  # asyncpg has a UUID of its own
