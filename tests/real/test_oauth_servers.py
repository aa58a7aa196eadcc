"""A mailbox opened by OAuth 2.0, with real servers: Dovecot, and Postfix that asks it.

The sign-in service is the local one; Dovecot asks it about each token (RFC 7662), so that a token
that the service ends is refused by the mail servers at once.
"""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from kit.api import MEMBER, Api, FakeProber, server, serving
from kit.certs import CertificateKit
from kit.connections import Account, fresh_name, network_prober, refused
from kit.dovecot import Dovecot
from kit.oauthserver import CLIENT_ID, CLIENT_SECRET, GOOGLE_REVOKED, Family, OAuthServer
from kit.postfix import Postfix
from kit.rowdump import all_rows
from kit.servers import GOOD_HOST, Certificates, RunFolder, stop_all
from kit.web import WebServer
from kit.worlds import mutation
from mailconfig.bootstrap.network import Network
from mailconfig.domain.clock import utc_now
from mailconfig.domain.probes import Prober, ProbeRequest, ProtocolOutcome, Report
from mailconfig.settings import Settings
from mailconfig.storage.settings import StorageSettings, database_url

pytestmark = pytest.mark.servers

FAMILY = Family("oauth.mail.test", "/token", "/revoke", "mail")
CATALOGUE = f"""
schema_version: 2
providers:
  - id: own_servers
    name: Own servers
    kind: hosting
    region: [global]
    domains: [{GOOD_HOST}]
    mx_suffixes: []
    imap: [{{host: {GOOD_HOST}, port: 993, security: tls}}]
    smtp: [{{host: {GOOD_HOST}, port: 465, security: tls}}]
    username: email
    auth: [oauth2]
    oauth2:
      authorize: https://{FAMILY.host}/authorize
      token: https://{FAMILY.host}{FAMILY.token}
      revoke: https://{FAMILY.host}{FAMILY.revoke}
      scopes: [{FAMILY.scopes}]
      sasl: [XOAUTH2, OAUTHBEARER]
      pkce: true
    sources: [vendor-doc]
    confidence: high
"""
"""The row that an operator would write for servers of their own."""
METHODS = [("XOAUTH2", "XOAUTH2"), ("OAUTHBEARER", "OAUTHBEARER"), ("AUTO", "XOAUTH2")]
"""Method of the configuration -> mechanism that signs in."""

BEGIN = mutation(
    "beginMailboxAuthorization", "BeginMailboxAuthorizationInput", "authorizationUrl state"
)
COMPLETE = mutation(
    "completeMailboxAuthorization",
    "CompleteMailboxAuthorizationInput",
    "grant { id address status } config { id revision }",
)
TEST = mutation(
    "testConnection",
    "TestConnectionInput",
    'test { status diagnosis { code advice(language: "en") retryable fixableBy }'
    " steps { kind mechanism serverReply diagnosis { code } } }",
)
REFUSED_TOKEN = ("FAILED", "OAUTH_TOKEN_EXPIRED")
REFUSED_YOUNG = ("FAILED", "OAUTH_SCOPE")
LOST_PERMISSION = ("FAILED", "OAUTH_REAUTH")
WELL = ("PASSED", None)


@dataclass
class Introspection:
    """What the sign-in service says of tokens; ask it at `url`."""

    user: str = ""
    """Whose the tokens are."""
    good: set[str] = field(default_factory=set)
    """Tokens that are active."""
    asked: list[str] = field(default_factory=list)
    """Tokens that it was asked about."""
    url: str = ""

    def answer(self, token: str) -> dict[str, object]:
        """Return what RFC 7662, section 2.2, wants."""
        self.asked.append(token)
        if token not in self.good:
            return {"active": False}
        return {"active": True, "email": self.user, "sub": self.user}


