"""Who may do what: every operation, route and link, asked for by nine callers.

The table is the specification. Its rows are compared with the schema and with the routes of the
application, so that what comes newly cannot be forgotten. All refused callers ask first, and the
database must be as it was; then each of those who are let in, who must get what they asked for.
"""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from starlette.routing import Route, WebSocketRoute

from kit import api as given
from kit.access import CALLERS, Access, Answer, NoProviders, open_access
from kit.accessrequests import root_fields
from kit.accessrows import DOCUMENTS, GIVEN, request_of
from kit.drafts import shipped
from kit.postgres import PostgresServer
from mailconfig.bootstrap import instance
from mailconfig.bootstrap.network import Network
from mailconfig.domain.identity import Scope
from mailconfig.http.rest.table import ROWS

pytestmark = pytest.mark.asyncio(loop_scope="module")


def rows_of(text: str) -> dict[str, list[str]]:
    """Return the words of each row by its name; lines that begin with # are none."""
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return {line[:48].strip(): line[48:].split() for line in lines}


# +  let in, and done
# o  open: the same for everybody, whoever asks
# !  let in, and fails for a reason that is not who asks, which is in `ENDS`
# -- not signed in, or not any more
# f  forbidden by the role, or by what a key may do
# n  not found: what an id that never existed gets
# 0  null, as for what never existed
#
# A row is about what a member has for themselves, unless its name says `shared`. `other` owns
# another workspace. The last word is the scope that the key lacks: `people` where no key is let
# in, `any` where none is needed.
TABLE = rows_of("""
#                                                  vi me ad ow ot ex re
#                                               an ew mb mi ne he pi vo ke
#                                               on er er n  r  r  rd kd y  scope
# Queries
query.configs                                   -- +  +  +  +  +  -- -- f  configs:read
query.configs count                             -- +  +  +  +  +  -- -- f  configs:read
query.config                                    -- 0  +  +  +  0  -- -- f  configs:read
query.config shared                             -- +  +  +  +  0  -- -- f  configs:read
query.providers                                 o  o  o  o  o  o  o  o  o  any
query.provider                                  o  o  o  o  o  o  o  o  o  any
query.explain                                   o  o  o  o  o  o  o  o  o  any
query.viewer                                    0  +  +  +  +  +  0  0  +  any
query.csrfToken                                 o  o  o  o  o  o  o  o  o  any
query.auditEvents                               -- f  f  +  +  +  -- -- f  audit:read
query.apiKeys                                   -- +  +  +  +  +  -- -- f  people
query.sessions                                  -- +  +  +  +  +  -- -- f  people
query.oauthClients                              -- f  f  +  +  +  -- -- f  workspace:manage
query.workspace                                 -- +  +  +  +  +  -- -- f  workspace:manage
query.workspace members                         -- f  f  +  +  +  -- -- f  workspace:manage
query.workspace invitations                     -- f  f  +  +  +  -- -- f  workspace:manage
query.workspace quotas                          -- +  +  +  +  +  -- -- f  workspace:manage
query.workspaces                                -- +  +  +  +  +  -- -- f  workspace:manage
query.messages                                  -- +  +  +  +  +  -- -- f   mail:send
query.messages count                            -- +  +  +  +  +  -- -- f   mail:send
query.message                                   -- 0  +  +  +  0  -- -- f   mail:send
query.message shared                            -- +  +  +  +  0  -- -- f   mail:send
query.suppressions                              -- f  f  +  +  +  -- -- f   mail:send
query.node config                               -- 0  +  +  +  0  -- -- f  configs:read
query.node shared                               -- +  +  +  +  0  -- -- f  configs:read
query.node test                                 -- 0  +  +  +  0  -- -- f  configs:read
query.node file                                 -- 0  +  0  0  0  -- -- f  configs:read
query.node message                              -- 0  +  +  +  0  -- -- f   mail:send
query.node member                               -- 0  +  0  0  0  -- -- 0  configs:read
query.nodes config                              -- 0  +  +  +  0  -- -- f  configs:read
query.nodes shared                              -- +  +  +  +  0  -- -- f  configs:read
# Mutations
mutation.submit                                 -- f  +  +  +  +  -- -- f  configs:write
mutation.submit shared                          -- f  f  +  +  +  -- -- f  configs:write
mutation.update                                 -- f  +  f  f  n  -- -- f  configs:write
mutation.update shared                          -- f  f  +  +  n  -- -- f  configs:write
mutation.rollback                               -- f  +  f  f  n  -- -- f  configs:write
mutation.rollback shared                        -- f  f  +  +  n  -- -- f  configs:write
mutation.delete                                 -- f  +  +  +  n  -- -- f  configs:write
mutation.delete shared                          -- f  f  +  +  n  -- -- f  configs:write
mutation.validate                               -- f  +  +  +  +  -- -- f  configs:write
mutation.testConnection                         -- f  +  f  f  n  -- -- f  tests:run
mutation.testConnection shared                  -- f  +  +  +  n  -- -- f  tests:run
mutation.testConnection draft                   -- f  +  +  +  +  -- -- f  tests:run
mutation.cancelTest                             -- f  +  +  +  n  -- -- f  tests:run
mutation.cancelTest shared                      -- f  f  +  +  n  -- -- f  tests:run
mutation.applyFix                               -- f  +  f  f  n  -- -- f  configs:write
mutation.applyFix shared                        -- f  f  +  +  n  -- -- f  tests:run
mutation.discover                               -- +  +  +  +  +  -- -- f  tests:run
mutation.checkDomain                            -- !  !  !  !  !  -- -- f  tests:run
mutation.uploadFile                             -- f  +  +  +  +  -- -- f  configs:write
mutation.deleteFile                             -- f  +  n  n  n  -- -- f  configs:write
mutation.login                                  o  o  o  o  o  o  o  o  o  any
mutation.logout                                 -- +  +  +  +  +  -- -- f  people
mutation.createApiKey                           -- f  f  +  +  +  -- -- f  people
mutation.createApiKey owner                     -- f  f  f  +  +  -- -- f  people
mutation.revokeApiKey                           -- n  n  +  +  n  -- -- f  people
mutation.createEmbedToken                       -- f  f  +  +  +  -- -- f  embed:create
mutation.createEmbedToken config                -- f  f  +  +  n  -- -- f  embed:create
mutation.refreshSession                         o  o  o  o  o  o  o  o  o  any
mutation.endSession                             -- n  +  n  n  n  -- -- f  people
mutation.logoutEverywhere                       -- +  +  +  +  +  -- -- f  people
mutation.switchWorkspace                        -- +  +  +  +  n  -- -- f  people
mutation.changePassword                         -- +  +  +  +  +  -- -- f  people
mutation.requestPasswordReset                   !  !  !  !  !  !  !  !  !  any
mutation.resetPassword                          o  o  o  o  o  o  o  o  o  any
mutation.beginMailboxAuthorization              -- f  +  +  +  !  -- -- f  configs:write
mutation.completeMailboxAuthorization           -- f  !  n  n  n  -- -- f  configs:write
mutation.revokeMailboxGrant                     -- f  +  +  +  n  -- -- f  configs:write
mutation.setOAuthClient                         -- f  f  +  +  +  -- -- f  workspace:manage
mutation.deleteOAuthClient                      -- f  f  +  +  n  -- -- f  workspace:manage
mutation.sendEmail                              -- f  +  f  f  n  -- -- f   mail:send
mutation.sendEmail shared                       -- f  +  +  +  n  -- -- f   mail:send
mutation.previewEmail                           -- f  +  f  f  n  -- -- f   mail:send
mutation.previewEmail shared                    -- f  +  +  +  n  -- -- f   mail:send
mutation.cancelMessage                          -- f  +  f  f  n  -- -- f   mail:send
mutation.cancelMessage shared                   -- f  +  +  +  n  -- -- f   mail:send
mutation.retryMessage                           -- f  +  f  f  n  -- -- f   mail:send
mutation.retryMessage shared                    -- f  +  +  +  n  -- -- f   mail:send
mutation.retryAmbiguous                         -- f  +  f  f  n  -- -- f   mail:send
mutation.retryAmbiguous shared                  -- f  +  +  +  n  -- -- f   mail:send
mutation.retryMessages                          -- f  +  +  +  +  -- -- f   mail:send
mutation.pauseSending                           -- f  +  f  f  n  -- -- f   mail:send
mutation.pauseSending shared                    -- f  f  +  +  n  -- -- f   mail:send
mutation.resumeSending                          -- f  +  f  f  n  -- -- f   mail:send
mutation.resumeSending shared                   -- f  f  +  +  n  -- -- f   mail:send
mutation.setSendingOptions                      -- f  +  f  f  n  -- -- f  configs:write
mutation.setSendingOptions shared               -- f  f  +  +  n  -- -- f  configs:write
mutation.addSenderIdentity                      -- f  +  f  f  n  -- -- f  configs:write
mutation.addSenderIdentity shared               -- f  f  +  +  n  -- -- f  configs:write
mutation.updateSenderIdentity                   -- f  +  f  f  n  -- -- f  configs:write
mutation.updateSenderIdentity shared            -- f  f  +  +  n  -- -- f  configs:write
mutation.deleteSenderIdentity                   -- f  +  f  f  n  -- -- f  configs:write
mutation.deleteSenderIdentity shared            -- f  f  +  +  n  -- -- f  configs:write
mutation.suppressAddress                        -- f  f  +  +  +  -- -- f   mail:send
mutation.unsuppressAddress                      -- f  f  +  +  n  -- -- f   mail:send
mutation.renameWorkspace                        -- f  f  +  +  +  -- -- f  workspace:manage
mutation.changeMemberRole                       -- f  f  +  +  n  -- -- f  people
mutation.changeMemberRole owner                 -- f  f  f  !  n  -- -- f  people
mutation.removeMember                           -- f  f  +  +  n  -- -- f  workspace:manage
mutation.removeMember owner                     -- f  f  f  !  n  -- -- f  workspace:manage
mutation.leaveWorkspace                         -- +  +  +  !  !  -- -- f  people
mutation.transferOwnership                      -- f  f  f  +  n  -- -- f  people
mutation.inviteMember                           -- f  f  +  +  +  -- -- f  people
mutation.inviteMember owner                     -- f  f  f  +  +  -- -- f  people
mutation.withdrawInvitation                     -- f  f  +  +  n  -- -- f  workspace:manage
mutation.acceptInvitation                       +  n  n  n  n  n  +  +  f  people
mutation.exportWorkspace                        -- f  f  f  +  +  -- -- f  people
mutation.deleteWorkspace                        -- f  f  f  +  !  -- -- f  people
mutation.deleteAccount                          -- +  +  +  !  !  -- -- f  people
# Subscriptions
subscription.connectionTestProgress             -- n  +  +  +  n  -- -- f  tests:run
subscription.connectionTestProgress shared      -- +  +  +  +  n  -- -- f  tests:run
subscription.discoveryProgress                  -- +  +  +  +  +  -- -- f  tests:run
# REST
GET /api/email-config/                          -- +  +  +  +  +  -- -- f  configs:read
POST /api/email-config/                         -- f  +  +  +  +  -- -- f  configs:write
POST /api/email-config/validate/                -- f  +  +  +  +  -- -- f  configs:write
POST /api/email-config/test-connection/         -- f  +  f  f  n  -- -- f  tests:run
GET /api/email-config/{id}/                     -- n  +  +  +  n  -- -- f  configs:read
PUT /api/email-config/{id}/                     -- f  +  f  f  n  -- -- f  configs:write
DELETE /api/email-config/{id}/                  -- f  +  +  +  n  -- -- f  configs:write
GET /api/providers/                             o  o  o  o  o  o  o  o  o  any
GET /api/providers/{id}/                        o  o  o  o  o  o  o  o  o  any
GET /api/auth/csrf/                             o  o  o  o  o  o  o  o  o  any
POST /api/auth/login/                           o  o  o  o  o  o  o  o  o  any
POST /api/auth/logout/                          -- +  +  +  +  +  -- -- f  people
# Other routes; links are their own permission, to whoever has them
GET /graphql                                    o  o  o  o  o  o  o  o  o  any
GET /api/{rest:path}                            n  n  n  n  n  n  n  n  n  any
GET /files/{file_id}/{filename}                 o  o  o  o  o  o  o  o  o  any
GET /files/{file_id}/{filename} bare            n  n  n  n  n  n  n  n  n  any
GET /exports/{workspace_id}/workspace.zip       o  o  o  o  o  o  o  o  o  any
GET /exports/{workspace_id}/workspace.zip bare  n  n  n  n  n  n  n  n  n  any
GET /unsubscribe/{token}                        o  o  o  o  o  o  o  o  o  any
POST /unsubscribe/{token}                       o  o  o  o  o  o  o  o  o  any
WEBSOCKET /graphql                              -- +  +  +  +  +  -- -- f  configs:read
GET /healthz                                    o  o  o  o  o  o  o  o  o  any
GET /readyz                                     o  o  o  o  o  o  o  o  o  any
GET /api/openapi.json                           o  o  o  o  o  o  o  o  o  any
""")
"""Row -> what each of `CALLERS` gets, and the scope."""
ENDS = {
    # Not a domain; nothing is dialled for this table.
    "mutation.checkDomain": {"ValidationIssue"},
    # The other workspace has no client of this provider.
    "mutation.beginMailboxAuthorization": {"ValidationIssue"},
    # The sign-in service cannot be reached.
    "mutation.completeMailboxAuthorization": {"ProviderRefusedError"},
    # The only owner stays.
    "mutation.leaveWorkspace": {"LastOwnerError"},
    "mutation.deleteAccount": {"LastOwnerError"},
    "mutation.changeMemberRole owner": {"LastOwnerError"},
    "mutation.removeMember owner": {"LastOwnerError"},
    # The slug is that of another workspace than the caller's: nobody can name another's.
    "mutation.deleteWorkspace": {"ValidationIssue"},
    # No account for mail of the service itself is set here.
    "mutation.requestPasswordReset": {"ValidationIssue"},
}
"""Row -> how those end who are let in to no avail."""
WRITTEN = {
    # A state is good once: whoever of the workspace shows somebody's, has used it up.
    "mutation.completeMailboxAuthorization": {"oauth_authorizations"},
}
"""Row -> the tables that a refused call writes by design."""
WITHOUT_SESSION = {
    # Whoever sends a password or token acts by that; a cookie changes nothing. Another site's page
    # is refused by its origin, see tests/http/test_origins.py.
    "mutation.login",
    "mutation.refreshSession",
    "mutation.requestPasswordReset",
    "mutation.resetPassword",
    "POST /api/auth/login/",
}
"""Writes that take no CSRF token."""
NOBODY, ENDED = "Sign in first.", "The session has ended."
CLOSED = "Forbidden"
"""With which a socket is closed before anything is asked."""
ROLE = "Your role does not allow this."
PEOPLE = "Keys and tokens of machines may not do this: sign in as a person."
SCOPE = "This key or token needs the scope {}."
CSRF = "Send the csrfToken of this session in X-CSRF-Token."
NOT_FOUND = "There is no such object."
OTHER_WORDS = {
    "mutation.completeMailboxAuthorization": (
        "This sign-in with the provider is not valid any more. Start it again."
    ),
    "mutation.acceptInvitation": "This invitation is not valid any more. Ask for a new one.",
    "GET /api/email-config/{id}/": "There is no such resource.",
    "GET /api/{rest:path}": "There is no such resource.",
}
"""Row -> what `n` says there."""
REFUSED = {"--", "f", "n", "0"}


