"""Asks a domain for its own clientConfig document (draft-ietf-mailmaint-autoconfig), by https only.

The draft also has http and look-ups by MX: the first can be forged by anybody on the way, the
second belongs to discovery's own order. Must not know how the document is read.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Final
from urllib.parse import quote

from mailconfig.domain.clock import Now
from mailconfig.domain.discovery import DiscoverySource, Finding, FindingStatus, Query
from mailconfig.domain.fetching import Fetcher
from mailconfig.domain.hosts import is_public_suffix
from mailconfig.domain.phrases import joined, phrase
from mailconfig.remote.clientconfig import read_client_config
from mailconfig.remote.documents import Question, ask

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
        questions = self._questions(query)
        async with asyncio.TaskGroup() as group:
            asked = [
                group.create_task(ask(self._fetcher, each, seconds, self._now))
                for each in questions
            ]
            findings = []
            for task in asked:
                findings.append(await task)
                if findings[-1].status is FindingStatus.FOUND:
                    for other in asked:
                        other.cancel()
                    return findings[-1]
        return _nothing(findings) if findings else self._unasked(query)

    def _questions(self, query: Query) -> tuple[Question, ...]:
        """Return what is asked, best first.

        Below a public suffix anybody may have the name "autoconfig", and a name of one label means
        a machine of this network: neither has the word of the address's operator.
        """
        if "." not in query.domain:
            return ()
        read = partial(read_client_config, query=query)
        # Dots stay as they are: some servers do not know them escaped.
        address = f"?emailaddress={quote(query.address, safe='')}" if query.address else ""
        own = f"https://autoconfig.{query.domain}/mail/config-v1.1.xml"
        path = f"https://{query.domain}/.well-known/autoconfig/mail/config-v1.1.xml"
        well_known = Question(self.kind, path, read)
        if is_public_suffix(query.domain):
            return (well_known,)
        return Question(self.kind, own, read, address), well_known

    def _unasked(self, query: Query) -> Finding:
        detail = phrase("There is nothing at {url}.", url=f"https://{query.domain}")
        return Finding(self.kind, FindingStatus.NOTHING, detail, self._now())


def _nothing(findings: Sequence[Finding]) -> Finding:
    """Return one finding that tells of all."""
    telling = min(findings, key=lambda each: _TELLING.index(each.status))
    return replace(
        telling,
        detail=joined(*(each.detail for each in findings)),
        ttl_seconds=min(each.ttl_seconds for each in findings),
    )
