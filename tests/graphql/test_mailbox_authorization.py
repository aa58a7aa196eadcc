"""`beginMailboxAuthorization`, `completeMailboxAuthorization` and `revokeMailboxGrant`."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from kit.api import ADMIN, COLLEAGUE, MEMBER, STRANGER, VIEWER, Api, form, server, serving
from kit.certs import CertificateKit
from kit.oauthserver import (
    CLIENT_ID,
    CLIENT_SECRET,
    GOOGLE,
    GOOGLE_REVOKED,
    PAGE_503,
    OAuthServer,
    google_error,
)
from kit.rowdump import all_rows
from kit.web import WebServer
from kit.worlds import mutation
from mailconfig.bootstrap.network import Network
from mailconfig.domain.diagnostics import DiagnosticCode, Observation, Phase
from mailconfig.domain.diagnostics.engine import diagnose_code
from mailconfig.domain.mailboxes import digest_of
from mailconfig.domain.probes import ProtocolOutcome
from mailconfig.domain.servers import MailProtocol
from mailconfig.settings import Settings

HOME = "https://app.example.org/oauth/callback"
SECOND = "https://app.example.org/other"
BEGIN = mutation(
    "beginMailboxAuthorization",
    "BeginMailboxAuthorizationInput",
    "authorizationUrl state expiresAt",
)
COMPLETE = """
mutation ($input: CompleteMailboxAuthorizationInput!) {
  completeMailboxAuthorization(input: $input) {
    grant { id provider { name } address scopes status }
    config { id revision incoming { authentication } outgoing { authentication } }
    errors {
      __typename message path
      ... on MissingScopesError { scopes }
      ... on ProviderRefusedError { code retryable }
    }
  }
}
"""
REVOKE = mutation("revokeMailboxGrant", "RevokeMailboxGrantInput", "grant { id status }")
DELETE = mutation("delete", "DeleteInput", "deletedId")
UPDATE = mutation("update", "UpdateInput", "config { id revision }")
TEST = mutation("testConnection", "TestConnectionInput", "test { status diagnosis { code } }")
ADDRESS = "ann@gmail.com"
Payload = dict[str, Any]


def gmail(**secret: object) -> Payload:
    """Return the servers of a form at Gmail."""
    return {
        "incoming": server("imap.gmail.com", secret=secret),
        "outgoing": server("smtp.gmail.com", secret=secret),
    }


class Flow:
    """A user's way to a grant."""

    def __init__(self, api: Api, provider: OAuthServer) -> None:
        self.api = api
        self.provider = provider

    async def run(self, who: str, query: str, given: Payload) -> Payload:
        """Run a mutation and return its payload."""
        (found,) = (await self.api.data(who, query, {"input": given})).values()
        return dict(found)

    async def begin(self, who: str = MEMBER, **given: object) -> Payload:
        """Begin for an address at Gmail, unless something else is given."""
        return await self.run(who, BEGIN, {"target": {"emailAddress": ADDRESS}} | given)

    async def answer(self, who: str = MEMBER, **given: object) -> dict[str, str]:
        """Begin and agree at the provider's page."""
        begun = await self.begin(who, **given)
        assert begun["errors"] == []
        return self.provider.consent(begun["authorizationUrl"])

    async def grant(self, who: str = MEMBER, **given: object) -> Payload:
        """Go the whole way, which must be open."""
        completed = await self.run(who, COMPLETE, dict(await self.answer(who, **given)))
        assert completed["errors"] == []
        return completed

    async def refused(self, who: str, given: dict[str, Any]) -> list[str]:
        """Try to complete, which must not store anything; return the kinds of errors."""
        completed = await self.run(who, COMPLETE, given)
        assert (completed["grant"], completed["config"]) == (None, None)
        rows = await self.rows()
        assert rows["oauth_grants"] == []
        return [error["__typename"] for error in completed["errors"]]

    async def rows(self) -> Any:  # noqa: ANN401 - all tables
        """Return all rows of the database."""
        return await all_rows(self.api.settings.effective_database_url)


@pytest.fixture
def engine() -> str:
    """The storage below has tests on both engines."""
    return "sqlite"


