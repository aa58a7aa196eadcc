"""Autoconfig: which places are asked, which wins, what becomes of good and hostile documents."""

import asyncio
import time
from datetime import UTC, datetime

import pytest

from kit.web import WebServer
from mailconfig.domain.diagnostics import DiagnosticCode
from mailconfig.domain.discovery import (
    DiscoverySource,
    Finding,
    FindingStatus,
    FoundServer,
    Proposal,
    Query,
)
from mailconfig.domain.phrases import Phrase
from mailconfig.domain.servers import AuthenticationMethod, MailProtocol, TransportSecurity
from mailconfig.remote.autoconfig import AutoconfigSource

NOW = datetime(2026, 11, 22, tzinfo=UTC)
QUERY = Query("example.test", "Ann.O+x@example.test")
OWN = ("autoconfig.example.test", "/mail/config-v1.1.xml")
WELL_KNOWN = ("example.test", "/.well-known/autoconfig/mail/config-v1.1.xml")
METHODS = AuthenticationMethod
NAMED = "https://autoconfig.example.test/mail/config-v1.1.xml names servers."


def server(
    host: str = "imap.example.test",
    *,
    kind: str = "imap",
    port: str = "993",
    socket: str = "SSL",
    username: str = "%EMAILADDRESS%",
    authentication: str = "<authentication>password-cleartext</authentication>",
) -> str:
    """Return the element of a server."""
    tag = "outgoingServer" if kind == "smtp" else "incomingServer"
    return (
        f'<{tag} type="{kind}"><hostname>{host}</hostname><port>{port}</port>'
        f"<socketType>{socket}</socketType><username>{username}</username>"
        f"{authentication}</{tag}>"
    )


def document(*servers: str) -> str:
    """Return a document with these servers."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?><clientConfig version="1.1">'
        '<emailProvider id="example.test"><domain>example.test</domain>'
        "<displayName> Example\u202e\n Mail </displayName>"
        f"{''.join(servers)}</emailProvider></clientConfig>"
    )


GOOD = document(
    server("pop.example.test", kind="pop3", port="995"),
    server(),
    server("smtp.example.test", kind="smtp", port="587", socket="STARTTLS"),
)
PASSWORD = (METHODS.PLAIN, METHODS.LOGIN)
IMAP = FoundServer(
    MailProtocol.IMAP,
    "imap.example.test",
    993,
    TransportSecurity.TLS,
    "Ann.O+x@example.test",
    PASSWORD,
)
SMTP = FoundServer(
    MailProtocol.SMTP,
    "smtp.example.test",
    587,
    TransportSecurity.STARTTLS,
    "Ann.O+x@example.test",
    PASSWORD,
)


async def look(pages: WebServer, query: Query = QUERY, seconds: float = 3.0) -> Finding:
    """Ask the source at a fixed time."""
    return await AutoconfigSource(pages.fetcher(), lambda: NOW).look(query, seconds)


async def test_document_of_the_domain_is_found(pages: WebServer) -> None:
    """Servers, name and evidence; POP3 is passed over without a word."""
    pages.page(*OWN, GOOD)

    assert await look(pages) == Finding(
        source=DiscoverySource.AUTOCONFIG,
        status=FindingStatus.FOUND,
        detail=NAMED,
        checked_at=NOW,
        secure=True,
        ttl_seconds=300,
        proposal=Proposal((IMAP,), (SMTP,), display_name="Example Mail"),
    )


async def test_address_is_sent_to_the_first_place_only(pages: WebServer) -> None:
    """The address goes to autoconfig.<domain>, dots as they are, and nowhere else."""
    pages.page(*OWN, "", status=404)
    pages.page(*WELL_KNOWN, GOOD)

    await look(pages)

    targets = {request.host: request.target for request in pages.requests}
    assert targets == {
        "autoconfig.example.test": "/mail/config-v1.1.xml?emailaddress=Ann.O%2Bx%40example.test",
        "example.test": "/.well-known/autoconfig/mail/config-v1.1.xml",
    }


async def test_hosts_are_the_same_for_everybody(pages: WebServer) -> None:
    """A server named after a person is left out: what is kept is shown to others of the domain."""
    pages.page(
        *OWN, document(server("%EMAILLOCALPART%.example.test"), server("imap.%EMAILDOMAIN%"))
    )

    found = await look(pages)

    assert found.proposal is not None
    assert [each.host for each in found.proposal.incoming] == ["imap.example.test"]
    assert found.detail == f"{NAMED} A server was left out: it has no valid host name."


async def test_below_a_public_suffix_only_the_domain_itself_is_asked(pages: WebServer) -> None:
    """Anybody could register autoconfig.co.uk and have the passwords of all of @co.uk."""
    pages.page("autoconfig.co.uk", OWN[1], GOOD)

    found = await look(pages, Query("co.uk", "ann@co.uk"))

    assert (found.status, found.proposal) == (FindingStatus.UNAVAILABLE, None)
    assert pages.requests == []


async def test_a_machine_of_this_network_is_not_asked(pages: WebServer) -> None:
    """A domain of one label is no domain of the Internet."""
    pages.page("intranet", WELL_KNOWN[1], GOOD)

    found = await look(pages, Query("intranet", "ann@intranet"))

    assert (found.status, found.secure) == (FindingStatus.NOTHING, False)
    assert pages.requests == []


async def test_without_an_address_none_is_sent_and_names_stay_out(pages: WebServer) -> None:
    """A placeholder that needs the address gives no user name; the domain is known."""
    pages.page(
        *OWN,
        document(
            server(),
            server(username="%EMAILLOCALPART%"),
            server("imap.%EMAILDOMAIN%", username="box.%EMAILDOMAIN%"),
        ),
    )

    found = await look(pages, Query("example.test"))

    assert pages.requests[0].target == "/mail/config-v1.1.xml"
    assert found.proposal is not None
    assert [each.username for each in found.proposal.incoming] == [None, None, "box.example.test"]
    assert found.proposal.incoming[2].host == "imap.example.test"


async def test_first_place_wins_although_it_is_slower(pages: WebServer) -> None:
    """The order is the draft's, not that of the answers."""

    async def late(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.3)
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n" + GOOD.encode())

    pages.answer(*OWN, late)
    pages.page(*WELL_KNOWN, document(server("other.example.test")))

    found = await look(pages)

    assert (found.status, found.detail) == (FindingStatus.FOUND, NAMED)


