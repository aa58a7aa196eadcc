"""Settings that would mend a failure, for the form and for one click. Pure.

Threat: a server, or who sits before it, answers so that the fix leads a password elsewhere. So a
host comes only from the catalogue, or from a certificate's names inside the site of the host that
failed; and no fix ever weakens the protection of the connection.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from mailconfig.domain.diagnostics.codes import DiagnosticCode as Code
from mailconfig.domain.diagnostics.engine import diagnose_code
from mailconfig.domain.diagnostics.refine import LOGIN_REFUSED
from mailconfig.domain.diagnostics.texts import N_
from mailconfig.domain.diagnostics.values import Observation, ServerPatch, SettingsFix
from mailconfig.domain.providers import Provider, ProviderServer
from mailconfig.domain.servers import DEFAULT_PORTS, MailProtocol, TransportSecurity

SameSite = Callable[[str, str], bool]
"""Tells whether two hosts belong to one site, so that a secret may go from one to the other."""

_RELAY_PORT: Final = 25
"""Mail between servers: blocked by most networks, and mostly without sign-in."""


@dataclass(frozen=True, slots=True)
class Case:
    """What a fix may be made of."""

    seen: Observation
    names: tuple[str, ...]
    """DNS names of the certificate."""
    provider: Provider | None
    same_site: SameSite | None
    """None: no host of a certificate is trusted."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """Wanted settings and the words for them."""

    title: str
    patch: ServerPatch


Proposer = Callable[[Case], Proposal | None]


def propose_fix(
    observation: Observation,
    certificate_names: Iterable[str] = (),
    provider: Provider | None = None,
    same_site: SameSite | None = None,
) -> SettingsFix | None:
    """Return settings that would mend the failure; None if no setting can, or none is known.

    Only values that differ from the observed settings are in it. `same_site` decides which names
    of the certificate may be used; without it none is.
    """
    if observation.protocol is None:
        return None
    case = Case(observation, tuple(certificate_names), provider, same_site)
    for proposer in _PROPOSERS.get(diagnose_code(observation), ()):
        proposal = proposer(case)
        if proposal is not None:
            patch = _difference(proposal.patch, observation)
            if patch is not None:
                return _fix(proposal.title, patch, observation.protocol)
    return None


def _fix(title: str, patch: ServerPatch, protocol: MailProtocol) -> SettingsFix:
    if protocol is MailProtocol.IMAP:
        return SettingsFix(title, incoming=patch)
    return SettingsFix(title, outgoing=patch)


def _difference(wanted: ServerPatch, now: Observation) -> ServerPatch | None:
    patch = ServerPatch(
        host=wanted.host if wanted.host != now.host else None,
        port=wanted.port if wanted.port != now.port else None,
        security=wanted.security if wanted.security is not now.security else None,
        username=wanted.username if wanted.username != now.username else None,
    )
    return patch if patch != ServerPatch() else None


def _security(security: TransportSecurity) -> Proposer:
    def proposer(_: Case) -> Proposal | None:
        return Proposal(
            N_("Set the encryption that this port expects."), ServerPatch(security=security)
        )

    return proposer


def _implicit_tls(case: Case) -> Proposal | None:
    port = DEFAULT_PORTS.get((_protocol(case), TransportSecurity.TLS))
    return Proposal(
        N_("Use the port that is encrypted from the start."),
        ServerPatch(port=port, security=TransportSecurity.TLS),
    )


def _encrypted_submission(case: Case) -> Proposal | None:
    """Port 25 is for mail between servers (RFC 6409, section 3.1): people submit on 587."""
    if case.seen.protocol is not MailProtocol.SMTP or case.seen.port != _RELAY_PORT:
        return None
    port = DEFAULT_PORTS[MailProtocol.SMTP, TransportSecurity.STARTTLS]
    if case.seen.security is TransportSecurity.TLS:
        return _implicit_tls(case)
    return Proposal(
        N_("Use the port for sending from mail programs."),
        ServerPatch(port=port, security=TransportSecurity.STARTTLS),
    )


def _encryption(case: Case) -> Proposal | None:
    if case.seen.security is not TransportSecurity.NONE:
        return None
    return Proposal(N_("Switch encryption on."), ServerPatch(security=TransportSecurity.STARTTLS))


def _certified_host(case: Case) -> Proposal | None:
    """Take a name of the certificate that is on the same site; wildcards name no host."""
    host, same_site = case.seen.host, case.same_site
    if host is None or same_site is None:
        return None
    names = [name.lower() for name in case.names if "*" not in name and "." in name]
    inside = [name for name in names if not _is_address(name) and same_site(host, name)]
    if not inside:
        return None
    best = min(inside, key=lambda name: not name.startswith(_HABITS[_protocol(case)]))
    return Proposal(N_("Use the server name of the certificate."), ServerPatch(host=best))


_HABITS: Final[Mapping[MailProtocol, tuple[str, ...]]] = {
    MailProtocol.IMAP: ("imap", "mail"),
    MailProtocol.SMTP: ("smtp", "mail"),
}
"""How servers of a protocol are usually called."""


def _is_address(name: str) -> bool:
    return ":" in name or name.replace(".", "").isdigit()


def _catalogue_certified(case: Case) -> Proposal | None:
    """Take the provider's own host if the certificate proves that it is its server."""
    proposal = _catalogue(case)
    if proposal is None or proposal.patch.host is None:
        return None
    covered = any(_covers(name.lower(), proposal.patch.host) for name in case.names)
    return proposal if covered else None


