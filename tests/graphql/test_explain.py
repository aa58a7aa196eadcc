"""The query `explain`: what a pasted text means, for everybody, without network."""

import logging
from typing import Any

import pytest

from kit.api import Api

pytestmark = pytest.mark.parametrize("engine", ["sqlite"])
"""No database is asked."""

EXPLAIN = """
query ($input: ExplainInput!) {
  explain(input: $input) {
    code severity title advice helpUrl fixableBy retryable paths serverReply fix { id }
  }
}
"""


async def explained(api: Api, text: str, **facts: object) -> Any:  # noqa: ANN401 - JSON
    """Ask as nobody and return the diagnosis."""
    return (await api.data(None, EXPLAIN, {"input": {"text": text, **facts}}))["explain"]


async def refused(api: Api, text: str, **facts: object) -> Any:  # noqa: ANN401 - JSON
    """Ask as nobody and return the one error."""
    answer = await api.call(None, EXPLAIN, {"input": {"text": text, **facts}})
    assert answer["data"] == {"explain": None}
    (error,) = answer["errors"]
    return error["extensions"]


async def test_a_reply_without_circumstances(api: Api) -> None:
    """The words show the provider; nobody has to sign in, and nothing is dialled."""
    reply = "535-5.7.8 Username and Password not accepted. For more information, go to\n535 gsmtp"
    found = await explained(api, reply)
    assert found["code"] == "GMAIL_BAD"
    assert (found["fixableBy"], found["retryable"], found["severity"]) == ("USER", False, "ERROR")
    assert found["fix"] is None
    assert found["serverReply"] == " ".join(reply.split())
    assert api.prober.requests == []


async def test_circumstances_decide(api: Api) -> None:
    """The same words mean something else at another host, in another phase, on another side."""
    plain = "535 5.7.8 Error: authentication failed"
    at_home = await explained(api, plain, protocol="SMTP", phase="AUTH", host="mail.example.org")
    assert at_home["code"] == "AUTH_BAD_CREDENTIALS"
    assert ["outgoing", "username"] in at_home["paths"]
    at_apple = await explained(
        api, plain, protocol="SMTP", phase="AUTH", host="smtp.mail.me.com", port=587
    )
    assert at_apple["code"] == "ICLOUD"
    assert at_apple["helpUrl"] is not None


async def test_capabilities_decide(api: Api) -> None:
    """LOGINDISABLED beside STARTTLS means encryption first."""
    facts: dict[str, object] = {"protocol": "IMAP", "phase": "AUTH", "security": "NONE"}
    offers = ["IMAP4rev1", "STARTTLS", "LOGINDISABLED"]
    found = await explained(api, "a1 NO LOGIN refused", **facts, capabilities=offers)
    assert found["code"] in {"STARTTLS_REQUIRED", "AUTH_NOT_OFFERED_BEFORE_TLS"}


async def test_credentials_in_a_transcript_are_not_shown(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever pastes a whole conversation gets it back, and the log, without the password."""
    caplog.set_level(logging.DEBUG)
    transcript = "C: AUTH PLAIN AGFubmEAaHVudGVyMg==\nS: 535 5.7.8 no"
    found = await explained(api, transcript)
    assert found["serverReply"] == "C: AUTH PLAIN *** S: 535 5.7.8 no"
    assert "AGFubmEAaHVudGVyMg" not in caplog.text


async def test_an_empty_text(api: Api) -> None:
    """White space is nothing to explain."""
    error = await refused(api, " \n\t")
    assert error["code"] == "INVALID_INPUT"
    assert [(issue["code"], issue["path"]) for issue in error["issues"]] == [("REQUIRED", ["text"])]


async def test_a_long_text(api: Api) -> None:
    """The limit is a setting; one character less is taken."""
    most = api.settings.explain_max_chars
    assert (await explained(api, "x" * most))["code"] == "UNKNOWN_REPLY"
    error = await refused(api, "x" * (most + 1), host="h" * 300)
    assert [(issue["code"], issue["path"]) for issue in error["issues"]] == [
        ("TOO_LONG", ["text"]),
        ("TOO_LONG", ["host"]),
    ]


async def test_too_many_texts(api: Api) -> None:
    """The client address is limited; the answer names the reason and nothing is judged."""
    for _ in range(api.settings.explains_per_minute):
        await explained(api, "250 ok")
    assert (await refused(api, "250 ok"))["code"] == "RATE_LIMITED"