def cells(row: str) -> dict[str, str]:
    """Return what each caller gets."""
    return dict(zip(CALLERS, TABLE[row][:-1], strict=True))


def scope(row: str) -> str:
    """Return the scope that the key lacks."""
    return TABLE[row][-1]


def sentence(row: str, cell: str, who: str) -> str:
    """Return the only thing that a refusal says."""
    if cell == "--" and who != "anonymous":
        return CLOSED if row.startswith("WEBSOCKET") else ENDED
    if cell == "--":
        return NOBODY
    if cell == "n":
        return OTHER_WORDS.get(row, NOT_FOUND)
    if who != "key":
        return ROLE
    return PEOPLE if scope(row) == "people" else SCOPE.format(scope(row))


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["sqlite", "postgresql"])
async def access(
    request: pytest.FixtureRequest, peopled_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Access]:
    """One of everything behind one application, on each engine."""
    folder = tmp_path_factory.mktemp("access")
    if request.param == "sqlite":
        shutil.copy(peopled_file, folder / "mailconfig.db")
        url = f"sqlite:///{folder / 'mailconfig.db'}"
    else:
        postgres: PostgresServer = request.getfixturevalue("postgres")

        def fill(template: str) -> None:
            given.migrate_now(template)
            given._make_people(template, folder)

        await asyncio.to_thread(postgres.ensure_template, given.PEOPLED, fill)
        url = postgres.create_database(template=given.PEOPLED)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(instance, "load_catalogue", lambda _overlay: shipped())
        patched.setattr(Network, "poster", NoProviders())
        async with open_access(given._settings(url, folder / "data")) as opened:
            yield opened


