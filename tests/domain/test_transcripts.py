"""Credentials in pasted conversations."""

import pytest

from mailconfig.domain.transcripts import without_credentials

CASES = [
    # SASL PLAIN with an initial response
    ("C: AUTH PLAIN AGFubmEAaHVudGVyMg==\nS: 535 no", "C: AUTH PLAIN ***\nS: 535 no"),
    # IMAP with a tag and quoted strings
    ('a1 LOGIN "anna b" "hun\\"ter2"\na1 NO no', 'a1 LOGIN "anna b" ***\na1 NO no'),
    # IMAP with atoms
    ("a1 LOGIN anna hunter2", "a1 LOGIN anna ***"),
    # IMAP's AUTHENTICATE with an initial response
    ("3 AUTHENTICATE XOAUTH2 dXNlcj1hbm5h", "3 AUTHENTICATE XOAUTH2 ***"),
    # a SASL response on a line of its own
    ("S: 334 UGFzc3dvcmQ6\nC: aHVudGVyMg==\nS: 535 no", "S: 334 UGFzc3dvcmQ6\nC: ***\nS: 535 no"),
    # POP3
    ("C: PASS hunter2", "C: PASS ***"),
    # a header of HTTP
    ("Authorization: Bearer eyJhbGciOi.x.y", "Authorization: Bearer ***"),
    # the form of an OAuth token request
    (
        "grant_type=refresh_token&refresh_token=1//abc&x=1",
        "grant_type=refresh_token&refresh_token=***&x=1",
    ),
    # a configuration in JSON
    ('{"user": "a", "password": "hunter2"}', '{"user": "a", "password": "***"}'),
    # keyword arguments
    ("login(user='a', passwd='hunter2')", "login(user='a', passwd='***')"),
    # plain replies stay as they are
    (
        "535 5.7.8 Username and Password not accepted",
        "535 5.7.8 Username and Password not accepted",
    ),
    ("250-AUTH PLAIN LOGIN\n250 OK", "250-AUTH PLAIN LOGIN\n250 OK"),
    ("* CAPABILITY AUTH=PLAIN AUTH=LOGIN SASL-IR", "* CAPABILITY AUTH=PLAIN AUTH=LOGIN SASL-IR"),
    ("a1 NO LOGIN failed.", "a1 NO LOGIN failed."),
]


@pytest.mark.parametrize(("text", "shown"), CASES)
def test_what_signs_in_is_hidden(text: str, shown: str) -> None:
    """Each form in which a secret is written is hidden, and nothing beside it."""
    assert without_credentials(text) == shown
