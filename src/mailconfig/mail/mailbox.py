"""One message in a mailbox: where it is, what receivers wrote on it, and getting rid of it.

Threat: deleting what is not ours, or believing a server that says it did what it did not. A message
counts as ours only if its Message-ID, fetched, is exactly ours (SEARCH HEADER finds parts of
words, RFC 9051 section 6.4.4); EXPUNGE without a UID is sent only where nothing else is marked; and
after a deletion the folder is searched again. Must not change flags of any other message.
"""

import re
from dataclasses import dataclass, field
from typing import Final

from mailconfig.domain.diagnostics.values import Phase
from mailconfig.domain.text import decoded
from mailconfig.mail.folders import Folder, FolderRole, folders_in, quoted
from mailconfig.mail.imap import ImapDialogue
from mailconfig.mail.imap_responses import ImapResponse
from mailconfig.mail.sessions import Session

_MATCHES_MAX: Final = 20
"""Messages looked at in one folder; ours is one, a server that names more is odd."""
_RELISTED_MAX: Final = 500
"""Folders in a list that is worth asking for again at each look; larger ones eat the budget."""
_UID: Final = re.compile(rb"[( ]UID ([1-9]\d{0,9})[ )]")
"""nz-number of 32 bits (RFC 9051, section 9)."""
_FOLD: Final = re.compile(r"\r?\n(?=[ \t])")
"""Where a header field goes on in the next line (RFC 5322, section 2.2.3)."""
_WANTED: Final = b"(UID BODY.PEEK[HEADER.FIELDS (MESSAGE-ID AUTHENTICATION-RESULTS)])"


@dataclass(frozen=True, slots=True)
class FoundMessage:
    """Our message in the folder that is open."""

    uid: int
    authentication_results: tuple[str, ...]
    """Unfolded, the last receiver's first, as in the header; not cleaned."""


@dataclass(frozen=True, slots=True)
class Removal:
    """What a deletion came to."""

    found: int = 0
    """Copies that there were."""
    left: int = 0
    """Copies that are still there."""

    def __add__(self, other: "Removal") -> "Removal":
        return Removal(self.found + other.found, self.left + other.left)

    @property
    def is_complete(self) -> bool:
        """Whether something was there and nothing is left of it."""
        return self.found > 0 and self.left == 0


@dataclass(frozen=True, slots=True)
class Traces:
    """What is known of copies beyond one connection, so that `Removal` stays honest."""

    seen: set[FolderRole] = field(default_factory=set)
    """Where one was seen."""
    deleting: set[FolderRole] = field(default_factory=set)
    """Where its deletion was begun; it may have happened although the connection broke."""