async def test_every_operation_has_a_row() -> None:
    """Of the schema: a query, mutation or subscription without a row, or a row without one."""
    named = {row.split()[0] for row in TABLE if "/" not in row}
    assert named == set(root_fields())
    assert {*GIVEN, *DOCUMENTS} <= set(TABLE)


async def test_every_route_has_a_row(access: Access) -> None:
    """Of the application: each path, and of REST each method of each path."""
    rows = {tuple(row.split()[:2]) for row in TABLE if "/" in row}
    routes = access.api.app.router.routes
    paths = {route.path for route in routes if isinstance(route, Route)}
    known = {path for method, path in rows if method != "WEBSOCKET"}
    assert paths == known | {row.path.removesuffix("/") for row in ROWS}
    rest = {(row.method, row.path) for row in ROWS}
    assert {(method, path) for method, path in rows if path in {path for _, path in rest}} == rest
    sockets = {route.path for route in routes if isinstance(route, WebSocketRoute)}
    assert sockets == {path for method, path in rows if method == "WEBSOCKET"}
    assert len(paths) + len(sockets) == len({(type(it), it.path) for it in routes})


async def test_rows_are_whole() -> None:
    """Nine cells of the legend and a scope; `!` has its reason, and no reason is left over."""
    known = {"people", "any", *(each.value for each in Scope)}
    for row in TABLE:
        assert set(cells(row).values()) <= {*REFUSED, "+", "o", "!"}, row
        assert scope(row) in known, row
    assert {row for row in TABLE if "!" in cells(row).values()} == set(ENDS)


