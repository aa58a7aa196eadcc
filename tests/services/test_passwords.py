"""Which passwords a user of mailconfig may have, and that each sign-in costs the same work."""

import pytest
from argon2 import PasswordHasher

from mailconfig.domain.clock import utc_now
from mailconfig.domain.errors import CredentialsRefused, InvalidInput
from mailconfig.domain.identity import Role
from mailconfig.domain.issues import ValidationCode
from mailconfig.domain.secrets import Secret
from mailconfig.domain.signing import Signer
from mailconfig.services import passwords as product
from mailconfig.services.identity import IdentityService, IdentitySettings
from mailconfig.services.passwords import Passwords
from mailconfig.services.tokens import Tokens
from mailconfig.storage.database import Database
from mailconfig.storage.limiter import MemoryLimiter

ADDRESS = "ada.lovelace1815@example.com"
PASSWORD = Secret("a long enough password")
SEED = bytes(range(32))


class CountingHasher(PasswordHasher):
    """A hasher that is quick, and knows how often it was asked to verify."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.verified: list[str] = []

    def verify(self, hash: str | bytes, password: str | bytes) -> bool:  # noqa: A002 - as there
        """Verify and count."""
        self.verified.append(str(password))
        return super().verify(hash, password)


@pytest.fixture
def hasher() -> CountingHasher:
    """The hasher of the service."""
    return CountingHasher()


@pytest.fixture
def service(database: Database, hasher: CountingHasher) -> IdentityService:
    """A service that asks for 12 characters."""
    made = IdentityService(
        database,
        Tokens(SEED, 900, utc_now),
        Signer(SEED),
        MemoryLimiter(),
        IdentitySettings(3600, 100, 12),
        utc_now,
    )
    made._passwords._hasher = hasher
    return made


@pytest.mark.parametrize(
    ("password", "code", "message"),
    [
        ("elevenchars", ValidationCode.OUT_OF_RANGE, "Use at least 12 characters."),
        ("password", ValidationCode.OUT_OF_RANGE, "Use at least 12 characters."),
        ("x" * 1025, ValidationCode.TOO_LONG, "This is too long."),
        *(
            (each, ValidationCode.NOT_ALLOWED, "This password is easy to guess. Choose one that")
            for each in (
                "qwerty123456",  # on the list
                "QWERTY123456",
                "Ada.Lovelace1815@Example.com",
                "ada.lovelace1815@example.com2026",
                "ada.lovelace1815",
                "ADA.LOVELACE18151815",
                "ada.lovelace2026",  # other digits after the same name
                "mailconfig2026",
                "\uff2d\uff21\uff29\uff2cconfig0000",  # full width
            )
        ),
    ],
)
@pytest.mark.parametrize("engine", ["sqlite"])
async def test_weak_passwords_are_refused(
    service: IdentityService, password: str, code: ValidationCode, message: str
) -> None:
    """Each with one issue at the password, and no user is made."""
    with pytest.raises(InvalidInput) as refused:
        await service.create_user(ADDRESS, Secret(password), Role.OWNER)
    (issue,) = refused.value.issues
    assert (issue.code, issue.path) == (code, ("password",))
    assert issue.message.startswith(message)
    assert password not in issue.message
    assert await service.first_user("root@example.com") is not None  # there was nobody


@pytest.mark.parametrize(
    "password",
    [
        "a long enough password",
        "correct horse battery",
        "aaaaaaaaaaab",  # no rule about kinds of characters (ASVS 5.0, 6.2.5)
        "my mailconfig 2026",  # the name alone is what is guessed
        "ada.lovelace1815 wrote notes",
        "x" * 1023 + "y",
    ],
)
async def test_other_passwords_are_taken(password: str) -> None:
    """Spaces, length and the name within a sentence are fine."""
    assert not await Passwords().guessable(Secret(password), ADDRESS)


async def test_an_address_that_is_none_makes_nothing_guessable() -> None:
    """An empty name is no name: digits alone are judged by the list."""
    assert not await Passwords().guessable(Secret("839201746510293"), "")
    assert await Passwords().guessable(Secret("4917012345678"), "4917012345678@example.com")


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_each_refused_sign_in_verifies_one_hash(
    service: IdentityService, hasher: CountingHasher
) -> None:
    """Whether there is such a user, no such user or no such address: one verification each."""
    await service.create_user(ADDRESS, PASSWORD, Role.MEMBER)
    for email in (ADDRESS, "nobody@example.com", "no address", "", "x" * 5000):
        hasher.verified.clear()
        with pytest.raises(CredentialsRefused):
            await service.login(email, Secret("wrong horse battery"), "192.0.2.1")
        assert hasher.verified == ["wrong horse battery"], email
        hasher.verified.clear()
        with pytest.raises(CredentialsRefused):
            await service.login(email, Secret("x" * 1025), "192.0.2.1")
        assert hasher.verified == [], email
    await service.login(ADDRESS, PASSWORD, "192.0.2.1")
    assert hasher.verified == [PASSWORD.reveal()]


async def test_nobody_has_the_password_of_no_user() -> None:
    """The hash that stands for an unknown user opens nothing, even for who knows its password."""
    passwords = Passwords()
    passwords._hasher = CountingHasher()
    assert not await passwords.verify(None, Secret("nobody has this password"))
    assert not await passwords.verify("no hash", PASSWORD)
    assert await passwords.verify(await passwords.hash(PASSWORD), PASSWORD)


async def test_hashes_cost_what_the_rfc_recommends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Argon2id with three passes over 64 MiB in four lanes: RFC 9106, 4, the second choice.

    Other tests have the cheap hasher of `kit.thrift`.
    """
    monkeypatch.setattr(product, "PasswordHasher", PasswordHasher)
    encoded = await Passwords().hash(PASSWORD)
    assert encoded.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
