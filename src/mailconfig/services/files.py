"""Files of configurations: uploading, reading, links, and removal with nothing left behind.

Order of writes: the bytes go to the blob store first, encrypted under a key that exists only in
memory; one unit of work then stores the key and the row. On any failure the blob is removed. A
process killed in between leaves a blob that nobody can decrypt; `sweep` finds it, because blobs
are named after workspace and file. Removal goes the other way round: the row and the key first,
which erases the content for good, then the blob.

Who may: an upload belongs to its uploader until it is attached, then its configuration decides.
No network wait happens inside a unit of work.
"""

import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import anyio

from mailconfig.domain.clock import Now, utc_now
from mailconfig.domain.configs import EmailConfig, may_change, may_read
from mailconfig.domain.errors import Fault, FileUnreadable, Forbidden, NotFound
from mailconfig.domain.files import FileKind, StoredFile, SweptBlobStore, Upload
from mailconfig.domain.identity import Principal, Role
from mailconfig.domain.ids import new_id
from mailconfig.domain.signing import Signer
from mailconfig.domain.workspaces import Quota
from mailconfig.services.filelinks import FileLinks
from mailconfig.services.finding import named_by
from mailconfig.services.intake import Content, FileSettings, Intake, filename_for
from mailconfig.services.quotas import QuotaService
from mailconfig.storage.database import Database, Work
from mailconfig.storage.streamcipher import decrypt, encrypt, new_key

_log = logging.getLogger(__name__)

_PURPOSE: Final = "file"
"""Purpose of the data keys in the table of secrets."""
_CLEANUP_SECONDS: Final = 10
"""How long a failed or cancelled request still removes what it wrote; `sweep` does the rest."""
_EXPIRY_BATCH: Final = 100
"""Files of one unit of work of `expire_unused`, so that writers do not wait for long."""
_ORPHAN_SECONDS: Final = 24 * 3600
"""Age from which a blob without a row is an orphan; no upload takes that long."""


