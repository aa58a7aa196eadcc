"""Answers from the catalogue alone, against the shipped rows."""

import pytest

from kit.drafts import shipped
from mailconfig.domain.discovery.offline import DomainClass, OfflineServer, offline
from mailconfig.domain.hosts import HostInvalid
from mailconfig.domain.servers import TransportSecurity

PROVIDER, GATEWAY, FORWARDER = DomainClass.PROVIDER, DomainClass.GATEWAY, DomainClass.FORWARDER
AMBIGUOUS, NONE, UNKNOWN = DomainClass.AMBIGUOUS, DomainClass.NONE, DomainClass.UNKNOWN
GOOGLE = "imap.gmail.com"

CUSTOM = [
    pytest.param(["aspmx.l.google.com"], PROVIDER, "google_workspace", GOOGLE, id="known MX"),
    pytest.param(["ASPMX.L.GOOGLE.COM."], PROVIDER, "google_workspace", GOOGLE, id="any case"),
    pytest.param(
        ["mx.custom.example", "aspmx.l.google.com"], UNKNOWN, None, None, id="first MX only"
    ),
    pytest.param(["us-smtp-inbound-1.mimecast.com"], GATEWAY, None, None, id="gateway"),
    pytest.param(["mx0a-0012.pphosted.com"], GATEWAY, None, None, id="gateway of customers"),
    pytest.param(["route1.mx.cloudflare.net"], FORWARDER, None, None, id="forwarder"),
    pytest.param(["mx1.improvmx.com"], FORWARDER, None, None, id="another forwarder"),
    pytest.param(["west.smtp.mx.exch081.serverdata.net"], AMBIGUOUS, None, None, id="ambiguous"),
    pytest.param([""], NONE, None, None, id="null MX"),
    pytest.param(["."], NONE, None, None, id="null MX as a dot"),
    pytest.param([], UNKNOWN, None, None, id="no MX"),
    pytest.param(None, UNKNOWN, None, None, id="MX not looked up"),
    pytest.param(["static.1.2.3.4.clients.your-server.de"], UNKNOWN, None, None, id="own machine"),
    pytest.param(["mx.unheard-of.example"], UNKNOWN, None, None, id="unknown MX"),
    pytest.param(
        ["inbound-smtp.us-east-1.amazonaws.com"], PROVIDER, "aws_workmail", None, id="MX pattern"
    ),
    pytest.param(["mail.protonmail.ch"], PROVIDER, "proton_bridge", "127.0.0.1", id="bridge"),
]
"""What a domain of nobody's is, by its exchangers; the fourth is the IMAP host."""


@pytest.mark.parametrize(("mx", "wanted", "row", "imap"), CUSTOM)
def test_a_custom_domain_is_what_its_exchanger_is(
    mx: list[str] | None, wanted: DomainClass, row: str | None, imap: str | None
) -> None:
    """Provider, gateway, forwarder, ambiguous, none or unknown; servers for providers only."""
    answer = offline(shipped(), "custom-domain.example", mx)
    assert (answer.domain_class, answer.provider_id) == (wanted, row)
    assert (answer.imap.host if answer.imap else None) == imap


def test_the_domain_wins_over_its_exchanger() -> None:
    """A domain that the catalogue lists is its row's, whatever its MX says."""
    for mx in (["route1.mx.cloudflare.net"], ["."], ["mx0a.pphosted.com"], None):
        answer = offline(shipped(), "gmail.com", mx)
        assert (answer.domain_class, answer.provider_id) == (PROVIDER, "gmail")


def test_servers_are_the_first_of_the_row() -> None:
    """Host, port and security of the first server of each side."""
    answer = offline(shipped(), "icloud.com", None)
    assert answer.imap == OfflineServer("imap.mail.me.com", 993, TransportSecurity.TLS)
    assert answer.smtp == OfflineServer("smtp.mail.me.com", 587, TransportSecurity.STARTTLS)


def test_the_domain_fills_a_placeholder_and_any_other_gives_none() -> None:
    """{domain} is known; {mailhost} would have to be asked for."""
    assert offline(shipped(), "inbox.lv", None).imap == OfflineServer(
        "mail.inbox.lv", 993, TransportSecurity.TLS
    )
    answer = offline(shipped(), "custom-domain.example", ["w0123456.kasserver.com"])
    assert (answer.domain_class, answer.provider_id) == (PROVIDER, "all_inkl")
    assert (answer.imap, answer.smtp) == (None, None)


@pytest.mark.parametrize("typed", ["GMAIL.com", "gmail.com.", " gmail.com "])
def test_the_way_of_typing_does_not_count(typed: str) -> None:
    """Case, a last dot and space around are of no meaning."""
    assert offline(shipped(), typed, None).provider_id == "gmail"


def test_labels_of_other_alphabets_are_read() -> None:
    """A U-label domain and a U-label exchanger are those of their A-labels."""
    answer = offline(shipped(), "bücher.example", ["mx.bücher.example", "aspmx.l.google.com"])
    assert answer == offline(shipped(), "xn--bcher-kva.example", ["mx.xn--bcher-kva.example"])
    by_mx = offline(shipped(), "bücher.example", ["aspmx.l.google.com"])
    assert by_mx.provider_id == "google_workspace"


@pytest.mark.parametrize(
    "text", ["", "a b.example", "http://example.com/", "ann@example.com", ".."]
)
def test_a_text_that_is_no_domain_is_refused(text: str) -> None:
    """There is no answer about what cannot be a domain."""
    with pytest.raises(HostInvalid):
        offline(shipped(), text, None)
