"""The audit trail: exports in batches, and refused sign-ins that cost the same for everybody."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event

from kit.records import make_tenant
from mailconfig.domain.clock import utc_now
from mailconfig.domain.errors import CredentialsRefused, RateLimited
from mailconfig.domain.identity import Role
from mailconfig.domain.ids import new_id
from mailconfig.domain.pages import PageRequest
from mailconfig.domain.secrets import Secret
from mailconfig.domain.signing import Signer
from mailconfig.services import audit
from mailconfig.services.audit import AuditEvent, AuditService
from mailconfig.services.identity import IdentityService, IdentitySettings
from mailconfig.services.tokens import Tokens
from mailconfig.storage.database import Database
from mailconfig.storage.limiter import MemoryLimiter

SEED = b"s" * 32
EMAIL, CLIENT = "ada@example.com", "192.0.2.7"
PASSWORD, WRONG = Secret("correct horse battery"), Secret("wrong horse battery")


def identity(database: Database, attempts: int = 100) -> IdentityService:
    """Return the service with that many attempts a minute."""
    limits = IdentitySettings(3600, attempts, 8)
    tokens = Tokens(SEED, 900, utc_now)
    return IdentityService(database, tokens, Signer(SEED), MemoryLimiter(), limits, utc_now)


async def trail(database: Database, slug: str = "default") -> list[AuditEvent]:
    """Return all events of a workspace, oldest first."""
    service = AuditService(database)
    workspace_id = await service.workspace(slug)
    assert workspace_id is not None
    return [found async for found in service.export(workspace_id)]


async def refused(service: IdentityService, email: str, client: str = CLIENT) -> None:
    """Try a wrong password."""
    with pytest.raises(CredentialsRefused):
        await service.login(email, WRONG, client)


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """Collect the statements that are run, of writers and readers."""
    found: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        found.append(statement)

    engines = [database._engines.writing.sync_engine, database._engines.reading.sync_engine]
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    yield found
    for engine in engines:
        event.remove(engine, "before_cursor_execute", note)


async def test_an_export_takes_batch_after_batch(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each event comes once and in its order, also where a batch ends with the last of them."""
    monkeypatch.setattr(audit, "_BATCH", 2)
    tenant = await make_tenant(database, "acme")
    for count in range(4):
        async with database.work(tenant.workspace_id) as work:
            await work.audit.append(None, f"act.{count}", "user", None, {})
            await work.audit.append(None, f"act.{count}b", "user", None, {})
    actions = [found.action for found in await trail(database, "acme")]
    assert sorted(actions) == sorted(f"act.{count}{end}" for count in range(4) for end in ("", "b"))
    assert [action.rstrip("b") for action in actions] == [f"act.{at // 2}" for at in range(8)]


async def test_events_that_come_during_an_export_are_part_of_it(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow reader holds no transaction open: others write meanwhile, and it sees that."""
    monkeypatch.setattr(audit, "_BATCH", 1)
    tenant = await make_tenant(database, "acme")
    async with database.work(tenant.workspace_id) as work:
        await work.audit.append(None, "first", "user", None, {})
    found = []
    async for one in AuditService(database).export(tenant.workspace_id):
        found.append(one.action)
        if one.action == "first":
            async with database.work(tenant.workspace_id) as work:
                await work.audit.append(None, "second", "user", None, {})
    assert found == ["first", "second"]


async def test_a_refused_sign_in_is_an_event_of_digests(database: Database) -> None:
    """It names the account by id; address, client and password stand in no event."""
    service = identity(database)
    user = await service.create_user(EMAIL, PASSWORD, Role.MEMBER)
    await refused(service, f" {EMAIL.upper()} ".strip())
    await refused(service, EMAIL)
    await refused(service, EMAIL, "192.0.2.8")
    await service.login(EMAIL, PASSWORD, CLIENT)
    _, first, second, third, login = await trail(database)
    for one in (first, second, third):
        assert (one.actor_id, one.action, one.object_type) == (None, "login.refused", "user")
        assert one.object_id == user.id
        assert set(one.details) == {"reason", "address", "client"}
        assert one.details["reason"] == "credentials"
    assert first.details == second.details
    assert third.details["address"] == first.details["address"]
    assert third.details["client"] != first.details["client"]
    assert (login.action, login.actor_id) == ("login", user.id)
    assert login.details == {"client": first.details["client"]}
    told = repr(await trail(database)).lower()
    for secret in (EMAIL, CLIENT, WRONG.reveal(), "ada"):
        assert secret not in told


async def test_digests_of_two_workspaces_cannot_be_compared(database: Database) -> None:
    """The same client has another digest elsewhere."""
    service = identity(database)
    for name in ("one", "two"):
        await service.create_user(f"{name}@example.com", PASSWORD, Role.MEMBER, name)
        await refused(service, f"{name}@example.com")
    digests = {(await trail(database, name))[-1].details["client"] for name in ("one", "two")}
    assert len(digests) == 2


@pytest.mark.parametrize("email", ["nobody@example.com", "no address", "", "ada@example.com\x00"])
async def test_unknown_accounts_leave_no_event(database: Database, email: str) -> None:
    """Nobody's workspace has a part in it."""
    service = identity(database)
    await service.create_user(EMAIL, PASSWORD, Role.MEMBER)
    await refused(service, email)
    assert [found.action for found in await trail(database)] == ["user.create"]


async def test_a_refusal_costs_the_same_for_an_unknown_account(database: Database) -> None:
    """The very same statements are run, in the same order, whether or not there is an account."""
    service = identity(database)
    await service.create_user(EMAIL, PASSWORD, Role.MEMBER)
    await refused(service, EMAIL)  # what is done once a process is done
    with statements(database) as known:
        await refused(service, EMAIL)
    with statements(database) as unknown:
        await refused(service, "nobody@example.com")
    assert known == unknown
    assert any("INSERT INTO audit_events" in statement for statement in known)


async def test_what_a_throttle_refuses_is_recorded_once(database: Database) -> None:
    """A flood leaves one event a minute, and costs no statement beyond the first."""
    service = identity(database, attempts=1)
    user = await service.create_user(EMAIL, PASSWORD, Role.MEMBER)
    with pytest.raises(CredentialsRefused):
        await service.login(EMAIL, WRONG, CLIENT)
    with pytest.raises(RateLimited):
        await service.login(EMAIL, PASSWORD, CLIENT)
    with statements(database) as ran:
        for _ in range(3):
            with pytest.raises(RateLimited):
                await service.login(EMAIL, PASSWORD, CLIENT)
    assert ran == []
    *_, wrong, throttled = await trail(database)
    assert (wrong.action, throttled.action) == ("login.refused", "login.refused")
    assert wrong.details["reason"] == "credentials"
    assert (throttled.object_id, throttled.details["reason"]) == (user.id, "throttled")


async def test_a_user_without_a_workspace_is_refused_without_an_event(database: Database) -> None:
    """There is no trail that it would belong to."""
    service = identity(database)
    encoded = await service._passwords.hash(PASSWORD)
    async with database.identity() as writing:
        await writing.create_user(EMAIL, encoded)
    for password in (PASSWORD, WRONG):
        with pytest.raises(CredentialsRefused):
            await service.login(EMAIL, password, CLIENT)
    async with database.reading(new_id()) as work:
        assert (await work.audit.page(PageRequest())).rows == ()
