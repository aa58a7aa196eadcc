"""Values for storage tests: a workspace with a user, configurations, tests, files."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from mailconfig.domain.configs import ConfigStatus, EmailConfig, StoredServer
from mailconfig.domain.files import FileKind, StoredFile
from mailconfig.domain.identity import Role
from mailconfig.domain.ids import new_id
from mailconfig.domain.messages import (
    Message,
    MessageState,
    NewMessage,
    Recipient,
    RecipientKind,
)
from mailconfig.domain.probes import ConnectionTest, TestStatus
from mailconfig.domain.secrets import NewSecret, Secret, SecretKind
from mailconfig.domain.senders import SenderIdentity
from mailconfig.domain.servers import MailProtocol, ServerSettings, TransportSecurity
from mailconfig.storage.database import Database

NOON = datetime(2026, 11, 22, 12, 0, 0, 123456, tzinfo=UTC)
CONTENT = b"Subject: Hi\r\n\r\n.dot\r\n"
"""Of a message."""


@dataclass(frozen=True, slots=True)
class Tenant:
    """A workspace and its owner."""

    workspace_id: UUID
    user_id: UUID


async def make_tenant(database: Database, slug: str) -> Tenant:
    """Create a workspace with one owner."""
    async with database.identity() as identity:
        workspace_id = await identity.create_workspace(slug, slug.title())
        user = await identity.create_user(f"{slug}@example.com", "hash")
        await identity.add_member(workspace_id, user.id, Role.OWNER)
    return Tenant(workspace_id, user.id)


def imap(secret_id: UUID | None = None, port: int = 993) -> StoredServer:
    """An IMAP server."""
    settings = ServerSettings(
        MailProtocol.IMAP,
        "imap.example.com",
        port,
        TransportSecurity.TLS,
        username="ada@example.com",
    )
    return StoredServer(settings, secret_id)


def smtp(secret_id: UUID | None = None) -> StoredServer:
    """An SMTP server."""
    settings = ServerSettings(
        MailProtocol.SMTP, "smtp.example.com", 587, TransportSecurity.STARTTLS
    )
    return StoredServer(settings, secret_id)


def make_config(tenant: Tenant, **changes: Any) -> EmailConfig:  # noqa: ANN401 - any field
    """A configuration with other values where named."""
    values: dict[str, Any] = {
        "id": new_id(),
        "workspace_id": tenant.workspace_id,
        "owner_id": tenant.user_id,
        "revision": 1,
        "name": "Work",
        "email_address": "Ada@Example.com",
        "display_name": "Ada",
        "provider_id": "gmail",
        "external_id": None,
        "metadata": '{"team": 7}',
        "enabled": True,
        "status": ConfigStatus.UNVERIFIED,
        "incoming": imap(),
        "outgoing": smtp(),
        "created_at": NOON,
        "updated_at": NOON,
    }
    return EmailConfig(**values | changes)


def make_test(tenant: Tenant, config_id: UUID | None, **changes: Any) -> ConnectionTest:  # noqa: ANN401
    """A queued test with other values where named."""
    values: dict[str, Any] = {
        "id": new_id(),
        "workspace_id": tenant.workspace_id,
        "config_id": config_id,
        "config_revision": 1 if config_id else None,
        "started_by": tenant.user_id,
        "status": TestStatus.QUEUED,
        "created_at": NOON,
        "deadline_at": NOON + timedelta(seconds=20),
        "finished_at": None,
        "code": None,
        "code_protocol": None,
        "provider_id": "gmail",
        "server_reply": None,
        "fix_id": None,
        "fix": None,
    }
    return ConnectionTest(**values | changes)


def make_file(tenant: Tenant, config_id: UUID | None = None, **changes: Any) -> StoredFile:  # noqa: ANN401
    """A signature image with other values where named."""
    values: dict[str, Any] = {
        "id": new_id(),
        "workspace_id": tenant.workspace_id,
        "owner_id": tenant.user_id,
        "config_id": config_id,
        "kind": FileKind.SIGNATURE_IMAGE,
        "filename": "signature.png",
        "content_type": "image/png",
        "size": 68,
        "sha256": "0" * 64,
        "created_at": NOON,
    }
    return StoredFile(**values | changes)


def make_message(tenant: Tenant, config_id: UUID, **changes: Any) -> NewMessage:  # noqa: ANN401
    """A queued message to two people, with other values where named; `content` as well."""
    content = changes.pop("content", CONTENT)
    id = new_id()
    values: dict[str, Any] = {
        "id": id,
        "workspace_id": tenant.workspace_id,
        "config_id": config_id,
        "created_by": tenant.user_id,
        "state": MessageState.QUEUED,
        "message_id": f"<{id.hex}@example.com>",
        "sender": "ada@example.com",
        "subject": "Grüße",
        "size_bytes": len(content),
        "recipients": (
            Recipient("Bob@example.org", RecipientKind.TO, "Bob"),
            Recipient("eve@example.net", RecipientKind.BCC),
        ),
        "created_at": NOON,
        "due_at": NOON,
        "expires_at": NOON + timedelta(days=2),
    }
    return NewMessage(Message(**values | changes), content)


def make_sender(config_id: UUID, **changes: Any) -> SenderIdentity:  # noqa: ANN401 - any field
    """A sender identity without a signature, with other values where named."""
    values: dict[str, Any] = {
        "id": new_id(),
        "config_id": config_id,
        "address": "sales@example.com",
        "name": "Sales",
        "reply_to": None,
        "signature_text": None,
        "signature_html": None,
        "signature_image_id": None,
        "is_default": False,
        "created_at": NOON,
        "updated_at": NOON,
    }
    return SenderIdentity(**values | changes)


def password(text: str) -> NewSecret:
    """A password."""
    return NewSecret(SecretKind.PASSWORD, Secret(text))


def token(text: str) -> NewSecret:
    """An access token."""
    return NewSecret(SecretKind.ACCESS_TOKEN, Secret(text))
