"""Sessions: refresh tokens and their replay, ends by time, use, ending and moving them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import anyio
import pytest
from sqlalchemy import event

from mailconfig.domain.errors import (
    CredentialsRefused,
    Forbidden,
    NotFound,
    RateLimited,
    Unauthenticated,
)
from mailconfig.domain.identity import Channel, Principal, Role
from mailconfig.domain.ids import new_id
from mailconfig.domain.secrets import Secret
from mailconfig.domain.signing import Signer
from mailconfig.services.audit import AuditService
from mailconfig.services.identity import Device, IdentityService, IdentitySettings, SignIn
from mailconfig.services.tokens import Tokens
from mailconfig.storage.database import Database
from mailconfig.storage.limiter import MemoryLimiter

SEED = bytes(range(32))
START = datetime(2026, 11, 22, 12, tzinfo=UTC)
ADA, PASSWORD, CLIENT = "ada@example.com", Secret("a long enough password"), "192.0.2.7"
IDLE, TOUCH, LIFE = 1000, 100, 5000


@dataclass
class Clock:
    """A clock that a test turns."""

    seconds: float = 0

    def __call__(self) -> datetime:
        """Return the moment."""
        return START + timedelta(seconds=self.seconds)


@pytest.fixture
def clock() -> Clock:
    """The clock of sessions."""
    return Clock()


def serving(database: Database, clock: Clock, kept: float = 0, free: int = 100) -> IdentityService:
    """Return the service of one process."""
    settings = IdentitySettings(
        LIFE, free, 8, kept, session_idle_seconds=IDLE, session_touch_seconds=TOUCH
    )
    tokens = Tokens(SEED, 900, clock)
    return IdentityService(database, tokens, Signer(SEED), MemoryLimiter(), settings, clock)


@pytest.fixture
async def service(database: Database, clock: Clock) -> IdentityService:
    """A service with one user, who is in two workspaces."""
    made = serving(database, clock)
    user = await made.create_user(ADA, PASSWORD, Role.MEMBER)
    async with database.identity() as identity:
        other = await identity.create_workspace("other", "Other")
        await identity.add_member(other, user.id, Role.ADMIN)
    return made


async def login(service: IdentityService, **given: object) -> SignIn:
    """Sign in."""
    return await service.login(ADA, PASSWORD, CLIENT, **given)  # type: ignore[arg-type]


async def actions(database: Database, slug: str = "default") -> list[str]:
    """Return the actions of a workspace's trail, oldest first, without those of sign-ins."""
    trail = AuditService(database)
    workspace_id = await trail.workspace(slug)
    assert workspace_id is not None
    found = [one.action async for one in trail.export(workspace_id)]
    return [action for action in found if action not in {"login", "user.create"}]


async def is_in(service: IdentityService, principal: Principal) -> bool:
    """Tell whether a session still lets in."""
    assert principal.session_id is not None
    try:
        await service.by_session(principal.session_id, Channel.BEARER)
    except Unauthenticated:
        return False
    return True


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """Collect the first words of the statements that are run."""
    found: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.startswith("BEGIN"):
            found.append(" ".join(statement.split()[:3]))

    engines = [database._engines.writing.sync_engine, database._engines.reading.sync_engine]
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    yield found
    for engine in engines:
        event.remove(engine, "before_cursor_execute", note)


# -- refresh tokens --------------------------------------------------------------------------


async def test_a_refresh_token_is_used_once(service: IdentityService, database: Database) -> None:
    """It gives the same session another one; bringing it again ends the session, for both."""
    signed = await login(service)
    first = await service.refresh_token(signed.principal)
    renewal = await service.refresh(first, CLIENT)
    assert renewal.session.id == signed.session.id
    assert (renewal.principal.email, renewal.principal.channel) == (ADA, Channel.BEARER)
    assert first != renewal.refresh_token
    again = await service.refresh(renewal.refresh_token, CLIENT)
    with service.departures.watch(signed.session.id) as gone:
        with pytest.raises(Unauthenticated, match="not valid"):
            await service.refresh(first, CLIENT)
        assert gone.is_set()
    assert not await is_in(service, signed.principal)
    with pytest.raises(Unauthenticated):
        await service.refresh(again.refresh_token, CLIENT)
    # The second use of a token finds nothing to end any more.
    assert await actions(database) == ["session.refresh", "session.refresh", "session.replay"]


