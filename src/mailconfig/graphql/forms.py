"""Inputs of the form: submissions, drafts and changes, turned into the domain's values."""

from typing import Final

import strawberry

from mailconfig.domain.errors import InvalidInput
from mailconfig.domain.files import FileKind
from mailconfig.domain.issues import ValidationCode
from mailconfig.domain.phrases import phrase
from mailconfig.domain.servers import DraftServer, MailProtocol
from mailconfig.domain.submission import (
    MISSING,
    Change,
    FileChange,
    KnownFile,
    Missing,
    NewFile,
    Rollback,
    Submission,
)
from mailconfig.domain.validation import Draft
from mailconfig.graphql import ids
from mailconfig.graphql.describing import input_type, one_of_type
from mailconfig.graphql.scalars import JSONObject, Upload
from mailconfig.graphql.servers import (
    DraftServerInput,
    SecretInput,
    ServerSettingsInput,
    draft_server,
    secret_change,
)

_KEY_MAX_CHARS: Final = 200
"""Five UUIDs; PostgreSQL's index would take about 2700 bytes."""


@input_type
class UploadFileInput:
    """A file to store."""

    file: Upload
    """The file, in the same multipart request."""
    kind: FileKind
    """What the file is for."""
    filename: str | None = None
    """Instead of the uploaded name."""


@one_of_type
class FileInput:
    """A file of the form: uploaded now or earlier."""

    upload: strawberry.Maybe[UploadFileInput]
    """A file in this request."""
    file_id: strawberry.Maybe[strawberry.ID]
    """A file from uploadFile."""


@input_type
class SubmitInput:
    """A new configuration."""

    name: str
    """Name that the user chose."""
    email_address: str
    """Address of the mailbox."""
    display_name: str | None = None
    """Name for the From header."""
    provider_id: strawberry.ID | None = None
    """Provider; unset: found by the address."""
    incoming: ServerSettingsInput | None = None
    """IMAP server; unset for an account that only sends."""
    outgoing: ServerSettingsInput | None = None
    """SMTP server; unset for an account that only reads."""
    external_id: str | None = None
    """The host application's own reference, unique in the workspace."""
    metadata: JSONObject | None = None
    """The host application's own data, at most 4 KiB."""
    shared: bool = False
    """True: it belongs to the workspace; needs an admin."""
    enabled: bool = True
    """Whether it may be used for sending."""
    files: list[FileInput] = strawberry.field(default_factory=list)
    """Files uploaded with the form or earlier."""
    idempotency_key: strawberry.ID | None = None
    """The same key within 24 hours answers with the first result."""


@input_type
class DraftInput:
    """A form while it is filled in: everything may be missing or wrong."""

    name: str | None = None
    """Name that the user chose."""
    email_address: str | None = None
    """Address of the mailbox."""
    display_name: str | None = None
    """Name for the From header."""
    provider_id: strawberry.ID | None = None
    """Provider; unset: found by the address."""
    incoming: DraftServerInput | None = None
    """IMAP server; unset for an account that only sends."""
    outgoing: DraftServerInput | None = None
    """SMTP server; unset for an account that only reads."""
    external_id: str | None = None
    """The host application's own reference."""
    metadata: JSONObject | None = None
    """The host application's own data."""
    based_on: strawberry.ID | None = None
    """Configuration that is being edited: its stored secrets serve where that is safe."""
    file_ids: list[strawberry.ID] = strawberry.field(default_factory=list)
    """Uploaded CA certificates that a test of this draft trusts."""


@input_type
class UpdateInput:
    """A change: absent fields stay, null clears."""

    id: strawberry.ID
    """Configuration to change."""
    expected_revision: int | None = None
    """The revision that was read; leave out to overwrite."""
    name: strawberry.Maybe[str]
    """New name."""
    email_address: strawberry.Maybe[str]
    """New address."""
    display_name: strawberry.Maybe[str | None]
    """New name for the From header."""
    provider_id: strawberry.Maybe[strawberry.ID | None]
    """Other provider; null: found by the address."""
    incoming: strawberry.Maybe[ServerSettingsInput | None]
    """New settings of the IMAP server; null removes it with its secret."""
    outgoing: strawberry.Maybe[ServerSettingsInput | None]
    """New settings of the SMTP server; null removes it with its secret."""
    external_id: strawberry.Maybe[str | None]
    """New reference of the host application."""
    metadata: strawberry.Maybe[JSONObject | None]
    """New data of the host application."""
    enabled: strawberry.Maybe[bool]
    """Whether it may be used for sending."""
    files: list[FileInput] = strawberry.field(default_factory=list)
    """Files to add; deleteFile removes one."""


