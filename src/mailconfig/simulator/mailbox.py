"""The mailboxes of the accounts, in memory and bounded: what one sends to itself arrives here."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from typing import Final

MESSAGE_MAX_BYTES: Final = 256 * 1024
"""Larger messages are refused; that of a round trip has about 1 KiB."""
FOLDER_MAX_MESSAGES: Final = 20
"""Older ones are forgotten: a demonstration that nobody stops must not grow."""
FOLDERS: Final = {
    "INBOX": None,
    "Drafts": "\\Drafts",
    "Sent": "\\Sent",
    "Junk": "\\Junk",
    "Trash": "\\Trash",
}
"""Folders of every account and their use (RFC 6154)."""
UID_VALIDITY: Final = 1


@dataclass(slots=True)
class Message:
    """One message in a folder."""

    content: bytes
    """As received, with CR LF."""
    received_at: datetime
    flags: set[str] = field(default_factory=set)

    @property
    def header(self) -> bytes:
        """The header with the empty line that ends it (RFC 5322, section 2.1)."""
        head, _, _ = self.content.partition(b"\r\n\r\n")
        return head + b"\r\n\r\n"

    def fields(self, name: str) -> list[bytes]:
        """Return the fields of a name as they stand, folded, with their ends."""
        found: list[bytes] = []
        taking = False
        for line in self.header.split(b"\r\n")[:-2]:
            if line[:1] not in (b" ", b"\t"):
                taking = line.partition(b":")[0].strip().lower() == name.lower().encode()
                if taking:
                    found.append(b"")
            if taking:
                found[-1] += line + b"\r\n"
        return found


@dataclass(slots=True)
class Folder:
    """Messages by UID, oldest first."""

    messages: dict[int, Message] = field(default_factory=dict)
    uid_next: int = 1

    def add(self, message: Message) -> None:
        """Append a message; the oldest goes when there are too many."""
        self.messages[self.uid_next] = message
        self.uid_next += 1
        if len(self.messages) > FOLDER_MAX_MESSAGES:
            del self.messages[next(iter(self.messages))]

    def number(self, uid: int) -> int:
        """Return the sequence number of a message (RFC 9051, section 2.3.1.2)."""
        return list(self.messages).index(uid) + 1


class Mailboxes:
    """The folders of each address, made when first asked for; callers ask for known ones only."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._folders: dict[str, dict[str, Folder]] = {}

    def of(self, address: str) -> dict[str, Folder]:
        """Return the folders of an address by name."""
        return self._folders.setdefault(address, {name: Folder() for name in FOLDERS})

    def deliver(self, address: str, folder: str, host: str, content: bytes) -> None:
        """Put a message into a folder, with the trace that a delivering server adds."""
        domain = address.partition("@")[2]
        received_at = self._now()
        trace = (
            f"Return-Path: <{address}>\r\n"
            f"Received: from [127.0.0.1] by {host} with ESMTPSA; {format_datetime(received_at)}\r\n"
            f"Authentication-Results: {host};\r\n"
            f" spf=pass smtp.mailfrom={domain}; dkim=pass header.d={domain};"
            f" dmarc=pass header.from={domain}\r\n"
        )
        self.of(address)[folder].add(Message(trace.encode() + content, received_at))

    def keep(self, address: str, folder: str, content: bytes, flags: set[str]) -> None:
        """Put a message that a client brings into a folder, as it is."""
        self.of(address)[folder].add(Message(content, self._now(), flags))
