"""Claims about user names."""

import pytest

from kit.drafts import draft, found, imap, smtp
from mailconfig.domain.servers import AuthenticationMethod

FORMS = [
    # address, side, host, user name, suggestion: None means that it fits
    ("alice@gmail.com", "incoming", "imap.gmail.com", "alice@gmail.com", None),
    ("alice@gmail.com", "incoming", "imap.gmail.com", "other@gmail.com", None),  # an alias
    ("alice@gmail.com", "incoming", "imap.gmail.com", "alice", "alice@gmail.com"),
    ("a@firma.example", "incoming", "imap.gmail.com", "a", "a@firma.example"),  # own domain
    ("bob@icloud.com", "incoming", "imap.mail.me.com", "bob", None),
    ("bob@icloud.com", "incoming", "imap.mail.me.com", "bob@icloud.com", "bob"),
    ("bob@icloud.com", "outgoing", "smtp.mail.me.com", "bob", "bob@icloud.com"),
    ("bob@naver.com", "incoming", "imap.naver.com", "bob", None),  # both forms
    ("bob@naver.com", "incoming", "imap.naver.com", "bob@naver.com", None),
    ("a@firma.example", "outgoing", "smtp.sendgrid.net", "apikey", None),  # literal
    ("a@firma.example", "outgoing", "smtp.sendgrid.net", "a@firma.example", "apikey"),
    ("a@dd.iij4u.or.jp", "outgoing", "mbox.iij4u.or.jp", "a@dd.iij4u.or.jp", "a.dd.iij4u.or.jp"),
    ("a@dd.iij4u.or.jp", "outgoing", "mbox.iij4u.or.jp", "a.dd.iij4u.or.jp", None),
    ("a@firma.example", "outgoing", "smtp.postmarkapp.com", "token-1", None),  # words to show
    ("a@firma.example", "incoming", "mail.firma.example", "whatever", None),  # not known
]


@pytest.mark.parametrize(("address", "side", "host", "username", "suggestion"), FORMS)
def test_forms(address: str, side: str, host: str, username: str, suggestion: str | None) -> None:
    """The catalogue's form of user name is told, with the right name as suggestion."""
    base = imap if side == "incoming" else smtp
    other = "outgoing" if side == "incoming" else "incoming"
    fields = {side: base(host=host, username=username), other: None}
    issues = [
        item
        for item in found(draft(email_address=address, **fields))
        if item[2] == f"{side}.username"
    ]
    expected = (
        [] if suggestion is None else [("WARNING", "USERNAME_FORM", f"{side}.username", suggestion)]
    )
    assert issues == expected


def test_no_suggestion_from_somebody_elses_address() -> None:
    """The address of another provider is not offered as user name."""
    checked = draft(email_address="alice@web.de", incoming=imap(username="alice"), outgoing=None)
    assert found(checked) == [("WARNING", "USERNAME_FORM", "incoming.username", None)]


CLEAN = [
    ("alice\r\n@gmail.com", ("ERROR", "INVALID_FORMAT", None)),
    ("alice\0@gmail.com", ("ERROR", "INVALID_FORMAT", None)),
    ("alice\ud800@gmail.com", ("ERROR", "INVALID_FORMAT", None)),
    (" alice@gmail.com", ("WARNING", "USERNAME_FORM", "alice@gmail.com")),
    ("a" * 501 + "@gmail.com", ("WARNING", "USERNAME_FORM", "alice@gmail.com")),  # no address
]


@pytest.mark.parametrize(("username", "issue"), CLEAN)
def test_clean(username: str, issue: tuple[str, str, str | None]) -> None:
    """Control characters are errors, spaces around are told."""
    severity, code, suggestion = issue
    issues = found(draft(incoming=imap(username=username), outgoing=None))
    assert (severity, code, "incoming.username", suggestion) in issues


def test_length() -> None:
    """512 characters pass, 513 do not."""
    host = "mail.example.com"
    fits = draft(incoming=imap(host=host, username="a" * 512), outgoing=None)
    assert found(fits) == []
    longer = draft(incoming=imap(host=host, username="a" * 513), outgoing=None)
    assert found(longer) == [("ERROR", "TOO_LONG", "incoming.username", None)]


def test_odd_names_pass() -> None:
    """Quotes, backslashes, spaces inside and other scripts are part of user names."""
    for name in ('a"b', "a\\b", "a b", "DOMAIN\\user", "jörg", "用户"):
        checked = draft(incoming=imap(host="mail.example.com", username=name), outgoing=None)
        assert found(checked) == []


def test_left_out_where_the_address_tells_it() -> None:
    """Without a word on it, the address or the provider's form gives the user name: no issue."""
    for host in ("imap.gmail.com", "mail.example.com"):
        assert found(draft(incoming=imap(host=host, username=None), outgoing=None)) == []


def test_required_where_only_the_provider_knows_it() -> None:
    """Where the name is made by the provider it is asked for, unless the sign-in is off."""
    host = "email-smtp.eu-west-1.amazonaws.com"
    asked = draft(incoming=None, outgoing=smtp(host=host, username=None))
    codes = [(severity, code, path) for severity, code, path, _ in found(asked)]
    assert ("WARNING", "REQUIRED", "outgoing.username") in codes
    off = AuthenticationMethod.NONE
    relay = smtp(host="relay.example.com", authentication=off, username=None, secret=None)
    assert found(draft(incoming=None, outgoing=relay)) == []