def _covers(name: str, host: str) -> bool:
    """Tell whether a certificate's name is the host's (RFC 9525, section 6.3)."""
    if name.startswith("*."):
        return host.partition(".")[2] == name[2:]
    return name == host


def _catalogue(case: Case) -> Proposal | None:
    """Take the provider's first server that is not what has just failed."""
    for server in _servers(case):
        host = server.host_for(_domain(case))
        current = (case.seen.host, case.seen.port, case.seen.security)
        if host is None or (host, server.port, server.security) == current:
            continue
        return Proposal(
            N_("Use the server settings of your provider."),
            ServerPatch(host=host, port=server.port, security=server.security),
        )
    return None


def _servers(case: Case) -> list[ProviderServer]:
    if case.provider is None:
        return []
    is_imap = case.seen.protocol is MailProtocol.IMAP
    servers = case.provider.incoming if is_imap else case.provider.outgoing
    return [server for server in servers if server.security is not TransportSecurity.NONE]


def _domain(case: Case) -> str | None:
    return (case.seen.username or "").partition("@")[2] or None


def _user_name(case: Case) -> Proposal | None:
    """Bring the user name into the form that the catalogue knows; needs the row."""
    username, row = case.seen.username, case.provider
    if not username or row is None:
        return None
    form = row.username_form
    wanted: str | None = None
    if form.startswith("literal:"):
        wanted = form.removeprefix("literal:")
    elif form == "local" and "@" in username:
        wanted = username.partition("@")[0]
    elif form == "email" and "@" not in username and len(row.domains) == 1:
        wanted = f"{username}@{row.domains[0]}"
    if not wanted:
        return None
    return Proposal(
        N_("Use the form of user name that your provider expects."), ServerPatch(username=wanted)
    )


def _other_user_name(case: Case) -> Proposal | None:
    """The server does not know the full address, and the catalogue allows the other form."""
    username, row = case.seen.username, case.provider
    if not username or row is None or row.username_form != "email_or_local":
        return None
    if "@" not in username:
        return None
    return Proposal(
        N_("Use the part of the address before the @ as user name."),
        ServerPatch(username=username.partition("@")[0]),
    )


def _protocol(case: Case) -> MailProtocol:
    return case.seen.protocol or MailProtocol.IMAP


_PROPOSERS: Final[Mapping[Code, tuple[Proposer, ...]]] = {
    Code.TLS_MODE_MISMATCH_TLS_ON_PLAIN: (_security(TransportSecurity.STARTTLS),),
    Code.TLS_MODE_MISMATCH_PLAIN_ON_TLS: (_security(TransportSecurity.TLS),),
    Code.STARTTLS_NOT_OFFERED: (_implicit_tls,),
    Code.STARTTLS_FAILED_SERVER: (_implicit_tls,),
    Code.STARTTLS_REQUIRED: (_encryption,),
    Code.STARTTLS_INJECTION: (_implicit_tls,),
    Code.PREAUTH_BEFORE_TLS: (_implicit_tls,),
    Code.AUTH_NOT_OFFERED_BEFORE_TLS: (_encrypted_submission, _encryption),
    Code.CERT_NAME_MISMATCH: (_catalogue_certified, _certified_host),
    Code.HOST_SYNTAX: (_catalogue,),
    Code.DNS_NXDOMAIN: (_catalogue,),
    Code.DNS_NO_ADDRESS: (_catalogue,),
    Code.TCP_REFUSED: (_catalogue, _encrypted_submission),
    Code.TCP_TIMEOUT: (_catalogue, _encrypted_submission),
    Code.WRONG_PROTOCOL: (_catalogue,),
    Code.SMTP_INTERCEPTED: (_catalogue,),
    Code.MS_NOT_AUTHENTICATED: (_catalogue,),
    Code.AUTH_USERNAME_FORM: (_user_name, _other_user_name),
    Code.AUTH_BAD_CREDENTIALS: (_user_name,),
    **dict.fromkeys(LOGIN_REFUSED.values(), (_user_name,)),
}
"""What mends which failure, best first."""