async def test_of_twenty_at_once_one_wins(service: IdentityService, database: Database) -> None:
    """The others are replays: the session is over, one event says so."""
    signed = await login(service)
    token = await service.refresh_token(signed.principal)
    results: list[str] = []

    async def refresh() -> None:
        try:
            await service.refresh(token, CLIENT)
        except Unauthenticated:
            results.append("refused")
        else:
            results.append("won")

    async with anyio.create_task_group() as group:
        for _ in range(20):
            group.start_soon(refresh)
    assert sorted(results) == ["refused"] * 19 + ["won"]
    assert not await is_in(service, signed.principal)
    assert sorted(await actions(database)) == ["session.refresh", "session.replay"]


async def test_other_sessions_of_the_user_go_on(service: IdentityService) -> None:
    """A replay ends its own family alone."""
    one, other = await login(service), await login(service)
    token = await service.refresh_token(one.principal)
    await service.refresh(token, CLIENT)
    with pytest.raises(Unauthenticated):
        await service.refresh(token, CLIENT)
    assert [await is_in(service, each.principal) for each in (one, other)] == [False, True]


async def test_refused_refreshes_cost_the_same(
    service: IdentityService, database: Database, clock: Clock
) -> None:
    """Unknown, used, ended and expired tokens read alike and run the same statements."""
    replayed, ended, expired = [await login(service) for _ in range(3)]
    tokens = [await service.refresh_token(each.principal) for each in (replayed, ended, expired)]
    await service.refresh(tokens[0], CLIENT)
    await service.logout(ended.principal)
    seen = []
    for token in (Secret("mcr_unknown"), Secret("\x00 \ud800"), tokens[0], tokens[1], tokens[2]):
        if token == tokens[2]:
            clock.seconds = LIFE
        with statements(database) as found, pytest.raises(Unauthenticated) as refused:
            await service.refresh(token, CLIENT)
        seen.append((refused.value.message, tuple(found)))
    assert len(seen[0][1]) == 4
    assert set(seen) == {seen[0]}


async def test_refreshing_is_throttled_by_client(database: Database, clock: Clock) -> None:
    """After the free failures even a right token waits; another client does not."""
    service = serving(database, clock, free=2)
    await service.create_user(ADA, PASSWORD, Role.MEMBER)
    token = await service.refresh_token((await login(service)).principal)
    for _ in range(2):
        with pytest.raises(Unauthenticated):
            await service.refresh(Secret("mcr_unknown"), CLIENT)
    with pytest.raises(RateLimited):
        await service.refresh(token, CLIENT)
    await service.refresh(token, "192.0.2.8")


# -- ends by time ----------------------------------------------------------------------------


async def test_a_session_that_is_not_used_ends(service: IdentityService, clock: Clock) -> None:
    """To the second after its last use, for cookie, access token and refresh token."""
    signed = await login(service)
    token = await service.refresh_token(signed.principal)
    clock.seconds = IDLE - 1
    await service.by_cookie(signed.token)
    clock.seconds += IDLE - 1
    await service.by_cookie(signed.token)
    clock.seconds += IDLE
    with pytest.raises(Unauthenticated):
        await service.by_cookie(signed.token)
    with pytest.raises(Unauthenticated):
        await service.refresh(token, CLIENT)