@input_type
class DeleteInput:
    """A removal."""

    id: strawberry.ID
    """Configuration to remove."""
    expected_revision: int | None = None
    """The revision that was read; leave out to remove whatever is there."""


@input_type
class RollbackInput:
    """Going back to an earlier revision."""

    id: strawberry.ID
    """Configuration to change."""
    revision: int
    """Revision whose settings become current again, as a new revision."""
    expected_revision: int | None = None
    """The revision that was read; leave out to overwrite."""
    incoming_secret: SecretInput | None = None
    """Password or token, where the stored one must not follow to the earlier server."""
    outgoing_secret: SecretInput | None = None
    """Password or token, where the stored one must not follow to the earlier server."""


def submission(given: SubmitInput) -> Submission:
    """Return a submission of the domain; raises InvalidInput for a key that no index can hold."""
    key = given.idempotency_key
    if key is not None and len(key) > _KEY_MAX_CHARS:
        message = phrase("An idempotency key has at most {most} characters.", most=_KEY_MAX_CHARS)
        raise InvalidInput.of(ValidationCode.TOO_LONG, message, "idempotencyKey")
    return Submission(draft(given), given.shared, given.enabled, file_changes(given.files), key)


def draft(given: DraftInput | SubmitInput) -> Draft:
    """Return the form as a draft of the domain."""
    return Draft(
        name=given.name,
        email_address=given.email_address,
        display_name=given.display_name,
        provider_id=_provider(given.provider_id),
        external_id=given.external_id,
        metadata=given.metadata,
        incoming=draft_server(MailProtocol.IMAP, given.incoming, "incoming"),
        outgoing=draft_server(MailProtocol.SMTP, given.outgoing, "outgoing"),
    )


def change(given: UpdateInput) -> Change:
    """Return a change of the domain; raises NotFound for an id of something else."""
    return Change(
        id=ids.key_of("EmailConfig", given.id),
        expected_revision=given.expected_revision,
        name=MISSING if given.name is None else given.name.value,
        email_address=MISSING if given.email_address is None else given.email_address.value,
        display_name=MISSING if given.display_name is None else given.display_name.value,
        provider_id=MISSING if given.provider_id is None else _provider(given.provider_id.value),
        external_id=MISSING if given.external_id is None else given.external_id.value,
        metadata=MISSING if given.metadata is None else given.metadata.value,
        enabled=MISSING if given.enabled is None else given.enabled.value,
        incoming=_server(MailProtocol.IMAP, given.incoming, "incoming"),
        outgoing=_server(MailProtocol.SMTP, given.outgoing, "outgoing"),
        files=file_changes(given.files),
    )


def _provider(given: str | None) -> str | None:
    return ids.provider_key(given) if given else None


def _server(
    protocol: MailProtocol, given: strawberry.Some[ServerSettingsInput | None] | None, field: str
) -> DraftServer | Missing | None:
    return MISSING if given is None else draft_server(protocol, given.value, field)


def rollback(given: RollbackInput) -> Rollback:
    """Return a rollback of the domain; raises NotFound for an id of something else."""
    return Rollback(
        id=ids.key_of("EmailConfig", given.id),
        revision=given.revision,
        expected_revision=given.expected_revision,
        incoming_secret=secret_change(given.incoming_secret, ("incomingSecret",)),
        outgoing_secret=secret_change(given.outgoing_secret, ("outgoingSecret",)),
    )


def file_changes(given: list[FileInput]) -> tuple[FileChange, ...]:
    """Return the files of a form; raises NotFound for an id of something else."""
    changes: list[FileChange] = []
    for item in given:
        if item.upload is not None:
            changes.append(new_file(item.upload.value))
        elif item.file_id is not None:
            changes.append(KnownFile(ids.key_of("File", item.file_id.value, ("files",))))
    return tuple(changes)


def new_file(given: UploadFileInput) -> NewFile:
    """Return an uploaded file of the domain."""
    return NewFile(given.file, given.kind, given.filename)
