"""Sessions remembered for a moment: what ends at once, what ends within the moment, and bounds."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from kit.database import KEY_TEXT
from mailconfig.domain.errors import Unauthenticated
from mailconfig.domain.identity import Channel, Role, Session, User
from mailconfig.domain.ids import new_id
from mailconfig.domain.secrets import Secret
from mailconfig.domain.signing import Signer
from mailconfig.services.attendance import Attendance, Remembered, SignedIn
from mailconfig.services.identity import IdentityService, IdentitySettings
from mailconfig.services.tokens import Tokens
from mailconfig.storage.database import Database, StorageSettings
from mailconfig.storage.limiter import MemoryLimiter
from mailconfig.storage.sealing import Keyring

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
PASSWORD = Secret("a long enough password")
SEED = bytes(range(32))


class Clock:
    """Both clocks of a process, moved together by a test."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        """Return the seconds of the clock that never goes back."""
        return self.seconds

    def now(self) -> datetime:
        """Return the moment."""
        return NOON + timedelta(seconds=self.seconds)


class Rows:
    """The table of sessions, and how often it was asked."""

    def __init__(self) -> None:
        self.found: SignedIn | None = None
        self.asked = 0
        self.meanwhile: Callable[[], None] = lambda: None

    async def read(self, _id: UUID) -> SignedIn | None:
        """Read a row; what happens meanwhile happens after it was read."""
        self.asked += 1
        found = self.found
        self.meanwhile()
        return found


def signed_in(role: Role = Role.MEMBER) -> SignedIn:
    """A session."""
    user = User(new_id(), "ada@example.com", NOON)
    session = Session(new_id(), user.id, new_id(), NOON, NOON + timedelta(days=1), None)
    return session, user, role


@pytest.fixture
def clock() -> Clock:
    """A clock at the start."""
    return Clock()


async def test_a_session_is_read_once_a_moment(clock: Clock) -> None:
    """Within the moment memory answers; after it, the row does, with what it says by then."""
    rows, attendance = Rows(), Attendance(2, clock)
    rows.found = found = signed_in()
    key = found[0].id
    assert [await attendance.of(key, rows.read) for _ in range(3)] == [found] * 3
    rows.found = changed = (*found[:2], Role.VIEWER)
    clock.seconds = 1.9
    assert await attendance.of(key, rows.read) == found
    clock.seconds = 2.0
    assert await attendance.of(key, rows.read) == changed
    assert rows.asked == 2


async def test_zero_seconds_remember_nothing(clock: Clock) -> None:
    """Each request reads the row where the operator wants that."""
    rows, attendance = Rows(), Attendance(0, clock)
    rows.found = signed_in()
    for _ in range(3):
        await attendance.of(rows.found[0].id, rows.read)
    assert rows.asked == 3


async def test_nobody_is_not_remembered(clock: Clock) -> None:
    """A session that is not there is looked for each time: it may come to be."""
    rows, attendance = Rows(), Attendance(2, clock)
    key = new_id()
    assert await attendance.of(key, rows.read) is None
    rows.found = signed_in()
    assert await attendance.of(key, rows.read) == rows.found


async def test_a_forgotten_session_is_read_again(clock: Clock) -> None:
    """Forgetting counts at once, and for that session alone."""
    rows, attendance = Rows(), Attendance(2, clock)
    rows.found = signed_in()
    mine, other = new_id(), new_id()
    await attendance.of(mine, rows.read)
    await attendance.of(other, rows.read)
    rows.found = None
    attendance.forget(mine)
    assert await attendance.of(mine, rows.read) is None
    assert await attendance.of(other, rows.read) is not None


async def test_a_row_read_before_a_logout_is_not_kept_after_it(clock: Clock) -> None:
    """A row that was on its way when its session ended answers that request and no other."""
    rows, attendance = Rows(), Attendance(2, clock)
    rows.found = signed_in()
    key = rows.found[0].id

    def logout() -> None:
        rows.found = None
        attendance.forget(key)

    rows.meanwhile = logout
    assert await attendance.of(key, rows.read) is not None
    rows.meanwhile = lambda: None
    assert await attendance.of(key, rows.read) is None


def test_what_is_remembered_is_bounded() -> None:
    """The least recently used leave first."""
    kept: Remembered[int, str] = Remembered(most=3)
    for key in (1, 2, 3):
        kept.put(key, str(key))
    kept.get(1)
    kept.put(4, "4")
    assert ([kept.get(key) for key in (1, 2, 3, 4)], len(kept)) == (["1", None, "3", "4"], 3)


def serving(database: Database, clock: Clock, kept_seconds: float = 2) -> IdentityService:
    """Return the service of one process."""
    service = IdentityService(
        database,
        Tokens(SEED, 900, clock.now),
        Signer(SEED),
        MemoryLimiter(),
        IdentitySettings(3600, 100, 8, kept_seconds),
        clock.now,
    )
    service._attendance._clock = clock
    return service


Entry = Callable[[IdentityService], Awaitable[object]]


async def opened(service: IdentityService) -> tuple[dict[str, Entry], UUID]:
    """Make a user, sign in, and return both ways to show that with the session's id."""
    await service.create_user("ada@example.com", PASSWORD, Role.MEMBER)
    sign_in = await service.login("ada@example.com", PASSWORD, "test")
    token = service.access_token(sign_in.principal).text
    entries: dict[str, Entry] = {
        "bearer": lambda other: other.by_bearer(token),
        "cookie": lambda other: other.by_cookie(sign_in.token),
    }
    return entries, sign_in.session.id


