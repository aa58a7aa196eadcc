"""Parts of a message: its files are read, the draft is made, checked and written.

Must not: store anything; all of it happens before a unit of work begins.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Final

import anyio
import anyio.to_thread

from mailconfig.domain.composition import (
    Attachment,
    Composed,
    CompositionLimits,
    ListUnsubscribe,
    MessageDraft,
    Signature,
    check,
    compose,
    new_message_id,
)
from mailconfig.domain.errors import FileRefused, InvalidInput, LimitExceeded, NotFound
from mailconfig.domain.files import FileKind
from mailconfig.domain.identity import Principal, Scope
from mailconfig.domain.issues import Severity, ValidationCode, ValidationIssue
from mailconfig.domain.mailing import AttachmentRequest, NewAttachment, Preview, SendRequest
from mailconfig.domain.phrases import phrase
from mailconfig.domain.senders import SIGNATURE_CONTENT_ID, Letterhead, Path
from mailconfig.domain.unsubscribing import ManagedUnsubscribe, NewLink
from mailconfig.services.files import FileService
from mailconfig.services.finding import named_by
from mailconfig.services.intake import FileSettings, Intake, filename_for
from mailconfig.services.unsubscribing import UnsubscribeService

_WRITERS: Final = 4
"""Messages that are written at once: each may take some times its size of memory."""
_MEBIBYTE: Final = 1024 * 1024
_KIND: Final = FileKind.ATTACHMENT


class MessageParts:
    """Makes messages of requests."""

    def __init__(
        self,
        files: FileService,
        settings: FileSettings,
        limits: CompositionLimits,
        unsubscribing: UnsubscribeService,
    ) -> None:
        self._files = files
        self._unsubscribing = unsubscribing
        self._intake = Intake(settings)
        self._limits = limits
        self._writing = anyio.CapacityLimiter(_WRITERS)

    async def written(
        self, principal: Principal, head: Letterhead, request: SendRequest, now: datetime
    ) -> Preview:
        """Return the message of a request.

        Raises InvalidInput for what the rules refuse, NotFound for a file that the caller may not
        see, LimitExceeded, FileRefused, and Forbidden where a key may not read stored files.
        """
        unsubscribe, link = self._linked(request)
        draft = MessageDraft(
            sender=head.sender,
            to=request.to,
            cc=request.cc,
            bcc=request.bcc,
            reply_to=head.reply_to,
            subject=request.subject,
            text=request.text,
            html=request.html,
            attachments=await self._attachments(principal, request),
            headers=request.headers,
            priority=request.priority,
            list_unsubscribe=unsubscribe,
            in_reply_to=request.in_reply_to,
            references=request.references,
            signature=await self._signature(principal, head, request),
        )
        # Checking a text of a megabyte and encoding a file take longer than others should wait.
        issues, composed = await anyio.to_thread.run_sync(
            _made, draft, self._limits, now, head.lent, limiter=self._writing
        )
        errors = tuple(issue for issue in issues if issue.severity is Severity.ERROR)
        if composed is None:
            raise InvalidInput(errors)
        if composed.size_bytes > self._limits.size_max_bytes:
            raise self._too_large()
        return Preview(composed, issues, link)

    def _linked(self, request: SendRequest) -> tuple[ListUnsubscribe | None, NewLink | None]:
        """Return how to unsubscribe, with a link of ours where it is asked for."""
        if not isinstance(request.list_unsubscribe, ManagedUnsubscribe):
            return request.list_unsubscribe, None
        link = self._unsubscribing.fresh(len(request.to) + len(request.cc) + len(request.bcc))
        return ListUnsubscribe(url=link.url, one_click=True), link

    async def _signature(
        self, principal: Principal, head: Letterhead, request: SendRequest
    ) -> Signature | None:
        """Return the signature, with its image where the message shows one."""
        shows = head.image_id is not None and (request.html or "").strip()
        if head.signature is None or head.image_id is None or not shows:
            return head.signature
        try:
            file, chunks = await self._files.read(principal, head.image_id)
        except NotFound:  # deleted a moment ago
            return head.signature
        data = await _whole(chunks)
        image = Attachment(file.filename, file.content_type, data, SIGNATURE_CONTENT_ID)
        return replace(head.signature, image=image)

    async def _attachments(
        self, principal: Principal, request: SendRequest
    ) -> tuple[Attachment, ...]:
        """Read all files; raises InvalidInput before more is held than a message may have."""
        if len(request.attachments) > self._limits.attachments_max:
            most = self._limits.attachments_max
            message = phrase("The message has more than {limit} attachments.", limit=most)
            raise InvalidInput.of(ValidationCode.OUT_OF_RANGE, message, "attachments")
        read: list[Attachment] = []
        size = 0
        for number, wanted in enumerate(request.attachments):
            read.append(await self._attachment(principal, wanted, str(number)))
            size += len(read[-1].content)
            if size > self._limits.size_max_bytes:
                raise self._too_large()
        return tuple(read)

    async def _attachment(
        self, principal: Principal, wanted: AttachmentRequest, place: str
    ) -> Attachment:
        if isinstance(wanted, NewAttachment):
            with _placed("attachments", place, "source", "upload"):
                content = await self._intake.content(wanted.upload, _KIND)
                data = await _whole(content.chunks())
                media_type = content.content_type(wanted.upload.content_type)
            name = wanted.filename or wanted.upload.filename
        else:
            principal.permit(Scope.CONFIGS_READ)  # whoever sends a file to themselves has read it
            with named_by("attachments", place, "source", "fileId"):
                file, chunks = await self._files.read(principal, wanted.file_id)
            data, media_type = await _whole(chunks), file.content_type
            name = wanted.filename or file.filename
        return Attachment(
            filename_for(name, _KIND, media_type), media_type, data, wanted.content_id
        )

    def _too_large(self) -> InvalidInput:
        message = phrase(
            "With its files the message would be larger than {limit} MiB.",
            limit=self._limits.size_max_bytes // _MEBIBYTE,
        )
        return InvalidInput.of(ValidationCode.TOO_LONG, message, "attachments")


def _made(
    draft: MessageDraft, limits: CompositionLimits, now: datetime, lent: tuple[Path, ...]
) -> tuple[tuple[ValidationIssue, ...], Composed | None]:
    """Check a draft and write it, in a thread; None where it has errors."""
    issues = tuple(_of_input(issue, lent) for issue in check(draft, limits))
    if any(issue.severity is Severity.ERROR for issue in issues):
        return issues, None
    return issues, compose(draft, new_message_id(draft.sender.address), now)


def _of_input(issue: ValidationIssue, lent: tuple[Path, ...]) -> ValidationIssue:
    """Return an issue of a draft with the path that its field has in the input.

    What an identity has lent stands in no field of its own.
    """
    if any(issue.path[: len(begin)] == begin for begin in lent):
        return replace(issue, path=("senderIdentityId",))
    match issue.path:
        case ("sender", "name"):
            return replace(issue, path=("senderName",))
        case ("sender", *_):
            return replace(issue, path=("configId",))
        case ("attachments", number, "name"):
            return replace(issue, path=("attachments", number, "filename"))
        case ("attachments", number, "mediaType"):
            return replace(issue, path=("attachments", number))
    return issue


@contextmanager
def _placed(*path: str) -> Iterator[None]:
    """Give what is refused about an upload the path of its field."""
    try:
        yield
    except LimitExceeded as error:
        raise LimitExceeded(error.message, path) from error
    except FileRefused as error:
        raise FileRefused(error.message, path) from error


async def _whole(chunks: AsyncIterator[bytes]) -> bytes:
    return b"".join([chunk async for chunk in chunks])