def check_refusal(access: Access, row: str, who: str, cell: str, answer: Answer) -> None:
    """One of its kind: it says one thing, and has the status and headers of all others."""
    status, names, _ = answer.look
    if cell != "0":
        assert set(answer.messages) == {sentence(row, cell, who)}, (row, who)
    way = "REST" if "/api/" in row else row.partition(".")[0].partition(" ")[0]
    way = row if cell == "n" and row in OTHER_WORDS else way
    # A stream is not begun for a session that is over.
    kind = "over" if cell == "--" and who != "anonymous" else cell
    usual = access.usual.setdefault((way, kind), (status, names))
    assert (status, names) == usual, (row, who)


@pytest_asyncio.fixture(loop_scope="module")
async def rewound(access: Access) -> AsyncIterator[Access]:
    """The same, put back after a test that failed half-way."""
    yield access
    await access.settle()


@pytest.mark.parametrize("row", TABLE)
async def test_access(rewound: Access, row: str) -> None:
    """Everybody gets exactly what the table says; refusals change nothing and look alike."""
    access, request = rewound, request_of(row)
    expected, lacking = cells(row), scope(row)
    refused = [who for who in CALLERS if expected[who] in REFUSED]
    found, looks = {}, {}
    for who in refused:
        answer = await access.ask(who, request, lacking)
        found[who] = answer.outcome
        check_refusal(access, row, who, answer.outcome, answer)
        looks.setdefault((answer.outcome, answer.messages), set()).add(answer.look)
        if answer.outcome in {"n", "0"}:
            never = await access.ask(who, request, lacking, access.never)
            assert never.look == answer.look, who
    assert [kind for kind, seen in looks.items() if len(seen) != 1] == []
    assert set(await access.written()) == WRITTEN.get(row, set())
    await access.settle()
    for who in CALLERS:
        if who in found:
            continue
        answer = await access.ask(who, request, lacking)
        await access.settle()
        found[who] = "!" if answer.outcome[1:] in ENDS.get(row, ()) else answer.outcome
        if who == "other" and expected[who] != "o":
            sent = json.dumps(request.of(access.things), default=str)
            seen = {name for name, value in access.things.items() if value in answer.text}
            assert {name for name in seen if access.things[name] not in sent} == set()
    assert found == {who: "+" if cell == "o" else cell for who, cell in expected.items()}


