"""Mailbox OAuth under attack: redirect addresses, states and answers that are not the caller's.

OAuth 2.0 Security Best Current Practice (RFC 9700), sections 4.1, 4.4, 4.5 and 4.7. No attempt
stores a grant, and none that fails by its state asks the provider.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from kit.api import ADMIN, COLLEAGUE, MEMBER, OWNER, STRANGER, Api, serving
from kit.attacks import BEGIN, HOME, INVITE, run, sign_in, with_oauth
from kit.certs import CertificateKit
from kit.machines import new_embed, new_key
from kit.oauthserver import GOOGLE, OAuthServer
from kit.rowdump import Rows, all_rows
from kit.web import WebServer
from kit.worlds import mutation
from mailconfig.bootstrap.network import Network
from mailconfig.domain.clock import utc_now
from mailconfig.settings import Settings
from mailconfig.storage.settings import StorageSettings, database_url

COMPLETE = mutation(
    "completeMailboxAuthorization", "CompleteMailboxAuthorizationInput", "grant { id }"
)
ACCEPT = mutation("acceptInvitation", "AcceptInvitationInput", "workspace { id }")
SWITCH = mutation(
    "switchWorkspace", "SwitchWorkspaceInput", "session { accessToken viewer { workspaceId } }"
)
ADDRESS = "ann@gmail.com"
INVALID = ["AuthorizationInvalidError"]
EVIL = "evil.example"
REDIRECTS = (
    f"https://{EVIL}/oauth/callback",
    f"//{EVIL}/oauth/callback",
    f"https:{EVIL}/oauth/callback",
    # beginnings and ends
    f"{HOME}/",
    f"{HOME}x",
    f"{HOME}/../../steal",
    HOME.removesuffix("k"),
    "https://app.example.org",
    "https://app.example.org/",
    f"{HOME}%2f..%2f..%2fsteal",
    # hosts that look like it
    f"https://app.example.org.{EVIL}/oauth/callback",
    f"https://app.example.org@{EVIL}/oauth/callback",
    f"https://{EVIL}@app.example.org/oauth/callback",
    f"https://app.example.org%40{EVIL}/oauth/callback",
    f"https://app.example.org\\@{EVIL}/oauth/callback",
    f"https://{EVIL}#@app.example.org/oauth/callback",
    f"https://{EVIL}?@app.example.org/oauth/callback",
    "https://app.example.org./oauth/callback",
    "https://x.app.example.org/oauth/callback",
    "https://appXexample.org/oauth/callback",
    "https://аpp.example.org/oauth/callback",  # noqa: RUF001 - the Cyrillic letter is meant
    "https://app。example.org/oauth/callback",
    # case, port, scheme
    HOME.upper(),
    HOME.replace("https", "HTTPS"),
    HOME.replace("oauth", "OAuth"),
    HOME.replace("https", "http"),
    HOME.replace(".org", ".org:443"),
    HOME.replace(".org", ".org:8443"),
    "javascript:alert(document.domain)",
    "data:text/html,<script>alert(1)</script>",
    "file:///etc/passwd",
    # what is added
    f"{HOME}?next=https://{EVIL}",
    f"{HOME}#",
    f"{HOME}#https://{EVIL}",
    f"{HOME};",
    f"{HOME}%00",
    f"{HOME}\x00",
    f"{HOME}\n",
    f"{HOME}\r\nLocation: https://{EVIL}",
    f" {HOME}",
    f"{HOME} ",
    f"{HOME},https://{EVIL}/",
    f"{HOME}&redirect_uri=https://{EVIL}/",
    # other spellings of the same letters
    HOME.replace("callback", "%63allback"),
    HOME.replace("/oauth", "//oauth"),
    HOME.replace("/oauth", "/./oauth"),
    HOME.replace("/oauth/callback", "/oauth/x/../callback"),
    HOME.replace("o", "\uff4f"),
    "",
    "*",
    "null",
)


@pytest.fixture
def engine() -> str:
    """States have tests on both engines in test_mailbox_authorization."""
    return "sqlite"


@dataclass
class Flow:
    """The application and the provider."""

    api: Api
    provider: OAuthServer

    async def begin(self, who: str = MEMBER, **given: object) -> dict[str, Any]:
        """Begin for an address at Gmail."""
        return await run(self.api, who, BEGIN, {"target": {"emailAddress": ADDRESS}} | given)

    async def answer(self, who: str = MEMBER) -> dict[str, str]:
        """Begin, and agree at the provider's page; return what comes back."""
        begun = await self.begin(who)
        assert begun["errors"] == []
        return self.provider.consent(begun["authorizationUrl"])

    async def complete(self, who: str | None, given: dict[str, Any]) -> list[str]:
        """Complete and return the kinds of errors."""
        payload = await run(self.api, who, COMPLETE, given)
        assert (payload["grant"] is None) == bool(payload["errors"])
        return [error["__typename"] for error in payload["errors"]]

    async def rows(self) -> Rows:
        """Return all rows."""
        return await all_rows(self.api.settings.effective_database_url)

    async def refused(self, who: str | None, given: dict[str, Any]) -> None:
        """Claim that an answer is refused before the provider is asked, and keeps nothing."""
        asked = len(self.provider.exchanges)
        assert await self.complete(who, given) == INVALID
        assert len(self.provider.exchanges) == asked
        assert (await self.rows())["oauth_grants"] == []


