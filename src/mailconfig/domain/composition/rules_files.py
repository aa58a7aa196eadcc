"""Rules for the files of a message: names, media types, content ids."""

import re
from collections.abc import Iterator
from typing import Final

from mailconfig.domain.composition.bodies import MEDIA_TYPE
from mailconfig.domain.composition.lines import line_issues
from mailconfig.domain.composition.values import Attachment, CompositionLimits, MessageDraft
from mailconfig.domain.issues import ValidationCode, ValidationIssue
from mailconfig.domain.phrases import N_
from mailconfig.domain.validation.case import Path, error, warning

_CONTENT_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,99}(?:@[A-Za-z0-9.-]{1,100})?")
"""Signs that a cid link needs no escapes for (RFC 2392); the part after the @ may be missing."""
_SHOWN: Final = re.compile(r"\bcid:([^\s\"'<>()]{1,300})", re.IGNORECASE)


def file_names_are_names(
    draft: MessageDraft, limits: CompositionLimits
) -> Iterator[ValidationIssue]:
    """Each file has a name, which is no path."""
    for path, file in _files(draft):
        place, name = (*path, "name"), file.name
        if not name.strip():
            yield error(ValidationCode.REQUIRED, place, N_("Give the file a name."))
        elif "/" in name or "\\" in name or name.strip() in (".", ".."):
            last = re.split(r"[/\\]", name)[-1].strip()
            suggestion = None if last in ("", ".", "..") else last
            message = N_("The name of the file must not be a path.")
            yield error(ValidationCode.INVALID_FORMAT, place, message, suggestion)
        elif name != name.strip():
            message = N_("The name of the file begins or ends with a space.")
            yield error(ValidationCode.INVALID_FORMAT, place, message, name.strip())
        yield from line_issues(place, name, limits.file_name_max_chars)


def media_types_have_their_form(
    draft: MessageDraft, _: CompositionLimits
) -> Iterator[ValidationIssue]:
    """Each file has a media type; a text may name its charset (RFC 6838)."""
    for path, file in _files(draft):
        found = MEDIA_TYPE.fullmatch(file.media_type)
        if found is None or found[1].lower().startswith("multipart/"):
            message = N_("This is no media type, as in application/pdf.")
            suggestion = "application/octet-stream"
            place = (*path, "mediaType")
            yield error(ValidationCode.INVALID_FORMAT, place, message, suggestion)


def content_ids_have_their_form(
    draft: MessageDraft, _: CompositionLimits
) -> Iterator[ValidationIssue]:
    """Content ids are plain, and no two files have the same one."""
    known: set[str] = set()
    for path, file in _files(draft):
        place = (*path, "contentId")
        if file.content_id is None:
            if path[0] == "signature":
                message = N_("The image of a signature needs a content ID.")
                yield error(ValidationCode.REQUIRED, place, message)
            continue
        if not _CONTENT_ID.fullmatch(file.content_id):
            message = N_("This is no content ID, as in logo@example.com, without brackets.")
            yield error(ValidationCode.INVALID_FORMAT, place, message)
        elif file.content_id in known:
            message = N_("Another file has the same content ID.")
            yield error(ValidationCode.NOT_ALLOWED, place, message)
        known.add(file.content_id)


def content_ids_are_used(draft: MessageDraft, _: CompositionLimits) -> Iterator[ValidationIssue]:
    """The HTML text shows the inline files that are there, and no others."""
    signature = draft.signature
    sources: list[tuple[Path, str]] = [(("html",), draft.html or "")]
    if signature is not None and sources[0][1].strip():
        sources.append((("signature", "html"), signature.html or ""))
    shown = {found[1]: place for place, text in sources for found in _SHOWN.finditer(text)}
    given = {file.content_id for _, file in _files(draft)}
    for place in sorted({place for name, place in shown.items() if name not in given}):
        message = N_("The HTML text shows an image that is not attached.")
        yield warning(ValidationCode.REQUIRED, place, message)
    for path, file in _files(draft):
        if path[0] == "attachments" and file.content_id and file.content_id not in shown:
            message = N_("The HTML text does not show this file.")
            yield warning(ValidationCode.NOT_ALLOWED, (*path, "contentId"), message)


def _files(draft: MessageDraft) -> Iterator[tuple[Path, Attachment]]:
    for number, file in enumerate(draft.attachments):
        yield ("attachments", str(number)), file
    if draft.signature is not None and draft.signature.image is not None:
        yield ("signature", "image"), draft.signature.image
