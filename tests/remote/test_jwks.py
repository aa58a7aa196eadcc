"""The published key set: which keys are taken, how long they are kept, and who has to wait."""

import asyncio
import base64
import json

import pytest

from kit.provider import Clock, SigningPair, key_set, pair
from kit.web import WebServer
from mailconfig.domain.federation import KeysUnavailable
from mailconfig.remote.jwks import JwksKeySets, JwksSettings, parsed

HOST, PATH = "id.example.test", "/jwks.json"
FIRST, SECOND = pair("first"), pair("second", "ES256")


@pytest.fixture
def clock() -> Clock:
    """A clock that a test moves."""
    return Clock()


@pytest.fixture
def keys(pages: WebServer, clock: Clock) -> JwksKeySets:
    """The keys of a provider that publishes one."""
    publish(pages, FIRST)
    settings = JwksSettings(f"https://{HOST}{PATH}", seconds=2, max_bytes=20_000)
    return JwksKeySets(pages.fetcher(), settings, clock.monotonic)


def publish(pages: WebServer, *pairs: SigningPair, max_age: int | None = None) -> None:
    """Let the provider publish these keys."""
    headers = () if max_age is None else (f"Cache-Control: max-age={max_age}",)
    pages.page(HOST, PATH, key_set(*pairs), content_type="application/json", headers=headers)


async def ids(keys: JwksKeySets, kid: str | None) -> list[str | None]:
    """Return the ids of the keys that are found."""
    return [key.kid for key in await keys.find(kid)]


async def test_a_set_is_fetched_once_while_it_is_fresh(
    keys: JwksKeySets, pages: WebServer, clock: Clock
) -> None:
    """Ten minutes where the server says nothing."""
    assert await ids(keys, "first") == ["first"]
    clock.pass_(599)
    assert await ids(keys, "first") == ["first"]
    assert len(pages.requests) == 1
    clock.pass_(1)
    assert await ids(keys, "first") == ["first"]
    assert len(pages.requests) == 2


@pytest.mark.parametrize(("said", "kept"), [(0, 60), (300, 300), (10**9, 24 * 3600)])
async def test_max_age_has_bounds(
    keys: JwksKeySets, pages: WebServer, clock: Clock, said: int, kept: int
) -> None:
    """A server cannot make us ask all the time, nor keep a withdrawn key for years."""
    publish(pages, FIRST, max_age=said)
    await keys.find("first")
    clock.pass_(kept - 1)
    await keys.find("first")
    assert len(pages.requests) == 1
    clock.pass_(1)
    await keys.find("first")
    assert len(pages.requests) == 2


async def test_many_callers_make_one_question(keys: JwksKeySets, pages: WebServer) -> None:
    """All wait for the same answer."""
    found = await asyncio.gather(*(ids(keys, "first") for _ in range(30)))
    assert found == [["first"]] * 30
    assert len(pages.requests) == 1


async def test_a_new_key_is_found_by_its_id(
    keys: JwksKeySets, pages: WebServer, clock: Clock
) -> None:
    """An unknown id makes for a fresh set, but not more often than once a minute."""
    await keys.find("first")
    publish(pages, FIRST, SECOND)
    clock.pass_(59)
    assert await ids(keys, "second") == []
    assert len(pages.requests) == 1
    clock.pass_(1)
    assert await ids(keys, "second") == ["second"]
    for number in range(20):
        assert await ids(keys, f"../../etc/passwd' OR {number}") == []
    assert len(pages.requests) == 2


async def test_a_withdrawn_key_is_gone_with_the_next_set(
    keys: JwksKeySets, pages: WebServer, clock: Clock
) -> None:
    """Rotation ends old keys."""
    await keys.find("first")
    publish(pages, SECOND)
    clock.pass_(600)
    assert await ids(keys, "first") == []
    assert await ids(keys, None) == ["second"]


async def _refuse(pages: WebServer) -> None:
    pages.page(HOST, PATH, "down", status=503)


async def _say_nonsense(pages: WebServer) -> None:
    pages.page(HOST, PATH, "<html>", content_type="application/json")