async def test_no_use_prolongs_a_session_past_its_end(
    service: IdentityService, clock: Clock
) -> None:
    """Neither requests nor refreshes move the absolute end."""
    signed = await login(service)
    token = await service.refresh_token(signed.principal)
    while clock.seconds < LIFE - 500:
        clock.seconds += 500
        await service.by_cookie(signed.token)
        renewal = await service.refresh(token, CLIENT)
        token = renewal.refresh_token
        assert renewal.session.expires_at == START + timedelta(seconds=LIFE)
    clock.seconds = LIFE
    with pytest.raises(Unauthenticated):
        await service.by_cookie(signed.token)
    with pytest.raises(Unauthenticated):
        await service.refresh(token, CLIENT)


async def test_use_is_noted_seldom(database: Database, clock: Clock) -> None:
    """One statement for all requests of `session_touch_seconds`; in between none at all."""
    service = serving(database, clock, kept=10_000)
    await service.create_user(ADA, PASSWORD, Role.MEMBER)
    signed = await login(service)
    await service.by_cookie(signed.token)
    await service.by_cookie(signed.token)
    for seconds, expected in ((TOUCH - 1, 0), (TOUCH, 1), (2 * TOUCH - 1, 0), (2 * TOUCH, 1)):
        clock.seconds = seconds
        with statements(database) as found:
            for _ in range(3):
                await service.by_cookie(signed.token)
        assert found == ["UPDATE sessions SET"] * expected
        (listed,) = await service.open_sessions(signed.principal)
        assert listed.last_used_at == START + timedelta(seconds=seconds // TOUCH * TOUCH)


# -- signing in ------------------------------------------------------------------------------


async def test_a_cookie_that_came_along_is_ended_and_never_adopted(
    service: IdentityService, database: Database
) -> None:
    """Session fixation: whatever an attacker planted, id and token of the sign-in are fresh."""
    planted = await login(service)
    signed = await login(service, replaced=planted.token)
    assert signed.session.id != planted.session.id
    assert signed.token != planted.token
    with pytest.raises(Unauthenticated):
        await service.by_cookie(planted.token)
    made_up = Secret("chosen by an attacker")
    assert (await login(service, replaced=made_up)).token != made_up
    with pytest.raises(Unauthenticated):
        await service.by_cookie(made_up)
    assert await actions(database) == ["session.end"]


async def test_a_failed_sign_in_ends_nothing(service: IdentityService) -> None:
    """Who does not know a password logs nobody out."""
    signed = await login(service)
    with pytest.raises(CredentialsRefused):
        await service.login(ADA, Secret("wrong password"), CLIENT, replaced=signed.token)
    assert await is_in(service, signed.principal)


async def test_a_workspace_can_be_chosen(service: IdentityService) -> None:
    """By its slug; one of others is refused as wrong credentials are."""
    found = [(await login(service, workspace=each)).principal.role for each in (None, "other")]
    assert found == [Role.MEMBER, Role.ADMIN]
    for slug in ("nobody", "", "Default"):
        with pytest.raises(CredentialsRefused):
            await login(service, workspace=slug)


async def test_devices_are_stored_tidily(service: IdentityService) -> None:
    """What a client calls itself is cut and has no control characters."""
    name = "Fire\x00fox\r\n\u202e/1 " + "x" * 500
    signed = await login(service, user_agent=name)
    (listed,) = await service.open_sessions(signed.principal)
    assert listed.client == CLIENT
    assert listed.user_agent is not None
    assert listed.user_agent.startswith("Firefox /1 xxx")
    assert len(listed.user_agent) == 200
    assert (await login(service)).session.user_agent is None


# -- the sessions of a user ------------------------------------------------------------------


async def test_the_list_has_what_is_open(
    service: IdentityService, database: Database, clock: Clock
) -> None:
    """In all workspaces, the one used last first; not what has ended, idles, or is another's."""
    await service.create_user("bo@example.com", PASSWORD, Role.OWNER)
    idle = await login(service)
    clock.seconds = IDLE - 10
    ended, here, there = [
        await login(service, workspace=each) for each in ("default", "default", "other")
    ]
    clock.seconds = IDLE
    await service.logout(ended.principal)
    clock.seconds += TOUCH
    await service.by_cookie(here.token)
    listed = await service.open_sessions(here.principal)
    assert [each.id for each in listed] == [here.session.id, there.session.id]
    assert idle.session.id not in {each.id for each in listed}
    bo = await service.login("bo@example.com", PASSWORD, CLIENT)
    assert [each.id for each in await service.open_sessions(bo.principal)] == [bo.session.id]


async def test_one_session_can_be_ended(service: IdentityService, database: Database) -> None:
    """By its user, twice without harm; somebody else's is not there."""
    one, other = await login(service), await login(service)
    for _ in range(2):
        await service.end_session(one.principal, other.session.id)
    assert [await is_in(service, each.principal) for each in (one, other)] == [True, False]
    assert await actions(database) == ["session.end"]
    await service.create_user("bo@example.com", PASSWORD, Role.OWNER)
    bo = await service.login("bo@example.com", PASSWORD, CLIENT)
    for id in (one.session.id, new_id()):
        with pytest.raises(NotFound):
            await service.end_session(bo.principal, id)
    assert await is_in(service, one.principal)


async def test_everywhere_is_everywhere(service: IdentityService, database: Database) -> None:
    """All sessions of the user in all workspaces, with their tokens; sockets are told."""
    signed = [await login(service, workspace=each) for each in ("default", "other", "default")]
    token = await service.refresh_token(signed[1].principal)
    with service.departures.watch(signed[1].session.id) as gone:
        assert await service.logout_everywhere(signed[0].principal) == 3
        assert gone.is_set()
    assert [await is_in(service, each.principal) for each in signed] == [False] * 3
    with pytest.raises(Unauthenticated):
        await service.refresh(token, CLIENT)
    assert await actions(database) == ["logout.everywhere"]


async def test_switching_is_a_new_session(
    service: IdentityService, database: Database, clock: Clock
) -> None:
    """Of the other workspace, ending when the old one would have; the old one ends."""
    signed = await login(service)
    token = await service.refresh_token(signed.principal)
    clock.seconds = 100
    workspace_id = await AuditService(database).workspace("other")
    assert workspace_id is not None
    moved = await service.switch_workspace(signed.principal, workspace_id, Device(CLIENT, "x"))
    assert (moved.principal.role, moved.principal.workspace_id) == (Role.ADMIN, workspace_id)
    assert moved.session.expires_at == signed.session.expires_at
    assert moved.session.id != signed.session.id
    assert (await service.by_cookie(moved.token)).workspace_id == workspace_id
    for refused in (service.by_cookie(signed.token), service.refresh(token, CLIENT)):
        with pytest.raises(Unauthenticated):
            await refused
    assert (await actions(database), await actions(database, "other")) == (
        ["session.switch"],
        ["session.switch"],
    )


async def test_switching_needs_a_membership(service: IdentityService, database: Database) -> None:
    """Where the caller is no member there is nothing, and the session goes on."""
    signed = await login(service)
    async with database.identity() as identity:
        foreign = await identity.create_workspace("foreign", "Foreign")
    for id in (foreign, new_id()):
        with pytest.raises(NotFound) as refused:
            await service.switch_workspace(signed.principal, id, Device(CLIENT))
        assert refused.value.path == ("workspaceId",)
    assert await is_in(service, signed.principal)
    keyed = Principal(new_id(), foreign, Role.OWNER, None, Channel.HOST, ADA)
    with pytest.raises(Forbidden):
        await service.switch_workspace(keyed, foreign, Device(CLIENT))


async def test_a_changed_role_counts_at_once(database: Database, clock: Clock) -> None:
    """Where it was changed in this process, whatever is remembered."""
    service = serving(database, clock, kept=10_000)
    user = await service.create_user(ADA, PASSWORD, Role.MEMBER)
    signed = await login(service)
    await service.by_session(signed.session.id, Channel.BEARER)
    async with database._engines.writing.begin() as connection:
        await connection.exec_driver_sql("UPDATE memberships SET role = 'VIEWER'")
    service.forget_sessions_of(user.id)
    assert (await service.by_session(signed.session.id, Channel.BEARER)).role is Role.VIEWER
