"""What a fix may be made of, and the shape of a proposal. Pure."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from mailconfig.domain.diagnostics.values import Observation, ServerPatch
from mailconfig.domain.providers import Provider
from mailconfig.domain.secrets import SecretKind
from mailconfig.domain.servers import MailProtocol, ServerSettings

SameSite = Callable[[str, str], bool]
"""Tells whether two hosts belong to one site, so that a secret may go from one to the other."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known beside the observation; what is absent is None, empty or never true."""

    names: tuple[str, ...] = ()
    """DNS names of the certificate."""
    provider: Provider | None = None
    """The catalogue's row of the account."""
    same_site: SameSite | None = None
    """None: no host of a certificate is trusted."""
    listed: Callable[[str], bool] | None = None
    """Tells whether the catalogue lists a host."""
    nearest_host: Callable[[str], str | None] | None = None
    """Names the listed host that a host is probably a typing error of."""
    address: str | None = None
    """The account's own address."""
    open_ports: frozenset[int] | None = None
    """Ports of the host that answer; None: nobody looked."""
    settings: ServerSettings | None = None
    """Of the server that failed."""
    other: ServerSettings | None = None
    """Of the account's other server."""
    secret_kind: SecretKind | None = None
    """What there is to sign in with."""


@dataclass(frozen=True, slots=True)
class Case:
    """A failure and what is known about it."""

    seen: Observation
    known: Known = field(default_factory=Known)

    @property
    def protocol(self) -> MailProtocol:
        """Protocol of the server that failed."""
        return self.seen.protocol or MailProtocol.IMAP


@dataclass(frozen=True, slots=True)
class Proposal:
    """Wanted settings and the words for them."""

    title: str
    patch: ServerPatch
    """Of the server that failed; values that it has already are left out later."""
    other: ServerPatch | None = None
    """Of the account's other server."""
    proven: bool = False
    same_address: bool = False


Proposer = Callable[[Case], Iterable[Proposal]]
"""Yields proposals for a failure, best first."""
