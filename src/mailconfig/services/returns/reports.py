"""What reports change: recipients, messages, the suppression list; each report one unit of work.

Whatever comes twice changes nothing the second time. Must not: trust a report beyond what
`domain.returns.matching` says, or tell the log an address.
"""

import logging
from datetime import datetime
from uuid import UUID

import anyio.to_thread

from mailconfig.domain.clock import Now
from mailconfig.domain.ids import new_id
from mailconfig.domain.messages import Message, MessageEvent, RecipientState
from mailconfig.domain.returns import DeliveryReport, Report, Returned, matched, read_report
from mailconfig.domain.suppressions import Suppression
from mailconfig.storage.database import Database, Work
from mailconfig.storage.messages import Change

_log = logging.getLogger(__name__)

_BEFORE_BOUNCE = (RecipientState.ACCEPTED, RecipientState.AMBIGUOUS)
_BEFORE_COMPLAINT = (*_BEFORE_BOUNCE, RecipientState.BOUNCED)


class Reports:
    """Applies reports about messages that an account sent."""

    def __init__(self, database: Database, now: Now) -> None:
        self._database = database
        self._now = now

    async def apply(self, workspace_id: UUID, config_id: UUID, mail: bytes) -> bool:
        """Read a mail out of an account's INBOX; tell whether it changed anything.

        It changes nothing unless it is a report about a message of that account.
        """
        report = await anyio.to_thread.run_sync(read_report, mail)
        if report is None:
            return False
        async with self._database.work(workspace_id) as work:
            message = await _message(work, config_id, report)
            if message is None:
                return False
            returned = matched(report, message)
            if not returned.changed:
                return False
            await _store(work, message, returned)
            await _suppress(work, message, returned, self._now())
        kind = "delivery report" if isinstance(report, DeliveryReport) else "complaint"
        _log.info("%s about message %s was noted", kind, message.id)
        return True


async def _message(work: Work, config_id: UUID, report: Report) -> Message | None:
    """Return the message of this account that a report names."""
    for message_id in report.message_ids:
        found = await work.messages.find_by_header(message_id)
        if found is not None:
            message = await work.messages.get(found)
            if message.config_id == config_id:
                return message
    return None


async def _store(work: Work, message: Message, returned: Returned) -> None:
    change = Change(MessageEvent.BOUNCE, recipients=returned.recipients)
    if returned.bounced and await work.messages.apply(message.id, change):
        return
    # Others have it, or it is on its way to others still: only these recipients change.
    for one in returned.changed:
        complained = one.state is RecipientState.COMPLAINED
        before = _BEFORE_COMPLAINT if complained else _BEFORE_BOUNCE
        await work.messages.mark_recipient(message.id, one, before)


async def _suppress(work: Work, message: Message, returned: Returned, now: datetime) -> None:
    for address, reason in returned.suppressed:
        found = Suppression(new_id(), address, reason, message.id, now)
        await work.suppressions.add(found)
