"""Claims about ways of signing in and their dates."""

from datetime import date

import pytest

from kit.drafts import TODAY, draft, found, imap, password, report, shipped, smtp, token
from mailconfig.domain.secrets import KeepSecret
from mailconfig.domain.servers import AuthenticationMethod as Method
from mailconfig.domain.servers import MailProtocol
from mailconfig.domain.validation.retirements import RETIREMENTS, retirement_of

PATH = "incoming.authentication"

COMBINATIONS = [
    (Method.XOAUTH2, password(), [("ERROR", "NOT_ALLOWED", PATH, "AUTO")]),
    (Method.OAUTHBEARER, password(), [("ERROR", "NOT_ALLOWED", PATH, "AUTO")]),
    (Method.PLAIN, token(), [("ERROR", "NOT_ALLOWED", PATH, "AUTO")]),
    (Method.LOGIN, token(), [("ERROR", "NOT_ALLOWED", PATH, "AUTO")]),
    (Method.CRAM_MD5, token(), [("ERROR", "NOT_ALLOWED", PATH, "AUTO")]),
    (Method.SCRAM_SHA_256, token(), [("ERROR", "NOT_ALLOWED", PATH, "AUTO")]),
    (Method.NONE, password(), [("WARNING", "NOT_ALLOWED", PATH, "AUTO")]),
    (Method.AUTO, password(), []),
    (Method.AUTO, token(), []),
    (None, password(), []),
    (Method.PLAIN, password(), []),
    (Method.SCRAM_SHA_256, password(), []),
    (Method.XOAUTH2, token(), []),
    (Method.OAUTHBEARER, token(), []),
    (Method.XOAUTH2, KeepSecret(), []),
]


@pytest.mark.parametrize(("method", "secret", "issues"), COMBINATIONS)
def test_method_and_secret(
    method: Method | None, secret: object, issues: list[tuple[str, str, str, str | None]]
) -> None:
    """A method that cannot use the secret is an error; a sign-in that is off is told."""
    checked = draft(incoming=imap(authentication=method, secret=secret), outgoing=None)
    assert [item for item in found(checked) if item[2] == PATH] == issues


def _at_microsoft(side: str, address: str, today: date) -> list[tuple[str, str]]:
    server = (
        imap(host="outlook.office365.com", username=address, secret=password("hunter22"))
        if side == "incoming"
        else smtp(host="smtp.office365.com", username=address, secret=password("hunter22"))
    )
    other = "outgoing" if side == "incoming" else "incoming"
    issues = found(draft(email_address=address, **{side: server, other: None}), today=today)
    return [item[:2] for item in issues if item[2] == f"{side}.authentication"]


RETIRED = ("WARNING", "AUTHENTICATION_RETIRED")
RETIRING = ("WARNING", "AUTHENTICATION_RETIRING")

DATED = [
    ("incoming", "a@outlook.com", date(2024, 9, 15), [RETIRING]),
    ("incoming", "a@outlook.com", date(2024, 9, 16), [RETIRED]),  # the day itself
    ("incoming", "a@outlook.com", TODAY, [RETIRED]),
    ("incoming", "a@firma.example", date(2022, 9, 30), [RETIRING]),
    ("incoming", "a@firma.example", TODAY, [RETIRED]),
    ("outgoing", "a@firma.example", date(2026, 1, 26), []),  # not announced yet
    ("outgoing", "a@firma.example", TODAY, [RETIRING]),
    ("outgoing", "a@firma.example", date(2026, 12, 30), [RETIRING]),
    ("outgoing", "a@firma.example", date(2026, 12, 31), [RETIRED]),
]


@pytest.mark.parametrize(("side", "address", "today", "issues"), DATED)
def test_dates_at_microsoft(
    side: str, address: str, today: date, issues: list[tuple[str, str]]
) -> None:
    """Passwords at Microsoft end by kind of account, protocol and date."""
    assert _at_microsoft(side, address, today) == issues


def test_the_date_is_told() -> None:
    """The message names the date and the way out."""
    address = "a@outlook.com"
    server = imap(host="outlook.office365.com", username=address, secret=password("hunter22"))
    issues = report(draft(email_address=address, incoming=server, outgoing=None)).issues
    message = next(item.message for item in issues if item.path == ("incoming", "authentication"))
    assert "since 2024-09-16" in message
    assert "OAuth 2.0" in message


def test_google_takes_app_passwords_only() -> None:
    """An account password at Google is told with its date, an app password is not."""
    checked = draft(incoming=imap(secret=password("hunter22")), outgoing=None)
    issues = [
        item for item in report(checked).issues if item.path == ("incoming", "authentication")
    ]
    assert [item.code for item in issues] == ["AUTHENTICATION_RETIRED"]
    assert "2022-05-30" in issues[0].message
    assert found(draft(outgoing=None)) == []


def test_tokens_are_never_retired() -> None:
    """OAuth passes where passwords ended."""
    address = "a@outlook.com"
    server = imap(host="outlook.office365.com", username=address, secret=token())
    issues = found(draft(email_address=address, incoming=server, outgoing=None))
    assert [item for item in issues if item[2] == PATH] == []


def test_methods_that_a_provider_does_not_know() -> None:
    """OAuth at a provider without it, and OAUTHBEARER where only XOAUTH2 is known, are told."""
    gmx = imap(host="imap.gmx.net", username="a@gmx.de", secret=token())
    issues = found(draft(email_address="a@gmx.de", incoming=gmx, outgoing=None))
    assert ("WARNING", "AUTHENTICATION_UNSUPPORTED", PATH, None) in issues
    outlook = imap(
        host="outlook.office365.com",
        username="a@outlook.com",
        authentication=Method.OAUTHBEARER,
        secret=token(),
    )
    issues = found(draft(email_address="a@outlook.com", incoming=outlook, outgoing=None))
    assert ("WARNING", "AUTHENTICATION_UNSUPPORTED", PATH, "AUTO") in issues


def test_passwords_where_only_oauth_is_known() -> None:
    """A password at a row that lists OAuth alone is told even without a date."""
    day = date(2020, 1, 1)  # before any announcement
    issues = _at_microsoft("incoming", "a@outlook.com", day)
    assert issues == [("WARNING", "AUTHENTICATION_UNSUPPORTED")]


def test_retirements_name_rows_and_sources() -> None:
    """Each dated fact is about rows that exist, is announced before it holds, and has a source."""
    for row in RETIREMENTS:
        assert [name for name in row.provider_ids if shipped().by_id(name) is None] == []
        assert row.announced < row.since
        assert row.source


def test_no_provider_no_date() -> None:
    """Servers of nobody known have no dated facts."""
    assert retirement_of(None, MailProtocol.IMAP, TODAY) is None
    assert retirement_of(shipped().by_id("gmx_de"), MailProtocol.IMAP, TODAY) is None