@pytest.fixture
async def flow(
    app_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Flow]:
    """A client at Google's family, and its endpoints."""
    async with WebServer(CertificateKit(tmp_path)) as web:
        monkeypatch.setattr(Network, "poster", web.fetcher())
        settings = with_oauth(app_settings).model_copy(update={"host_jwks_url": None})
        async with serving(settings) as api:
            yield Flow(api, OAuthServer(web, GOOGLE))


async def test_nobody_is_redirected_elsewhere(flow: Flow) -> None:
    """Every address but the registered one, letter by letter: no URL, no state, no row."""
    before = await flow.rows()
    for at, uri in enumerate(REDIRECTS):
        who = (OWNER, ADMIN, MEMBER, COLLEAGUE)[at % 4]  # each has a budget of its own
        begun = await flow.begin(who, redirectUri=uri)
        assert (begun["authorizationUrl"], begun["state"]) == (None, None), uri
        assert [error["path"] for error in begun["errors"]] == [["redirectUri"]], uri
        assert EVIL not in str(begun["errors"])
    assert await flow.rows() == before
    assert (await flow.begin(redirectUri=HOME))["errors"] == []


async def test_the_address_of_the_url_is_the_registered_one(flow: Flow) -> None:
    """No hint brings another parameter along; each one is there once."""
    hints = (
        f"a@gmail.com&redirect_uri=https://{EVIL}",
        f"a@gmail.com#redirect_uri=https://{EVIL}",
        f"a%26redirect_uri=https://{EVIL}",
        f"a@gmail.com\r\nHost: {EVIL}",
        "a@gmail.com\u2028x",
        "?state=x",
        "a" * 5000,
    )
    for hint in hints:
        begun = await flow.begin(loginHint=hint)
        parts = urlsplit(begun["authorizationUrl"])
        assert (parts.scheme, parts.netloc) == ("https", "accounts.google.com")
        assert parts.fragment == ""
        asked = parse_qs(parts.query, strict_parsing=True)
        assert {name: len(values) for name, values in asked.items()} == dict.fromkeys(asked, 1)
        assert asked["redirect_uri"] == [HOME]
        assert asked["state"] == [begun["state"]]
        assert begun["authorizationUrl"].isprintable()
        assert begun["authorizationUrl"].isascii()


async def test_a_state_is_of_one_session(flow: Flow) -> None:
    """Of the same user by another sign-in, by cookie, by a key or an embed token: of no use."""
    await new_key(flow.api, "key", ADMIN)
    await new_embed(flow.api, "embed", OWNER)
    flow.api.tokens["again"] = (await sign_in(flow.api, MEMBER)).shown["accessToken"]
    for who in ("again", "key", "embed", OWNER, ADMIN, COLLEAGUE, STRANGER):
        await flow.refused(who, dict(await flow.answer()))
    nobody = await run(flow.api, None, COMPLETE, dict(await flow.answer()))
    assert [error["__typename"] for error in nobody["errors"]] == ["UnauthenticatedError"]
    # The other way round: an attacker's answer, slipped to the victim (RFC 9700, section 4.7).
    for who in ("again", COLLEAGUE, STRANGER):
        await flow.refused(MEMBER, dict(await flow.answer(who)))
    assert await flow.complete(MEMBER, dict(await flow.answer())) == []


async def test_a_state_ends_with_its_session(flow: Flow) -> None:
    """After the sign-out, a fresh session of the same user cannot go on."""
    flow.api.tokens["first"] = (await sign_in(flow.api, MEMBER)).shown["accessToken"]
    answer = dict(await flow.answer("first"))
    await flow.api.data("first", "mutation { logout { ok } }")
    flow.api.tokens["second"] = (await sign_in(flow.api, MEMBER)).shown["accessToken"]
    await flow.refused("second", answer)