@contextmanager
def introspecting() -> Iterator[Introspection]:
    """Serve introspection on loopback, in a thread."""
    service = Introspection()

    class Handler(BaseHTTPRequestHandler):
        """One question."""

        def do_POST(self) -> None:
            """Answer it."""
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            data = json.dumps(service.answer(parse_qs(body)["token"][0])).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        service.url = f"http://127.0.0.1:{server.server_address[1]}/introspect"
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield service
        finally:
            server.shutdown()
            thread.join()


@dataclass
class Mail:
    """Real mail servers that take tokens only."""

    introspection: Introspection
    dovecot: Dovecot
    postfix: Postfix


@pytest.fixture(scope="module")
def mail(
    run_folder: RunFolder, certificates: Certificates, dovecot: Dovecot, postfix: Postfix
) -> Iterator[Mail]:
    """A Dovecot that asks the service of this module, and a Postfix that asks that Dovecot.

    The shared ones are asked for only so that a missing one is told in the usual way.
    """
    with introspecting() as service:
        folder = run_folder.path / f"oauth-{service.url.split(':')[2].partition('/')[0]}"
        for name in ("dovecot", "postfix"):
            (folder / name).mkdir(parents=True)
        try:
            started = Dovecot.start(folder / "dovecot", certificates, introspection=service.url)
            yield Mail(service, started, Postfix.start(folder / "postfix", certificates, started))
        finally:
            stop_all(folder)


@dataclass
class RealProber(FakeProber):
    """The product's prober, which remembers what it was asked."""

    real: Prober | None = None

    async def probe(self, request: ProbeRequest, report: Report) -> tuple[ProtocolOutcome, ...]:
        """Test the servers."""
        self.requests.append(request)
        assert self.real is not None
        return await self.real.probe(request, report)


@dataclass
class Mailbox:
    """A user's mailbox at the real servers, and the application that is to open it."""

    api: Api
    provider: OAuthServer
    mail: Mail
    address: str

    async def run(self, query: str, given: dict[str, Any]) -> dict[str, Any]:
        """Run a mutation that must have no errors."""
        (found,) = (await self.api.data(MEMBER, query, {"input": given})).values()
        assert found["errors"] == []
        return dict(found)

    async def authorized(self, **target: str) -> dict[str, Any]:
        """Begin and complete a flow; the token that it brings is good from now on."""
        begun = await self.run(BEGIN, {"target": target or {"emailAddress": self.address}})
        answer = self.provider.consent(begun["authorizationUrl"])
        completed = await self.run(COMPLETE, dict(answer))
        self.mail.introspection.good = {self.newest}
        return completed

    async def stored(self, grant: str, method: str) -> str:
        """Submit a configuration whose secret is the grant."""
        ports = (self.mail.dovecot.imaps_port, self.mail.postfix.submissions_port)
        incoming, outgoing = (
            server(
                GOOD_HOST,
                port=port,
                secret={"grant": grant},
                authentication=method,
                username=self.address,
            )
            for port in ports
        )
        return await self.api.stored(
            MEMBER, emailAddress=self.address, incoming=incoming, outgoing=outgoing
        )

    @property
    def newest(self) -> str:
        """The access token that the sign-in service gave last."""
        return f"access-{len(self.provider.exchanges) + len(self.provider.refreshes)}"

    async def tested(self, config_id: str) -> dict[str, Any]:
        """Test the connection and return the test as it ended."""
        given = {"target": {"configId": config_id}, "waitSeconds": 20}
        return dict((await self.run(TEST, given))["test"])

    async def verdict(self, config_id: str) -> tuple[str, str | None]:
        """Test the connection and return its status and the code of the diagnosis."""
        return said(await self.tested(config_id))

    async def wait(self, seconds: int) -> None:
        """Let the stored access token have been fetched that long ago."""
        fetched = utc_now() - timedelta(seconds=seconds)
        await self._dated(fetched, fetched + timedelta(seconds=self.provider.seconds))

    async def ripen(self, seconds: int) -> None:
        """Let the stored access token be older by so much, and end so much earlier."""
        url = database_url(StorageSettings(self.api.settings.effective_database_url))
        engine = create_async_engine(url)
        async with engine.begin() as connection:
            statement = text("SELECT refreshed_at, access_expires_at FROM oauth_grants")
            (moments,) = (await connection.execute(statement)).all()
        await engine.dispose()
        fetched, ends = (datetime.fromisoformat(str(moment)) for moment in moments)
        older = timedelta(seconds=seconds)
        await self._dated(fetched - older, ends - older)

    async def _dated(self, fetched: datetime, ends: datetime) -> None:
        moments = [f"{moment:%Y-%m-%d %H:%M:%S.%f}" for moment in (fetched, ends)]
        url = database_url(StorageSettings(self.api.settings.effective_database_url))
        engine = create_async_engine(url)
        async with engine.begin() as connection:
            statement = "UPDATE oauth_grants SET refreshed_at = :at, access_expires_at = :ends"
            await connection.execute(
                text(statement), dict(zip(("at", "ends"), moments, strict=True))
            )
        await engine.dispose()

    async def status(self) -> str:
        """Return the status of the only grant."""
        rows = await all_rows(self.api.settings.effective_database_url)
        (row,) = rows["oauth_grants"]
        return str(row["status"])

    def used(self) -> list[str | None]:
        """Return the secrets that went to servers since the last call."""
        secrets = self.api.prober.secrets
        self.api.prober.requests.clear()
        return secrets