WRITES = [
    row for row in TABLE if row.startswith(("mutation.", "POST /api/", "PUT /api/", "DELETE /api/"))
]


@pytest.mark.parametrize("row", [row for row in WRITES if row not in WITHOUT_SESSION])
async def test_a_cookie_alone_writes_nothing(rewound: Access, row: str) -> None:
    """Whatever an owner's browser sends without the CSRF token is refused; with it, it is done."""
    access, request = rewound, request_of(row)
    cookie = {"Cookie": f"mailconfig_session={access.cookie}"}
    for headers in (cookie, {**cookie, "X-CSRF-Token": f"{access.csrf[:-4]}AAAA"}):
        answer = await access.send(request, headers)
        assert (answer.outcome, set(answer.messages)) == ("f", {CSRF})
    assert await access.written() == []
    answer = await access.send(request, {**cookie, "X-CSRF-Token": access.csrf})
    await access.settle()
    found = "!" if answer.outcome[1:] in ENDS.get(row, ()) else answer.outcome
    assert found == cells(row)["owner"]


async def test_writes_without_a_session_are_those_of_the_table() -> None:
    """No write is open to everybody but those that bring a password or a token of their own."""
    open_to_all = {row for row in WRITES if cells(row)["anonymous"] in {"o", "!"}}
    assert open_to_all == WITHOUT_SESSION
