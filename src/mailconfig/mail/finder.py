"""Looking for the message again and again until it arrives or time is up.

Must not change anything in the mailbox.
"""

import asyncio
from dataclasses import dataclass
from typing import Final

from mailconfig.mail.folders import Folder, FolderRole
from mailconfig.mail.mailbox import FoundMessage, Mailbox
from mailconfig.mail.roundtrip_limits import RoundTripSettings
from mailconfig.mail.sessions import until

_PAUSE_GROWTH: Final = 1.5
"""Each pause is this much longer than the one before."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """Where and when the message was seen."""

    folder: Folder
    message: FoundMessage
    seconds: float
    """Since the outgoing server had taken it."""


class Finder:
    """Looks into INBOX, Junk and All Mail in turn."""

    def __init__(self, mailbox: Mailbox, settings: RoundTripSettings, accepted_at: float) -> None:
        """`accepted_at` is in loop time."""
        self._mailbox = mailbox
        self._settings = settings
        self._accepted_at = accepted_at
        self._clock = asyncio.get_running_loop().time

    async def arrival(self, end: float) -> Arrival | None:
        """Look until `end`, in loop time; at least once. Returns None when time is up.

        What is only in All Mail may still be on its way to the inbox, so it gets some time; and
        where it is also in Sent, it may be the sender's own copy, which proves nothing. Raises
        DialogueFailed.
        """
        pause = self._settings.first_pause_seconds
        in_all: Arrival | None = None
        while True:
            arrival = await self._delivered(end)
            if arrival:
                return arrival
            in_all = in_all or await self._look(FolderRole.ALL, end)
            if self._clock() + pause >= self._last_look(end, in_all):
                break
            await asyncio.sleep(pause)
            pause = min(pause * _PAUSE_GROWTH, self._settings.longest_pause_seconds)
        if in_all is None or await self._look(FolderRole.SENT, end):
            return None
        return in_all

    def _last_look(self, end: float, in_all: Arrival | None) -> float:
        if in_all is None:
            return end
        seen_at = self._accepted_at + in_all.seconds
        return min(end, seen_at + self._settings.all_mail_seconds)

    async def _delivered(self, end: float) -> Arrival | None:
        inbox = await self._look(FolderRole.INBOX, end)
        return inbox or await self._look(FolderRole.JUNK, end)

    async def _look(self, role: FolderRole, end: float) -> Arrival | None:
        last = end + self._settings.overrun_seconds
        bound = self._clock() + self._settings.probe.command_seconds
        async with until(min(bound, last)):
            seen = await self._mailbox.look(role)
        if seen is None:
            return None
        folder, message = seen
        return Arrival(folder, message, round(self._clock() - self._accepted_at, 3))
