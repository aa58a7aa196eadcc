"""Rules for the provider: chosen by id, or known by the domain of the address."""

from collections.abc import Iterator
from typing import Final

from mailconfig.domain.hosts import registrable_domain
from mailconfig.domain.issues import ValidationCode, ValidationIssue
from mailconfig.domain.phrases import N_, phrase
from mailconfig.domain.providers import Provider, ProviderKind, ProviderStatus
from mailconfig.domain.servers import MailProtocol
from mailconfig.domain.sites import fixed_hosts
from mailconfig.domain.validation.case import (
    Case,
    ServerCase,
    best_server,
    error,
    servers_of,
    warning,
)

_USES: Final = {
    MailProtocol.IMAP: phrase("receiving (IMAP)"),
    MailProtocol.SMTP: phrase("sending (SMTP)"),
}


def provider_exists(case: Case) -> Iterator[ValidationIssue]:
    """The chosen provider is in the catalogue."""
    if case.draft.provider_id is not None and case.chosen is None:
        message = N_("There is no such provider; leave it empty to enter the servers yourself.")
        yield error(ValidationCode.UNKNOWN_PROVIDER, ("providerId",), message)


def provider_gives_access(case: Case) -> Iterator[ValidationIssue]:
    """The provider has mailboxes that other programs can reach, and still exists.

    An error where it was chosen; a warning where only the address tells it, since the servers may
    be somebody else's.
    """
    row = case.provider
    if row is None or not row.silent:
        return
    code, message = _silence(row)
    level = error if case.chosen is not None else warning
    yield level(code, case.provider_path, message)


def provider_speaks_the_protocol(case: Case) -> Iterator[ValidationIssue]:
    """The provider offers the protocol for which a server is asked."""
    for server in case.servers:
        row = server.provider
        if row is None or row.silent or server.listed or servers_of(row, server.protocol):
            continue
        message = phrase(
            "{name} is not known to offer {use}.", name=row.name, use=_USES[server.protocol]
        )
        code = ValidationCode.PROVIDER_WITHOUT_ACCESS
        yield warning(code, server.path("host"), message)


def host_is_of_the_provider(case: Case) -> Iterator[ValidationIssue]:
    """The host is one of the chosen provider's."""
    row = case.chosen
    if row is None or row.silent:
        return
    for server in case.servers:
        if server.host is None or _belongs(case, server, row):
            continue
        message = phrase("This server is not known as one of {name}.", name=row.name)
        suggestion = case.host_of(best_server(row, server.protocol))
        code = ValidationCode.HOST_NOT_OF_PROVIDER
        yield warning(code, server.path("host"), message, suggestion)


def _silence(row: Provider) -> tuple[ValidationCode, str]:
    """Tell why a row has no servers."""
    if row.status is ProviderStatus.CLOSED:
        return ValidationCode.PROVIDER_CLOSED, _closed(row)
    if row.status is ProviderStatus.MOVED:
        code = ValidationCode.PROVIDER_CLOSED
        template = N_("{name} has moved to another operator whose servers are not known.")
    elif row.kind is ProviderKind.ALIAS_ONLY:
        code = ValidationCode.FORWARD_ONLY
        template = N_(
            "{name} only forwards mail: connect the mailbox that the mail is forwarded to."
        )
    elif row.status is ProviderStatus.NO_TLS_KNOWN:
        code = ValidationCode.PROVIDER_WITHOUT_ACCESS
        template = N_("{name} is only known to have servers without encryption.")
    else:
        code = ValidationCode.PROVIDER_WITHOUT_ACCESS
        template = N_("{name} lets no other programs in: it offers neither IMAP nor SMTP.")
    return code, phrase(template, name=row.name)


def _closed(row: Provider) -> str:
    if row.closed is None:
        return phrase("{name} has ended its service.", name=row.name)
    return phrase("{name} has ended its service ({date}).", name=row.name, date=str(row.closed))


def _belongs(case: Case, server: ServerCase, row: Provider) -> bool:
    """Compare by row, by site, and by domain: providers have more hosts than the catalogue."""
    host = server.host or ""
    if row in server.rows:
        return True
    own = fixed_hosts(row)
    if case.catalogue.site_of(host) in set(map(case.catalogue.site_of, own)):
        return True
    return registrable_domain(host) in set(map(registrable_domain, own))
