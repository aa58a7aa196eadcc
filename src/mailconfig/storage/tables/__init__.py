"""The tables of the database, one module a noun. Rows never leave `storage`.

Reading and writing goes through SQLAlchemy Core on the `Table` objects below; the SQLModel
classes describe the columns and are not instantiated on reads.
"""

from mailconfig.storage.tables.audit import audit_events
from mailconfig.storage.tables.configs import config_versions, configs
from mailconfig.storage.tables.files import files
from mailconfig.storage.tables.idempotency import idempotency_keys
from mailconfig.storage.tables.identity import (
    api_keys,
    invitations,
    memberships,
    password_resets,
    refresh_tokens,
    sessions,
    users,
    workspaces,
)
from mailconfig.storage.tables.messages import (
    message_attempts,
    message_contents,
    message_recipients,
    messages,
    outbox_jobs,
    suppressions,
)
from mailconfig.storage.tables.oauth import oauth_authorizations, oauth_clients, oauth_grants
from mailconfig.storage.tables.pacing import sending_accounts, sending_counts
from mailconfig.storage.tables.postboxes import postboxes, sending_options, sent_copies
from mailconfig.storage.tables.probes import connection_test_steps, connection_tests
from mailconfig.storage.tables.row import metadata
from mailconfig.storage.tables.secrets import secrets
from mailconfig.storage.tables.senders import sender_identities
from mailconfig.storage.tables.unsubscribing import unsubscribe_links

__all__ = [
    "api_keys",
    "audit_events",
    "config_versions",
    "configs",
    "connection_test_steps",
    "connection_tests",
    "files",
    "idempotency_keys",
    "invitations",
    "memberships",
    "message_attempts",
    "message_contents",
    "message_recipients",
    "messages",
    "metadata",
    "oauth_authorizations",
    "oauth_clients",
    "oauth_grants",
    "outbox_jobs",
    "password_resets",
    "postboxes",
    "refresh_tokens",
    "secrets",
    "sender_identities",
    "sending_accounts",
    "sending_counts",
    "sending_options",
    "sent_copies",
    "sessions",
    "suppressions",
    "unsubscribe_links",
    "users",
    "workspaces",
]
