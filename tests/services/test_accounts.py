"""Passwords that are changed, reset, made anew, or not there."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import anyio
import pytest
from argon2 import PasswordHasher

from mailconfig.domain.errors import (
    CredentialsRefused,
    Forbidden,
    InvalidInput,
    NotFound,
    RateLimited,
    Unauthenticated,
)
from mailconfig.domain.identity import Channel, Role
from mailconfig.domain.ids import new_id
from mailconfig.domain.secrets import Secret
from mailconfig.domain.signing import Signer
from mailconfig.services.audit import AuditService
from mailconfig.services.identity import IdentityService, IdentitySettings, SignIn
from mailconfig.services.tokens import Tokens
from mailconfig.storage.database import Database
from mailconfig.storage.limiter import MemoryLimiter

SEED = bytes(range(32))
START = datetime(2026, 11, 22, 12, tzinfo=UTC)
ADA, CLIENT = "ada@example.com", "192.0.2.7"
PASSWORD, NEXT = Secret("a long enough password"), Secret("another good password")
REFUSED = "This token is not valid any more. Ask for a new one."


class Clock:
    """A clock that a test turns."""

    seconds = 0

    def __call__(self) -> datetime:
        """Return the moment."""
        return START + timedelta(seconds=self.seconds)


class CountingHasher(PasswordHasher):
    """A quick hasher that counts its work."""

    def __init__(self, time_cost: int = 1) -> None:
        super().__init__(time_cost=time_cost, memory_cost=8, parallelism=1)
        self.work: list[str] = []

    def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
        """Hash and count."""
        self.work.append("hash")
        return super().hash(password, salt=salt)

    def verify(self, hash: str | bytes, password: str | bytes) -> bool:  # noqa: A002 - as there
        """Verify and count."""
        self.work.append("verify")
        return super().verify(hash, password)


@pytest.fixture
def clock() -> Clock:
    """The clock of the service."""
    return Clock()


@pytest.fixture
async def service(database: Database, clock: Clock) -> IdentityService:
    """A service with one user; three failures are free."""
    made = IdentityService(
        database,
        Tokens(SEED, 900, clock),
        Signer(SEED),
        MemoryLimiter(),
        IdentitySettings(5000, 3, 12, 0, password_reset_seconds=600),
        clock,
    )
    made._passwords._hasher = CountingHasher()
    await made.create_user(ADA, PASSWORD, Role.MEMBER)
    return made


async def login(service: IdentityService, password: Secret = PASSWORD) -> SignIn:
    """Sign in."""
    return await service.login(ADA, password, CLIENT)


async def is_in(service: IdentityService, signed: SignIn) -> bool:
    """Tell whether a cookie still lets in."""
    try:
        await service.by_cookie(signed.token)
    except Unauthenticated:
        return False
    return True


async def reset(service: IdentityService, token: Secret, password: Secret = NEXT) -> str | None:
    """Set a password by a token; return what is wrong with it."""
    try:
        await service.accounts.reset_password(token, password, CLIENT)
    except InvalidInput as refused:
        (issue,) = refused.issues
        return f"{'.'.join(issue.path)}: {issue.message}"
    return None


async def actions(database: Database) -> list[str]:
    """Return the actions of the trail."""
    trail = AuditService(database)
    workspace_id = await trail.workspace("default")
    assert workspace_id is not None
    return [one.action async for one in trail.export(workspace_id)]


async def test_a_changed_password_closes_what_the_old_one_opened(
    service: IdentityService, database: Database
) -> None:
    """Other sessions, refresh tokens and open resets; this session goes on."""
    mine, other = await login(service), await login(service)
    tokens = [await service.refresh_token(each.principal) for each in (mine, other)]
    open_reset = (await service.accounts.start_reset(ADA)).token
    await service.accounts.change_password(mine.principal, PASSWORD, NEXT, CLIENT)
    assert [await is_in(service, each) for each in (mine, other)] == [True, False]
    for token in tokens:
        with pytest.raises(Unauthenticated):
            await service.refresh(token, "192.0.2.8")
    assert await is_in(service, mine)
    assert await reset(service, open_reset) == f"token: {REFUSED}"
    with pytest.raises(CredentialsRefused):
        await login(service)
    await login(service, NEXT)
    assert (await actions(database)).count("password.change") == 1


async def test_the_present_password_is_asked_for_and_throttled(service: IdentityService) -> None:
    """As at sign-in: after the free failures even the right one waits."""
    signed = await login(service)
    for _ in range(3):
        with pytest.raises(CredentialsRefused):
            await service.accounts.change_password(
                signed.principal, Secret("wrong password"), NEXT, CLIENT
            )
    with pytest.raises(RateLimited):
        await service.accounts.change_password(signed.principal, PASSWORD, NEXT, "192.0.2.8")
    with pytest.raises(RateLimited):
        await login(service)


@pytest.mark.parametrize("weak", ["short", "qwerty123456", "ada@example.com1", "x" * 1025])
async def test_new_passwords_follow_the_rules(service: IdentityService, weak: str) -> None:
    """At a change and at a reset, whose token stays good for a better one."""
    signed = await login(service)
    with pytest.raises(InvalidInput) as refused:
        await service.accounts.change_password(signed.principal, PASSWORD, Secret(weak), CLIENT)
    assert [issue.path for issue in refused.value.issues] == [("newPassword",)]
    made = await service.accounts.start_reset(ADA)
    told = await reset(service, made.token, Secret(weak))
    assert told is not None
    assert told.startswith("newPassword: ")
    assert await reset(service, made.token) is None


async def test_who_signs_in_elsewhere_changes_nothing_here(service: IdentityService) -> None:
    """A user of an identity provider may bear the address of a local one."""
    signed = await login(service)
    host = replace(
        signed.principal, user_id=new_id(), session_id=None, channel=Channel.HOST, scopes=None
    )
    with pytest.raises(Forbidden):
        await service.accounts.change_password(host, PASSWORD, NEXT, CLIENT)
    with pytest.raises(Unauthenticated):
        await service.accounts.change_password(
            replace(host, session_id=new_id()), PASSWORD, NEXT, CLIENT
        )
    await login(service)


async def test_a_reset_sets_the_password_once(
    service: IdentityService, database: Database, clock: Clock
) -> None:
    """All sessions end, and the token is used up."""
    signed = await login(service)
    made = await service.accounts.start_reset(f" {ADA.upper()} ")
    assert made.expires_at == START + timedelta(seconds=600)
    assert made.token.reveal().startswith("mcp_")
    clock.seconds = 599
    assert await reset(service, made.token) is None
    assert not await is_in(service, signed)
    await login(service, NEXT)
    assert await reset(service, made.token, PASSWORD) == f"token: {REFUSED}"
    found = [each for each in await actions(database) if each.startswith("password")]
    assert found == ["password.reset_requested", "password.reset"]


async def test_tokens_that_do_not_count_read_alike(service: IdentityService, clock: Clock) -> None:
    """Unknown, used, expired and replaced ones; no password is hashed for them."""
    used = (await service.accounts.start_reset(ADA)).token
    await reset(service, used)
    replaced = (await service.accounts.start_reset(ADA)).token
    expired = (await service.accounts.start_reset(ADA)).token
    clock.seconds = 600
    hasher = service._passwords._hasher
    assert isinstance(hasher, CountingHasher)
    hasher.work.clear()
    for number, token in enumerate((Secret("mcp_x"), Secret("\ud800"), used, replaced, expired)):
        with pytest.raises(InvalidInput) as refused:
            await service.accounts.reset_password(token, NEXT, f"192.0.2.{number}")
        assert [(issue.path, issue.message) for issue in refused.value.issues] == [
            (("token",), REFUSED)
        ]
    assert hasher.work == []


async def test_guessing_tokens_is_throttled(service: IdentityService) -> None:
    """After the free failures a right token waits as well; another client does not."""
    made = await service.accounts.start_reset(ADA)
    for _ in range(3):
        assert await reset(service, Secret("mcp_guess")) == f"token: {REFUSED}"
    with pytest.raises(RateLimited):
        await reset(service, made.token)
    await service.accounts.reset_password(made.token, NEXT, "192.0.2.8")


async def test_of_two_resets_at_once_one_wins(service: IdentityService) -> None:
    """The token is used up in the transaction that sets the password."""
    made = await service.accounts.start_reset(ADA)
    results: list[str | None] = []

    async def once(number: int) -> None:
        results.append(await reset(service, made.token, Secret(f"a new password {number}")))

    async with anyio.create_task_group() as group:
        group.start_soon(once, 1)
        group.start_soon(once, 2)
    assert sorted(results, key=str) == [None, f"token: {REFUSED}"]


async def test_nobody_is_no_one_to_reset(service: IdentityService) -> None:
    """The command says so; nothing is made."""
    for email in ("nobody@example.com", "no address", ""):
        with pytest.raises(NotFound):
            await service.accounts.start_reset(email)


async def test_a_user_without_a_password_costs_a_sign_in(
    service: IdentityService, database: Database
) -> None:
    """None fits, not even the mark that stands for it; as much is done as for any other."""
    async with database.identity() as identity:
        user = await identity.create_user("sso@example.com", "!")
        workspace_id = await identity.workspace_by_slug("default")
        assert workspace_id is not None
        await identity.add_member(workspace_id, user.id, Role.MEMBER)
    await service._passwords.verify(None, PASSWORD)  # makes what unknown users are compared with
    hasher = service._passwords._hasher
    assert isinstance(hasher, CountingHasher)
    for number, password in enumerate(("!", "a long enough password", "")):
        hasher.work.clear()
        with pytest.raises(CredentialsRefused):
            await service.login("sso@example.com", Secret(password), f"192.0.2.{number}")
        assert hasher.work == ["verify"]


async def test_hashes_follow_the_parameters(service: IdentityService, database: Database) -> None:
    """The first sign-in after a change of them makes the hash anew, later ones do not."""
    service._passwords._hasher = hasher = CountingHasher(time_cost=2)
    await service._passwords.verify(None, PASSWORD)  # makes what unknown users are compared with
    hasher.work.clear()
    await login(service)
    assert hasher.work == ["verify", "hash"]
    async with database.reading_identity() as identity:
        found = await identity.user_by_email(ADA)
    assert found is not None
    assert "t=2" in found[1]
    hasher.work.clear()
    await login(service)
    assert hasher.work == ["verify"]
