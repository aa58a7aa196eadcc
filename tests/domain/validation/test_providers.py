"""Claims about providers: those without access, their hosts, their requirements, the sender."""

import pytest

from kit.drafts import draft, found, imap, password, report, smtp, token

SILENT = [
    # domain, id, code
    ("tutanota.com", "tuta", "PROVIDER_WITHOUT_ACCESS"),
    ("hey.com", "hey", "PROVIDER_WITHOUT_ACCESS"),
    ("skiff.com", "skiff", "PROVIDER_CLOSED"),
    ("internode.on.net", "internode", "PROVIDER_CLOSED"),  # moved
    ("privaterelay.appleid.com", "apple_private_relay", "FORWARD_ONLY"),
    ("garnet.broba.cc", "broba", "PROVIDER_WITHOUT_ACCESS"),  # no TLS known
]


@pytest.mark.parametrize(("domain", "row", "code"), SILENT)
def test_providers_without_servers(domain: str, row: str, code: str) -> None:
    """By its address alone such a provider is a warning; chosen, it is an error."""
    address = f"a@{domain}"
    by_address = found(draft(email_address=address))
    assert ("WARNING", code, "emailAddress", None) in by_address
    chosen = found(draft(email_address=address, provider_id=row))
    assert ("ERROR", code, "providerId", None) in chosen
    assert report(draft(email_address=address)).provider is not None


def test_closed_providers_tell_when() -> None:
    """The message names the date of the end."""
    issues = report(draft(email_address="a@skiff.com")).issues
    message = next(item.message for item in issues if item.code == "PROVIDER_CLOSED")
    assert message == "Skiff Mail has ended its service (2024-08)."


@pytest.mark.parametrize("name", ["nosuch", "", "Gmail", "\ud800"])
def test_unknown_provider(name: str) -> None:
    """An id that is not in the catalogue is an error."""
    assert found(draft(provider_id=name)) == [("ERROR", "UNKNOWN_PROVIDER", "providerId", None)]


HOSTS = [
    # chosen row, host, suggestion; None means that it belongs
    ("gmail", "imap.gmail.com", None),
    ("google_workspace", "imap.gmail.com", None),  # shared
    ("ionos_de", "imap.1und1.de", None),  # another host of the row
    ("web_de", "imap2.web.de", None),  # same registrable domain
    ("gmail", "imap.web.de", "imap.gmail.com"),
    ("gmail", "imap.gmail.com.evil.example", "imap.gmail.com"),
]


@pytest.mark.parametrize(("row", "host", "suggestion"), HOSTS)
def test_hosts_of_the_chosen_provider(row: str, host: str, suggestion: str | None) -> None:
    """A host of somebody else is told with the provider's own."""
    issues = found(draft(provider_id=row, incoming=imap(host=host), outgoing=None))
    at_host = [item for item in issues if item[1] == "HOST_NOT_OF_PROVIDER"]
    expected = (
        []
        if suggestion is None
        else [("WARNING", "HOST_NOT_OF_PROVIDER", "incoming.host", suggestion)]
    )
    assert at_host == expected


def test_no_suggestion_with_a_placeholder() -> None:
    """A host that depends on more than the address is never suggested with its placeholder."""
    checked = draft(provider_id="aws_workmail", incoming=imap(host="imap.web.de"), outgoing=None)
    assert ("WARNING", "HOST_NOT_OF_PROVIDER", "incoming.host", None) in found(checked)


def test_senders_offer_no_mailbox() -> None:
    """A service that only sends is told at the receiving server."""
    server = imap(host="smtp.sendgrid.net", username="apikey")
    issues = found(draft(email_address="a@firma.example", incoming=server, outgoing=None))
    assert ("WARNING", "PROVIDER_WITHOUT_ACCESS", "incoming.host", None) in issues


def _requirements(**fields: object) -> list[str]:
    issues = report(draft(**fields)).issues
    return [item.message for item in issues if item.code == "PROVIDER_REQUIRES"]


def test_requirements_are_told_with_the_operators_page() -> None:
    """What has to be switched on is told, with a link to the operator's own documentation."""
    gmx = imap(host="imap.gmx.net", username="a@gmx.de", secret=password("hunter22"))
    messages = _requirements(email_address="a@gmx.de", incoming=gmx, outgoing=None)
    row, page = "GMX (DACH)", "https://hilfe.gmx.net/pop-imap/einschalten.html"
    need = "needs an app password instead of your own password while two-step sign-in is on"
    assert messages == [
        f"{row} {need}. See {page}",
        f"{row} wants IMAP to be switched on in its settings first. See {page}",
    ]


def test_requirements_that_do_not_matter_are_left_out() -> None:
    """Without IMAP nothing is said about IMAP, with a token nothing about app passwords."""
    sends = smtp(host="mail.gmx.net", username="a@gmx.de", secret=token())
    assert _requirements(email_address="a@gmx.de", incoming=None, outgoing=sends) == []
    assert _requirements() == []  # Gmail with an app password


def test_a_bridge_cannot_be_reached() -> None:
    """A server on the user's own machine is a warning."""
    issues = found(draft(provider_id="proton_bridge", incoming=imap(host="127.0.0.1")))
    assert ("WARNING", "PROVIDER_REQUIRES", "providerId", None) in issues


SENDERS = [
    # address, host, user name, whether it is told
    ("alice@gmail.com", "smtp.gmail.com", "alice@gmail.com", False),
    ("alice@googlemail.com", "smtp.gmail.com", "alice@gmail.com", False),  # one provider
    ("alice@firma.example", "smtp.gmail.com", "alice@gmail.com", True),
    ("alice@firma.example", "mail.firma.example", "bob@firma.example", False),
    ("alice@firma.example", "mail.firma.example", "bob", False),  # no address
    ("alice@firma.example", "mail.firma.example", "bob@other.example", True),
    ("alice@firma.example", "smtp.mail.me.com", "bob@icloud.com", False),  # own domain at iCloud
    ("alice@firma.example", "smtp.mailgun.org", "postmaster@mg.firma.example", False),  # relay
]


@pytest.mark.parametrize(("address", "host", "username", "told"), SENDERS)
def test_sender_against_sign_in(address: str, host: str, username: str, *, told: bool) -> None:
    """A sender of another domain than the sign-in is told, where that tends to be refused."""
    server = smtp(host=host, username=username, secret=password("abcd-efgh-ijkl-mnop"))
    issues = found(draft(email_address=address, incoming=None, outgoing=server))
    issue = ("WARNING", "DOMAIN_MISMATCH", "outgoing.username", address)
    assert (issue in issues) is told