def said(test: dict[str, Any]) -> tuple[str, str | None]:
    """Return the status of a test and the code of its diagnosis."""
    return test["status"], test["diagnosis"] and test["diagnosis"]["code"]


def mechanisms(test: dict[str, Any]) -> list[str]:
    """Return what signed in, IMAP first."""
    return [step["mechanism"] for step in test["steps"] if step["kind"] == "AUTHENTICATE"]


@pytest.fixture
def engine() -> str:
    """The storage below has tests on both engines."""
    return "sqlite"


@pytest.fixture
async def mailbox(
    app_settings: Settings,
    mail: Mail,
    certificates: Certificates,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Mailbox]:
    """The application with the operator's row and client, the product's own prober, no grant."""
    catalogue = tmp_path / "catalogue.yaml"
    catalogue.write_text(CATALOGUE)
    settings = app_settings.model_copy(
        update={
            "catalogue_file": catalogue,
            "oauth_clients": f"own_servers:{CLIENT_ID}:{CLIENT_SECRET}",
            "oauth_redirect_uris": ("https://app.example.org/oauth/callback",),
        }
    )
    mail.introspection.user = fresh_name()
    mail.introspection.good = set()
    async with WebServer(CertificateKit(tmp_path)) as web:
        monkeypatch.setattr(Network, "poster", web.fetcher())
        prober = RealProber(real=network_prober(certificates))
        async with serving(settings, prober) as api:
            yield Mailbox(api, OAuthServer(web, FAMILY), mail, mail.introspection.user)


