"""Hostile findings: what strangers' records and documents say is cut down to what can be used."""

from dataclasses import replace

import pytest

from kit.discovery import IMAP, SMTP, TLS, finding, pair, server
from mailconfig.domain.addresses import parse_address
from mailconfig.domain.discovery import DiscoverySource, FindingStatus, FoundServer, Proposal
from mailconfig.domain.discovery.cleaning import SERVERS_MAX, cleaned
from mailconfig.domain.phrases import Phrase, joined, phrase
from mailconfig.domain.servers import TransportSecurity

PACC, AUTOCONFIG, MX = DiscoverySource.PACC, DiscoverySource.AUTOCONFIG, DiscoverySource.MX
ANN = parse_address("ann@example.test")
USELESS = [
    pytest.param(server("192.0.2.1"), id="address"),
    pytest.param(server("localhost"), id="one label"),
    pytest.param(server("imap example.test"), id="space"),
    pytest.param(server("imap_1.example.test"), id="underscore"),
    pytest.param(server("https://imap.example.test"), id="URL"),
    pytest.param(server(""), id="empty"),
    pytest.param(server("imap.example.test", port=70000), id="impossible port"),
    pytest.param(server("imap.example.test", security=TransportSecurity.NONE), id="no TLS"),
    pytest.param(server("smtp.example.test", SMTP), id="other protocol"),
]


def incoming(*servers: FoundServer) -> Proposal:
    """Return a proposal of IMAP servers."""
    return Proposal(servers)


@pytest.mark.parametrize("useless", USELESS)
def test_a_server_of_no_use_is_left_out(useless: FoundServer) -> None:
    """The good one beside it stays; alone it makes the finding INVALID."""
    good = server("imap.example.test")
    both = cleaned(finding(AUTOCONFIG, incoming(useless, good)), None)
    assert both.status is FindingStatus.FOUND
    assert both.proposal == incoming(good)
    alone = cleaned(finding(AUTOCONFIG, incoming(useless)), None)
    assert (alone.status, alone.proposal) == (FindingStatus.INVALID, None)


def test_lists_are_cut() -> None:
    """A document of a thousand servers is one of a few."""
    many = incoming(*(server(f"imap{number}.example.test") for number in range(1000)))
    said = cleaned(finding(PACC, many), None).proposal
    assert said is not None
    assert len(said.incoming) == SERVERS_MAX


def test_a_name_made_for_one_person_is_dropped() -> None:
    """What is kept is shown to others of the domain: an operator's name holds nobody's address."""
    told = replace(pair(), display_name="Mail of Ann@Example.test")
    said = cleaned(finding(AUTOCONFIG, told), ANN).proposal
    assert said is not None
    assert said.display_name is None


def test_a_stranger_names_no_row_of_ours() -> None:
    """Whose servers they are is for the catalogue to say; names for people are cleaned and cut."""
    claimed = replace(pair(), provider_id="gmail", display_name="Evil\u202e\n" + "x" * 500)
    said = cleaned(finding(AUTOCONFIG, claimed), None).proposal
    assert said is not None
    assert said.provider_id is None
    assert said.display_name == "Evil " + "x" * 94 + "…"


def test_user_names_become_forms_again() -> None:
    """What is kept serves every address of the domain; somebody's own name is dropped."""
    names = ["ann@example.test", "ann", "u1042", "x" * 400, "ann\u202e"]
    servers = (
        FoundServer(IMAP, f"i{n}.example.test", 993, TLS, who) for n, who in enumerate(names)
    )
    said = cleaned(finding(AUTOCONFIG, incoming(*servers)), ANN).proposal
    assert said is not None
    assert [item.username for item in said.incoming] == [
        "%EMAILADDRESS%",
        "%EMAILLOCALPART%",
        None,
        None,
        None,
    ]


def test_names_are_canonical() -> None:
    """Upper case and U-labels are the same server as their A-labels."""
    said = cleaned(finding(PACC, incoming(server("IMAP.Bücher.test."))), None).proposal
    assert said == incoming(server("imap.xn--bcher-kva.test"))


@pytest.mark.parametrize(("given", "kept"), [(0, 60), (-5, 60), (300, 300), (10**9, 86400)])
def test_times_to_live_are_bounded(given: int, kept: int) -> None:
    """A record must neither make every request ask again nor stay for ever."""
    assert cleaned(finding(PACC, pair(), ttl_seconds=given), None).ttl_seconds == kept


def test_sentences_are_fit_to_show() -> None:
    """Control characters and lengths end; a phrase stays translatable, however long it is."""
    detail = phrase("No SRV record of {domain} names a mail server.", domain="example.test")
    kept = cleaned(replace(finding(PACC, pair()), detail=detail), None).detail
    assert isinstance(kept, Phrase)
    odd = phrase("It says {words}.", words="\u202e\x1b[2J" + "x" * 500)
    shown = cleaned(replace(finding(PACC, pair()), detail=odd), None).detail
    assert isinstance(shown, Phrase)
    assert (shown.isprintable(), len(shown)) == (True, len("It says .") + 300)
    many = joined(odd, phrase("It says {words}.", words="y" * 200))
    assert isinstance(cleaned(replace(finding(PACC, pair()), detail=many), None).detail, Phrase)
    plain = cleaned(replace(finding(PACC, pair()), detail="z" * 500), None).detail
    assert len(plain) == 300


def test_rows_keep_what_only_they_may_say() -> None:
    """A bridge on the user's machine is an address and a row: the catalogue is no stranger."""
    bridge = Proposal((server("127.0.0.1", port=1143),), (), "proton_bridge", "Bridge")
    assert cleaned(finding(MX, bridge), None).proposal == bridge


def test_servers_without_the_status_are_nothing() -> None:
    """Only FOUND offers servers."""
    odd = finding(PACC, pair(), status=FindingStatus.TIMED_OUT)
    assert cleaned(odd, None).proposal is None