@pytest.fixture
async def flow(
    app_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Flow]:
    """The application with a client at Google's family, and that family's endpoints."""
    settings = app_settings.model_copy(
        update={
            "oauth_clients": f"gmail:{CLIENT_ID}:{CLIENT_SECRET}",
            "oauth_redirect_uris": (HOME, SECOND),
            "oauth_retry_seconds": 0,
            "tests_per_minute": 500,
            "tests_per_user": 200,
        }
    )
    async with WebServer(CertificateKit(tmp_path)) as web:
        monkeypatch.setattr(Network, "poster", web.fetcher())
        async with serving(settings) as api:
            yield Flow(api, OAuthServer(web, GOOGLE))


async def test_the_url_has_all_that_the_provider_needs(flow: Flow) -> None:
    """Code flow, PKCE by S256, offline access; the state is in the database as a digest only."""
    begun = await flow.begin()
    parts = urlsplit(begun["authorizationUrl"])
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == (
        "https://accounts.google.com/o/oauth2/v2/auth"
    )
    asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
    assert len(asked.pop("code_challenge")) == 43
    assert asked == {
        "access_type": "offline",
        "prompt": "consent",
        "response_type": "code",
        "client_id": CLIENT_ID,
        "redirect_uri": HOME,
        "scope": "https://mail.google.com/",
        "state": begun["state"],
        "code_challenge_method": "S256",
        "login_hint": ADDRESS,
    }
    rows = await flow.rows()
    assert begun["state"] not in str(rows)
    assert digest_of(begun["state"]) in str(rows)


async def test_a_grant_is_kept_and_used(flow: Flow) -> None:
    """The form names it, the test signs in with a fresh access token, no token is in clear."""
    grant = (await flow.grant())["grant"]
    assert (grant["address"], grant["status"], grant["provider"]["name"]) == (
        ADDRESS,
        "ACTIVE",
        "Gmail (personal)",
    )
    config_id = await flow.api.stored(MEMBER, emailAddress=ADDRESS, **gmail(grant=grant["id"]))
    test = await flow.run(MEMBER, TEST, {"target": {"configId": config_id}, "waitSeconds": 20})
    assert test["test"]["status"] == "PASSED"
    assert flow.api.prober.secrets == ["access-1", "access-1"]
    rows = str(await flow.rows())
    assert not {"access-1", "refresh-1", "code-0"} & set(rows.split("'"))


async def test_a_state_is_good_once(flow: Flow) -> None:
    """Used, unknown, another session's, another user's, another workspace's: all read the same."""
    answer = await flow.answer()
    expected = ["AuthorizationInvalidError"]
    for who in (STRANGER, COLLEAGUE):
        assert await flow.refused(who, dict(answer)) == expected
    # A colleague's attempt has used it up: also its owner cannot go on.
    assert await flow.refused(MEMBER, dict(answer)) == expected
    assert await flow.refused(MEMBER, {"state": "x" * 43, "code": "code"}) == expected
    assert await flow.refused(MEMBER, {"state": "x" * 10_000, "code": "code"}) == expected
    wrong_issuer = dict(await flow.answer()) | {"iss": "https://evil.example.org"}
    assert await flow.refused(MEMBER, wrong_issuer) == expected
    assert await flow.refused(MEMBER, {**wrong_issuer, "iss": None}) == expected
    assert flow.provider.exchanges == []


async def test_the_issuer_of_the_provider_is_taken(flow: Flow) -> None:
    """RFC 9207: an answer that names the provider's own issuer goes through."""
    answer = dict(await flow.answer()) | {"iss": "https://accounts.google.com"}
    assert (await flow.run(MEMBER, COMPLETE, answer))["errors"] == []


@pytest.mark.parametrize(
    "uri",
    [
        "https://evil.example.org/",
        HOME + "/",
        HOME + "?next=https://evil.example.org",
        "https://app.example.org.evil.example/oauth/callback",
        "HTTPS://app.example.org/oauth/callback",
        "",
    ],
)
async def test_only_registered_addresses_are_redirected_to(flow: Flow, uri: str) -> None:
    """Letter by letter: nothing that looks like one of them is taken."""
    begun = await flow.begin(redirectUri=uri)
    assert begun["authorizationUrl"] is None
    assert [error["path"] for error in begun["errors"]] == [["redirectUri"]]
    assert (await flow.rows())["oauth_authorizations"] == []


