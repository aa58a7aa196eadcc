"""Sign-ins that fail wait ever longer, by account and by client, whether there is such a user."""

import anyio
import pytest
from argon2 import PasswordHasher

from kit.redis import Redis
from mailconfig.domain.clock import utc_now
from mailconfig.domain.errors import CredentialsRefused, RateLimited
from mailconfig.domain.identity import Role
from mailconfig.domain.secrets import Secret
from mailconfig.domain.signing import Signer
from mailconfig.domain.throttling import Limiter
from mailconfig.services.identity import IdentityService, IdentitySettings
from mailconfig.services.tokens import Tokens
from mailconfig.storage.database import Database
from mailconfig.storage.limiter import MemoryLimiter
from mailconfig.storage.sharedlimits import SharedLimits

pytestmark = pytest.mark.parametrize("engine", ["sqlite"])

ADA = "ada@example.com"
PASSWORD = Secret("a long enough password")
WRONG = Secret("wrong horse battery")
SEED = bytes(range(32))
FREE = 3


class Clock:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    """The clock of the throttle."""
    return Clock()


def serving(database: Database, limiter: Limiter) -> IdentityService:
    """Return the service of one process: three free failures, at most 100 s of waiting."""
    made = IdentityService(
        database,
        Tokens(SEED, 900, utc_now),
        Signer(SEED),
        limiter,
        IdentitySettings(3600, FREE, 12, login_delay_seconds=100),
        utc_now,
    )
    made._passwords._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    return made


@pytest.fixture
async def service(database: Database, clock: Clock) -> IdentityService:
    """A service with one user."""
    made = serving(database, MemoryLimiter(clock))
    await made.create_user(ADA, PASSWORD, Role.MEMBER)
    return made


async def outcome(
    service: IdentityService, client: str, email: str = ADA, password: Secret = WRONG
) -> int | str:
    """Try to sign in; return the seconds to wait, or what happened."""
    try:
        await service.login(email, password, client)
    except RateLimited as refused:
        return refused.retry_after_seconds
    except CredentialsRefused:
        return "refused"
    return "in"


@pytest.mark.parametrize("email", [ADA, "nobody@example.com", "no address"])
async def test_an_account_waits_whoever_asks(
    service: IdentityService, clock: Clock, email: str
) -> None:
    """Each attempt comes from another client; known and unknown accounts wait alike."""
    clients = (f"client {number}" for number in range(100))
    assert [await outcome(service, next(clients), email) for _ in range(FREE)] == ["refused"] * 3
    for wait in (15, 30, 60, 100, 100):
        assert await outcome(service, next(clients), email) == wait
        assert await outcome(service, next(clients), email, PASSWORD) == wait
        clock.seconds += wait
        assert await outcome(service, next(clients), email) == "refused"


async def test_all_spellings_are_one_account(service: IdentityService) -> None:
    """Capitals are no new attempts."""
    spellings = (ADA, "ADA@example.com", "Ada@EXAMPLE.com")
    tried = [await outcome(service, f"client {each}", each) for each in spellings]
    assert tried == ["refused"] * 3
    assert await outcome(service, "another", ADA) == 15


async def test_success_clears_the_account(service: IdentityService) -> None:
    """Whoever types it right in the end has all attempts again."""
    for _ in range(3):
        tried = [await outcome(service, f"client {number}") for number in range(2)]
        assert [*tried, await outcome(service, "home", ADA, PASSWORD)] == [*["refused"] * 2, "in"]


async def test_a_client_waits_whatever_account_it_tries(
    service: IdentityService, clock: Clock
) -> None:
    """Its own right sign-ins neither count against it nor clear what it failed at."""
    for _ in range(5):
        assert await outcome(service, "spray", ADA, PASSWORD) == "in"
    assert await outcome(service, "spray", "one@example.com") == "refused"
    assert await outcome(service, "spray", "two@example.com") == "refused"
    for _ in range(5):
        assert await outcome(service, "spray", ADA, PASSWORD) == "in"
    assert await outcome(service, "spray", "three@example.com") == "refused"
    assert await outcome(service, "spray", ADA, PASSWORD) == 15
    assert await outcome(service, "home", ADA, PASSWORD) == "in"
    clock.seconds += 15
    assert await outcome(service, "spray", "four@example.com") == "refused"
    assert await outcome(service, "spray", "five@example.com") == 30
    # A minute of open time later it has its attempts again, an account only the first of them.
    clock.seconds += 30 + 80
    assert [await outcome(service, "spray", f"{number}@example.com") for number in range(4)] == [
        *["refused"] * 3,
        15,
    ]


async def test_guesses_side_by_side_are_no_more(service: IdentityService) -> None:
    """An attempt counts before its password is looked at, so a burst gets the free ones only."""
    results: list[int | str] = []

    async def guess(number: int) -> None:
        results.append(await outcome(service, f"client {number}"))

    async with anyio.create_task_group() as group:
        for number in range(12):
            group.start_soon(guess, number)
    assert sorted(map(str, results)) == [*["15"] * 9, *["refused"] * 3]


async def test_processes_with_a_store_count_together(database: Database, redis: Redis) -> None:
    """Failures at one process are waited for at the other; so is what a success clears."""
    limits = SharedLimits(redis.url), SharedLimits(redis.url)
    one, other = (serving(database, each) for each in limits)
    await one.create_user(ADA, PASSWORD, Role.MEMBER)
    assert [await outcome(each, "first") for each in (one, other)] == ["refused"] * 2
    assert await outcome(other, "second", ADA, PASSWORD) == "in"
    assert [await outcome(each, "third") for each in (one, other, one)] == ["refused"] * 3
    wait = await outcome(other, "fourth", ADA, PASSWORD)
    assert isinstance(wait, int)
    assert 1 <= wait <= 15
    for each in limits:
        await each.close()
