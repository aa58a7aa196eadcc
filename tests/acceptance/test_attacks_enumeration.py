"""Who has an account is told to nobody: not by words, status or headers, nor by the work done.

Time is not measured but what takes it: password hashes and statements of SQL, in their order. Two
answers that look alike and cost the same number of both are of one class.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import argon2
import httpx
import pytest
from sqlalchemy import Engine, event

from kit.api import ADMIN, MEMBER, PASSWORD, STRANGER, VIEWER, Api, serving
from kit.attacks import INVITE, LOGIN_ALL, graphql, reset_token, run, sign_in
from kit.worlds import mutation
from mailconfig.settings import Settings

REFRESH = mutation("refreshSession", "RefreshSessionInput", "session { expiresAt }")
RESET = mutation("resetPassword", "ResetPasswordInput", "ok")
ACCEPT = mutation("acceptInvitation", "AcceptInvitationInput", "workspace { slug }")
CHANGE = mutation("changePassword", "ChangePasswordInput", "ok")
WITHDRAW = mutation("withdrawInvitation", "WithdrawInvitationInput", "withdrawnId")
INVITE_ID = INVITE.replace("{ token", "{ invitation { id } token")
NOBODY = "nobody-at-all@example.org"
WRONG = "wrong horse battery"
_work: ContextVar[list[str] | None] = ContextVar("work", default=None)
"""What the request that is being served has done so far; loops beside it have none."""


@dataclass(frozen=True)
class Seen:
    """All that an attacker can tell two answers apart by."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: str
    work: tuple[str, ...]


def _note(word: str) -> None:
    done = _work.get()
    if done is not None:
        done.append(word)


@contextmanager
def counted(patch: pytest.MonkeyPatch) -> Iterator[None]:
    """Note each hash and each statement with the request that it is for."""
    for name in ("hash", "verify"):
        real: Callable[..., Any] = getattr(argon2.PasswordHasher, name)

        def noting(*given: Any, real: Callable[..., Any] = real) -> Any:  # noqa: ANN401
            _note("one password hash")
            return real(*given)

        patch.setattr(argon2.PasswordHasher, name, noting)

    def statement(_connection: object, _cursor: object, text: str, *_rest: object) -> None:
        _note(" ".join(text.split()[:3]))

    event.listen(Engine, "before_cursor_execute", statement)
    yield
    event.remove(Engine, "before_cursor_execute", statement)


@pytest.fixture
def engine() -> str:
    """The statements are those of both engines."""
    return "sqlite"


@pytest.fixture
async def served(app_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Api]:
    """The application, whose work is counted."""
    with counted(monkeypatch):
        async with serving(app_settings) as api:
            # The hash that unknown users are compared with is made once a process.
            await graphql(api, LOGIN_ALL, {"input": {"email": NOBODY, "password": WRONG}})
            yield api


VARIABLE = {"x-request-id", "date"}
"""Headers that differ between any two answers."""


async def seen(asking: Callable[[], Awaitable[httpx.Response]]) -> Seen:
    """Send a request and return all that can be told of it."""
    done: list[str] = []
    token = _work.set(done)
    try:
        answer = await asking()
    finally:
        _work.reset(token)
    headers = [pair for pair in answer.headers.items() if pair[0] not in VARIABLE]
    body = answer.json()
    body.pop("extensions", None)  # what is left of the caller's budget
    body.pop("requestId", None)
    return Seen(answer.status_code, tuple(headers), str(body), tuple(done))


async def asked(api: Api, query: str, given: Mapping[str, Any], **headers: str) -> Seen:
    """Run a mutation and return all that can be told of the answer."""
    return await seen(lambda: graphql(api, query, {"input": given}, **headers))


def same(found: Mapping[str, Seen]) -> Seen:
    """Fail with the first two that can be told apart; else return what they all are."""
    (first, one), *rest = found.items()
    for name, other in rest:
        assert other == one, f"{name} is not as {first}"
    return one


def _hashes(one: Seen) -> int:
    return one.work.count("one password hash")


async def test_sign_in_tells_nothing_of_accounts(served: Api) -> None:
    """Known, unknown, of another workspace, of nobody at all, no address: one class."""
    cases = {
        "known": f"{MEMBER}@example.org",
        "unknown": NOBODY,
        "in capitals": f"{ADMIN.upper()}@EXAMPLE.ORG",
        "of another workspace": f"{STRANGER}@example.org",
        "unknown, of another domain": "ann@elsewhere.example",
        "beside a known one": f"{MEMBER}x@example.org",
    }
    given = {name: {"email": email, "password": WRONG} for name, email in cases.items()}
    one = same({name: await asked(served, LOGIN_ALL, each) for name, each in given.items()})
    assert _hashes(one) == 1
    assert "CredentialsError" in one.body
    # A workspace that the user is not in, and one that there is not, by a wrong password.
    for workspace in ("other", "no-such-workspace"):
        named = {
            name: await asked(served, LOGIN_ALL, {**each, "workspace": workspace})
            for name, each in given.items()
        }
        assert same(named) == one


