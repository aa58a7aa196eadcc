"""Fetching small documents from strangers over HTTPS: the Protocol and its ways to fail."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


class FetchFailed(Exception):
    """No document. Its leaves tell why; the text is for logs and evidence, it holds no secret."""


class FetchRefused(FetchFailed):
    """Egress does not allow the target, or a redirect left https or went on too long."""


class FetchUnreachable(FetchFailed):
    """No name, no connection, or the connection was cut."""


class FetchUntrusted(FetchFailed):
    """The certificate was refused, or the handshake failed."""


class FetchTimeout(FetchFailed):
    """No complete answer in time."""


class FetchTooLarge(FetchFailed):
    """More bytes than allowed; nothing of it is used."""


class FetchBroken(FetchFailed):
    """The answer is not HTTP."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A complete answer."""

    url: str
    """Where it came from in the end."""
    status: int
    """HTTP status code (RFC 9110, section 15)."""
    content_type: str
    """Lower case, without parameters; empty when none was sent."""
    body: bytes
    headers: Mapping[str, str]
    """Names in lower case."""
    max_age_seconds: int | None = None
    """How long it may be cached (RFC 9111), None when the answer does not say."""


class Poster(Protocol):
    """Sends forms through egress, under the same rules as a Fetcher; follows no redirect."""

    async def post(
        self, url: str, form: Mapping[str, str], *, seconds: float, max_bytes: int
    ) -> Fetched:
        """Return the answer to a form (application/x-www-form-urlencoded), whatever its status.

        Raises as `Fetcher.get`. What the form holds is in no error and no log.
        """
        ...


class Fetcher(Protocol):
    """Fetches documents through egress: https only, checked addresses, verified names."""

    async def get(self, url: str, *, seconds: float, max_bytes: int, redirects: int = 3) -> Fetched:
        """Return the answer of a GET, whatever its status, after at most that many redirects.

        A redirect is followed to https on an allowed port only, each hop through egress. Raises
        leaves of FetchFailed; never later than `seconds`; cancellation closes the connection.
        """
        ...
