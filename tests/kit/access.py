"""Everything of one workspace, and nine callers who ask for it: the world of the table of access.

    async with open_access(settings) as access:
        answer = await access.ask("member", request)
        answer.outcome, answer.look

One application serves all rows of the table; `kit.rewind` puts back what a call changed. Sessions
are not remembered between requests here, so that rows that were put back count at once.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Never

from kit.accessrequests import Request, Things
from kit.accesssockets import over_socket
from kit.api import (
    ADMIN,
    MEMBER,
    OWNER,
    PASSWORD,
    SIGNING_KEY,
    STRANGER,
    VIEWER,
    Api,
    FakeProber,
    server,
    serving,
)
from kit.machines import CREATE_KEY, EVERY_SCOPE
from kit.rewind import changed, rewind
from kit.rowdump import Rows, all_rows
from kit.worlds import message_of, mutation, no_starttls, sender_of, things_of
from mailconfig.bootstrap import access_tokens, open_database
from mailconfig.domain.clock import utc_now
from mailconfig.domain.diagnostics import DiagnosticCode
from mailconfig.domain.fetching import FetchUnreachable
from mailconfig.domain.identity import Session
from mailconfig.domain.ids import new_id
from mailconfig.domain.mailboxes import GrantStatus, MailboxGrant
from mailconfig.domain.messages import MessageEvent, RecipientState
from mailconfig.domain.oauth import TokenAnswer
from mailconfig.domain.secrets import Secret
from mailconfig.domain.sending import Outcome
from mailconfig.graphql import ids
from mailconfig.services.sessions import digest
from mailconfig.settings import Settings
from mailconfig.storage.signingkeys import signing_ring

CALLERS = (
    "anonymous",
    "viewer",
    "member",
    "admin",
    "owner",
    "other",
    "expired",
    "revoked",
    "key",
)
"""The columns: `other` owns another workspace, `expired` and `revoked` have sessions of the owner
that are over, `key` is an owner's with every scope but the one that is needed."""
PEOPLE_OF = {"viewer": VIEWER, "member": MEMBER, "admin": ADMIN, "owner": OWNER, "other": STRANGER}
HOME = "https://app.example.org/oauth/callback"
INVITED = "new@example.org"
_CODES = {"UNAUTHENTICATED": "--", "FORBIDDEN": "f", "NOT_FOUND": "n"}
_TYPES = {
    "UnauthenticatedError": "--",
    "ForbiddenError": "f",
    "NotFoundError": "n",
    # What a state and a token of an invitation name is there for nobody else.
    "AuthorizationInvalidError": "n",
    "InvitationInvalidError": "n",
}
_STATUSES = {401: "--", 403: "f", 404: "n"}
_PASSING = re.compile(r'"(remaining|resetSeconds|requestId|request_id)":\s*("[^"]*"|\d+)')


