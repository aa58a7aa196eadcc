"""Fakes for discovery: a DNS of a few names, sources with an answer each, a prober that knocks.

    records = FakeRecords()
    records.answer_mx("example.test", "mx.example.test")
    service = discovery(records, [FakeSource(PACC, found("imap.example.test"))])

Times are real but short; nothing is dialled.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from uuid import UUID

from kit.drafts import shipped
from mailconfig.domain.catalogue import Catalogue
from mailconfig.domain.diagnostics import DiagnosticCode
from mailconfig.domain.discovery import (
    DiscoverySource,
    Finding,
    FindingStatus,
    FoundServer,
    Proposal,
    Query,
    Source,
)
from mailconfig.domain.identity import Channel, Principal, Role
from mailconfig.domain.probes import ProbeRequest, ProtocolOutcome, Report
from mailconfig.domain.resolution import (
    Answer,
    MxRecord,
    NameNotFound,
    NameTemporary,
    SrvRecord,
)
from mailconfig.domain.servers import MailProtocol, TransportSecurity
from mailconfig.services.discovery import DiscoveryService, DiscoverySettings, Outside
from mailconfig.storage.limiter import MemoryLimiter

IMAP, SMTP = MailProtocol.IMAP, MailProtocol.SMTP
TLS, STARTTLS = TransportSecurity.TLS, TransportSecurity.STARTTLS
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
DOMAIN = "example.test"
T = TypeVar("T")


def server(
    host: str,
    protocol: MailProtocol = IMAP,
    port: int | None = None,
    security: TransportSecurity = TLS,
    username: str | None = None,
) -> FoundServer:
    """Return a server on its usual port with TLS."""
    usual = {IMAP: 993, SMTP: 465}[protocol]
    return FoundServer(protocol, host, port or usual, security, username)


def pair(imap: str = "imap.example.test", smtp: str = "smtp.example.test") -> Proposal:
    """Return a proposal of one server each; an empty name leaves one out."""
    incoming = (server(imap),) if imap else ()
    return Proposal(incoming, (server(smtp, SMTP),) if smtp else ())


def finding(
    source: DiscoverySource,
    proposal: Proposal | None = None,
    *,
    status: FindingStatus | None = None,
    secure: bool = True,
    ttl_seconds: int = 300,
    code: DiagnosticCode | None = None,
    provider_id: str | None = None,
) -> Finding:
    """Return a finding: FOUND with a proposal, NOTHING without."""
    said = status or (FindingStatus.FOUND if proposal else FindingStatus.NOTHING)
    return Finding(
        source, said, f"{source} says.", NOW, secure, ttl_seconds, proposal, code, provider_id
    )


@dataclass
class FakeSource:
    """A source that answers with one finding, after a time, or breaks."""

    answer: Finding
    seconds: float = 0
    error: Exception | None = None
    queries: list[Query] = field(default_factory=list)
    cancelled: int = 0
    ended: int = 0
    stopped: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when it was cancelled."""

    @property
    def kind(self) -> DiscoverySource:
        """Which source it plays."""
        return self.answer.source

    async def look(self, query: Query, _seconds: float) -> Finding:
        """Answer, whatever time it was given."""
        self.queries.append(query)
        try:
            await asyncio.sleep(self.seconds)
        except asyncio.CancelledError:
            self.cancelled += 1
            self.stopped.set()
            raise
        if self.error is not None:
            raise self.error
        self.ended += 1
        return self.answer


