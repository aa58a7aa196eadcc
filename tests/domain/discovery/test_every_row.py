"""Every row of the shipped catalogue is found again from each of its domains and MX suffixes."""

from collections.abc import Iterator

import pytest

from kit.drafts import shipped
from mailconfig.domain.discovery.offline import DomainClass, OfflineAnswer, OfflineServer, offline
from mailconfig.domain.providers import Provider, ProviderKind, ProviderServer, ProviderStatus


def expected(row: Provider, domain: str) -> OfflineAnswer:
    """Return what a row means, from its own fields: written anew, not by the code under test."""
    if row.kind is ProviderKind.ALIAS_ONLY:
        return OfflineAnswer(DomainClass.FORWARDER, row.id)
    gone = row.status is not ProviderStatus.ACTIVE
    if gone or row.kind is ProviderKind.NO_CLIENT_ACCESS:
        return OfflineAnswer(DomainClass.PROVIDER, row.id)
    servers = [_first(row.incoming, domain), _first(row.outgoing, domain)]
    return OfflineAnswer(DomainClass.PROVIDER, row.id, *servers)


def _first(servers: tuple[ProviderServer, ...], domain: str) -> OfflineServer | None:
    for server in servers:
        host = server.host_template.replace("{domain}", domain)
        return None if "{" in host else OfflineServer(host, server.port, server.security)
    return None


def by_domain() -> Iterator[tuple[Provider, str]]:
    """Yield every row with each of its domains, and with a name below each suffix."""
    for row in shipped().providers:
        for domain in row.domains:
            yield row, domain
        for suffix in row.domain_suffixes:
            yield row, f"some-name.{suffix}"


def by_exchanger() -> Iterator[tuple[Provider, str]]:
    """Yield every row with each of its MX suffixes and a host below it."""
    for row in shipped().providers:
        for suffix in row.mx_suffixes:
            yield row, suffix
            yield row, f"mx-in.{suffix}"


def test_the_catalogue_is_whole() -> None:
    """The two walks below see all rows that the catalogue's page counts."""
    assert len(shipped().providers) == 349
    assert sum(len(row.domains) for row in shipped().providers) == 1531
    assert sum(len(row.mx_suffixes) for row in shipped().providers) == 217


@pytest.mark.parametrize("mx", [None, ["mx.elsewhere.example"], ["."]])
def test_every_domain_is_its_own_rows(mx: list[str] | None) -> None:
    """Exact domains and names below a suffix, whatever the exchanger is."""
    wrong = [
        (row.id, domain, answer)
        for row, domain in by_domain()
        if (answer := offline(shipped(), domain, mx)) != expected(row, domain)
    ]
    assert wrong == []


def test_every_exchanger_is_its_own_rows() -> None:
    """A domain of nobody's with an exchanger at a suffix, or one below it."""
    domain = "custom-domain.example"
    wrong = [
        (row.id, host, answer)
        for row, host in by_exchanger()
        if (answer := offline(shipped(), domain, [host])) != expected(row, domain)
    ]
    assert wrong == []


def test_a_suffix_itself_is_not_below_it() -> None:
    """The name of a domain suffix belongs to the row only where it is listed as a domain."""
    for row in shipped().providers:
        for suffix in set(row.domain_suffixes) - set(row.domains):
            assert offline(shipped(), suffix, None).provider_id != row.id, suffix
