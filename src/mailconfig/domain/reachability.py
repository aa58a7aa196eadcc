"""Which ports of a host answer from this machine: values and the Protocol that finds out."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

MATRIX_PORTS: Final = (25, 465, 587, 2525, 143, 993)
"""Ports of submission and IMAP that people use, in the order in which they are shown."""


class IpVersion(StrEnum):
    """Family of an address."""

    IPV4 = "IPV4"
    """RFC 791."""
    IPV6 = "IPV6"
    """RFC 8200."""


class PortState(StrEnum):
    """What happened when a port was dialled."""

    OPEN = "OPEN"
    """TCP connected; nothing was said."""
    REFUSED = "REFUSED"
    """The machine answers, nothing listens."""
    SILENT = "SILENT"
    """No answer in time: a firewall, here or there."""
    UNREACHABLE = "UNREACHABLE"
    """No route from here."""
    NO_ADDRESS = "NO_ADDRESS"
    """The host has no address of this family."""
    NOT_ALLOWED = "NOT_ALLOWED"
    """The operator does not allow this port; it was not dialled."""


@dataclass(frozen=True, slots=True)
class PortReach:
    """One cell of the port matrix."""

    port: int
    version: IpVersion
    state: PortState
    duration_ms: int | None = None
    """Until the answer; None where nothing was dialled."""


class PortScout(Protocol):
    """Dials ports of one host without saying a word."""

    async def scout(self, host: str, seconds: float) -> tuple[PortReach, ...]:
        """Dial MATRIX_PORTS in both families side by side; empty if the name gives no address.

        Never raises for what the network does; ends within `seconds` plus half a second. A host
        that egress refuses gives an empty tuple, like a name without an address.
        """
        ...