async def test_a_state_is_of_one_workspace(flow: Flow) -> None:
    """The same user, who has gone on in another workspace; and that one's in this."""
    invited = {"email": "stranger@example.org", "role": "MEMBER"}
    token = (await run(flow.api, ADMIN, INVITE, invited))["token"]
    joined = await run(flow.api, STRANGER, ACCEPT, {"token": token})
    flow.api.tokens["moving"] = (await sign_in(flow.api, STRANGER)).shown["accessToken"]
    answers = [dict(await flow.answer("moving")), dict(await flow.answer(STRANGER))]
    home = (await flow.api.data("moving", "{ viewer { workspaceId } }"))["viewer"]["workspaceId"]
    every = await flow.api.data("moving", "{ workspaces { id } }")
    (other,) = [one["id"] for one in every["workspaces"] if one["id"] != home]
    assert joined["workspace"]["id"] in {home, other}
    switched = await run(flow.api, "moving", SWITCH, {"workspaceId": other})
    assert switched["errors"] == []
    flow.api.tokens["moved"] = switched["session"]["accessToken"]
    for answer in answers:
        await flow.refused("moved", answer)


async def test_a_state_is_used_once_and_up_by_failure(flow: Flow) -> None:
    """Replayed after success, after a failure and after somebody else's attempt."""
    first = dict(await flow.answer())
    for changed in ({"iss": f"https://{EVIL}"}, {"code": ""}, {"code": "x" * 9000}):
        answer = dict(await flow.answer())
        await flow.refused(MEMBER, answer | changed)
        await flow.refused(MEMBER, answer)
    stolen = dict(await flow.answer())
    await flow.refused(STRANGER, stolen)
    assert await flow.complete(MEMBER, first) == []
    asked = len(flow.provider.exchanges)
    assert await flow.complete(MEMBER, first) == INVALID
    assert len(flow.provider.exchanges) == asked


async def test_spellings_of_a_state_are_none(flow: Flow) -> None:
    """Other case, spaces, parts, its digest, wild cards: each is unknown, the state stays good."""
    answer = dict(await flow.answer())
    state = answer["state"]
    rows = await flow.rows()
    (stored,) = rows["oauth_authorizations"]
    digests = [value for value in stored.values() if isinstance(value, str) and len(value) > 40]
    spellings = (
        state.swapcase(), f" {state}", f"{state} ", f"{state}\x00", state[:-1], f"{state}=",
        "%", "*", "", "null", "' OR '1'='1", "\u2028", "x" * 100_000, *digests,
    )  # fmt: skip
    for spelling in spellings:
        await flow.refused(MEMBER, answer | {"state": spelling})
    assert await flow.complete(MEMBER, answer) == []


async def test_a_state_that_is_over_is_none(flow: Flow) -> None:
    """One second after its end."""
    answer = dict(await flow.answer())
    url = database_url(StorageSettings(flow.api.settings.effective_database_url))
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        moment = (utc_now() - timedelta(seconds=1)).strftime("%Y-%m-%d %H:%M:%S.%f")
        changed = await connection.execute(
            text("UPDATE oauth_authorizations SET expires_at = :moment"), {"moment": moment}
        )
        assert changed.rowcount == 1
    await engine.dispose()
    await flow.refused(MEMBER, answer)


async def test_the_answer_of_another_provider_is_none(flow: Flow) -> None:
    """Mix-up (RFC 9207): the state of one flow with the issuer of another."""
    for issuer in (
        "https://login.microsoftonline.com/common/v2.0",
        f"https://accounts.google.com.{EVIL}",
        f"https://accounts.google.com@{EVIL}",
        "http://accounts.google.com",
        "https://ACCOUNTS.google.com",
        "https://accounts.google.com/x",
        "",
    ):
        await flow.refused(MEMBER, dict(await flow.answer()) | {"iss": issuer})


async def test_codes_are_of_their_flow(flow: Flow) -> None:
    """A code of another flow, also of the same user: PKCE ends it; nothing is kept."""
    own, other = dict(await flow.answer()), dict(await flow.answer(COLLEAGUE))
    again = dict(await flow.answer())
    for code in (other["code"], again["code"]):
        given = dict(await flow.answer()) | {"code": code}
        assert await flow.complete(MEMBER, given) == ["ProviderRefusedError"]
        assert (await flow.rows())["oauth_grants"] == []
    assert await flow.complete(MEMBER, own) == []


async def test_a_code_brings_no_parameters_along(flow: Flow) -> None:
    """What is sent to the token endpoint has each parameter once, as we wrote it."""
    codes = (
        f"x&redirect_uri=https://{EVIL}", "x&grant_type=refresh_token", "x\r\nHost: evil", "x\x00",
        "x&client_id=evil", "é\u2028",
    )  # fmt: skip
    for code in codes:
        given = dict(await flow.answer()) | {"code": code}
        assert await flow.complete(MEMBER, given) == ["ProviderRefusedError"]
        sent = flow.provider.exchanges[-1]
        assert sent["code"] == code
        assert (sent["grant_type"], sent["redirect_uri"]) == ("authorization_code", HOME)
        assert {each.host for each in flow.provider.web.requests} == {GOOGLE.host}
