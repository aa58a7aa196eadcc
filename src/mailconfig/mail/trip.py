"""One round trip: a message of the account to itself, handed over, found, told of and removed.

    mailbox opened -> SUBMIT_MESSAGE -> FIND_MESSAGE: looked for, then every copy deleted

The mailbox is opened first: where that fails, nothing is sent that would stay behind. From the
moment that the server may have the message, a clean-up follows, whatever fails; it has a bound of
its own, and a connection of its own if the first one broke. A cancelled trip hangs up at once and
cleans nothing. Must not know the words of a protocol.
"""

import asyncio
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from typing import Final

from mailconfig.domain.arrivals import MessageFolder, RoundTrip
from mailconfig.domain.diagnostics import DiagnosticCode, Observation
from mailconfig.domain.probes import (
    ROUND_TRIP_STEPS,
    ProbeStep,
    Report,
    StepDetail,
    StepKind,
    StepStatus,
)
from mailconfig.domain.roundtrips import RoundTripRequest
from mailconfig.domain.servers import MailProtocol
from mailconfig.domain.text import cut, tidy
from mailconfig.egress import Egress
from mailconfig.mail.failures import DialogueFailed
from mailconfig.mail.finder import Arrival, Finder
from mailconfig.mail.folders import FolderRole
from mailconfig.mail.imap import ImapDialogue
from mailconfig.mail.letter import Letter
from mailconfig.mail.mailbox import Mailbox, Removal
from mailconfig.mail.roundtrip_limits import RoundTripSettings
from mailconfig.mail.sessions import Dialogue, Session, until
from mailconfig.mail.smtp import SmtpDialogue
from mailconfig.mail.submission import may_be_accepted, submit

Classify = Callable[[Observation], DiagnosticCode]
"""Names what an observation means; pure."""

_NAME_MAX_CHARACTERS: Final = 100
"""Of a folder's name; people know theirs by less."""
_DELIVERED: Final = (FolderRole.INBOX, FolderRole.JUNK, FolderRole.ALL)
"""Where a message comes to."""
_PROTOCOLS: Final = {kind: protocol for protocol, kind in ROUND_TRIP_STEPS}
"""Protocol of each step."""


