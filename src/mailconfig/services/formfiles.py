"""Files that come with a form: stored before the unit of work, attached inside it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final
from uuid import UUID

import anyio

from mailconfig.domain.errors import LimitExceeded, NotFound
from mailconfig.domain.identity import Principal
from mailconfig.domain.phrases import phrase
from mailconfig.domain.submission import FileChange, NewFile
from mailconfig.services.files import FileService
from mailconfig.services.finding import named_by
from mailconfig.storage.database import Work

_DISCARD_SECONDS: Final = 5
"""Bound of the clean-up; what it does not reach, the expiry of unused uploads removes."""


class FormFiles:
    """Puts the files of a submission or change in place, or nowhere when it fails."""

    def __init__(self, files: FileService, files_max: int) -> None:
        self._files = files
        self._files_max = files_max

    @asynccontextmanager
    async def stored(
        self, principal: Principal, changes: Sequence[FileChange]
    ) -> AsyncIterator[tuple[UUID, ...]]:
        """Store the new files and yield the ids of all; on an error inside, remove the new ones.

        Raises LimitExceeded or FileRefused.
        """
        if len(changes) > self._files_max:
            sentence = phrase("At most {most} files belong to one form.", most=self._files_max)
            raise LimitExceeded(sentence, ("files",))
        ids: list[UUID] = []
        fresh: list[UUID] = []
        try:
            for change in changes:
                if isinstance(change, NewFile):
                    file = await self._files.upload(
                        principal, change.upload, change.kind, change.filename
                    )
                    fresh.append(file.id)
                    ids.append(file.id)
                else:
                    ids.append(change.id)
            yield tuple(ids)
        except BaseException:
            # Also on cancellation: what nobody refers to would otherwise lie there for a day.
            with anyio.move_on_after(_DISCARD_SECONDS, shield=True):
                await self._files.discard(principal, fresh)
            raise

    async def attach(
        self, work: Work, principal: Principal, ids: Sequence[UUID], config_id: UUID
    ) -> None:
        """Make the files part of the configuration.

        Raises NotFound for a file of somebody else or of another configuration, LimitExceeded
        when the configuration would have too many.
        """
        if not ids:
            return
        with named_by("files"):
            for file_id in ids:
                file = await work.files.get(file_id)
                if file.owner_id != principal.user_id or file.config_id not in {None, config_id}:
                    raise NotFound
            await work.files.attach(ids, config_id)
        if await work.files.count(config_id) > self._files_max:
            sentence = phrase(
                "At most {most} files belong to one configuration.", most=self._files_max
            )
            raise LimitExceeded(sentence, ("files",))

    async def remove_blobs(self, names: Sequence[str]) -> None:
        """Remove the bytes of files whose rows are gone."""
        await self._files.remove_blobs(names)
