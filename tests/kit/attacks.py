"""One of each kind of token that we hand out, each made as a client makes it, for attacks.

    async with open_purse(app_settings, tmp_path, monkeypatch) as purse:
        purse.held["refresh"], purse.api, purse.provider

Must not judge: which token opens what is for the tests to say.
"""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from kit.api import LOGIN, OWNER, PASSWORD, VIEWER, Api, serving
from kit.certs import CertificateKit
from kit.machines import new_embed, new_key
from kit.oauthserver import CLIENT_ID, CLIENT_SECRET, GOOGLE, OAuthServer
from kit.provider import AUDIENCE, ISSUER, SigningPair, claims, key_set, pair, signed
from kit.web import WebServer
from kit.worlds import mutation
from mailconfig.bootstrap import open_instance
from mailconfig.bootstrap.network import Network
from mailconfig.domain.clock import utc_now
from mailconfig.settings import Settings

JWKS_URL: Final = "https://id.example.test/keys"
HOME: Final = "https://app.example.org/oauth/callback"
INVITED: Final = "invited@example.org"
LOGIN_ALL: Final = LOGIN.replace("accessToken csrfToken", "accessToken csrfToken refreshToken")
INVITE: Final = mutation("inviteMember", "InviteMemberInput", "token")
BEGIN: Final = mutation(
    "beginMailboxAuthorization", "BeginMailboxAuthorizationInput", "authorizationUrl state"
)
UPLOAD: Final = mutation("uploadFile", "UploadFileInput", "file { id url }")
EXPORT: Final = "mutation { exportWorkspace { url errors { __typename message } } }"
CURSORS: Final = "{ configs(first: 1) { edges { cursor } } }"


@dataclass
class Browser:
    """A session as a browser has it, with what it was told."""

    cookie: str
    """The value of the cookie."""
    shown: Mapping[str, str]
    """`accessToken`, `csrfToken` and `refreshToken`."""


@dataclass
class Purse:
    """All kinds of tokens of one application, and the application."""

    api: Api
    web: WebServer
    provider: OAuthServer
    pair: SigningPair
    """The key of the host application."""
    held: dict[str, str]
    """Kind -> token; all of the owner, but for `reset` and `invitation`."""
    links: dict[str, str]
    """`file` and `export` -> a link that works."""
    code: str
    """What the provider gave for `state`."""


async def run(api: Api, who: str | None, query: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Run a mutation with its input and return the payload."""
    (payload,) = (await api.data(who, query, {"input": given})).values()
    return dict(payload)


async def graphql(
    api: Api, query: str, variables: Mapping[str, Any] | None = None, **headers: str
) -> httpx.Response:
    """Send an operation with these headers and no others; `_` in names stands for `-`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    body = {"query": query, "variables": variables or {}}
    return await api.client.post("/graphql", json=body, headers=named)


async def sign_in(api: Api, who: str) -> Browser:
    """Sign in by password; the client's own jar keeps nothing of it."""
    given = {"email": f"{who}@example.org", "password": PASSWORD}
    answer = await graphql(api, LOGIN_ALL, {"input": given})
    api.client.cookies.clear()
    cookie = answer.headers["set-cookie"].partition(";")[0].partition("=")[2]
    return Browser(cookie, answer.json()["data"]["login"]["session"])


async def stored_file(api: Api, who: str, name: str = "note.txt") -> str:
    """Upload a note and return its link."""
    place = {"variables.input.file": (name, b"a note\n", "text/plain")}
    variables = {"input": {"file": None, "kind": "ATTACHMENT"}}
    answer = await api.upload(who, UPLOAD, variables, place)
    return str(answer["data"]["uploadFile"]["file"]["url"])


def signature_of(link: str) -> str:
    """Return what signs a link."""
    return parse_qs(urlsplit(link).query)["signature"][0]


def with_oauth(settings: Settings) -> Settings:
    """Return the settings with a host application and a client at Google's family."""
    changes = {
        "host_issuer": ISSUER,
        "host_audience": AUDIENCE,
        "host_jwks_url": JWKS_URL,
        "oauth_clients": f"gmail:{CLIENT_ID}:{CLIENT_SECRET}",
        "oauth_redirect_uris": (HOME,),
        "oauth_retry_seconds": 0,
    }
    return settings.model_copy(update=changes)


@asynccontextmanager
async def open_purse(
    settings: Settings, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Purse]:
    """Run the application and make one token of each kind."""
    key = pair("host-1")
    async with WebServer(CertificateKit(folder)) as web:
        document = key_set(key)
        web.page("id.example.test", "/keys", document, content_type="application/json")
        monkeypatch.setattr(Network, "fetcher", web.fetcher())
        monkeypatch.setattr(Network, "poster", web.fetcher())
        async with serving(with_oauth(settings)) as api:
            yield await _filled(api, web, OAuthServer(web, GOOGLE), key)


async def _filled(api: Api, web: WebServer, provider: OAuthServer, key: SigningPair) -> Purse:
    for name in ("a", "b"):
        await api.stored(OWNER, emailAddress=f"{name}@example.net")
    browser = await sign_in(api, OWNER)
    await new_key(api, "key", role="OWNER")
    await new_embed(api, "embed", OWNER)
    begun = await run(api, OWNER, BEGIN, {"target": {"emailAddress": "ann@gmail.com"}})
    invited = await run(api, OWNER, INVITE, {"email": INVITED, "role": "MEMBER"})
    links = {
        "file": await stored_file(api, OWNER),
        "export": (await api.data(OWNER, EXPORT))["exportWorkspace"]["url"],
    }
    held = {
        "access": browser.shown["accessToken"],
        "refresh": browser.shown["refreshToken"],
        "csrf": browser.shown["csrfToken"],
        "cookie": browser.cookie,
        "api key": api.tokens["key"],
        "embed": api.tokens["embed"],
        "host": signed(key, claims(utc_now())),
        "file": signature_of(links["file"]),
        "export": signature_of(links["export"]),
        "cursor": (await api.data(OWNER, CURSORS))["configs"]["edges"][0]["cursor"],
        "state": begun["state"],
        "invitation": invited["token"],
        "reset": await reset_token(api.settings, VIEWER),
    }
    code = provider.consent(begun["authorizationUrl"])["code"]
    return Purse(api, web, provider, key, held, links, code)


async def reset_token(settings: Settings, who: str) -> str:
    """Make a token that sets somebody's password, as `mailconfig user reset` does."""
    async with open_instance(settings) as instance:
        made = await instance.services.identity.accounts.start_reset(f"{who}@example.org")
        return made.token.reveal()


def errors_of(answer: httpx.Response) -> str:
    """Return the errors of an answer of GraphQL as text, payloads' as well; "" for none."""
    body = answer.json()
    inner = [found.get("errors") for found in (body.get("data") or {}).values() if _is_map(found)]
    found = [*body.get("errors", []), *(error for each in inner for error in each or [])]
    return json.dumps(found) if found else ""


def _is_map(value: object) -> bool:
    return isinstance(value, dict)
