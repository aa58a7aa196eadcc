"""Sender identities of the accounts of one workspace.

The image of a signature is a file of the same account; when the file goes, the identity loses it by
its foreign key. Must not: judge what an identity says.
"""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, func, insert, select, update

from mailconfig.domain.errors import NotFound
from mailconfig.domain.files import FileKind
from mailconfig.domain.senders import SenderIdentity
from mailconfig.storage.tables import configs, files, sender_identities
from mailconfig.storage.transaction import AnyRow, Transaction

_ROWS = sender_identities.c


def read_sender(row: AnyRow) -> SenderIdentity:
    """Map a row to its value."""
    return SenderIdentity(
        id=row.id,
        config_id=row.config_id,
        address=row.address,
        name=row.name,
        reply_to=row.reply_to,
        signature_text=row.signature_text,
        signature_html=row.signature_html,
        signature_image_id=row.signature_image_id,
        is_default=row.is_default,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _values(identity: SenderIdentity) -> dict[str, object]:
    return {
        "address": identity.address,
        "name": identity.name,
        "reply_to": identity.reply_to,
        "signature_text": identity.signature_text,
        "signature_html": identity.signature_html,
        "signature_image_id": identity.signature_image_id,
        "is_default": identity.is_default,
        "updated_at": identity.updated_at,
    }


class SenderRepository:
    """Reads and changes identities; others' simply do not exist."""

    def __init__(self, transaction: Transaction, workspace_id: UUID) -> None:
        self._transaction = transaction
        self._workspace_id = workspace_id

    async def lock(self, config_id: UUID) -> int:
        """Keep others from changing the identities of an account until the end; count them.

        Raises NotFound for an account of another workspace.
        """
        # Messages of the account may be stored meanwhile: their foreign keys need only its key.
        account = (
            select(configs.c.id)
            .where(configs.c.workspace_id == self._workspace_id, configs.c.id == config_id)
            .with_for_update(key_share=True)
        )
        if await self._transaction.first(account) is None:
            raise NotFound
        counted = select(func.count()).select_from(sender_identities)
        return int(await self._transaction.scalar(counted.where(self._of((config_id,)))))

    async def add(self, identity: SenderIdentity) -> None:
        """Store an identity; a new default takes the place of the former one.

        Raises NotFound for an image that is none of its account, Fault for an account of another
        workspace.
        """
        await self._require_image(identity)
        await self._make_way(identity)
        row = {
            "id": identity.id,
            "workspace_id": self._workspace_id,
            "config_id": identity.config_id,
            "created_at": identity.created_at,
            **_values(identity),
        }
        await self._transaction.run(insert(sender_identities).values(row))

    async def update(self, identity: SenderIdentity) -> None:
        """Store what an identity has become, but for its account; as `add`.

        Raises NotFound for one that is gone, and for an image that is none of its account.
        """
        await self._require_image(identity)
        await self._make_way(identity)
        one = and_(self._one(identity.id), _ROWS.config_id == identity.config_id)
        changed = update(sender_identities).where(one).values(_values(identity))
        if not await self._transaction.changed(changed):
            raise NotFound

    async def remove(self, id: UUID) -> None:
        """Remove an identity; raises NotFound."""
        if not await self._transaction.changed(delete(sender_identities).where(self._one(id))):
            raise NotFound

    async def get(self, id: UUID) -> SenderIdentity:
        """Return one; raises NotFound."""
        row = await self._transaction.first(select(sender_identities).where(self._one(id)))
        if row is None:
            raise NotFound
        return read_sender(row)

    async def default_of(self, config_id: UUID) -> SenderIdentity | None:
        """Return the identity of messages that name none."""
        chosen = and_(self._of((config_id,)), _ROWS.is_default)
        row = await self._transaction.first(select(sender_identities).where(chosen))
        return None if row is None else read_sender(row)

    async def of_configs(self, ids: Collection[UUID]) -> dict[UUID, tuple[SenderIdentity, ...]]:
        """Return the identities of each account, oldest first; an empty tuple where none are."""
        statement = select(sender_identities).where(self._of(ids))
        rows = await self._transaction.all(statement.order_by(_ROWS.created_at, _ROWS.id))
        found: dict[UUID, list[SenderIdentity]] = {id: [] for id in ids}
        for row in rows:
            found[row.config_id].append(read_sender(row))
        return {id: tuple(of_one) for id, of_one in found.items()}

    async def _require_image(self, identity: SenderIdentity) -> None:
        """Raise NotFound unless the image is one, and of the same account; it stays until then."""
        if identity.signature_image_id is None:
            return
        image = select(files.c.id).where(
            files.c.workspace_id == self._workspace_id,
            files.c.config_id == identity.config_id,
            files.c.id == identity.signature_image_id,
            files.c.kind == FileKind.SIGNATURE_IMAGE.value,
        )
        locked = image.with_for_update(read=True, key_share=True)
        if await self._transaction.first(locked) is None:
            raise NotFound

    async def _make_way(self, identity: SenderIdentity) -> None:
        """Make the former default an identity like others, where another one takes its place."""
        if not identity.is_default:
            return
        former = and_(self._of((identity.config_id,)), _ROWS.is_default, _ROWS.id != identity.id)
        changed = {"is_default": False, "updated_at": identity.updated_at}
        await self._transaction.run(update(sender_identities).where(former).values(changed))

    def _one(self, id: UUID) -> ColumnElement[bool]:
        return and_(_ROWS.workspace_id == self._workspace_id, _ROWS.id == id)

    def _of(self, config_ids: Collection[UUID]) -> ColumnElement[bool]:
        return and_(
            _ROWS.workspace_id == self._workspace_id, _ROWS.config_id.in_(tuple(config_ids))
        )
