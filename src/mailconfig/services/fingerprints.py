"""Fingerprints of submissions, so that an idempotency key with another body is noticed.

The fingerprint covers secrets and file contents; it is keyed, so that a stolen database cannot be
used to try passwords against it. The audit trail has such digests, too, of what people typed.
"""

import json
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from typing import Final
from uuid import UUID

from mailconfig.domain.files import Upload
from mailconfig.domain.mailing import AttachmentRequest, NewAttachment, SendRequest
from mailconfig.domain.secrets import Secret
from mailconfig.domain.signing import Signer
from mailconfig.domain.submission import FileChange, NewFile, Submission

_CHUNK_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The digests of one submission, one for each key that may have made a stored one."""

    digests: tuple[str, ...]

    @property
    def newest(self) -> str:
        """The one to store."""
        return self.digests[0]


class Fingerprints:
    """Makes keyed digests of submissions."""

    def __init__(self, signer: Signer) -> None:
        self._signer = signer.derive("fingerprint")
        self._values = signer.derive("audit")

    def of_value(self, workspace_id: UUID, text: str) -> str:
        """Return what the trail of a workspace says instead of a text: equal for equal ones."""
        return self._values.sign("value", str(workspace_id), text)

    async def of(self, submission: Submission) -> Fingerprint:
        """Return the fingerprint; empty without an idempotency key. Rewinds the files it reads."""
        if submission.idempotency_key is None:
            return Fingerprint(("",))
        draft = json.dumps(asdict(submission.draft), default=_plain, sort_keys=True)
        files = [await _file(change) for change in submission.files]
        flags = f"{submission.shared} {submission.enabled}"
        return Fingerprint(self._signer.signatures(draft, flags, *files))

    async def of_message(self, request: SendRequest, key: str | None) -> Fingerprint:
        """Return the fingerprint of a message; empty without an idempotency key. Rewinds files."""
        if key is None:
            return Fingerprint(("",))
        # Without the files, which cannot be written as text.
        fields = json.dumps(
            asdict(replace(request, attachments=())), default=_plain, sort_keys=True
        )
        files = [await _attachment(wanted) for wanted in request.attachments]
        return Fingerprint(self._signer.signatures("message", fields, *files))


def _plain(value: object) -> str:
    # The text goes into the keyed digest only; it is never stored or logged.
    return value.reveal() if isinstance(value, Secret) else str(value)


async def _file(change: FileChange) -> str:
    if not isinstance(change, NewFile):
        return str(change.id)
    return f"{change.kind} {change.filename} {await _digest(change.upload)}"


async def _attachment(wanted: AttachmentRequest) -> str:
    named = f"{wanted.filename} {wanted.content_id}"
    if not isinstance(wanted, NewAttachment):
        return f"{wanted.file_id} {named}"
    upload = wanted.upload
    return f"{upload.filename} {upload.content_type} {named} {await _digest(upload)}"


async def _digest(upload: Upload) -> str:
    digest = sha256()
    while chunk := await upload.read(_CHUNK_BYTES):
        digest.update(chunk)
    await upload.seek(0)
    return digest.hexdigest()