async def test_another_registered_address_is_taken(flow: Flow) -> None:
    """The one that was named stands in the address and in the exchange."""
    await flow.grant(redirectUri=SECOND)
    assert flow.provider.exchanges[0]["redirect_uri"] == SECOND


async def test_missing_scopes_are_named(flow: Flow) -> None:
    """What the user left out is told, nothing is kept, and the provider gets its token back."""
    flow.provider.granted = "openid email"
    completed = await flow.run(MEMBER, COMPLETE, dict(await flow.answer()))
    (error,) = completed["errors"]
    assert (error["__typename"], error["scopes"]) == (
        "MissingScopesError",
        ["https://mail.google.com/"],
    )
    assert (await flow.rows())["oauth_grants"] == []
    assert [one["token"] for one in flow.provider.revocations] == ["refresh-1"]


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (GOOGLE_REVOKED, "OAUTH_REAUTH"),
        (google_error("invalid_client", "", 401), "OAUTH_APP"),
        (PAGE_503, "OAUTH_ENDPOINT_DOWN"),
    ],
    ids=["code refused", "client refused", "down"],
)
async def test_a_refused_exchange_is_explained(
    flow: Flow, reply: tuple[int, str], code: str
) -> None:
    """The reason has its code, and the state is used up."""
    answer = dict(await flow.answer())
    flow.provider.fail(*reply)
    completed = await flow.run(MEMBER, COMPLETE, answer)
    assert [error.get("code") for error in completed["errors"]] == [code]
    flow.provider.mend()
    assert await flow.refused(MEMBER, answer) == ["AuthorizationInvalidError"]


async def test_authorising_anew_keeps_the_ids(flow: Flow) -> None:
    """From a password to a grant is a revision; a new grant of the same mailbox is none."""
    config_id = await flow.api.stored(MEMBER, emailAddress=ADDRESS, **gmail(password="app-pass"))
    first = await flow.grant(target={"configId": config_id})
    assert first["config"] == {
        "id": config_id,
        "revision": 2,
        "incoming": {"authentication": "XOAUTH2"},
        "outgoing": {"authentication": "XOAUTH2"},
    }
    second = await flow.grant(target={"configId": config_id})
    assert second["grant"]["id"] == first["grant"]["id"]
    assert second["config"] == first["config"]
    await flow.run(MEMBER, TEST, {"target": {"configId": config_id}, "waitSeconds": 20})
    assert flow.api.prober.secrets == ["access-2", "access-2"]


@pytest.mark.parametrize("method", ["AUTO", "OAUTHBEARER"])
async def test_authorising_anew_keeps_the_method(flow: Flow, method: str) -> None:
    """What signs in with the grant already stays as its user chose it, and is no revision."""
    grant = (await flow.grant())["grant"]["id"]
    servers = {
        side: server | {"authentication": method} for side, server in gmail(grant=grant).items()
    }
    config_id = await flow.api.stored(MEMBER, emailAddress=ADDRESS, **servers)
    config = (await flow.grant(target={"configId": config_id}))["config"]
    assert (config["revision"], config["incoming"]["authentication"]) == (1, method)


async def test_the_two_kinds_of_failure_are_told_apart(flow: Flow) -> None:
    """An ended permission asks for a new one, a broken service for patience; nothing is dialled."""
    flow.provider.seconds = 1
    config_id = await flow.api.stored(MEMBER, emailAddress=ADDRESS, **gmail(password="app-pass"))
    await flow.grant(target={"configId": config_id})
    await asyncio.sleep(1)
    for reply, code in ((PAGE_503, "OAUTH_ENDPOINT_DOWN"), (GOOGLE_REVOKED, "OAUTH_REAUTH")):
        flow.provider.fail(*reply)
        test = await flow.run(MEMBER, TEST, {"target": {"configId": config_id}, "waitSeconds": 20})
        assert test["test"] == {"status": "FAILED", "diagnosis": {"code": code}}
    assert flow.api.prober.requests == []


