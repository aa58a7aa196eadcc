"""PACC: digest first, then the document; strict JSON, hosts only, TLS on default ports."""

import base64
import hashlib
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from kit.dns import DnsServer
from kit.web import WebServer
from mailconfig.domain.discovery import (
    DiscoverySource,
    Finding,
    FindingStatus,
    FoundServer,
    Proposal,
    Query,
)
from mailconfig.domain.servers import AuthenticationMethod, MailProtocol, TransportSecurity
from mailconfig.mail.records import create_records
from mailconfig.mail.resolver import ResolverSettings
from mailconfig.remote.documents import DocumentInvalid
from mailconfig.remote.pacc import PaccSource, read_pacc

NOW = datetime(2026, 11, 22, tzinfo=UTC)
PLACE = ("ua-auto-config.example.test", "/.well-known/user-agent-configuration.json")
URL = "https://ua-auto-config.example.test/.well-known/user-agent-configuration.json"
NAME = "_ua-auto-config.example.test"
GOOD = """{
  "protocols": {
    "jmap": {"url": "https://jmap.example.test/session"},
    "imap": {"host": "IMAP.example.test"},
    "submit": {"host": "smtp.example.test"}
  },
  "authentication": {"oauth-public": {"issuer": "https://auth.example.test"}, "password": true},
  "info": {"provider": {"name": "Example Mail", "shortName": "Example"}}
}"""
METHODS = (
    AuthenticationMethod.OAUTHBEARER,
    AuthenticationMethod.PLAIN,
    AuthenticationMethod.LOGIN,
)
IMAP = FoundServer(
    MailProtocol.IMAP, "imap.example.test", 993, TransportSecurity.TLS, None, METHODS
)
SMTP = FoundServer(
    MailProtocol.SMTP, "smtp.example.test", 465, TransportSecurity.TLS, None, METHODS
)


@pytest.fixture
async def dns() -> AsyncIterator[DnsServer]:
    """A DNS server that knows no names yet."""
    async with DnsServer() as server:
        yield server


def digest_record(body: str | bytes) -> str:
    """Return the record that vouches for a document."""
    data = body.encode() if isinstance(body, str) else body
    digest = base64.b64encode(hashlib.sha256(data).digest()).decode()
    return f'"v=UAAC1; a=sha256; d={digest}"'


def publish(pages: WebServer, dns: DnsServer, body: str | bytes) -> None:
    """Serve a document and vouch for it."""
    pages.page(*PLACE, body, content_type="application/json")
    dns.record(NAME, "TXT", digest_record(body))


async def look(pages: WebServer, dns: DnsServer, seconds: float = 3.0) -> Finding:
    """Ask the source at a fixed time."""
    records = create_records(ResolverSettings(dns_servers=(dns.endpoint,)))
    source = PaccSource(pages.fetcher(), records, lambda: NOW)
    return await source.look(Query("example.test", "ann@example.test"), seconds)


async def test_document_with_its_digest_is_found(pages: WebServer, dns: DnsServer) -> None:
    """Hosts with TLS on the default ports, methods, name and evidence; no address is sent."""
    publish(pages, dns, GOOD)

    assert await look(pages, dns) == Finding(
        source=DiscoverySource.PACC,
        status=FindingStatus.FOUND,
        detail=f"{URL} names servers.",
        checked_at=NOW,
        secure=True,
        ttl_seconds=300,
        proposal=Proposal((IMAP,), (SMTP,), display_name="Example Mail"),
    )
    assert [each.target for each in pages.requests] == [PLACE[1]]


async def test_older_name_of_submission_is_known(pages: WebServer, dns: DnsServer) -> None:
    """Up to the draft's version 02 the member was "smtp"."""
    publish(pages, dns, GOOD.replace('"submit"', '"smtp"'))

    found = await look(pages, dns)

    assert found.proposal is not None
    assert found.proposal.outgoing == (SMTP,)


async def test_newer_name_of_submission_wins(pages: WebServer, dns: DnsServer) -> None:
    """A document for both kinds of clients means the newer member."""
    both = '{"protocols": {"smtp": {"host": "old.test"}, "submit": {"host": "new.test"}}}'
    publish(pages, dns, both)

    found = await look(pages, dns)

    assert found.proposal is not None
    assert [each.host for each in found.proposal.outgoing] == ["new.test"]


async def test_without_a_digest_nothing_is_asked(pages: WebServer, dns: DnsServer) -> None:
    """Nobody vouches for the document, so that it is not even fetched."""
    pages.page(*PLACE, GOOD)

    found = await look(pages, dns)

    assert (found.status, found.detail) == (
        FindingStatus.NOTHING,
        "There is no checksum of a configuration file at _ua-auto-config.example.test.",
    )
    assert (pages.requests, pages.names) == ([], [])


@pytest.mark.parametrize(
    "text",
    [
        '"v=spf1 -all"',  # another record
        digest_record(GOOD).replace("UAAC1", "UAAC2"),  # another version
        digest_record(GOOD).replace("sha256", "md5"),  # another algorithm
        '"v=UAAC1; a=sha256; d=%%%"',  # no base64
        '"v=UAAC1; a=sha256; d=aGVsbG8="',  # too short
        '"v=UAAC1"',  # no digest
    ],
)
async def test_record_of_another_kind_is_no_digest(
    pages: WebServer, dns: DnsServer, text: str
) -> None:
    """What is not a SHA-256 of this version vouches for nothing."""
    pages.page(*PLACE, GOOD)
    dns.record(NAME, "TXT", text)

    found = await look(pages, dns)

    assert (found.status, pages.requests) == (FindingStatus.NOTHING, [])


