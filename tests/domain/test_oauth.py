"""OAuth 2.0 as a client speaks it: what is read out of answers, and what is missing in them."""

import json

import pytest

from mailconfig.domain.oauth import (
    EndpointDown,
    TokenAnswer,
    TokenRefused,
    issuer_fits,
    missing_scopes,
    read_answer,
)
from mailconfig.domain.providers import OAuth2Endpoints
from mailconfig.domain.secrets import Secret


def body(**members: object) -> bytes:
    """Return an answer with a token, changed."""
    return json.dumps({"access_token": "a", "token_type": "Bearer"} | members).encode()


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        (3599, 3599),
        # Microsoft's older endpoint writes text.
        ("3599", 3599),
        # Nonsense is an hour, and nothing lasts longer than a month.
        (None, 3600),
        (True, 3600),
        ("-1", 3600),
        ("9" * 30, 3600),
        (10**8, 30 * 24 * 3600),
        (0, 1),
    ],
)
def test_life_of_a_token(told: object, seconds: int) -> None:
    """Believed where it can be."""
    assert read_answer(200, body(expires_in=told)).seconds == seconds


@pytest.mark.parametrize(
    ("status", "content"),
    [
        (200, b""),
        (200, b"[]"),
        (200, b"<html>"),
        (200, b'{"token_type": "Bearer"}'),
        (200, body(token_type="mac")),
        (200, body(access_token="line\nend")),
        (200, body(access_token="x" * 9000)),
        (200, body(access_token=7)),
        (200, body(refresh_token="\u00e9")),
        (302, body()),
        (400, b"{}"),
        (400, b'{"error": {"code": 7}}'),
        (429, b'{"error": "invalid_grant"}'),
        (503, b'{"error": "invalid_grant"}'),
        (400, b'{"error": "server_error"}'),
    ],
)
def test_what_is_no_answer(status: int, content: bytes) -> None:
    """A service that is out of order never ends a permission."""
    with pytest.raises(EndpointDown):
        read_answer(status, content)


def test_a_refusal_has_its_words() -> None:
    """Error and description, on one line and cut."""
    content = json.dumps({"error": "invalid_grant", "error_description": "a\r\nb" + "c" * 1000})
    with pytest.raises(TokenRefused) as refused:
        read_answer(400, content.encode())
    assert refused.value.error == "invalid_grant"
    assert refused.value.description.startswith("a bccc")
    assert len(refused.value.description) == 300


@pytest.mark.parametrize(
    ("granted", "refresh", "missing"),
    [
        # Not told: all of it (RFC 6749, section 5.1).
        (None, "r", ()),
        # Microsoft never lists offline_access, and may write in another case.
        (("IMAP", "smtp/"), "r", ()),
        (("IMAP",), "r", ("SMTP",)),
        (("other",), "r", ("IMAP", "SMTP")),
        # Without a refresh token the permission ends with the hour.
        (("IMAP", "SMTP"), None, ("offline_access",)),
    ],
)
def test_what_the_user_left_out(
    granted: tuple[str, ...] | None, refresh: str | None, missing: tuple[str, ...]
) -> None:
    """Named in the words of the catalogue."""
    kept = Secret(refresh) if refresh else None
    answer = TokenAnswer(Secret("a"), 3600, kept, granted)
    assert missing_scopes(("offline_access", "IMAP", "SMTP"), answer) == missing


@pytest.mark.parametrize(
    ("issuer", "fits"),
    [
        ("https://login.example/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0", True),
        ("https://login.example/x/y/v2.0", False),
        ("https://login.example.evil/x/v2.0", False),
        ("", False),
    ],
)
def test_issuers_with_a_tenant(issuer: str, fits: bool) -> None:
    """The tenant is the user's; all else is compared letter by letter (RFC 9207)."""
    row = OAuth2Endpoints("a", "t", issuer="https://login.example/{tenant}/v2.0")
    assert issuer_fits(issuer, row) is fits
    assert not issuer_fits(issuer, OAuth2Endpoints("a", "t"))