async def test_a_hundred_tests_make_one_refresh(flow: Flow) -> None:
    """Of one account whose access token has ended, all started at once."""
    flow.provider.seconds = 1
    config_id = await flow.api.stored(MEMBER, emailAddress=ADDRESS, **gmail(password="app-pass"))
    await flow.grant(target={"configId": config_id})
    await asyncio.sleep(1)
    flow.provider.seconds = 3599
    given = {"target": {"configId": config_id}, "protocols": ["IMAP"]}
    started = await asyncio.gather(*(flow.run(MEMBER, TEST, dict(given)) for _ in range(100)))
    assert [payload["errors"] for payload in started] == [[]] * 100
    async with asyncio.timeout(20):
        while len(flow.api.prober.requests) < 100:  # noqa: ASYNC110 - another task's progress
            await asyncio.sleep(0.05)
    assert set(flow.api.prober.secrets) == {"access-2"}
    assert len(flow.provider.refreshes) == 1


DIAGNOSED = mutation(
    "testConnection", "TestConnectionInput", "test { diagnosis { code fixableBy retryable } }"
)
REFUSALS = [
    # Google: the token is of another account, or its scope is another.
    (DiagnosticCode.OAUTH_SCOPE, '{"status":"400","schemes":"Bearer"}'),
    # Google and Microsoft: a token that is no good, in the words of an ended one.
    (DiagnosticCode.OAUTH_TOKEN_EXPIRED, '{"status":"401","schemes":"Bearer"}'),
    # Gmail's plain refusal, which speaks of a password.
    (DiagnosticCode.GMAIL_BAD, "NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)"),
]


@pytest.mark.parametrize("number", range(len(REFUSALS)))
async def test_a_refused_token_that_is_young_is_another_accounts(flow: Flow, number: int) -> None:
    """It cannot have run out: the user is told to sign in with the account that owns the mailbox,
    and the token is replaced when it is young no more.
    """
    code, words = REFUSALS[number]
    host = "imap.gmail.com"
    seen = Observation(protocol=MailProtocol.IMAP, phase=Phase.AUTH, host=host, text=words)
    assert diagnose_code(seen) is code
    grant = (await flow.grant())["grant"]
    config_id = await flow.api.stored(MEMBER, emailAddress=ADDRESS, **gmail(grant=grant["id"]))
    flow.api.prober.outcomes = (
        ProtocolOutcome(MailProtocol.IMAP, code, seen),
        ProtocolOutcome(MailProtocol.SMTP, DiagnosticCode.OK),
    )
    given = {"target": {"configId": config_id}, "waitSeconds": 20}
    for _ in range(2):
        test = (await flow.run(MEMBER, DIAGNOSED, given))["test"]
        assert test["diagnosis"] == {
            "code": "OAUTH_SCOPE",
            "fixableBy": "USER",
            "retryable": False,
        }
    (row,) = (await flow.rows())["oauth_grants"]
    moments = (row["refreshed_at"], row["access_expires_at"])
    fetched, ends = (datetime.fromisoformat(str(moment)) for moment in moments)
    assert ends - fetched == timedelta(minutes=1)
    assert (row["status"], flow.provider.refreshes) == ("ACTIVE", [])


async def test_a_grant_goes_to_its_provider_only(flow: Flow) -> None:
    """Neither a form, a change nor a draft leads its token to a server of somebody else."""
    grant = (await flow.grant())["grant"]["id"]
    evil = server("imap.evil.org", secret={"grant": grant})
    refused = await flow.api.submit(MEMBER, emailAddress=ADDRESS, incoming=evil, outgoing=None)
    assert [error["path"] for error in refused["errors"]] == [["incoming", "secret", "grant"]]
    config_id = await flow.api.stored(MEMBER, emailAddress=ADDRESS, **gmail(grant=grant))
    for change in (evil, server("imap.evil.org", secret={"keep": True})):
        changed = await flow.run(MEMBER, UPDATE, {"id": config_id, "incoming": change})
        assert [error["path"][:2] for error in changed["errors"]] == [["incoming", "secret"]]
    draft = {"emailAddress": ADDRESS, "incoming": evil}
    tested = await flow.run(MEMBER, TEST, {"target": {"draft": draft}, "protocols": ["IMAP"]})
    assert [error["__typename"] for error in tested["errors"]] == ["SecretRequiredError"]
    assert flow.api.prober.requests == []


