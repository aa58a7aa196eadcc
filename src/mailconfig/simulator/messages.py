"""SEARCH, FETCH, STORE and EXPUNGE over a folder (RFC 9051, section 6.4), as far as needed.

Pure functions over words of a command; all raise Malformed for what they do not understand.
"""

import re
from collections import deque
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
_BODY: Final = re.compile(
    r"BODY(?:\.PEEK)?\[(?P<section>[^\]]*)\](?:<(?P<start>\d{1,9})\.(?P<count>\d{1,9})>)?\Z",
    re.IGNORECASE,
)
_FIELDS: Final = re.compile(r"HEADER\.FIELDS \(?(?P<names>[^)]*)\)?\Z", re.IGNORECASE)
_ITEMS_MAX: Final = 10
"""Of one FETCH; mail programs ask for five, and each may be a whole message."""
_SEARCH_WORDS_MAX: Final = 100
"""Of one SEARCH; ours have 20, and each message is looked at for each of them."""
_NESTING_MAX: Final = 8
"""Of keys in each other."""
_DATED: Final = frozenset({"SINCE", "BEFORE", "ON"})
"""Keys with a date; every message here is of today."""


def search(folder: Folder, words: tuple[str, ...]) -> list[int]:
    """Return the UIDs that all keys fit: ALL, flags, dates, UID, HEADER, FROM, OR and groups."""
    if len(words) > _SEARCH_WORDS_MAX:
        raise Malformed
    charset = words[:1] and words[0].upper() == "CHARSET"
    keys = deque(words[2:] if charset else words)
    fitting = _fitting_all(folder, keys, _NESTING_MAX)
    if keys:
        raise Malformed
    return [uid for uid in folder.messages if uid in fitting]


def _fitting_all(folder: Folder, keys: deque[str], depth: int) -> set[int]:
    """Take keys up to the end or a closing parenthesis; return the UIDs that all of them fit."""
    found = set(folder.messages)
    while keys and keys[0] != ")":
        found &= _fitting(folder, keys, depth)
    return found


def _fitting(folder: Folder, keys: deque[str], depth: int) -> set[int]:
    """Take one key; return the UIDs that it fits."""
    if not depth:
        raise Malformed
    try:
        key = keys.popleft().upper()
        if key == "(":
            found = _fitting_all(folder, keys, depth - 1)
            keys.popleft()  # its end
            return found
        if key == "OR":
            return _fitting(folder, keys, depth - 1) | _fitting(folder, keys, depth - 1)
        return _fitting_one(folder, key, keys)
    except IndexError:
        raise Malformed from None


def _fitting_one(folder: Folder, key: str, keys: deque[str]) -> set[int]:
    """Return the UIDs that a key fits which holds no other ones; raises also IndexError."""
    everything = folder.messages
    if key == "ALL":
        return set(everything)
    if key in _FLAGS:
        flag, is_set = _FLAGS[key]
        return {uid for uid, message in everything.items() if (flag in message.flags) == is_set}
    if key in _DATED:
        keys.popleft()
        return set(everything)
    if key == "UID":
        return set(uids_of(keys.popleft(), list(everything)))
    if key in {"HEADER", "FROM"}:
        name = keys.popleft() if key == "HEADER" else key
        value = keys.popleft()
        return {uid for uid, message in everything.items() if _has(message, name, value)}
    raise Malformed


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
    data, origin = _section(message, body["section"]), b""
    if body["start"] is not None:
        start = int(body["start"])
        data, origin = data[start : start + int(body["count"])], b"<%d>" % start
    section = body["section"].upper().encode()
    return b"BODY[%s]%s {%d}\r\n%s" % (section, origin, len(data), data)


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
