"""What the rows of the catalogue must be to each other and to the rules of mail.

Each check yields lines of the form `row.field: reason`; none raises.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from mailconfig.domain.hosts import HostInvalid, is_ip_literal, parse_host
from mailconfig.storage.catalogue_rows import CatalogueFile, ProviderRow, ServerRow

_PLACEHOLDERS: Final = frozenset({"domain", "region", "tenant", "mailhost", "contract"})
_FITTING: Final = frozenset(
    {
        ("imap", 993, "tls"),
        ("imap", 143, "starttls"),
        ("smtp", 465, "tls"),
        ("smtp", 587, "starttls"),
        ("smtp", 2525, "starttls"),
    }
)
"""Pairs that every provider may have (RFC 8314; 2525 is the usual way around closed ports)."""
_SENDING: Final = frozenset({(25, "starttls"), (2587, "starttls"), (2465, "tls"), (8465, "tls")})
"""More pairs, for services that only take mail from applications."""
_SENDING_KINDS: Final = frozenset({"transactional", "relay"})
_QUIRKS: Final = {
    "implicit_TLS_on_port_587": ("smtp", 587, "tls"),
    "submission_on_port_25": ("smtp", 25, "starttls"),
}
"""Quirks that allow one more pair."""
_LOCAL_KINDS: Final = frozenset({"sandbox", "local_bridge"})
_SILENT_KINDS: Final = frozenset({"no_client_access", "alias_only"})

Row = ProviderRow


def problems_of(base: CatalogueFile, rows: Sequence[Row]) -> Iterator[str]:
    """Yield every fault of the rows and of the tables beside them."""
    yield from _unique("id", rows, lambda row: (row.id,))
    yield from _unique("domains", rows, lambda row: row.domains)
    yield from _unique("domain_suffixes", rows, lambda row: row.domain_suffixes)
    yield from _unique("mx_suffixes", rows, lambda row: row.mx_suffixes)
    for row in rows:
        yield from _names(row)
        yield from _silence(row)
        yield from _servers(row)
    yield from _references(base)


def _unique(
    field: str, rows: Sequence[Row], values: Callable[[Row], Iterable[str]]
) -> Iterator[str]:
    owners: dict[str, str] = {}
    for row in rows:
        for value in values(row):
            if value in owners:
                yield f"{row.id}.{field}: {value} is in row {owners[value]} already"
            owners[value] = row.id


def _names(row: Row) -> Iterator[str]:
    lists = {
        "domains": row.domains,
        "domain_suffixes": row.domain_suffixes,
        "mx_suffixes": row.mx_suffixes,
        "mx_exclude": row.mx_exclude,
        "alt": row.alternative_hosts(),
    }
    for field, names in lists.items():
        for name in names:
            if not _canonical(name) or is_ip_literal(name):
                yield f"{row.id}.{field}: {name!r} is no lower-case ASCII host name"


def _silence(row: Row) -> Iterator[str]:
    silent = row.kind in _SILENT_KINDS or row.status != "active"
    if silent and (row.imap or row.smtp):
        yield f"{row.id}.imap: a row of kind {row.kind} and status {row.status} names no server"
    if not silent and not (row.imap or row.smtp):
        yield f"{row.id}.imap: an active row names at least one server"


def _servers(row: Row) -> Iterator[str]:
    for protocol, servers in (("imap", row.imap), ("smtp", row.smtp)):
        for index, server in enumerate(servers):
            where = f"{row.id}.{protocol}.{index}"
            host = re.sub(r"\{([a-z_]+)\}", "x", server.host)
            if not _canonical(host) or not set(_holes(server.host)) <= _PLACEHOLDERS:
                yield f"{where}.host: {server.host!r} is no lower-case ASCII host or template"
            elif not _fits(row, protocol, server):
                yield f"{where}.port: {server.port} does not fit {server.security} without a quirk"


def _fits(row: Row, protocol: str, server: ServerRow) -> bool:
    pair = (protocol, server.port, server.security)
    if row.kind in _LOCAL_KINDS and is_ip_literal(server.host):
        return True
    if row.kind in _SENDING_KINDS and protocol == "smtp" and pair[1:] in _SENDING:
        return True
    return pair in _FITTING or pair in {_QUIRKS.get(quirk) for quirk in row.quirks}


def _references(base: CatalogueFile) -> Iterator[str]:
    """Check names in the tables against the shipped rows; those that are hidden may stay named."""
    known = {row.id for row in base.providers} | {"generic"}
    for index, hint in enumerate(base.dns_hints):
        if hint.provider not in known:
            yield f"dns_hints.{index}.provider: there is no row {hint.provider}"
    for table in ("mx_gateways", "mx_forwarders", "mx_ambiguous"):
        for index, group in enumerate(getattr(base, table)):
            if group.maybe_provider is not None and group.maybe_provider not in known:
                yield f"{table}.{index}.maybe_provider: there is no row {group.maybe_provider}"
            for suffix in group.suffixes:
                if suffix != "." and not _canonical(suffix):
                    yield f"{table}.{index}.suffixes: {suffix!r} is no lower-case ASCII host name"


def _holes(template: str) -> Iterable[str]:
    return re.findall(r"\{([a-z_]*)\}", template)


def _canonical(name: str) -> bool:
    try:
        return parse_host(name) == name
    except HostInvalid:
        return False