@pytest.mark.parametrize("who", [COLLEAGUE, ADMIN, STRANGER])
async def test_a_grant_of_somebody_else_does_not_exist(flow: Flow, who: str) -> None:
    """Nobody else puts it into a configuration or a draft; administrators may end it."""
    grant = (await flow.grant())["grant"]["id"]
    submitted = await flow.api.submit(who, emailAddress=ADDRESS, **gmail(grant=grant))
    assert [error["__typename"] for error in submitted["errors"]] == ["NotFoundError"]
    draft = {"emailAddress": ADDRESS, **gmail(grant=grant)}
    tested = await flow.run(who, TEST, {"target": {"draft": draft}})
    assert [error["__typename"] for error in tested["errors"]] == ["NotFoundError"]
    ended = await flow.run(who, REVOKE, {"id": grant})
    expected = [] if who == ADMIN else ["NotFoundError"]
    assert [error["__typename"] for error in ended["errors"]] == expected


async def test_deleting_the_last_configuration_ends_the_grant(flow: Flow) -> None:
    """Its row and secrets go, and the provider is told; while another refers to it, it stays."""
    grant = (await flow.grant())["grant"]["id"]
    first = await flow.api.stored(MEMBER, emailAddress=ADDRESS, **gmail(grant=grant))
    second = await flow.api.stored(MEMBER, emailAddress="bob@gmail.com", **gmail(grant=grant))
    await flow.run(MEMBER, DELETE, {"id": first})
    assert flow.provider.revocations == []
    await flow.run(MEMBER, DELETE, {"id": second})
    assert [one["token"] for one in flow.provider.revocations] == ["refresh-1"]
    rows = await flow.rows()
    assert (rows["oauth_grants"], rows["secrets"]) == ([], [])


async def test_a_revoked_grant_can_be_given_anew(flow: Flow) -> None:
    """Its configurations stay, tests say what is wrong, and authorising anew revives them."""
    config_id = await flow.api.stored(MEMBER, emailAddress=ADDRESS, **gmail(password="app-pass"))
    grant = (await flow.grant(target={"configId": config_id}))["grant"]["id"]
    ended = await flow.run(MEMBER, REVOKE, {"id": grant})
    assert ended == {"grant": {"id": grant, "status": "REVOKED"}, "errors": []}
    given = {"target": {"configId": config_id}, "waitSeconds": 20}
    test = await flow.run(MEMBER, TEST, given)
    assert test["test"] == {"status": "FAILED", "diagnosis": {"code": "OAUTH_REAUTH"}}
    assert (await flow.grant(target={"configId": config_id}))["grant"]["id"] == grant
    assert (await flow.run(MEMBER, TEST, given))["test"]["status"] == "PASSED"


async def test_who_may_begin(flow: Flow) -> None:
    """Members, for what they may change; a provider without a client is told so."""
    assert [e["__typename"] for e in (await flow.begin(VIEWER))["errors"]] == ["ForbiddenError"]
    config_id = await flow.api.stored(MEMBER, **form())
    for who in (COLLEAGUE, STRANGER):
        begun = await flow.begin(who, target={"configId": config_id})
        assert [error["__typename"] for error in begun["errors"]] == ["NotFoundError"]
    for target in ({"providerId": "yahoo"}, {"emailAddress": "x@gmx.de"}, {"providerId": "none"}):
        begun = await flow.begin(target=target)
        assert [error["path"] for error in begun["errors"]] == [["target"]]
    assert (await flow.rows())["oauth_authorizations"] == []


async def test_the_trail_tells_of_each_step(flow: Flow) -> None:
    """Beginning, what was granted and its end, by ids; no address, state, code or token."""
    grant = (await flow.grant())["grant"]["id"]
    await flow.run(MEMBER, REVOKE, {"id": grant})
    query = "{ auditEvents(first: 3) { nodes { action objectId details } } }"
    ended, granted, begun = (await flow.api.data(ADMIN, query))["auditEvents"]["nodes"]
    assert (ended["action"], ended["objectId"], ended["details"]) == ("grant.revoke", grant, {})
    assert (granted["action"], granted["objectId"]) == ("grant.authorize", grant)
    assert granted["details"] == {"provider": "gmail", "renewed": False}
    assert (begun["action"], begun["details"]) == ("authorization.begin", {"provider": "gmail"})
