"""Claims about secrets."""

import pytest

from kit.drafts import draft, found, imap, password, smtp, token
from mailconfig.domain.secrets import KeepSecret
from mailconfig.domain.servers import AuthenticationMethod

PASSWORDS = [
    ("", ("ERROR", "REQUIRED")),
    ("a\0b", ("ERROR", "INVALID_FORMAT")),
    ("a\rb", ("ERROR", "INVALID_FORMAT")),
    ("a\nb", ("ERROR", "INVALID_FORMAT")),
    ("a\ud800b", ("ERROR", "INVALID_FORMAT")),
    (" secret", ("WARNING", "SECRET_WHITESPACE")),
    ("secret\u00a0", ("WARNING", "SECRET_WHITESPACE")),  # as pasted from a page
    ("é" * 2049, ("ERROR", "TOO_LONG")),  # 4098 bytes
]


@pytest.mark.parametrize(("text", "issue"), PASSWORDS)
def test_passwords(text: str, issue: tuple[str, str]) -> None:
    """Each fault of a password gives exactly its issue, without any suggestion."""
    checked = draft(incoming=imap(host="mail.example.com", secret=password(text)), outgoing=None)
    assert found(checked) == [(*issue, "incoming.secret.password", None)]


@pytest.mark.parametrize("text", ["x", "pässwörd 密码", '"\\ \t{}', "é" * 2048])
def test_good_passwords(text: str) -> None:
    """Any other password up to 4 KiB passes."""
    checked = draft(incoming=imap(host="mail.example.com", secret=password(text)), outgoing=None)
    assert found(checked) == []


TOKENS = [
    ("", ("ERROR", "REQUIRED")),
    ("to ken", ("ERROR", "INVALID_FORMAT")),
    ("tökén", ("ERROR", "INVALID_FORMAT")),
    ("token ", ("WARNING", "SECRET_WHITESPACE")),
    ("a" * 8193, ("ERROR", "TOO_LONG")),
]


@pytest.mark.parametrize(("text", "issue"), TOKENS)
def test_tokens(text: str, issue: tuple[str, str]) -> None:
    """Each fault of an access token gives exactly its issue."""
    checked = draft(incoming=imap(secret=token(text)), outgoing=None)
    assert found(checked) == [(*issue, "incoming.secret.accessToken", None)]


def test_longest_token() -> None:
    """A token of 8 KiB passes."""
    assert found(draft(incoming=imap(secret=token("a" * 8192)), outgoing=None)) == []


SHAPES = [
    # address, host, secret, issue at the secret
    ("a@gmail.com", "imap.gmail.com", "qwertyuiopasdfgh", None),
    ("a@gmail.com", "imap.gmail.com", "qwer tyui opas dfgh", ("INFO", "SECRET_WHITESPACE")),
    ("a@gmail.com", "imap.gmail.com", "hunter22", ("WARNING", "APP_PASSWORD_SHAPE")),
    ("a@gmail.com", "imap.gmail.com", "qwertyuiopasdfg1", ("WARNING", "APP_PASSWORD_SHAPE")),
    ("a@firma.example", "imap.gmail.com", "hunter22", ("WARNING", "APP_PASSWORD_SHAPE")),
    ("a@yahoo.com", "imap.mail.yahoo.com", "qwertyuiopasdfgh", None),
    ("a@yahoo.com", "imap.mail.yahoo.com", "QWERTYUIOPASDFGH", ("WARNING", "APP_PASSWORD_SHAPE")),
    ("a@icloud.com", "imap.mail.me.com", "abcd-efgh-ijkl-mnop", None),
    ("a@icloud.com", "imap.mail.me.com", "abcdefghijklmnop", ("WARNING", "APP_PASSWORD_SHAPE")),
    ("a@gmx.de", "imap.gmx.net", "hunter22", None),  # ordinary passwords work
    ("a@gmail.com", "mail.example.com", "hunter22", None),  # not Gmail's server
]


@pytest.mark.parametrize(("address", "host", "text", "issue"), SHAPES)
def test_app_password_shapes(
    address: str, host: str, text: str, issue: tuple[str, str] | None
) -> None:
    """Where only app passwords work, another shape is told; elsewhere nothing is."""
    server = imap(host=host, secret=password(text), username=address)
    issues = found(draft(email_address=address, incoming=server, outgoing=None))
    at_secret = [item for item in issues if item[2] == "incoming.secret.password"]
    expected = [] if issue is None else [(*issue, "incoming.secret.password", None)]
    assert at_secret == expected


def test_a_kept_secret_is_not_judged() -> None:
    """The stored secret is not looked at."""
    assert found(draft(incoming=imap(secret=KeepSecret()), outgoing=None)) == [
        ("INFO", "PROVIDER_REQUIRES", "emailAddress", None),
        ("INFO", "PROVIDER_REQUIRES", "emailAddress", None),
    ]


def test_a_missing_secret_is_told() -> None:
    """A user name or a method without a secret cannot sign in."""
    host = "mail.example.com"
    issue = ("WARNING", "REQUIRED", "outgoing.secret", None)
    named = smtp(host=host, secret=None)
    assert found(draft(incoming=None, outgoing=named)) == [issue]
    method = smtp(host=host, secret=None, username=None, authentication=AuthenticationMethod.PLAIN)
    assert found(draft(incoming=None, outgoing=method)) == [issue]
    neither = smtp(host=host, secret=None, username=None)
    assert found(draft(incoming=None, outgoing=neither)) == []
