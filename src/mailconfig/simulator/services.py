"""What a simulated provider is made of: two servers and the accounts on them. Plain values."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from mailconfig.domain.diagnostics.codes import DiagnosticCode
from mailconfig.domain.probes import StepKind
from mailconfig.domain.servers import MailProtocol, TransportSecurity

PASSWORD: Final = "demo"
"""The right password, and the right access token, of every account."""


class Credential(StrEnum):
    """Which certificate a server shows."""

    GOOD = "good"
    """Of the simulator's own authority, for the server's name."""
    EXPIRED = "expired"
    """The same, run out yesterday."""
    SELF_SIGNED = "self-signed"
    """Signed by its own key."""
    OTHER_NAME = "other name"
    """Of the authority, for another name of the same provider."""


class Manner(StrEnum):
    """How a server answers."""

    NORMAL = "normal"
    """At once."""
    TARPIT = "tarpit"
    """After its greeting, a byte per second."""
    SILENT = "silent"
    """It takes the connection and TLS, and says nothing."""
    ABSENT = "absent"
    """Nothing listens on its port."""


@dataclass(frozen=True, slots=True)
class Server:
    """One server of a service."""

    protocol: MailProtocol
    host: str
    security: TransportSecurity
    """TLS mode that its port speaks."""
    greeting: str
    """First line; one that refuses ends the connection."""
    capabilities: tuple[str, ...]
    """Inside of TLS; before it neither logins nor their mechanisms are offered."""
    refusal: tuple[str, ...]
    """Answer to a wrong password or an unknown user; {verb} is the command."""
    listed: TransportSecurity | None = None
    """TLS mode that the catalogue claims, where that is wrong."""
    credential: Credential = Credential.GOOD
    manner: Manner = Manner.NORMAL

    @property
    def offers_tokens(self) -> bool:
        """Whether access tokens can be used."""
        return any("XOAUTH2" in capability for capability in self.capabilities)


@dataclass(frozen=True, slots=True)
class Account:
    """One address: what happens to it, and what its servers say that is not "yes".

    IMAP lines go out as they are if they begin with an asterisk, else behind the command's tag;
    SMTP lines go out as they are. {verb} is the command.
    """

    name: str
    """Part of the address before the @."""
    happens: str
    """What will happen, for people."""
    code: DiagnosticCode = DiagnosticCode.OK
    """What a connection test ends with."""
    protocol: MailProtocol | None = None
    """Which server tells it."""
    step: StepKind | None = None
    """Which step fails."""
    imap_login: tuple[str, ...] = ()
    """Instead of a successful sign-in."""
    imap_open: tuple[str, ...] = ()
    """Instead of opening a mailbox."""
    wants_id: bool = False
    """Whether a mailbox opens only after the ID command (RFC 2971)."""
    smtp_login: tuple[str, ...] = ()
    """Instead of a successful sign-in."""
    smtp_mail: tuple[str, ...] = ()
    """Instead of taking the sender."""
    folder: str | None = "INBOX"
    """Where its mail to itself arrives; None: nowhere."""
    tokens_only: bool = False
    """Whether only an access token opens it; a password gets the refusals above."""


@dataclass(frozen=True, slots=True)
class Service:
    """One simulated provider, a row of the catalogue."""

    id: str
    """Id of the real row that it plays, or a word for what it does."""
    name: str
    imap: Server
    smtp: Server
    accounts: tuple[Account, ...]
    like: str | None = None
    """Id of the real row whose requirements and help pages it shares."""
    alternative_hosts: tuple[str, ...] = ()
    """Further names of its servers, on its certificates."""

    @property
    def domain(self) -> str:
        """What stands behind the @ of its accounts."""
        return self.imap.host.partition(".")[2]

    @property
    def servers(self) -> tuple[Server, Server]:
        """Both servers, in the order of their ports."""
        return self.imap, self.smtp

    def address(self, account: Account) -> str:
        """Return the address of one of its accounts."""
        return f"{account.name}@{self.domain}"

    def account(self, username: str) -> Account | None:
        """Find the account that a user name means: its address, or the part before the @."""
        name, _, domain = username.lower().partition("@")
        if domain not in ("", self.domain):
            return None
        return next((each for each in self.accounts if each.name == name), None)
