"""Keys of requests that were carried out: a repetition gets the first result, not a second one."""

from uuid import UUID

from sqlalchemy import select

from mailconfig.storage.tables import idempotency_keys
from mailconfig.storage.transaction import Transaction


def key_row(
    user_id: UUID, operation: str, key: str, digest: str, result_id: UUID
) -> dict[str, object]:
    """Return the row of a key, without its workspace and moment."""
    return {
        "user_id": user_id,
        "operation": operation,
        "key": key,
        "digest": digest,
        "result_id": result_id,
    }


class IdempotencyRepository:
    """Finds and stores keys. Write the key in the transaction that carries the request out."""

    def __init__(self, transaction: Transaction, workspace_id: UUID) -> None:
        self._transaction = transaction
        self._workspace_id = workspace_id

    async def find(self, user_id: UUID, operation: str, key: str) -> tuple[str, UUID] | None:
        """Return digest of the body and id of the result, None for a new key."""
        row = await self._transaction.first(
            select(idempotency_keys.c.digest, idempotency_keys.c.result_id).where(
                idempotency_keys.c.workspace_id == self._workspace_id,
                idempotency_keys.c.user_id == user_id,
                idempotency_keys.c.operation == operation,
                idempotency_keys.c.key == key,
            )
        )
        return None if row is None else (row.digest, row.result_id)

    async def put(
        self, user_id: UUID, operation: str, key: str, digest: str, result_id: UUID
    ) -> None:
        """Store a key; raises IdempotencyConflict when another request was faster."""
        row = key_row(user_id, operation, key, digest, result_id)
        place = {"workspace_id": self._workspace_id, "created_at": self._transaction.now}
        await self._transaction.insert(idempotency_keys, row | place)
