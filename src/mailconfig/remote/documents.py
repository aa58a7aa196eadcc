"""One document of a source: asked for, judged by its status, read, and told as a finding.

The sources say which URL and how it is read. Must not raise for anything that a stranger does, and
must not show the address that was asked about: evidence holds URLs without their query.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Final

from mailconfig.domain.clock import Now
from mailconfig.domain.diagnostics.codes import DiagnosticCode
from mailconfig.domain.discovery import DiscoverySource, Finding, FindingStatus, Proposal
from mailconfig.domain.fetching import (
    FetchBroken,
    Fetched,
    Fetcher,
    FetchFailed,
    FetchRefused,
    FetchTimeout,
    FetchTooLarge,
    FetchUnreachable,
    FetchUntrusted,
)
from mailconfig.domain.phrases import N_, joined, phrase

DOCUMENT_MAX_BYTES: Final = 64 * 1024
"""Largest document; the longest of the public database has about 10 kB."""
_TTL_MIN_SECONDS: Final = 300
"""A finding holds at least this long: nobody changes servers faster, and asking costs others."""
_TTL_MAX_SECONDS: Final = 24 * 3600
"""A finding holds at most a day, whatever its server allows: a mistake must heal."""
_FAILURE_TTL_SECONDS: Final = 60
"""Silence and failures may be over soon."""
_MARGIN_SECONDS: Final = 0.1
"""Kept of a source's time for hanging up and reading."""
_LEFT_OUT_TOLD: Final = 3
"""Servers that were left out and that evidence names; a document may hold hundreds."""
_TEMPORARY: Final = frozenset(
    {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}
)
"""Refusals (4xx) that say nothing about whether there is a document."""


class DocumentInvalid(Exception):
    """The document is nonsense; `reason` is a sentence for people."""

    def __init__(self, reason: str, code: DiagnosticCode | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code


@dataclass(frozen=True, slots=True)
class Reading:
    """What a document says."""

    proposal: Proposal
    left_out: tuple[str, ...] = ()
    """A sentence for each server that is of no use."""


@dataclass(frozen=True, slots=True)
class Question:
    """A document to ask for."""

    source: DiscoverySource
    url: str
    """Without a query: this one is shown."""
    read: Callable[[bytes], Reading]
    """Reads the body; raises DocumentInvalid."""
    query: str = ""
    """What is sent behind the URL, with its question mark."""


async def ask(fetcher: Fetcher, question: Question, seconds: float, now: Now) -> Finding:
    """Ask for a document and tell what became of it, before `seconds` are over."""
    left = max(seconds - _MARGIN_SECONDS, seconds / 2)
    try:
        fetched = await fetcher.get(
            question.url + question.query, seconds=left, max_bytes=DOCUMENT_MAX_BYTES
        )
    except FetchFailed as error:
        status, template = _FAILURES[type(error)]
        detail = phrase(template, url=question.url)
        return _failed(question, status, detail, now())
    return _judged(question, fetched, now())


_FAILURES: Final[dict[type[FetchFailed], tuple[FindingStatus, str]]] = {
    FetchRefused: (
        FindingStatus.REFUSED,
        N_("{url} was not asked: its address or a redirect is not allowed."),
    ),
    FetchUnreachable: (FindingStatus.UNAVAILABLE, N_("{url} cannot be reached.")),
    FetchUntrusted: (
        FindingStatus.UNAVAILABLE,
        N_("The server of {url} has no valid certificate."),
    ),
    FetchTimeout: (FindingStatus.TIMED_OUT, N_("{url} did not answer in time.")),
    FetchTooLarge: (FindingStatus.INVALID, N_("{url} sent too much data.")),
    FetchBroken: (FindingStatus.INVALID, N_("The answer of {url} is not valid HTTP.")),
}


def _failed(question: Question, status: FindingStatus, detail: str, at: datetime) -> Finding:
    return Finding(question.source, status, detail, at, ttl_seconds=_FAILURE_TTL_SECONDS)


def _judged(question: Question, fetched: Fetched, at: datetime) -> Finding:
    if fetched.status == HTTPStatus.OK:
        return _read(question, fetched, at)
    if 400 <= fetched.status < 500 and fetched.status not in _TEMPORARY:  # noqa: PLR2004 - RFC 9110
        detail = phrase("There is nothing at {url}.", url=question.url)
        return _answered(question, fetched, FindingStatus.NOTHING, detail, at)
    detail = phrase(
        "{url} answered with the HTTP status {status}.", url=question.url, status=fetched.status
    )
    return _failed(question, FindingStatus.UNAVAILABLE, detail, at)


def _read(question: Question, fetched: Fetched, at: datetime) -> Finding:
    try:
        reading = question.read(fetched.body)
    except DocumentInvalid as error:
        detail = joined(phrase("{url} was not understood.", url=question.url), error.reason)
        return _answered(question, fetched, FindingStatus.INVALID, detail, at, code=error.code)
    status, told = _told(question.url, reading)
    found = reading.proposal if status is FindingStatus.FOUND else None
    return _answered(question, fetched, status, told, at, proposal=found)


def _told(url: str, reading: Reading) -> tuple[FindingStatus, str]:
    proposal = reading.proposal
    if proposal.incoming or proposal.outgoing:
        named = phrase("{url} names servers.", url=url)
        return FindingStatus.FOUND, joined(named, *reading.left_out[:_LEFT_OUT_TOLD])
    if reading.left_out:
        useless = phrase("{url} names no server that can be used.", url=url)
        return FindingStatus.INVALID, joined(useless, *reading.left_out[:_LEFT_OUT_TOLD])
    return FindingStatus.NOTHING, phrase("{url} names no IMAP and no SMTP server.", url=url)


def _answered(
    question: Question,
    fetched: Fetched,
    status: FindingStatus,
    detail: str,
    at: datetime,
    *,
    proposal: Proposal | None = None,
    code: DiagnosticCode | None = None,
) -> Finding:
    """Return the finding of a document that came over HTTPS; it holds as long as HTTP says."""
    return Finding(
        source=question.source,
        status=status,
        detail=detail,
        checked_at=at,
        secure=True,
        ttl_seconds=min(max(fetched.max_age_seconds or 0, _TTL_MIN_SECONDS), _TTL_MAX_SECONDS),
        proposal=proposal,
        code=code,
    )