class FakeRecords:
    """A DNS in which only what a test put in exists."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.seconds: dict[str, float] = {}
        """Name -> how long every answer about it takes."""
        self._answers: defaultdict[str, dict[str, object]] = defaultdict(dict)

    def answer_mx(self, name: str, *hosts: str, secure: bool = False, ttl: int = 600) -> None:
        """Let a domain have these exchangers, best first; one empty name is a null MX."""
        records = tuple(MxRecord(10 * place, host) for place, host in enumerate(hosts, 1))
        self._answers["MX"][name] = Answer(records, ttl, secure)

    def answer_srv(
        self, name: str, *records: tuple[int, int, int, str], secure: bool = False, ttl: int = 600
    ) -> None:
        """Let a service have these records: priority, weight, port, target."""
        made = tuple(SrvRecord(*record) for record in records)
        self._answers["SRV"][name] = Answer(made, ttl, secure)

    def answer_text(self, kind: str, name: str, *texts: str, ttl: int = 600) -> None:
        """Let a name have TXT records, or a CNAME."""
        self._answers[kind][name] = Answer(texts, ttl)

    def fail(self, kind: str, name: str) -> None:
        """Let a look-up fail for the moment."""
        self._answers[kind][name] = NameTemporary(name)

    async def mx(self, name: str) -> Answer[MxRecord]:
        """Answer as `domain.resolution.Records` says."""
        return await self._answer("MX", name)

    async def srv(self, name: str) -> Answer[SrvRecord]:
        """Likewise."""
        return await self._answer("SRV", name)

    async def txt(self, name: str) -> Answer[str]:
        """Likewise."""
        return await self._answer("TXT", name)

    async def cname(self, name: str) -> Answer[str]:
        """Likewise."""
        return await self._answer("CNAME", name)

    async def _answer(self, kind: str, name: str) -> Answer[T]:
        self.asked.append((kind, name))
        await asyncio.sleep(self.seconds.get(name, 0))
        found = self._answers[kind].get(name, NameNotFound(name))
        if isinstance(found, Exception):
            raise found
        return found


@dataclass
class FakeKnocks:
    """A prober whose servers answer if they are in the table, after the time that stands there."""

    answering: Mapping[tuple[str, int], float] = field(default_factory=dict)
    silent_seconds: float = 0
    """How long the others take to fail."""
    requests: list[ProbeRequest] = field(default_factory=list)

    async def probe(self, request: ProbeRequest, _report: Report) -> tuple[ProtocolOutcome, ...]:
        """Answer for the one server of the request."""
        self.requests.append(request)
        (target,) = request.targets
        place = (target.settings.host, target.settings.port)
        await asyncio.sleep(self.answering.get(place, self.silent_seconds))
        well = place in self.answering
        code = DiagnosticCode.OK if well else DiagnosticCode.CERT_NAME_MISMATCH
        return (ProtocolOutcome(target.settings.protocol, code),)

    @property
    def places(self) -> list[tuple[str, int]]:
        """Hosts and ports that were knocked at, in order."""
        return [
            (target.settings.host, target.settings.port)
            for request in self.requests
            for target in request.targets
        ]


@dataclass
class Clock:
    """A clock that stands until it is moved."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        """Return its time."""
        return self.now

    def advance(self, seconds: float) -> None:
        """Move it."""
        self.now += timedelta(seconds=seconds)


def principal(number: int = 1, role: Role = Role.VIEWER) -> Principal:
    """Return a signed-in person."""
    return Principal(UUID(int=number), UUID(int=9), role, None, Channel.BEARER, "ann@example.org")


@asynccontextmanager
async def discovering(
    records: FakeRecords | None = None,
    sources: Iterable[Source] = (),
    prober: FakeKnocks | None = None,
    *,
    settings: DiscoverySettings | None = None,
    clock: Clock | None = None,
    catalogue: Catalogue | None = None,
) -> AsyncIterator[DiscoveryService]:
    """Run a service on fakes; the domain of the tests exists unless records say otherwise."""
    known = records
    if known is None:
        known = FakeRecords()
        known.answer_mx(DOMAIN, f"mx.{DOMAIN}")
    service = DiscoveryService(
        catalogue or shipped(),
        Outside(known, tuple(sources)),
        prober or FakeKnocks(),
        MemoryLimiter(),
        settings or DiscoverySettings(),
        clock or Clock(),
    )
    async with service.running():
        yield service


def lowered(finding_: Finding, seconds: int) -> Finding:
    """Return the finding with another time to live."""
    return replace(finding_, ttl_seconds=seconds)


def hosts(proposals: Sequence[FoundServer | None]) -> list[str | None]:
    """Return the hosts of servers, None for none."""
    return [item.host if item is not None else None for item in proposals]
