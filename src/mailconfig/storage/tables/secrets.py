"""Sealed secrets: with contents of messages (`tables.messages`) all that is sealed.

Rows are written once; rotation alone replaces ciphertext and key id, both in one statement.
"""

from datetime import datetime
from typing import ClassVar, Final
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field

from mailconfig.storage.tables.row import Row, moment, table_of


class SecretRow(Row, table=True):
    """One secret, bound to its id, purpose, kind and workspace; see `storage.sealing`."""

    __tablename__: ClassVar[str] = "secrets"
    __table_args__ = (UniqueConstraint("workspace_id", "id"), Index(None, "key_id", "id"))

    id: UUID = Field(primary_key=True)
    workspace_id: UUID = Field(foreign_key="workspaces.id", ondelete="CASCADE")
    purpose: str
    kind: str
    key_id: str
    ciphertext: bytes
    created_at: datetime = moment()


secrets: Final = table_of(SecretRow)
