"""Settings that would mend a failure, for the form and for one click. Pure.

Threat: a server, or who sits before it, answers so that the fix leads a password elsewhere. So a
host comes only from the catalogue, or from a certificate's names inside the site of the host that
failed; and no fix ever weakens the protection of the connection.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from mailconfig.domain.diagnostics.codes import DiagnosticCode as Code
from mailconfig.domain.diagnostics.engine import diagnose_code
from mailconfig.domain.diagnostics.fixes_login import (
    expected_user_name,
    offered_method,
    other_user_name,
)
from mailconfig.domain.diagnostics.proposals import Case, Known, Proposal, Proposer
from mailconfig.domain.diagnostics.refine import LOGIN_REFUSED
from mailconfig.domain.diagnostics.values import Observation, ServerPatch, SettingsFix
from mailconfig.domain.phrases import N_
from mailconfig.domain.providers import ProviderServer
from mailconfig.domain.servers import (
    DEFAULT_PORTS,
    MailProtocol,
    ServerSettings,
    TransportSecurity,
)

_RELAY_PORT: Final = 25
"""Mail between servers: blocked by most networks, and mostly without sign-in."""
_TLS, _STARTTLS = TransportSecurity.TLS, TransportSecurity.STARTTLS
_USUAL: Final[Mapping[MailProtocol, tuple[tuple[int, TransportSecurity], ...]]] = {
    MailProtocol.IMAP: ((993, _TLS), (143, _STARTTLS)),
    MailProtocol.SMTP: ((465, _TLS), (587, _STARTTLS), (2525, _STARTTLS)),
}
"""Ports that people submit and read by, and how they are protected (RFC 8314), best first."""


def propose_fixes(observation: Observation, known: Known | None = None) -> tuple[SettingsFix, ...]:
    """Return settings that may mend the failure, best first; none if no setting can.

    Only values that differ from the observed settings are in them. What can be tried without
    signing in is `proven` by nobody yet.
    """
    if observation.protocol is None:
        return ()
    case = Case(observation, known or Known())
    proposals = (
        proposal
        for proposer in _PROPOSERS.get(diagnose_code(observation), ())
        for proposal in proposer(case)
    )
    fixes = (_fix(proposal, case) for proposal in proposals)
    unique: dict[tuple[ServerPatch | None, ServerPatch | None], SettingsFix] = {}
    for fix in fixes:
        if fix is not None:
            unique.setdefault((fix.incoming, fix.outgoing), fix)
    return tuple(unique.values())


def _fix(proposal: Proposal, case: Case) -> SettingsFix | None:
    """Return the proposal as a difference to what is set; None if there is none."""
    mine = _difference(proposal.patch, case)
    if mine is None:
        return None
    is_imap = case.protocol is MailProtocol.IMAP
    return SettingsFix(
        proposal.title,
        incoming=mine if is_imap else proposal.other,
        outgoing=proposal.other if is_imap else mine,
        proven=proposal.proven,
        same_address=proposal.same_address,
    )


def _difference(wanted: ServerPatch, case: Case) -> ServerPatch | None:
    now, settings = case.seen, case.known.settings
    method = settings.authentication if settings else None
    patch = ServerPatch(
        host=wanted.host if wanted.host != now.host else None,
        port=wanted.port if wanted.port != now.port else None,
        security=wanted.security if wanted.security is not now.security else None,
        username=wanted.username if wanted.username != now.username else None,
        authentication=wanted.authentication if wanted.authentication is not method else None,
    )
    return patch if patch != ServerPatch() else None


def _security(security: TransportSecurity) -> Proposer:
    def proposer(_: Case) -> Iterator[Proposal]:
        yield Proposal(
            N_("Set the encryption that this port expects."), ServerPatch(security=security)
        )

    return proposer


def _fitting_port(case: Case) -> Iterator[Proposal]:
    """Keep the encryption, and take the port that is registered for it."""
    security = case.seen.security
    if security is None or security is TransportSecurity.NONE:
        return
    yield Proposal(
        N_("Use the port that fits the encryption."),
        ServerPatch(port=DEFAULT_PORTS[case.protocol, security]),
    )


def _implicit_tls(case: Case) -> Iterator[Proposal]:
    yield Proposal(
        N_("Use the port that is encrypted from the start."),
        ServerPatch(port=DEFAULT_PORTS[case.protocol, _TLS], security=_TLS),
    )


def _encrypted_submission(case: Case) -> Iterator[Proposal]:
    """Port 25 is for mail between servers (RFC 6409, section 3.1): people submit on 587."""
    if case.seen.protocol is not MailProtocol.SMTP or case.seen.port != _RELAY_PORT:
        return
    if case.seen.security is _TLS:
        yield from _implicit_tls(case)
        return
    port = DEFAULT_PORTS[MailProtocol.SMTP, _STARTTLS]
    yield Proposal(
        N_("Use the port for sending from mail programs."),
        ServerPatch(port=port, security=_STARTTLS),
    )


def _encryption(case: Case) -> Iterator[Proposal]:
    if case.seen.security is TransportSecurity.NONE:
        yield Proposal(N_("Switch encryption on."), ServerPatch(security=_STARTTLS))


def _answering_ports(case: Case) -> Iterator[Proposal]:
    """Take a usual port of the same host that answers; without a look at them, guess for 25."""
    if case.known.open_ports is None:
        yield from _encrypted_submission(case)
        return
    for port, security in _USUAL[case.protocol]:
        if port in case.known.open_ports:
            yield Proposal(
                N_("Use a port that answers."), ServerPatch(port=port, security=security)
            )


def _usual_ports(case: Case) -> Iterator[Proposal]:
    """Take the ports of the protocol, because the port is another protocol's."""
    for port, security in _USUAL[case.protocol]:
        yield Proposal(
            N_("Use the port of this protocol."), ServerPatch(port=port, security=security)
        )


