"""The demonstration's rows beside the real catalogue."""

from ipaddress import ip_address

from kit.drafts import shipped
from mailconfig.domain.demo import Demo, DemoProvider
from mailconfig.domain.providers import ProviderKind, ProviderServer
from mailconfig.domain.servers import MailProtocol, TransportSecurity

IMAP = ProviderServer(MailProtocol.IMAP, "imap.gmail.localhost", 14300, TransportSecurity.TLS)
SMTP = ProviderServer(MailProtocol.SMTP, "smtp.gmail.localhost", 14301, TransportSecurity.STARTTLS)
GMAIL = DemoProvider("demo_gmail", "Demo: Gmail", "gmail.localhost", IMAP, SMTP, (), "gmail")
PLAIN = DemoProvider(
    "demo_plain", "Demo: Plain", "plain.localhost", IMAP, SMTP, (), None, ("mail.plain.localhost",)
)
DEMO = Demo(frozenset({(ip_address("127.0.0.1"), 14300)}), "", (GMAIL, PLAIN), "demo")


def test_a_row_like_a_real_one() -> None:
    """It has the real row's requirements and pages, and names, domains and servers of its own."""
    real, row = shipped().by_id("gmail"), GMAIL.row(shipped())
    assert real is not None
    assert (row.id, row.name, row.kind) == ("demo_gmail", "Demo: Gmail", ProviderKind.MAILBOX)
    assert (row.requires, row.auth, row.username_form) == (
        real.requires,
        real.auth,
        real.username_form,
    )
    assert (row.help_url, row.app_password_url) == (real.help_url, real.app_password_url)
    assert (row.domains, row.domain_suffixes, row.mx_suffixes) == (("gmail.localhost",), (), ())
    assert (row.incoming, row.outgoing, row.alternative_hosts) == ((IMAP,), (SMTP,), ())
    assert row.oauth2 is None


def test_the_hosts_of_all_servers() -> None:
    """Every name that a simulated server has, once."""
    assert DEMO.hosts == {"imap.gmail.localhost", "smtp.gmail.localhost", "mail.plain.localhost"}


def test_a_plain_row() -> None:
    """A row that is like no other asks for the address and a password."""
    row = PLAIN.row(shipped())
    assert (row.username_form, row.auth, row.requires) == ("email", ("password",), ())
    assert row.alternative_hosts == ("mail.plain.localhost",)


def test_real_rows_stay_as_they_are() -> None:
    """Look-ups of real domains, hosts and MX are those of the shipped catalogue."""
    joined = DEMO.catalogue(shipped())
    assert len(joined.providers) == len(shipped().providers) + 2
    assert joined.by_id("gmail") == shipped().by_id("gmail")
    assert joined.by_domain("gmail.com") == shipped().by_domain("gmail.com")
    assert joined.by_host("imap.gmail.com") == shipped().by_host("imap.gmail.com")
    hosts = ["aspmx.l.google.com"]
    assert joined.by_mx(hosts, "example.org") == shipped().by_mx(hosts, "example.org")
    assert joined.guesses == shipped().guesses
    assert joined.dns_hints == shipped().dns_hints
    assert joined.site_of("imap.gmail.com") == shipped().site_of("imap.gmail.com")


def test_demonstration_rows_are_found() -> None:
    """They come back by domain, host and search, and their hosts are sites of their own."""
    joined = DEMO.catalogue(shipped())
    row = joined.by_id("demo_gmail")
    assert row is not None
    assert joined.by_domain("gmail.localhost") == row
    assert joined.by_host("imap.gmail.localhost", "gmail.localhost") == row
    assert {found.id for found in joined.search("demo: ")} == {"demo_gmail", "demo_plain"}
    assert joined.site_of("mail.plain.localhost") == "provider:demo_plain"
    assert joined.site_of("imap.gmail.localhost") != joined.site_of("imap.gmail.com")
