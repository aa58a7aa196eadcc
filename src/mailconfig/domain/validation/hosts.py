"""Rules for the host names of the servers."""

from collections.abc import Iterator
from ipaddress import IPv6Address
from typing import Final

from mailconfig.domain.hosts import HostInvalid, HostProblem, literal_address, parse_host
from mailconfig.domain.issues import ValidationCode, ValidationIssue
from mailconfig.domain.phrases import N_, phrase
from mailconfig.domain.servers import MailProtocol
from mailconfig.domain.validation.case import (
    Case,
    ServerCase,
    best_server,
    error,
    servers_of,
    warning,
)

_MESSAGES: Final = {
    HostProblem.SPACE: N_("The server name must not contain spaces."),
    HostProblem.SCHEME: N_("Enter only the server's name, without https:// or the like."),
    HostProblem.AT_SIGN: N_("A server name has no @: enter the server's name, not an address."),
    HostProblem.PATH: N_("Enter only the server's name, without a slash and what follows."),
    HostProblem.PORT: N_("Enter only the server's name: the port has its own field."),
    HostProblem.EMPTY_LABEL: N_("The server name has a dot too many."),
    HostProblem.CHARACTER: N_(
        "The server name contains a character that server names cannot have."
    ),
    HostProblem.TOO_LONG: N_("The server name is too long."),
    HostProblem.NUMERIC: N_("Write an IP address as four numbers with dots, such as 192.0.2.1."),
    HostProblem.ADDRESS: N_("This is not a valid IP address."),
}
_LABELS: Final = {
    "imap": MailProtocol.IMAP,
    "imaps": MailProtocol.IMAP,
    "imap4": MailProtocol.IMAP,
    "smtp": MailProtocol.SMTP,
    "smtps": MailProtocol.SMTP,
    "submission": MailProtocol.SMTP,
    "pop": None,
    "pop3": None,
    "pops": None,
}
"""First labels of hosts that tell the protocol; None for POP3, which is not spoken here."""
_NAMES: Final = {
    MailProtocol.IMAP: phrase("a server for receiving (IMAP)"),
    MailProtocol.SMTP: phrase("a server for sending (SMTP)"),
    None: phrase("a POP3 server, which is not supported"),
}


def a_server_is_given(case: Case) -> Iterator[ValidationIssue]:
    """An account receives, sends, or both."""
    if not case.servers:
        message = N_("Enter at least one server: for receiving, for sending, or both.")
        yield error(ValidationCode.REQUIRED, ("incoming",), message)


def host_is_given(case: Case) -> Iterator[ValidationIssue]:
    """Each server has a host."""
    for server in case.servers:
        if not (server.draft.host or "").strip():
            suggestion = case.host_of(case.offered(server.protocol))
            message = N_("Enter the server's name.")
            yield error(ValidationCode.REQUIRED, server.path("host"), message, suggestion)


def host_has_its_form(case: Case) -> Iterator[ValidationIssue]:
    """The host is a DNS name or an IP literal and nothing else."""
    for server in case.servers:
        text = server.draft.host or ""
        if not text.strip() or server.host is not None:
            continue
        try:
            parse_host(text)
        except HostInvalid as fault:
            too_long = fault.reason is HostProblem.TOO_LONG
            code = ValidationCode.TOO_LONG if too_long else ValidationCode.HOST_SYNTAX
            message = _MESSAGES[fault.reason]
            suggestion = _mended(case, server, fault)
            yield error(code, server.path("host"), message, suggestion)


def host_is_public(case: Case) -> Iterator[ValidationIssue]:
    """The host is not an address inside a private or reserved network."""
    if case.policy.allow_private_hosts:
        return
    for server in case.servers:
        if server.host is None or server.host in case.policy.reachable_hosts:
            continue
        if _is_private(server.host):
            message = N_("This server is inside a private network; this service may not reach it.")
            yield warning(ValidationCode.PRIVATE_ADDRESS, server.path("host"), message)


def host_speaks_the_protocol(case: Case) -> Iterator[ValidationIssue]:
    """The receiving and the sending server are not mixed up, as far as catalogue or name tell."""
    for server in case.servers:
        if server.host is None or server.listed or not _is_of_another(case, server):
            continue
        spoken = _spoken(case, server)
        message = phrase(
            "This is {found}; here belongs {wanted}.",
            found=_NAMES[spoken],
            wanted=_NAMES[server.protocol],
        )
        code = ValidationCode.PROTOCOL_HOST_MISMATCH
        yield warning(code, server.path("host"), message, _right_host(case, server))


def host_is_spelled_right(case: Case) -> Iterator[ValidationIssue]:
    """The host is not a typing error away from a known server."""
    for server in case.servers:
        unknown = server.host and not server.rows
        nearest = case.catalogue.nearest_host(server.host or "") if unknown else None
        if nearest is not None:
            message = phrase(
                "Did you mean {host}? The server name looks like a typing error.", host=nearest
            )
            yield warning(ValidationCode.DOMAIN_TYPO, server.path("host"), message, nearest)


def _mended(case: Case, server: ServerCase, fault: HostInvalid) -> str | None:
    """Suggest the host inside; for an address its provider's server."""
    if fault.reason is HostProblem.AT_SIGN and fault.suggestion is not None:
        row = case.catalogue.by_domain(fault.suggestion)
        known = None if row is None else best_server(row, server.protocol)
        return case.host_of(known) or fault.suggestion
    return fault.suggestion


def _is_private(host: str) -> bool:
    address = literal_address(host)
    if address is None:
        return host == "localhost" or host.endswith(".localhost")
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return not address.is_global or address.is_multicast


def _is_of_another(case: Case, server: ServerCase) -> bool:
    return _spoken(case, server) is not server.protocol


def _spoken(case: Case, server: ServerCase) -> MailProtocol | None:
    """Return the protocol of a host: by the catalogue, else by its first label, else as asked."""
    host = server.host or ""
    other = MailProtocol.SMTP if server.protocol is MailProtocol.IMAP else MailProtocol.IMAP
    if any(case.host_of(known) == host for row in server.rows for known in servers_of(row, other)):
        return other
    return _LABELS.get(host.partition(".")[0], server.protocol)


def _right_host(case: Case, server: ServerCase) -> str | None:
    """Suggest the host of the other field if both are swapped, else one of the catalogue.

    Never a guess: a password would follow it.
    """
    for other in case.servers:
        if other is not server and other.host is not None:
            swapped = _LABELS.get(other.host.partition(".")[0]) is server.protocol
            if swapped and _is_of_another(case, other):
                return other.host
    if server.provider is not None:
        return case.host_of(best_server(server.provider, server.protocol))
    return None