def _swapped(case: Case) -> Iterator[Proposal]:
    """Put each server into the other's place."""
    other, seen = case.known.other, case.seen
    if other is None or other.security is TransportSecurity.NONE:
        return
    if seen.security in {None, TransportSecurity.NONE}:
        return
    mine = ServerPatch(host=other.host, port=other.port, security=other.security)
    yield Proposal(
        N_("Swap the two servers."), mine, other=_moved(other, seen.host, seen.port, seen.security)
    )


def _moved(
    now: ServerSettings, host: str | None, port: int | None, security: TransportSecurity | None
) -> ServerPatch | None:
    patch = ServerPatch(
        host=host if host != now.host else None,
        port=port if port != now.port else None,
        security=security if security is not now.security else None,
    )
    return patch if patch != ServerPatch() else None


def _certified_hosts(case: Case) -> Iterator[Proposal]:
    """Take a name of the certificate that is on the same site or in the catalogue.

    Wildcards name no host. The name must lead to the very machine that showed the certificate.
    """
    names = [name.lower() for name in case.known.names if "*" not in name and "." in name]
    allowed = [name for name in names if not _is_address(name) and _is_trusted(name, case)]
    for name in sorted(allowed, key=lambda name: not name.startswith(_HABITS[case.protocol])):
        yield Proposal(
            N_("Use the server name of the certificate."),
            ServerPatch(host=name),
            same_address=True,
        )


def _is_trusted(name: str, case: Case) -> bool:
    host, known = case.seen.host, case.known
    if host is not None and known.same_site is not None and known.same_site(host, name):
        return True
    return known.listed is not None and known.listed(name)


_HABITS: Final[Mapping[MailProtocol, tuple[str, ...]]] = {
    MailProtocol.IMAP: ("imap", "mail"),
    MailProtocol.SMTP: ("smtp", "mail"),
}
"""How servers of a protocol are usually called."""