async def test_first_place_ends_the_second(pages: WebServer) -> None:
    """With an answer in hand nobody waits for the other place."""
    pages.page(*OWN, GOOD)
    pages.silent(*WELL_KNOWN)
    start = time.monotonic()

    assert (await look(pages)).status is FindingStatus.FOUND
    assert time.monotonic() - start < 1.5
    await pages.quiet()


async def test_second_place_counts_where_the_first_is_silent(pages: WebServer) -> None:
    """A silent first place costs the time of a source, not its result."""
    pages.silent(*OWN)
    pages.page(*WELL_KNOWN, GOOD)
    start = time.monotonic()

    found = await look(pages, seconds=0.8)

    assert time.monotonic() - start < 1.5
    assert found.proposal == Proposal((IMAP,), (SMTP,), display_name="Example Mail")


async def test_nothing_tells_of_both_places(pages: WebServer) -> None:
    """Where neither helps, the evidence names both; nobody's address is in it."""
    pages.page(*WELL_KNOWN, "", status=404)

    found = await look(pages)

    assert found == Finding(
        source=DiscoverySource.AUTOCONFIG,
        status=FindingStatus.NOTHING,
        detail="https://autoconfig.example.test/mail/config-v1.1.xml cannot be reached. There is "
        "nothing at https://example.test/.well-known/autoconfig/mail/config-v1.1.xml.",
        checked_at=NOW,
        secure=True,
        ttl_seconds=60,
    )
    assert isinstance(found.detail, Phrase)


DECLARED = '<?xml version="1.0" encoding="%s"?>'
BOMB = (
    '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]><clientConfig>&c;</clientConfig>'
)
EXTERNAL = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><clientConfig>&e;</clientConfig>'