async def test_other_digest_is_invalid(pages: WebServer, dns: DnsServer) -> None:
    """A document that the DNS does not vouch for is not read."""
    pages.page(*PLACE, GOOD)
    dns.record(NAME, "TXT", digest_record("another"))

    found = await look(pages, dns)

    assert (found.status, found.detail, found.proposal) == (
        FindingStatus.INVALID,
        f"{URL} was not understood. Its checksum is not the one in the DNS.",
        None,
    )


async def test_one_of_several_digests_is_enough(pages: WebServer, dns: DnsServer) -> None:
    """While a document changes, old and new are vouched for; tags may stand in any order."""
    pages.page(*PLACE, GOOD)
    value = digest_record(GOOD).partition("d=")[2].strip('"')
    dns.record(NAME, "TXT", digest_record("old"), f'"d={value};x=1; A=SHA256 ;V=uaac1;"')

    assert (await look(pages, dns)).status is FindingStatus.FOUND


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("", "It is not JSON."),
        ("<html></html>", "It is not JSON."),
        (b"\xff\xfe{}", "It is not JSON."),  # not UTF-8
        ('{"protocols": NaN}', "It is not JSON."),
        ('{"a": ' + "1" * 5000 + "}", "It is not JSON."),  # endless numbers
        ("[]", "It is not a JSON object."),
        ('{"protocols": {}, "protocols": {}}', "It holds the same name twice."),
        (
            '{"protocols": {"imap": {"host": "a.test", "host": "b.test"}}}',
            "It holds the same name twice.",
        ),
        ("[" * 30_000, "It is nested too deeply."),
        ('{"protocols": []}', "Its part protocols is not a JSON object."),
        ('{"protocols": {"imap": "imap.example.test"}}', "Its part imap is not a JSON object."),
        ('{"protocols": {"imap": {"host": 1}}}', "It names a server without a host name."),
        (
            '{"protocols": {"imap": {"host": "https://a.test"}}}',
            "It names a server without a host name.",
        ),
        (
            '{"protocols": {"imap": {"url": "imaps://a.test"}}}',
            "It names a server without a host name.",
        ),
    ],
)
async def test_nonsense_is_invalid(
    pages: WebServer, dns: DnsServer, body: str | bytes, reason: str
) -> None:
    """Strict JSON of the right form or nothing, although the DNS vouches for it."""
    publish(pages, dns, body)

    found = await look(pages, dns)

    assert (found.status, found.detail) == (
        FindingStatus.INVALID,
        f"{URL} was not understood. {reason}",
    )


async def test_document_without_mail_knows_nothing(pages: WebServer, dns: DnsServer) -> None:
    """A calendar server's document has nothing for us."""
    publish(pages, dns, '{"protocols": {"caldav": {"url": "https://a.test/"}}}')

    assert (await look(pages, dns)).status is FindingStatus.NOTHING


@pytest.mark.parametrize(
    ("authentication", "methods"),
    [
        ('{"password": true}', METHODS[1:]),
        ('{"password": false}', ()),
        ('{"password": "yes"}', ()),
        ('{"oauth-public": {"issuer": "https://a.test"}}', METHODS[:1]),
        ('{"oauth-public": {"issuer": "http://a.test"}}', ()),  # tokens in clear text
        ("{}", ()),
    ],
)
async def test_authentication_is_translated(
    pages: WebServer,
    dns: DnsServer,
    authentication: str,
    methods: tuple[AuthenticationMethod, ...],
) -> None:
    """Flags and issuer stand for our methods."""
    body = f'{{"protocols": {{"imap": {{"host": "a.test"}}}}, "authentication": {authentication}}}'
    publish(pages, dns, body)

    found = await look(pages, dns)

    assert found.proposal is not None
    assert found.proposal.incoming[0].authentication == methods


async def test_failing_dns_is_unavailable(pages: WebServer, dns: DnsServer) -> None:
    """Without a word of the DNS nothing is asked."""
    dns.servfail(NAME)

    found = await look(pages, dns, seconds=5)

    assert (found.status, found.detail, pages.requests) == (
        FindingStatus.UNAVAILABLE,
        "The DNS gave no answer about _ua-auto-config.example.test.",
        [],
    )


async def test_silent_dns_ends_in_time(pages: WebServer, dns: DnsServer) -> None:
    """A silent DNS server does not take more than the source's time."""
    dns.silent(NAME)
    start = time.monotonic()

    found = await look(pages, dns, seconds=0.4)

    assert time.monotonic() - start < 0.8
    assert found.status is FindingStatus.TIMED_OUT


async def test_missing_document_is_nothing(pages: WebServer, dns: DnsServer) -> None:
    """A digest without its document."""
    pages.page(*PLACE, "", status=404)
    dns.record(NAME, "TXT", digest_record(GOOD))

    assert (await look(pages, dns)).status is FindingStatus.NOTHING


@pytest.mark.parametrize(
    "body",
    [b'"' + b'\\"' * 32_000, b'"' + b'\\"' * 32_000 + b"\\", b'"' * 65_000, b"\\" * 65_000],
    ids=["string without an end", "cut in an escape", "quotes", "backslashes"],
)
def test_hostile_strings_are_read_once(body: bytes) -> None:
    """64 kB of them once held up the whole process for thirteen seconds."""
    started = time.process_time()
    with pytest.raises(DocumentInvalid):
        read_pacc(body)
    assert time.process_time() - started < 1
