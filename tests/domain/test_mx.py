"""Claims about MX hosts."""

import re
from dataclasses import replace

import pytest

from kit.drafts import shipped
from mailconfig.domain.mx import MxGroup, MxKind, MxRules, MxTable, names_above
from mailconfig.domain.providers import Provider

VERDICTS = [
    (["aspmx.l.google.com"], MxKind.PROVIDER, "google_workspace"),
    (["ASPMX.L.Google.COM."], MxKind.PROVIDER, "google_workspace"),
    (["contoso-com.mail.protection.outlook.com"], MxKind.PROVIDER, "microsoft365"),
    (["hotmail-com.olc.protection.outlook.com"], MxKind.PROVIDER, "outlook_com"),
    (["inbound-smtp.eu-west-1.amazonaws.com"], MxKind.PROVIDER, "aws_workmail"),  # by pattern
    (["inbound-smtp.mars-1.amazonaws.com"], MxKind.UNKNOWN, None),
    (["mail.your-server.de"], MxKind.PROVIDER, "hetzner"),
    # A longer suffix of a forwarder beats a shorter one of a provider.
    (["gmr-smtp-in.l.google.com"], MxKind.FORWARDER, None),
    (["route1.mx.cloudflare.net"], MxKind.FORWARDER, None),
    (["mx1.improvmx.com"], MxKind.FORWARDER, None),
    (["mxa-00000.gslb.pphosted.com"], MxKind.GATEWAY, None),
    (["eu-smtp-inbound-1.mimecast.com"], MxKind.GATEWAY, None),
    (["east.smtp.mx.exch080.serverdata.net"], MxKind.AMBIGUOUS, None),
    # Somebody's own machine below an operator's name.
    (["static.1-2-3-4.clients.your-server.de"], MxKind.CUSTOMER_LINE, None),
    (["p5b0f1234.dip0.t-ipconnect.de"], MxKind.CUSTOMER_LINE, None),
    ([""], MxKind.NULL_MX, None),  # RFC 7505
    (["."], MxKind.NULL_MX, None),
    ([], MxKind.UNKNOWN, None),
    (["mail.firma.example"], MxKind.UNKNOWN, None),
    (["notl.google.com"], MxKind.UNKNOWN, None),  # whole labels only
    # Only the most preferred host counts: the second may be somebody's back-up.
    (["mail.firma.example", "aspmx.l.google.com"], MxKind.UNKNOWN, None),
]


@pytest.mark.parametrize(("hosts", "kind", "row"), VERDICTS)
def test_verdicts(hosts: list[str], kind: MxKind, row: str | None) -> None:
    """Each kind of MX host is told apart, in the order of the catalogue's rules."""
    match = shipped().by_mx(hosts)
    assert match.kind is kind
    assert (match.provider.id if match.provider else None) == row


def test_a_known_domain_ends_the_look_up() -> None:
    """The catalogue's own word on a domain stands above its MX."""
    match = shipped().by_mx(["mxa.pphosted.com"], "gmail.com")
    assert match.kind is MxKind.PROVIDER
    assert match.provider is shipped().by_id("gmail")


def test_forwarder_names_the_paid_plan() -> None:
    """A forwarder that also sells mailboxes says which row that would be."""
    match = shipped().by_mx(["mx1.forwardemail.net"])
    assert match.kind is MxKind.FORWARDER
    assert match.name == "Forward Email (free plan forwards only)"
    assert match.maybe_provider is shipped().by_id("forward_email")


def test_gateway_has_a_name() -> None:
    """A gateway is named, for the user to recognise."""
    match = shipped().by_mx(["mxa-00000.gslb.pphosted.com"])
    assert (match.name, match.host) == ("Proofpoint", "mxa-00000.gslb.pphosted.com")


def test_longer_provider_suffix_beats_shorter_gateway() -> None:
    """A row below a gateway's name wins over the gateway, an equal suffix does not."""
    rules = MxRules(gateways=(MxGroup("Filter", ("filter.example",)),))
    below = MxTable([_with_suffix("mail.filter.example")], rules)
    equal = MxTable([_with_suffix("filter.example")], rules)
    assert below.match(["mx.mail.filter.example"]).kind is MxKind.PROVIDER
    assert equal.match(["mx.filter.example"]).kind is MxKind.GATEWAY


def test_excluded_names_do_not_belong_to_the_row() -> None:
    """Names below mx_exclude are not the row's, also without the rule of customer lines."""
    row = shipped().by_id("hetzner")
    assert row is not None
    table = MxTable([row], MxRules(customer_line=re.compile("(?!)")))
    assert table.match(["mail.your-server.de"]).provider is row
    assert table.match(["a.clients.your-server.de"]).kind is MxKind.UNKNOWN


def test_names_above() -> None:
    """A name and all above it, longest first."""
    assert list(names_above("a.b.c")) == ["a.b.c", "b.c", "c"]


def _with_suffix(suffix: str) -> Provider:
    row = shipped().by_id("gmail")
    assert row is not None
    return replace(row, mx_suffixes=(suffix,))