class NoProviders:
    """Sign-in services that cannot be reached."""

    async def post(self, *_given: object, **_limits: object) -> Never:
        """Send nothing."""
        raise FetchUnreachable("nobody is there")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a caller got."""

    outcome: str
    """A cell of the table; `!` with the type or code of a failure that is no refusal."""
    look: tuple[int, tuple[str, ...], str]
    """Status, names of headers, body; without what is of this request only."""
    messages: tuple[str, ...]
    """What the errors say."""
    text: str
    """The body as it came."""


@dataclass
class Access:
    """The served application with one of everything."""

    api: Api
    things: Things
    """What there is."""
    never: Things
    """Names like those of what there is, of what never was."""
    cookie: str
    """Of a session of the owner."""
    csrf: str = ""
    """Token of that session."""
    tokens: dict[str, str] = field(default_factory=dict)
    """Bearer tokens of the callers; keys by "without SCOPE"."""
    home: Rows = field(default_factory=dict)
    blobs: dict[Path, bytes] = field(default_factory=dict)
    usual: dict[tuple[str, str], tuple[int, tuple[str, ...]]] = field(default_factory=dict)
    """Status and names of headers of refusals, by the way that they come and the cell."""

    @property
    def url(self) -> str:
        """URL of the database."""
        return self.api.settings.effective_database_url

    def headers(self, who: str, scope: str) -> dict[str, str]:
        """Return what a caller shows; a key lacks the scope."""
        token = self.tokens.get(f"without {scope}" if who == "key" else who)
        return {"Authorization": f"Bearer {token}"} if token else {}

    async def ask(
        self, who: str, request: Request, scope: str = "any", things: Things | None = None
    ) -> Answer:
        """Send a request as one of the callers."""
        return await self.send(request, self.headers(who, scope), things)

    async def send(
        self, request: Request, headers: Mapping[str, str], things: Things | None = None
    ) -> Answer:
        """Send a request with these headers."""
        named = things or self.things
        method, path, given = request.of(named)
        if method == "WEBSOCKET":
            body = await over_socket(self.api.app, headers, str(given["json"]["query"]))
            return _answer(request.shown, 101, (), body, body, named)
        given["headers"] = {**given.get("headers", {}), **headers}
        response = await self.api.client.request(method, path, **given)
        self.api.client.cookies.clear()
        body = response.text
        if response.headers.get("content-type", "").startswith("text/event-stream"):
            events = [line[6:] for line in body.splitlines() if line.startswith("data: {")]
            body = events[0] if events else body
        names = tuple(sorted(set(response.headers) - {"content-length"}))
        return _answer(request.shown, response.status_code, names, body, response.text, named)

    async def settle(self) -> list[str]:
        """Put back what a call changed, when it has ended; return the tables."""
        now = await all_rows(self.url)
        async with asyncio.timeout(20):
            while any(row["status"] in {"QUEUED", "RUNNING"} for row in now["connection_tests"]):
                await asyncio.sleep(0.01)
                now = await all_rows(self.url)
        await rewind(self.url, self.home, now)
        for path, content in self.blobs.items():
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
        return changed(self.home, now)

    async def written(self) -> list[str]:
        """Return the tables that are other than at home."""
        return changed(self.home, await all_rows(self.url))


def _answer(
    shown: str | None, status: int, names: tuple[str, ...], body: str, text: str, things: Things
) -> Answer:
    look = _PASSING.sub(r'"\1":0', body)
    for name, value in sorted(things.items(), key=lambda item: -len(item[1])):
        look = look.replace(value, f"<{name}>")
    messages = tuple(re.findall(r'"(?:message|detail)":\s*"([^"]*)"', body))
    return Answer(_outcome(shown, status, body), (status, names, look), messages, text)


def _outcome(shown: str | None, status: int, body: str) -> str:
    """Return the cell that an answer is; `shown` is the field of a GraphQL operation."""
    if shown is None:
        return _STATUSES.get(status, "+" if status < 400 else f"!{status}")
    answer = json.loads(body)
    for error in answer.get("errors", ()):
        code = error.get("extensions", {}).get("code", "INTERNAL")
        return _CODES.get(code, f"!{code}")
    found = answer["data"][shown]
    if found is None or found == [None]:
        return "0"
    for error in found.get("errors") or () if isinstance(found, dict) else ():
        kind = error["__typename"]
        return _TYPES.get(kind, f"!{kind}")
    return "+"


async def _mailbox(api: Api, things: dict[str, str]) -> None:
    """Store a client, a grant of MEMBER, and a flow that MEMBER began."""
    client = {"providerId": "gmail", "clientId": "our-client", "clientSecret": "our-own-secret-4"}
    document = mutation("setOAuthClient", "SetOAuthClientInput", "client { clientId }")
    await api.data(ADMIN, document, {"input": client})
    document = mutation("beginMailboxAuthorization", "BeginMailboxAuthorizationInput", "state")
    target = {"input": {"target": {"emailAddress": "ann@gmail.com"}}}
    begun = (await api.data(MEMBER, document, target))["beginMailboxAuthorization"]
    assert begun["errors"] == []
    things["state"] = begun["state"]
    user, place = ids.key_of("User", things["User"]), ids.key_of("Workspace", things["Workspace"])
    now = utc_now()
    made = (new_id(), user, "gmail", "our-client", "ann@gmail.com", ("mail",), GrantStatus.ACTIVE)
    grant = MailboxGrant(*made, None, None, now, None, None, None, None)
    database = await open_database(api.settings)
    async with database.work(place) as work:
        answer = TokenAnswer(Secret("granted-access-5"), 3600, Secret("granted-refresh-6"))
        await work.grants.insert(grant, answer)
    await database.close()
    things["MailboxGrant"] = ids.encode("MailboxGrant", grant.id)


async def _shared(api: Api, things: dict[str, str]) -> None:
    """Store a shared configuration at revision 2, with a test that has a fix."""
    incoming = server(port=143, security="STARTTLS")
    changes = {"shared": True, "emailAddress": "team@example.net"}
    config_id = await api.stored(ADMIN, incoming=incoming, **changes)
    for who, named in ((ADMIN, config_id), (MEMBER, things["EmailConfig"])):
        document = mutation("update", "UpdateInput", "config { revision }")
        updated = await api.data(who, document, {"input": {"id": named, "name": "Renamed"}})
        assert updated["update"]["errors"] == []
    shown = "test { id diagnosis { fix { id } } }"
    document = mutation("testConnection", "TestConnectionInput", shown)
    for who, named, kinds in (
        (ADMIN, config_id, ("SharedTest", "SharedFix")),
        (MEMBER, things["EmailConfig"], ("ConnectionTest", "SettingsFix")),
    ):
        variables = {"input": {"target": {"configId": named}, "waitSeconds": 20}}
        test = (await api.data(who, document, variables))["testConnection"]["test"]
        things[kinds[0]], things[kinds[1]] = test["id"], test["diagnosis"]["fix"]["id"]
    things["SharedConfig"] = config_id
    things["SharedMessage"] = await message_of(api, ADMIN, config_id)
    things["SharedSender"] = await sender_of(api, ADMIN, config_id)


async def _messages(api: Api, things: dict[str, str]) -> None:
    """Store messages of MEMBER in other states, and an address never to send to."""
    cancel = mutation("cancelMessage", "CancelMessageInput", "message { state }")
    for kind, who, config in (
        ("Cancelled", MEMBER, "EmailConfig"),
        ("SharedCancelled", ADMIN, "SharedConfig"),
    ):
        things[kind] = await message_of(api, who, things[config])
        await api.data(who, cancel, {"input": {"id": things[kind]}})
    place = ids.key_of("Workspace", things["Workspace"])
    database = await open_database(api.settings)
    for kind, who, config in (
        ("Ambiguous", MEMBER, "EmailConfig"),
        ("SharedAmbiguous", ADMIN, "SharedConfig"),
    ):
        things[kind] = await message_of(api, who, things[config])
        key = ids.key_of("Message", things[kind])
        async with database.work(place) as work:
            claimed = await work.sending.claim(key, "a worker", utc_now() + timedelta(hours=1))
            assert claimed is not None
            doubted = tuple(
                replace(one, state=RecipientState.AMBIGUOUS) for one in claimed.recipients
            )
            doubt = Outcome(MessageEvent.DOUBT, DiagnosticCode.CANCELLED, doubted)
            assert await work.sending.finish(key, 1, doubt)
    token = "of-the-message-in-doubt".ljust(43, "-")
    async with database.work(place) as work:
        await work.unsubscribe_links.insert(digest(Secret(token)), "bo@example.org", key)
    things["unsubscribe"] = f"/unsubscribe/{token}"
    await database.close()
    suppress = mutation("suppressAddress", "SuppressAddressInput", "suppression { id }")
    await api.data(ADMIN, suppress, {"input": {"address": "no@example.org"}})


async def _people(api: Api, things: dict[str, str]) -> None:
    """Name the members, and make an invitation, a key, links and tokens."""
    query = "{ workspace { id members { nodes { id role } } } }"
    place = (await api.data(OWNER, query))["workspace"]
    things["Workspace"] = place["id"]
    for node in place["members"]["nodes"]:
        things.setdefault(f"User {node['role'].lower()}", node["id"])
    document = mutation("inviteMember", "InviteMemberInput", "invitation { id } token")
    given = {"input": {"email": INVITED, "role": "MEMBER"}}
    invited = (await api.data(ADMIN, document, given))["inviteMember"]
    things["Invitation"], things["invitation"] = invited["invitation"]["id"], invited["token"]
    wish = {"name": "of the admin", "role": "MEMBER", "scopes": ["CONFIGS_READ"]}
    made = (await api.data(ADMIN, CREATE_KEY, {"input": wish}))["createApiKey"]
    things["ApiKey"] = made["apiKey"]["id"]
    login = mutation("login", "LoginInput", "session { refreshToken }")
    given = {"input": {"email": f"{MEMBER}@example.org", "password": PASSWORD}}
    things["refresh"] = (await api.data(None, login, given))["login"]["session"]["refreshToken"]
    api.client.cookies.clear()
    document = "mutation { exportWorkspace { url } }"
    things["export"] = (await api.data(OWNER, document))["exportWorkspace"]["url"]
    query = "query ($id: ID!) { node(id: $id) { ... on File { url } } }"
    things["file"] = (await api.data(MEMBER, query, {"id": things["File"]}))["node"]["url"]
    for kind in ("File", "Workspace"):
        things[f"{kind} key"] = str(ids.key_of(kind, things[kind]))
    things["reset"] = "mcp_a-token-of-the-operator-for-the-member"


async def _sessions(access: Access) -> None:
    """Open sessions of the owner: by cookie, one that expired, one that was revoked."""
    settings, now = access.api.settings, utc_now()
    minting = access_tokens(settings, signing_ring(SIGNING_KEY))
    user = ids.key_of("User", access.things["User owner"])
    place = ids.key_of("Workspace", access.things["Workspace"])
    later, before = now + timedelta(hours=1), now - timedelta(hours=1)
    live = Session(new_id(), user, place, before, later, None)
    sessions = {
        "cookie": live,
        "expired": replace(live, id=new_id(), expires_at=now - timedelta(seconds=1)),
        "revoked": replace(live, id=new_id(), revoked_at=now - timedelta(seconds=1)),
    }
    database = await open_database(settings)
    async with database.identity() as identity:
        for name, session in sessions.items():
            token = access.cookie if name == "cookie" else f"no cookie {session.id}"
            await identity.add_session(session, digest(Secret(token)))
            if name != "cookie":
                access.tokens[name] = minting.mint(session.id, user).text
        member = ids.key_of("User", access.things["User"])
        await identity.resets.add(member, digest(Secret(access.things["reset"])), later)
    await database.close()


async def _keys(access: Access) -> None:
    """Make a key of the owner for each scope, which has all others, and one that has all."""
    lacking = {f"without {name.lower().replace('_', ':')}": name for name in EVERY_SCOPE}
    for name, missing in {**lacking, "without people": None, "without any": None}.items():
        scopes = [scope for scope in EVERY_SCOPE if scope != missing]
        wish = {"name": name, "role": "OWNER", "scopes": scopes}
        made = (await access.api.data(OWNER, CREATE_KEY, {"input": wish}))["createApiKey"]
        assert made["errors"] == []
        access.tokens[name] = made["key"]


def _never(things: Mapping[str, str]) -> dict[str, str]:
    """Return names of the same form that name nothing."""
    found = {}
    for name, value in things.items():
        decoded = ids.decode(value) if name[0].isupper() else None
        turned = value[:-6] + "".join("B" if char == "A" else "A" for char in value[-6:])
        found[name] = ids.encode(decoded[0], new_id()) if decoded else turned
    return found


@asynccontextmanager
async def open_access(settings: Settings) -> AsyncIterator[Access]:
    """Serve the application with one of everything; nothing is dialled."""
    changes = {
        "session_cache_seconds": 0,
        "oauth_redirect_uris": (HOME,),
        "tests_per_minute": 10_000,
        "messages_per_minute": 10_000,
        "discoveries_per_minute": 10_000,
        "login_attempts_per_minute": 10_000,
        "points_per_minute": 10_000_000,
    }
    prober = FakeProber(outcomes=no_starttls())
    async with serving(settings.model_copy(update=changes), prober) as api:
        things = await things_of(api, MEMBER)
        await _people(api, things)
        await _shared(api, things)
        await _mailbox(api, things)
        await _messages(api, things)
        access = Access(api, things, _never(things), "a-cookie-of-the-owner-in-a-browser")
        access.tokens.update({name: api.tokens[who] for name, who in PEOPLE_OF.items()})
        await _sessions(access)
        await _keys(access)
        for token in access.tokens.values():  # so that the first use of each is noted before
            seen = {"Authorization": f"Bearer {token}"}
            await api.client.post("/graphql", json={"query": "{ viewer { id } }"}, headers=seen)
        seen = {"Cookie": f"mailconfig_session={access.cookie}"}
        asked = await api.client.post("/graphql", json={"query": "{ csrfToken }"}, headers=seen)
        access.csrf = asked.json()["data"]["csrfToken"]
        access.home = await all_rows(access.url)
        folder = api.settings.data_dir
        access.blobs = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        yield access
