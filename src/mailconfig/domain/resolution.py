"""Looking names up: the Protocol that egress relies on and its three ways to fail."""

from ipaddress import IPv4Address, IPv6Address
from typing import Protocol

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
