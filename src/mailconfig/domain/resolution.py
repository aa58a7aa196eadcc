"""Looking names up: the Protocols that egress and discovery rely on and the ways to fail."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Generic, Protocol, TypeVar

IPAddress = IPv4Address | IPv6Address


class ResolutionError(Exception):
    """A name gave no address. Leaves: NameNotFound, NameWithoutAddress, NameTemporary."""


class NameNotFound(ResolutionError):
    """The name does not exist (NXDOMAIN)."""


class NameWithoutAddress(ResolutionError):
    """The name exists but has no A or AAAA record."""


class NameTemporary(ResolutionError):
    """No answer in time, SERVFAIL, or no DNS server reachable."""


class Resolver(Protocol):
    """Finds the addresses of a host name."""

    async def addresses(self, host: str) -> tuple[IPAddress, ...]:
        """Return all addresses of a lower-case ASCII name, in order of preference.

        Raises NameNotFound, NameWithoutAddress or NameTemporary. Bounded in time and cancellable.
        """
        ...


@dataclass(frozen=True, slots=True)
class MxRecord:
    """A mail exchanger (RFC 5321, section 5.1)."""

    preference: int
    """Lower is tried first."""
    host: str
    """Lower case, without the final dot; empty for a null MX (RFC 7505)."""


@dataclass(frozen=True, slots=True)
class SrvRecord:
    """Where a service is (RFC 2782)."""

    priority: int
    """Lower is tried first."""
    weight: int
    """Share among equals."""
    port: int
    target: str
    """Lower case, without the final dot; empty for ".", which says: no such service here."""


RecordT = TypeVar("RecordT")


@dataclass(frozen=True, slots=True)
class Answer(Generic[RecordT]):
    """What the DNS says about a name; without records if the name exists and has none."""

    records: tuple[RecordT, ...]
    ttl_seconds: int
    """The shortest of the chain, also for an empty answer (RFC 2308)."""
    secure: bool = False
    """Whether the resolver vouches for it by DNSSEC (the AD bit of a trusted resolver)."""


class Records(Protocol):
    """Asks the DNS for records beside addresses.

    Names are lower-case ASCII. Every method raises NameNotFound or NameTemporary, is bounded in
    time and cancellable; an existing name without such records is an empty answer.
    """

    async def mx(self, name: str) -> Answer[MxRecord]:
        """Return the mail exchangers, lowest preference value first."""
        ...

    async def srv(self, name: str) -> Answer[SrvRecord]:
        """Return the servers of a service, lowest priority first, then highest weight."""
        ...

    async def txt(self, name: str) -> Answer[str]:
        """Return the texts, the strings of each joined (RFC 7208, section 3.3)."""
        ...

    async def cname(self, name: str) -> Answer[str]:
        """Return the name that this one is an alias of, lower case, without the final dot."""
        ...
