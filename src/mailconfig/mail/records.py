"""Asks the DNS for MX, SRV, TXT and CNAME records: by given servers, or by the system's.

Implements `domain.resolution.Records`. Every look-up ends in time and can be cancelled. Answers
come from strangers: records whose names are no plain host names are left out, texts are handed on
as they are. Must not follow what a record names, and must not look addresses up, which is
`mail.resolver`'s part.
"""

import asyncio
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final, TypeVar, cast

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rdata
import dns.resolver
from dns.rdtypes.ANY.CNAME import CNAME
from dns.rdtypes.ANY.MX import MX
from dns.rdtypes.ANY.TXT import TXT
from dns.rdtypes.IN.SRV import SRV

from mailconfig.domain.resolution import (
    Answer,
    MxRecord,
    NameNotFound,
    NameTemporary,
    Records,
    SrvRecord,
)
from mailconfig.domain.text import decoded
from mailconfig.mail.memory import Memory
from mailconfig.mail.resolver import SYSTEM_SERVERS, ResolverSettings, dns_client

_NAME: Final = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*")
"""Names that are asked for and handed on: host names (RFC 1123, section 2.1) and, as services have
them, underscores (RFC 8552).
"""
_UDP_BYTES: Final = 1232
"""Largest answer by UDP, safe from fragments (RFC 9715, section 3.1); longer ones come by TCP."""
_RECORDS_MAX: Final = 200
"""Records taken of one answer. Large companies have about 100 texts at their domain."""
_KEPT_BYTES_MAX: Final = 16 * 1024
"""Size of an answer that is remembered: a memory of 1024 of them stays below 16 MiB."""

RecordT = TypeVar("RecordT", MxRecord, SrvRecord, str)
_Read = Callable[[dns.rdata.Rdata], RecordT | None]
"""Turns the data of a record into ours; None for one of no use."""


def create_records(settings: ResolverSettings, resolv_conf: Path = SYSTEM_SERVERS) -> Records:
    """Return what asks the settings' DNS servers, else those of the system."""
    return DnsRecords(settings, resolv_conf)


@dataclass(frozen=True, slots=True)
class _Known:
    """What is remembered about a name and type."""

    answer: Answer[MxRecord] | Answer[SrvRecord] | Answer[str] | None
    """None: the name does not exist."""