class FileService:
    """Everything that happens to files, for a principal or, in the loops, for all workspaces."""

    def __init__(
        self,
        database: Database,
        blobs: SweptBlobStore,
        settings: FileSettings,
        signer: Signer,
        now: Now = utc_now,
        quotas: QuotaService | None = None,
    ) -> None:
        self._database = database
        self._quotas = quotas
        self._blobs = blobs
        self._settings = settings
        self._intake = Intake(settings)
        self._links = FileLinks(signer, settings.url_seconds, now)
        self._now = now

    async def upload(
        self, principal: Principal, upload: Upload, kind: FileKind, filename: str | None = None
    ) -> StoredFile:
        """Store a file for later use; `filename` replaces the declared name.

        Raises Forbidden below member, LimitExceeded, FileRefused; nothing is stored then.
        """
        principal.require(Role.MEMBER)
        content = await self._intake.content(upload, kind)
        file_id, key = new_id(), new_key()
        blob = _blob_name(principal.workspace_id, file_id)
        try:
            await self._blobs.write(blob, encrypt(content.chunks(), key, file_id))
            content_type = content.content_type(upload.content_type)
            name = filename_for(filename or upload.filename, kind, content_type)
            file = self._described(principal, file_id, content, kind, name, content_type)
            await self._insert(principal, file, blob, key)
        except BaseException:
            # A cancelled commit may have succeeded all the same. The row then has no bytes, but
            # nobody has learnt its id, and it expires.
            with anyio.move_on_after(_CLEANUP_SECONDS, shield=True):
                await self.remove_blobs([blob])
            raise
        return file

    def _described(
        self,
        principal: Principal,
        file_id: UUID,
        content: Content,
        kind: FileKind,
        filename: str,
        content_type: str,
    ) -> StoredFile:
        return StoredFile(
            id=file_id,
            workspace_id=principal.workspace_id,
            owner_id=principal.user_id,
            config_id=None,
            kind=kind,
            filename=filename,
            content_type=content_type,
            size=content.size,
            sha256=content.sha256,
            created_at=self._now(),
        )

    async def _insert(self, principal: Principal, file: StoredFile, blob: str, key: bytes) -> None:
        async with self._database.work(principal.workspace_id) as work:
            if self._quotas is not None:
                await self._quotas.claim(work, Quota.FILE_BYTES, file.size)
            secret_id = await work.secrets.add_key(_PURPOSE, key)
            await work.files.insert(file, blob, secret_id)
            details = {"kind": file.kind.value, "size": file.size, "sha256": file.sha256}
            await work.audit.append(principal.user_id, "file.upload", "file", file.id, details)

    async def get(self, principal: Principal, file_id: UUID) -> StoredFile:
        """Return a file's row; raises NotFound unless the caller may see it."""
        async with self._database.reading(principal.workspace_id) as work:
            return (await _visible(work, principal, file_id))[0]

    async def of_configs(
        self, principal: Principal, config_ids: Sequence[UUID]
    ) -> Mapping[UUID, tuple[StoredFile, ...]]:
        """Return the files of configurations that the caller has been shown already."""
        async with self._database.reading(principal.workspace_id) as work:
            return await work.files.of_configs(config_ids)

    async def read(
        self, principal: Principal, file_id: UUID
    ) -> tuple[StoredFile, AsyncIterator[bytes]]:
        """Return a file and its bytes in chunks; raises NotFound unless the caller may see it.

        The iterator raises FileUnreadable where the bytes are not as they were written.
        """
        async with self._database.reading(principal.workspace_id) as work:
            file, _ = await _visible(work, principal, file_id)
            return file, await self._opened(work, file.id)

    async def trust_anchors(self, principal: Principal, config_id: UUID) -> tuple[str, ...]:
        """Return the CA files of a configuration as PEM texts, one per file, oldest first.

        Raises NotFound unless the caller may see the configuration, and FileUnreadable: a test
        without an anchor that it should have would only tell a wrong story.
        """
        async with self._database.reading(principal.workspace_id) as work:
            config = await work.configs.get(config_id)
            if not may_read(principal, config.owner_id, config):
                raise NotFound
            opened = await self._anchors(work, config_id)
        return tuple([await _text(chunks) for chunks in opened])

    async def anchors_of(self, workspace_id: UUID, config_id: UUID) -> tuple[str, ...]:
        """Return what `trust_anchors` does, for loops; none where there is no such configuration.

        Raises FileUnreadable.
        """
        async with self._database.reading(workspace_id) as work:
            opened = await self._anchors(work, config_id)
        return tuple([await _text(chunks) for chunks in opened])

    async def _anchors(self, work: Work, config_id: UUID) -> list[AsyncIterator[bytes]]:
        """Open the CA files of a configuration, oldest first."""
        files = await work.files.of_config(config_id)
        anchors = [file.id for file in files if file.kind is FileKind.CA_CERTIFICATE]
        return [await self._opened(work, file_id) for file_id in sorted(anchors)]

    async def anchor(self, principal: Principal, file_id: UUID) -> str:
        """Return one CA file as a PEM text, such as an upload that a draft names.

        Raises NotFound unless it is a CA file and the caller may see it.
        """
        with named_by("fileIds"):
            file, chunks = await self.read(principal, file_id)
            if file.kind is not FileKind.CA_CERTIFICATE:
                raise NotFound
        return await _text(chunks)

    def url(self, file: StoredFile) -> str:
        """Return a link to a file that works for some minutes; see `services.filelinks`."""
        return self._links.url(file)

    async def open_signed(
        self, file_id: str, filename: str, expires: str, signature: str
    ) -> tuple[StoredFile, AsyncIterator[bytes]]:
        """Return the file of a link, given in parts as they came, and its bytes in chunks.

        Raises NotFound for a link that is altered, expired, or whose file is gone.
        """
        workspace_id = self._links.workspace(file_id, filename, expires, signature)
        async with self._database.reading(workspace_id) as work:
            file = await work.files.get(UUID(file_id))
            return file, await self._opened(work, file.id)

    async def delete(self, principal: Principal, file_id: UUID) -> StoredFile:
        """Remove a file for good and return what it was.

        Raises NotFound unless the caller may see it, Forbidden unless they may change the
        configuration that it belongs to.
        """
        async with self._database.work(principal.workspace_id) as work:
            with named_by("id"):
                file, config = await _visible(work, principal, file_id)
            if not _may_remove(principal, config):
                raise Forbidden
            blob = await work.files.delete(file_id)
            details = {"kind": file.kind.value, "sha256": file.sha256}
            await work.audit.append(principal.user_id, "file.delete", "file", file_id, details)
        await self.remove_blobs([blob])
        return file

    async def discard(self, principal: Principal, file_ids: Sequence[UUID]) -> None:
        """Remove fresh uploads of the caller that were not attached; also when cancelled.

        Never raises for what is gone or attached; what cannot be removed now expires.
        """
        if not file_ids:
            return
        with anyio.move_on_after(_CLEANUP_SECONDS, shield=True):
            try:
                await self.remove_blobs(await self._delete_unattached(principal, file_ids))
            except Fault:
                _log.warning("uploads of a failed request were not removed", exc_info=True)

    async def _delete_unattached(self, principal: Principal, file_ids: Sequence[UUID]) -> list[str]:
        blobs: list[str] = []
        async with self._database.work(principal.workspace_id) as work:
            for file_id in file_ids:
                try:
                    file = await work.files.get(file_id)
                except NotFound:
                    continue
                if file.config_id is None and file.owner_id == principal.user_id:
                    blobs.append(await work.files.delete(file_id))
        return blobs

    async def remove_blobs(self, names: Sequence[str]) -> None:
        """Remove the bytes of files whose rows are gone; `sweep` finds what fails here."""
        for name in names:
            try:
                await self._blobs.delete(name)
            except Fault:
                _log.warning("blob %s was not removed", name, exc_info=True)

    async def erase_blobs(self, names: Sequence[str]) -> None:
        """Remove bytes whose rows are to go next; raises Fault, and can be repeated."""
        for name in names:
            await self._blobs.delete(name)

    async def erase_remains(self, workspace_id: UUID) -> None:
        """Remove all bytes that are under the name of a workspace that is gone; raises Fault."""
        async for name in self._blobs.named(f"{workspace_id.hex}/"):
            await self._blobs.delete(name)

    async def bytes_of(self, work: Work, file_id: UUID) -> AsyncIterator[bytes]:
        """Return the plaintext of a file for an export, to be read after the unit of work."""
        return await self._opened(work, file_id)

    async def expire_unused(self) -> int:
        """Remove all uploads that nothing has referred to for too long; return how many."""
        before = self._ago(self._settings.unused_seconds)
        removed = 0
        while True:
            async with self._database.system() as system:
                expired = await system.expired_files(before, _EXPIRY_BATCH)
                blobs = await system.delete_files([file_id for _, file_id, _ in expired])
            await self.remove_blobs(blobs)
            removed += len(blobs)
            if len(expired) < _EXPIRY_BATCH:
                return removed

    async def sweep(self) -> int:
        """Remove what killed processes left in the blob store; return how many.

        It lists every blob older than a day and looks each one up: run it once a day at most.
        """
        before = self._ago(_ORPHAN_SECONDS)
        removed = await self._blobs.discard_unfinished(before)
        async for name in self._blobs.older(before):
            if await self._is_orphan(name):
                await self.remove_blobs([name])
                removed += 1
        return removed

    async def _is_orphan(self, blob: str) -> bool:
        try:
            workspace_id, file_id = map(UUID, blob.split("/"))
        except ValueError:
            return False  # not a name of ours: somebody else keeps it here
        try:
            async with self._database.reading(workspace_id) as work:
                await work.files.get(file_id)
        except NotFound:
            return blob == _blob_name(workspace_id, file_id)
        return False

    async def _opened(self, work: Work, file_id: UUID) -> AsyncIterator[bytes]:
        """Return the plaintext of a file, to be read after the unit of work has ended."""
        blob, secret_id = await work.files.blob(file_id)
        key = await work.secrets.open_key(secret_id, _PURPOSE)
        return self._plaintext(blob, key, file_id)

    async def _plaintext(self, blob: str, key: bytes, file_id: UUID) -> AsyncIterator[bytes]:
        try:
            async for chunk in decrypt(self._blobs.read(blob), key, file_id):
                yield chunk
        except KeyError as exc:
            raise FileUnreadable("The bytes of a stored file are missing.") from exc

    def _ago(self, seconds: int) -> datetime:
        return self._now() - timedelta(seconds=seconds)


async def _visible(
    work: Work, principal: Principal, file_id: UUID
) -> tuple[StoredFile, EmailConfig | None]:
    """Return a file and what it belongs to, None for an upload of the caller's own.

    Raises NotFound unless it may be seen.
    """
    file = await work.files.get(file_id)
    if file.config_id is None:
        if file.owner_id != principal.user_id:
            raise NotFound
        return file, None
    config = await work.configs.get(file.config_id)
    if not may_read(principal, config.owner_id, config):
        raise NotFound
    return file, config


def _may_remove(principal: Principal, config: EmailConfig | None) -> bool:
    """Tell whether the caller may remove a file that they may see."""
    if config is None:
        return principal.at_least(Role.MEMBER)
    return may_change(principal, config.owner_id, config)


async def _text(chunks: AsyncIterator[bytes]) -> str:
    return b"".join([chunk async for chunk in chunks]).decode()


def _blob_name(workspace_id: UUID, file_id: UUID) -> str:
    return f"{workspace_id.hex}/{file_id.hex}"
