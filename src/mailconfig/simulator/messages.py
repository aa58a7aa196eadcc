"""SEARCH, FETCH, STORE and EXPUNGE over a folder (RFC 9051, section 6.4), as far as needed.

Pure functions over words of a command; all raise Malformed for what they do not understand.
"""

import re
from collections.abc import Iterator
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from typing import Final

from mailconfig.simulator.commands import Malformed, uids_of
from mailconfig.simulator.mailbox import Folder, Message

_FLAGS: Final = {
    "SEEN": ("\\Seen", True),
    "UNSEEN": ("\\Seen", False),
    "DELETED": ("\\Deleted", True),
    "UNDELETED": ("\\Deleted", False),
}
"""Keys that ask for a flag, or for its absence."""
_BODY: Final = re.compile(r"BODY(?:\.PEEK)?\[(?P<section>[^\]]*)\]\Z", re.IGNORECASE)
_FIELDS: Final = re.compile(r"HEADER\.FIELDS \(?(?P<names>[^)]*)\)?\Z", re.IGNORECASE)
_ITEMS_MAX: Final = 10
"""Of one FETCH; mail programs ask for five, and each may be a whole message."""
_DATED: Final = frozenset({"SINCE", "BEFORE", "ON"})
"""Keys with a date; every message here is of today."""


def search(folder: Folder, words: tuple[str, ...]) -> list[int]:
    """Return the UIDs that all keys fit: ALL, those of flags and dates, UID, HEADER."""
    keys = list(words[2:] if words[:1] and words[0].upper() == "CHARSET" else words)
    found = list(folder.messages)
    while keys:
        key = keys.pop(0).upper()
        if key == "ALL":
            continue
        if key in _FLAGS:
            flag, is_set = _FLAGS[key]
            found = [uid for uid in found if (flag in folder.messages[uid].flags) == is_set]
        elif key in _DATED and keys:
            keys.pop(0)
        elif key == "UID" and keys:
            found = [uid for uid in uids_of(keys.pop(0), list(folder.messages)) if uid in found]
        elif key == "HEADER" and len(keys) > 1:
            name, value = keys.pop(0), keys.pop(0)
            found = [uid for uid in found if _has(folder.messages[uid], name, value)]
        else:
            raise Malformed
    return found


def _has(message: Message, name: str, value: str) -> bool:
    """Tell whether a field contains a text, in any case (RFC 9051, section 6.4.4)."""
    for field in message.fields(name):
        if value.lower() in _readable(field.decode("utf-8", "replace")).lower():
            return True
    return False


def _readable(field: str) -> str:
    """Return a field with its encoded words decoded (RFC 2047), where that can be done."""
    try:
        return str(make_header(decode_header(field)))
    except (HeaderParseError, LookupError, ValueError):
        return field


def fetch(folder: Folder, words: tuple[str, ...]) -> Iterator[bytes]:
    """Yield the response of each message: UID, FLAGS, RFC822.SIZE, INTERNALDATE, BODY[...]."""
    if not 2 <= len(words) <= 1 + _ITEMS_MAX:  # noqa: PLR2004 - a set and at least one item
        raise Malformed
    for uid in uids_of(words[0], list(folder.messages)):
        message = folder.messages[uid]
        items = [b"UID %d" % uid]
        items += [_item(message, name) for name in words[1:] if name.upper() != "UID"]
        yield b"* %d FETCH (%s)\r\n" % (folder.number(uid), b" ".join(items))


def _item(message: Message, name: str) -> bytes:
    match name.upper():
        case "FLAGS":
            return b"FLAGS (%s)" % " ".join(sorted(message.flags)).encode()
        case "RFC822.SIZE":
            return b"RFC822.SIZE %d" % len(message.content)
        case "INTERNALDATE":
            return message.received_at.strftime('INTERNALDATE "%d-%b-%Y %H:%M:%S +0000"').encode()
    body = _BODY.match(name)
    if body is None:
        raise Malformed
    data = _section(message, body["section"])
    return b"BODY[%s] {%d}\r\n%s" % (body["section"].upper().encode(), len(data), data)


def _section(message: Message, section: str) -> bytes:
    if section == "":
        return message.content
    if section.upper() == "HEADER":
        return message.header
    fields = _FIELDS.match(section)
    if fields is None:
        raise Malformed
    names = fields["names"].split()
    return b"".join(field for name in names for field in message.fields(name)) + b"\r\n"


def store(folder: Folder, words: tuple[str, ...]) -> Iterator[str]:
    """Add, take or set flags; yield the responses, none for the silent forms."""
    if len(words) < 3:  # noqa: PLR2004 - a set, what to do, a flag
        raise Malformed
    action, silent, _ = words[1].upper().partition(".SILENT")
    flags = set(words[2:])
    for uid in uids_of(words[0], list(folder.messages)):
        message = folder.messages[uid]
        if action == "+FLAGS":
            message.flags |= flags
        elif action == "-FLAGS":
            message.flags -= flags
        elif action == "FLAGS":
            message.flags = flags
        else:
            raise Malformed
        if not silent:
            shown = " ".join(sorted(message.flags))
            yield f"* {folder.number(uid)} FETCH (UID {uid} FLAGS ({shown}))"


def expunge(folder: Folder, words: tuple[str, ...]) -> Iterator[str]:
    """Remove what is marked as deleted, of the given UIDs if there are any; yield the responses."""
    chosen = uids_of(words[0], list(folder.messages)) if words else list(folder.messages)
    for uid in chosen:
        if any(flag.lower() == "\\deleted" for flag in folder.messages[uid].flags):
            number = folder.number(uid)
            del folder.messages[uid]
            yield f"* {number} EXPUNGE"