@pytest.mark.parametrize("way", ["bearer", "cookie"])
async def test_logout_counts_at_once_here_and_soon_elsewhere(
    database: Database, clock: Clock, way: str
) -> None:
    """The process that ends a session lets nobody in any more, others within the moment."""
    here, elsewhere = serving(database, clock), serving(database, clock)
    entries, session_id = await opened(here)
    enter = entries[way]
    for service in (here, elsewhere):
        await enter(service)
        await enter(service)  # the first one by a cookie learns only which session it is
    await here.logout(await here.by_session(session_id, Channel.BEARER))
    with pytest.raises(Unauthenticated):
        await enter(here)
    clock.seconds = 1.9
    await enter(elsewhere)
    clock.seconds = 2.0
    with pytest.raises(Unauthenticated):
        await enter(elsewhere)


@pytest.mark.parametrize("way", ["bearer", "cookie"])
async def test_a_session_ends_to_the_second(database: Database, clock: Clock, way: str) -> None:
    """Memory knows when a session or token ends; nothing is let in past that."""
    service = serving(database, clock, kept_seconds=10_000)
    entries, _ = await opened(service)
    ends = {"bearer": 900, "cookie": 3600}[way]
    clock.seconds = ends - 1
    await entries[way](service)
    clock.seconds = ends
    with pytest.raises(Unauthenticated):
        await entries[way](service)


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM memberships",
        "DELETE FROM users",
        "DELETE FROM sessions",
        "UPDATE sessions SET revoked_at = expires_at",
    ],
)
async def test_whoever_is_removed_elsewhere_stays_out(
    database: Database, clock: Clock, change: str
) -> None:
    """A removal that another process stored counts when the moment is over."""
    service = serving(database, clock)
    entries, _ = await opened(service)
    await entries["bearer"](service)
    async with database._engines.writing.begin() as connection:
        await connection.exec_driver_sql(change)
    clock.seconds = 2.0
    for enter in entries.values():
        with pytest.raises(Unauthenticated):
            await enter(service)


async def test_tokens_are_verified_once(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """The signature of a token is checked once; a forged one is refused each time, and not kept."""
    tokens = Tokens(SEED, 900, clock.now)
    session_id = new_id()
    text = tokens.mint(session_id, new_id()).text
    checked = []
    verified = tokens._verified
    monkeypatch.setattr(tokens, "_verified", lambda each: checked.append(each) or verified(each))
    assert [tokens.session_of(text) for _ in range(3)] == [session_id] * 3
    assert checked == [text]
    forged = f"{text[:-4]}AAAA"
    for _ in range(2):
        with pytest.raises(Unauthenticated):
            tokens.session_of(forged)
    assert checked == [text, forged, forged]
    assert len(tokens._signed) == 1


async def test_a_session_costs_one_read_a_moment(storage_settings: StorageSettings) -> None:
    """Requests with one token ask the database once, whatever their number."""
    database = Database.open(storage_settings, Keyring.of_text(KEY_TEXT))
    try:
        service = serving(database, Clock())
        entries, _ = await opened(service)
        asked = []
        fetch = database.sign_ins._lines.fetch

        async def noted(prepared, values):  # noqa: ANN001, ANN202 - as the method it stands for
            asked.append(prepared.text)
            return await fetch(prepared, values)

        database.sign_ins._lines.fetch = noted  # type: ignore[method-assign]
        for _ in range(5):
            await entries["bearer"](service)
        assert len(asked) == 1
    finally:
        await database.close()