@pytest.mark.parametrize(
    ("body", "reason", "code"),
    [
        (
            "<!DOCTYPE html><html><body>Welcome</body></html>",
            "It is a web page.",
            DiagnosticCode.AUTOCONFIG_HTML,
        ),
        (
            "\n<HTML><body><p>Welcome</body></HTML>",
            "It is a web page.",
            DiagnosticCode.AUTOCONFIG_HTML,
        ),
        (BOMB, "It holds a document type or entities, which are not allowed.", None),
        (EXTERNAL, "It holds a document type or entities, which are not allowed.", None),
        (
            "<!DOCTYPE clientConfig><clientConfig/>",
            "It holds a document type or entities, which are not allowed.",
            None,
        ),
        ("", "It is not well-formed XML.", None),
        ("<clientConfig>", "It is not well-formed XML.", None),
        (
            '<?xml version="1.0" encoding="utf-7"?><clientConfig/>',
            "It is not well-formed XML.",
            None,
        ),
        ('<?xml version="1.0" encoding="hex"?><clientConfig/>', "It is not well-formed XML.", None),
        ("<rss/>", "It is an XML document of another kind.", None),
        ("<clientConfig/>", "It names no provider.", None),
        ("<a>" * 20_000, "It is not well-formed XML.", None),
    ],
)
async def test_nonsense_is_invalid(
    pages: WebServer, body: str, reason: str, code: DiagnosticCode | None
) -> None:
    """Web pages, bombs, entities and other XML are no settings, and the evidence says what."""
    pages.page(*OWN, body)

    found = await look(pages)

    assert found.status is FindingStatus.INVALID
    assert f"{OWN[1]} was not understood. {reason} " in found.detail
    assert (found.code, found.proposal) == (code, None)


async def test_type_of_the_answer_does_not_matter(pages: WebServer) -> None:
    """Right XML is taken although its server calls it a web page."""
    pages.page(*OWN, GOOD, content_type="text/html")

    assert (await look(pages)).status is FindingStatus.FOUND


@pytest.mark.parametrize(
    ("left_out", "reason"),
    [
        (
            server(socket="plain"),
            "imap.example.test was left out: it is to be used without encryption.",
        ),
        (
            server(socket="magic"),
            "imap.example.test was left out: its kind of encryption is not known.",
        ),
        (server(port="0"), "imap.example.test was left out: it has no valid port."),
        (server(port="65536"), "imap.example.test was left out: it has no valid port."),
        (server(port="9²3"), "imap.example.test was left out: it has no valid port."),
        (server(host=""), "A server was left out: it has no valid host name."),
        (
            server(host="https://imap.example.test/"),
            "A server was left out: it has no valid host name.",
        ),
        (
            server(host="%REALNAME%.example.test"),
            "A server was left out: it has no valid host name.",
        ),
        (
            server(port="587"),
            "imap.example.test was left out: port 587 does not fit IMAP with TLS.",
        ),
        (
            server(socket="STARTTLS"),
            "imap.example.test was left out: port 993 does not fit IMAP with STARTTLS.",
        ),
        (
            server(kind="smtp", port="587"),
            "imap.example.test was left out: port 587 does not fit SMTP with TLS.",
        ),
        (
            server(port="995"),
            "imap.example.test was left out: port 995 does not fit IMAP with TLS.",
        ),
    ],
)
async def test_useless_server_is_left_out_with_its_reason(
    pages: WebServer, left_out: str, reason: str
) -> None:
    """The others stay; without others the document is invalid."""
    pages.page(*OWN, document(left_out, server("good.example.test")))
    beside = await look(pages)
    pages.page(*OWN, document(left_out))
    alone = await look(pages)

    assert beside.detail == f"{NAMED} {reason}"
    assert beside.proposal is not None
    assert [each.host for each in beside.proposal.incoming] == ["good.example.test"]
    assert alone.status is FindingStatus.INVALID
    assert f"names no server that can be used. {reason} " in alone.detail


async def test_document_of_pop3_alone_knows_nothing(pages: WebServer) -> None:
    """A provider without IMAP and SMTP has nothing for us, which is no mistake."""
    pages.page(*OWN, document(server(kind="pop3", port="995")))

    found = await look(pages)

    assert found.status is FindingStatus.NOTHING
    assert found.detail.startswith(f"https://{OWN[0]}{OWN[1]} names no IMAP and no SMTP server.")


@pytest.mark.parametrize(
    ("names", "methods"),
    [
        (("password-cleartext",), PASSWORD),
        (("plain",), PASSWORD),
        (("password-encrypted",), (METHODS.SCRAM_SHA_256, METHODS.CRAM_MD5)),
        (
            ("OAuth2", "password-cleartext"),
            (METHODS.XOAUTH2, METHODS.OAUTHBEARER, METHODS.PLAIN, METHODS.LOGIN),
        ),
        (("NTLM", "password-cleartext", "plain"), PASSWORD),
        (("client-IP-address",), (METHODS.NONE,)),
        (("GSSAPI",), ()),
        ((), ()),
    ],
)
async def test_authentication_is_translated(
    pages: WebServer, names: tuple[str, ...], methods: tuple[AuthenticationMethod, ...]
) -> None:
    """Each word of the draft stands for our methods, in the document's order, once."""
    words = "".join(f"<authentication> {name} </authentication>" for name in names)
    pages.page(*OWN, document(server(authentication=words)))

    found = await look(pages)

    assert found.proposal is not None
    assert found.proposal.incoming[0].authentication == methods


