"""Claims about validation as a whole: order, silence about secrets, no surprises."""

import string
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kit.drafts import APP_PASSWORD, TODAY, draft, found, imap, password, report, smtp, token
from mailconfig.domain.issues import Severity
from mailconfig.domain.secrets import KeepSecret, NewSecret, Secret, SecretKind
from mailconfig.domain.servers import (
    AuthenticationMethod,
    DraftServer,
    MailProtocol,
    TransportSecurity,
)
from mailconfig.domain.validation import Draft
from mailconfig.domain.validation.rules import RULES


def test_a_faultless_draft_has_no_issue() -> None:
    """Gmail with an app password passes without any word."""
    checked = report(draft())
    assert checked.issues == ()
    assert checked.valid
    assert checked.provider is not None
    assert checked.provider.id == "gmail"


def test_an_empty_draft() -> None:
    """Nothing at all misses three things."""
    assert found(Draft()) == [
        ("ERROR", "REQUIRED", "emailAddress", None),
        ("ERROR", "REQUIRED", "incoming", None),
        ("ERROR", "REQUIRED", "name", None),
    ]
    assert report(Draft()).provider is None


def test_an_empty_server_is_filled_by_suggestions() -> None:
    """With an address alone, the suggestions are the whole server."""
    checked = draft(incoming=DraftServer(MailProtocol.IMAP), outgoing=None)
    required = [issue for issue in found(checked) if issue[1] == "REQUIRED"]
    assert required == [
        ("ERROR", "REQUIRED", "incoming.host", "imap.gmail.com"),
        ("ERROR", "REQUIRED", "incoming.port", "993"),
        ("ERROR", "REQUIRED", "incoming.security", "TLS"),
    ]


@pytest.mark.parametrize("side", ["incoming", "outgoing"])
def test_one_server_is_enough(side: str) -> None:
    """Accounts that only receive or only send are first class."""
    assert found(draft(**{side: None})) == []


def test_issues_are_ordered() -> None:
    """Issues come by path, then the worst first."""
    checked = draft(
        name=None,
        email_address="alice@gmial.com",
        incoming=imap(host="https://imap.gmail.com/", port=0, secret=password(" x ")),
    )
    issues = report(checked).issues
    ranks = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}
    keys = [(issue.path, ranks[issue.severity]) for issue in issues]
    assert len(keys) >= 5
    assert keys == sorted(keys)


def test_the_report_is_valid_without_errors() -> None:
    """Warnings pass, errors do not."""
    assert report(draft(email_address="alice@gmial.com")).valid
    assert not report(draft(name="")).valid


def test_every_rule_says_what_it_demands() -> None:
    """Each rule is in the table once and has a docstring."""
    assert len(set(RULES)) == len(RULES) == 38
    assert [rule.__name__ for rule in RULES if not rule.__doc__] == []


def test_a_suggestion_never_repeats_a_secret() -> None:
    """A secret that was typed into another field as well is not played back."""
    secret = "imap.secret-host.example"
    checked = draft(incoming=imap(host=f"https://{secret}/", secret=password(secret)))
    issue = next(item for item in report(checked).issues if item.path == ("incoming", "host"))
    assert issue.suggestion is None
    without = draft(incoming=imap(host=f"https://{secret}/"))
    issue = next(item for item in report(without).issues if item.path == ("incoming", "host"))
    assert issue.suggestion == secret


_ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=30)
_TEXT = (
    st.none()
    | _ANY_TEXT
    | st.sampled_from(
        [
            "alice@gmail.com",
            "imap.gmail.com",
            "smtp.office365.com",
            "https://imap.web.de:993/x",
            "gmail",
            "tuta",
            "alice@goo.jp",
            "[1]",
            '{"a":NaN}',
            "alice@gm\u0430il.com",
            "127.0.0.1",
            "::ffff:127.0.0.1",
        ]
    )
)
_PIECES = st.text(string.ascii_lowercase + " -\r\0é\ud800", min_size=1, max_size=24)
_SECRETS = (
    st.none()
    | st.just(KeepSecret())
    | st.builds(NewSecret, st.sampled_from(SecretKind), st.builds(Secret, st.just("") | _PIECES))
)


def _servers(protocol: MailProtocol) -> st.SearchStrategy[DraftServer | None]:
    return st.none() | st.builds(
        DraftServer,
        st.just(protocol),
        _TEXT,
        st.none() | st.integers() | st.sampled_from([25, 110, 143, 465, 587, 993]),
        st.none() | st.sampled_from(TransportSecurity),
        st.none() | st.sampled_from(AuthenticationMethod),
        _TEXT,
        _SECRETS,
    )


_DRAFTS = st.builds(
    Draft,
    *[_TEXT] * 6,
    incoming=_servers(MailProtocol.IMAP),
    outgoing=_servers(MailProtocol.SMTP),
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(_DRAFTS, st.dates(date(2020, 1, 1), date(2030, 1, 1)))
def test_any_draft_gets_a_report(checked: Draft, today: date) -> None:
    """Whatever is typed, validate answers, always the same, and with paths and words."""
    issues = report(checked, today=today).issues
    assert issues == report(checked, today=today).issues
    assert len(set(issues)) == len(issues)
    for issue in issues:
        assert issue.path
        assert issue.message.endswith(".") or "http" in issue.message or "?" in issue.message
        assert issue.suggestion != ""


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    _DRAFTS,
    st.text(string.ascii_letters + string.digits + " \t\r\n", min_size=12, max_size=30).map(
        lambda text: f"Zq7{text}"
    ),
    st.sampled_from(SecretKind),
    st.sampled_from(AuthenticationMethod),
)
def test_no_issue_holds_a_secret(
    checked: Draft, secret: str, kind: SecretKind, method: AuthenticationMethod
) -> None:
    """No message and no suggestion holds a typed secret, wherever it was typed."""
    new = NewSecret(kind, Secret(secret))
    for place in (
        draft(incoming=imap(secret=new, authentication=method), outgoing=checked.outgoing),
        draft(
            incoming=imap(secret=new, username=secret, host=secret),
            outgoing=smtp(secret=new, username=f"{secret}@gmail.com", host=f"https://{secret}/"),
            email_address=secret.strip() + "@gmial.com",
            name=secret + "\0",
        ),
    ):
        for issue in report(place).issues:
            shown = f"{issue.message} {issue.suggestion}".casefold()
            assert secret.casefold() not in shown
            assert secret.strip().casefold() not in shown


def test_no_message_repeats_what_was_typed() -> None:
    """Words that were typed into any field are in no message: one may be a password."""
    typed = "correcthorsebattery"
    checked = Draft(
        name=typed + "\0",
        email_address=typed,
        display_name=typed + "\n",
        provider_id=typed,
        external_id=typed + "\0",
        metadata=typed,
        incoming=imap(host=f"{typed} x", username=typed + "\r", secret=password(typed)),
        outgoing=smtp(host=f"{typed}/x", username=typed, secret=token(typed + " ")),
    )
    messages = [issue.message for issue in report(checked).issues]
    assert len(messages) >= 10
    assert [message for message in messages if typed in message] == []


def test_today_matters_only_to_dated_rules() -> None:
    """A faultless app password passed in the past and passes in the future."""
    assert APP_PASSWORD.isalpha()
    for day in (date(2020, 1, 1), TODAY, date(2030, 1, 1)):
        assert found(draft(), today=day) == []
