"""Asks Thunderbird's public database for a domain; only where the operator allows it.

The database learns which domains are asked for and from where, so it is off unless a setting turns
it on. Must never send an address, or anything else than the domain.
"""

from functools import partial

from mailconfig.domain.clock import Now
from mailconfig.domain.discovery import DiscoverySource, Finding, Query
from mailconfig.domain.fetching import Fetcher
from mailconfig.remote.clientconfig import read_client_config
from mailconfig.remote.documents import Question, ask


class IspdbSource:
    """Asks for `<base URL>/<domain>`."""

    kind = DiscoverySource.ISPDB

    def __init__(self, fetcher: Fetcher, now: Now, base_url: str) -> None:
        self._fetcher = fetcher
        self._now = now
        self._base_url = base_url.rstrip("/")

    async def look(self, query: Query, seconds: float) -> Finding:
        """Ask; never raises for what strangers do, never later than `seconds`; cancellable."""
        url = f"{self._base_url}/{query.domain}"
        question = Question(self.kind, url, partial(read_client_config, query=query))
        return await ask(self._fetcher, question, seconds, self._now)
