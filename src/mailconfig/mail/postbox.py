"""Copies into Sent, reports out of INBOX, by IMAP. Implements `domain.postbox.Postbox`.

The connection is opened and signed in by our own dialogue (one attempt, TLS as the settings demand,
pinned address), then aioimaplib goes on under guard, see `mail.postbox_protocol`. Without TLS
nothing is opened but at a host inside of a network that the operator has allowed.

Threat: other people's mail. INBOX is opened for reading only, and of it nothing is fetched but what
looks like a report by its sender or type; flags stay as they are.

Must not read what a report says, or decide when to try again.
"""

import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, date, datetime
from ipaddress import ip_address
from typing import Final

from mailconfig.domain.diagnostics.values import Failure, Phase
from mailconfig.domain.networks import is_public
from mailconfig.domain.postbox import (
    Bookmark,
    PostboxAccess,
    PostboxFailed,
    Reading,
    SentCopy,
)
from mailconfig.domain.resolution import ResolutionError
from mailconfig.domain.servers import TransportSecurity
from mailconfig.domain.text import cut, decoded, tidy
from mailconfig.egress import Egress, EgressError
from mailconfig.mail.failures import DialogueFailed, violation
from mailconfig.mail.folders import FolderRole, folders_in, quoted
from mailconfig.mail.imap import ImapDialogue
from mailconfig.mail.imap_responses import ImapResponse
from mailconfig.mail.observing import translated
from mailconfig.mail.postbox_limits import PostboxSettings
from mailconfig.mail.postbox_protocol import Answer, Line, PostboxProtocol
from mailconfig.mail.sessions import Session, within
from mailconfig.mail.tls import TlsContexts

__all__ = ["ImapPostbox", "PostboxSettings"]

_SENT: Final = "Sent"
"""Name of the folder where there is none; everybody's default but for a few providers'."""
_MONTHS: Final = "   JanFebMarAprMayJunJulAugSepOctNovDec"
"""Three letters each, by the number of the month: `strftime` would follow the locale."""
_SENDERS: Final = '(OR FROM "mailer-daemon" FROM "postmaster")'
_CANDIDATES: Final = (
    f'(OR OR HEADER Content-Type "multipart/report" HEADER X-Failed-Recipients "" {_SENDERS})'
)
"""What may be a report, whoever wrote it: complaints come from anybody."""
_UID_VALIDITY: Final = re.compile(rb"\[UIDVALIDITY (\d{1,10})\]", re.IGNORECASE)
_UID_NEXT: Final = re.compile(rb"\[UIDNEXT (\d{1,10})\]", re.IGNORECASE)
_PREFIX: Final = re.compile(r'\(\("((?:[^"\\]|\\.)*)"')
"""Prefix of the first personal namespace (RFC 2342, section 5)."""


class ImapPostbox:
    """Opens mailboxes; holds nothing between two visits."""

    def __init__(self, egress: Egress, contexts: TlsContexts, settings: PostboxSettings) -> None:
        self._egress = egress
        self._contexts = contexts
        self._settings = settings

    @asynccontextmanager
    async def opened(self, access: PostboxAccess) -> AsyncIterator["ImapMailbox"]:
        """Open a mailbox, see `domain.postbox.Postbox`.

        Raises `tls.TrustAnchorUnreadable` before anything is dialled.
        """
        session = Session(
            access.target,
            ImapDialogue,
            egress=self._egress,
            context=await self._contexts.verified(access.trust_anchors),
            settings=self._settings.for_dialogues(),
        )
        try:
            with _told(session):
                mailbox = await self._signed_in(session, access)
            yield mailbox
            session.leave()
        finally:
            session.close()

    async def _signed_in(
        self, session: Session[ImapDialogue], access: PostboxAccess
    ) -> "ImapMailbox":
        is_clear = access.target.settings.security is TransportSecurity.NONE
        if is_clear:
            await self._check_inside(session, access)
        await session.open()
        if is_clear and session.address is not None and is_public(ip_address(session.address)):
            raise _tls_first(session)
        # Many servers offer more to whom they know; what they say unasked is taken in as well.
        session.phase = Phase.CAPABILITY
        async with within(self._settings.sign_in_seconds):
            await session.dialogue.query(b"CAPABILITY")
            if session.dialogue.offers("ID"):  # some providers serve nobody who does not tell
                await session.dialogue.query(_identity(self._settings), may_fail=True)
        if await session.wire.unread():
            raise violation("The server answered before it was asked.")
        protocol = PostboxProtocol(session.cleaner, self._settings.line_bytes)
        session.wire.hand_over(protocol)
        return ImapMailbox(session, protocol, self._settings)

    async def _check_inside(self, session: Session[ImapDialogue], access: PostboxAccess) -> None:
        """Refuse clear text to public addresses before anything is dialled."""
        server = access.target.settings
        try:
            async with within(self._settings.sign_in_seconds):
                route = await self._egress.resolve(server.host, server.port)
        except (ResolutionError, EgressError) as error:
            raise translated(error) from error
        if any(is_public(address) for address in route.addresses):
            raise _tls_first(session)


