"""Who is on a socket, and for how long: tokens, cookies, logout, removal, other pages."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from kit.api import LOGIN, MEMBER, PASSWORD, FakeProber, form
from kit.live import Live, Socket, listening
from kit.ticking import SOCKET
from mailconfig.bootstrap import open_instance
from mailconfig.settings import Settings

pytestmark = pytest.mark.parametrize("engine", ["sqlite"])
"""The edge alone is meant."""

WHO = "{ viewer { email } }"
START = """
mutation ($target: ConnectionTestTarget!) {
  testConnection(input: { target: $target }) { test { id } errors { __typename } }
}
"""
SOON = 5
"""Bounds in seconds what a broken server could hold up."""


@asynccontextmanager
async def serving(settings: Settings, **changes: object) -> AsyncIterator[Live]:
    """Serve with changed settings."""
    async with listening(settings.model_copy(update=changes), FakeProber()) as live:
        yield live


@pytest.fixture
async def live(app_settings: Settings) -> AsyncIterator[Live]:
    """The application with an interval of looking again that no test waits for."""
    async with serving(app_settings, live_recheck_seconds=3600) as served:
        yield served


async def viewer(socket: Socket, key: str = "1") -> object:
    """Ask who is signed in."""
    await socket.subscribe(key, WHO, {})
    answer = (await socket.receive())["payload"]["data"]["viewer"]
    assert (await socket.receive())["type"] == "complete"
    return answer and answer["email"]


async def cookie(live: Live) -> tuple[dict[str, str], dict[str, Any]]:
    """Sign in as a browser does; return the Cookie header and the session."""
    given = {"input": {"email": "member@example.org", "password": PASSWORD}}
    session = (await live.data(None, LOGIN, given))["login"]["session"]
    ((name, value),) = live.client.cookies.items()
    live.client.cookies.clear()
    return {"Cookie": f"{name}={value}"}, session


async def refused(live: Live, payload: object, headers: Mapping[str, str] | None = None) -> None:
    """Show something that is not good and see 4403."""
    url = f"ws://{live.address}/graphql"
    async with connect(url, subprotocols=[SOCKET], additional_headers=headers) as connection:
        await Socket(connection).send({"type": "connection_init", "payload": payload})
        assert await Socket(connection).end() == (4403, "Forbidden")


async def test_a_token_and_nobody_are_let_in(live: Live) -> None:
    """A member is who it is; nobody may do what nobody may do, and no more."""
    async with live.socket(MEMBER) as socket:
        assert await viewer(socket) == "member@example.org"
    async with live.socket(None) as socket:
        assert await viewer(socket) is None
        await socket.subscribe("2", "{ configs { totalCount } }", {})
        (error,) = (await socket.receive())["payload"]["errors"]
        assert error["extensions"]["code"] == "UNAUTHENTICATED"


async def test_the_handshakes_header_counts_as_well(live: Live) -> None:
    """Clients that are no browsers may send Authorization with the handshake."""
    headers = {"Authorization": f"Bearer {await live.token(MEMBER)}"}
    async with live.socket(None, headers) as socket:
        assert await viewer(socket) == "member@example.org"


@pytest.mark.parametrize(
    "shown", ["", "a.b.c", "Bearer", "Bearer a.b.c", "Basic YTpi", "Bearer " + "x" * 5000]
)
async def test_a_bad_token_is_refused(
    live: Live, shown: str, caplog: pytest.LogCaptureFixture
) -> None:
    """With 4403, and the log does not have it; an empty text shows nothing, so it is nobody."""
    if not shown:
        async with live.socket(None) as socket:
            assert await viewer(socket) is None
        return
    await refused(live, {"Authorization": shown})
    assert shown not in caplog.text


async def test_a_bad_cookie_is_refused(live: Live) -> None:
    """A browser whose session has ended learns it at once."""
    headers, session = await cookie(live)
    await live.client.post(
        "/graphql",
        json={"query": "mutation { logout { ok } }"},
        headers=headers | {"X-CSRF-Token": session["csrfToken"]},
    )
    await refused(live, None, headers)


async def test_an_expired_token_is_refused(app_settings: Settings) -> None:
    """Signed by us, and too old."""
    async with serving(app_settings, access_token_seconds=-60) as live:
        await refused(live, {"Authorization": f"Bearer {await live.token(MEMBER)}"})


async def test_a_socket_ends_with_its_token(app_settings: Settings) -> None:
    """4403 at that moment, not at the next look; before it, all is well."""
    async with (
        serving(app_settings, access_token_seconds=3, live_recheck_seconds=3600) as live,
        live.socket(MEMBER) as socket,
    ):
        assert await viewer(socket) == "member@example.org"
        async with asyncio.timeout(3 + SOON):
            assert await socket.end() == (4403, "Forbidden")


async def test_a_logout_ends_the_sockets_of_the_session_at_once(live: Live) -> None:
    """All of them, by token and by cookie, and no others."""
    headers, session = await cookie(live)
    live.tokens["browser"] = session["accessToken"]
    async with (
        live.socket("browser") as by_token,
        live.socket(None, headers) as by_cookie,
        live.socket(MEMBER) as other,
    ):
        assert await viewer(by_token) == await viewer(by_cookie) == "member@example.org"
        assert (await live.data("browser", "mutation { logout { ok } }"))["logout"]["ok"]
        async with asyncio.timeout(SOON):
            assert await by_token.end() == (4403, "Forbidden")
            assert await by_cookie.end() == (4403, "Forbidden")
        assert await viewer(other) == "member@example.org"


async def test_a_socket_may_sign_itself_out(live: Live) -> None:
    """The answer arrives before the socket ends or is lost with it; the session is over."""
    async with live.socket(MEMBER) as socket:
        await socket.subscribe("1", "mutation { logout { ok } }", {})
        assert await socket.end() == (4403, "Forbidden")
    assert (await live.data(MEMBER, WHO))["viewer"] is None


def elsewhere(settings: Settings, sql: str) -> None:
    """Change rows of the member as another process does."""
    assert settings.database_url is not None
    member = "(SELECT id FROM users WHERE email = 'member@example.org')"
    path = settings.database_url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(path, timeout=SOON)) as database, database:
        database.execute("PRAGMA foreign_keys = ON")
        assert database.execute(sql.format(member=member)).rowcount == 1


async def test_a_logout_in_another_process_ends_the_socket(app_settings: Settings) -> None:
    """At the next look, whose interval is a setting."""
    async with (
        serving(app_settings, live_recheck_seconds=0.2) as live,
        live.socket(MEMBER) as socket,
    ):
        async with open_instance(app_settings) as instance:
            identity = instance.services.identity
            await identity.logout(await identity.by_bearer(await live.token(MEMBER)))
        async with asyncio.timeout(SOON):
            assert await socket.end() == (4403, "Forbidden")


@pytest.mark.parametrize(
    "sql",
    [
        # No member any more.
        "DELETE FROM memberships WHERE user_id = {member}",
        # No user any more.
        "DELETE FROM users WHERE id = {member}",
        # Another role: what runs was allowed to somebody else.
        "UPDATE memberships SET role = 'VIEWER' WHERE user_id = {member}",
    ],
)
async def test_who_is_removed_is_removed_from_sockets(app_settings: Settings, sql: str) -> None:
    """At the next look; the socket was fine at those before."""
    async with (
        serving(app_settings, live_recheck_seconds=0.2) as live,
        live.socket(MEMBER) as socket,
    ):
        await asyncio.sleep(0.5)
        assert await viewer(socket) == "member@example.org"
        await asyncio.to_thread(elsewhere, app_settings, sql)
        async with asyncio.timeout(SOON):
            assert await socket.end() == (4403, "Forbidden")


async def test_by_cookie_a_socket_reads_and_does_not_write(live: Live) -> None:
    """A browser cannot send X-CSRF-Token with a socket, so its cookie must not write there."""
    headers, session = await cookie(live)
    async with live.socket(None, headers) as socket:
        assert await viewer(socket) == "member@example.org"
        await socket.subscribe("2", START, {"target": {"draft": form()}})
        payload = (await socket.receive())["payload"]["data"]["testConnection"]
        assert payload == {"test": None, "errors": [{"__typename": "ForbiddenError"}]}
    assert live.prober.requests == []
    # Who can set that header is no page of another site.
    headers["X-CSRF-Token"] = session["csrfToken"]
    async with live.socket(None, headers) as socket:
        await socket.subscribe("1", START, {"target": {"draft": form()}})
        payload = (await socket.receive())["payload"]["data"]["testConnection"]
        assert payload["errors"] == []


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        (None, True),
        ("http://{address}", True),
        ("https://mail.example.com", True),
        ("https://evil.example", False),
        ("http://{host}", False),
        ("https://sub.mail.example.com", False),
        ("null", False),
        ("nonsense", False),
    ],
)
async def test_only_our_own_pages_open_sockets(
    app_settings: Settings, origin: str | None, *, allowed: bool
) -> None:
    """The handshake of another page carries the cookie of a signed-in browser: 403."""
    async with serving(app_settings, public_url="https://mail.example.com/settings") as live:
        host = live.address.partition(":")[0]
        named = origin.format(address=live.address, host=host) if origin else None
        headers = {"Origin": named} if named else None
        if allowed:
            async with live.socket(None, headers) as socket:
                assert await viewer(socket) is None
        else:
            with pytest.raises(InvalidStatus) as answer:
                async with live.socket(None, headers):
                    pass
            assert answer.value.response.status_code == 403
