"""The folders of a mailbox that a message can come to, out of what LIST tells (RFC 9051, 6.3.9).

What a server flags (RFC 6154) wins; names are for those that flag nothing. Threat: names are a
stranger's, they are sent back quoted and shown cleaned. Must not send anything.
"""

import binascii
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from mailconfig.domain.text import decoded
from mailconfig.mail.imap_responses import ImapResponse


class FolderRole(StrEnum):
    """What a folder is for."""

    INBOX = "INBOX"
    """The inbox."""
    JUNK = "JUNK"
    """Spam."""
    ALL = "ALL"
    """All messages of the account, those in other folders too."""
    SENT = "SENT"
    """Where some servers keep a copy of what was sent."""
    TRASH = "TRASH"
    """Deleted messages."""


@dataclass(frozen=True, slots=True)
class Folder:
    """One folder that can be opened."""

    role: FolderRole
    argument: bytes
    """The name as a quoted string, ready for a command."""
    name: str
    """The name as people see it; not cleaned."""


INBOX: Final = Folder(FolderRole.INBOX, b'"INBOX"', "INBOX")
"""There is one in every mailbox (RFC 9051, section 5.1)."""

_ATTRIBUTES: Final = {
    "\\junk": FolderRole.JUNK,
    "\\all": FolderRole.ALL,
    "\\sent": FolderRole.SENT,
    "\\trash": FolderRole.TRASH,
}
_CLOSED: Final = frozenset({"\\noselect", "\\nonexistent"})
"""Attributes of names that cannot be opened (RFC 9051, section 7.3.1)."""
_JUNK_NAMES: Final = (
    "junk|spam|bulk|bulk mail|junk mail|junk email|junk e-mail|junk-e-mail|spamverdacht|"
    "unerwünscht|courrier indésirable|indésirables|pourriel|correo no deseado|"
    "posta indesiderata|ongewenste e-mail|lixo eletrônico|skräppost|спам|垃圾邮件|垃圾郵件|"
    "迷惑メール"
)
_SENT_NAMES: Final = (
    "sent|sent items|sent mail|sent messages|gesendet|gesendete objekte|gesendete elemente|"
    "éléments envoyés|messages envoyés|envoyés|elementos enviados|posta inviata|"
    "отправленные|已发送"
)
_NAMES: Final = {
    FolderRole.JUNK: frozenset(_JUNK_NAMES.split("|")),
    FolderRole.ALL: frozenset({"all mail", "alle nachrichten", "tous les messages"}),
    FolderRole.SENT: frozenset(_SENT_NAMES.split("|")),
}
"""Last part of the names that servers without RFC 6154 use, as people see them, case folded."""
_PARENTS: Final = frozenset({"inbox", "[gmail]", "[google mail]"})
"""Only at the top and below these a name means something: "Projects/Sent" is the user's own."""

_LISTED: Final = re.compile(r'\(([^()]*)\) (NIL|"(?:\\.|[^"\\])") (.*)\Z', re.DOTALL)
"""mailbox-list: attributes, hierarchy delimiter, name (RFC 9051, section 9)."""
_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*)"\Z', re.DOTALL)
_LITERAL_MARK: Final = re.compile(r"~?\{\d+\}\Z")
_SENDABLE: Final = re.compile(r"[ -~]{1,1000}\Z")
"""Names that go into a quoted string; RFC 9051 wants them in printable ASCII, see `shown_name`."""
_SHIFTED: Final = re.compile(r"&([A-Za-z0-9+,]*)-")
"""The part of a name in modified base64 (RFC 3501, section 5.1.3)."""


def folders_in(listed: Iterable[ImapResponse]) -> dict[FolderRole, Folder]:
    """Choose one folder for each role; INBOX is always there."""
    by_name: dict[FolderRole, Folder] = {}
    by_attribute: dict[FolderRole, Folder] = {}
    for attributes, delimiter, raw in _entries(listed):
        if attributes & _CLOSED or not _SENDABLE.match(raw) or raw.upper() == "INBOX":
            continue
        for attribute in attributes & _ATTRIBUTES.keys():
            role = _ATTRIBUTES[attribute]
            by_attribute.setdefault(role, Folder(role, quoted(raw), shown_name(raw)))
        named = _role_of(shown_name(raw), delimiter)
        if named is not None:
            by_name.setdefault(named, Folder(named, quoted(raw), shown_name(raw)))
    return {FolderRole.INBOX: INBOX} | by_name | by_attribute


def quoted(text: str) -> bytes:
    """Return a quoted string (RFC 9051, section 4.3); the text is printable ASCII."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'.encode("ascii")


def shown_name(raw: str) -> str:
    """Decode modified UTF-7 (RFC 3501, section 5.1.3); what is none is returned as it came."""
    try:
        return _SHIFTED.sub(lambda found: _unshifted(found[1]), raw)
    except ValueError:  # not base64, or not UTF-16
        return raw


def _unshifted(text: str) -> str:
    if not text:
        return "&"
    padding = "=" * (-len(text) % 4)
    return binascii.a2b_base64(text.replace(",", "/") + padding).decode("utf-16-be")


def _entries(listed: Iterable[ImapResponse]) -> Iterator[tuple[frozenset[str], str, str]]:
    """Yield attributes in lower case, hierarchy delimiter ("" for none) and raw name."""
    for response in listed:
        found = _LISTED.match(response.text) if response.name == "LIST" else None
        if found is None:
            continue
        raw = found[3]
        if response.pieces and _LITERAL_MARK.match(raw):
            raw = decoded(response.pieces[1])
        elif text := _QUOTED.match(raw):
            raw = _unescaped(text[1])
        delimiter = "" if found[2] == "NIL" else _unescaped(found[2][1:-1])
        yield frozenset(found[1].lower().split()), delimiter, raw


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)


def _role_of(name: str, delimiter: str) -> FolderRole | None:
    *parents, last = name.casefold().split(delimiter) if delimiter else [name.casefold()]
    if len(parents) > 1 or not _PARENTS.issuperset(parents):
        return None
    return next((role for role, names in _NAMES.items() if last in names), None)