async def _say_too_much(pages: WebServer) -> None:
    pages.endless(HOST, PATH, again=b"x" * 4096)


async def _say_nothing(pages: WebServer) -> None:
    pages.silent(HOST, PATH)


async def _lead_away(pages: WebServer) -> None:
    pages.page("evil.example.test", PATH, key_set(SECOND))
    pages.redirect(HOST, PATH, f"https://evil.example.test{PATH}")


@pytest.mark.parametrize("spoil", [_refuse, _say_nonsense, _say_too_much, _say_nothing, _lead_away])
async def test_a_broken_server_leaves_the_kept_set(
    keys: JwksKeySets, pages: WebServer, clock: Clock, spoil: object
) -> None:
    """Six hours beyond its time, asking once a minute; then nobody is let in."""
    await keys.find("first")
    assert callable(spoil)
    await spoil(pages)
    clock.pass_(600)
    assert await ids(keys, "first") == ["first"]
    assert await ids(keys, "second") == []
    assert len(pages.requests) == 2
    clock.pass_(6 * 3600)
    with pytest.raises(KeysUnavailable):
        await keys.find("first")


async def test_without_any_set_nobody_is_let_in(
    keys: JwksKeySets, pages: WebServer, clock: Clock
) -> None:
    """And the server is asked once a minute, however many ask us."""
    await _refuse(pages)
    for _ in range(5):
        with pytest.raises(KeysUnavailable):
            await keys.find("first")
    assert len(pages.requests) == 1
    publish(pages, FIRST)
    clock.pass_(60)
    assert await ids(keys, "first") == ["first"]


async def test_who_leaves_while_waiting_leaves_the_others_their_answer(
    keys: JwksKeySets, pages: WebServer
) -> None:
    """The next in line asks."""
    pages.silent(HOST, PATH)
    first = asyncio.create_task(keys.find("first"))
    await pages.asked.wait()
    second = asyncio.create_task(keys.find("first"))
    await asyncio.sleep(0)
    publish(pages, FIRST)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert [key.kid for key in await second] == ["first"]


def _secret(**changes: object) -> dict[str, object]:
    value = base64.urlsafe_b64encode(bytes(32)).decode().rstrip("=")
    return {"kty": "oct", "k": value, "kid": "shared", **changes}


def test_only_public_keys_of_ours_are_taken() -> None:
    """Weak, shared, encrypting and unreadable ones are left out; the type decides what fits."""
    small = pair("small", "RS256", 1024)
    big = pair("big", "RS256")
    body = key_set(
        FIRST,
        SECOND,
        small,
        _secret(),
        _secret(alg="HS256"),
        big.public(kid="encrypts", use="enc"),
        big.public(kid="signs", key_ops=["sign"]),
        big.public(kid="confused", alg="HS256"),
        big.public(kid="none", alg="none"),
        SECOND.public(kid="misfit", alg="RS256"),
        {"kty": "RSA", "kid": "broken", "n": "!", "e": "AQAB"},
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "kid": "off the curve"},
        big.public(kid="free", alg="PS256"),
        big.public(kid="odd", key_ops=7),
        7,  # type: ignore[arg-type]
    )
    assert {key.kid: sorted(key.algorithms) for key in parsed(body)} == {
        "first": ["EdDSA"],
        "second": ["ES256"],
        "free": ["PS256"],
    }


def test_a_key_without_algorithm_is_for_those_of_its_type() -> None:
    """RFC 7517, section 4.4: alg is optional."""
    shown = pair("any", "RS256").public()
    del shown["alg"]
    ((key),) = parsed(key_set(shown))
    assert sorted(key.algorithms) == ["PS256", "PS384", "PS512", "RS256", "RS384", "RS512"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"keys": {}}',
        b"\xff",
        b"[" * 100_000,
        json.dumps({"keys": [{}] * 51}).encode(),
    ],
    ids=["empty", "list", "object", "bytes", "deep", "many"],
)
def test_what_is_no_set_is_refused(body: bytes) -> None:
    """By an error that says nothing of its content."""
    with pytest.raises(ValueError, match="it is no"):
        parsed(body)