class Trip:
    """One round trip; `run` is called once."""

    def __init__(
        self,
        request: RoundTripRequest,
        letter: Letter,
        *,
        egress: Egress,
        context: ssl.SSLContext,
        classify: Classify,
        settings: RoundTripSettings,
        report: Report,
        deadline: float,
    ) -> None:
        """`deadline` is in loop time."""
        self._request = request
        self._letter = letter
        self._egress = egress
        self._context = context
        self._classify = classify
        self._settings = settings
        self._report = report
        self._deadline = deadline
        self._clock = asyncio.get_running_loop().time
        self._incoming = self._session(MailProtocol.IMAP, ImapDialogue)
        self._outgoing = self._session(MailProtocol.SMTP, SmtpDialogue)
        self._mailbox = Mailbox(self._incoming, letter.message_id)
        self._accepted_at = 0.0
        self._result = RoundTrip(DiagnosticCode.OK, letter.message_id)

    async def run(self) -> RoundTrip:
        """Take both steps. Never raises for what servers do."""
        try:
            if await self._ready():
                await self._take_steps()
        finally:
            self._incoming.close()
            self._outgoing.close()
        return self._result

    async def _ready(self) -> bool:
        """Open the mailbox; where that fails, the trip is over before anything was sent."""
        started = self._clock()
        try:
            async with until(self._deadline):
                await self._open_mailbox()
        except DialogueFailed as failed:
            self._skip(StepKind.SUBMIT_MESSAGE)
            self._begin(StepKind.FIND_MESSAGE)
            self._fail(StepKind.FIND_MESSAGE, self._incoming, failed, started)
            return False
        return True

    async def _take_steps(self) -> None:
        accepted = await self._submit()
        if accepted is None:  # nobody knows: look for what came of it, and remove that
            self._skip(StepKind.FIND_MESSAGE)
            await self._clean_up(look_first=True)
        elif accepted:
            await self._find()
        else:
            self._skip(StepKind.FIND_MESSAGE)

    async def _submit(self) -> bool | None:
        """Hand the message over; tell whether the server has it, None where nobody knows."""
        started = self._begin(StepKind.SUBMIT_MESSAGE)
        try:
            async with until(self._deadline):
                await self._outgoing.open()
                reply = await submit(self._outgoing, self._letter, self._settings.data_seconds)
        except DialogueFailed as failed:
            self._fail(StepKind.SUBMIT_MESSAGE, self._outgoing, failed, started)
            return None if may_be_accepted(self._outgoing.phase, failed) else False
        self._accepted_at = self._clock()
        self._outgoing.leave()
        self._end(StepKind.SUBMIT_MESSAGE, StepStatus.PASSED, started, reply=reply)
        return True

    async def _find(self) -> None:
        """Look for the message until the deadline, then remove it; the step ends after that."""
        started = self._begin(StepKind.FIND_MESSAGE)
        try:
            arrival = await self._finder().arrival(self._deadline)
        except DialogueFailed as failed:
            session = self._incoming
            await self._clean_up(broken=True)
            self._fail(StepKind.FIND_MESSAGE, session, failed, started)
            return
        await self._clean_up()
        self._incoming.leave()
        self._tell(arrival, started)

    async def _clean_up(self, *, broken: bool = False, look_first: bool = False) -> None:
        """Delete every copy within the bound; a failure shows in `removed` only.

        Where the mailbox breaks off, or has, a second connection goes on; there is no third.
        """
        seconds = self._settings.cleanup_seconds
        now = min(self._clock(), self._deadline)  # no later than `seconds` after the deadline
        with suppress(DialogueFailed):
            async with until(now + seconds):
                if not broken:
                    with suppress(DialogueFailed):
                        await self._delete(now + seconds / 2 if look_first else None)
                        return
                await self._open_again()
                await self._delete(now + seconds / 2 if look_first else None)

    async def _delete(self, look_until: float | None) -> None:
        """Delete every copy, after looking for one up to a moment if it may still come."""
        if look_until is not None:
            await self._finder().arrival(look_until)
        removal = await self._removal()
        self._result = replace(self._result, removed=removal.is_complete)

    async def _removal(self) -> Removal:
        """Delete all copies; Trash comes last, since on some servers they go there first."""
        mailbox = self._mailbox
        sent = await mailbox.remove(FolderRole.SENT)
        rest = await mailbox.remove(*_DELIVERED, FolderRole.TRASH)
        if mailbox.knows(FolderRole.SENT) and not sent.found:
            await asyncio.sleep(self._settings.copy_seconds)
            sent = await mailbox.remove(FolderRole.SENT, FolderRole.TRASH)
        return sent + rest

    def _finder(self) -> Finder:
        return Finder(self._mailbox, self._settings, self._accepted_at)

    async def _open_mailbox(self) -> None:
        await self._incoming.open()
        await self._mailbox.open()

    async def _open_again(self) -> None:
        self._incoming.close()
        self._incoming = self._session(MailProtocol.IMAP, ImapDialogue)
        self._mailbox = Mailbox(self._incoming, self._letter.message_id, self._mailbox.traces)
        await self._open_mailbox()

    def _session(self, protocol: MailProtocol, kind: type[Dialogue]) -> Session[Dialogue]:
        is_imap = protocol is MailProtocol.IMAP
        return Session(
            self._request.incoming if is_imap else self._request.outgoing,
            kind,
            egress=self._egress,
            context=self._context,
            settings=self._settings.for_dialogues(),
        )

    def _tell(self, arrival: Arrival | None, started: float) -> None:
        """Settle the verdict of a search that came to its end, and report the step."""
        kind = StepKind.FIND_MESSAGE
        if arrival is None:
            self._result = replace(self._result, code=DiagnosticCode.ROUNDTRIP_LOST)
            self._end(kind, StepStatus.FAILED, started, code=DiagnosticCode.ROUNDTRIP_LOST)
            return
        spam = arrival.folder.role is FolderRole.JUNK
        code = DiagnosticCode.ROUNDTRIP_SPAM if spam else DiagnosticCode.OK
        settings, clean = self._settings, self._incoming.cleaner.clean
        results = islice(arrival.message.authentication_results, settings.results_max)
        self._result = replace(
            self._result,
            code=code,
            folder=MessageFolder(arrival.folder.role.value),
            folder_name=clean(arrival.folder.name, _NAME_MAX_CHARACTERS),
            seconds=arrival.seconds,
            authentication_results=tuple(
                clean(each, settings.result_characters) for each in results
            ),
        )
        if spam:
            self._end(kind, StepStatus.WARNING, started, code=code)
        else:
            self._end(kind, StepStatus.PASSED, started)

    def _begin(self, kind: StepKind) -> float:
        """Report a step as running and return when it began."""
        self._report(ProbeStep(_PROTOCOLS[kind], kind, StepStatus.RUNNING))
        return self._clock()

    def _skip(self, kind: StepKind) -> None:
        self._report(ProbeStep(_PROTOCOLS[kind], kind, StepStatus.SKIPPED))

    def _fail(
        self,
        kind: StepKind,
        session: Session[ImapDialogue] | Session[SmtpDialogue],
        failed: DialogueFailed,
        started: float,
    ) -> None:
        """Settle the verdict of a failure, and report the step."""
        observation = session.observation(failed)
        code = self._classify(observation)
        reply = cut(tidy(failed.text)) if failed.from_server else None
        self._result = replace(self._result, code=code, observation=observation, server_reply=reply)
        self._end(kind, StepStatus.FAILED, started, code=code, reply=reply)

    def _end(
        self,
        kind: StepKind,
        status: StepStatus,
        started: float,
        *,
        code: DiagnosticCode | None = None,
        reply: str | None = None,
    ) -> None:
        is_imap = _PROTOCOLS[kind] is MailProtocol.IMAP
        session = self._incoming if is_imap else self._outgoing
        port = (self._request.incoming if is_imap else self._request.outgoing).settings.port
        detail = StepDetail(address=session.address, port=port, server_reply=reply)
        milliseconds = round((self._clock() - started) * 1000)
        self._report(ProbeStep(_PROTOCOLS[kind], kind, status, milliseconds, detail, code))
