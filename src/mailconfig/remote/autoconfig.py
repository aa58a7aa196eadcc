"""Asks a domain for its own clientConfig document (draft-ietf-mailmaint-autoconfig), by https only.

The draft also has http and look-ups by MX: the first can be forged by anybody on the way, the
second belongs to discovery's own order. Must not know how the document is read.
"""

import asyncio
from functools import partial
from typing import Final
from urllib.parse import quote

from mailconfig.domain.clock import Now
from mailconfig.domain.discovery import DiscoverySource, Finding, FindingStatus, Query
from mailconfig.domain.fetching import Fetcher
from mailconfig.remote.clientconfig import read_client_config
from mailconfig.remote.documents import Question, ask, sentences

_TELLING: Final = [
    FindingStatus.INVALID,
    FindingStatus.REFUSED,
    FindingStatus.TIMED_OUT,
    FindingStatus.NOTHING,
    FindingStatus.UNAVAILABLE,
]
"""Of two failures the first of these is told: the one that its operator can mend."""


class AutoconfigSource:
    """Asks both places at once; the first of the draft's order wins, whichever answers sooner."""

    kind = DiscoverySource.AUTOCONFIG

    def __init__(self, fetcher: Fetcher, now: Now) -> None:
        self._fetcher = fetcher
        self._now = now

    async def look(self, query: Query, seconds: float) -> Finding:
        """Ask; never raises for what strangers do, never later than `seconds`; cancellable."""
        async with asyncio.TaskGroup() as group:
            own, well_known = (
                group.create_task(ask(self._fetcher, each, seconds, self._now))
                for each in self._questions(query)
            )
            first = await own
            if first.status is FindingStatus.FOUND:
                well_known.cancel()
                return first
            second = await well_known
        return second if second.status is FindingStatus.FOUND else _nothing(first, second)

    def _questions(self, query: Query) -> tuple[Question, Question]:
        read = partial(read_client_config, query=query)
        # Dots stay as they are: some servers do not know them escaped.
        address = f"?emailaddress={quote(query.address, safe='')}" if query.address else ""
        own = f"https://autoconfig.{query.domain}/mail/config-v1.1.xml"
        well_known = f"https://{query.domain}/.well-known/autoconfig/mail/config-v1.1.xml"
        return Question(self.kind, own, read, address), Question(self.kind, well_known, read)


def _nothing(first: Finding, second: Finding) -> Finding:
    """Return one finding that tells of both."""
    telling = min(first, second, key=lambda each: _TELLING.index(each.status))
    return Finding(
        source=telling.source,
        status=telling.status,
        detail=sentences([first.detail, second.detail]),
        checked_at=telling.checked_at,
        secure=telling.secure,
        ttl_seconds=min(first.ttl_seconds, second.ttl_seconds),
        code=telling.code,
    )