@pytest.mark.parametrize(("method", "mechanism"), METHODS)
async def test_the_whole_way(mailbox: Mailbox, method: str, mechanism: str) -> None:
    """Authorise, store, test; an ended token is refreshed once; what the service ends is told, and
    authorising anew mends it with the same ids.
    """
    granted = (await mailbox.authorized())["grant"]
    assert (granted["address"], granted["status"]) == (mailbox.address, "ACTIVE")
    config_id = await mailbox.stored(granted["id"], method)
    test = await mailbox.tested(config_id)
    assert (said(test), mechanisms(test)) == (WELL, [mechanism] * 2)
    assert mailbox.used() == ["access-1"] * 2

    mailbox.mail.introspection.good = {"access-2"}
    await mailbox.wait(mailbox.provider.seconds)
    assert await mailbox.verdict(config_id) == WELL
    assert [asked["refresh_token"] for asked in mailbox.provider.refreshes] == ["refresh-1"]
    assert mailbox.used() == ["access-2"] * 2

    mailbox.mail.introspection.good = set()
    await mailbox.wait(120)
    test = await mailbox.tested(config_id)
    assert (said(test), test["diagnosis"]["retryable"]) == (REFUSED_TOKEN, True)
    assert mechanisms(test) == [mechanism] * 2
    assert await refused(mailbox.mail.dovecot, Account(mailbox.address, "")) == 1
    assert (await mailbox.status(), len(mailbox.provider.refreshes)) == ("ACTIVE", 1)
    assert mailbox.used() == ["access-2"] * 2

    mailbox.provider.fail(*GOOGLE_REVOKED)
    await mailbox.wait(mailbox.provider.seconds)
    for _ in range(2):
        test = await mailbox.tested(config_id)
        assert said(test) == LOST_PERMISSION
        assert "sign in again" in test["diagnosis"]["advice"]
    assert (await mailbox.status(), len(mailbox.provider.refreshes)) == ("EXPIRED", 2)
    assert mailbox.used() == []

    mailbox.provider.mend()
    renewed = await mailbox.authorized(configId=config_id)
    assert renewed["grant"] == granted
    assert renewed["config"] == {"id": config_id, "revision": 1}
    test = await mailbox.tested(config_id)
    assert (said(test), mechanisms(test)) == (WELL, [mechanism] * 2)
    assert mailbox.used() == [mailbox.newest] * 2


async def test_a_refused_token_is_not_used_again(mailbox: Mailbox) -> None:
    """What the mail server says has run out is fetched anew by the next test."""
    granted = (await mailbox.authorized())["grant"]
    config_id = await mailbox.stored(granted["id"], "AUTO")
    mailbox.mail.introspection.good = {"access-2"}
    await mailbox.wait(120)
    assert await mailbox.verdict(config_id) == REFUSED_TOKEN
    assert mailbox.provider.refreshes == []
    assert await mailbox.verdict(config_id) == WELL
    assert mailbox.used() == ["access-1"] * 2 + ["access-2"] * 2
    assert len(mailbox.provider.refreshes) == 1


async def test_a_refused_token_that_is_young_is_kept(mailbox: Mailbox) -> None:
    """A server that refuses every token does not make each test ask the sign-in service, and the
    diagnosis stays the same when later tests come with other tokens.
    """
    granted = (await mailbox.authorized())["grant"]
    config_id = await mailbox.stored(granted["id"], "AUTO")
    mailbox.mail.introspection.good = set()
    for _ in range(3):
        assert await mailbox.verdict(config_id) == REFUSED_YOUNG
    assert mailbox.provider.refreshes == []
    await mailbox.ripen(60)
    assert await mailbox.verdict(config_id) == REFUSED_YOUNG
    assert len(mailbox.provider.refreshes) == 1


async def test_a_token_of_another_user_opens_nothing(mailbox: Mailbox) -> None:
    """The user agreed as somebody else: Dovecot refuses once, in the words of an ended token, and
    the user is told to sign in with the account that owns the mailbox.
    """
    granted = (await mailbox.authorized())["grant"]
    config_id = await mailbox.stored(granted["id"], "AUTO")
    mailbox.mail.introspection.user = fresh_name()
    test = await mailbox.tested(config_id)
    assert said(test) == REFUSED_YOUNG
    assert (test["diagnosis"]["fixableBy"], test["diagnosis"]["retryable"]) == ("USER", False)
    assert "with the account that owns the mailbox" in test["diagnosis"]["advice"]
    found = [step["diagnosis"] for step in test["steps"] if step["kind"] == "AUTHENTICATE"]
    assert [each["code"] for each in found] == ["OAUTH_SCOPE"] * 2
    assert await refused(mailbox.mail.dovecot, Account(mailbox.address, "")) == 1
