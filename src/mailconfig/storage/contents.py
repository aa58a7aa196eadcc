"""The sealed content of messages: the bytes that go out, in parts, beside the row of the message.

A part is sealed under the keyring (`storage.sealing`) and bound to workspace, message, its place
and how many there are: parts that are moved, left out or cut off do not open. Parts keep every row
small, so that backup and rotation work on messages of any size with the memory of a few.

Content lives in the database and not in the blob store: it comes to be in the transaction that
takes the message in, whole or not at all, and goes with the row.

Must not: show a content to anything but a reader of that message.
"""

from collections.abc import Iterator, Mapping
from typing import Final
from uuid import UUID

from sqlalchemy import and_, insert, select

from mailconfig.domain.errors import NotFound, SecretUnreadable
from mailconfig.domain.ids import new_id
from mailconfig.storage.sealing import Keyring, SealContext
from mailconfig.storage.tables import message_contents
from mailconfig.storage.transaction import AnyRow, Transaction

PART_BYTES: Final = 64 * 1024
"""Plaintext of a part: most messages are one; 500 parts, a batch of a backup, are 32 MiB."""
_PURPOSE: Final = "message"


def context(workspace_id: UUID, message_id: UUID, part: int, parts: int) -> SealContext:
    """Return what a part is bound to."""
    return SealContext(workspace_id, message_id, _PURPOSE, f"content {part} of {parts}")


def context_of(row: AnyRow) -> SealContext:
    """Return what the part of a row is bound to."""
    return context(row.workspace_id, row.message_id, row.part, row.parts)


class ContentRepository:
    """Seals contents on the way in and opens them on the way out."""

    def __init__(self, transaction: Transaction, workspace_id: UUID, keyring: Keyring) -> None:
        self._transaction = transaction
        self._workspace_id = workspace_id
        self._keyring = keyring

    async def add(self, message_id: UUID, content: bytes) -> None:
        """Store the content of a message."""
        await self._keyring.refresh()
        await self._transaction.run_many(
            insert(message_contents), list(self._rows(message_id, content))
        )

    def _rows(self, message_id: UUID, content: bytes) -> Iterator[Mapping[str, object]]:
        parts = max(1, -(-len(content) // PART_BYTES))
        for part in range(parts):
            plaintext = content[part * PART_BYTES : (part + 1) * PART_BYTES]
            bound = context(self._workspace_id, message_id, part, parts)
            sealed = self._keyring.seal(plaintext, bound)
            yield {
                "id": new_id(),
                "workspace_id": self._workspace_id,
                "message_id": message_id,
                "part": part,
                "parts": parts,
                "key_id": sealed.key_id,
                "ciphertext": sealed.ciphertext,
            }

    async def open(self, message_id: UUID) -> bytes:
        """Return the content; raises NotFound where there is none (any more), SecretUnreadable."""
        parts = message_contents.c
        rows = await self._transaction.all(
            select(message_contents)
            .where(and_(parts.workspace_id == self._workspace_id, parts.message_id == message_id))
            .order_by(parts.part)
        )
        if not rows:
            raise NotFound
        if [(row.part, row.parts) for row in rows] != [(n, len(rows)) for n in range(len(rows))]:
            raise SecretUnreadable("A part of the content of a message is gone.")
        opened = []
        for row in rows:
            await self._keyring.refresh(needed=row.key_id)
            opened.append(self._keyring.open(row.ciphertext, context_of(row)))
        return b"".join(opened)