class ImapMailbox:
    """One signed-in mailbox."""

    def __init__(
        self,
        session: Session[ImapDialogue],
        protocol: PostboxProtocol,
        settings: PostboxSettings,
    ) -> None:
        self._session = session
        self._protocol = protocol
        self._settings = settings
        self._sent: str | None = None
        """Name of the Sent folder as a quoted string, once known."""

    async def save(self, copy: SentCopy) -> bool:
        """Put a message into Sent, see `domain.postbox.OpenPostbox`."""
        with _told(self._session):
            return await self._save(copy)

    async def reports(self, bookmark: Bookmark | None, since: date) -> Reading:
        """Return mails that may be reports, see `domain.postbox.OpenPostbox`."""
        with _told(self._session):
            return await self._reports(bookmark, since)

    async def _save(self, copy: SentCopy) -> bool:
        folder = await self._sent_folder()
        if await self._holds(folder, copy.message_id):
            return False
        self._session.phase = Phase.APPEND
        settings = self._settings
        answer = await self._protocol.put(
            copy.content,
            folder,
            "(\\Seen)",
            _moment(copy.sent_at),
            seconds=settings.command_seconds
            + len(copy.content) / settings.slowest_bytes_per_second,
            budget=settings.answer_bytes,
        )
        _accepted(answer)
        return True

    async def _reports(self, bookmark: Bookmark | None, since: date) -> Reading:
        self._session.phase = Phase.SELECT
        opened = _accepted(await self._ask("EXAMINE", '"INBOX"'))
        validity, following = _number(_UID_VALIDITY, opened), _number(_UID_NEXT, opened)
        known = bookmark is not None and bookmark.uid_validity == validity
        last = bookmark.last_uid if bookmark is not None and known else 0
        self._session.phase = Phase.FETCH
        found = await self._candidates(last, since)
        mails: list[bytes] = []
        taken = size = 0
        for uid in found[: self._settings.mails]:
            if size >= self._settings.reading_bytes:
                break
            mail = await self._fetched(uid)
            taken += 1
            if mail:
                mails.append(mail)
                size += len(mail)
        has_more = taken < len(found)
        if taken:
            last = found[taken - 1]
        if not has_more and following is not None:
            last = max(last, following - 1)
        return Reading(
            tuple(mails), None if validity is None else Bookmark(validity, last), has_more
        )

    async def _candidates(self, last: int, since: date) -> list[int]:
        """Return UIDs after `last`, ascending."""
        begin = f"UID {last + 1}:* SINCE {since.day}-{_month(since)}-{since.year}"
        answer = await self._ask("SEARCH", f"{begin} {_CANDIDATES}", prefix="UID")
        if not answer.ok:  # servers that do not search all headers search these two
            answer = await self._ask("SEARCH", f"{begin} {_SENDERS}", prefix="UID")
        # "5:*" names the last mail also where that is number 4 (RFC 9051, section 6.4.8).
        return [uid for uid in _numbers(_accepted(answer).data) if uid > last]

    async def _fetched(self, uid: int) -> bytes | None:
        """Return the begin of a mail, unread for its owner as before; None: it is gone."""
        limit = self._settings.mail_bytes
        answer = await self._ask(
            "FETCH",
            str(uid),
            f"(UID BODY.PEEK[]<0.{limit}>)",
            prefix="UID",
            budget=limit + self._settings.answer_bytes,
        )
        literals = [line for line in _accepted(answer).data if isinstance(line, bytearray)]
        return bytes(literals[0][:limit]) if literals else None

    async def _holds(self, folder: str, message_id: str) -> bool:
        """Tell whether a message is in a folder: by an earlier try, or by the server itself."""
        self._session.phase = Phase.SELECT
        _accepted(await self._ask("EXAMINE", folder))
        self._session.phase = Phase.FETCH
        wanted = "HEADER Message-ID " + quoted(message_id).decode("ascii")
        answer = await self._ask("SEARCH", wanted, prefix="UID")
        return bool(answer.ok and _numbers(answer.data))

    async def _sent_folder(self) -> str:
        """Return the folder for sent mail: by its attribute (RFC 6154), by name, or a new one."""
        if self._sent is None:
            self._session.phase = Phase.SELECT
            offers = self._session.dialogue.offers
            extended = offers("LIST-EXTENDED") and offers("SPECIAL-USE")
            wanted = ('""', '"*"', *(("RETURN (SPECIAL-USE)",) if extended else ()))
            answer = await self._ask("LIST", *wanted, budget=self._settings.list_bytes)
            known = folders_in(_listed(answer.data)) if answer.ok else {}
            found = known.get(FolderRole.SENT)
            self._sent = found.argument.decode("ascii") if found else await self._made()
        return self._sent

    async def _made(self) -> str:
        """Make the folder where the server wants folders to be (RFC 2342); a known one is fine."""
        prefix = ""
        if self._session.dialogue.offers("NAMESPACE"):
            answer = await self._ask("NAMESPACE")
            words = decoded(b" ".join(bytes(line) for line in answer.data))
            told = _PREFIX.search(words) if answer.ok else None
            prefix = re.sub(r"\\(.)", r"\1", told[1]) if told else ""
        if not prefix.isascii() or not prefix.isprintable():
            prefix = ""
        name = quoted(prefix + _SENT).decode("ascii")
        special = self._session.dialogue.offers("CREATE-SPECIAL-USE")
        made = await self._ask("CREATE", name, *(("(USE (\\Sent))",) if special else ()))
        if not made.ok and made.refusal.response_code != "ALREADYEXISTS":
            raise made.refusal
        await self._ask("SUBSCRIBE", name)  # many clients show nothing else
        return name

    async def _ask(
        self, name: str, *arguments: str, prefix: str | None = None, budget: int | None = None
    ) -> Answer:
        settings = self._settings
        return await self._protocol.ask(
            name,
            *arguments,
            prefix=prefix,
            seconds=settings.command_seconds,
            budget=settings.answer_bytes if budget is None else budget,
        )


