"""All that a workspace owns, row by row, without secrets and digests.

Each noun is a table with the columns that leave; a test compares them with the metadata, so that a
new table or column is either exported or named as one that is not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Column, Select, Table, select, tuple_

from mailconfig.storage.tables import (
    api_keys,
    audit_events,
    config_versions,
    configs,
    connection_test_steps,
    connection_tests,
    files,
    invitations,
    memberships,
    message_attempts,
    message_recipients,
    messages,
    oauth_clients,
    oauth_grants,
    sender_identities,
    sending_options,
    sent_copies,
    suppressions,
    users,
    workspaces,
)
from mailconfig.storage.transaction import Transaction

WITHHELD: Final[Mapping[str, frozenset[str]]] = {
    "api_keys": frozenset({"token_sha256", "prefix"}),
    "config_versions": frozenset({"incoming_secret_id", "outgoing_secret_id", "workspace_id"}),
    "configs": frozenset(
        {"incoming_secret_id", "outgoing_secret_id", "name_key", "address_key", "workspace_id"}
    ),
    "connection_tests": frozenset({"process", "lease_until", "workspace_id"}),
    "files": frozenset({"blob", "secret_id", "workspace_id"}),
    "invitations": frozenset({"token_sha256", "email_key", "workspace_id"}),
    "memberships": frozenset({"workspace_id"}),
    "message_attempts": frozenset({"workspace_id"}),
    "message_recipients": frozenset({"workspace_id"}),
    "messages": frozenset({"lease_owner", "lease_until", "workspace_id"}),
    "oauth_clients": frozenset({"secret_id", "workspace_id"}),
    "oauth_grants": frozenset(
        {
            "refresh_secret_id",
            "access_secret_id",
            "access_expires_at",
            "lease_owner",
            "lease_until",
            "workspace_id",
        }
    ),
    "sender_identities": frozenset({"workspace_id"}),
    "sending_options": frozenset({"workspace_id"}),
    "sent_copies": frozenset({"workspace_id"}),
    "suppressions": frozenset({"workspace_id"}),
}
"""Columns that stay: secrets, digests, and what only says how we keep it."""
NOT_EXPORTED: Final = frozenset(
    {
        "idempotency_keys",
        "message_contents",
        "oauth_authorizations",
        "outbox_jobs",
        "password_resets",
        "postboxes",
        "refresh_tokens",
        "secrets",
        "sending_accounts",
        "sending_counts",
        "sessions",
        "unsubscribe_links",
        "users",
    }
)
"""Tables that stay: secrets, what is over in days, and contents of messages, which are kept for
sending only: whoever sent them has them. Of users, `members` has what is theirs."""


@dataclass(frozen=True, slots=True)
class Noun:
    """What is exported as one file."""

    name: str
    """Name of the file, without ending."""
    table: Table
    of_workspace: Column[Any]
    """Column that says whose a row is."""
    more: tuple[Column[Any], ...] = ()
    """Columns of a joined table."""
    joined: Table | None = None

    def page(self, workspace_id: UUID, after: Sequence[object] | None, limit: int) -> Select[Any]:
        """Return the statement of the next rows, by primary key."""
        hidden = WITHHELD.get(self.table.name, frozenset())
        key = tuple(self.table.primary_key.columns)
        shown = [column for column in self.table.c if column.name not in hidden]
        statement = select(*shown, *self.more, *(c.label(f"key_{c.name}") for c in key))
        if self.joined is not None:
            statement = statement.select_from(self.table.join(self.joined))
        statement = statement.where(self.of_workspace == workspace_id).order_by(*key).limit(limit)
        return statement if after is None else statement.where(tuple_(*key) > tuple_(*after))


NOUNS: Final = (
    Noun("workspace", workspaces, workspaces.c.id),
    Noun("members", memberships, memberships.c.workspace_id, (users.c.email,), users),
    Noun("invitations", invitations, invitations.c.workspace_id),
    Noun("api_keys", api_keys, api_keys.c.workspace_id),
    Noun("configs", configs, configs.c.workspace_id),
    Noun("config_versions", config_versions, config_versions.c.workspace_id),
    Noun("connection_tests", connection_tests, connection_tests.c.workspace_id),
    Noun(
        "connection_test_steps",
        connection_test_steps,
        connection_tests.c.workspace_id,
        (),
        connection_tests,
    ),
    Noun("files", files, files.c.workspace_id),
    Noun("oauth_clients", oauth_clients, oauth_clients.c.workspace_id),
    Noun("oauth_grants", oauth_grants, oauth_grants.c.workspace_id),
    Noun("messages", messages, messages.c.workspace_id),
    Noun("message_recipients", message_recipients, message_recipients.c.workspace_id),
    Noun("message_attempts", message_attempts, message_attempts.c.workspace_id),
    Noun("sent_copies", sent_copies, sent_copies.c.workspace_id),
    Noun("sending_options", sending_options, sending_options.c.workspace_id),
    Noun("sender_identities", sender_identities, sender_identities.c.workspace_id),
    Noun("suppressions", suppressions, suppressions.c.workspace_id),
    Noun("audit_events", audit_events, audit_events.c.workspace_id),
)
"""Everything that is exported, in the order of the archive."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Some rows of a noun."""

    rows: Sequence[Mapping[str, Any]]
    last: tuple[object, ...] | None
    """Place of the last row."""


class ExportRepository:
    """Reads what the workspace of this transaction owns."""

    def __init__(self, transaction: Transaction, workspace_id: UUID) -> None:
        self._transaction = transaction
        self._workspace_id = workspace_id

    async def rows(self, noun: Noun, after: Sequence[object] | None, limit: int) -> Rows:
        """Return the rows after a place, by their key."""
        found = await self._transaction.all(noun.page(self._workspace_id, after, limit))
        keys = [column.name for column in noun.table.primary_key.columns]
        rows = [dict(row._mapping) for row in found]  # noqa: SLF001 - SQLAlchemy's public name
        places = [tuple(row.pop(f"key_{name}") for name in keys) for row in rows]
        return Rows(rows, places[-1] if places else None)