def _is_address(name: str) -> bool:
    return ":" in name or name.replace(".", "").isdigit()


def _catalogue_certified(case: Case) -> Iterator[Proposal]:
    """Take the provider's own host if the certificate proves that it is its server."""
    for proposal in _catalogue(case):
        host = proposal.patch.host or ""
        if any(_covers(name.lower(), host) for name in case.known.names):
            yield proposal


def _covers(name: str, host: str) -> bool:
    """Tell whether a certificate's name is the host's (RFC 9525, section 6.3)."""
    if name.startswith("*."):
        return host.partition(".")[2] == name[2:]
    return name == host


def _meant_host(case: Case) -> Iterator[Proposal]:
    """Take the listed server that the host is a typing error of."""
    if case.seen.host is None or case.known.nearest_host is None:
        return
    host = case.known.nearest_host(case.seen.host)
    if host is not None:
        yield Proposal(N_("Correct the name of the server."), ServerPatch(host=host))


def _catalogue(case: Case) -> Iterator[Proposal]:
    """Take the provider's servers but what has just failed, best first."""
    for server in _servers(case):
        host = server.host_for(_domain(case))
        current = (case.seen.host, case.seen.port, case.seen.security)
        if host is None or (host, server.port, server.security) == current:
            continue
        yield Proposal(
            N_("Use the server settings of your provider."),
            ServerPatch(host=host, port=server.port, security=server.security),
        )


def _servers(case: Case) -> list[ProviderServer]:
    row = case.known.provider
    if row is None:
        return []
    servers = row.incoming if case.protocol is MailProtocol.IMAP else row.outgoing
    return [server for server in servers if server.security is not TransportSecurity.NONE]


def _domain(case: Case) -> str | None:
    address = case.known.address or case.seen.username or ""
    return address.rpartition("@")[2] if "@" in address else None


_PROPOSERS: Final[Mapping[Code, tuple[Proposer, ...]]] = {
    Code.TLS_MODE_MISMATCH_TLS_ON_PLAIN: (_security(_STARTTLS), _fitting_port),
    Code.TLS_MODE_MISMATCH_PLAIN_ON_TLS: (_security(_TLS), _fitting_port),
    Code.STARTTLS_NOT_OFFERED: (_implicit_tls,),
    Code.STARTTLS_FAILED_SERVER: (_implicit_tls,),
    Code.STARTTLS_REQUIRED: (_encryption, _implicit_tls),
    Code.STARTTLS_INJECTION: (_implicit_tls,),
    Code.PREAUTH_BEFORE_TLS: (_implicit_tls,),
    Code.AUTH_NOT_OFFERED_BEFORE_TLS: (_encrypted_submission, _encryption, _usual_ports),
    Code.CERT_NAME_MISMATCH: (_catalogue_certified, _meant_host, _certified_hosts),
    Code.HOST_SYNTAX: (_catalogue,),
    Code.DNS_NXDOMAIN: (_catalogue, _meant_host),
    Code.DNS_NO_ADDRESS: (_catalogue, _meant_host),
    Code.TCP_REFUSED: (_catalogue, _meant_host, _answering_ports),
    Code.TCP_TIMEOUT: (_catalogue, _meant_host, _answering_ports),
    Code.WRONG_PROTOCOL: (_swapped, _catalogue, _usual_ports),
    Code.SMTP_INTERCEPTED: (_catalogue,),
    Code.MS_NOT_AUTHENTICATED: (_catalogue,),
    Code.AUTH_MECHANISM: (offered_method,),
    Code.AUTH_LOGIN_DISABLED_SASL_OK: (offered_method,),
    Code.AUTH_USERNAME_FORM: (expected_user_name, other_user_name),
    Code.AUTH_BAD_CREDENTIALS: (expected_user_name,),
    **dict.fromkeys(LOGIN_REFUSED.values(), (expected_user_name,)),
}
"""What mends which failure, best first."""