def _accepted(answer: Answer) -> Answer:
    """Return an answer that is no refusal; raises DialogueFailed REPLY for one."""
    if not answer.ok:
        raise answer.refusal
    return answer


def _number(wanted: re.Pattern[bytes], answer: Answer) -> int | None:
    found = (wanted.search(line) for line in answer.lines)
    return next((int(each[1]) for each in found if each), None)


def _numbers(lines: Sequence[Line]) -> list[int]:
    words = (word for line in lines for word in bytes(line).split())
    return sorted({int(word) for word in words if word.isdigit() and len(word) <= 10})  # noqa: PLR2004 - digits of 2**32


def _listed(lines: Sequence[Line]) -> list[ImapResponse]:
    """Return the lines of LIST as responses; a name that is a literal follows its line."""
    found: list[ImapResponse] = []
    for line in lines:
        if isinstance(line, bytearray):
            if found:
                before = found.pop()
                pieces = (before.text.encode(), bytes(line), b"")
                found.append(ImapResponse("*", "LIST", before.text, pieces=pieces))
        else:
            found.append(ImapResponse("*", "LIST", decoded(line)))
    return found


def _moment(at: datetime) -> str:
    """Return a date-time (RFC 9051, section 9)."""
    utc = at.astimezone(UTC)
    return f'"{utc.day:02}-{_month(utc)}-{utc.year} {utc:%H:%M:%S} +0000"'


def _month(day: date) -> str:
    return _MONTHS[day.month * 3 :][:3]


def _identity(settings: PostboxSettings) -> bytes:
    """Return ID with our name (RFC 2971)."""
    names = settings.probe
    return f'ID ("name" "{names.client_name}" "version" "{names.client_version}")'.encode("ascii")


@contextmanager
def _told(session: Session[ImapDialogue]) -> Iterator[None]:
    """Translate failures at this point of a session."""
    try:
        yield
    except DialogueFailed as failed:
        reply = cut(tidy(failed.text)) if failed.from_server else ""
        raise PostboxFailed(session.observation(failed), reply) from failed


def _tls_first(session: Session[ImapDialogue]) -> DialogueFailed:
    session.phase = Phase.AUTH  # where a server would ask for it
    return DialogueFailed(Failure.REPLY, response_code="PRIVACYREQUIRED")  # RFC 5530
