"""Forgotten passwords: a token by mail, to the stored address of who has one, and nobody can tell.

The account that mails is one of the service's own configurations; the loop writes after the answer.
"""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest

from kit.api import ADMIN, LOGIN, OWNER, Api, serving
from kit.outbox import waiting_messages
from kit.worlds import mutation
from mailconfig.bootstrap import open_database
from mailconfig.domain.errors import Fault
from mailconfig.domain.messages import Message
from mailconfig.graphql import ids
from mailconfig.settings import Settings

REQUEST = mutation("requestPasswordReset", "RequestPasswordResetInput", "ok")
RESET = mutation("resetPassword", "ResetPasswordInput", "ok")
SWITCH_OFF = mutation("update", "UpdateInput", "config { enabled }")
TRAIL = "{ auditEvents(first: 5) { nodes { action actorId } } }"
NEW = "a new battery staple"
LINK = re.compile(r"https://app\.example\.com/set\?lang=x#(mcp_[\w-]{43})")
FINE = {"ok": True, "errors": []}


@asynccontextmanager
async def mailing(settings: Settings, **changes: object) -> AsyncIterator[tuple[Api, str]]:
    """Run the application with an account that mails; yield it with the account's id."""
    async with serving(settings) as api:
        account = await api.stored(OWNER, emailAddress="service@example.net", shared=True)
    page = "https://app.example.com/set?lang=x#{token}"
    update = {"system_account": account, "password_reset_page": page} | changes
    async with serving(settings.model_copy(update=update)) as api:
        yield api, account


async def _asked(api: Api, email: str, **headers: str) -> Any:  # noqa: ANN401 - JSON
    body = {"query": REQUEST, "variables": {"input": {"email": email}}}
    answer = await api.client.post("/graphql", json=body, headers=headers)
    return answer.json()["data"]["requestPasswordReset"]


async def _mailed(api: Api, count: int = 1) -> list[tuple[Message, str]]:
    """Return the messages that wait, once there are so many."""
    with anyio.fail_after(10):
        while len(found := await waiting_messages(api.settings)) < count:  # noqa: ASYNC110 - a row
            await anyio.sleep(0.02)
    return found


async def test_a_mailed_token_sets_the_password(app_settings: Settings) -> None:
    """The mail goes from the account to the stored address, whatever case was typed.

    Its token works once; the trail has who was meant and that nobody known asked.
    """
    async with mailing(app_settings) as (api, account):
        assert await _asked(api, " MEMBER@Example.ORG ") == FINE
        ((message, content),) = await _mailed(api)
        assert ids.encode("EmailConfig", message.config_id) == account
        assert [one.address for one in message.recipients] == ["member@example.org"]
        assert (message.sender, message.created_by) == ("service@example.net", None)
        assert (message.expires_at - message.created_at).total_seconds() == 3600
        assert "Auto-Submitted: auto-generated\r\n" in content
        (token,) = LINK.findall(_text(content))
        given = {"input": {"token": token, "newPassword": NEW}}
        assert (await api.data(None, RESET, given))["resetPassword"] == FINE
        again = (await api.data(None, RESET, given))["resetPassword"]
        assert again["errors"][0]["path"] == ["token"]
        signed = await api.data(
            None, LOGIN, {"input": {"email": "member@example.org", "password": NEW}}
        )
        assert signed["login"]["errors"] == []
        trail = (await api.data(ADMIN, TRAIL))["auditEvents"]["nodes"]
        assert {"action": "message.send", "actorId": None} in trail


async def test_nobody_else_gets_mail(app_settings: Settings) -> None:
    """A stranger's address is answered alike, and the only mail is that of the user."""
    async with mailing(app_settings) as (api, _):
        assert await _asked(api, "nobody@example.org") == FINE
        # Found by no folding but that of case: a dotless i is another mailbox.
        assert await _asked(api, "adm\N{LATIN SMALL LETTER DOTLESS I}n@example.org") == FINE
        assert await _asked(api, "admin@example.org") == FINE
        ((message, _),) = await _mailed(api)
        assert [one.address for one in message.recipients] == ["admin@example.org"]


async def test_users_without_a_password_get_none(app_settings: Settings) -> None:
    """Whose address is only another service's word, its mailbox does not open."""
    async with mailing(app_settings) as (api, _):
        database = await open_database(app_settings)
        async with database.identity() as identity:
            found = await identity.user_by_email("viewer@example.org")
            assert found is not None
            await identity.set_password(found[0].id, "!")
        await database.close()
        assert await _asked(api, "viewer@example.org") == FINE
        assert await _asked(api, "admin@example.org") == FINE
        assert len(await _mailed(api)) == 1


async def test_mail_is_in_the_language_of_who_asks(app_settings: Settings) -> None:
    """The subject is German for a German browser."""
    async with mailing(app_settings) as (api, _):
        await _asked(api, "member@example.org", **{"Accept-Language": "de-AT"})
        ((message, _),) = await _mailed(api)
        assert message.subject == "Neues Passwort setzen"


async def test_a_mailbox_is_not_filled(app_settings: Settings) -> None:
    """Three mails an hour for an address, known or not; the fourth request says when to ask."""
    async with mailing(app_settings) as (api, _):
        for email in ("member@example.org", "nobody@example.org"):
            answers = [await _asked(api, email) for _ in range(4)]
            assert answers[:3] == [FINE] * 3
            (error,) = answers[3]["errors"]
            assert error["__typename"] == "RateLimitedError"
        assert len(await _mailed(api, 3)) == 3


async def test_an_account_that_cannot_send_tells_nobody(
    app_settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    """The answer stays the same, the operator reads the reason, and the next request works."""
    async with mailing(app_settings) as (api, account):
        given = {"id": account, "expectedRevision": 1, "enabled": False}
        await api.data(OWNER, SWITCH_OFF, {"input": given})
        assert await _asked(api, "member@example.org") == FINE
        with anyio.fail_after(10):
            while "could not be mailed" not in caplog.text:  # noqa: ASYNC110 - a log
                await anyio.sleep(0.02)
        given = {"id": account, "expectedRevision": 2, "enabled": True}
        await api.data(OWNER, SWITCH_OFF, {"input": given})
        await _asked(api, "member@example.org")
        assert len(await _mailed(api)) == 1


async def test_without_an_account_the_service_says_so(api: Api) -> None:
    """Who runs no such account is not taken for one whose mail got lost."""
    answer = await _asked(api, "member@example.org")
    assert answer["ok"] is False
    assert answer["errors"][0]["__typename"] == "ValidationIssue"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"system_account": "nonsense"}, "is not the id of a configuration"),
        ({"system_account": ids.encode("User", "1"), "public_url": "https://x"}, "is not the id"),
        (
            {"system_account": ids.encode("EmailConfig", "1"), "password_reset_page": None},
            "needs MAILCONFIG_PUBLIC_URL",
        ),
    ],
    ids=["no id", "another id", "no page"],
)
async def test_wrong_settings_end_the_start(
    app_settings: Settings, changes: dict[str, Any], sentence: str
) -> None:
    """A server that would promise mails which nobody can send does not start."""
    page = {"password_reset_page": "https://app.example.com/{token}"}
    settings = app_settings.model_copy(update=page | changes)
    with pytest.raises(Fault, match=sentence):
        async with serving(settings):
            pass


def _text(content: str) -> str:
    """Undo the soft breaks and signs of quoted-printable (RFC 2045, section 6.7)."""
    return content.replace("=\r\n", "").replace("=3D", "=")