async def test_sign_in_by_rest_tells_nothing_either(served: Api) -> None:
    """The same as a problem: status, headers, words and work."""

    async def tried(email: str) -> Seen:
        body = {"email": email, "password": WRONG}
        return await seen(lambda: served.client.post("/api/auth/login/", json=body))

    one = same({email: await tried(email) for email in (f"{MEMBER}@example.org", NOBODY)})
    assert (one.status, _hashes(one)) == (401, 1)


async def test_a_throttle_tells_nothing_of_accounts(app_settings: Settings) -> None:
    """It holds unknown addresses as it does known ones, after as many attempts."""
    settings = app_settings.model_copy(update={"login_attempts_per_minute": 2})
    outcomes = []
    for email in (f"{MEMBER}@example.org", NOBODY):
        async with serving(settings) as api:
            found = []
            for _ in range(4):
                given = {"input": {"email": email, "password": WRONG}}
                errors = (await graphql(api, LOGIN_ALL, given)).json()["data"]["login"]["errors"]
                found.append([error["__typename"] for error in errors])
            outcomes.append(found)
    assert outcomes[0] == outcomes[1]
    assert outcomes[0][-1] == ["RateLimitedError"]


async def test_a_reset_tells_nothing_of_tokens_and_accounts(served: Api) -> None:
    """Unknown, used, replaced and malformed tokens: one class, without any hash."""
    used, replaced = await reset_token(served.settings, VIEWER), ""
    spent = {"token": used, "newPassword": "an entirely new passphrase"}
    assert "'ok': True" in (await asked(served, RESET, spent)).body
    replaced = await reset_token(served.settings, MEMBER)
    await reset_token(served.settings, MEMBER)
    tokens = {"used": used, "replaced": replaced, "unknown": "mcp_" + "A" * 43, "none": "x"}
    for new in ("an entirely new passphrase", "short"):
        found = {
            name: await asked(served, RESET, {"token": token, "newPassword": new})
            for name, token in tokens.items()
        }
        one = same(found)
        assert _hashes(one) == 0
        assert "not valid any more" in one.body


async def test_an_invitation_tells_nothing_of_tokens(served: Api) -> None:
    """Unknown, withdrawn, replaced and malformed: one class, whoever asks."""
    invited = await run(served, ADMIN, INVITE_ID, {"email": "a@example.org", "role": "MEMBER"})
    withdrawn = {"id": invited["invitation"]["id"]}
    assert (await run(served, ADMIN, WITHDRAW, withdrawn))["errors"] == []
    known = {"email": f"{STRANGER}@example.org", "role": "MEMBER"}
    replaced = (await run(served, ADMIN, INVITE, known))["token"]
    await run(served, ADMIN, INVITE, known)
    tokens = {
        "withdrawn": invited["token"],
        "replaced, of a known address": replaced,
        "unknown": "mci_" + "A" * 43,
        "none": "x",
    }
    for headers in ({}, {"Authorization": f"Bearer {await served.token(STRANGER)}"}):
        found = {
            name: await asked(served, ACCEPT, {"token": each, "password": PASSWORD}, **headers)
            for name, each in tokens.items()
        }
        one = same(found)
        assert _hashes(one) == 0
        assert "InvitationInvalidError" in one.body


async def test_inviting_tells_nothing_of_accounts(served: Api) -> None:
    """An address with an account elsewhere is invited as one that nobody has."""
    authorization = f"Bearer {await served.token(ADMIN)}"
    shown = mutation("inviteMember", "InviteMemberInput", "invitation { role }")
    emails = {"elsewhere": f"{STRANGER}@example.org", "nobody": NOBODY}
    found = {
        name: await asked(
            served, shown, {"email": email, "role": "MEMBER"}, Authorization=authorization
        )
        for name, email in emails.items()
    }
    assert "'errors': []" in same(found).body


async def test_refreshing_tells_nothing_of_tokens(served: Api) -> None:
    """Unknown, replayed, of an ended session, malformed: one class."""
    replayed, ended = await sign_in(served, MEMBER), await sign_in(served, ADMIN)
    once = {"refreshToken": replayed.shown["refreshToken"]}
    assert "'errors': []" in (await asked(served, REFRESH, once)).body
    leaving = f"Bearer {ended.shown['accessToken']}"
    await graphql(served, "mutation { logout { ok } }", Authorization=leaving)
    tokens = {
        "unknown": "mcr_" + "A" * 43,
        "of an ended session": ended.shown["refreshToken"],
        "none": "x",
        "replayed": once["refreshToken"],
    }
    found = {
        name: await asked(served, REFRESH, {"refreshToken": each}) for name, each in tokens.items()
    }
    assert _hashes(same(found)) == 0


async def test_changing_a_password_costs_what_a_sign_in_does(served: Api) -> None:
    """A wrong present password is refused after one hash, in the words of a refused sign-in."""
    authorization = f"Bearer {await served.token(MEMBER)}"
    given = {"currentPassword": WRONG, "newPassword": "an entirely new passphrase"}
    changed = await asked(served, CHANGE, given, Authorization=authorization)
    signed = await asked(served, LOGIN_ALL, {"email": f"{MEMBER}@example.org", "password": WRONG})
    assert _hashes(changed) == _hashes(signed) == 1
    assert "CredentialsError" in changed.body
    assert "'ok': False" in changed.body