class Mailbox:
    """A mailbox in which one message is looked for; its session is opened before it is."""

    def __init__(
        self, session: Session[ImapDialogue], message_id: str, traces: Traces | None = None
    ) -> None:
        self._session = session
        self._message_id = message_id
        self._folders: dict[FolderRole, Folder] = {}
        self._listed = 0
        """Lines of the last list."""
        self.traces = traces or Traces()

    @property
    def _dialogue(self) -> ImapDialogue:
        return self._session.dialogue

    async def open(self) -> None:
        """Get ready: tell who we are, look into INBOX, learn which folders there are.

        Raises DialogueFailed.
        """
        self._session.phase = Phase.SELECT
        await self._dialogue.look_inside()
        await self._learn_folders()

    async def look(self, role: FolderRole) -> tuple[Folder, FoundMessage] | None:
        """Look into the folder of a role without changing anything."""
        if role is FolderRole.JUNK and role not in self._folders and self._listed <= _RELISTED_MAX:
            await self._learn_folders()  # servers make it when the first spam comes
        folder = self._folders.get(role)
        if folder is None or not await self._opened(b"EXAMINE", folder):
            return None
        found = await self._ours()
        if not found:
            return None
        self.traces.seen.add(role)
        return folder, found[-1]

    async def remove(self, *roles: FolderRole) -> Removal:
        """Delete every copy in the folders of these roles, as far as there are by now, for good."""
        await self._learn_folders()
        removal = Removal()
        for role in roles:
            if folder := self._folders.get(role):
                removal += await self._removed_from(folder)
        return removal

    def knows(self, role: FolderRole) -> bool:
        """Tell whether there is a folder of that role."""
        return role in self._folders

    async def _learn_folders(self) -> None:
        """Ask for all folders; a refusal is no failure, INBOX is always known."""
        self._session.phase = Phase.SELECT
        extended = self._dialogue.offers("LIST-EXTENDED") and self._dialogue.offers("SPECIAL-USE")
        asked = b'LIST "" "*"' + (b" RETURN (SPECIAL-USE)" if extended else b"")  # RFC 6154, 2
        _, listed = await self._dialogue.query(asked, may_fail=True)
        self._listed = len(listed)
        self._folders = folders_in(listed)

    async def _removed_from(self, folder: Folder) -> Removal:
        if not await self._opened(b"SELECT", folder):
            left = int(folder.role in self.traces.seen)
            return Removal(left, left)
        found = await self._ours()
        if not found:
            return Removal(int(folder.role in self.traces.deleting))
        self.traces.deleting.add(folder.role)
        uids = sorted(message.uid for message in found)
        trash = self._trash()
        if trash is not None and folder.role not in (FolderRole.JUNK, FolderRole.TRASH):
            await self._ask(b"UID MOVE %s %s" % (_set_of(uids), trash.argument))
        else:
            await self._expunge(uids)
        return Removal(len(found), len(await self._ours()))

    async def _expunge(self, uids: list[int]) -> None:
        await self._ask(b"UID STORE %s +FLAGS.SILENT (\\Deleted)" % _set_of(uids))
        if self._dialogue.offers("UIDPLUS") or self._dialogue.offers("IMAP4rev2"):
            await self._ask(b"UID EXPUNGE " + _set_of(uids))  # RFC 4315, section 2.1
        elif await self._search(b"DELETED") == uids:  # EXPUNGE takes whatever is marked
            await self._ask(b"EXPUNGE")

    def _trash(self) -> Folder | None:
        """Return where deleted messages have to go first: only Gmail wants that.

        There EXPUNGE takes a label off, the message stays in All Mail; from Trash and Spam it is
        deleted for good (support.google.com/mail/answer/78892).
        """
        is_gmail = self._dialogue.offers("X-GM-EXT-1") and self._dialogue.offers("MOVE")
        return self._folders.get(FolderRole.TRASH) if is_gmail else None

    async def _opened(self, verb: bytes, folder: Folder) -> bool:
        """Open a folder; one that cannot be opened is forgotten, INBOX has to open."""
        self._session.phase = Phase.SELECT
        optional = folder.role is not FolderRole.INBOX
        command = verb + b" " + folder.argument
        done, _ = await self._dialogue.query(command, may_fail=optional)
        if done.name != "OK":
            del self._folders[folder.role]
        return done.name == "OK"

    async def _ours(self) -> tuple[FoundMessage, ...]:
        """Return what bears our Message-ID in the open folder."""
        uids = await self._search(b"HEADER Message-ID " + quoted(self._message_id))
        if not uids:
            return ()
        command = b"UID FETCH %s %s" % (_set_of(uids[-_MATCHES_MAX:]), _WANTED)
        _, data = await self._dialogue.query(command)
        found = (self._read(response) for response in data if response.name == "FETCH")
        return tuple(message for message in found if message and message.uid in uids)

    async def _search(self, criteria: bytes) -> list[int]:
        """Return the UIDs that match, in ascending order."""
        self._session.phase = Phase.FETCH
        _, data = await self._dialogue.query(b"UID SEARCH " + criteria)
        words = (response.text.split() for response in data if response.name == "SEARCH")
        return sorted({int(word) for line in words for word in line if _is_uid(word)})

    def _read(self, fetched: ImapResponse) -> FoundMessage | None:
        """Return a FETCH response as our message; None for any other message."""
        uid = _UID.search(b" ".join(fetched.pieces[0::2]))
        header = _fields(fetched.pieces[1]) if fetched.pieces else []
        identifiers = [value for name, value in header if name == "message-id"]
        if uid is None or identifiers != [self._message_id]:
            return None
        results = (value for name, value in header if name == "authentication-results")
        return FoundMessage(int(uid[1]), tuple(results))

    async def _ask(self, command: bytes) -> None:
        """Send a change; whether it was made shows the next search, not the server's word."""
        await self._dialogue.query(command, may_fail=True)


def _is_uid(word: str) -> bool:
    return word.isascii() and word.isdigit() and len(word) <= len(str(2**32))


def _set_of(uids: list[int]) -> bytes:
    return ",".join(map(str, uids)).encode("ascii")


def _fields(header: bytes) -> list[tuple[str, str]]:
    """Return names in lower case and values of a header's fields, unfolded (RFC 5322, 2.2)."""
    lines = _FOLD.sub("", decoded(header)).splitlines()
    pairs = (line.partition(":") for line in lines if ":" in line)
    return [(name.strip().lower(), value.strip()) for name, _, value in pairs]
