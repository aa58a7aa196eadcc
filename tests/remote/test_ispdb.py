"""The public database: what it is told, and what is made of its answer."""

from datetime import UTC, datetime

import pytest

from kit.web import WebServer
from mailconfig.bootstrap import Network
from mailconfig.domain.discovery import DiscoverySource, FindingStatus, Query
from mailconfig.remote.ispdb import IspdbSource
from mailconfig.settings import Settings

NOW = datetime(2026, 11, 22, tzinfo=UTC)
QUERY = Query("example.test", "ann@example.test")
DOCUMENT = (
    '<clientConfig version="1.1"><emailProvider id="example.test">'
    '<incomingServer type="imap"><hostname>imap.example.test</hostname><port>993</port>'
    "<socketType>SSL</socketType><username>%EMAILLOCALPART%</username></incomingServer>"
    "</emailProvider></clientConfig>"
)


async def test_only_the_domain_is_sent(pages: WebServer) -> None:
    """The address stays here; the user name is filled in here."""
    pages.page("ispdb.test", "/v1.1/example.test", DOCUMENT)
    source = IspdbSource(pages.fetcher(), lambda: NOW, "https://ispdb.test/v1.1/")

    found = await source.look(QUERY, 3)

    assert [(each.host, each.target) for each in pages.requests] == [
        ("ispdb.test", "/v1.1/example.test")
    ]
    assert (found.source, found.status) == (DiscoverySource.ISPDB, FindingStatus.FOUND)
    assert found.detail == "https://ispdb.test/v1.1/example.test names servers."
    assert found.proposal is not None
    assert [(each.host, each.username) for each in found.proposal.incoming] == [
        ("imap.example.test", "ann")
    ]


async def test_unknown_domain_is_nothing(pages: WebServer) -> None:
    """The database does not know the domain."""
    pages.page("ispdb.test", "/v1.1/other.test", DOCUMENT)
    source = IspdbSource(pages.fetcher(), lambda: NOW, "https://ispdb.test/v1.1")

    found = await source.look(QUERY, 3)

    assert (found.status, found.detail) == (
        FindingStatus.NOTHING,
        "There is nothing at https://ispdb.test/v1.1/example.test.",
    )


async def test_database_by_http_is_refused(pages: WebServer) -> None:
    """A database in clear text could be forged, so that it is not asked."""
    source = IspdbSource(pages.fetcher(), lambda: NOW, "http://ispdb.test/v1.1")

    assert (await source.look(QUERY, 3)).status is FindingStatus.REFUSED


@pytest.mark.parametrize(
    ("allowed", "kinds"),
    [
        (False, [DiscoverySource.PACC, DiscoverySource.AUTOCONFIG]),
        (True, [DiscoverySource.PACC, DiscoverySource.AUTOCONFIG, DiscoverySource.ISPDB]),
    ],
)
def test_database_is_asked_where_the_operator_allows_it(
    *, allowed: bool, kinds: list[DiscoverySource]
) -> None:
    """Without the setting the source does not exist."""
    sources = Network(Settings(ispdb=allowed)).sources

    assert [source.kind for source in sources] == kinds


def test_database_is_off_unless_asked_for() -> None:
    """The default keeps domains at home."""
    assert Settings().ispdb is False
