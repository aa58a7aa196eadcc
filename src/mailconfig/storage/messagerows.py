"""Rows of messages, recipients and attempts as values, and back."""

from collections.abc import Sequence
from uuid import UUID

from mailconfig.domain.diagnostics import DiagnosticCode, Phase
from mailconfig.domain.messages import (
    Attempt,
    HeldFor,
    Message,
    MessageEvent,
    MessageState,
    Recipient,
    RecipientKind,
    RecipientState,
)
from mailconfig.storage.transaction import AnyRow

Values = dict[str, object]


def message_values(message: Message) -> Values:
    """Return the row of a new message, without its workspace."""
    return {
        "id": message.id,
        "config_id": message.config_id,
        "created_by": message.created_by,
        "state": message.state.value,
        "message_id": message.message_id,
        "sender": message.sender,
        "subject": message.subject,
        "size_bytes": message.size_bytes,
        "needs_utf8": message.needs_utf8,
        "has_content": True,
        "attempts": 0,
        "held_for": message.held_for.value if message.held_for else None,
        "code": message.code.value if message.code else None,
        "reply": message.reply,
        "created_at": message.created_at,
        "due_at": message.due_at,
        "expires_at": message.expires_at,
        "committed_at": None,
        "sent_at": None,
        "ended_at": None,
        "lease_owner": None,
        "lease_until": None,
    }


def read_message(row: AnyRow, recipients: tuple[Recipient, ...]) -> Message:
    """Map a row to its value."""
    return Message(
        id=row.id,
        workspace_id=row.workspace_id,
        config_id=row.config_id,
        created_by=row.created_by,
        state=MessageState(row.state),
        message_id=row.message_id,
        sender=row.sender,
        subject=row.subject,
        size_bytes=row.size_bytes,
        recipients=recipients,
        created_at=row.created_at,
        due_at=row.due_at,
        expires_at=row.expires_at,
        attempts=row.attempts,
        held_for=HeldFor(row.held_for) if row.held_for else None,
        code=DiagnosticCode(row.code) if row.code else None,
        reply=row.reply,
        committed_at=row.committed_at,
        sent_at=row.sent_at,
        needs_utf8=row.needs_utf8,
        ended_at=row.ended_at,
        has_content=row.has_content,
    )


def recipient_rows(
    workspace_id: UUID, message_id: UUID, recipients: Sequence[Recipient]
) -> list[Values]:
    """Return the rows of recipients, in their order."""
    return [
        {
            "message_id": message_id,
            "position": position,
            "workspace_id": workspace_id,
            "address": recipient.address,
            "kind": recipient.kind.value,
            "name": recipient.name,
            **known_values(recipient),
        }
        for position, recipient in enumerate(recipients)
    ]


def known_values(recipient: Recipient) -> Values:
    """Return the columns that say what is known of a recipient."""
    return {
        "state": recipient.state.value,
        "reply": recipient.reply,
        "reply_code": recipient.reply_code,
        "enhanced_code": recipient.enhanced_code,
    }


def read_recipient(row: AnyRow) -> Recipient:
    """Map a row to its value."""
    return Recipient(
        address=row.address,
        kind=RecipientKind(row.kind),
        name=row.name,
        state=RecipientState(row.state),
        reply=row.reply,
        reply_code=row.reply_code,
        enhanced_code=row.enhanced_code,
    )


def read_attempt(row: AnyRow) -> Attempt:
    """Map a row to its value."""
    return Attempt(
        number=row.number,
        started_at=row.started_at,
        ended_at=row.ended_at,
        event=MessageEvent(row.event) if row.event else None,
        phase=Phase(row.phase) if row.phase else None,
        code=DiagnosticCode(row.code) if row.code else None,
        reply=row.reply,
        host=row.host,
    )
