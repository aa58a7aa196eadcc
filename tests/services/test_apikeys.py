"""API keys and the clock: their end, and how exactly their last use is known."""

from datetime import timedelta

import pytest

from kit.provider import Clock
from mailconfig.domain.apikeys import ApiKey
from mailconfig.domain.errors import Unauthenticated
from mailconfig.domain.identity import Channel, Principal, Role, Scope
from mailconfig.domain.ids import new_id
from mailconfig.domain.pages import PageRequest
from mailconfig.services.apikeys import ApiKeyService, ApiKeySettings, KeyWish
from mailconfig.services.departures import Departures
from mailconfig.storage.database import Database


@pytest.fixture
async def owner(database: Database) -> Principal:
    """The owner of a workspace."""
    async with database.identity() as identity:
        workspace_id = await identity.create_workspace("default", "Default")
        user = await identity.create_user("ann@example.org", "!")
        await identity.add_member(workspace_id, user.id, Role.OWNER)
    return Principal(user.id, workspace_id, Role.OWNER, new_id(), Channel.COOKIE, user.email)


@pytest.fixture
def clock() -> Clock:
    """A clock that a test moves."""
    return Clock()


@pytest.fixture
def keys(database: Database, clock: Clock) -> ApiKeyService:
    """Keys that nothing is remembered of."""
    return ApiKeyService(database, Departures(), ApiKeySettings(cache_seconds=0), clock)


async def made(keys: ApiKeyService, owner: Principal, clock: Clock, seconds: int | None) -> str:
    """Return a key that lives so long."""
    ends = None if seconds is None else clock.moment + timedelta(seconds=seconds)
    wish = KeyWish("k", Role.ADMIN, (Scope.AUDIT_READ,), ends)
    return (await keys.create(owner, wish))[1].reveal()


async def listed(keys: ApiKeyService, owner: Principal) -> ApiKey:
    """Return the one key as it is listed."""
    (key,) = (await keys.page(owner, PageRequest())).rows
    return key


async def test_a_key_ends_to_the_second(
    keys: ApiKeyService, owner: Principal, clock: Clock
) -> None:
    """It tells sockets when, and is refused from then on."""
    text = await made(keys, owner, clock, 60)
    assert (await keys.by_key(text)).role is Role.ADMIN
    assert keys.seconds_left(text) == 60
    clock.pass_(59)
    await keys.by_key(text)
    clock.pass_(1)
    with pytest.raises(Unauthenticated, match="expired"):
        await keys.by_key(text)


async def test_a_key_without_an_end(keys: ApiKeyService, owner: Principal, clock: Clock) -> None:
    """Only its row ends it."""
    text = await made(keys, owner, clock, None)
    await keys.by_key(text)
    assert keys.seconds_left(text) is None
    with pytest.raises(Unauthenticated):
        keys.seconds_left("mck_")


async def test_the_last_use_is_written_every_five_minutes(
    keys: ApiKeyService, owner: Principal, clock: Clock
) -> None:
    """However busy the key is."""
    text, start = await made(keys, owner, clock, None), clock.moment
    for second, known in ((0, 0), (299, 0), (300, 300), (301, 300)):
        clock.moment = start + timedelta(seconds=second)
        await keys.by_key(text)
        assert (await listed(keys, owner)).last_used_at == start + timedelta(seconds=known)


async def test_remembered_keys_ask_nothing(
    database: Database, owner: Principal, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The busy path has no statement; a revocation here counts at once all the same."""
    keys = ApiKeyService(database, Departures(), ApiKeySettings(cache_seconds=60), clock)
    text = await made(keys, owner, clock, None)
    first = await keys.by_key(text)
    with monkeypatch.context() as patched:
        patched.delattr(Database, "work")
        patched.delattr("mailconfig.storage.reads.keys.KeyReads._rows")
        assert await keys.by_key(text) == first
    await keys.revoke(owner, (await listed(keys, owner)).id)
    with pytest.raises(Unauthenticated, match="revoked"):
        await keys.by_key(text)