@pytest.mark.parametrize(
    ("template", "username"),
    [
        ("%EMAILLOCALPART%", "Ann.O+x"),
        ("%EMAILLOCALPART%@mail.%EMAILDOMAIN%", "Ann.O+x@mail.example.test"),
        ("ann", "ann"),
        ("%EMAILADDRESS", None),  # seen in the wild
        ("%REALNAME%", None),  # not ours to fill
        ("a\u202eb", None),  # forges what is seen
        ("", None),
        ("a" * 400, None),
    ],
)
async def test_username_is_filled_in(pages: WebServer, template: str, username: str | None) -> None:
    """Placeholders are filled; what cannot be filled or shown is no user name."""
    pages.page(*OWN, document(server(username=template)))

    found = await look(pages)

    assert found.proposal is not None
    assert found.proposal.incoming[0].username == username


@pytest.mark.parametrize(
    ("control", "seconds"),
    [("max-age=1", 300), ("max-age=3600", 3600), ("max-age=999999", 86400), ("no-store", 300)],
)
async def test_finding_holds_as_long_as_http_says(
    pages: WebServer, control: str, seconds: int
) -> None:
    """Cache headers count between five minutes and a day."""
    pages.page(*OWN, GOOD, headers=(f"Cache-Control: {control}",))

    assert (await look(pages)).ttl_seconds == seconds


async def test_hostile_places_end_as_evidence(pages: WebServer) -> None:
    """A redirect into the network is refused, an endless page cut; the worse one is told."""
    pages.redirect(*OWN, "https://10.0.0.1/")
    pages.endless(*WELL_KNOWN, again=b"<a>" * 1000)

    found = await look(pages)

    assert found.status is FindingStatus.INVALID
    assert found.detail == (
        "https://autoconfig.example.test/mail/config-v1.1.xml was not asked: its address or a "
        "redirect is not allowed. "
        "https://example.test/.well-known/autoconfig/mail/config-v1.1.xml sent too much data."
    )


@pytest.mark.parametrize(
    ("status", "finding"),
    [
        (204, FindingStatus.UNAVAILABLE),
        (302, FindingStatus.UNAVAILABLE),
        (403, FindingStatus.NOTHING),
        (404, FindingStatus.NOTHING),
        (410, FindingStatus.NOTHING),
        (429, FindingStatus.UNAVAILABLE),
        (500, FindingStatus.UNAVAILABLE),
        (503, FindingStatus.UNAVAILABLE),
    ],
)
async def test_status_decides(pages: WebServer, status: int, finding: FindingStatus) -> None:
    """Refusals mean that there is nothing; failures may be over soon. Their pages are not read."""
    for place in (OWN, WELL_KNOWN):
        pages.page(*place, "<!DOCTYPE html><html/>", status=status)

    found = await look(pages)

    assert (found.status, found.code) == (finding, None)


async def test_silence_ends_in_time(pages: WebServer) -> None:
    """Two silent places end before the source's time is over."""
    pages.silent(*OWN)
    pages.silent(*WELL_KNOWN)
    start = time.monotonic()

    found = await look(pages, seconds=0.6)

    assert time.monotonic() - start < 1.3
    assert (found.status, found.ttl_seconds) == (FindingStatus.TIMED_OUT, 60)


async def test_domain_that_is_too_long_is_no_failure(pages: WebServer) -> None:
    """A domain that leaves no place for "autoconfig." raises nothing."""
    found = await look(pages, Query(".".join(["a" * 62] * 4)))

    assert found.status is FindingStatus.REFUSED


async def test_cancelled_source_leaves_nothing(pages: WebServer) -> None:
    """Cancellation reaches both requests."""
    pages.silent(*OWN)
    pages.silent(*WELL_KNOWN)
    task = asyncio.create_task(look(pages, seconds=60))
    await pages.asked.wait()

    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    await pages.quiet()