class DnsRecords:
    """Asks DNS servers and remembers what they say for as long as it holds."""

    def __init__(
        self,
        settings: ResolverSettings,
        resolv_conf: Path = SYSTEM_SERVERS,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._memory: Memory[tuple[str, str], _Known] = Memory(settings.cache_entries, clock)
        self._client = dns_client(settings, resolv_conf)
        self._client.use_edns(0, 0, _UDP_BYTES)
        if settings.trust_ad:  # asks for the bit in the answer (RFC 6840, section 5.7)
            self._client.flags = dns.flags.RD | dns.flags.AD

    async def mx(self, name: str) -> Answer[MxRecord]:
        """Return the mail exchangers (RFC 5321, section 5.1), lowest preference value first.

        Raises NameNotFound or NameTemporary.
        """
        return await self._look_up(name, "MX", _mx, lambda each: (each.preference, each.host))

    async def srv(self, name: str) -> Answer[SrvRecord]:
        """Return the servers of a service (RFC 2782), lowest priority, then highest weight first.

        Raises NameNotFound or NameTemporary.
        """
        return await self._look_up(
            name, "SRV", _srv, lambda each: (each.priority, -each.weight, each.target, each.port)
        )

    async def txt(self, name: str) -> Answer[str]:
        """Return the texts, the strings of each joined (RFC 7208, section 3.3), in any order.

        Raises NameNotFound or NameTemporary. Nothing is removed from what a stranger wrote.
        """
        return await self._look_up(name, "TXT", _txt, str)

    async def cname(self, name: str) -> Answer[str]:
        """Return the name that this one is an alias of (RFC 1034, section 3.6.2).

        Raises NameNotFound or NameTemporary.
        """
        return await self._look_up(name, "CNAME", _cname, str)

    async def _look_up(
        self, name: str, kind: str, read: _Read[RecordT], order: Callable[[RecordT], object]
    ) -> Answer[RecordT]:
        known = self._recalled(name, kind)
        if known is None:
            known = await self._asked(name, kind, partial(_answered, read=read, order=order))
        if known.answer is None:
            raise NameNotFound(name)
        return cast("Answer[RecordT]", known.answer)

    def _recalled(self, name: str, kind: str) -> _Known | None:
        """Return what is remembered, with the time that is left of it."""
        found = self._memory.recall((name, kind))
        if found is None:
            return None
        known, seconds = found
        if known.answer is None:
            return known
        return _Known(
            replace(known.answer, ttl_seconds=min(known.answer.ttl_seconds, int(seconds)))
        )

    async def _asked(
        self, name: str, kind: str, answered: Callable[[dns.resolver.Answer], Answer[RecordT]]
    ) -> _Known:
        """Ask, and remember the answer for the shorter of its TTL and our longest time."""
        try:
            found = await self._resolved(name, kind)
        except dns.resolver.NXDOMAIN as denial:
            known = _Known(None)
            seconds = min(_negative_seconds(denial), self._settings.records_negative_seconds)
        else:
            answer = answered(found)
            secure = self._settings.trust_ad and bool(found.response.flags & dns.flags.AD)
            known = _Known(replace(answer, secure=secure))
            seconds = self._kept_seconds(answer, found)
        self._memory.keep((name, kind), known, seconds)
        return known

    async def _resolved(self, name: str, kind: str) -> dns.resolver.Answer:
        """Ask the servers. Raises NXDOMAIN, NameNotFound for what cannot be a name, NameTemporary.

        SERVFAIL, REFUSED, silence, a loop of aliases, broken answers and servers that cannot be
        reached are temporary.
        """
        try:
            async with asyncio.timeout(self._settings.timeout_seconds):
                return await self._client.resolve(
                    _absolute(name), kind, raise_on_no_answer=False, search=False
                )
        except dns.resolver.NXDOMAIN:
            raise
        except (dns.exception.DNSException, TimeoutError) as error:
            raise NameTemporary(name) from error

    def _kept_seconds(self, answer: Answer[RecordT], found: dns.resolver.Answer) -> float:
        if len(found.response.wire or b"") > _KEPT_BYTES_MAX:
            return 0.0
        limits = self._settings
        longest = limits.records_seconds if answer.records else limits.records_negative_seconds
        return min(answer.ttl_seconds, longest)


def _absolute(name: str) -> dns.name.Name:
    """Return the name for the wire; raises NameNotFound for one that cannot exist."""
    if not _NAME.fullmatch(name):
        raise NameNotFound(name)
    try:
        return dns.name.from_text(name)
    except dns.exception.DNSException as error:  # a label or name too long to exist
        raise NameNotFound(name) from error


def _negative_seconds(denial: dns.resolver.NXDOMAIN) -> int:
    """Return how long a denial holds: the minimum of the zone's SOA (RFC 2308, section 5)."""
    responses = cast("dict[dns.name.Name, dns.message.QueryMessage]", denial.kwargs["responses"])
    return min(each.resolve_chaining().minimum_ttl for each in responses.values())


def _answered(
    found: dns.resolver.Answer, read: _Read[RecordT], order: Callable[[RecordT], object]
) -> Answer[RecordT]:
    """Return the records of an answer in order; none where the name has none of the type."""
    taken = [read(data) for data in list(found)[:_RECORDS_MAX]]
    records = sorted((each for each in taken if each is not None), key=order)  # type: ignore[arg-type]  # tuples and texts compare
    return Answer(tuple(records), found.chaining_result.minimum_ttl)


def _plain(name: dns.name.Name) -> str | None:
    """Return a name in lower case without its last dot, "" for the root, None for an odd one."""
    if name == dns.name.root:
        return ""
    text = name.to_text(omit_final_dot=True).lower()
    return text if _NAME.fullmatch(text) else None


def _mx(data: dns.rdata.Rdata) -> MxRecord | None:
    mx = cast("MX", data)
    host = _plain(mx.exchange)  # the root is a null MX (RFC 7505)
    return None if host is None else MxRecord(mx.preference, host)


def _srv(data: dns.rdata.Rdata) -> SrvRecord | None:
    srv = cast("SRV", data)
    target = _plain(srv.target)  # the root says: decidedly not available (RFC 2782)
    return None if target is None else SrvRecord(srv.priority, srv.weight, srv.port, target)


def _txt(data: dns.rdata.Rdata) -> str:
    return decoded(b"".join(cast("TXT", data).strings))


def _cname(data: dns.rdata.Rdata) -> str | None:
    return _plain(cast("CNAME", data).target)
